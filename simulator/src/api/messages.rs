// SPDX-License-Identifier: MIT OR Apache-2.0
//! Messages: list, wait for and delete them.

use std::sync::Arc;
use std::time::Duration;

use axum::Extension;
use axum::extract::rejection::QueryRejection;
use axum::extract::{Path, Query, State};
use axum::http::StatusCode;
use serde::Deserialize;
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::answer::{Json, Problem, ok};
use super::har;
use super::limits::Limits;
use crate::model::event::{Event, Kind};
use crate::model::history::Filter;
use crate::platform::Platform;

/// Longest wait.
const WITHIN_MAX: Duration = Duration::from_secs(24 * 3600);

/// The filter of a list, and what to wait for. Written out because a flattened filter would read numbers as text.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Wanted {
    device: Option<String>,
    accepted: Option<bool>,
    kind: Option<Kind>,
    #[serde(default)]
    after: u64,
    name: Option<String>,
    limit: Option<usize>,
    #[serde(default = "one_message")]
    count: usize,
    within: Option<String>,
}

const fn one_message() -> usize {
    1
}

impl Wanted {
    fn filter(&self) -> Filter {
        Filter {
            device: self.device.clone(),
            accepted: self.accepted,
            kind: self.kind,
            after: self.after,
            name: self.name.clone(),
            limit: self.limit,
        }
    }
}

type Messages = Json<Value>;
type Asked = Result<Query<Wanted>, QueryRejection>;

fn read(query: Asked) -> Result<Wanted, Problem> {
    let Query(wanted) = query.map_err(|error| Problem::bad(error.body_text()))?;
    Ok(wanted)
}

fn list_of(events: &[Arc<Event>]) -> Value {
    let events: Vec<&Event> = events.iter().map(AsRef::as_ref).collect();
    json!({"messages": events})
}

/// `GET /messages`
pub async fn list(
    State(platform): State<Arc<Platform>>,
    query: Asked,
) -> Result<Messages, Problem> {
    let filter = read(query)?.filter();
    let events = platform.look(|model| model.select(&filter));
    Ok(ok(list_of(&events)))
}

/// `GET /messages.har`
pub async fn archive(
    State(platform): State<Arc<Platform>>,
    query: Asked,
) -> Result<Messages, Problem> {
    let filter = read(query)?.filter();
    let events = platform.look(|model| model.select(&filter));
    Ok(har::archive(events.iter().map(AsRef::as_ref)))
}

/// `GET /messages/wait`
pub async fn wait(
    State(platform): State<Arc<Platform>>,
    Extension(limits): Extension<Arc<Limits>>,
    query: Asked,
) -> Result<Messages, Problem> {
    let wanted = read(query)?;
    let within = match wanted.within.as_deref() {
        None => Duration::from_secs(30),
        Some(text) => duration(text)?,
    };
    let _open = limits.listen()?;
    let filter = wanted.filter();
    let end = Instant::now() + within.min(WITHIN_MAX);
    let mut changes = platform.changes();
    let mut stopping = platform.stopping();
    let mut over = false;
    loop {
        changes.borrow_and_update();
        let events = platform.look(|model| model.select(&filter));
        if events.len() >= wanted.count {
            return Ok(ok(list_of(&events)));
        }
        if over {
            return Ok(Json(StatusCode::REQUEST_TIMEOUT, list_of(&events)));
        }
        over = tokio::select! {
            changed = timeout_at(end, changes.changed()) => !matches!(changed, Ok(Ok(()))),
            _ = stopping.wait_for(|stop| *stop) => true,
        };
    }
}

/// Seconds, or a number with a unit such as `500ms` or `2min`.
fn duration(text: &str) -> Result<Duration, Problem> {
    let seconds = text.parse().ok();
    seconds
        .and_then(|seconds: f64| Duration::try_from_secs_f64(seconds).ok())
        .or_else(|| humantime::parse_duration(text).ok())
        .ok_or_else(|| Problem::bad(format!("within: {text:?} is no time such as 30s")))
}

/// `GET /messages/{number}`
pub async fn one(
    State(platform): State<Arc<Platform>>,
    Path(number): Path<String>,
) -> Result<Messages, Problem> {
    let event = number
        .parse()
        .ok()
        .and_then(|number| platform.look(|model| model.history().get(number).cloned()));
    let event = event.ok_or_else(|| Problem::unknown(format!("there is no message {number}")))?;
    Ok(ok(json!(*event)))
}

/// `DELETE /messages`
pub async fn forget(State(platform): State<Arc<Platform>>) -> Result<StatusCode, Problem> {
    platform.change(crate::model::Model::forget)?;
    Ok(StatusCode::NO_CONTENT)
}
