//! Field lines of a head: which are read, and what their values may be. Values are taken element by element of
//! their comma-separated list, so that a line may be longer than any buffer.
#![forbid(unsafe_code)]

use super::response::{Response, flag, state};
use crate::error::{Error, Result};

/// A field that is skipped; the others count from 1 in the order of `NAMES`.
const OTHER: u8 = 0;
const CONTENT_LENGTH: u8 = 1;
const TRANSFER_ENCODING: u8 = 2;
const CONNECTION: u8 = 3;
const RETRY_AFTER: u8 = 4;
const CONTENT_RANGE: u8 = 5;
const DIGEST: u8 = 6;

const NAMES: [&[u8]; 6] = [
    b"content-length",
    b"transfer-encoding",
    b"connection",
    b"retry-after",
    b"content-range",
    b"digest",
];

impl Response {
    /// Takes one byte of a field name or the colon behind it.
    pub(super) fn name_byte(&mut self, byte: u8) -> Result<()> {
        if byte != b':' || self.text_len == 0 {
            self.push(byte);
            return if is_tchar(byte) {
                Ok(())
            } else {
                Err(Error::HttpSyntax)
            };
        }
        self.field = OTHER;
        if !self.has(flag::TRAILER) {
            for (field, name) in (1..).zip(&NAMES) {
                if self.element_is(name) {
                    self.field = field;
                }
            }
        }
        self.text_len = 0;
        self.clear(flag::SPACE);
        self.state = state::VALUE;
        Ok(())
    }

