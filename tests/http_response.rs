// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vectors in `tests/vectors/http` through the C functions: every split gives the same, and a truncated response
//! never passes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/response.rs"]
mod driver;

use driver::{Response, Seen, read, status};
use std::fs;
use std::path::{Path, PathBuf};

/// Room for the body of any vector.
const CAPACITY: usize = 2000;

struct Vector {
    name: String,
    /// `complete`, `close`, `truncated` or a refusal.
    result: String,
    raw: Vec<u8>,
    /// What of it was handed out, even before a refusal.
    body: Vec<u8>,
    expected: Seen,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/http")
}

fn vectors() -> Vec<Vector> {
    let index = fs::read_to_string(folder().join("index.txt")).unwrap();
    let lines = index
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut vectors = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [name, result, status, used, keep_alive, retry_after] = columns[..] else {
            panic!("six columns in: {line}");
        };
        let code = match result {
            "complete" | "close" => status::OK,
            "truncated" => status::ERR_HTTP_TRUNCATED,
            "syntax" => status::ERR_HTTP_SYNTAX,
            "length" => status::ERR_HTTP_CONTENT_LENGTH,
            "coding" => status::ERR_HTTP_TRANSFER_ENCODING,
            "size" => status::ERR_HTTP_HEAD_TOO_LARGE,
            other => panic!("unknown result {other}"),
        };
        let body = fs::read(folder().join(format!("{name}.body"))).unwrap_or_default();
        let whole = code == status::OK;
        vectors.push(Vector {
            name: name.to_owned(),
            result: result.to_owned(),
            raw: fs::read(folder().join(format!("{name}.http"))).unwrap(),
            expected: Seen {
                result: code,
                status: status.parse().unwrap(),
                outcome: 0,
                keep_alive: keep_alive == "yes",
                retry_after: retry_after.parse().unwrap_or_default(),
                missing: 0,
                body: if whole { Ok(body.clone()) } else { Err(code) },
                used: if whole { used.parse().unwrap() } else { 0 },
            },
            body,
        });
    }
    let files = fs::read_dir(folder()).unwrap();
    let heads = files
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "http"));
    assert_eq!(vectors.len(), heads.count(), "each file is in the index");
    vectors
}

impl Vector {
    fn refused(&self) -> bool {
        !matches!(self.result.as_str(), "complete" | "close" | "truncated")
    }

    /// The outcome has its own tests.
    fn check<'a>(&self, pieces: impl IntoIterator<Item = &'a [u8]>, how: &str) {
        let mut response = Response::begin(CAPACITY);
        let seen = read(&mut response, pieces);
        assert_eq!(seen.outcome != 0, seen.result == status::OK);
        let mut expected = self.expected.clone();
        expected.outcome = seen.outcome;
        if self.refused() {
            // What the head said before is kept, but useless.
            expected.retry_after = seen.retry_after;
        }
        assert_eq!(seen, expected, "{} {how}", self.name);
        let (body, rest) = response.buffer().split_at(self.body.len());
        assert_eq!(body, self.body, "{} {how}", self.name);
        assert!(rest.iter().all(|&byte| byte == 0x5A));
    }
}

#[test]
fn reads_each_vector_as_expected_in_every_split() {
    for vector in vectors() {
        let raw = &vector.raw[..];
        vector.check([raw], "whole");
        // The few vectors that are larger than any limit repeat themselves: there every seventh split does.
        let step = if raw.len() > 2000 { 7 } else { 1 };
        for at in (0..=raw.len()).step_by(step) {
            let (left, right) = raw.split_at(at);
            vector.check([left, right], &format!("split at {at}"));
        }
        vector.check(raw.chunks(1), "byte by byte");
    }
}

#[test]
fn a_response_cut_at_any_byte_is_no_success() {
    for vector in vectors() {
        // What a close may end: a body that lasts until then, and the trailer section after the last chunk.
        let tail = match vector.result.as_str() {
            "close" => vector.body.len(),
            "complete" if vector.name.starts_with("chunked") => {
                let raw = &vector.raw[..vector.expected.used];
                let last = raw.windows(4).rposition(|bytes| {
                    bytes.starts_with(b"\r\n0") && matches!(bytes[3], b'\r' | b';' | b' ' | b'0')
                });
                let last = last.unwrap() + 2;
                let end = raw[last..].iter().position(|&byte| byte == b'\n').unwrap();
                raw.len() - (last + end)
            }
            "complete" if vector.name.starts_with("coding") => 3,
            "complete" => 0,
            _ => continue,
        };
        let step = if vector.raw.len() > 2000 { 7 } else { 1 };
        for len in (0..vector.expected.used - tail).step_by(step) {
            let mut response = Response::begin(CAPACITY);
            let cut = read(&mut response, [&vector.raw[..len]]);
            let truncated = status::ERR_HTTP_TRUNCATED;
            assert_eq!(cut.result, truncated, "{} {len}", vector.name);
            assert_eq!((cut.outcome, cut.keep_alive), (0, false));
        }
    }
}

