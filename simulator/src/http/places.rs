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
pub struct Answering(Arc<Place>);

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
    pub fn answering(self: &Arc<Self>) -> Answering {
        let since = self.since().take();
        if let Some(since) = since {
            self.places.lock().waiting.remove(&since);
        }
        Answering(Arc::clone(self))
    }

    fn since(&self) -> MutexGuard<'_, Option<u64>> {
        self.since.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Answering {
    fn drop(&mut self) {
        let place = &self.0;
        let now = place.places.lock().wait(&place.notify);
        *place.since() = Some(now);
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
    use std::sync::Arc;

    use super::{Place, Places};

    fn take(places: &Arc<Places>) -> Arc<Place> {
        Arc::new(places.take().unwrap())
    }

    #[tokio::test]
    async fn the_one_that_waits_longest_gives_way() {
        let places = Places::new(2);
        let first = take(&places);
        let second = take(&places);
        drop(first.answering());
        let _third = take(&places);
        second.needed().await;
        drop(second);
        let _fourth = take(&places);
        first.needed().await;
    }

    #[test]
    fn nobody_gives_way_while_being_answered() {
        let places = Places::new(1);
        let only = take(&places);
        let answering = only.answering();
        assert!(places.take().is_none());
        drop(answering);
        assert!(places.take().is_some());
    }

    #[test]
    fn a_place_is_free_again_when_its_connection_ends() {
        let places = Places::new(1);
        for _ in 0..3 {
            let place = take(&places);
            drop(place.answering());
            drop(place);
            assert_eq!(places.lock().taken, 0);
            assert!(places.lock().waiting.is_empty());
        }
    }
}
