// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random responses, through the C functions from begin to the last accessor, against a plain model: httparse reads the
//! heads, and RFC 9112 section 6 is written down for the body, based on its header list.
//!
//! `KPN_SEED` sets the seed, `KPN_CASES` the number of cases.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/response.rs"]
mod driver;
#[path = "common/shares.rs"]
mod shares;

use driver::{Response, Seen, read, status};
use fastrand::Rng;
use std::path::Path;
use std::{env, fs};

/// Largest head, and largest trailer section.
const HEAD_MAX: usize = 8192;
/// Largest line of chunked framing, with the line end in front of it.
const CHUNK_LINE_MAX: usize = 256;

// ---- The model ------------------------------------------------------------------------------------------------------

/// A whole response, as the model reads it.
#[derive(Debug)]
struct Whole {
    status: u16,
    body: Vec<u8>,
    used: usize,
    keep_alive: bool,
    retry_after: u32,
}

/// Complete, or refused with one of these statuses: if several things are wrong, any of them may be reported.
type Verdict = Result<Whole, Vec<i32>>;

/// The possible refusals of a response whose end is missing.
fn cut() -> Vec<i32> {
    vec![
        status::ERR_HTTP_TRUNCATED,
        status::ERR_HTTP_SYNTAX,
        status::ERR_HTTP_CONTENT_LENGTH,
        status::ERR_HTTP_TRANSFER_ENCODING,
        status::ERR_HTTP_HEAD_TOO_LARGE,
    ]
}

/// The elements of all field lines with this name, in lower case, RFC 9110 sections 5.3 and 5.6.1: empty ones do not count.
fn elements(headers: &[httparse::Header], name: &str) -> Vec<String> {
    headers
        .iter()
        .filter(|header| header.name.eq_ignore_ascii_case(name))
        .flat_map(|header| {
            let value: Vec<u8> = header
                .value
                .iter()
                .map(|&byte| if byte < b' ' { b' ' } else { byte })
                .collect();
            String::from_utf8_lossy(&value)
                .split(',')
                .map(|element| element.trim_matches(' ').to_ascii_lowercase())
                .filter(|element| !element.is_empty())
                .collect::<Vec<_>>()
        })
        .collect()
}

/// A field line with this name that has no element.
fn has_empty_line(headers: &[httparse::Header], name: &str) -> bool {
    headers.iter().any(|header| {
        header.name.eq_ignore_ascii_case(name)
            && elements(std::slice::from_ref(header), name).is_empty()
    })
}

fn number(text: &str) -> Option<u32> {
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok()).flatten()
}

const MONTHS: [&str; 12] = [
    "jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec",
];

/// Seconds of an IMF-fixdate (RFC 9110 section 5.6.7) behind its day name, counted from 1968 on; `None` for other forms.
/// Days and times that no calendar has are counted on, as far as 131.
fn seconds(date: &str) -> Option<i64> {
    let words: Vec<&str> = date.split(' ').filter(|word| !word.is_empty()).collect();
    let [day, month, year, time, "gmt"] = words[..] else {
        return None;
    };
    let small = |text: &str| number(text).filter(|&part| part < 132).map(i64::from);
    let month = MONTHS.iter().position(|name| *name == month)?;
    let year = number(year).filter(|year| (1968..2100).contains(year))?;
    let is_leap = |year: u32| year.is_multiple_of(4);
    let mut days = small(day)?;
    for before in 1968..year {
        days += 365 + i64::from(is_leap(before));
    }
    for before in 0..month {
        days += match before {
            1 => 28 + i64::from(is_leap(year)),
            3 | 5 | 8 | 10 => 30,
            _ => 31,
        };
    }
    let parts: Vec<&str> = time.split(':').collect();
    let [hour, minute, second] = parts[..] else {
        return None;
    };
    Some(((days * 24 + small(hour)?) * 60 + small(minute)?) * 60 + small(second)?)
}

/// Seconds of Retry-After, the most of several: numbers, and dates where there is a Date to count from.
fn retry_after(headers: &[httparse::Header], status: u16) -> u32 {
    let waits = elements(headers, "retry-after");
    let dates = elements(headers, "date");
    let sent = dates.iter().filter_map(|date| seconds(date)).next_back();
    let mut most = waits.iter().filter_map(|wait| number(wait)).max();
    if let Some(sent) = sent.filter(|_| status >= 300) {
        let until = waits.iter().filter_map(|wait| seconds(wait)).max();
        most = most.max(until.and_then(|until| u32::try_from(until - sent).ok()));
    }
    most.unwrap_or(0)
}

