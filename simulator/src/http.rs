//! The server: connections, the request around a message, and the answer's exact bytes.
//!
//! hyper does the framing. The live endpoint's `HTTP/1.1 202 ` comes out of an empty reason phrase,
//! its header names out of title case, its order out of the order in which headers are inserted.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{
    ALLOW, CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, DATE, EXPECT, HeaderMap, HeaderName,
    HeaderValue, TRANSFER_ENCODING,
};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode, Version};
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::config::Config;
use crate::device::{Handout, Registry};
use crate::report::{Event, Report, now};
use crate::tap::{Tap, Wire, has_bare_line_feed};
use crate::verify::{Class, Endpoint, Message, Verdict, quote, verify};

/// How long open connections may take to end when the program stops.
const GRACE: Duration = Duration::from_millis(500);

/// How long a closed connection still swallows what the device sends, so that the answer is not
/// lost to a reset.
const LINGER: Duration = Duration::from_millis(250);

/// Bytes of a body above the limit that are still read before the answer.
const DRAIN_MAX: usize = 16 << 20;

/// What all connections share.
pub struct Platform {
    config: Config,
    registry: Mutex<Registry>,
    report: Report,
    messages: AtomicU64,
    answered: AtomicU64,
    stop: watch::Sender<bool>,
}

impl Platform {
    /// A platform that has seen nothing yet.
    pub fn new(config: Config, registry: Registry, report: Report) -> Self {
        Self {
            config,
            registry: Mutex::new(registry),
            report,
            messages: AtomicU64::new(0),
            answered: AtomicU64::new(0),
            stop: watch::Sender::new(false),
        }
    }

    /// Makes [`serve`] end.
    pub fn stop(&self) {
        self.stop.send_replace(true);
    }

    /// Waits for [`Platform::stop`].
    pub async fn stopped(&self) {
        // An error means that nobody can stop it any more, which cannot be while `self` lives.
        let _ = self.stop.subscribe().wait_for(|stop| *stop).await;
    }

    /// Messages that have been answered.
    pub fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// The devices.
    pub fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn count_answer(&self) {
        let answered = self.answered.fetch_add(1, Ordering::Relaxed) + 1;
        if self
            .config
            .exit_after
            .is_some_and(|limit| answered >= limit)
        {
            self.stop();
        }
    }

    fn new_event(&self, peer: SocketAddr) -> Event {
        Event {
            number: self.messages.fetch_add(1, Ordering::Relaxed) + 1,
            time: now(),
            peer: peer.to_string(),
            ..Event::default()
        }
    }
}

/// Serves connections until [`Platform::stop`], then lets open ones end within a moment.
pub async fn serve(listener: TcpListener, platform: Arc<Platform>) {
    let mut stop = platform.stop.subscribe();
    let mut connections = JoinSet::new();
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => {}
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(Arc::clone(&platform), stream, peer));
                }
                Err(error) => {
                    // Out of file descriptors, most likely: waiting is all there is to do.
                    tracing::error!("no connection could be taken: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let ended = timeout(GRACE, async {
        while connections.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        tracing::debug!("{} connections were still open", connections.len());
    }
}

async fn connection(platform: Arc<Platform>, stream: TcpStream, peer: SocketAddr) {
    tracing::debug!("connection from {peer}");
    if let Err(error) = serve_connection(&platform, stream, peer).await {
        tracing::debug!("connection from {peer}: {error}");
    }
}

async fn serve_connection(
    platform: &Arc<Platform>,
    stream: TcpStream,
    peer: SocketAddr,
) -> std::io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let mut spare = TcpStream::from_std(stream.try_clone()?)?;
    let config = &platform.config;
    let session = Arc::new(Session {
        platform: Arc::clone(platform),
        peer,
        wire: Wire::new(config.max_head),
        requests: AtomicU32::new(0),
    });
    let tap = Tap::new(TcpStream::from_std(stream)?, session.wire.clone());
    let service = service_fn(|request| {
        let session = Arc::clone(&session);
        async move { Ok::<_, Infallible>(session.answer(request).await) }
    });
    {
        let http = http1::Builder::new()
            .title_case_headers(true)
            .half_close(true)
            .max_buf_size(config.max_head)
            .timer(TokioTimer::new())
            .header_read_timeout(config.read_timeout)
            .serve_connection(TokioIo::new(tap), service);
        let mut http = std::pin::pin!(http);
        let mut stop = platform.stop.subscribe();
        let mut stopping = false;
        let result = loop {
            // In this order: an answer's head is written before the stop that it causes is seen.
            tokio::select! {
                biased;
                result = http.as_mut() => break result,
                _ = stop.wait_for(|stop| *stop), if !stopping => {
                    stopping = true;
                    http.as_mut().graceful_shutdown();
                }
            }
        };
        if let Err(error) = result {
            session.broken(&error);
        }
    }
    spare.shutdown().await?;
    let mut sink = [0; 4096];
    let swallow = async {
        while spare.read(&mut sink).await? > 0 {}
        Ok(())
    };
    timeout(LINGER, swallow).await.unwrap_or(Ok(()))
}

/// One connection.
struct Session {
    platform: Arc<Platform>,
    peer: SocketAddr,
    wire: Wire,
    requests: AtomicU32,
}

/// A body, or why there is none.
enum Received {
    Whole(Bytes),
    Refused {
        status: StatusCode,
        reason: String,
        got: usize,
    },
}

