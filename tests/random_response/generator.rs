// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whole responses as a server could send them, most of them without fault, and damage to their bytes.

use fastrand::Rng;

use crate::field_lines::{
    DIGESTS, LINES, OPTIONS, RANGES, WAITS, any_case, date, field, framing, list,
};
use crate::random::{one_in, pick};

/// A status line and its head, the lines in any order and a few more among them.
fn head(random: &mut Rng, status: u16, end: &str, mut lines: Vec<String>) -> String {
    let version = if one_in(random, 6) {
        pick(
            random,
            &[
                "HTTP/1.0",
                "HTTP/1.0",
                "HTTP/1.0",
                "HTTP/1.2",
                "HTTP/1.9",
                "HTTP/2.0",
                "HTTP/1.10",
                "HTTP/1.",
                "http/1.1",
            ],
        )
    } else {
        "HTTP/1.1"
    };
    for _ in 0..random.usize(..6) {
        let line = match random.u32(..12) {
            0..=2 => {
                let value = list(random, OPTIONS);
                field(random, "Connection", &value)
            }
            3 if random.bool() => {
                let value = pick(random, WAITS);
                field(random, "Retry-After", value)
            }
            3 => {
                let until = date(random);
                let until = any_case(random, &until);
                lines.push(field(random, "Retry-After", &until));
                let sent = date(random);
                field(random, "Date", &sent)
            }
            4 => {
                let value = list(random, DIGESTS);
                field(random, "Digest", &value)
            }
            5 => {
                let value = pick(random, RANGES);
                field(random, "Content-Range", value)
            }
            _ => {
                let (name, value) = pick(random, LINES).split_once(':').unwrap();
                field(random, name, value.trim())
            }
        };
        lines.push(line);
    }
    if one_in(random, 200) {
        let len = random.usize(..9000);
        lines.push(field(random, "X-Long", &"a ".repeat(len / 2)));
    }
    random.shuffle(&mut lines);
    let reason = pick(
        random,
        &[
            "",
            " ",
            " OK",
            " Accepted",
            " Not Found",
            " \u{e9}\t,:",
            "  two",
        ],
    );
    let spaces = pick(
        random,
        &[" ", " ", " ", " ", " ", " ", " ", " ", " ", "   "],
    );
    let mut text = format!("{version}{spaces}{status}{reason}{end}");
    for line in lines {
        // Folded at some white space, RFC 9112 section 5.2.
        if one_in(random, 15) && line.contains(' ') {
            let fold = pick(random, &[" ", "\t", "  "]);
            text.push_str(&line.replacen(' ', &format!("{end}{fold}"), 1));
        } else {
            text.push_str(&line);
        }
        text.push_str(end);
    }
    text.push_str(end);
    text
}

/// A chunked body with its trailer section, RFC 9112 section 7.1.
fn chunks(random: &mut Rng, mut body: &[u8], raw: &mut Vec<u8>) {
    while !body.is_empty() {
        let (chunk, rest) = body.split_at(1 + random.usize(..body.len()));
        body = rest;
        let size = chunk.len();
        let line = match random.u32(..8) {
            0 => format!("{size:X}"),
            1 => format!("{size:05x}"),
            2 => format!("{size:x};name=value"),
            3 => format!("{size:x} ; name = \"; \\\" \"\t"),
            4 if one_in(random, 10) => format!("{size:x};{}", "x".repeat(random.usize(200..300))),
            5 if one_in(random, 10) => pick(
                random,
                &[
                    "",
                    ";x",
                    "x",
                    " 1",
                    "-1",
                    "0x1",
                    "1 1",
                    "100000000",
                    "FFFFFFFF",
                ],
            )
            .to_owned(),
            _ => format!("{size:x}"),
        };
        raw.extend_from_slice(line.as_bytes());
        raw.extend_from_slice(if one_in(random, 60) { b"\n" } else { b"\r\n" });
        raw.extend_from_slice(chunk);
        raw.extend_from_slice(if one_in(random, 60) { b"\n" } else { b"\r\n" });
    }
    raw.extend_from_slice(
        pick(
            random,
            &["0\r\n", "0\r\n", "000\r\n", "0;last\r\n", "0 \r\n"],
        )
        .as_bytes(),
    );
    while one_in(random, 3) {
        let line = pick(
            random,
            &[
                "X-Checksum: 1",
                "Content-Length: 99",
                "Transfer-Encoding: gzip",
                "Connection: close",
                "Retry-After: 99",
                "Expires: Wed,\r\n 21 Oct",
            ],
        );
        raw.extend_from_slice(line.as_bytes());
        raw.extend_from_slice(b"\r\n");
    }
    raw.extend_from_slice(b"\r\n");
}

/// A response as a server could send it, most of them without fault.
pub fn response(random: &mut Rng) -> Vec<u8> {
    let end = if one_in(random, 10) { "\n" } else { "\r\n" };
    let mut raw = Vec::new();
    if one_in(random, 20) {
        raw.extend_from_slice(end.repeat(1 + random.usize(..3)).as_bytes());
    }
    while one_in(random, 8) {
        let status = pick(random, &[100, 102, 103, 199]);
        let lines = if one_in(random, 4) {
            vec!["Retry-After: 77".to_owned(), "Connection: close".to_owned()]
        } else {
            Vec::new()
        };
        raw.extend_from_slice(head(random, status, end, lines).as_bytes());
    }
    let status = match random.u32(..4) {
        0 => random.u16(200..1000),
        1 => 200,
        _ => pick(
            random,
            &[
                202, 202, 204, 304, 400, 401, 403, 404, 408, 413, 429, 500, 503, 99,
            ],
        ),
    };
    let len = match random.u32(..4) {
        0 => 0,
        1 => random.usize(..600),
        _ => random.usize(..40),
    };
    let body: Vec<u8> = (0..len).map(|_| random.u8(..)).collect();
    let mut lines = Vec::new();
    match random.u32(..7) {
        0 => {
            let text = head(random, status, end, lines);
            raw.extend_from_slice(text.as_bytes());
            raw.extend_from_slice(&body);
        }
        1..=3 => {
            framing(random, len, true, &mut lines);
            let text = head(random, status, end, lines);
            raw.extend_from_slice(text.as_bytes());
            chunks(random, &body, &mut raw);
        }
        _ => {
            framing(random, len, false, &mut lines);
            let text = head(random, status, end, lines);
            raw.extend_from_slice(text.as_bytes());
            raw.extend_from_slice(&body);
        }
    }
    if one_in(random, 5) {
        raw.extend_from_slice(b"HTTP/1.1 500 \r\n\r\n");
    }
    raw
}

/// Changes a few bytes, most of them to bytes with a meaning.
pub fn damage(random: &mut Rng, raw: &mut Vec<u8>) {
    const TELLING: &[u8] = b"\r\n\0 \t:;,=*/-059afAFxg\"\x7f\x80\xff\r\n";
    for _ in 0..=random.usize(..2) {
        // Most often in the head.
        let most = if one_in(random, 3) {
            raw.len()
        } else {
            raw.len().min(120)
        };
        let at = random.usize(..=most);
        let byte = if one_in(random, 4) {
            random.u8(..)
        } else {
            pick(random, TELLING)
        };
        match random.u32(..4) {
            0 if at < raw.len() => raw[at] = byte,
            1 if at < raw.len() => {
                raw.remove(at);
            }
            2 if at < raw.len() => raw[at] ^= 1 << random.u32(..8),
            _ => raw.insert(at, byte),
        }
    }
}
