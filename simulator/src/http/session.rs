// SPDX-License-Identifier: MIT OR Apache-2.0
//! One connection: its requests, one after another.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use bytes::Bytes;
use hyper::body::Incoming;
use hyper::header::{ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, HeaderMap, HeaderValue};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};

use super::Caller;
use super::answer::{Afterwards, Answer, Handed, Outcome, response};
use super::body::{NoBody, receive};
use super::places::Place;
use super::spoil;
use crate::fault::{Kind as Fault, Target};
use crate::log::now;
use crate::model::Model;
use crate::model::event::{Event, Kind};
use crate::model::marks::{Raw, marks};
use crate::model::verify::{
    Class, Endpoint, Message, Place as Where, Reason, Verdict, quote, verify,
};
use crate::platform::Platform;
use crate::tap::{Rewrite, Wire, has_bare_line_feed, head_length};

/// How many bytes of a request are kept unchanged.
const REQUEST_MAX: usize = 64 << 10;

/// One connection.
pub struct Session {
    platform: Arc<Platform>,
    caller: Caller,
    /// Address and port of the device, as text.
    peer: String,
    wire: Wire,
    place: Arc<Place>,
    requests: AtomicU32,
}

/// Makes hyper close a connection without an answer.
#[derive(Debug)]
pub struct Dropped;

impl fmt::Display for Dropped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the connection is dropped on purpose")
    }
}

impl std::error::Error for Dropped {}

/// The findings about one request.
struct Found<'a> {
    event: &'a mut Event,
    reasons: Vec<Reason>,
}

impl Found<'_> {
    fn wrong(&mut self, place: Where, sentence: impl Into<String>, advice: &str) {
        self.reasons
            .push(Reason::malformed(place, sentence, advice));
    }
}

impl Session {
    /// A connection that has had no request yet.
    pub fn new(platform: Arc<Platform>, caller: Caller, wire: Wire, place: Place) -> Self {
        Self {
            platform,
            peer: caller.peer.to_string(),
            caller,
            wire,
            place: Arc::new(place),
            requests: AtomicU32::new(0),
        }
    }

