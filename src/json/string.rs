// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON strings (RFC 8259 section 7): written with escapes, and read back byte by byte or in place.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::error::{Error, Result};

/// Writes `text` as a JSON string, with its quotes.
///
/// Escapes `"`, `\` and U+0000 to U+001F, the latter in their short form where there is one. After [`Error::UTF8`] a part has been written,
/// which the caller cuts off.
pub fn write(out: &mut Buf<'_>, text: &[u8]) -> Result<()> {
    let mut utf8 = Utf8::START;
    out.put_byte(b'"');
    let mut position = 0;
    loop {
        if utf8.is_whole() {
            let end = plain_run(text, position);
            out.put(text.get(position..end).unwrap_or_default());
            position = end;
        }
        let Some(&byte) = text.get(position) else {
            break;
        };
        position += 1;
        if !utf8.accepts(byte) {
            return Err(Error::UTF8);
        }
        let mut last = byte;
        if byte < 0x20 || byte == b'"' || byte == b'\\' {
            out.put_byte(b'\\');
            let short = SHORT.iter().find(|(_, character)| *character == byte);
            last = short.map_or_else(
                || {
                    out.put(b"u00");
                    out.put_byte(b'0' | byte >> 4);
                    hex_digit(byte & 15)
                },
                |(letter, _)| *letter,
            );
        }
        out.put_byte(last);
    }
    out.put_byte(b'"');
    if utf8.is_whole() {
        Ok(())
    } else {
        Err(Error::UTF8)
    }
}

/// Whether the raw text between two quotes, once unescaped, is `plain`.
pub fn equals(raw: &[u8], plain: &[u8]) -> bool {
    let mut reader = Unescape::new(0);
    let mut rest = plain.iter();
    while let Some(byte) = reader.next(raw) {
        if rest.next() != Some(&byte) {
            return false;
        }
    }
    reader.position() == raw.len() && rest.next().is_none()
}

/// Where the run of characters that stand for themselves ends: ASCII except control characters, `"` and `\\`.
#[inline(never)]
pub fn plain_run(text: &[u8], mut position: usize) -> usize {
    #[cfg(kpn_unaligned)]
    {
        let mut rest = text.get(position..).unwrap_or_default();
        while let Some((&word, behind)) = rest.split_first_chunk() {
            let others = !plain_bits(usize::from_le_bytes(word)) & (EACH * 0x80);
            if others != 0 {
                // The first of them is the lowest byte.
                return text.len() - rest.len() + (others.trailing_zeros() / 8) as usize;
            }
            rest = behind;
        }
        position = text.len() - rest.len();
    }
    while let Some(&byte) = text.get(position)
        && byte.wrapping_sub(0x20) < 0x60
        && byte != b'"'
        && byte != b'\\'
    {
        position += 1;
    }
    position
}

/// A one in each byte of a word.
#[cfg(kpn_unaligned)]
const EACH: usize = usize::MAX / 0xFF;

/// For each character of a word, the highest bit is set if the character stands for itself. Bits above the first character that does not are
/// meaningless, since a byte of 0x80 or more carries into the next.
#[cfg(kpn_unaligned)]
const fn plain_bits(word: usize) -> usize {
    let no_control = word.wrapping_add(EACH * 0x60);
    let no_quote = (word ^ (EACH * 0x22)).wrapping_add(EACH * 0x7F);
    let no_backslash = (word ^ (EACH * 0x5C)).wrapping_add(EACH * 0x7F);
    no_control & no_quote & no_backslash & !word
}

/// The upper six bits of the first and the second half of a surrogate pair.
const HIGH: u32 = 0xD800 >> 10;
const LOW: u32 = 0xDC00 >> 10;

/// What may follow a backslash, and what it stands for.
static SHORT: [(u8, u8); 8] = [
    (b'"', b'"'),
    (b'\\', b'\\'),
    (b'/', b'/'),
    (b'b', 0x08),
    (b'f', 0x0C),
    (b'n', b'\n'),
    (b'r', b'\r'),
    (b't', b'\t'),
];

