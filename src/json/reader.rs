// SPDX-License-Identifier: MIT OR Apache-2.0
//! Strict JSON tokens (RFC 8259), pulled one by one from a text that lies entirely in memory.
//!
//! No recursion: each open level is one bit, so the depth is limited to [`DEPTH_MAX`]. When the token of a string comes out, the string has
//! been checked to the last escape, but is left as it is.
#![forbid(unsafe_code)]

use super::string::{Unescape, plain_run};
use crate::error::{Error, Result};
use crate::number;
use crate::words::Flag;

/// Arrays and objects that may be open at the same time.
pub const DEPTH_MAX: u8 = 32;

/// A part of a text, as offsets, so that it stays valid when the text changes.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset after the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes; `None` if the span does not lie in `text`.
    #[inline(never)]
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.start >= self.end
    }
}

/// The kind of a token: its first character, or one that stands for it. Colons and commas are checked but not reported.
///
/// Not an enum: it is kept in the caller's memory, where every byte must be valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct TokenKind(u8);

impl TokenKind {
    /// The end: only white space follows the one value.
    pub const END: Self = Self(0);
    /// `[`
    pub const ARRAY_START: Self = Self(b'[');
    /// `]`
    pub const ARRAY_END: Self = Self(b']');
    /// `{`
    pub const OBJECT_START: Self = Self(b'{');
    /// `}`
    pub const OBJECT_END: Self = Self(b'}');
    /// A member's name with its colon.
    pub const KEY: Self = Self(b':');
    /// A string.
    pub const STRING: Self = Self(b'"');
    /// A number.
    pub const NUMBER: Self = Self(b'0');
    /// `true`
    pub const TRUE: Self = Self(b't');
    /// `false`
    pub const FALSE: Self = Self(b'f');
    /// `null`
    pub const NULL: Self = Self(b'n');
}

/// What may follow, apart from white space. Not an enum: a state may be forged, and any other byte counts as `NEXT`.
mod expected {
    /// A value: at the start, and after a colon.
    pub const VALUE: u8 = 0;
    /// After an opening bracket: the first item or member, or the closing bracket.
    pub const FIRST_OR_CLOSE: u8 = 1;
    /// After a comma: the next item or member.
    pub const NEXT: u8 = 2;
    /// After a value: a comma or the closing bracket, or the end of the text after the outermost value.
    pub const BEHIND: u8 = 3;
}

/// Stands for the end of the text, where bytes are passed as words, so that both fit in one register.
const END_OF_TEXT: u32 = u32::MAX;

/// The bit that is set in a brace and clear in a square bracket of the same side.
const BRACE: u32 = b'{' as u32 ^ b'[' as u32;

/// The error for a byte that must not stand there.
const fn wrong(byte: u32) -> Error {
    if byte == END_OF_TEXT {
        Error::JSON_TRUNCATED
    } else {
        Error::JSON_SYNTAX
    }
}

/// The kind of a token with this first character.
const fn first(byte: u32) -> TokenKind {
    let [byte, ..] = byte.to_le_bytes();
    TokenKind(byte)
}

/// The position in a text, and what may follow there. Each call takes the same text.
///
/// Plain integers; all zeros is the start.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Reader {
    position: usize,
    /// One bit per open level, the innermost lowest; set for an object.
    objects: u32,
    depth: u8,
    /// One of [`expected`].
    expected: u8,
    kind: TokenKind,
    is_escaped: Flag,
    span: Span,
}

impl Reader {
    /// Offset after the last token; after an error, near its cause.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Arrays and objects that are open.
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    /// What the last token was.
    pub const fn kind(&self) -> TokenKind {
        self.kind
    }

    /// Where the last number is, or the last key or string without its quotes.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Whether the last key or string may contain escapes.
    pub const fn is_escaped(&self) -> bool {
        self.is_escaped.get()
    }

    /// Takes the next token and keeps it in the reader, so that the result fits in one register. After an error the reader is unusable.
    #[inline(never)]
    pub fn advance(&mut self, text: &[u8]) -> Result<()> {
        let mut byte = self.skip_whitespace(text);
        if self.expected == expected::BEHIND {
            if self.depth == 0 {
                return self.end(byte);
            }
            if byte == u32::from(b',') {
                self.position += 1;
                self.expected = expected::NEXT;
                byte = self.skip_whitespace(text);
            }
        }
        let may_close =
            self.expected == expected::FIRST_OR_CLOSE && byte | BRACE == u32::from(b'}');
        if may_close || self.expected == expected::BEHIND {
            return self.close(byte);
        }
        let is_key = self.expected != expected::VALUE && self.objects & 1 == 1;
        if byte == u32::from(b'"') {
            self.string(text)?;
            if is_key {
                return self.colon(text);
            }
            self.kind = TokenKind::STRING;
        } else if is_key {
            return Err(wrong(byte));
        } else if byte | BRACE == u32::from(b'{') {
            return self.open(byte);
        } else if byte == u32::from(b'-') || byte.wrapping_sub(u32::from(b'0')) < 10 {
            self.number(text)?;
        } else {
            self.literal(text, byte)?;
        }
        self.expected = expected::BEHIND;
        Ok(())
    }

