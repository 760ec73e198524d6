//! Strict JSON tokens (RFC 8259), pulled one by one from a text that lies whole in memory.
//!
//! No recursion: what is open is one bit per level, so the depth is limited to [`DEPTH_MAX`]. Strings are checked to the
//! last escape when their token comes out, but left as they are.
#![forbid(unsafe_code)]

use super::string::{Unescape, plain_run};
use crate::error::{Error, Result};
use crate::number;

/// Arrays and objects that may be open at the same time.
pub const DEPTH_MAX: u8 = 32;

/// A part of a text, as offsets, so that it outlives a change of the text.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset behind the last byte.
    pub end: usize,
}

impl Span {
    /// The bytes; none when the span does not lie in `text`.
    #[inline(never)]
    pub fn of(self, text: &[u8]) -> &[u8] {
        text.get(self.start..self.end).unwrap_or_default()
    }

    /// Number of bytes.
    pub const fn len(self) -> usize {
        self.end.saturating_sub(self.start)
    }

    /// Whether there are no bytes.
    pub const fn is_empty(self) -> bool {
        self.len() == 0
    }
}

/// One token. Colons and commas are checked and not told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// `[`
    ArrayStart,
    /// `]`
    ArrayEnd,
    /// `{`
    ObjectStart,
    /// `}`
    ObjectEnd,
    /// A member's name with its colon: the text between the quotes, escapes not resolved.
    Key(Span),
    /// A string: the text between the quotes, escapes not resolved.
    String(Span),
    /// A number's text.
    Number(Span),
    /// `true` or `false`
    Bool(bool),
    /// `null`
    Null,
    /// Nothing but white space followed the one value.
    End,
}

/// The kind of a token: an [`Event`] whose span stays with the reader. A number that is none of these is no token.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct TokenKind(u8);

#[expect(
    non_upper_case_globals,
    reason = "they read as the variants of an enum"
)]
impl TokenKind {
    /// `[`
    pub const ArrayStart: Self = Self(1);
    /// `]`
    pub const ArrayEnd: Self = Self(2);
    /// `{`
    pub const ObjectStart: Self = Self(3);
    /// `}`
    pub const ObjectEnd: Self = Self(4);
    /// A member's name with its colon.
    pub const Key: Self = Self(5);
    /// A string.
    pub const String: Self = Self(6);
    /// A number.
    pub const Number: Self = Self(7);
    /// `true`
    pub const True: Self = Self(8);
    /// `false`
    pub const False: Self = Self(9);
    /// `null`
    pub const Null: Self = Self(10);
    /// Nothing but white space followed the one value.
    pub const End: Self = Self(11);

    /// Of a token of an array, that of an object when it is 1.
    const fn of_object(self, object: u32) -> Self {
        let [object, ..] = object.to_le_bytes();
        Self(self.0.wrapping_add(object << 1))
    }
}

/// A value must follow: at the start, and behind a colon.
const VALUE: u8 = 0;
/// Behind an opening bracket: its first item, or it closes.
const FIRST: u8 = 1;
/// Behind a comma: the next item.
const NEXT: u8 = 2;
/// Behind a value.
const AFTER: u8 = 3;

/// In place of a byte: nothing follows. Bytes are words, so that one with it takes one register.
const END_OF_TEXT: u32 = u32::MAX;

/// What a brace has more than the bracket of the same side.
const CASE: u32 = 0x20;

/// Why a byte is not what must stand there.
const fn wrong(byte: u32) -> Error {
    if byte == END_OF_TEXT {
        Error::JSON_TRUNCATED
    } else {
        Error::JSON_SYNTAX
    }
}

/// The position in a text and what may follow there. The same text is given to each call.
///
/// Plain integers, of which every combination is safe; all zero is the start.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Reader {
    position: usize,
    /// One bit per open level, the innermost lowest: set for an object.
    objects: u32,
    depth: u8,
    expect: u8,
    /// Which of [`TokenKind`] was the last.
    kind: u8,
    /// Whether the last key or string is not what stands between its quotes.
    escaped: u8,
    /// What the last key, string or number was.
    span: Span,
}

impl Reader {
    /// Before the first byte.
    pub const fn new() -> Self {
        Self {
            position: 0,
            objects: 0,
            depth: 0,
            expect: VALUE,
            kind: 0,
            escaped: 0,
            span: Span { start: 0, end: 0 },
        }
    }

    /// Offset behind the last token; after an error, near its cause.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// Arrays and objects that are open.
    pub const fn depth(&self) -> u8 {
        self.depth
    }