    /// Waits until another connection needs the place of this one.
    pub async fn needed(&self) {
        self.place.needed().await;
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>) -> Result<Response<Answer>, Dropped> {
        let (first, began) = self.wire.take();
        let config = &self.platform.config;
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let (parts, body) = request.into_parts();
        let is_part = self.platform.files.has(parts.uri.path());
        let (kind, target) = if is_part {
            (Kind::Part, Target::Part)
        } else {
            (Kind::Message, Target::Message)
        };
        let early = self.platform.faults.draw_early(target);
        let received = if early.is_empty() {
            receive(&self.platform, &parts.headers, body).await
        } else {
            Err(NoBody {
                status: config.statuses.malformed,
                reason: Reason::malformed(
                    Where::Request,
                    "answered before the body was read",
                    FAULT_ADVICE,
                ),
                got: 0,
            })
        };
        let _answering = self.place.answering();
        let faults = if early.is_empty() {
            let device = self.device(&parts, &received);
            self.platform.faults.draw(target, device.as_deref())
        } else {
            early
        };
        for fault in &faults {
            if let Fault::Replaced(content) = fault {
                self.platform
                    .files
                    .replace(parts.uri.path(), content.clone());
            }
        }
        let mut event = self.new_event();
        event.kind = kind;
        event.server_name.clone_from(&self.caller.server_name);
        event.place = number;
        event.method = parts.method.as_str().to_owned();
        event.path = parts.uri.path().to_owned();
        event.fault = describe(&faults);
        if has_bare_line_feed(&first) {
            event
                .notes
                .push("lines of the head end in LF alone instead of CRLF".to_owned());
        }

        let (head, head_len) = match head_length(&first) {
            Some(length) => (first.get(..length).unwrap_or(&first).to_vec(), length),
            // Sent before an answer, and therefore not visible.
            None => {
                let head = written(&parts);
                let length = head.len();
                (head, length)
            }
        };
        let mut broken = received.is_err();
        let is_dropped = faults.contains(&Fault::Drop);
        let mut rewrite = spoil::rewrite(&faults);
        let ((mut outcome, event), made) = self.platform.change_with_others(|model| {
            let mut found = Found {
                event: &mut event,
                reasons: Vec::new(),
            };
            let instead = faults
                .iter()
                .find_map(|fault| spoil::instead(fault, config.statuses.accepted));
            let body = received.as_ref().map_or(&b""[..], |body| body);
            if received.is_ok() && (instead.is_some() || !is_part) {
                found.event.body_len = body.len();
                found.event.body = String::from_utf8_lossy(body).into_owned();
            }
            let mut outcome = match (instead, &received) {
                (Some(outcome), _) => {
                    found.wrong(Where::Request, "a fault came in between", FAULT_ADVICE);
                    outcome
                }
                (None, Err(no_body)) => {
                    found.event.body_len = no_body.got;
                    found.reasons.push(no_body.reason.clone());
                    Outcome::new(no_body.status)
                }
                (None, Ok(_)) if is_part => self.part(&parts, &faults, &mut found),
                (None, Ok(body)) => self.message(model, &parts, body, &mut found),
            };
            if faults.contains(&Fault::Gzip) {
                spoil::compress(&mut outcome);
            }
            let reasons = found.reasons;
            // The head may be longer than what is kept of a request.
            let room = REQUEST_MAX.saturating_sub(head.len());
            event.request = [&head, body.get(..room).unwrap_or(body)].concat();
            let raw = Raw {
                bytes: &event.request,
                head: head_len,
                body,
            };
            event.marks = marks(&raw, &reasons);
            event.reasons = reasons.into_iter().map(|reason| reason.sentence).collect();
            event.status = (!is_dropped).then(|| outcome.status.as_u16());
            event.reason = event.reasons.first().cloned();
            event.downlink = outcome
                .handout
                .as_ref()
                .map(|handout| String::from_utf8_lossy(&handout.body).into_owned());
            event.duration = began.elapsed().as_secs_f64();
            (outcome, model.record(std::mem::take(&mut event)))
        });
        let handout = outcome.handout.take();
        let handed = handout.map(|handout| Handed::new(Arc::clone(&self.platform), handout));
        if self.platform.kept(made).await.is_ok() {
            self.platform.log.write(&event);
        } else {
            broken = true;
            outcome = Outcome::new(StatusCode::SERVICE_UNAVAILABLE);
        }
        // KPN's file server leaves out even the space.
        rewrite.spaceless = is_part && !outcome.body.is_empty();
        // What is cut off never leaves, and what ends before the cut is whole.
        let whole = rewrite.length == 0;

        for fault in &faults {
            if let Fault::Delay(time) = fault {
                tokio::time::sleep(*time).await;
            }
        }
        let then = Afterwards {
            platform: Arc::clone(&self.platform),
            wire: self.wire.clone(),
            counts: !is_part,
            whole,
        };
        let close = broken
            || self.caller.cut_short
            || number >= config.requests_per_connection
            || parts.version != Version::HTTP_11
            || wants_close(&parts.headers)
            // Without a length, what follows the head cannot be distinguished from another request.
            || (parts.method == Method::POST && !parts.headers.contains_key(CONTENT_LENGTH))
            || self.platform.is_stopping();
        if is_dropped {
            outcome = Outcome::new(StatusCode::OK);
        }
        let response = response(outcome, handed, close, then);
        if is_dropped {
            return Err(Dropped);
        }
        if rewrite != Rewrite::default() {
            self.wire.rewrite(rewrite);
        }
        Ok(response)
    }

    /// The device that a request comes from, if a fault needs to know.
    fn device(&self, parts: &Parts, body: &Result<Bytes, NoBody>) -> Option<String> {
        if !self.platform.faults.ask_for_device() {
            return None;
        }
        self.platform.files.device(parts.uri.path()).or_else(|| {
            let records: serde_json::Value = serde_json::from_slice(body.as_ref().ok()?).ok()?;
            Some(records.get(0)?.get("bn")?.as_str()?.to_owned())
        })
    }

    fn new_event(&self) -> Event {
        Event {
            time: now(),
            peer: self.peer.clone(),
            ..Event::default()
        }
    }

    fn message(
        &self,
        model: &mut Model,
        parts: &Parts,
        body: &[u8],
        found: &mut Found<'_>,
    ) -> Outcome {
        let Some(endpoint) = Endpoint::from_path(parts.uri.path()) else {
            let sentence = format!("no such path: {}", found.event.path);
            found.wrong(
                Where::Request,
                sentence,
                "Send to /ingestion/m2m/senml/v1, or to /ingestion/ip/senml/v1 on the Internet path.",
            );
            return Outcome::new(StatusCode::NOT_FOUND);
        };
        if parts.method != Method::POST {
            let sentence = format!("method {} instead of POST", found.event.method);
            found.wrong(Where::Request, sentence, "Send a POST.");
            let mut outcome = Outcome::new(StatusCode::METHOD_NOT_ALLOWED);
            outcome
                .before
                .push((ALLOW, HeaderValue::from_static("POST")));
            return outcome;
        }
        let message = Message {
            endpoint,
            headers: &parts.headers,
            body,
            now: found.event.time,
        };
        let verdict = verify(model.devices(), &message);
        let mut outcome = Outcome::new(self.judge(verdict, found));
        if found.event.accepted
            && let Some(urn) = &found.event.device
            && let Some(handout) = model.hand_out(urn)
        {
            let content_type = self.platform.config.downlink_type.clone();
            outcome.before.push((CONTENT_TYPE, content_type));
            outcome.body = handout.body.clone();
            outcome.handout = Some(handout);
        }
        outcome
    }