    /// Skips the value that follows a key, however it is nested.
    pub fn skip_value(&mut self, text: &[u8]) -> Result<()> {
        let depth = self.depth;
        loop {
            self.advance(text)?;
            if self.depth <= depth {
                return Ok(());
            }
        }
    }

    fn end(&mut self, byte: u32) -> Result<()> {
        if byte != END_OF_TEXT {
            return Err(Error::JSON_SYNTAX);
        }
        self.kind = TokenKind::END;
        Ok(())
    }

    fn colon(&mut self, text: &[u8]) -> Result<()> {
        let byte = self.skip_whitespace(text);
        if byte != u32::from(b':') {
            return Err(wrong(byte));
        }
        self.position += 1;
        self.kind = TokenKind::KEY;
        self.expected = expected::VALUE;
        Ok(())
    }

    fn number(&mut self, text: &[u8]) -> Result<()> {
        self.span.start = self.position;
        number::skip(text, &mut self.position)?;
        self.span.end = self.position;
        self.kind = TokenKind::NUMBER;
        Ok(())
    }

    fn open(&mut self, byte: u32) -> Result<()> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::JSON_DEPTH);
        }
        self.depth += 1;
        self.objects <<= 1;
        if byte & BRACE != 0 {
            self.objects |= 1;
        }
        self.kind = first(byte);
        self.expected = expected::FIRST_OR_CLOSE;
        self.position += 1;
        Ok(())
    }

    fn close(&mut self, byte: u32) -> Result<()> {
        let kind = if self.objects & 1 == 1 {
            TokenKind::OBJECT_END
        } else {
            TokenKind::ARRAY_END
        };
        if first(byte) != kind {
            return Err(wrong(byte));
        }
        // A forged state may close what was never opened, and would then never end.
        self.depth = self.depth.wrapping_sub(1);
        self.objects >>= 1;
        self.kind = kind;
        self.expected = expected::BEHIND;
        self.position += 1;
        Ok(())
    }

    /// Takes a string, from its opening quote to after its closing one.
    fn string(&mut self, text: &[u8]) -> Result<()> {
        self.position += 1;
        self.span.start = self.position;
        self.position = plain_run(text, self.position);
        let is_escaped = self.byte(text) != u32::from(b'"');
        self.is_escaped = Flag::new(is_escaped);
        if is_escaped {
            self.rest_of_string(text)?;
        }
        self.span.end = self.position;
        self.position += 1;
        Ok(())
    }

    /// Goes on to the closing quote, whatever comes before it.
    fn rest_of_string(&mut self, text: &[u8]) -> Result<()> {
        let mut content = Unescape::new(self.position);
        while content.next(text).is_some() {}
        self.position = content.position();
        content.check()?;
        if self.position >= text.len() {
            return Err(Error::JSON_TRUNCATED);
        }
        Ok(())
    }

    fn literal(&mut self, text: &[u8], byte: u32) -> Result<()> {
        // The letters that follow, the next one lowest.
        let mut rest = if byte == u32::from(b't') {
            u32::from_le_bytes(*b"rue\0")
        } else if byte == u32::from(b'f') {
            u32::from_le_bytes(*b"alse")
        } else if byte == u32::from(b'n') {
            u32::from_le_bytes(*b"ull\0")
        } else {
            return Err(wrong(byte));
        };
        self.kind = first(byte);
        self.position += 1;
        while rest > 0 {
            let byte = self.byte(text);
            if byte != rest & 0xFF {
                return Err(wrong(byte));
            }
            rest >>= 8;
            self.position += 1;
        }
        Ok(())
    }

    /// Skips white space and returns the first byte of the next token, or [`END_OF_TEXT`]. Fast if there is none.
    fn skip_whitespace(&mut self, text: &[u8]) -> u32 {
        match text.get(self.position) {
            Some(&byte) if byte > b' ' => u32::from(byte),
            _ => self.skip_some_whitespace(text),
        }
    }

    #[inline(never)]
    fn skip_some_whitespace(&mut self, text: &[u8]) -> u32 {
        loop {
            let byte = self.byte(text);
            if !matches!(byte, 0x20 | 0x09 | 0x0A | 0x0D) {
                return byte;
            }
            self.position += 1;
        }
    }

    fn byte(&self, text: &[u8]) -> u32 {
        let byte = text.get(self.position);
        byte.map_or(END_OF_TEXT, |&byte| u32::from(byte))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn read(text: &str) -> Result<String> {
        let text = text.as_bytes();
        let mut reader = Reader::default();
        let mut seen = Vec::new();
        loop {
            reader.advance(text)?;
            let raw = core::str::from_utf8(reader.span().of(text)).unwrap();
            seen.push(match reader.kind() {
                TokenKind::ARRAY_START => String::from("["),
                TokenKind::ARRAY_END => String::from("]"),
                TokenKind::OBJECT_START => String::from("{"),
                TokenKind::OBJECT_END => String::from("}"),
                TokenKind::KEY => format!("{raw}:"),
                TokenKind::STRING => format!("'{raw}'"),
                TokenKind::NUMBER => format!("#{raw}"),
                TokenKind::TRUE => String::from("true"),
                TokenKind::FALSE => String::from("false"),
                TokenKind::NULL => String::from("null"),
                _ => return Ok(seen.concat()),
            });
        }
    }

    #[test]
    fn hands_out_every_token_between_any_white_space() {
        let text = " [ {\"a\" : -1.5e+3,\n\"b\\\"\":[]} ,\ttrue,false , null,\"x\\u0041\" ,{}]\r\n";
        assert_eq!(
            read(text).unwrap(),
            "[{a:#-1.5e+3b\\\":[]}truefalsenull'x\\u0041'{}]"
        );
        assert_eq!(read("0").unwrap(), "#0");
        assert_eq!(read("\"\"").unwrap(), "''");
    }

    #[test]
    fn refuses_what_is_not_json() {
        for text in [
            "]",
            "}",
            "[}",
            "{]",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{1:2}",
            "{\"a\" 1}",
            "{\"a\":1 \"b\":2}",
            "[1]x",
            "[1][",
            "1 2",
            "nul0",
            "[tru]",
            "+1 ",
            "[01]",
            "[-]",
            "[1.]",
            "[.5]",
            "[1e]",
            "[1e+]",
            "[0x1]",
            "[1-2]",
            "[Infinity]",
            "[NaN]",
            "'a'",
            "[1]\u{b}",
            "\u{feff}1",
            "[\"\n\"]",
            "/**/1",
        ] {
            assert_eq!(read(text), Err(Error::JSON_SYNTAX), "{text}");
        }
        for text in [
            "", " ", "[", "{", "{\"a", "{\"a\"", "{\"a\":", "{\"a\":1", "[1,", "tru", "-", "1.",
            "\"\\",
        ] {
            assert_eq!(read(text), Err(Error::JSON_TRUNCATED), "{text}");
        }
    }

    #[test]
    fn limits_the_depth_and_nothing_else() {
        let nested = |depth| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
        let limit = usize::from(DEPTH_MAX);
        assert!(read(&nested(limit)).is_ok());
        assert_eq!(read(&nested(limit + 1)), Err(Error::JSON_DEPTH));
        let mixed = format!("{}1{}", "{\"a\":[".repeat(16), "]}".repeat(16));
        assert!(read(&mixed).is_ok());
        assert!(read(&mixed.replace("]}", "}]")).is_err());
        assert!(read(&format!("[{}1]", "[],{},".repeat(1000))).is_ok());
    }

    #[test]
    fn skips_a_value_of_any_kind() {
        for value in [
            "1",
            "\"x\"",
            "null",
            "[]",
            "{}",
            "[1,{\"a\":[2]}]",
            "{\"a\":{\"b\":[]}}",
        ] {
            let text = format!("{{\"x\":{value},\"y\":1}}");
            let text = text.as_bytes();
            let mut reader = Reader::default();
            reader.advance(text).unwrap();
            reader.advance(text).unwrap();
            reader.skip_value(text).unwrap();
            reader.advance(text).unwrap();
            assert_eq!(reader.kind(), TokenKind::KEY, "{value}");
            assert_eq!(reader.span().of(text), b"y");
        }
    }

    #[test]
    fn agrees_with_serde_json_on_every_short_text_of_an_alphabet() {
        let alphabet: Vec<char> = "[]{}\",:\\0-1.e t".chars().collect();
        let count = alphabet.len();
        for index in 0..count.pow(5) {
            let mut rest = index;
            let mut text = String::new();
            for _ in 0..5 {
                text.push(alphabet[rest % count]);
                rest /= count;
            }
            let expected = serde_json::from_str::<serde::de::IgnoredAny>(&text).is_ok();
            assert_eq!(read(&text).is_ok(), expected, "{text}");
        }
    }

    #[test]
    fn agrees_with_the_number_reader_on_every_short_text() {
        let alphabet = b"-+.0159eE";
        for index in 0..9_usize.pow(6) {
            let mut rest = index;
            let mut text = [b' '; 7];
            for byte in &mut text[..6] {
                *byte = alphabet[rest % 9];
                rest /= 9;
            }
            let whole = crate::number::parse_len(&text[..6]) == Some(6);
            let mut reader = Reader::default();
            let ours = reader.advance(&text).is_ok()
                && reader.advance(&text).is_ok()
                && reader.kind() == TokenKind::END;
            assert_eq!(ours, whole, "{text:?}");
        }
    }
}
