// SPDX-License-Identifier: MIT OR Apache-2.0
//! The leniency table in `src/http/mod.rs`, row by row: what is accepted beside what is refused.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/response.rs"]
mod driver;
use driver::status;
#[path = "common/downlink.rs"]
mod downlink;

use downlink::Downlink;
use driver::{Response, Seen, read};

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

#[test]
fn empty_lines_before_the_status_line() {
    taken(
        "ok",
        &["\r\n", "\n", "\r\n\r\n", "\n\r\n\n"].map(|lines| format!("{lines}{PLAIN}")),
    );
    let interim = "HTTP/1.1 100 Continue\r\n\r\n";
    taken(
        "ok",
        &[
            format!("{interim}\r\n{PLAIN}"),
            format!("\n{interim}\n\n{PLAIN}"),
        ],
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &[
            " ", "\t", "\r", "\r\r\n", " \r\n", "x\r\n", "\0", "\u{feff}",
        ]
        .map(|odd| format!("{odd}{PLAIN}")),
    );
    let endless = "\r\n".repeat(5000);
    refused(status::ERR_HTTP_HEAD_TOO_LARGE, &[endless]);
}

#[test]
fn spaces_behind_the_version() {
    let line = |space: &str| format!("HTTP/1.1{space}202 \r\nContent-Length: 2\r\n\r\nok");
    taken("ok", &[" ", "  ", "   ", "          "].map(line));
    for space in ["  ", "      "] {
        assert_eq!(seen(line(space).as_bytes()).status, 202);
        let old = format!("HTTP/1.0{space}202 \r\nContent-Length: 2\r\n\r\nok");
        assert!(
            !seen(old.as_bytes()).keep_alive,
            "the version is still read"
        );
    }
    refused(
        status::ERR_HTTP_SYNTAX,
        &["", "\t", " \t", "\t ", "\r\n ", " \r\n", " \n"].map(line),
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &["2 02", "20 2", " 2 0 2", "20", "2022", "2x2", "20#", "###"]
            .map(|code| format!("HTTP/1.1 {code}\r\nContent-Length: 0\r\n\r\n")),
    );
}

#[test]
fn a_status_line_without_reason_phrase() {
    taken(
        "ok",
        &[
            "",
            " ",
            "  ",
            " Accepted",
            " \u{e9}\t\u{20ac}",
            " 404 Not Found",
            " :",
        ]
        .map(|reason| format!("HTTP/1.1 202{reason}\r\nContent-Length: 2\r\n\r\nok")),
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &["\t", "x", ":", "\tAccepted", "-", ",", " \u{7f}", " \0"]
            .map(|reason| format!("HTTP/1.1 202{reason}\r\nContent-Length: 2\r\n\r\nok")),
    );
}

#[test]
fn minor_versions_that_are_not_known() {
    let line = |version: &str| format!("{version} 202 \r\nContent-Length: 2\r\n\r\nok");
    for minor in 1..=9 {
        let raw = line(&format!("HTTP/1.{minor}"));
        taken("ok", &[&raw]);
        assert!(seen(raw.as_bytes()).keep_alive);
    }
    assert!(!seen(line("HTTP/1.0").as_bytes()).keep_alive);
    refused(
        status::ERR_HTTP_SYNTAX,
        &[
            "HTTP/0.9",
            "HTTP/2.0",
            "HTTP/2",
            "HTTP/1.",
            "HTTP/1.#",
            "HTTP/#.1",
            "HTTP/1",
            "HTTP/1.10",
            "HTTP/01.1",
            "HTTP/11.1",
            "http/1.1",
            "HTTP/1,1",
            "HTTP 1.1",
            "HTP/1.1",
            "HTTPS/1.1",
            "ICY",
            "RTSP/1.0",
        ]
        .map(line),
    );
}

#[test]
fn a_bare_lf_ends_a_line_of_a_head_but_not_of_chunked_framing() {
    taken(
        "ok",
        &[PLAIN.replace("\r\n", "\n"), PLAIN.replacen("\r\n", "\n", 1)],
    );
    taken(
        "ok",
        &[
            "HTTP/1.1 202 \nA: b\r\nContent-Length: 2\n\r\nok",
            "HTTP/1.1 202 \r\nContent-Length: 2\r\n\nok",
        ],
    );
    taken(
        "ok",
        &[
            with_chunks("2\r\nok\r\n0\r\nA: b\nC: d\n\n"),
            with_chunks("2\r\nok\r\n0\r\n\n"),
        ],
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &[
            "2\nok\r\n0\r\n\r\n",
            "2\r\nok\n0\r\n\r\n",
            "2\r\nok\r\n0\n\r\n",
            "2;a\nok\r\n0\r\n\r\n",
            "2 \nok\r\n0\r\n\r\n",
        ]
        .map(with_chunks),
    );
}

