// SPDX-License-Identifier: MIT OR Apache-2.0
//! Field lines as real servers and proxies send them, and some that are nearly those.

use fastrand::Rng;

use crate::model::MONTHS;
use crate::random::{one_in, pick};

/// Lines that real servers and proxies send; none of them concerns the body.
pub const LINES: &[&str] = &[
    "Date: Wed, 29 May 2024 12:29:28 GMT",
    "Server: Apache/2.4.57 (Debian)",
    "Server: nginx",
    "Vary: Accept-Encoding,User-Agent",
    "Vary: *",
    "Set-Cookie: AWSALB=q3/; Expires=Wed, 05 Jun 2024 12:29:28 GMT; Path=/",
    "ETag: \"33a64df551425fcc55e4d42a148795d9f25f89d4\"",
    "ETag: W/\"0815\"",
    "Upgrade: h2c, h2",
    "TE: trailers, deflate;q=0.5",
    "Keep-Alive: timeout=5, max=100",
    "Via: 1.1 varnish (Varnish/6.0), 1.0 fred",
    "CF-RAY: 88b6e5f0ac5a0b8f-AMS",
    "CF-Cache-Status: DYNAMIC",
    "Content-Type: application/senml+json; charset=utf-8",
    "Content-Encoding: identity",
    "Strict-Transport-Security: max-age=31536000; includeSubDomains",
    "X-Request-Id: f058ebd6-02f7-4d3f-942e-904344e8cde5",
    "X-Powered-By: \u{e9}\u{20ac}, :;=\"\\",
    "X_1!#$%&'*+-.^`|~: odd",
    "Access-Control-Allow-Origin: *",
    "Transfer: chunked",
    "Transfer-Encodings: chunked",
    "Content: 7",
    "Content-Lengt: 7",
    "Content-Lengths: 7",
    "Content-Length-Hint: 7",
    "Content-Rang: bytes 0-1/2",
    "Con: close",
    "Connectio: close",
    "Connection2: close",
    "Proxy-Connection: close",
    "Retry: 9",
    "Retry-Afte: 9",
    "Retry-After-: 9",
    "Digest2: crc32=1",
    "D: x",
    "T: x",
    "Trailer: X-Checksum",
    "X-Empty:",
    "X-Comma: ,",
];

pub const OPTIONS: &[&str] = &[
    "close",
    "close",
    "keep-alive",
    "keep-alive",
    "Upgrade",
    "TE",
    "HTTP2-Settings",
    "closed",
    "clos",
    "keep",
    "keep-alive2",
    "keep alive",
    "c",
    "\u{e9}",
    "",
    "close;",
    "\"close\"",
];

pub const WAITS: &[&str] = &[
    "0",
    "1",
    "120",
    "3600",
    "007",
    "4294967295",
    "4294967296",
    "99999999999999999999",
    "-5",
    "+5",
    "12s",
    "1 2",
    "",
    "Fri, 31 Dec 1999 23:59:59 GMT",
    "Sunday, 06-Nov-94 08:49:37 GMT",
    "Sun Nov  6 08:49:37 1994",
];

pub const DIGESTS: &[&str] = &[
    "sha-256=X48E9qOokqqrvdts8nOJRJN3OWDUoyWxBf7kbu9DBPE=",
    "crc32=710bbd48",
    "crc32=A",
    "crc32=",
    "crc32=xyz",
    "crc32=123456789",
    "crc32c=1",
    "md5=HUXZLQLMuI/KZ5KDcJPcOA==",
    "unixsum=30637",
    "",
];

pub const RANGES: &[&str] = &[
    "bytes 0-255/3483",
    "bytes 0-",
    "bytes */3483",
    "bytes 5-6/*",
    "bytes 7-6/9",
    "bytes",
    "lines 1-2/3",
    "bytes 0-1/1",
    "bytes=0-1/2",
    "bytes 0-99999999999/3",
    "",
];