    /// Takes one byte of a field value, the line end as its LF. Runs of white space count as one space.
    pub(super) fn value_byte(&mut self, byte: u8) -> Result<()> {
        if byte == b'\n' {
            self.state = state::LINE;
        }
        if self.field == OTHER {
            return Ok(());
        }
        match byte {
            b'\n' | b',' => {
                let result = self.end_element();
                self.text_len = 0;
                self.clear(flag::SPACE);
                return result;
            }
            b' ' | b'\t' => self.set(flag::SPACE),
            _ => {
                if self.has(flag::SPACE) && self.text_len != 0 {
                    self.push(b' ');
                }
                self.clear(flag::SPACE);
                self.push(byte);
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn push(&mut self, byte: u8) {
        if let Some(to) = self.text.get_mut(usize::from(self.text_len)) {
            *to = byte.to_ascii_lowercase();
            self.text_len = self.text_len.wrapping_add(1);
        } else {
            self.text_len = u8::MAX;
            // No field accepts a NUL, so what was cut off cannot pass for the whole.
            if let Some(last) = self.text.last_mut() {
                *last = 0;
            }
        }
    }

    /// The element in `text`; when it was longer, its beginning with a NUL at the end.
    fn element(&self) -> &[u8] {
        self.text
            .get(..usize::from(self.text_len))
            .unwrap_or(&self.text)
    }

    #[inline(never)]
    fn element_is(&self, word: &[u8]) -> bool {
        self.element() == word
    }

    /// Kept out of the loop over bytes: 270 bytes of flash on Cortex-M0.
    #[inline(never)]
    fn end_element(&mut self) -> Result<()> {
        let number = whole_number(self.element());
        match self.field {
            CONTENT_LENGTH => {
                let length = number.ok_or(Error::HttpContentLength)?;
                if self.has(flag::CONTENT_LENGTH) && length != self.content_length {
                    return Err(Error::HttpContentLength);
                }
                self.content_length = length;
                self.set(flag::CONTENT_LENGTH);
            }
            TRANSFER_ENCODING => {
                if self.has(flag::CHUNKED) || !self.element_is(b"chunked") {
                    return Err(Error::HttpTransferEncoding);
                }
                self.set(flag::CHUNKED);
            }
            CONNECTION => {
                if self.element_is(b"close") {
                    self.set(flag::CLOSE);
                }
                if self.element_is(b"keep-alive") {
                    self.set(flag::KEEP_ALIVE);
                }
            }
            RETRY_AFTER => {
                if let Some(seconds) = number {
                    self.retry_after = seconds;
                    self.set(flag::RETRY_AFTER);
                }
            }
            CONTENT_RANGE => return self.end_range().ok_or(Error::HttpSyntax),
            DIGEST => return self.end_digest().ok_or(Error::HttpSyntax),
            _ => {}
        }
        Ok(())
    }

    /// `bytes first-last/total` with `*` for the range or the total; another unit is skipped. A range that cannot
    /// be, or a second one, is refused: its bytes would land in the wrong place.
    fn end_range(&mut self) -> Option<()> {
        let Some(mut text) = self.element().strip_prefix(b"bytes ") else {
            return Some(());
        };
        if self.has(flag::RANGE | flag::RANGE_TOTAL) {
            return None;
        }
        let mut flags = 0;
        let mut first = 0;
        let mut last = 0;
        let mut total = u32::MAX;
        let text = &mut text;
        if !take(text, b'*') {
            first = number(text)?;
            if !take(text, b'-') {
                return None;
            }
            last = number(text)?;
            flags |= flag::RANGE;
        }
        if !take(text, b'/') {
            return None;
        }
        if !take(text, b'*') {
            total = number(text)?;
            flags |= flag::RANGE_TOTAL;
        }
        if !text.is_empty() {
            return None;
        }
        if flags == 0 || first > last || (flags & flag::RANGE != 0 && last >= total) {
            return None;
        }
        self.range_first = first;
        self.range_last = last;
        self.range_total = total;
        self.set(flags);
        Some(())
    }

    /// `crc32=` and one to eight hex digits; another algorithm is skipped. A CRC that cannot be read, or a second
    /// one, is refused: without it a damaged body would pass.
    fn end_digest(&mut self) -> Option<()> {
        let Some(digits) = self.element().strip_prefix(b"crc32=") else {
            return Some(());
        };
        if self.has(flag::CRC32) || digits.is_empty() || digits.len() > 8 {
            return None;
        }
        let mut crc = 0;
        for &byte in digits {
            crc = crc << 4 | u32::from(hex_digit(byte)?);
        }
        self.crc32 = crc;
        self.set(flag::CRC32);
        Some(())
    }
}

/// The number that is the whole of `text`; `None` beyond `u32` too.
fn whole_number(mut text: &[u8]) -> Option<u32> {
    let number = number(&mut text)?;
    text.is_empty().then_some(number)
}

/// Takes this byte from the start of `text`.
#[inline(never)]
fn take(text: &mut &[u8], byte: u8) -> bool {
    let rest = text.strip_prefix(&[byte]);
    *text = rest.unwrap_or(text);
    rest.is_some()
}

/// Takes the number at the start of `text`, one digit at least.
#[inline(never)]
fn number(text: &mut &[u8]) -> Option<u32> {
    let mut number = None;
    while let Some((&byte, rest)) = text.split_first() {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        // `checked_mul` would go through 64 bits.
        let above = number.unwrap_or(0_u32);
        if above > u32::MAX / 10 {
            return None;
        }
        number = Some(above.wrapping_mul(10).checked_add(u32::from(digit))?);
        *text = rest;
    }
    number
}

/// Value of a hex digit in either case.
#[inline(never)]
pub(super) const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte.wrapping_sub(b'0')),
        b'a'..=b'f' | b'A'..=b'F' => Some((byte | 0x20).wrapping_sub(b'a' - 10)),
        _ => None,
    }
}

/// Characters of a token, RFC 9110 section 5.6.2: visible ones but the delimiters, as bits from 0x20 on.
const TCHARS: [u32; 3] = [0x03FF_6CFA, 0xC7FF_FFFE, 0x57FF_FFFF];

fn is_tchar(byte: u8) -> bool {
    let word = usize::from(byte >> 5).wrapping_sub(1);
    let bits = TCHARS.get(word).copied().unwrap_or_default();
    bits.wrapping_shr(u32::from(byte)) & 1 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_characters_are_the_visible_ones_but_the_delimiters() {
        for byte in 0..=u8::MAX {
            let delimiter = b"\"(),/:;<=>?@[\\]{}".contains(&byte);
            let token = byte.is_ascii_graphic() && !delimiter;
            assert_eq!(is_tchar(byte), token, "{byte:#x}");
        }
    }
}
