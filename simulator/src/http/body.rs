// SPDX-License-Identifier: MIT OR Apache-2.0
//! Incoming bodies: bounded in length, in time, and in their total memory.

use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;
use http_body_util::BodyExt;
use hyper::StatusCode;
use hyper::body::{Body, Incoming};
use hyper::header::{EXPECT, HeaderMap, TRANSFER_ENCODING};
use tokio::time::timeout;

use crate::model::verify::{NO_CHUNKS, NO_CHUNKS_ADVICE, Place, Reason};
use crate::platform::Platform;

/// Bytes of a body above the limit that are still read before the answer.
const DRAIN_MAX: usize = 16 << 20;

/// How many bytes of bodies all connections together may keep at a time.
const BODIES_MAX: usize = 64 << 20;

/// How many bytes of a body are kept regardless of the others.
const BODY_ALWAYS: usize = 16 << 10;

/// Why a body did not arrive.
pub struct NoBody {
    /// The status of the answer.
    pub status: StatusCode,
    /// What is wrong.
    pub reason: Reason,
    /// How many bytes arrived.
    pub got: usize,
}

/// Why the rest of a body is not read.
enum Cause {
    Connection(hyper::Error),
    /// All connections together keep too many bytes.
    Crowd,
}

/// The share of one body in the memory for all.
pub struct Kept<'a> {
    all: &'a AtomicUsize,
    own: usize,
}

impl<'a> Kept<'a> {
    /// Nothing yet.
    pub const fn new(all: &'a AtomicUsize) -> Self {
        Self { all, own: 0 }
    }

    /// Counts more bytes; returns whether they may be kept if all bodies together may have `most`.
    pub fn add(&mut self, bytes: usize, most: usize) -> bool {
        self.own += bytes;
        let all = self.all.fetch_add(bytes, Ordering::Relaxed) + bytes;
        all <= most || self.own <= BODY_ALWAYS
    }
}

impl Drop for Kept<'_> {
    fn drop(&mut self) {
        self.all.fetch_sub(self.own, Ordering::Relaxed);
    }
}

/// Reads a body as far as it is wanted.
pub async fn receive(
    platform: &Platform,
    headers: &HeaderMap,
    mut body: Incoming,
) -> Result<Bytes, NoBody> {
    let config = &platform.config;
    if headers.contains_key(TRANSFER_ENCODING) {
        return Err(NoBody {
            status: config.statuses.malformed,
            reason: Reason::malformed(
                Place::Header("Transfer-Encoding"),
                NO_CHUNKS,
                NO_CHUNKS_ADVICE,
            ),
            got: 0,
        });
    }
    let announced = body.size_hint().exact();
    let too_long = announced.is_some_and(|length| length > config.max_body as u64);
    let mut got = 0_usize;
    let mut whole = Vec::new();
    let mut kept = Kept::new(&platform.kept);
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
                    if !kept.add(data.len(), BODIES_MAX) {
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
        reason: Reason::malformed(
            Place::Header("Content-Length"),
            reason,
            "Send as many bytes as `Content-Length` says, at once, and no more than the limit.",
        ),
        got,
    })
}
