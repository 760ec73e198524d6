// SPDX-License-Identifier: MIT OR Apache-2.0
//! Damage to the text of a pack: of a certain kind, or anywhere.

use crate::driver::Status;
use crate::model::{DEPTH_MAX, Random};
use crate::status;
use crate::words::BAD_NUMBERS;

/// Damages the text of a valid pack such that one status is certain.
pub fn damage(random: &mut Random, text: &mut Vec<u8>) -> Option<Status> {
    let quotes: Vec<usize> = string_starts(text);
    let mut insert = |random: &mut Random, choices: &[&[u8]], status| {
        let at = *quotes.get(random.below(quotes.len().max(1)))?;
        text.splice(at..at, random.of(choices).iter().copied());
        Some(status)
    };
    match random.below(6) {
        0 => insert(
            random,
            &[
                b"\\ud800 ",
                b"\\udc00",
                b"\\ud83d\\ud83d",
                b"\\x",
                b"\\u00g0",
                b"\\U0041",
                b"\\'",
                b"\\ud800\\n",
                b"\\uDBFF\\u0041",
                b"\\0",
                b"\\u 041",
                b"\\u-041",
            ],
            status::ERR_JSON_ESCAPE,
        ),
        1 => insert(
            random,
            &[b"\n", b"\0", b"\x1f", b"\t", b"abcdefghijk\r"],
            status::ERR_JSON_SYNTAX,
        ),
        2 => insert(
            random,
            &[
                b"\xFF",
                b"\xC3 ",
                b"\x80",
                b"\xC0\x80",
                b"\xED\xA0\x80",
                b"\xF4\x90\x80\x80",
                b"\xE0\x80\x80",
                b"\xF5\x80\x80\x80",
                b"abcdefg\xE2\x82 ",
                b"\xF0\x8F\x80\x80",
            ],
            status::ERR_UTF8,
        ),
        3 => {
            text.extend_from_slice(random.of(&[
                &b"x"[..],
                b"]",
                b",",
                b"\0",
                b"[]",
                b"\x0b",
                b"1",
                b"\"",
                b"\xEF\xBB\xBF",
            ]));
            Some(status::ERR_JSON_SYNTAX)
        }
        4 => {
            let at = text.iter().position(|byte| *byte == b'{')? + 1;
            let comma = if text[at..].trim_ascii_start().starts_with(b"}") {
                ""
            } else {
                ","
            };
            let deep = format!("\"x\":{}{comma}", "[".repeat(DEPTH_MAX - 1));
            text.splice(at..at, deep.bytes());
            Some(status::ERR_JSON_DEPTH)
        }
        _ => {
            let at = text.iter().position(|byte| *byte == b'{')? + 1;
            let comma = if text[at..].trim_ascii_start().starts_with(b"}") {
                ""
            } else {
                ","
            };
            let bad = format!("\"x\":{}{comma}", random.of(BAD_NUMBERS));
            // Nothing before a brace or comma is not a number either.
            text.splice(at..at, bad.bytes());
            Some(status::ERR_JSON_SYNTAX)
        }
    }
}

/// After the opening quote of each string.
fn string_starts(text: &[u8]) -> Vec<usize> {
    let (mut starts, mut inside, mut escaped) = (Vec::new(), false, false);
    for (at, byte) in text.iter().enumerate() {
        if escaped {
            escaped = false;
        } else if *byte == b'\\' {
            escaped = inside;
        } else if *byte == b'"' {
            inside = !inside;
            if inside {
                starts.push(at + 1);
            }
        }
    }
    starts
}

pub fn scramble(random: &mut Random, text: &mut Vec<u8>) {
    const TELLING: &[u8] = b"\"\\{}[]:,0-.eubnvst_=+/ \n\0\xC3\xA9\xFFd8";
    for _ in 0..=random.below(3) {
        if text.is_empty() {
            return;
        }
        let at = random.below(text.len());
        let byte = if random.one_in(3) {
            random.0.u8(..)
        } else {
            TELLING[random.below(TELLING.len())]
        };
        match random.below(4) {
            0 => text.insert(at, byte),
            1 => drop(text.remove(at)),
            _ => text[at] = byte,
        }
    }
}
