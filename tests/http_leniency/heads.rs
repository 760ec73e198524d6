// SPDX-License-Identifier: MIT OR Apache-2.0
//! The status line and the lines of a head.

use crate::driver::status;
use crate::{PLAIN, refused, seen, taken, with_chunks, with_line, with_only};

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
