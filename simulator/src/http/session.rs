//! One connection: its requests, one after the other.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Incoming};
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderValue,
    TRANSFER_ENCODING,
};
use hyper::http::request::Parts;
use hyper::{Method, Request, Response, StatusCode, Version};
use tokio::time::timeout;

use super::Platform;
use super::answer::{Afterwards, Answer, Outcome, response};
use super::places::Place;
use super::spoil;
use crate::fault::{Kind as Fault, Target};
use crate::report::{Event, Kind};
use crate::tap::{Rewrite, Wire, has_bare_line_feed};
use crate::verify::{Class, Endpoint, Message, Verdict, quote, verify};

/// Bytes of a body above the limit that are still read before the answer.
const DRAIN_MAX: usize = 16 << 20;

/// Bytes of bodies that all connections may keep at a time.
const BODIES_MAX: usize = 64 << 20;

/// Bytes of a body that are kept whatever the others keep.
const BODY_ALWAYS: usize = 16 << 10;

/// One connection.
pub struct Session {
    platform: Arc<Platform>,
    peer: SocketAddr,
    /// What the device called the platform in its TLS handshake.
    server_name: Option<String>,
    wire: Wire,
    place: Place,
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

/// Why a body did not arrive.
struct NoBody {
    status: StatusCode,
    reason: String,
    got: usize,
}

/// Why the rest of a body is not read.
enum Cause {
    Connection(hyper::Error),
    /// All connections together keep too much.
    Crowd,
}

/// What one body takes of the memory for all.
struct Kept<'a> {
    all: &'a AtomicUsize,
    own: usize,
}

impl<'a> Kept<'a> {
    const fn new(all: &'a AtomicUsize) -> Self {
        Self { all, own: 0 }
    }

    /// Counts more bytes, and gives how many all have now.
    fn add(&mut self, bytes: usize) -> usize {
        self.own += bytes;
        self.all.fetch_add(bytes, Ordering::Relaxed) + bytes
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}

impl Session {
    /// A connection that has had no request yet.
    pub fn new(
        platform: Arc<Platform>,
        peer: SocketAddr,
        server_name: Option<String>,
        wire: Wire,
        place: Place,
    ) -> Self {
        Self {
            platform,
            peer,
            server_name,
            wire,
            place,
            requests: AtomicU32::new(0),
        }
    }

