// SPDX-License-Identifier: MIT OR Apache-2.0
//! Limits of the API, so that no user can keep it from the others: connections, slow heads and bodies, memory for bodies, and
//! requests that stay open.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::http::header::{CONNECTION, CONTENT_TYPE, HeaderValue};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use http_body_util::BodyExt;
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::timeout;

use super::answer::Problem;
use crate::http::{Answering, Kept, LINGER, Place};
use crate::platform::Platform;

/// Longest firmware image.
const IMAGE_MAX: usize = 64 << 20;

/// Longest body otherwise.
const BODY_MAX: usize = 4 << 20;

/// Bytes that the bodies of all requests may take together.
const BODIES_MAX: usize = 128 << 20;

/// Most requests at a time that stay open until something happens.
const LISTENERS_MAX: usize = 100;

/// What is in use.
pub struct Limits {
    platform: Arc<Platform>,
    kept: AtomicUsize,
    listeners: Arc<Semaphore>,
}

impl Limits {
    /// Nothing is in use yet.
    pub fn new(platform: Arc<Platform>) -> Arc<Self> {
        Arc::new(Self {
            platform,
            kept: AtomicUsize::new(0),
            listeners: Arc::new(Semaphore::new(LISTENERS_MAX)),
        })
    }

    /// Counts one more request that stays open, until the permit is dropped.
    pub fn listen(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let listeners = Arc::clone(&self.listeners);
        listeners.try_acquire_owned().map_err(|_| {
            Problem::new(
                StatusCode::SERVICE_UNAVAILABLE,
                format!("{LISTENERS_MAX} requests are waiting for something to happen, which is the limit"),
            )
        })
    }

    async fn receive(
        &self,
        mut body: Body,
        most: usize,
        kept: &mut Kept<'_>,
    ) -> Result<Bytes, Problem> {
        let too_long = || {
            let sentence = format!("the body is above the limit of {most} bytes");
            Problem::new(StatusCode::PAYLOAD_TOO_LARGE, sentence)
        };
        if body.size_hint().lower() > most as u64 {
            return Err(too_long());
        }
        let patience = self.platform.config.read_timeout;
        let reading = async {
            let mut whole = Vec::new();
            while let Some(frame) = body.frame().await {
                let frame = frame.map_err(|error| Problem::bad(format!("the body: {error}")))?;
                let data = frame.into_data().unwrap_or_default();
                if whole.len() + data.len() > most {
                    return Err(too_long());
                }
                if !kept.add(data.len(), BODIES_MAX) {
                    return Err(Problem::new(
                        StatusCode::SERVICE_UNAVAILABLE,
                        "bodies of other requests take all the memory for bodies",
                    ));
                }
                whole.extend_from_slice(&data);
            }
            Ok(Bytes::from(whole))
        };
        timeout(patience, reading).await.unwrap_or_else(|_| {
            let sentence = format!("the body did not come to its end within {patience:?}");
            Err(Problem::new(StatusCode::REQUEST_TIMEOUT, sentence))
        })
    }
}

/// Lets a request pass once its body is complete; its connection keeps its place until the answer.
pub async fn check(State(limits): State<Arc<Limits>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    let most = match parts.uri.path() {
        "/api/v1/firmware" => IMAGE_MAX,
        _ => BODY_MAX,
    };
    let mut kept = Kept::new(&limits.kept);
    let body = match limits.receive(body, most, &mut kept).await {
        Ok(body) => body,
        Err(problem) => {
            let close = [(CONNECTION, HeaderValue::from_static("close"))];
            return (close, problem).into_response();
        }
    };
    let answering = parts.extensions.get::<Arc<Place>>().map(Place::answering);
    let response = next.run(Request::from_parts(parts, Body::from(body))).await;
    match response.headers().get(CONTENT_TYPE) {
        Some(media_type) if media_type == "text/event-stream" => {
            response.map(|body| held(body, answering))
        }
        _ => response,
    }
}

/// A body whose connection keeps its place while it lasts.
fn held(body: Body, answering: Option<Answering>) -> Body {
    Body::new(body.map_frame(move |frame| {
        let _ = &answering;
        frame
    }))
}

/// Serves one connection until it ends or another one needs its place.
pub async fn connection(app: Router, platform: Arc<Platform>, stream: TcpStream, place: Place) {
    let place = Arc::new(place);
    let app = TowerToHyperService::new(app);
    let service = service_fn(|mut request: hyper::Request<Incoming>| {
        request.extensions_mut().insert(Arc::clone(&place));
        Box::pin(app.call(request))
    });
    let config = &platform.config;
    let mut http = http1::Builder::new()
        .max_buf_size(config.max_head)
        .timer(TokioTimer::new())
        .header_read_timeout(config.read_timeout)
        .serve_connection(TokioIo::new(stream), service);
    let mut stop = platform.stopping();
    let mut stopping = false;
    let result = loop {
        tokio::select! {
            result = poll_fn(|cx| http.poll_without_shutdown(cx)) => break result,
            () = place.needed() => return,
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                std::pin::Pin::new(&mut http).graceful_shutdown();
            }
        }
    };
    if let Err(error) = result {
        tracing::debug!("API: {error}");
    }
    let mut stream = http.into_parts().io.into_inner();
    if stream.shutdown().await.is_ok() {
        let mut sink = [0; 4096];
        let swallow = async { while stream.read(&mut sink).await.is_ok_and(|read| read > 0) {} };
        // What arrives does not matter.
        let _ = timeout(LINGER, swallow).await;
    }
}