/// Reads the characters of a JSON string as UTF-8 bytes, with escapes resolved, up to an unescaped quote.
///
/// Holds no reference: each call takes the text, so that the bytes can be written back in front of the reader.
pub struct Unescape {
    position: usize,
    /// Bytes of an escaped character that are still to be handed out, the next one lowest. They are continuation
    /// bytes, none of which is zero.
    pending: u32,
    utf8: Utf8,
    /// Why there is no next byte: the end, or an error.
    stopped: Option<Error>,
}

impl Unescape {
    /// Starts at the first byte after the opening quote.
    pub const fn new(position: usize) -> Self {
        Self {
            position,
            pending: 0,
            utf8: Utf8::START,
            stopped: None,
        }
    }

    /// Offset of what is read next; after the last byte, the offset of the closing quote or of the end of the text.
    pub const fn position(&self) -> usize {
        self.position
    }

    /// The next byte, or `None` at an unescaped quote, at the end of the text, and where it is not JSON; `check` tells which.
    pub fn next(&mut self, text: &[u8]) -> Option<u8> {
        match self.byte(text) {
            Ok(byte) => {
                let [byte, ..] = byte.to_le_bytes();
                Some(byte)
            }
            Err(error) => {
                self.stopped = Some(error);
                None
            }
        }
    }

    /// After `None`: whether the string ended properly.
    pub fn check(&self) -> Result<()> {
        match self.stopped {
            None | Some(Error::END) => Ok(()),
            Some(error) => Err(error),
        }
    }

    /// The next byte as a word, so that the result takes two registers.
    fn byte(&mut self, text: &[u8]) -> Result<u32> {
        if self.pending != 0 {
            let byte = self.pending & 0xFF;
            self.pending >>= 8;
            return Ok(byte);
        }
        let Some(&byte) = text.get(self.position) else {
            return Err(if self.utf8.is_whole() {
                Error::END
            } else {
                Error::JSON_TRUNCATED
            });
        };
        if !self.utf8.accepts(byte) {
            return Err(Error::UTF8);
        }
        if byte == b'"' {
            return Err(Error::END);
        }
        if byte < 0x20 {
            return Err(Error::JSON_SYNTAX);
        }
        self.position += 1;
        if byte == b'\\' {
            return self.escape(text);
        }
        Ok(u32::from(byte))
    }

    /// Reads what follows a backslash; returns the first byte of the character and keeps the others.
    fn escape(&mut self, text: &[u8]) -> Result<u32> {
        let byte = self.take(text)?;
        if byte != u32::from(b'u') {
            let (_, character) = SHORT
                .iter()
                .find(|(letter, _)| u32::from(*letter) == byte)
                .ok_or(Error::JSON_ESCAPE)?;
            return Ok(u32::from(*character));
        }
        let mut high = 0;
        let code = loop {
            let unit = self.hex4(text)?;
            match (high, unit >> 10) {
                (0, HIGH) => high = unit,
                (0, LOW) => return Err(Error::JSON_ESCAPE),
                (0, _) => break unit,
                (_, LOW) => break ((high & 0x3FF) << 10 | unit & 0x3FF) + 0x1_0000,
                _ => return Err(Error::JSON_ESCAPE),
            }
            if self.take(text)? != u32::from(b'\\') || self.take(text)? != u32::from(b'u') {
                return Err(Error::JSON_ESCAPE);
            }
        };
        let mut lead = code;
        if code >= 0x80 {
            // Six bits at a time from the end; the rest goes into the lead byte, below its length bits.
            let mut room = 0x20;
            let mut mark = 0xC0;
            loop {
                self.pending = self.pending << 8 | 0x80 | lead & 0x3F;
                lead >>= 6;
                if lead < room {
                    break;
                }
                room >>= 1;
                mark = mark >> 1 | 0x80;
            }
            lead |= mark;
        }
        Ok(lead)
    }