#[test]
fn what_follows_a_response_stays() {
    for vector in vectors() {
        if vector.result == "complete" {
            let mut raw = vector.raw[..vector.expected.used].to_vec();
            raw.extend_from_slice(b"HTTP/1.1 500 \r\n\r\n");
            vector.check([&raw[..]], "with another one behind it");
        }
    }
}

#[test]
fn collects_into_any_capacity() {
    for vector in vectors() {
        let need = vector.body.len();
        if vector.result != "complete" {
            continue;
        }
        for capacity in 0..=need + 1 {
            for piece in [1, 7, vector.raw.len()] {
                let mut response = Response::begin(capacity);
                assert_eq!(response.body(), Err(status::ERR_STATE));
                let seen = read(&mut response, vector.raw.chunks(piece));
                let missing = need.saturating_sub(capacity);
                let expected = Seen {
                    outcome: seen.outcome,
                    missing,
                    body: if missing == 0 {
                        Ok(vector.body.clone())
                    } else {
                        Err(status::ERR_BODY_TOO_LARGE)
                    },
                    ..vector.expected.clone()
                };
                assert_eq!(seen, expected, "{} {capacity}", vector.name);
                let fits = capacity.min(need);
                assert_eq!(response.buffer()[..fits], vector.body[..fits]);
                let rest = &response.buffer()[fits..];
                assert!(rest.iter().all(|&byte| byte == 0x5A));
            }
        }
    }
}

#[test]
fn the_head_limit_counts_bytes_not_pieces() {
    let endless = b"HTTP/1.1 200 OK\r\nX: "
        .iter()
        .chain(std::iter::repeat(&b'a'));
    let mut response = Response::begin(0);
    for (taken, byte) in endless.enumerate() {
        let (result, _) = response.feed(std::slice::from_ref(byte));
        if taken == 8192 {
            assert_eq!(result, status::ERR_HTTP_HEAD_TOO_LARGE);
            break;
        }
        assert_eq!(result, status::NEED_MORE);
    }
}

#[test]
fn a_trailer_section_may_be_as_large_as_the_head_before_it() {
    let fill = |line: &str, end: &str, size: usize| {
        let spaces = " ".repeat(size - line.len() - end.len());
        format!("{line}{spaces}{end}")
    };
    let head = fill(
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX:",
        "\r\n\r\n",
        8192,
    );
    for size in [100, 8192, 8193] {
        let trailer = fill("X:", "\r\n", size - 2);
        let raw = format!("{head}1\r\na\r\n0\r\n{trailer}\r\n");
        let mut response = Response::begin(1);
        let seen = read(&mut response, raw.as_bytes().chunks(1000));
        let expected = if size > 8192 {
            status::ERR_HTTP_HEAD_TOO_LARGE
        } else {
            status::OK
        };
        assert_eq!(seen.result, expected, "{size}");
    }
}

#[test]
fn an_interim_response_says_nothing_about_the_final_one() {
    const DATE: &str = "Wed, 29 May 2024 12:29:28 GMT";
    const LATER: &str = "Wed, 29 May 2024 12:30:28 GMT";
    let last = format!("HTTP/1.1 503 \r\nDate: {DATE}\r\nContent-Length: 1\r\n\r\nx");
    for lines in [
        "Retry-After: 7",
        &format!("Retry-After: {LATER}"),
        "Content-Length: 0",
        "Transfer-Encoding: chunked",
        "Connection: close",
    ] {
        let interim = format!("HTTP/1.1 103 \r\n{lines}\r\n\r\n");
        let mut response = Response::begin(1);
        assert_eq!(response.feed(interim.as_bytes()).0, status::NEED_MORE);
        assert_eq!(response.status(), 0, "{lines}");
        let seen = read(&mut response, [last.as_bytes()]);
        assert_eq!((seen.result, seen.status), (status::OK, 503), "{lines}");
        assert_eq!((seen.retry_after, seen.keep_alive), (0, true), "{lines}");
        assert_eq!(seen.body.as_deref(), Ok(&b"x"[..]), "{lines}");
    }
}