#[test]
fn a_bare_cr_and_other_control_characters() {
    taken(
        "ok",
        &[
            with_line("A: \t\u{80}\u{e9}\u{20ac}\t"),
            with_line("A: \u{a0}b"),
            with_line("A:\t\t"),
        ],
    );
    for byte in (0..b' ')
        .chain([0x7F])
        .filter(|byte| !b"\t\n".contains(byte))
    {
        let odd = char::from(byte);
        refused(
            status::ERR_HTTP_SYNTAX,
            &[
                with_line(&format!("A: b{odd}c")),
                with_line(&format!("A{odd}: b")),
                with_line(&format!("A: {odd}")),
                format!("HTTP/1.1 202 {odd}Accepted\r\nContent-Length: 0\r\n\r\n"),
                with_chunks(&format!("2;a{odd}b\r\nok\r\n0\r\n\r\n")),
                with_chunks(&format!("2\r\nok\r\n0\r\nA: b{odd}c\r\n\r\n")),
            ],
        );
    }
}

#[test]
fn a_folded_line() {
    taken(
        "ok",
        &[
            "A: b\r\n c",
            "A:\r\n b",
            "A: b\n\tc",
            "A: b\r\n \r\n c",
            "A:\r\n\t",
            "Content-Length:\r\n 2",
            "Content-Length: 2\r\n ",
            "Content-Length: 2,\r\n\t2",
        ]
        .map(with_line),
    );
    taken("ok", &[with_chunks("2\r\nok\r\n0\r\nA: b\r\n c\r\n\r\n")]);
    let folded = with_line("Connection:\r\n close");
    assert!(!seen(folded.as_bytes()).keep_alive);
    // A space, not nothing.
    refused(
        status::ERR_HTTP_CONTENT_LENGTH,
        &["Content-Length: 2\r\n 2", "Content-Length: \r\n 2\r\n\t0"].map(with_line),
    );
    refused(
        status::ERR_HTTP_TRANSFER_ENCODING,
        &[with_only("Transfer-Encoding: chun\r\n ked")],
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &[
            "HTTP/1.1 202 \r\n A: b\r\nContent-Length: 0\r\n\r\n",
            "HTTP/1.1 202 Acc\r\n\tepted\r\nContent-Length: 0\r\n\r\n",
        ],
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &[with_chunks("2\r\nok\r\n0\r\n A: b\r\n\r\n")],
    );
}

#[test]
fn white_space_before_a_colon() {
    taken(
        "ok",
        &[
            "A:b",
            "A:  b",
            "A:\tb \t",
            "Content-Length:2",
            "Content-Length: \t2\t ",
        ]
        .map(with_line),
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &[
            "A : b",
            "A\t: b",
            "Content-Length : 2",
            "Transfer-Encoding\t: chunked",
            "A b: c",
            "Connection : close",
        ]
        .map(with_line),
    );
}

#[test]
fn a_line_without_colon_or_name() {
    taken(
        "ok",
        &["A::", "A:", "a-b_c.d!#$%&'*+^`|~9: x"].map(with_line),
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &[
            "A",
            ": b",
            ":",
            "HTTP/1.1 202",
            "{}",
            "A(b): c",
            "\"A\": b",
            "A@b: c",
            "\u{e9}: b",
            "A/b: c",
        ]
        .map(with_line),
    );
}

#[test]
fn empty_elements_of_a_list() {
    taken(
        "ok",
        &[
            "Content-Length: 2,",
            "Content-Length: ,2",
            "Content-Length: , ,2,,2 ,",
        ]
        .map(with_line),
    );
    taken(
        "ok",
        &["chunked,", ",chunked", " , chunked ,,", "Chunked\t,"].map(|coding| {
            format!("HTTP/1.1 202 \r\nTransfer-Encoding: {coding}\r\n\r\n2\r\nok\r\n0\r\n\r\n")
        }),
    );
    for options in ["close,", ",close", ",, close ,", "keep-alive,,close"] {
        assert!(!seen(with_line(&format!("Connection: {options}")).as_bytes()).keep_alive);
    }
    assert!(seen(with_line("Connection: ,").as_bytes()).keep_alive);
    refused(
        status::ERR_HTTP_CONTENT_LENGTH,
        &[
            "Content-Length:",
            "Content-Length: ,",
            "Content-Length: , ,",
        ]
        .map(with_line),
    );
    refused(
        status::ERR_HTTP_TRANSFER_ENCODING,
        &[
            "Transfer-Encoding:",
            "Transfer-Encoding: ,",
            "Transfer-Encoding:\t",
        ]
        .map(with_only),
    );
}