    fn hex4(&mut self, text: &[u8]) -> Result<u32> {
        // Full when the marker bit has moved past the fourth digit.
        let mut code = 1_u32;
        while code >> 16 == 0 {
            let byte = self.take(text)?;
            let mut digit = byte.wrapping_sub(u32::from(b'0'));
            if digit > 9 {
                digit = (byte | 0x20).wrapping_sub(u32::from(b'a'));
                if digit > 5 {
                    return Err(Error::JSON_ESCAPE);
                }
                digit += 10;
            }
            code = code << 4 | digit;
        }
        Ok(code & 0xFFFF)
    }

    fn take(&mut self, text: &[u8]) -> Result<u32> {
        let byte = text.get(self.position);
        self.position += 1;
        byte.map(|&byte| u32::from(byte))
            .ok_or(Error::JSON_TRUNCATED)
    }
}

/// UTF-8 (RFC 3629) checked byte by byte: no overlong forms, no surrogates, nothing above U+10FFFF.
struct Utf8 {
    /// Continuation bytes still to come, and the range for the next of them.
    left: u8,
    low: u8,
    high: u8,
}

impl Utf8 {
    const START: Self = Self {
        left: 0,
        low: 0,
        high: 0,
    };

    /// Whether `byte` can follow.
    fn accepts(&mut self, byte: u8) -> bool {
        let (low, high) = (self.low, self.high);
        self.low = 0x80;
        self.high = 0xBF;
        if self.left > 0 {
            self.left -= 1;
            return low <= byte && byte <= high;
        }
        match byte {
            0x00..=0x7F => return true,
            0xC2..=0xDF => self.left = 1,
            0xE0..=0xEF => self.left = 2,
            0xF0..=0xF4 => self.left = 3,
            _ => return false,
        }
        match byte {
            0xE0 => self.low = 0xA0,
            0xED => self.high = 0x9F,
            0xF0 => self.low = 0x90,
            0xF4 => self.high = 0x8F,
            _ => {}
        }
        true
    }

    /// Whether no character is incomplete.
    const fn is_whole(&self) -> bool {
        self.left == 0
    }
}

