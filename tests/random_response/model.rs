// SPDX-License-Identifier: MIT OR Apache-2.0
//! What must be read of a response: httparse reads the heads, and RFC 9112 section 6 is written down for the body.

use crate::driver::{Seen, status};

/// Largest head, and largest trailer section.
const HEAD_MAX: usize = 8192;
/// Largest line of chunked framing, with the line end in front of it.
const CHUNK_LINE_MAX: usize = 256;

/// A whole response, as the model reads it.
#[derive(Debug)]
pub struct Whole {
    pub status: u16,
    pub body: Vec<u8>,
    pub used: usize,
    pub keep_alive: bool,
    pub retry_after: u32,
}

/// Complete, or refused with one of these statuses: if several things are wrong, any of them may be reported.
pub type Verdict = Result<Whole, Vec<i32>>;

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

pub const MONTHS: [&str; 12] = [
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
pub fn assess(raw: &[u8]) -> Verdict {
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
pub fn expect(whole: &Whole, capacity: usize) -> Seen {
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
