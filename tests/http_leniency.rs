// SPDX-License-Identifier: MIT OR Apache-2.0
//! The leniency table in `src/http/mod.rs`, row by row: what is accepted beside what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/downlink.rs"]
mod downlink;
#[path = "http_leniency/downlink_json.rs"]
mod downlink_json;
#[path = "common/response.rs"]
mod driver;
#[path = "http_leniency/fields.rs"]
mod fields;
#[path = "http_leniency/framing.rs"]
mod framing;
#[path = "http_leniency/heads.rs"]
mod heads;

use driver::{Response, Seen, read, status};

/// Reads a response after which the connection is closed, and expects the same in every split.
fn seen(raw: &[u8]) -> Seen {
    let mut response = Response::begin(64);
    let whole = read(&mut response, [raw]);
    for at in 0..=raw.len() {
        response.restart();
        let (left, right) = raw.split_at(at);
        assert_eq!(
            read(&mut response, [left, right]),
            whole,
            "{}",
            raw.escape_ascii()
        );
    }
    response.restart();
    assert_eq!(
        read(&mut response, raw.chunks(1)),
        whole,
        "{}",
        raw.escape_ascii()
    );
    whole
}

/// Accepts each as one complete response with this body, and nothing after it.
fn taken<T: AsRef<[u8]>>(body: &str, responses: &[T]) {
    for raw in responses {
        let raw = raw.as_ref();
        let seen = seen(raw);
        assert_eq!(seen.result, status::OK, "{}", raw.escape_ascii());
        assert_eq!(
            seen.body.as_deref(),
            Ok(body.as_bytes()),
            "{}",
            raw.escape_ascii()
        );
        assert_eq!(seen.used, raw.len(), "{}", raw.escape_ascii());
    }
}

/// Refuses each with this status, without outcome, body or another use of the connection.
fn refused<T: AsRef<[u8]>>(result: i32, responses: &[T]) {
    for raw in responses {
        let raw = raw.as_ref();
        let seen = seen(raw);
        assert_eq!(seen.result, result, "{}", raw.escape_ascii());
        assert_eq!(
            (seen.outcome, seen.keep_alive),
            (0, false),
            "{}",
            raw.escape_ascii()
        );
        assert_eq!(seen.body, Err(result), "{}", raw.escape_ascii());
    }
}

/// A response with this line, after the length of its body.
fn with_line(line: &str) -> String {
    format!("HTTP/1.1 202 \r\nContent-Length: 2\r\n{line}\r\nServer: x\r\n\r\nok")
}

/// A response with only this line before the body.
fn with_only(line: &str) -> String {
    format!("HTTP/1.1 202 \r\n{line}\r\n\r\nok")
}

fn with_chunks(chunks: &str) -> String {
    format!("HTTP/1.1 202 \r\nTransfer-Encoding: chunked\r\n\r\n{chunks}")
}

const PLAIN: &str = "HTTP/1.1 202 \r\nContent-Length: 2\r\n\r\nok";