#[test]
fn a_length_that_is_there_twice() {
    taken(
        "ok",
        &[
            "Content-Length: 2",
            "Content-Length: 2, 2",
            "Content-Length: 02",
            "content-length: 2,2,2",
        ]
        .map(with_line),
    );
    refused(
        status::ERR_HTTP_CONTENT_LENGTH,
        &[
            "Content-Length: 3",
            "Content-Length: 2, 3",
            "Content-Length: 2\r\nContent-Length: 0",
        ]
        .map(with_line),
    );
}

#[test]
fn a_length_that_is_no_decimal_number() {
    taken(
        "ok",
        &[
            "Content-Length: 2",
            "Content-Length: 0000000000000000002",
            "CONTENT-LENGTH:2",
        ]
        .map(with_only),
    );
    refused(
        status::ERR_HTTP_CONTENT_LENGTH,
        &[
            "+2",
            "-2",
            "2 0",
            "0x2",
            "2.0",
            "2;",
            "\"2\"",
            "2x",
            "\u{b2}",
            "4294967296",
            "18446744073709551618",
            "2\t2",
        ]
        .map(|length| with_only(&format!("Content-Length: {length}"))),
    );
}

#[test]
fn a_coding_together_with_a_length_or_the_old_version() {
    taken("ok", &[with_chunks("2\r\nok\r\n0\r\n\r\n")]);
    let chunks = "2\r\nok\r\n0\r\n\r\n";
    refused(
        status::ERR_HTTP_TRANSFER_ENCODING,
        &[
            format!(
                "HTTP/1.1 202 \r\nTransfer-Encoding: chunked\r\nContent-Length: 12\r\n\r\n{chunks}"
            ),
            format!(
                "HTTP/1.1 202 \r\nContent-Length: 12\r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"
            ),
            format!("HTTP/1.0 202 \r\nTransfer-Encoding: chunked\r\n\r\n{chunks}"),
            format!(
                "HTTP/1.1 100 \r\nTransfer-Encoding: chunked\r\nContent-Length: 0\r\n\r\n{PLAIN}"
            ),
        ],
    );
}

#[test]
fn a_coding_other_than_chunked() {
    refused(
        status::ERR_HTTP_TRANSFER_ENCODING,
        &[
            "identity",
            "identity, chunked",
            "chunked, identity",
            "gzip",
            "gzip, chunked",
            "chunked, chunked",
            "chunkedchunked",
            "chunked;q=1",
            "\"chunked\"",
            "x-chunked",
            "chunked gzip",
        ]
        .map(|coding| with_only(&format!("Transfer-Encoding: {coding}"))),
    );
    refused(
        status::ERR_HTTP_TRANSFER_ENCODING,
        &[with_line("Transfer-Encoding: identity")],
    );
    // Names that only look similar have no part in framing.
    taken(
        "ok",
        &[
            "Transfer-Encodings: gzip",
            "X-Transfer-Encoding: gzip",
            "TE: gzip",
            "Content-Encoding: gzip",
        ]
        .map(with_line),
    );
}

#[test]
fn what_stands_around_a_chunk_size() {
    taken(
        "ok",
        &[
            "2 ",
            "2\t",
            "2 \t ",
            "02",
            "2;",
            "2;a=b",
            "2 ; a = \"b;c\"",
            "2;a=\"b",
            "00000002;;",
        ]
        .map(|size| with_chunks(&format!("{size}\r\nok\r\n0 \r\n\r\n"))),
    );
    refused(
        status::ERR_HTTP_SYNTAX,
        &[
            "", " 2", "\t2", "+2", "-2", "0x2", "2h", "2 a", "2,", ";a", "2:",
        ]
        .map(|size| with_chunks(&format!("{size}\r\nok\r\n0\r\n\r\n"))),
    );
    refused(
        status::ERR_HTTP_CONTENT_LENGTH,
        &["100000002", "fffffffff"].map(|size| with_chunks(&format!("{size}\r\nok"))),
    );
}