    /// Waits until another connection needs the place of this one.
    pub async fn needed(&self) {
        self.place.needed().await;
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Incoming>) -> Result<Response<Answer>, Dropped> {
        let head = self.wire.take();
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
            self.receive(&parts.headers, body).await
        } else {
            Err(NoBody {
                status: config.statuses.malformed,
                reason: "answered before the body was read".to_owned(),
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
        let mut event = self.platform.new_event(self.peer);
        event.kind = kind;
        event.server_name.clone_from(&self.server_name);
        event.request = number;
        event.method = parts.method.to_string();
        event.path = parts.uri.path().to_owned();
        event.fault = describe(&faults);
        if has_bare_line_feed(&head) {
            event
                .notes
                .push("lines of the head end in LF alone instead of CRLF".to_owned());
        }

        let mut broken = false;
        let instead = faults
            .iter()
            .find_map(|fault| spoil::instead(fault, config.statuses.accepted));
        let mut outcome = match (instead, received) {
            (Some(outcome), received) => {
                broken = received.is_err();
                let body = received.unwrap_or_default();
                event.body_len = body.len();
                event.body = String::from_utf8_lossy(&body).into_owned();
                event.reasons.push("a fault came in between".to_owned());
                outcome
            }
            (None, Err(no_body)) => {
                broken = true;
                event.body_len = no_body.got;
                event.reasons.push(no_body.reason);
                Outcome::new(no_body.status)
            }
            (None, Ok(_)) if is_part => self.part(&parts, &faults, &mut event),
            (None, Ok(body)) => self.message(&parts, &body, &mut event),
        };
        let is_dropped = faults.contains(&Fault::Drop);
        if faults.contains(&Fault::Gzip) {
            spoil::compress(&mut outcome);
        }
        let mut rewrite = spoil::rewrite(&faults);
        // KPN's file server leaves out even the space.
        rewrite.spaceless = is_part && !outcome.body.is_empty();
        let whole = rewrite.end.is_none() && rewrite.length == 0;
        event.status = (!is_dropped).then(|| outcome.status.as_u16());
        event.reason = event.reasons.first().cloned();
        event.downlink = outcome
            .handout
            .as_ref()
            .map(|handout| String::from_utf8_lossy(&handout.body).into_owned());
        self.platform.report.write(&event);

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
            || number >= config.requests_per_connection
            || parts.version != Version::HTTP_11
            || wants_close(&parts.headers)
            // Without a length, what follows the head cannot be told from another request.
            || (parts.method == Method::POST && !parts.headers.contains_key(CONTENT_LENGTH))
            || self.platform.is_stopping();
        if is_dropped {
            outcome = Outcome::new(StatusCode::OK);
        }
        let response = response(outcome, close, then);
        if is_dropped {
            return Err(Dropped);
        }
        if rewrite != Rewrite::default() {
            self.wire.rewrite(rewrite);
        }
        Ok(response)
    }

    /// The device that a request comes from, as far as a fault asks for it.
    fn device(&self, parts: &Parts, body: &Result<Bytes, NoBody>) -> Option<String> {
        if !self.platform.faults.ask_for_device() {
            return None;
        }
        self.platform.files.device(parts.uri.path()).or_else(|| {
            let records: serde_json::Value = serde_json::from_slice(body.as_ref().ok()?).ok()?;
            Some(records.get(0)?.get("bn")?.as_str()?.to_owned())
        })
    }

    fn message(&self, parts: &Parts, body: &[u8], event: &mut Event) -> Outcome {
        event.body_len = body.len();
        event.body = String::from_utf8_lossy(body).into_owned();
        let Some(endpoint) = Endpoint::from_path(parts.uri.path()) else {
            event.reasons.push(format!("no such path: {}", event.path));
            return Outcome::new(StatusCode::NOT_FOUND);
        };
        if parts.method != Method::POST {
            event
                .reasons
                .push(format!("method {} instead of POST", event.method));
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
            now: event.time,
        };
        let mut registry = self.platform.registry();
        let verdict = verify(&registry, &message);
        let mut outcome = Outcome::new(self.judge(verdict, event));
        if event.accepted
            && let Some(urn) = &event.device
            && let Some(handout) = registry.hand_out(urn)
        {
            let content_type = self.platform.config.downlink_type.clone();
            outcome.before.push((CONTENT_TYPE, content_type));
            outcome.body = handout.body.clone();
            outcome.handout = Some(handout);
        }
        outcome
    }

    /// Puts a verdict into the event and gives its status.
    fn judge(&self, verdict: Verdict, event: &mut Event) -> StatusCode {
        let statuses = &self.platform.config.statuses;
        event.accepted = verdict.reasons.is_empty();
        event.device = verdict.device;
        event.notes.extend(verdict.notes);
        if event.accepted {
            event.records = verdict.records;
        }
        let status = match verdict.reasons.first() {
            None => statuses.accepted,
            Some((Class::Malformed, _)) => statuses.malformed,
            Some((Class::Token, _)) => statuses.token,
            Some((Class::Device, _)) => statuses.device,
        };
        event
            .reasons
            .extend(verdict.reasons.into_iter().map(|(_, sentence)| sentence));
        status
    }

    fn part(&self, parts: &Parts, faults: &[Fault], event: &mut Event) -> Outcome {
        let files = &self.platform.files;
        let Some(found) = files.find(&parts.method, parts.uri.path(), &parts.headers) else {
            return Outcome::new(StatusCode::NOT_FOUND);
        };
        let mut found = spoil::part(found, faults);
        event.accepted = found.reason.is_none();
        event.reasons.extend(found.reason.clone());
        event.notes.append(&mut found.notes);
        event.part = found.part.take();
        spoil::answer(found)
    }

    async fn receive(&self, headers: &HeaderMap, mut body: Incoming) -> Result<Bytes, NoBody> {
        let config = &self.platform.config;
        if headers.contains_key(TRANSFER_ENCODING) {
            return Err(NoBody {
                status: config.statuses.malformed,
                reason: "header Transfer-Encoding: the platform takes Content-Length only"
                    .to_owned(),
                got: 0,
            });
        }
        let announced = body.size_hint().exact();
        let too_long = announced.is_some_and(|length| length > config.max_body as u64);
        let mut got = 0_usize;
        let mut whole = Vec::new();
        let mut kept = Kept::new(&self.platform.kept);
        // A device that waits for 100 Continue must not get it for a body that is too long.
        let reading = async {
            while !(too_long && headers.contains_key(EXPECT)) && got < DRAIN_MAX {
                match body.frame().await {
                    None => return Ok(()),
                    Some(Ok(frame)) => {
                        let data = frame.into_data().unwrap_or_default();
                        got += data.len();
                        if too_long {
                            continue;
                        }
                        if kept.add(data.len()) > BODIES_MAX && kept.own > BODY_ALWAYS {
                            return Err(Cause::Crowd);
                        }
                        whole.extend_from_slice(&data);
                    }
                    Some(Err(error)) => return Err(Cause::Connection(error)),
                }
            }
            Ok(())
        };
        let outcome = timeout(config.read_timeout, reading).await;
        let announced = announced.unwrap_or_default();
        let (status, reason) = match outcome {
            _ if too_long => (
                StatusCode::PAYLOAD_TOO_LARGE,
                format!(
                    "the body of {announced} bytes is above the limit of {}",
                    config.max_body
                ),
            ),
            Ok(Ok(())) => return Ok(Bytes::from(whole)),
            Ok(Err(Cause::Crowd)) => (
                StatusCode::SERVICE_UNAVAILABLE,
                "bodies of other connections take all the memory that there is for them".to_owned(),
            ),
            Ok(Err(Cause::Connection(error))) => (
                config.statuses.malformed,
                format!("the body ended after {got} of {announced} bytes: {error}"),
            ),
            Err(_) => (
                StatusCode::REQUEST_TIMEOUT,
                format!(
                    "{got} of {announced} bytes of the body came within {:?}",
                    config.read_timeout
                ),
            ),
        };
        Err(NoBody {
            status,
            reason,
            got,
        })
    }

    /// Reports a connection that ended with something that is no request.
    pub fn broken(&self, error: &hyper::Error) {
        let first = self.wire.take();
        if first.is_empty() {
            tracing::debug!("connection from {}: {error}", self.peer);
            return;
        }
        let mut event = self.platform.new_event(self.peer);
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
        event.reasons = vec![format!("{reason}; it begins with: {}", quote(shown))];
        event.reason = event.reasons.first().cloned();
        self.platform.report.write(&event);
        self.platform.count_answer();
    }
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