/// Where the status line begins: empty lines may stand before it.
fn skip_empty_lines(raw: &[u8]) -> usize {
    let mut at = 0;
    while let Some(end) = [&b"\r\n"[..], b"\n"]
        .into_iter()
        .find(|end| raw[at..].starts_with(end))
    {
        at += end.len();
    }
    at
}

/// Assesses a response whose connection is closed after `raw`.
fn model(raw: &[u8]) -> Verdict {
    let mut at = 0;
    loop {
        let start = at + skip_empty_lines(&raw[at..]);
        let mut head = raw[start..].to_vec();
        // A higher minor version is read as the highest that is known, RFC 9110 section 2.5.
        if head.starts_with(b"HTTP/1.") && matches!(head.get(7), Some(b'2'..=b'9')) {
            head[7] = b'1';
        }
        let mut headers = vec![httparse::EMPTY_HEADER; 1200];
        let mut parsed = httparse::Response::new(&mut headers);
        let mut config = httparse::ParserConfig::default();
        config.allow_obsolete_multiline_headers_in_responses(true);
        config.allow_multiple_spaces_in_response_status_delimiters(true);
        let len = match config.parse_response(&mut parsed, &head) {
            Ok(httparse::Status::Complete(len)) => len,
            Ok(httparse::Status::Partial) => return Err(cut()),
            // Only the byte after a CR shows what it is for.
            Err(_) if head.len() + start > HEAD_MAX || head.ends_with(b"\r") => return Err(cut()),
            Err(_) => {
                let mut errors = cut();
                errors.remove(0);
                return Err(errors);
            }
        };
        let (status, version) = (parsed.code.unwrap(), parsed.version.unwrap());
        if status < 100 {
            return Err(vec![status::ERR_HTTP_SYNTAX]);
        }
        at = start + len;

        let headers = &*parsed.headers;
        let mut errors = Vec::new();
        let lengths = elements(headers, "content-length");
        let length = lengths.first().and_then(|first| number(first));
        if has_empty_line(headers, "content-length")
            || lengths
                .iter()
                .any(|other| number(other).is_none() || number(other) != length)
        {
            errors.push(status::ERR_HTTP_CONTENT_LENGTH);
        }
        let codings = elements(headers, "transfer-encoding");
        let chunked = !codings.is_empty();
        if has_empty_line(headers, "transfer-encoding")
            || chunked && (codings != ["chunked"] || version == 0 || !lengths.is_empty())
        {
            errors.push(status::ERR_HTTP_TRANSFER_ENCODING);
        }
        if at > HEAD_MAX {
            errors.push(status::ERR_HTTP_HEAD_TOO_LARGE);
        }
        if !errors.is_empty() {
            return Err(errors);
        }
        if status < 200 {
            continue;
        }

        let options = elements(headers, "connection");
        let has = |option| options.iter().any(|other| other == option);
        let mut whole = Whole {
            status,
            body: Vec::new(),
            used: at,
            keep_alive: !has("close") && (version == 1 || has("keep-alive")),
            retry_after: retry_after(headers, status),
        };
        if status == 204 || status == 304 {
            // No body.
        } else if chunked {
            read_chunks(raw, &mut whole)?;
        } else if let Some(length) = length {
            whole.used += length as usize;
            let body = raw.get(at..whole.used);
            whole.body = body
                .ok_or_else(|| vec![status::ERR_HTTP_TRUNCATED])?
                .to_vec();
        } else {
            whole.body = raw[at..].to_vec();
            whole.used = raw.len();
            whole.keep_alive = false;
        }
        return Ok(whole);
    }
}

