// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits the number of connections. When all places are taken, the connection that has gone longest without a complete
//! request is closed, so that devices are served however many others merely hold a connection open.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

/// The places of all ports.
#[derive(Debug)]
pub struct Places {
    limit: usize,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    taken: usize,
    /// Connections that wait for a request, by the time at which they began to wait.
    waiting: BTreeMap<u64, Arc<Notify>>,
    clock: u64,
}

impl State {
    fn wait(&mut self, notify: &Arc<Notify>) -> u64 {
        self.clock += 1;
        self.waiting.insert(self.clock, Arc::clone(notify));
        self.clock
    }
}

/// The place of one connection; freed when this is dropped.
#[derive(Debug)]
pub struct Place {
    places: Arc<Places>,
    notify: Arc<Notify>,
    since: Mutex<Option<u64>>,
}

/// A request that is being answered; its connection keeps its place until this is dropped.
#[derive(Debug)]
pub struct Answering<'a>(&'a Place);

impl Places {
    /// Room for `limit` connections.
    pub fn new(limit: usize) -> Arc<Self> {
        let state = Mutex::default();
        Arc::new(Self { limit, state })
    }

    /// A place for a new connection; `None` if all others are being answered.
    pub fn take(self: &Arc<Self>) -> Option<Place> {
        let notify = Arc::new(Notify::new());
        let mut state = self.lock();
        if state.taken >= self.limit {
            let (_, longest) = state.waiting.pop_first()?;
            longest.notify_one();
        }
        state.taken += 1;
        let since = Mutex::new(Some(state.wait(&notify)));
        Some(Place {
            places: Arc::clone(self),
            notify,
            since,
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// Waits until another connection needs the place.
    pub async fn needed(&self) {
        self.notify.notified().await;
    }

    /// Keeps the place while a request is answered.
    pub fn answering(&self) -> Answering<'_> {
        let since = self.since().take();
        if let Some(since) = since {
            self.places.lock().waiting.remove(&since);
        }
        Answering(self)
    }

    fn since(&self) -> MutexGuard<'_, Option<u64>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering<'_> {
    fn drop(&mut self) {
        let Place {
            places,
            notify,
            since,
        } = self.0;
        let now = places.lock().wait(notify);
        *since.lock().unwrap_or_else(PoisonError::into_inner) = Some(now);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let since = self.since().take();
        let mut state = self.places.lock();
        if let Some(since) = since {
            state.waiting.remove(&since);
        }
        state.taken -= 1;
    }
}

#[cfg(test)]
mod tests {
    use super::Places;

    #[tokio::test]
    async fn the_one_that_waits_longest_gives_way() {
        let places = Places::new(2);
        let first = places.take().unwrap();
        let second = places.take().unwrap();
        drop(first.answering());
        let _third = places.take().unwrap();
        second.needed().await;
        drop(second);
        let _fourth = places.take().unwrap();
        first.needed().await;
    }

    #[test]
    fn nobody_gives_way_while_being_answered() {
        let places = Places::new(1);
        let only = places.take().unwrap();
        let answering = only.answering();
        assert!(places.take().is_none());
        drop(answering);
        assert!(places.take().is_some());
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let places = Places::new(1);
        for _ in 0..3 {
            let place = places.take().unwrap();
            drop(place.answering());
            drop(place);
            assert_eq!(places.lock().taken, 0);
            assert!(places.lock().waiting.is_empty());
        }
    }
}