const fn hex_digit(value: u8) -> u8 {
    if value < 10 {
        value | b'0'
    } else {
        value + (b'a' - 10)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::String;
    use std::vec::Vec;

    /// Unescapes in place the text between the quotes of a JSON string and returns the new length, which is never larger.
    ///
    /// Everything is checked again, so the text may come from anywhere. After an error the text is no longer usable.
    fn unescape(text: &mut [u8]) -> Result<usize> {
        let mut reader = Unescape::new(0);
        let mut len = 0_usize;
        while let Some(byte) = reader.next(text) {
            if let Some(to) = text.get_mut(len) {
                *to = byte;
            }
            len = len.wrapping_add(1);
        }
        reader.check()?;
        if reader.position() < text.len() {
            return Err(Error::JSON_SYNTAX);
        }
        Ok(len)
    }

    fn written(text: &[u8]) -> Result<Vec<u8>> {
        let mut memory = [0; 256];
        let mut out = Buf::new(&mut memory, 0);
        write(&mut out, text)?;
        Ok(out.written().to_vec())
    }

    fn unescaped(text: &[u8]) -> Result<Vec<u8>> {
        let mut text = text.to_vec();
        let len = unescape(&mut text)?;
        text.truncate(len);
        Ok(text)
    }

    #[test]
    fn a_plain_run_ends_at_each_other_byte_wherever_it_stands() {
        for len in 0..=33 {
            for byte in 0..=u8::MAX {
                for place in 0..len {
                    let mut text = std::vec![b'~'; len];
                    // Nothing after it counts, whatever it carries into.
                    text[place..].fill(0xFF);
                    text[place] = byte;
                    let is_plain = matches!(byte, 0x20..0x80) && byte != b'"' && byte != b'\\';
                    let end = if is_plain { place + 1 } else { place };
                    for start in 0..=place {
                        assert_eq!(
                            plain_run(&text, start),
                            end,
                            "{byte:#x} at {place} of {len}"
                        );
                    }
                }
            }
            let plain = std::vec![b' '; len];
            assert_eq!(plain_run(&plain, 0), len);
        }
    }

    #[test]
    fn writes_what_serde_json_writes_for_every_character_below_u_0900_and_some_above() {
        for code in (0..0x900).chain([0xD7FF, 0xE000, 0xFFFF, 0x1_0000, 0x1_F600, 0x10_FFFF]) {
            let text = String::from(char::from_u32(code).unwrap());
            let expected = serde_json::to_string(&text).unwrap();
            assert_eq!(written(text.as_bytes()).unwrap(), expected.as_bytes());
        }
    }

    #[test]
    fn unescapes_every_unicode_escape_as_serde_json_does() {
        for code in 0..=0xFFFF_u32 {
            let quoted = std::format!("\"\\u{code:04x}\"");
            let expected = serde_json::from_str::<String>(&quoted);
            let ours = unescaped(&quoted.as_bytes()[1..7]);
            match expected {
                Ok(text) => assert_eq!(ours.unwrap(), text.as_bytes()),
                Err(_) => assert!(ours.is_err()),
            }
        }
        for code in (0x1_0000..=0x10_FFFF).step_by(97) {
            let text = String::from(char::from_u32(code).unwrap());
            let units = text.encode_utf16();
            let raw: Vec<String> = units.map(|unit| std::format!("\\u{unit:04X}")).collect();
            let raw = raw.concat();
            assert_eq!(unescaped(raw.as_bytes()).unwrap(), text.as_bytes());
        }
    }

    #[test]
    fn agrees_with_the_standard_library_on_utf8() {
        let marks = [
            0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0, 0xBF, 0xC0, 0xC1, 0xC2, 0xDF, 0xE0,
            0xE1, 0xEC, 0xED, 0xEE, 0xEF, 0xF0, 0xF1, 0xF3, 0xF4, 0xF5, 0xFF,
        ];
        for a in marks {
            for b in marks {
                for c in marks {
                    for d in marks {
                        let text = [a, b, c, d];
                        let valid = core::str::from_utf8(&text).is_ok();
                        assert_eq!(written(&text).is_ok(), valid, "{text:02x?}");
                    }
                }
            }
        }
    }

    #[test]
    fn refuses_broken_escapes_and_raw_control_characters() {
        let cases: [(&[u8], Error); 15] = [
            (b"\\ud800", Error::JSON_TRUNCATED),
            (b"\\ud800 ", Error::JSON_ESCAPE),
            (b"\\ud800\\n", Error::JSON_ESCAPE),
            (b"\\ud800\\ud800", Error::JSON_ESCAPE),
            (b"\\ud800\\u0041", Error::JSON_ESCAPE),
            (b"\\udc00", Error::JSON_ESCAPE),
            (b"\\udc00\\ud800", Error::JSON_ESCAPE),
            (b"\\x41", Error::JSON_ESCAPE),
            (b"\\u00g0", Error::JSON_ESCAPE),
            (b"\\u00", Error::JSON_TRUNCATED),
            (b"\\", Error::JSON_TRUNCATED),
            (b"a\nb", Error::JSON_SYNTAX),
            (b"a\0b", Error::JSON_SYNTAX),
            (b"a\"b", Error::JSON_SYNTAX),
            (b"\xC3", Error::JSON_TRUNCATED),
        ];
        for (text, error) in cases {
            assert_eq!(unescaped(text), Err(error), "{text:?}");
        }
        assert_eq!(unescaped(b"\xC3\\n"), Err(Error::UTF8));
        assert_eq!(written(b"\xC3"), Err(Error::UTF8));
    }

    #[test]
    fn compares_the_unescaped_text() {
        assert!(equals(b"n", b"n"));
        assert!(equals(b"\\u006e", b"n"));
        assert!(equals(b"", b""));
        assert!(equals(b"\\u00e9", "é".as_bytes()));
        assert!(!equals(b"\\u006e", b"nn"));
        assert!(!equals(b"nn", b"n"));
        assert!(!equals(b"n\\", b"n"));
        assert!(!equals(b"n\"", b"n"));
    }
}