#[test]
fn a_connection_that_is_closed_in_a_chunked_body() {
    let whole = with_chunks("2\r\nok\r\n0\r\nA: b\r\n\r\n");
    let last = whole.find("0\r\nA").unwrap() + "0\r\n".len();
    for len in 0..=whole.len() {
        let cut = whole.get(..len).unwrap();
        let seen = seen(cut.as_bytes());
        if len < last {
            assert_eq!(seen.result, status::ERR_HTTP_TRUNCATED, "{cut:?}");
        } else {
            assert_eq!(
                (seen.result, seen.body.as_deref()),
                (status::OK, Ok(&b"ok"[..])),
                "{cut:?}"
            );
            assert_eq!(seen.keep_alive, len == whole.len(), "{cut:?}");
        }
    }
    for size in ["00", "0;a=b", "0 "] {
        taken("ok", &[with_chunks(&format!("2\r\nok\r\n{size}\r\n"))]);
        refused(
            status::ERR_HTTP_TRUNCATED,
            &[
                with_chunks(&format!("2\r\nok\r\n{size}\r")),
                with_chunks(&format!("2\r\nok\r\n{size}")),
            ],
        );
    }
}

#[test]
fn a_connection_that_is_closed_in_a_body_with_a_length() {
    taken("ok", &[PLAIN]);
    refused(
        status::ERR_HTTP_TRUNCATED,
        &[
            "HTTP/1.1 202 \r\nContent-Length: 3\r\n\r\nok",
            "HTTP/1.1 202 \r\nContent-Length: 1\r\n\r\n",
        ],
    );
    // Without framing the end of the connection is the end of the body.
    taken(
        "ok",
        &[
            "HTTP/1.1 202 \r\n\r\nok",
            "HTTP/1.0 202 \r\nConnection: keep-alive\r\n\r\nok",
        ],
    );
}

#[test]
fn fields_that_a_message_does_not_need() {
    taken(
        "ok",
        &[
            "Content-Range: bytes 0-",
            "Content-Range: bytes 5-1/3",
            "Content-Range: bytes 0-0/1\r\nContent-Range: bytes 0-0/1",
            "Digest: crc32=zz",
            "Digest: crc32=1,crc32=2",
            "Digest: sha-256=x",
            "ETag: x\"",
            "Location: http://[",
            "Accept-Ranges: none",
            "Last-Modified: yesterday",
            "Date: never",
            "Expires: 0",
            "Content-Type: text/html",
            "Keep-Alive: timeout=x",
            "Age: -1",
        ]
        .map(with_line),
    );
}

#[test]
fn a_retry_after_that_says_nothing() {
    for line in [
        "Retry-After:",
        "Retry-After: soon",
        "Retry-After: -5",
        "Retry-After: 1.5",
        "Retry-After: 4294967296",
        "Retry-After: 5s",
        "Retry-After: Fri, 31 Dec 2027 23:59:59 GMT",
    ] {
        let raw = with_line(line).replace("202", "503");
        taken("ok", &[&raw]);
        assert_eq!(seen(raw.as_bytes()).retry_after, 0, "{line}");
    }
}