/// A date, most often in the form that is read, near enough to others that either may be the later one.
pub fn date(random: &mut Rng) -> String {
    let month = MONTHS[random.usize(..12)];
    let month = month[..1].to_ascii_uppercase() + &month[1..];
    let day = if one_in(random, 20) {
        random.u32(..140)
    } else {
        random.u32(1..=31)
    };
    let year = if one_in(random, 3) {
        pick(
            random,
            &[1967, 1968, 1969, 1999, 2000, 2001, 2025, 2099, 2100, 9999],
        )
    } else {
        2024
    };
    let [hour, minute, second] = [24, 60, 61].map(|base| random.u32(..base));
    match random.u32(..40) {
        0 => format!(
            "Sunday, {day:02}-{month}-{:02} {hour:02}:{minute:02}:{second:02} GMT",
            year % 100
        ),
        1 => format!("Sun {month} {day:2} {hour:02}:{minute:02}:{second:02} {year}"),
        2 => format!("{day} {month} {year} {hour}:{minute}:{second} GMT"),
        3 => format!("Sun, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} UTC"),
        4 => format!("Sun, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02}"),
        5 => format!("Sun, {day:02} {month} {year} {hour:02}:{minute:02} GMT"),
        6 => format!("Sun, {day:02} {month}e {year} {hour:02}:{minute:02}:{second:02} GMT"),
        7 => format!("Sun, {day:02}  {month} \t{year} {hour:02} :{minute:02}:{second:02} GMT"),
        8 => {
            let hour = pick(random, &[24, 99, 131, 132, 1000]);
            format!("Sun, {day:02} {month} {year} {hour}:{minute:02}:{second:02} GMT")
        }
        9 => format!("Sun, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT, 9"),
        10 => format!("Sun, {day:02} 12 {year} {hour:02}:{minute:02}:4294967296 GMT"),
        11 => format!("Sun, {day:02}  {month} \t{year}  {hour:02}:{minute:02}:{second:02}  GMT"),
        _ => format!("Sun, {day:02} {month} {year} {hour:02}:{minute:02}:{second:02} GMT"),
    }
}

/// The text with the case of its letters as it comes.
pub fn any_case(random: &mut Rng, text: &str) -> String {
    match random.u32(..4) {
        0 => text.to_ascii_lowercase(),
        1 => text.to_ascii_uppercase(),
        2 => text
            .chars()
            .map(|letter| {
                if random.bool() {
                    letter.to_ascii_uppercase()
                } else {
                    letter.to_ascii_lowercase()
                }
            })
            .collect(),
        _ => text.to_owned(),
    }
}

fn white_space(random: &mut Rng) -> &'static str {
    pick(random, &["", "", "", " ", " ", "\t", "  ", " \t "])
}

pub fn field(random: &mut Rng, name: &str, value: &str) -> String {
    let before = pick(random, &[" ", " ", " ", " ", "", "\t", "   "]);
    let behind = pick(random, &["", "", "", "", " ", "\t "]);
    format!("{}:{before}{value}{behind}", any_case(random, name))
}

/// One to four elements as a list, now and then with empty ones between.
pub fn list(random: &mut Rng, from: &[&str]) -> String {
    let mut text = String::new();
    for index in 0..=random.usize(..4) / (1 + random.usize(..2)) {
        if index != 0 {
            text.push_str(white_space(random));
            text.push(',');
            text.push_str(white_space(random));
            if one_in(random, 12) {
                text.push_str(", ");
            }
        }
        let element = pick(random, from);
        text.push_str(&any_case(random, element));
    }
    text
}

/// Lines for a body of this length; about one in ten is broken.
pub fn framing(random: &mut Rng, len: usize, chunked: bool, lines: &mut Vec<String>) {
    let broken = one_in(random, 10);
    if chunked {
        let value = if broken {
            pick(
                random,
                &[
                    "gzip",
                    "gzip, chunked",
                    "chunked, gzip",
                    "chunked, chunked",
                    "chunked;q=1",
                    "identity",
                    "",
                    ",",
                    "\"chunked\"",
                    "chunke",
                    "chunkedd",
                    "chun ked",
                    "chunked chunked",
                    "\u{b}chunked",
                ],
            )
        } else {
            pick(
                random,
                &[
                    "chunked",
                    "chunked",
                    "Chunked",
                    "CHUNKED",
                    "chunked,",
                    ",chunked",
                    " , chunked ,,",
                ],
            )
        };
        lines.push(field(random, "Transfer-Encoding", value));
        if broken && one_in(random, 3) {
            lines.push(field(random, "Content-Length", "5"));
        }
        if broken && one_in(random, 5) {
            lines.push(field(random, "Transfer-Encoding", "chunked"));
        }
        return;
    }
    let other = len + 1;
    let value = if broken {
        match random.u32(..12) {
            0 => format!("{len}, {other}"),
            1 => format!("+{len}"),
            2 => format!("-{len}"),
            3 => format!("{len}x"),
            4 => format!("0x{len}"),
            5 => format!("{len}.0"),
            6 => format!("{len} {len}"),
            7 => format!("{}", (1_u64 << 32) + len as u64),
            8 => format!("{len}{len}{len}99999999999999999999"),
            9 => String::new(),
            10 => ",".to_owned(),
            _ => format!("\"{len}\""),
        }
    } else {
        match random.u32(..12) {
            0 => format!("{len}, {len}"),
            1 => format!("0{len}"),
            2 => format!("{len},{len} ,\t{len}"),
            3 => format!("{len},"),
            4 => format!(", {len}"),
            _ => format!("{len}"),
        }
    };
    lines.push(field(random, "Content-Length", &value));
    if one_in(random, 8) {
        let again = if broken { other } else { len };
        lines.push(field(random, "Content-Length", &again.to_string()));
    }
}
