//! The response parser against the vectors in `tests/vectors/http`: every split gives the same, a cut never passes.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

use kpn_things::error::Error;
use kpn_things::http::response::{Collected, ContentRange, HEAD_MAX, Method, Response};
use std::fs;
use std::path::{Path, PathBuf};

/// Everything a caller can learn from a response.
#[derive(Clone, PartialEq, Eq, Debug)]
struct Seen {
    error: Option<Error>,
    complete: bool,
    status: u16,
    used: usize,
    keep_alive: bool,
    content_length: Option<u32>,
    retry_after: Option<u32>,
    range: Option<ContentRange>,
    crc32: Option<u32>,
    body: Vec<u8>,
}

struct Run {
    response: Response,
    error: Option<Error>,
    used: usize,
    body: Vec<u8>,
}

impl Run {
    fn new(method: Method) -> Self {
        Self {
            response: Response::begin(method),
            error: None,
            used: 0,
            body: Vec::new(),
        }
    }

    fn feed(&mut self, mut input: &[u8]) {
        while !input.is_empty() && self.error.is_none() && !self.response.is_complete() {
            match self.response.step(input) {
                Ok(step) => {
                    assert!(0 < step.used && step.used <= input.len());
                    assert_eq!(step.complete, self.response.is_complete());
                    assert!(input[..step.used].ends_with(step.body));
                    self.used += step.used;
                    self.body.extend_from_slice(step.body);
                    input = &input[step.used..];
                }
                Err(error) => {
                    assert_eq!(self.response.step(input), Err(error), "an error is final");
                    assert_eq!(self.response.end(), Err(error));
                    self.error = Some(error);
                }
            }
        }
    }

    fn seen(self) -> Seen {
        let response = &self.response;
        assert_eq!(usize::try_from(response.body_len()), Ok(self.body.len()));
        Seen {
            error: self.error,
            complete: response.is_complete(),
            status: response.status(),
            used: self.used,
            keep_alive: response.keep_alive(),
            content_length: response.content_length(),
            retry_after: response.retry_after(),
            range: response.content_range(),
            crc32: response.crc32(),
            body: self.body,
        }
    }
}

/// Feeds the pieces, then closes the connection when `close` says so. `used` counts only up to a refusal's piece, so
/// it is left out there.
fn read<'a>(method: Method, pieces: impl IntoIterator<Item = &'a [u8]>, close: bool) -> Seen {
    let mut run = Run::new(method);
    for piece in pieces {
        run.feed(piece);
    }
    if run.error.is_some() {
        run.used = 0;
    } else if close {
        run.error = run.response.end().err();
    }
    run.seen()
}

struct Vector {
    name: String,
    method: Method,
    result: String,
    raw: Vec<u8>,
    expected: Seen,
}

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/http")
}

fn number(text: &str) -> Option<u32> {
    (text != "-" && text != "*").then(|| text.parse().unwrap())
}

fn range(text: &str) -> Option<ContentRange> {
    let (part, total) = text.split_once('/')?;
    let part = part
        .split_once('-')
        .map(|(first, last)| (first.parse().unwrap(), last.parse().unwrap()));
    Some(ContentRange {
        part,
        total: number(total),
    })
}

fn vectors() -> Vec<Vector> {
    let index = fs::read_to_string(folder().join("index.txt")).unwrap();
    let lines = index
        .lines()
        .map(|line| line.split('#').next().unwrap_or_default().trim());
    let mut vectors = Vec::new();
    for line in lines.filter(|line| !line.is_empty()) {
        let columns: Vec<&str> = line.split_whitespace().collect();
        let [
            name,
            method,
            result,
            status,
            used,
            keep_alive,
            length,
            retry,
            part,
            crc,
        ] = columns[..]
        else {
            panic!("ten columns in: {line}");
        };
        let error = match result {
            "complete" | "close" => None,
            "truncated" => Some(Error::HTTP_TRUNCATED),
            "syntax" => Some(Error::HTTP_SYNTAX),
            "length" => Some(Error::HTTP_CONTENT_LENGTH),
            "coding" => Some(Error::HTTP_TRANSFER_ENCODING),
            "size" => Some(Error::HTTP_HEAD_TOO_LARGE),
            other => panic!("unknown result {other}"),
        };
        vectors.push(Vector {
            name: name.to_owned(),
            method: match method {
                "get" => Method::Get,
                "post" => Method::Post,
                "head" => Method::Head,
                other => panic!("unknown method {other}"),
            },
            result: result.to_owned(),
            raw: fs::read(folder().join(format!("{name}.http"))).unwrap(),
            expected: Seen {
                error,
                complete: error.is_none(),
                status: status.parse().unwrap(),
                used: used.parse().unwrap(),
                keep_alive: keep_alive == "yes",
                content_length: number(length),
                retry_after: number(retry),
                range: range(part),
                crc32: (crc != "-").then(|| u32::from_str_radix(crc, 16).unwrap()),
                body: fs::read(folder().join(format!("{name}.body"))).unwrap_or_default(),
            },
        });
    }
    assert!(vectors.len() >= 150, "the index was read");
    vectors
}

impl Vector {
    fn refused(&self) -> bool {
        !matches!(self.result.as_str(), "complete" | "close" | "truncated")
    }

    fn whole(&self) -> Seen {
        read(self.method, [&self.raw[..]], true)
    }
}

