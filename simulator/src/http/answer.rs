// SPDX-License-Identifier: MIT OR Apache-2.0
//! Answers: the live endpoint's headers in its order, and what happens once they have been sent.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::SystemTime;

use bytes::Bytes;
use hyper::body::{Body, Frame, SizeHint};
use hyper::ext::ReasonPhrase;
use hyper::header::{CONNECTION, CONTENT_LENGTH, DATE, HeaderName, HeaderValue};
use hyper::{Response, StatusCode};

use crate::model::device::Handout;
use crate::platform::Platform;
use crate::tap::Wire;

/// The answer, without its framing.
pub struct Outcome {
    pub status: StatusCode,
    /// Headers before Content-Length.
    pub before: Vec<(HeaderName, HeaderValue)>,
    /// Headers after Connection.
    pub after: Vec<(HeaderName, HeaderValue)>,
    pub body: Bytes,
    /// The downlink in the body.
    pub handout: Option<Handout>,
}

impl Outcome {
    /// A status and nothing else.
    pub fn new(status: StatusCode) -> Self {
        Self {
            status,
            before: Vec::new(),
            after: Vec::new(),
            body: Bytes::new(),
            handout: None,
        }
    }
}

/// What happens once an answer has been handed to the connection.
pub struct Afterwards {
    pub platform: Arc<Platform>,
    pub wire: Wire,
    /// Whether the answer counts as one to a message.
    pub counts: bool,
    /// Whether the answer arrives complete.
    pub whole: bool,
}

/// The body of an answer. hyper drops it once it has taken all of it.
pub struct Answer {
    data: Option<Bytes>,
    handed: Option<Handed>,
    then: Afterwards,
}

/// A downlink that was handed out: pending again if this is dropped before it is delivered.
pub struct Handed {
    platform: Arc<Platform>,
    handout: Option<Handout>,
}

impl Handed {
    /// Keeps track of a downlink that has just been handed out.
    pub const fn new(platform: Arc<Platform>, handout: Handout) -> Self {
        let handout = Some(handout);
        Self { platform, handout }
    }

    /// It has been sent completely.
    fn deliver(mut self) {
        if let Some(handout) = self.handout.take() {
            // An error has been logged, and this run does not hand the downlink out again.
            let _ = self.platform.change(|model| model.delivered(&handout));
        }
    }
}

impl Drop for Handed {
    fn drop(&mut self) {
        if let Some(handout) = self.handout.take() {
            let _ = self.platform.change(|model| model.came_back(&handout));
        }
    }
}

/// Frames an outcome as the live endpoint does.
pub fn response(
    outcome: Outcome,
    handed: Option<Handed>,
    close: bool,
    then: Afterwards,
) -> Response<Answer> {
    let date = HeaderValue::try_from(httpdate::fmt_http_date(SystemTime::now())).ok();
    let connection = if close { "close" } else { "keep-alive" };
    let own = [
        (CONTENT_LENGTH, HeaderValue::from(outcome.body.len())),
        (CONNECTION, HeaderValue::from_static(connection)),
    ];
    let headers = date
        .map(|date| (DATE, date))
        .into_iter()
        .chain(outcome.before)
        .chain(own)
        .chain(outcome.after);
    let mut response = Response::new(Answer {
        data: Some(outcome.body).filter(|body| !body.is_empty()),
        handed,
        then,
    });
    *response.status_mut() = outcome.status;
    response
        .extensions_mut()
        .insert(ReasonPhrase::from_static(b""));
    for (name, value) in headers {
        response.headers_mut().insert(name, value);
    }
    response
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Infallible;

    // Not `is_end_stream`: hyper moves `Content-Length: 0` after the other headers if it knows in advance that a body
    // is empty.

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.data.take().map(|data| Ok(Frame::data(data))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.data.as_ref().map_or(0, |data| data.len() as u64))
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        let then = &self.then;
        then.wire.resume();
        if let Some(handed) = self.handed.take()
            && then.whole
            && self.data.is_none()
        {
            then.wire.when_left(move || handed.deliver());
        }
        if then.counts {
            then.platform.count_answer();
        }
    }
}