    /// The token that was taken last.
    pub const fn kind(&self) -> TokenKind {
        TokenKind(self.kind)
    }

    /// What the last [`TokenKind::Key`], [`TokenKind::String`] or [`TokenKind::Number`] was.
    pub const fn span(&self) -> Span {
        self.span
    }

    /// Whether the last key or string may differ from what stands between its quotes.
    pub const fn is_escaped(&self) -> bool {
        self.escaped != 0
    }

    /// Takes the next token, its span with it. After an error the reader is of no more use.
    pub fn next(&mut self, text: &[u8]) -> Result<Event> {
        Ok(match self.token(text)? {
            TokenKind::ArrayStart => Event::ArrayStart,
            TokenKind::ArrayEnd => Event::ArrayEnd,
            TokenKind::ObjectStart => Event::ObjectStart,
            TokenKind::ObjectEnd => Event::ObjectEnd,
            TokenKind::Key => Event::Key(self.span),
            TokenKind::String => Event::String(self.span),
            TokenKind::Number => Event::Number(self.span),
            TokenKind::True => Event::Bool(true),
            TokenKind::False => Event::Bool(false),
            TokenKind::Null => Event::Null,
            _ => Event::End,
        })
    }

    /// Takes the next token, as [`Reader::next`], its span apart: smaller where size counts.
    pub fn token(&mut self, text: &[u8]) -> Result<TokenKind> {
        self.advance(text)?;
        Ok(self.kind())
    }

