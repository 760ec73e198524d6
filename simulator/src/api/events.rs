// SPDX-License-Identifier: MIT OR Apache-2.0
//! Changes, as server-sent events.
//!
//! An event tells the state of a thing at the time it is sent. Its number goes into `Last-Event-ID`, preceded by the
//! start time of the program, since each run counts anew.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Sse;
use axum::response::sse::{Event as Sent, KeepAlive};
use futures_util::stream::{self, Stream};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::answer::Problem;
use super::devices::{device_view, downlink_view};
use super::limits::Limits;
use super::{faults, sms};
use crate::model::Note;
use crate::platform::Platform;

/// Between two signs of life.
const ALIVE: Duration = Duration::from_secs(15);

/// How far a listener has got.
struct Listener {
    platform: Arc<Platform>,
    changes: watch::Receiver<u64>,
    stopping: watch::Receiver<bool>,
    last: u64,
    ready: VecDeque<(u64, Note)>,
}

/// `GET /events`
pub async fn stream(
    State(platform): State<Arc<Platform>>,
    Extension(limits): Extension<Arc<Limits>>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Sent, Infallible>>>, Problem> {
    let open = limits.listen()?;
    let now = platform.look(|model| model.feed_after(u64::MAX).1);
    let told = headers
        .get("last-event-id")
        .and_then(|value| value.to_str().ok());
    let last = match told.and_then(|id| id.split_once('-')) {
        // From another run: everything that this run has to tell.
        Some((run, _)) if run != platform.run => 0,
        Some((_, number)) => number.parse().map_or(now, |number: u64| number.min(now)),
        None => now,
    };
    let listener = Listener {
        changes: platform.changes(),
        stopping: platform.stopping(),
        platform,
        last,
        ready: VecDeque::new(),
    };
    let events = stream::unfold((listener, open), |(mut listener, open)| async move {
        let event = listener.next().await?;
        Some((Ok(event), (listener, open)))
    });
    Ok(Sse::new(events).keep_alive(KeepAlive::new().interval(ALIVE)))
}

impl Listener {
    /// The next event; `None` when the platform ends.
    async fn next(&mut self) -> Option<Sent> {
        loop {
            while let Some((number, note)) = self.ready.pop_front() {
                self.last = number;
                if let Some((kind, data)) = self.render(&note) {
                    let id = format!("{}-{number}", self.platform.run);
                    return Some(Sent::default().id(id).event(kind).data(data.to_string()));
                }
            }
            self.changes.borrow_and_update();
            let (notes, _) = self.platform.look(|model| model.feed_after(self.last));
            self.ready = notes.into();
            if self.ready.is_empty() {
                tokio::select! {
                    changed = self.changes.changed() => changed.ok()?,
                    _ = self.stopping.wait_for(|stop| *stop) => return None,
                }
            }
        }
    }

    /// The thing that a note names; `None` if it is gone.
    fn render(&self, note: &Note) -> Option<(&'static str, Value)> {
        if *note == Note::Fault {
            return Some(("fault", faults::view(&self.platform)));
        }
        self.platform.look(|model| match note {
            Note::Message(number) => {
                let event = model.history().get(*number)?;
                Some(("message", json!(**event)))
            }
            Note::Device(urn) => Some((
                "device",
                match model.devices().find(urn) {
                    Some(device) => device_view(urn, device),
                    None => json!({"urn": urn, "removed": true}),
                },
            )),
            Note::Downlink(urn, id) => {
                let downlink = model.devices().find(urn)?.downlink(*id)?;
                Some(("downlink", downlink_view(model, urn, downlink)))
            }
            Note::Sms(id) => {
                let route = self.platform.route.as_ref();
                Some(("sms", sms::view(model, model.find_sms(*id)?, route)))
            }
            Note::Firmware(id) => Some(("firmware", json!(model.campaign(*id)?))),
            Note::Forgotten(_) | Note::Fault => None,
        })
    }
}
