// SPDX-License-Identifier: MIT OR Apache-2.0
//! How faults change an answer.

use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::{
    CONTENT_ENCODING, CONTENT_RANGE, CONTENT_TYPE, ETAG, HeaderName, HeaderValue, LAST_MODIFIED,
    LOCATION, RETRY_AFTER,
};

use super::answer::Outcome;
use crate::fault::Kind as Fault;
use crate::files::Found;
use crate::model::event::Part;
use crate::tap::{Ending, Rewrite};

/// The answer of a server that does not speak HTTP.
const GARBAGE: &[u8] = b"\x00\xff<html>502 Bad Gateway\r\n\r\n{\"error\":";

/// A response before the answer (RFC 8297).
const INTERIM: &[u8] = b"HTTP/1.1 103 \r\nLink: </style.css>; rel=preload\r\n\r\n";

/// The answer of a captive portal to everything.
const PORTAL: &[u8] = b"<!DOCTYPE html>\n<html><head><title>Welcome</title></head>\
    <body><h1>Welcome to our network</h1><form method=\"post\"><button>Accept</button></form></body></html>\n";

/// How many times per second a throttled answer continues.
const STEPS: usize = 20;

/// The outcome of a fault that keeps a message from being accepted.
pub fn instead(fault: &Fault, accepted: StatusCode) -> Option<Outcome> {
    match fault {
        Fault::Drop | Fault::Garbage => Some(Outcome::new(accepted)),
        Fault::EarlyAnswer(code) => Some(Outcome::new(*code)),
        Fault::Status { code, retry_after } => {
            let mut outcome = Outcome::new(*code);
            let header = retry_after.map(|seconds| (RETRY_AFTER, HeaderValue::from(seconds)));
            outcome.before.extend(header);
            Some(outcome)
        }
        Fault::Redirect(to) => {
            let mut outcome = Outcome::new(StatusCode::FOUND);
            outcome.before.push((LOCATION, to.clone()));
            Some(outcome)
        }
        Fault::Portal => {
            let mut outcome = Outcome::new(StatusCode::OK);
            let html = HeaderValue::from_static("text/html; charset=utf-8");
            outcome.before.push((CONTENT_TYPE, html));
            outcome.body = Bytes::from_static(PORTAL);
            Some(outcome)
        }
        _ => None,
    }
}

/// A part with its faults.
pub fn part(mut found: Found, faults: &[Fault]) -> Found {
    let whole = found.file.len();
    let mut size = Some(whole);
    if let (Some(part), Some(_)) = (&mut found.part, &found.content_range) {
        for fault in faults {
            match fault {
                Fault::Short(length) => part.length = part.length.min(*length),
                Fault::Overlap(length) => {
                    let before = part.offset.min(*length);
                    part.offset -= before;
                    part.length += before;
                }
                Fault::SizeChange => size = Some(whole + 1),
                Fault::UnknownSize => size = None,
                _ => {}
            }
        }
        let end = part.offset + part.length;
        found.body = found.file.slice(part.offset..end);
        found.crc = crc32fast::hash(&found.body);
        found.content_range = Some(content_range(part, size));
    }
    if faults.contains(&Fault::WrongCrc) {
        found.crc ^= 1;
    }
    found
}

fn content_range(part: &Part, size: Option<usize>) -> String {
    let last = (part.offset + part.length).saturating_sub(1);
    let size = size.map_or_else(|| "*".to_owned(), |size| size.to_string());
    format!("bytes {}-{last}/{size}", part.offset)
}

/// The answer to a request for a part.
pub fn answer(found: Found) -> Outcome {
    let mut outcome = Outcome::new(found.status);
    let digest = found
        .reason
        .is_none()
        .then(|| format!("crc32={:x}", found.crc));
    let fields = [
        (HeaderName::from_static("digest"), digest),
        (CONTENT_RANGE, found.content_range),
        (ETAG, found.etag),
        (LAST_MODIFIED, found.last_modified),
    ];
    outcome
        .after
        .extend(fields.into_iter().filter_map(|(name, text)| {
            let value = HeaderValue::try_from(text?).ok()?;
            Some((name, value))
        }));
    outcome.body = found.body;
    outcome
}

/// The body in a content coding, and the CRC of a part over what is sent.
pub fn compress(outcome: &mut Outcome) {
    if outcome.body.is_empty() {
        return;
    }
    outcome.body = gzip(&outcome.body).into();
    let crc = format!("crc32={:x}", crc32fast::hash(&outcome.body));
    for (name, value) in &mut outcome.after {
        if name == "digest"
            && let Ok(crc) = HeaderValue::try_from(&crc)
        {
            *value = crc;
        }
    }
    let gzip = HeaderValue::from_static("gzip");
    outcome.before.push((CONTENT_ENCODING, gzip));
}

/// RFC 1952 around stored blocks of RFC 1951: valid, but not smaller.
fn gzip(body: &[u8]) -> Vec<u8> {
    let mut all = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff".to_vec();
    let mut blocks = body.chunks(usize::from(u16::MAX)).peekable();
    while let Some(block) = blocks.next() {
        let length = u16::try_from(block.len()).unwrap_or_default();
        all.push(u8::from(blocks.peek().is_none()));
        all.extend(length.to_le_bytes());
        all.extend((!length).to_le_bytes());
        all.extend(block);
    }
    all.extend(crc32fast::hash(body).to_le_bytes());
    all.extend((body.len() as u32).to_le_bytes());
    all
}

/// What happens to the bytes of an answer on their way out. If there are two ends, the first counts.
pub fn rewrite(faults: &[Fault]) -> Rewrite {
    let mut rewrite = Rewrite::default();
    for fault in faults {
        let end = match fault {
            Fault::Cut(length) => Some((*length, Ending::Close)),
            Fault::Reset(length) => Some((*length, Ending::Reset)),
            Fault::HalfClose(length) => Some((*length, Ending::HalfClose)),
            Fault::Garbage => {
                rewrite.instead = Some(GARBAGE);
                Some((GARBAGE.len(), Ending::Close))
            }
            _ => None,
        };
        rewrite.end = rewrite.end.or(end);
        match fault {
            Fault::Trickle(time) => rewrite.pace = Some((1, *time)),
            Fault::Throttle(rate) => {
                let most = rate.div_ceil(STEPS);
                let time = Duration::from_secs_f64(most as f64 / (*rate).max(1) as f64);
                rewrite.pace = Some((most, time));
            }
            Fault::Interim(count) => rewrite.before = INTERIM.repeat(*count),
            Fault::WrongLength(more) => rewrite.length = *more,
            _ => {}
        }
    }
    rewrite
}
