// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where a body ends, and what stands behind it.

use crate::driver::status;
use crate::{PLAIN, refused, seen, taken, with_chunks, with_line, with_only};

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
fn bytes_behind_a_response() {
    for behind in ["x", "\r\n", "\0", "HTTP/1.1 500 \r\n\r\n"] {
        let raw = format!("{PLAIN}{behind}");
        let seen = seen(raw.as_bytes());
        assert_eq!((seen.result, seen.used), (status::OK, PLAIN.len()));
        assert_eq!(seen.body.as_deref(), Ok(&b"ok"[..]));
    }
}
