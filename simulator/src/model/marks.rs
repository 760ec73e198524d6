// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mistakes, marked in the bytes of a request, each with what to do about it.

use std::ops::Range;

use super::event::Mark;
use super::senml::spans;
use super::verify::{Place, Reason};

/// Where head and body of a request are.
pub struct Raw<'a> {
    /// The first bytes of the request.
    pub bytes: &'a [u8],
    /// Length of the head with the empty line at its end.
    pub head: usize,
    /// The whole body.
    pub body: &'a [u8],
}

/// A mark for each reason, in the order of the reasons.
pub fn marks(raw: &Raw<'_>, reasons: &[Reason]) -> Vec<Mark> {
    if reasons.is_empty() {
        return Vec::new();
    }
    let spans = spans(raw.body);
    reasons
        .iter()
        .map(|reason| {
            let in_body = |range: Range<usize>| raw.head + range.start..raw.head + range.end;
            let range = match &reason.place {
                Place::Request => 0..line(raw.bytes, 0),
                Place::Header(name) => header(raw, name),
                Place::Body => in_body(0..raw.body.len()),
                Place::Byte(at) => in_body(*at..(*at + 1).min(raw.body.len()).max(*at)),
                Place::Record(number, label) => {
                    let span = spans.get(*number);
                    let labelled = span.and_then(|span| {
                        let wanted = label.as_ref()?;
                        // The last one, since the second of two is the superfluous one.
                        let mut labels = span.labels.iter().rev();
                        Some(labels.find(|(other, _)| other == wanted)?.1.clone())
                    });
                    let record = || span.map(|span| span.record.clone());
                    in_body(labelled.or_else(record).unwrap_or(0..raw.body.len()))
                }
            };
            // Anything after the kept bytes is marked at their end.
            let offset = range.start.min(raw.bytes.len());
            Mark {
                offset,
                length: range.end.min(raw.bytes.len()) - offset,
                reason: reason.sentence.clone(),
                advice: reason.advice.clone(),
            }
        })
        .collect()
}

/// Where the line at `begin` ends, without its line end.
fn line(bytes: &[u8], begin: usize) -> usize {
    let rest = bytes.get(begin..).unwrap_or_default();
    let length = rest
        .iter()
        .position(|&byte| byte == b'\n')
        .unwrap_or(rest.len());
    let text = &rest[..length];
    begin + text.strip_suffix(b"\r").unwrap_or(text).len()
}

/// The last field line with this name; if there is none, an empty range at the end of the head.
fn header(raw: &Raw<'_>, name: &str) -> Range<usize> {
    let head = &raw.bytes[..raw.head.min(raw.bytes.len())];
    let mut found = None;
    let mut begin = 0;
    let mut last = 0;
    while begin < head.len() {
        let end = line(head, begin);
        if end == begin {
            last = begin;
            break;
        }
        let field = head[begin..end].split(|&byte| byte == b':').next();
        if field.is_some_and(|field| field.eq_ignore_ascii_case(name.as_bytes())) {
            found = Some(begin..end);
        }
        let rest = &head[end..];
        begin = end
            + rest
                .iter()
                .position(|&b| b == b'\n')
                .map_or(rest.len(), |at| at + 1);
        last = begin;
    }
    found.unwrap_or(last..last)
}

#[cfg(test)]
mod tests {
    use super::super::verify::Class;
    use super::*;

    const HEAD: &[u8] = b"POST / HTTP/1.1\r\nHost: m.m\r\nhost: x\r\n\r\n";

    fn marked(body: &[u8], place: Place) -> (usize, String) {
        let bytes = [HEAD, body].concat();
        let raw = Raw {
            bytes: &bytes,
            head: HEAD.len(),
            body,
        };
        let reason = Reason {
            class: Class::Malformed,
            sentence: String::new(),
            place,
            advice: String::new(),
        };
        let mark = marks(&raw, &[reason]).remove(0);
        let text = &bytes[mark.offset..mark.offset + mark.length];
        (mark.offset, String::from_utf8_lossy(text).into_owned())
    }

    #[test]
    fn marks_what_is_wrong_and_where_something_is_missing() {
        let body = br#"[{"bn":"a:","n":1,"n":2}]"#;
        for (place, text) in [
            (Place::Request, "POST / HTTP/1.1"),
            (Place::Header("Host"), "host: x"),
            (Place::Header("Content-Type"), ""),
            (Place::Body, r#"[{"bn":"a:","n":1,"n":2}]"#),
            (Place::Byte(1), "{"),
            (Place::Record(0, None), r#"{"bn":"a:","n":1,"n":2}"#),
            (Place::Record(0, Some("n".to_owned())), r#""n":2"#),
            (
                Place::Record(0, Some("u".to_owned())),
                r#"{"bn":"a:","n":1,"n":2}"#,
            ),
        ] {
            assert_eq!(marked(body, place).1, text);
        }
        let missing = marked(body, Place::Header("Content-Type"));
        assert_eq!(missing.0, HEAD.len() - 2);
    }

    #[test]
    fn stays_within_the_bytes_that_are_kept() {
        let raw = Raw {
            bytes: &HEAD[..20],
            head: HEAD.len(),
            body: b"[]",
        };
        for place in [
            Place::Request,
            Place::Body,
            Place::Byte(7),
            Place::Header("x"),
            Place::Record(3, None),
        ] {
            let reason = Reason {
                class: Class::Malformed,
                sentence: String::new(),
                place,
                advice: String::new(),
            };
            let mark = &marks(&raw, &[reason])[0];
            assert!(mark.offset + mark.length <= 20);
        }
    }
}
