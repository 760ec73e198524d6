// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bytes of a JSON string, one at a time.
#![forbid(unsafe_code)]

use crate::json::string::Unescape;

/// Yields the bytes that a JSON string stands for. For an invalid string it yields a NUL, which nothing here accepts,
/// and then possibly further bytes without end.
pub struct Chars<'a> {
    text: &'a [u8],
    reader: Unescape,
}

impl<'a> Chars<'a> {
    /// Starts at the first byte.
    #[inline(never)]
    pub const fn new(text: &'a [u8]) -> Self {
        Self {
            text,
            reader: Unescape::new(0),
        }
    }
}

impl Iterator for Chars<'_> {
    type Item = u8;

    #[inline(never)]
    fn next(&mut self) -> Option<u8> {
        let next = self.reader.next(self.text);
        let whole = self.reader.position() == self.text.len() && self.reader.check().is_ok();
        if whole { next } else { next.or(Some(0)) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn what_is_no_json_string_goes_on_with_a_nul() {
        let take = |text| Chars::new(text).take(4).collect::<Vec<u8>>();
        assert_eq!(take(b"a\\/\\u0062c"), b"a/bc");
        assert_eq!(take(b"a\\u00e9"), "a\u{e9}".as_bytes());
        assert_eq!(take(b""), b"");
        for text in [
            &b"ab\"c"[..],
            b"ab\\",
            b"ab\\x",
            b"ab\x1f",
            b"ab\xff",
            b"ab\\ud800",
        ] {
            assert_eq!(take(text)[..3], *b"ab\0", "{}", text.escape_ascii());
        }
    }
}