/// Reads a chunked body, RFC 9112 section 7.1, from `whole.used` on.
fn read_chunks(raw: &[u8], whole: &mut Whole) -> Result<(), Vec<i32>> {
    let mut room = CHUNK_LINE_MAX;
    loop {
        let line = &raw[whole.used..];
        let line = &line[..line.len().min(room)];
        let Some(len) = line.iter().position(|&byte| byte == b'\n') else {
            return Err(cut());
        };
        let syntax = || vec![status::ERR_HTTP_SYNTAX, status::ERR_HTTP_CONTENT_LENGTH];
        let text = line[..len].strip_suffix(b"\r").ok_or_else(syntax)?;
        if text
            .iter()
            .any(|&byte| byte.is_ascii_control() && byte != b'\t')
        {
            return Err(syntax());
        }
        let digits = text
            .iter()
            .take_while(|byte| byte.is_ascii_hexdigit())
            .count();
        let (size, behind) = text.split_at(digits);
        let behind = behind.trim_ascii_start();
        if digits == 0 || !matches!(behind.first(), None | Some(b';')) {
            return Err(syntax());
        }
        let size = u128::from_str_radix(str::from_utf8(size).unwrap(), 16).unwrap_or(u128::MAX);
        if size > u128::from(u32::MAX) {
            return Err(vec![status::ERR_HTTP_CONTENT_LENGTH]);
        }
        whole.used += len + 1;
        if size == 0 {
            break;
        }
        let rest = &raw[whole.used..];
        let Some((chunk, behind)) = rest.split_at_checked(size as usize) else {
            return Err(vec![status::ERR_HTTP_TRUNCATED]);
        };
        whole.body.extend_from_slice(chunk);
        whole.used += chunk.len();
        match behind {
            [b'\r', b'\n', ..] => whole.used += 2,
            [] | [b'\r'] => return Err(vec![status::ERR_HTTP_TRUNCATED]),
            _ => return Err(vec![status::ERR_HTTP_SYNTAX]),
        }
        room = CHUNK_LINE_MAX - 2;
    }
    let head = [b"HTTP/1.1 200\r\n", &raw[whole.used..]].concat();
    let mut headers = vec![httparse::EMPTY_HEADER; 1200];
    let mut parsed = httparse::Response::new(&mut headers);
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    match config.parse_response(&mut parsed, &head) {
        Ok(httparse::Status::Complete(len)) if len - 14 <= HEAD_MAX => whole.used += len - 14,
        // The body is whole with the chunk of size 0, RFC 9112 section 8.
        Ok(httparse::Status::Partial) if head.len() - 14 <= HEAD_MAX => {
            whole.used = raw.len();
            whole.keep_alive = false;
        }
        Ok(_) => return Err(vec![status::ERR_HTTP_HEAD_TOO_LARGE]),
        Err(_) => {
            return Err(vec![
                status::ERR_HTTP_SYNTAX,
                status::ERR_HTTP_HEAD_TOO_LARGE,
            ]);
        }
    }
    Ok(())
}

/// The codes of 4xx in IANA's registry, RFC 9110 section 16.2.1.
const REGISTERED_4XX: &[u16] = &[
    400, 401, 402, 403, 404, 405, 406, 407, 408, 409, 410, 411, 412, 413, 414, 415, 416, 417, 421,
    422, 423, 424, 425, 426, 428, 429, 431, 451,
];

/// The documented meaning of a status.
fn outcome(status: u16) -> i32 {
    // One that is not known is its class, and no code at all is a server error, RFC 9110 section 15.
    let known = match status / 100 {
        4 if !REGISTERED_4XX.contains(&status) => 400,
        6.. => 500,
        _ => status,
    };
    match known {
        400 => 2,
        401 | 403 => 3,
        404 => 4,
        408 | 429 => 5,
        _ => match known / 100 {
            2 => 1,
            3 | 4 => 6,
            _ => 5,
        },
    }
}

/// What the C functions must return; `Err` lists the possible refusals.
fn expect(whole: &Whole, capacity: usize) -> Seen {
    let missing = whole.body.len().saturating_sub(capacity);
    Seen {
        result: status::OK,
        status: i32::from(whole.status),
        outcome: outcome(whole.status),
        keep_alive: whole.keep_alive,
        retry_after: whole.retry_after,
        missing,
        body: if missing == 0 {
            Ok(whole.body.clone())
        } else {
            Err(status::ERR_BODY_TOO_LARGE)
        },
        used: whole.used,
    }
}

// ---- The generator --------------------------------------------------------------------------------------------------

fn pick<T: Copy>(random: &mut Rng, from: &[T]) -> T {
    from[random.usize(..from.len())]
}

fn one_in(random: &mut Rng, of: u32) -> bool {
    random.u32(..of) == 0
}

