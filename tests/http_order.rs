// SPDX-License-Identifier: MIT OR Apache-2.0
//! The order of field lines does not matter: heads with lines of real servers, in every order and in every split.
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/response.rs"]
mod driver;

use driver::{Response, Seen, read, status};

const ACCEPTED: i32 = 1;
const RETRY_LATER: i32 = 5;

/// Calls `each` with every order of the lines.
fn permutations<'a>(lines: &mut Vec<&'a str>, from: usize, each: &mut dyn FnMut(&[&'a str])) {
    if from == lines.len() {
        return each(lines);
    }
    for at in from..lines.len() {
        lines.swap(from, at);
        permutations(lines, from + 1, each);
        lines.swap(from, at);
    }
}

/// Reads a head with these lines and a body, in every order and every split, and expects the same of all.
fn in_every_order(status_line: &str, lines: &[&str], body: &str, expected: &Seen) {
    let mut response = Response::begin(64);
    let mut orders = 0;
    permutations(&mut lines.to_vec(), 0, &mut |order| {
        let mut raw = format!("{status_line}\r\n");
        for line in order {
            raw.push_str(line);
            raw.push_str("\r\n");
        }
        raw.push_str("\r\n");
        raw.push_str(body);
        let mut check = |pieces: &mut dyn Iterator<Item = &[u8]>| {
            response.restart();
            let mut seen = read(&mut response, pieces);
            if expected.result < 0 {
                seen.body.clone_from(&expected.body);
            } else {
                assert_eq!(seen.used, raw.len(), "{raw:?}");
            }
            seen.used = expected.used;
            assert_eq!(&seen, expected, "{raw:?}");
        };
        check(&mut [raw.as_bytes()].into_iter());
        for at in 1..raw.len() {
            let (left, right) = raw.as_bytes().split_at(at);
            check(&mut [left, right].into_iter());
        }
        check(&mut raw.as_bytes().chunks(1));
        orders += 1;
    });
    assert_eq!(orders, (1..=lines.len()).product::<usize>());
}

fn accepted() -> Seen {
    Seen {
        result: status::OK,
        status: 202,
        outcome: ACCEPTED,
        keep_alive: true,
        retry_after: 0,
        missing: 0,
        body: Ok(Vec::new()),
        used: 0,
    }
}

fn refused(result: i32) -> Seen {
    Seen {
        result,
        outcome: 0,
        keep_alive: false,
        body: Err(result),
        ..accepted()
    }
}

const STATUS_LINE: &str = "HTTP/1.1 202 ";

#[test]
fn a_connection_option_that_is_not_known() {
    let lines = ["Content-Length: 0", "Connection: Upgrade"];
    in_every_order(STATUS_LINE, &lines, "", &accepted());
    let lines = ["Transfer-Encoding: chunked", "Connection: Upgrade"];
    in_every_order(STATUS_LINE, &lines, "0\r\n\r\n", &accepted());
}

#[test]
fn a_list_of_connection_options() {
    let expected = Seen {
        keep_alive: false,
        ..accepted()
    };
    for framing in [
        ["Content-Length: 0", ""],
        ["Transfer-Encoding: chunked", "0\r\n\r\n"],
    ] {
        let [field, body] = framing;
        let lines = [field, "Connection: TE, close", "Via: 1.1 proxy"];
        in_every_order(STATUS_LINE, &lines, body, &expected);
    }
}

#[test]
fn a_field_without_value() {
    for empty in ["Connection:", "Connection: ", "Retry-After:", "Server:"] {
        in_every_order(STATUS_LINE, &["Content-Length: 0", empty], "", &accepted());
        let lines = ["Transfer-Encoding: chunked", empty];
        in_every_order(STATUS_LINE, &lines, "0\r\n\r\n", &accepted());
    }
}

#[test]
fn a_date_in_retry_after() {
    let expected = Seen {
        status: 503,
        outcome: RETRY_LATER,
        ..accepted()
    };
    let date = "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT";
    let lines = ["Content-Length: 0", date, "Server: nginx"];
    in_every_order("HTTP/1.1 503 Service Unavailable", &lines, "", &expected);
    let lines = ["Transfer-Encoding: chunked", date, "Connection: keep-alive"];
    let line = "HTTP/1.1 503 Service Unavailable";
    in_every_order(line, &lines, "0\r\n\r\n", &expected);
}

#[test]
fn a_digest_that_is_not_read() {
    let digest = "Digest: sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=";
    let lines = ["Content-Length: 0", digest, "Connection: keep-alive"];
    in_every_order(STATUS_LINE, &lines, "", &accepted());
    let lines = ["Transfer-Encoding: chunked", digest];
    in_every_order(STATUS_LINE, &lines, "0\r\n\r\n", &accepted());
}

#[test]
fn many_lines_of_a_real_server() {
    let lines = [
        "Date: Wed, 29 May 2024 12:29:28 GMT",
        "Content-Length: 2",
        "Connection: Keep-Alive, Upgrade",
        "Retry-After: 120",
        "Content-Range: bytes 0-1/2",
    ];
    let expected = Seen {
        retry_after: 120,
        body: Ok(b"ok".to_vec()),
        ..accepted()
    };
    in_every_order(STATUS_LINE, &lines, "ok", &expected);
}

#[test]
fn a_refused_framing_field_among_others() {
    for (bad, error) in [
        ("Content-Length: 1x", status::ERR_HTTP_CONTENT_LENGTH),
        ("Content-Length:", status::ERR_HTTP_CONTENT_LENGTH),
        ("Content-Length: 1", status::ERR_HTTP_CONTENT_LENGTH),
        (
            "Transfer-Encoding: gzip",
            status::ERR_HTTP_TRANSFER_ENCODING,
        ),
        (
            "Transfer-Encoding: chunked",
            status::ERR_HTTP_TRANSFER_ENCODING,
        ),
        ("Transfer-Encoding:", status::ERR_HTTP_TRANSFER_ENCODING),
    ] {
        let lines = ["Content-Length: 0", bad, "Connection: Upgrade", "Vary: *"];
        in_every_order(STATUS_LINE, &lines, "", &refused(error));
    }
}