#[test]
fn reads_each_vector_as_expected() {
    for vector in vectors() {
        let seen = vector.whole();
        if vector.refused() {
            let expected = &vector.expected;
            assert_eq!(seen.error, expected.error, "{}", vector.name);
            assert_eq!(seen.status, expected.status, "{}", vector.name);
            assert_eq!(seen.body, expected.body, "{}", vector.name);
            assert!(!seen.complete && !seen.keep_alive, "{}", vector.name);
        } else {
            assert_eq!(seen, vector.expected, "{}", vector.name);
        }
    }
}

#[test]
fn each_split_gives_the_same() {
    for vector in vectors() {
        let whole = vector.whole();
        let raw = &vector.raw[..];
        // The few vectors that are larger than any limit repeat themselves: there every seventh split does.
        let step = if raw.len() > 2000 { 7 } else { 1 };
        for at in (0..=raw.len()).step_by(step) {
            let (left, right) = raw.split_at(at);
            let split = read(vector.method, [left, right], true);
            assert_eq!(split, whole, "{} split at {at}", vector.name);
        }
        let bytes = read(vector.method, raw.chunks(1), true);
        assert_eq!(bytes, whole, "{} byte by byte", vector.name);
    }
}

#[test]
fn a_response_cut_at_any_byte_is_no_success() {
    for vector in vectors() {
        if vector.refused() {
            continue;
        }
        // Where the end of the connection ends the body, only a cut in the head can be noticed.
        let body = match vector.result.as_str() {
            "close" => vector.expected.body.len(),
            _ => 0,
        };
        let step = if vector.raw.len() > 2000 { 7 } else { 1 };
        for len in (0..vector.expected.used - body).step_by(step) {
            let cut = read(vector.method, [&vector.raw[..len]], true);
            assert_eq!(
                cut.error,
                Some(Error::HTTP_TRUNCATED),
                "{} {len}",
                vector.name
            );
            assert!(!cut.complete && !cut.keep_alive);
            let open = read(vector.method, [&vector.raw[..len]], false);
            assert_eq!((open.error, open.complete), (None, false));
        }
    }
}

#[test]
fn what_follows_a_response_stays() {
    for vector in vectors() {
        if vector.result != "complete" {
            continue;
        }
        let mut raw = vector.raw[..vector.expected.used].to_vec();
        raw.extend_from_slice(b"HTTP/1.1 500 \r\n\r\n");
        let seen = read(vector.method, [&raw[..]], true);
        assert_eq!(seen, vector.expected, "{}", vector.name);

        let mut response = Response::begin(vector.method);
        let mut store = vec![0; vector.expected.body.len()];
        let collected = response.collect(&raw, &mut store).unwrap();
        assert_eq!(collected.used, vector.expected.used, "{}", vector.name);
        let again = response.step(b"more").unwrap();
        assert_eq!((again.used, again.complete), (0, true));
    }
}

#[test]
fn collects_into_any_capacity() {
    for vector in vectors() {
        let expected = &vector.expected;
        if vector.result != "complete" {
            continue;
        }
        let need = expected.body.len();
        for capacity in 0..=need + 1 {
            for piece in [1, 7, vector.raw.len()] {
                let mut memory = vec![0xA5; need + 8];
                let (store, canary) = memory.split_at_mut(capacity);
                let mut response = Response::begin(vector.method);
                assert_eq!(response.body(store), Err(Error::STATE));
                let mut used = 0;
                let mut last = None;
                for input in vector.raw.chunks(piece) {
                    let collected = response.collect(input, store).unwrap();
                    used += collected.used;
                    last = Some(collected);
                    if collected.complete {
                        break;
                    }
                    assert_eq!(collected.used, input.len());
                }
                let missing = need.saturating_sub(capacity);
                assert!(
                    matches!(last, Some(Collected { complete: true, missing: m, .. }) if m == missing)
                );
                assert_eq!(used, expected.used, "{}", vector.name);
                assert_eq!(response.status(), expected.status);
                assert_eq!(response.keep_alive(), expected.keep_alive);
                let fits = capacity.min(need);
                assert_eq!(store[..fits], expected.body[..fits]);
                assert!(
                    store[fits..]
                        .iter()
                        .chain(&*canary)
                        .all(|&byte| byte == 0xA5)
                );
                if missing == 0 {
                    assert_eq!(response.body(store), Ok(&expected.body[..]));
                } else {
                    assert_eq!(response.body(store), Err(Error::BODY_TOO_LARGE));
                }
            }
        }
    }
}

#[test]
fn the_head_limit_counts_bytes_not_pieces() {
    let endless = b"HTTP/1.1 200 OK\r\nX: "
        .iter()
        .chain(std::iter::repeat(&b'a'));
    let mut response = Response::begin(Method::Post);
    for (taken, byte) in endless.enumerate() {
        let result = response.step(std::slice::from_ref(byte));
        if taken == usize::from(HEAD_MAX) {
            assert_eq!(result, Err(Error::HTTP_HEAD_TOO_LARGE));
            break;
        }
        assert!(result.is_ok());
    }
}

#[test]
fn an_untouched_response_is_known_as_such() {
    let mut response = Response::begin(Method::Post);
    assert!(response.is_untouched());
    assert!(response.step(b"").is_ok());
    assert!(response.is_untouched());
    assert!(response.step(b"\r").is_ok());
    assert!(!response.is_untouched());
}

#[test]
fn the_state_is_small() {
    assert!(size_of::<Response>() <= 96, "{}", size_of::<Response>());
}