/// Lines that real servers and proxies send; none of them concerns the body.
const LINES: &[&str] = &[
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

const OPTIONS: &[&str] = &[
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

const WAITS: &[&str] = &[
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

const DIGESTS: &[&str] = &[
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

const RANGES: &[&str] = &[
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
fn date(random: &mut Rng) -> String {
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
fn any_case(random: &mut Rng, text: &str) -> String {
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

fn field(random: &mut Rng, name: &str, value: &str) -> String {
    let before = pick(random, &[" ", " ", " ", " ", "", "\t", "   "]);
    let behind = pick(random, &["", "", "", "", " ", "\t "]);
    format!("{}:{before}{value}{behind}", any_case(random, name))
}

/// One to four elements as a list, now and then with empty ones between.
fn list(random: &mut Rng, from: &[&str]) -> String {
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
fn framing(random: &mut Rng, len: usize, chunked: bool, lines: &mut Vec<String>) {
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
fn response(random: &mut Rng) -> Vec<u8> {
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
fn damage(random: &mut Rng, raw: &mut Vec<u8>) {
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

// ---- The comparison -------------------------------------------------------------------------------------------------

fn fits(verdict: &Verdict, seen: &Seen, capacity: usize) -> bool {
    match verdict {
        Ok(whole) => *seen == expect(whole, capacity),
        Err(errors) => {
            errors.contains(&seen.result)
                && seen.outcome == 0
                && !seen.keep_alive
                && seen.body == Err(seen.result)
        }
    }
}

fn from_environment(name: &str, otherwise: u64) -> u64 {
    env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Reads a response whole, in pieces and byte by byte, and expects what the model says, or stops with it and `source`.
fn compare(random: &mut Rng, raw: &[u8], verdict: &Verdict, source: &str) {
    let capacity = if one_in(random, 5) {
        random.usize(..50)
    } else {
        700
    };
    let mut response = Response::begin(capacity);
    let expect = |how: &str, seen: &Seen| {
        if !fits(verdict, seen, capacity) {
            let shown = raw.escape_ascii();
            panic!("{source}, {how}\n{shown}\nexpected {verdict:?}\ngot {seen:?}");
        }
    };
    expect("whole", &read(&mut response, [raw]));
    if let Ok(whole) = verdict {
        let len = whole.body.len().min(capacity);
        let (body, behind) = response.buffer().split_at(len);
        assert_eq!(body, &whole.body[..len]);
        assert!(behind.iter().all(|&byte| byte == 0x5A));
    }
    response.restart();
    let mut pieces = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let most = rest.len().min(60);
        let (piece, behind) = rest.split_at(random.usize(..=most));
        pieces.push(piece);
        rest = behind;
    }
    expect("in pieces", &read(&mut response, pieces));
    if raw.len() < 1500 {
        response.restart();
        expect("byte by byte", &read(&mut response, raw.chunks(1)));
    }
}

/// How many were kept alive, closed and refused; each has to be made often.
#[derive(Default, Debug)]
struct Counts {
    kept: usize,
    closed: usize,
    refused: usize,
}

impl Counts {
    fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Ok(whole) if whole.keep_alive => self.kept += 1,
            Ok(_) => self.closed += 1,
            Err(_) => self.refused += 1,
        }
    }

    fn check(&self) {
        let all = self.kept + self.closed + self.refused;
        let shares = [
            ("kept", self.kept, 12),
            ("closed", self.closed, 12),
            ("refused", self.refused, 12),
        ];
        shares::check(all, &shares);
    }
}

#[test]
fn random_responses_are_read_as_the_model_reads_them() {
    let seed = from_environment("KPN_SEED", 0x9112);
    let cases = from_environment("KPN_CASES", 100_000);
    let mut random = Rng::with_seed(seed);
    let mut counts = Counts::default();
    for case in 0..cases {
        let mut raw = response(&mut random);
        let mut verdict = model(&raw);
        if one_in(&mut random, 4) {
            damage(&mut random, &mut raw);
            verdict = model(&raw);
        } else if one_in(&mut random, 6) {
            let was_whole = verdict.is_ok();
            raw.truncate(random.usize(..=raw.len()));
            verdict = model(&raw);
            // Nothing else is wrong with it.
            if was_whole && verdict.is_err() {
                verdict = Err(vec![status::ERR_HTTP_TRUNCATED]);
            }
        }
        counts.count(&verdict);
        let source = format!("KPN_SEED={seed} case {case}");
        compare(&mut random, &raw, &verdict, &source);
    }
    counts.check();
}

/// The vectors that are short enough to be damaged many times.
fn vectors() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/http");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "http"))
        .collect();
    paths.sort();
    let vectors = paths.iter().map(|path| fs::read(path).unwrap());
    vectors.filter(|raw| raw.len() < 1000).collect()
}

#[test]
fn damaged_vectors_are_read_as_the_model_reads_them() {
    let seed = from_environment("KPN_SEED", 0x9110);
    let cases = from_environment("KPN_CASES", 100_000);
    let vectors = vectors();
    assert!(vectors.len() > 100);
    let mut random = Rng::with_seed(seed);
    let mut counts = Counts::default();
    for case in 0..cases {
        let mut raw = vectors[random.usize(..vectors.len())].clone();
        match random.u32(..4) {
            0 => {
                // The beginning of one, and the end of another.
                let other = &vectors[random.usize(..vectors.len())];
                raw.truncate(random.usize(..=raw.len()));
                raw.extend_from_slice(&other[random.usize(..=other.len())..]);
            }
            1 => {}
            _ => damage(&mut random, &mut raw),
        }
        let verdict = model(&raw);
        counts.count(&verdict);
        let source = format!("KPN_SEED={seed} case {case}");
        compare(&mut random, &raw, &verdict, &source);
    }
    counts.check();
}