#[test]
fn a_retry_after_in_seconds_or_as_a_date() {
    const DATE: &str = "Date: Fri, 31 Dec 1999 23:59:29 GMT";
    for (lines, seconds) in [
        ("Retry-After: 120", 120),
        (
            "Retry-After: 60\r\nRetry-After: 120\r\nRetry-After: 90",
            120,
        ),
        ("Retry-After: 120, 60", 120),
        ("Retry-After: 5\r\nRetry-After: soon", 5),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 GMT", 30),
        ("Retry-After: Sat, 01 Jan 2000 00:00:00 GMT", 31),
        ("retry-after: tue, 29 feb 2000 23:59:29 gmt", 60 * 86_400),
        ("Retry-After: Wed, 01 Mar 2000 23:59:29 GMT", 61 * 86_400),
        ("Retry-After: Sun, 31 Dec 2000 23:59:29 GMT", 366 * 86_400),
        ("Retry-After: Thu, 01 Mar 2001 23:59:29 GMT", 426 * 86_400),
        (
            "Retry-After: Thu, 31 Dec 2099 23:59:29 GMT",
            36_525 * 86_400,
        ),
        (
            "Retry-After: Fri, 31 Dec 1999 23:59:59 GMT\r\nRetry-After: 7",
            30,
        ),
        (
            "Retry-After: 77\r\nRetry-After: Fri, 31 Dec 1999 23:59:59 GMT",
            77,
        ),
        // Past, of another form, or beyond the years that are read.
        ("Retry-After: Fri, 31 Dec 1999 23:59:29 GMT", 0),
        ("Retry-After: Thu, 01 Jan 1970 00:00:00 GMT", 0),
        ("Retry-After: Friday, 31-Dec-99 23:59:59 GMT", 0),
        ("Retry-After: Fri Dec 31 23:59:59 1999", 0),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59", 0),
        ("Retry-After: Fri, 31 Dec 1999 23:59:59 UTC", 0),
        ("Retry-After: Fri, 31 Dez 1999 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 December 1999 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 Dec 2100 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 Dec 99 23:59:59 GMT", 0),
        ("Retry-After: Fri, 31 Dec 1999 23:59 GMT", 0),
    ] {
        for status in ["503", "429", "301", "300"] {
            for lines in [format!("{DATE}\r\n{lines}"), format!("{lines}\r\n{DATE}")] {
                let raw = with_line(&lines).replace("202", status);
                assert_eq!(seen(raw.as_bytes()).retry_after, seconds, "{lines}");
            }
        }
        // Without a Date, and beside an acceptance, a date says nothing.
        let numbers_only = if seconds == 30 || seconds == 31 || seconds >= 86_400 {
            0
        } else {
            seconds
        };
        let without = with_line(lines).replace("202", "503");
        let accepted = with_line(&format!("{DATE}\r\n{lines}"));
        let accepted_last = accepted.replace("202", "299");
        for raw in [without, accepted, accepted_last] {
            let wait = seen(raw.as_bytes()).retry_after;
            assert!(
                wait == numbers_only || (wait == 7 && lines.contains(": 7")),
                "{raw}"
            );
        }
    }
}

#[test]
fn bytes_behind_a_response() {
    for behind in ["x", "\r\n", "\0", "HTTP/1.1 500 \r\n\r\n"] {
        let raw = format!("{PLAIN}{behind}");
        let seen = seen(raw.as_bytes());
        assert_eq!((seen.result, seen.used), (status::OK, PLAIN.len()));
        assert_eq!(seen.body.as_deref(), Ok(&b"ok"[..]));
    }
}

#[test]
fn a_byte_order_mark_or_a_nul_around_json() {
    const MARK: &[u8] = b"\xEF\xBB\xBF";
    let text = br#"[{"n":"valve","vs":"a\tb"}]"#;
    for (before, behind) in [
        (&b""[..], &b""[..]),
        (MARK, b""),
        (b"", b"\0"),
        (MARK, b"\0"),
        (MARK, b"\r\n\0"),
        (b"", b" "),
    ] {
        for step in [1, 7, 1000] {
            let (mut downlink, begun) = Downlink::of_response(before, text, behind, step);
            assert_eq!(
                begun,
                status::OK,
                "{} {}",
                before.escape_ascii(),
                behind.escape_ascii()
            );
            let record = downlink.next().ok().unwrap();
            assert!(record.is("valve"));
            assert_eq!(downlink.next().err(), Some(status::END));
            assert!(downlink.is_whole());
        }
        let (mut downlink, begun) = Downlink::of_bytes(before, text, behind);
        assert_eq!((begun, downlink.next().is_ok()), (status::OK, true));
    }
    for (before, behind) in [
        (&b""[..], &b"\0\0"[..]),
        (&[MARK, MARK].concat(), b""),
        (b"\xEF\xBB", b""),
        (b"\xFF\xFE", b""),
        (b" \xEF\xBB\xBF", b""),
        (b"", b"\x1A"),
        (b"", b"\xEF\xBB\xBF"),
        (b"\0", b""),
        (b"", b"\0 "),
        (b"", b";"),
    ] {
        for (mut downlink, begun) in [
            Downlink::of_response(before, text, behind, 9),
            Downlink::of_bytes(before, text, behind),
        ] {
            assert!(
                begun < 0,
                "{} {}",
                before.escape_ascii(),
                behind.escape_ascii()
            );
            assert_eq!(downlink.next().err(), Some(status::ERR_STATE));
        }
    }
    for nothing in [&b""[..], b"\0", MARK] {
        for (mut downlink, begun) in [
            Downlink::of_response(b"", nothing, b"", 9),
            Downlink::of_bytes(b"", nothing, b""),
        ] {
            assert_eq!(
                (begun, downlink.next().err()),
                (status::OK, Some(status::END))
            );
        }
    }
}