    /// As [`Reader::token`], with the token left in the reader, so that the result is one register.
    #[inline(never)]
    pub fn advance(&mut self, text: &[u8]) -> Result<()> {
        let mut byte = self.first(text);
        if self.expect == AFTER {
            if byte == END_OF_TEXT && self.depth == 0 {
                self.kind = TokenKind::End.0;
                return Ok(());
            }
            if byte != u32::from(b',') || self.depth == 0 {
                return self.close(byte);
            }
            self.step();
            self.expect = NEXT;
            byte = self.first(text);
        } else if self.expect == FIRST && byte | CASE == u32::from(b'}') {
            return self.close(byte);
        }
        let key = self.expect != VALUE && self.in_object();
        if byte == u32::from(b'"') {
            return self.string(text, key);
        }
        if key {
            return Err(wrong(byte));
        }
        if byte | CASE == u32::from(b'{') {
            return self.open(byte);
        }
        let token = if byte == u32::from(b'-') || byte.wrapping_sub(u32::from(b'0')) < 10 {
            self.number(text)?;
            TokenKind::Number
        } else {
            self.literal(text, byte)?
        };
        self.kind = token.0;
        self.expect = AFTER;
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

    fn open(&mut self, byte: u32) -> Result<()> {
        if self.depth >= DEPTH_MAX {
            return Err(Error::JSON_DEPTH);
        }
        self.depth = self.depth.wrapping_add(1);
        let object = byte >> 5 & 1;
        self.objects = self.objects << 1 | object;
        self.expect = FIRST;
        self.kind = TokenKind::ArrayStart.of_object(object).0;
        self.step();
        Ok(())
    }

    fn close(&mut self, byte: u32) -> Result<()> {
        let object = self.objects & 1;
        if byte != u32::from(b']') | object << 5 || self.depth == 0 {
            return Err(wrong(byte));
        }
        self.depth = self.depth.wrapping_sub(1);
        self.objects >>= 1;
        self.expect = AFTER;
        self.kind = TokenKind::ArrayEnd.of_object(object).0;
        self.step();
        Ok(())
    }

    fn string(&mut self, text: &[u8], key: bool) -> Result<()> {
        self.step();
        self.span.start = self.position;
        self.position = plain_run(text, self.position);
        self.escaped = 0;
        if self.byte(text) != u32::from(b'"') {
            self.escaped = 1;
            self.rest_of_string(text)?;
        }
        self.span.end = self.position;
        self.step();
        if !key {
            self.kind = TokenKind::String.0;
            self.expect = AFTER;
            return Ok(());
        }
        let byte = self.first(text);
        if byte != u32::from(b':') {
            return Err(wrong(byte));
        }
        self.step();
        self.kind = TokenKind::Key.0;
        self.expect = VALUE;
        Ok(())
    }

    /// Goes on to the closing quote, whatever stands before it.
    #[inline(never)]
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

    fn literal(&mut self, text: &[u8], byte: u32) -> Result<TokenKind> {
        // The letters that follow, the next one lowest.
        let (mut rest, token) = if byte == u32::from(b't') {
            (u32::from_le_bytes(*b"rue\0"), TokenKind::True)
        } else if byte == u32::from(b'f') {
            (u32::from_le_bytes(*b"alse"), TokenKind::False)
        } else if byte == u32::from(b'n') {
            (u32::from_le_bytes(*b"ull\0"), TokenKind::Null)
        } else {
            return Err(wrong(byte));
        };
        self.step();
        while rest > 0 {
            let byte = self.byte(text);
            if byte != rest & 0xFF {
                return Err(wrong(byte));
            }
            rest >>= 8;
            self.step();
        }
        Ok(token)
    }

    fn number(&mut self, text: &[u8]) -> Result<()> {
        self.span.start = self.position;
        number::skip(text, &mut self.position)?;
        self.span.end = self.position;
        Ok(())
    }

    /// As `peek`, quick where there is no white space.
    fn first(&mut self, text: &[u8]) -> u32 {
        match text.get(self.position) {
            Some(&byte) if byte > b' ' => u32::from(byte),
            _ => self.peek(text),
        }
    }

    /// Skips white space; the first byte of the token behind it, or [`END_OF_TEXT`].
    #[inline(never)]
    fn peek(&mut self, text: &[u8]) -> u32 {
        loop {
            let byte = self.byte(text);
            if !matches!(byte, 0x20 | 0x09 | 0x0A | 0x0D) {
                return byte;
            }
            self.step();
        }
    }

    fn byte(&self, text: &[u8]) -> u32 {
        let byte = text.get(self.position);
        byte.map_or(END_OF_TEXT, |&byte| u32::from(byte))
    }

    const fn step(&mut self) {
        self.position = self.position.wrapping_add(1);
    }

    const fn in_object(&self) -> bool {
        self.objects & 1 == 1
    }
}

/// Strips the white space between the tokens in place and returns the new length.
///
/// The whole text is checked first: when it is not exactly one JSON value, nothing is changed.
pub fn strip_whitespace(text: &mut [u8]) -> Result<usize> {
    let mut reader = Reader::new();
    while reader.token(text)? != TokenKind::End {}
    let mut position = 0_usize;
    let mut len = 0_usize;
    let mut in_string = false;
    let mut escaped = false;
    while let Some(&byte) = text.get(position) {
        position = position.wrapping_add(1);
        if !in_string && matches!(byte, b' ' | b'\t' | b'\n' | b'\r') {
            continue;
        }
        if byte == b'"' && !escaped {
            in_string = !in_string;
        }
        escaped = byte == b'\\' && !escaped;
        if let Some(to) = text.get_mut(len) {
            *to = byte;
        }
        len = len.wrapping_add(1);
    }
    Ok(len)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn read(text: &str) -> Result<String> {
        let text = text.as_bytes();
        let mut reader = Reader::new();
        let mut seen = Vec::new();
        loop {
            let raw = |span: Span| core::str::from_utf8(span.of(text)).unwrap();
            seen.push(match reader.next(text)? {
                Event::ArrayStart => String::from("["),
                Event::ArrayEnd => String::from("]"),
                Event::ObjectStart => String::from("{"),
                Event::ObjectEnd => String::from("}"),
                Event::Key(span) => format!("{}:", raw(span)),
                Event::String(span) => format!("'{}'", raw(span)),
                Event::Number(span) => format!("#{}", raw(span)),
                Event::Bool(value) => format!("{value}"),
                Event::Null => String::from("null"),
                Event::End => return Ok(seen.concat()),
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
            let mut reader = Reader::new();
            reader.next(text).unwrap();
            reader.next(text).unwrap();
            reader.skip_value(text).unwrap();
            let Event::Key(key) = reader.next(text).unwrap() else {
                panic!("{value}");
            };
            assert_eq!(key.of(text), b"y");
            assert_eq!(key.len(), 1);
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
            let mut reader = Reader::new();
            let ours = reader.next(&text).is_ok() && reader.next(&text) == Ok(Event::End);
            assert_eq!(ours, whole, "{text:?}");
        }
    }

    #[test]
    fn strips_white_space_between_tokens_only_and_only_from_json() {
        let mut text = *b" [ { \"a b\\\\\" : \" \\\" \" , \"c\" : 1 } ]\n";
        let len = strip_whitespace(&mut text).unwrap();
        assert_eq!(&text[..len], b"[{\"a b\\\\\":\" \\\" \",\"c\":1}]");
        let mut broken = *b"[ 1, ]";
        assert_eq!(strip_whitespace(&mut broken), Err(Error::JSON_SYNTAX));
        assert_eq!(&broken, b"[ 1, ]");
    }
}
