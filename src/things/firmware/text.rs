//! The bytes of a JSON string, one by one.
#![forbid(unsafe_code)]

use crate::json::string::Unescape;

/// Gives the bytes that a JSON string stands for; without end NULs, which nothing accepts here, where it stands for none.
pub struct Chars<'a> {
    text: &'a [u8],
    reader: Unescape,
}

impl<'a> Chars<'a> {
    /// Starts at the first byte.
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