    /// Puts a verdict into the event and returns its status.
    fn judge(&self, verdict: Verdict, found: &mut Found<'_>) -> StatusCode {
        let statuses = &self.platform.config.statuses;
        let event = &mut *found.event;
        event.accepted = verdict.reasons.is_empty();
        event.device = verdict.device;
        event.token = verdict.token;
        event.notes.extend(verdict.notes);
        if event.accepted {
            event.records = verdict.records;
        }
        let status = match verdict.reasons.first().map(|reason| reason.class) {
            None => statuses.accepted,
            Some(Class::Malformed) => statuses.malformed,
            Some(Class::Token) => statuses.token,
            Some(Class::Device) => statuses.device,
        };
        found.reasons.extend(verdict.reasons);
        status
    }

    fn part(&self, parts: &Parts, faults: &[Fault], request: &mut Found<'_>) -> Outcome {
        let files = &self.platform.files;
        let Some(found) = files.find(&parts.method, parts.uri.path(), &parts.headers) else {
            return Outcome::new(StatusCode::NOT_FOUND);
        };
        let mut found = spoil::part(found, faults);
        request.event.accepted = found.reason.is_none();
        if let Some(reason) = &found.reason {
            request.wrong(
                Where::Request,
                reason,
                "Ask with GET, `Host`, `Authorization: Bearer` with the token of the downlink, and \
                 `Range: bytes=FIRST-LAST`.",
            );
        }
        request.event.notes.append(&mut found.notes);
        request.event.part = found.part.take();
        spoil::answer(found)
    }

    /// Reports a connection that ended with something that is not a request.
    pub fn broken(&self, error: &hyper::Error) {
        let (first, began) = self.wire.take();
        if first.is_empty() {
            tracing::debug!("connection from {}: {error}", self.caller.peer);
            return;
        }
        let mut event = self.new_event();
        event.status = self.wire.status();
        let reason = if error.is_incomplete_message() {
            "the connection ended in the middle of a head".to_owned()
        } else if error.is_timeout() {
            let limit = self.platform.config.read_timeout;
            format!("the head did not come to its end within {limit:?}")
        } else if error.is_parse_too_large() {
            let limit = self.platform.config.max_head;
            format!("the head is above the limit of {limit} bytes")
        } else {
            format!("not an HTTP/1.1 request: {error}")
        };
        let shown = first.get(..256).unwrap_or(&first);
        let reason = Reason::malformed(
            Where::Request,
            format!("{reason}; it begins with: {}", quote(shown)),
            "Send a request line, field lines and an empty line, each ended by CRLF.",
        );
        let raw = Raw {
            bytes: &first,
            head: first.len(),
            body: b"",
        };
        event.marks = marks(&raw, std::slice::from_ref(&reason));
        event.reason = Some(reason.sentence.clone());
        event.reasons = vec![reason.sentence];
        event.duration = began.elapsed().as_secs_f64();
        event.request = first;
        if let Ok(event) = self.platform.change(|model| model.record(event)) {
            self.platform.log.write(&event);
        }
        self.platform.count_answer();
    }
}

/// What is said about a mistake that is not the device's.
const FAULT_ADVICE: &str = "Nothing: this was done on purpose.";

/// A head as it may have looked.
fn written(parts: &Parts) -> Vec<u8> {
    let mut head = format!("{} {} HTTP/1.1\r\n", parts.method, parts.uri).into_bytes();
    for (name, value) in &parts.headers {
        for piece in [name.as_str().as_bytes(), b": ", value.as_bytes(), b"\r\n"] {
            head.extend_from_slice(piece);
        }
    }
    head.extend_from_slice(b"\r\n");
    head
}

fn describe(faults: &[Fault]) -> Option<String> {
    let sentences: Vec<String> = faults.iter().map(Fault::to_string).collect();
    (!sentences.is_empty()).then(|| sentences.join(", "))
}

fn wants_close(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|option| option.trim().eq_ignore_ascii_case("close"))
}