impl Session {
    async fn answer(&self, request: Request<Incoming>) -> Response<Answer> {
        let head = self.wire.take();
        let config = &self.platform.config;
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let (parts, body) = request.into_parts();
        let received = self.receive(&parts.headers, body).await;
        let mut event = self.platform.new_event(self.peer);
        event.request = number;
        event.method = parts.method.to_string();
        event.path = parts.uri.path().to_owned();
        if has_bare_line_feed(&head) {
            event
                .notes
                .push("lines of the head end in LF alone instead of CRLF".to_owned());
        }

        let mut close = number >= config.requests_per_connection
            || parts.version != Version::HTTP_11
            || wants_close(&parts.headers)
            || *self.platform.stop.borrow();
        let mut allow = None;
        let mut handout = None;
        let status = match received {
            Received::Refused {
                status,
                reason,
                got,
            } => {
                close = true;
                event.body_len = got;
                event.reasons.push(reason);
                status
            }
            Received::Whole(body) => {
                event.body_len = body.len();
                event.body = String::from_utf8_lossy(&body).into_owned();
                // Without a length, what follows the head cannot be told from another request.
                close |=
                    parts.method == Method::POST && !parts.headers.contains_key(CONTENT_LENGTH);
                match Endpoint::from_path(parts.uri.path()) {
                    None => {
                        event.reasons.push(format!("no such path: {}", event.path));
                        StatusCode::NOT_FOUND
                    }
                    Some(_) if parts.method != Method::POST => {
                        event
                            .reasons
                            .push(format!("method {} instead of POST", event.method));
                        allow = Some(HeaderValue::from_static("POST"));
                        StatusCode::METHOD_NOT_ALLOWED
                    }
                    Some(endpoint) => {
                        let message = Message {
                            endpoint,
                            headers: &parts.headers,
                            body: &body,
                            now: event.time,
                        };
                        let mut registry = self.platform.registry();
                        let verdict = verify(&registry, &message);
                        let status = self.judge(verdict, &mut event);
                        if event.accepted
                            && let Some(urn) = &event.device
                        {
                            handout = registry.hand_out(urn);
                        }
                        status
                    }
                }
            }
        };
        event.status = Some(status.as_u16());
        event.reason = event.reasons.first().cloned();
        event.downlink = handout
            .as_ref()
            .map(|handout| String::from_utf8_lossy(&handout.body).into_owned());
        self.platform.report.write(&event);
        self.response(status, close, allow, handout)
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

    async fn receive(&self, headers: &HeaderMap, mut body: Incoming) -> Received {
        let config = &self.platform.config;
        if headers.contains_key(TRANSFER_ENCODING) {
            return Received::Refused {
                status: config.statuses.malformed,
                reason: "header Transfer-Encoding: the platform takes Content-Length only"
                    .to_owned(),
                got: 0,
            };
        }
        let announced = body.size_hint().exact();
        let too_long = announced.is_some_and(|length| length > config.max_body as u64);
        let mut got = 0_usize;
        let mut whole = Vec::new();
        // A device that waits for 100 Continue must not get it for a body that is too long.
        let reading = async {
            while !(too_long && headers.contains_key(EXPECT)) && got < DRAIN_MAX {
                match body.frame().await {
                    None => return Ok(()),
                    Some(Ok(frame)) => {
                        let data = frame.into_data().unwrap_or_default();
                        got += data.len();
                        if !too_long {
                            whole.extend_from_slice(&data);
                        }
                    }
                    Some(Err(error)) => return Err(error),
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
            Ok(Ok(())) => return Received::Whole(Bytes::from(whole)),
            Ok(Err(error)) => (
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
        Received::Refused {
            status,
            reason,
            got,
        }
    }

    /// The answer, with the headers of the live endpoint in its order.
    fn response(
        &self,
        status: StatusCode,
        close: bool,
        allow: Option<HeaderValue>,
        handout: Option<Handout>,
    ) -> Response<Answer> {
        let config = &self.platform.config;
        let body = handout.as_ref().map(|handout| handout.body.clone());
        let length = body.as_ref().map_or(0, Bytes::len);
        let connection = if close { "close" } else { "keep-alive" };
        let headers: [(HeaderName, Option<HeaderValue>); 5] = [
            (
                DATE,
                HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())).ok(),
            ),
            (ALLOW, allow),
            (
                CONTENT_TYPE,
                body.is_some().then(|| config.downlink_type.clone()),
            ),
            (CONTENT_LENGTH, Some(HeaderValue::from(length))),
            (CONNECTION, Some(HeaderValue::from_static(connection))),
        ];
        let mut response = Response::new(Answer {
            data: body.filter(|body| !body.is_empty()),
            handout,
            platform: Arc::clone(&self.platform),
            wire: self.wire.clone(),
        });
        *response.status_mut() = status;
        response
            .extensions_mut()
            .insert(ReasonPhrase::from_static(b""));
        for (name, value) in headers {
            if let Some(value) = value {
                response.headers_mut().insert(name, value);
            }
        }
        response
    }

    /// Reports a connection that ended with something that is no message.
    fn broken(&self, error: &hyper::Error) {
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

fn wants_close(headers: &HeaderMap) -> bool {
    headers
        .get_all(CONNECTION)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|option| option.trim().eq_ignore_ascii_case("close"))
}

/// The body of an answer. hyper drops it once it has taken all of it.
struct Answer {
    data: Option<Bytes>,
    handout: Option<Handout>,
    platform: Arc<Platform>,
    wire: Wire,
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    // Not `is_end_stream`: hyper moves `Content-Length: 0` behind the other headers when it is told
    // beforehand that a body is empty.

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.wire.resume();
        if self.data.is_none()
            && let Some(handout) = &self.handout
        {
            self.platform.registry().delivered(handout);
        }
        self.platform.count_answer();
    }
}
