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

const NAMES: [(&[u8], u8); 6] = [
    (b"content-length", CONTENT_LENGTH),
    (b"transfer-encoding", TRANSFER_ENCODING),
    (b"connection", CONNECTION),
    (b"retry-after", RETRY_AFTER),
    (b"content-range", CONTENT_RANGE),
    (b"digest", DIGEST),
];

impl Response {
    /// Takes one byte of a field name or the colon behind it.
    pub(super) fn name_byte(&mut self, byte: u8) -> Result<()> {
        if byte == b':' && self.text_len != 0 {
            let name = self.element();
            let known = NAMES.iter().find(|(known, _)| name == *known);
            self.field = match known {
                Some(&(_, field)) if !self.has(flag::TRAILER) => field,
                _ => OTHER,
            };
            self.text_len = 0;
            self.clear(flag::SPACE);
            self.state = state::VALUE;
            return Ok(());
        }
        if !is_tchar(byte) {
            return Err(Error::HttpSyntax);
        }
        self.push(byte);
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

    fn end_element(&mut self) -> Result<()> {
        match self.field {
            CONTENT_LENGTH => {
                let length = decimal(self.element()).ok_or(Error::HttpContentLength)?;
                let first = !self.has(flag::CONTENT_LENGTH);
                if !first && length != self.content_length {
                    return Err(Error::HttpContentLength);
                }
                self.content_length = length;
                self.set(flag::CONTENT_LENGTH);
            }
            TRANSFER_ENCODING => {
                if self.has(flag::CHUNKED) || self.element() != b"chunked" {
                    return Err(Error::HttpTransferEncoding);
                }
                self.set(flag::CHUNKED);
            }
            CONNECTION => match self.element() {
                b"close" => self.set(flag::CLOSE),
                b"keep-alive" => self.set(flag::KEEP_ALIVE),
                _ => {}
            },
            RETRY_AFTER => {
                let text = self.element();
                if !text.is_empty() && text.iter().all(u8::is_ascii_digit) {
                    self.retry_after = decimal(text).unwrap_or(u32::MAX);
                    self.set(flag::RETRY_AFTER);
                }
            }
            CONTENT_RANGE => return self.end_range(),
            _ => return self.end_digest(),
        }
        Ok(())
    }

    /// `bytes first-last/total` with `*` for the range or the total; another unit is skipped. A range that cannot
    /// be, or contradicts an earlier one, is refused: its bytes would land in the wrong place.
    fn end_range(&mut self) -> Result<()> {
        let Some(text) = self.element().strip_prefix(b"bytes ") else {
            return Ok(());
        };
        let (part, total) = split(text, b'/').ok_or(Error::HttpSyntax)?;
        let mut flags = 0;
        let mut range_first = 0;
        let mut range_last = 0;
        let mut range_total = 0;
        if part != b"*" {
            let (first, last) = split(part, b'-').ok_or(Error::HttpSyntax)?;
            range_first = decimal(first).ok_or(Error::HttpSyntax)?;
            range_last = decimal(last).ok_or(Error::HttpSyntax)?;
            flags |= flag::RANGE;
        }
        if total != b"*" {
            range_total = decimal(total).ok_or(Error::HttpSyntax)?;
            flags |= flag::RANGE_TOTAL;
        }
        let both = flag::RANGE | flag::RANGE_TOTAL;
        let seen = self.flags & both;
        let differs = seen != 0
            && (seen != flags
                || range_first != self.range_first
                || range_last != self.range_last
                || range_total != self.range_total);
        let beyond = flags == both && range_last >= range_total;
        if flags == 0 || range_first > range_last || beyond || differs {
            return Err(Error::HttpSyntax);
        }
        self.range_first = range_first;
        self.range_last = range_last;
        self.range_total = range_total;
        self.set(flags);
        Ok(())
    }

    /// `crc32=` and one to eight hex digits; another algorithm is skipped. A CRC that cannot be read, or contradicts
    /// an earlier one, is refused: without it a damaged body would pass.
    fn end_digest(&mut self) -> Result<()> {
        let Some(digits) = self.element().strip_prefix(b"crc32=") else {
            return Ok(());
        };
        if digits.is_empty() || digits.len() > 8 {
            return Err(Error::HttpSyntax);
        }
        let mut crc = 0;
        for &byte in digits {
            let digit = match byte {
                b'0'..=b'9' => byte.wrapping_sub(b'0'),
                b'a'..=b'f' => byte.wrapping_sub(b'a' - 10),
                _ => return Err(Error::HttpSyntax),
            };
            crc = crc << 4 | u32::from(digit);
        }
        if self.has(flag::CRC32) && crc != self.crc32 {
            return Err(Error::HttpSyntax);
        }
        self.crc32 = crc;
        self.set(flag::CRC32);
        Ok(())
    }
}

/// The number that is the whole of `text`, digits only; `None` beyond `u32` too.
fn decimal(text: &[u8]) -> Option<u32> {
    if text.is_empty() {
        return None;
    }
    let mut number: u32 = 0;
    for &byte in text {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            return None;
        }
        number = number.checked_mul(10)?.checked_add(u32::from(digit))?;
    }
    Some(number)
}

fn split(text: &[u8], at: u8) -> Option<(&[u8], &[u8])> {
    let position = text.iter().position(|&byte| byte == at)?;
    let (left, rest) = text.split_at_checked(position)?;
    Some((left, rest.get(1..)?))
}

/// Characters of a token, RFC 9110 section 5.6.2.
const fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'!' | b'#'
                | b'$'
                | b'%'
                | b'&'
                | b'\''
                | b'*'
                | b'+'
                | b'-'
                | b'.'
                | b'^'
                | b'_'
                | b'`'
                | b'|'
                | b'~'
        )
}
