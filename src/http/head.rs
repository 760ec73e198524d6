// SPDX-License-Identifier: MIT OR Apache-2.0
//! Head and trailer section, RFC 9112 sections 2 to 5: the status line and the field lines, byte by byte, so that a line may have any
//! length. Only numbers are kept.
//!
//! The table in [`super`] says what is read leniently, and why.
#![forbid(unsafe_code)]

mod element;

use self::element::tree;
use super::fields::{NAMES, NAMES_AND_DATE, NOWHERE, refusal, text};
use crate::charset::Set;
use crate::error::{Error, Result};

/// Largest head in bytes, including the heads of skipped 1xx responses; a trailer section may be just as large.
pub const HEAD_MAX: u16 = 8192;

/// What the next byte belongs to.
mod phase {
    /// The status line, up to the status.
    pub const STATUS: u8 = 0x01;
    /// What follows the status.
    pub const REASON: u8 = 0x02;
    /// A field name.
    pub const NAME: u8 = 0x03;
    /// The value of a field that is not read.
    pub const SKIPPED: u8 = 0x04;
    /// A value that is handed out as text.
    pub const TEXT: u8 = 0x05;
    /// A value, at a point where an element may begin.
    pub const ELEMENT: u8 = 0x06;
    /// An element.
    pub const VALUE: u8 = 0x07;
    /// White space after an element, or inside it.
    pub const SPACE: u8 = 0x08;

    /// Nothing: the section has ended.
    pub const END: u8 = 0x09;

    /// Added to `REASON` to `SPACE`: the line has ended; next comes another line, or the rest of a folded one.
    pub const ENDED: u8 = 0x40;
    /// Added to any of them: a CR was read, so only an LF may follow.
    pub const AFTER_CR: u8 = 0x80;

    /// The first field line, which cannot be the rest of a folded one.
    pub const FIRST_LINE: u8 = REASON | ENDED;
}

/// What was found in the head. The bit of an [`action`] is its code minus 0x10.
pub(super) mod flag {
    use crate::http::fields::action;

    pub const CLOSE: u16 = of(action::CLOSE);
    pub const KEEP_ALIVE: u16 = of(action::KEEP_ALIVE);
    pub const CONTENT_LENGTH: u16 = of(action::CONTENT_LENGTH);
    pub const CHUNKED: u16 = of(action::CHUNKED);
    pub const CRC32: u16 = of(action::CRC32);
    pub const RANGE_OF_TOTAL: u16 = of(action::RANGE_OF_TOTAL);
    pub const RANGE: u16 = of(action::RANGE);
    pub const TOTAL: u16 = of(action::TOTAL);
    /// A field for firmware is malformed, or occurs twice.
    pub const FIRMWARE_REFUSED: u16 = 1 << 12;
    pub const HTTP_1_0: u16 = 1 << 13;
    /// This is the trailer section.
    pub const TRAILER: u16 = 1 << 14;
    /// There is a content coding.
    pub const CODED: u16 = 1 << 15;

    pub const fn of(action: u8) -> u16 {
        1 << (action & 0xF)
    }
}

/// The status line up to the status, RFC 9112 section 4. NUL, which no line contains, stands for a digit.
static STATUS_LINE: [u8; 12] = *b"HTTP/1.\0 \0\0\0";

/// A head, as far as it has been read, and what was found in it: plain integers, and every bit pattern is valid.
#[repr(C)]
#[derive(Debug)]
pub struct Head {
    /// What the next byte belongs to.
    phase: u8,
    /// Place in the status line, or in the tree of fields.
    place: u8,
    /// Place in the tree where an element of this field begins.
    element: u8,
    /// What this element counts as if it has no known form; 0 to ignore it.
    refusal: u8,
    /// Whether the number at this place has a digit yet.
    has_digit: u8,
    /// Whether this line has an element.
    has_element: u8,
    /// The byte of a text after which [`Head::read`] stopped; 0 for none.
    pub(super) text: u8,
    /// Without them there would be padding between the fields, and zeros would be written piecemeal.
    reserved: [u8; 3],
    pub(super) status: u16,
    /// Bytes that may still come.
    room: u16,
    pub(super) flags: u16,
    /// First, last and total of a range, and the number of any other element.
    numbers: [u32; 4],
    pub(super) content_length: u32,
    /// The largest number of seconds in Retry-After.
    retry_after: u32,
    /// The latest date of Retry-After, and the date of Date, in seconds; 0 for none.
    retry_date: u32,
    date: u32,
    /// The date being read, as counted so far: first in quarters of a day; after the year in days, hours and so on.
    date_parts: u32,
    pub(super) crc32: u32,
}

impl Head {
    /// All zeros.
    pub(super) const fn none() -> Self {
        Self {
            phase: 0,
            place: 0,
            element: 0,
            refusal: 0,
            has_digit: 0,
            has_element: 0,
            text: 0,
            reserved: [0; 3],
            status: 0,
            room: 0,
            flags: 0,
            numbers: [0; 4],
            content_length: 0,
            retry_after: 0,
            retry_date: 0,
            date: 0,
            date_parts: 0,
            crc32: 0,
        }
    }

    /// Starts to read a head, in memory that is all zeros.
    pub(super) const fn begin(&mut self) {
        self.room = HEAD_MAX;
        self.phase = phase::STATUS;
    }

    /// Starts to read the head that follows a 1xx response, and forgets what the 1xx response said, in which Date is not read.
    pub(super) const fn begin_next(&mut self) {
        self.phase = phase::STATUS;
        self.place = 0;
        self.status = 0;
        self.flags = 0;
        self.retry_after = 0;
        self.retry_date = 0;
    }

    /// Starts to read a trailer section, in which no field is read.
    pub(super) const fn begin_trailer(&mut self) {
        self.phase = phase::FIRST_LINE;
        self.room = HEAD_MAX;
        self.flags |= flag::TRAILER;
    }

    pub(super) const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// The status, 200 or more; 0 until the status line has been read, and for a 1xx response.
    pub(super) const fn status(&self) -> u16 {
        if self.phase & !phase::AFTER_CR == phase::STATUS || self.status < 200 {
            0
        } else {
            self.status
        }
    }

    /// Seconds that the server asks to wait, the largest of several; 0 for none. A date is taken relative to that of Date.
    pub(super) fn retry_after(&self) -> u32 {
        let until = if self.date == 0 {
            0
        } else {
            self.retry_date.saturating_sub(self.date)
        };
        self.retry_after.max(until)
    }

    /// First offset, last offset and total of the range.
    pub(super) const fn range(&self) -> [u32; 3] {
        let [first, last, total, _] = self.numbers;
        [first, last, total]
    }

    /// Whether the empty line that ends the section was read.
    pub(super) const fn is_ended(&self) -> bool {
        self.phase == phase::END
    }

    /// Reads on from the front of the input, up to its end, a byte of a text, or the end of the section.
    // Not inlined: on its own it has all registers to itself.
    #[inline(never)]
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<()> {
        let text = input.get(..usize::from(self.room)).unwrap_or(input);
        let mut position = 0;
        while !self.is_ended() && self.text == 0 {
            position = self.run(text, position);
            let Some(&byte) = text.get(position) else {
                if position == input.len() {
                    break;
                }
                return Err(Error::HTTP_HEAD_TOO_LARGE);
            };
            position += 1;
            self.byte(byte)?;
        }
        *input = input.get(position..).unwrap_or_default();
        let [low, high, ..] = position.to_le_bytes();
        self.room -= u16::from_le_bytes([low, high]);
        Ok(())
    }

    /// Reads, from this position on, the bytes that only move the place, and returns the position after them.
    fn run(&mut self, text: &[u8], mut position: usize) -> usize {
        let is_read = match self.phase {
            phase::REASON | phase::SKIPPED => false,
            phase::NAME | phase::VALUE => true,
            _ => return position,
        };
        while let Some(&byte) = text.get(position) {
            let goes_on = if !is_read {
                byte >= b' ' && byte != 0x7F
            } else if self.place == NOWHERE {
                // Most names and options consist of letters and hyphens.
                (byte | 0x20).wrapping_sub(b'a') < 26 || byte == b'-'
            } else {
                // The characters before the hyphen have a meaning, and with this bit set some control characters look like others.
                let fits = byte >= b'-' && byte | 0x20 == tree(self.place) && byte != b':';
                self.place += u8::from(fits);
                fits
            };
            if !goes_on {
                break;
            }
            position += 1;
        }
        position
    }

    /// Takes one byte.
    fn byte(&mut self, byte: u8) -> Result<()> {
        if self.phase & phase::AFTER_CR != 0 {
            if byte != b'\n' {
                return Err(Error::HTTP_SYNTAX);
            }
            self.phase &= !phase::AFTER_CR;
        } else if byte == b'\r' {
            self.phase |= phase::AFTER_CR;
            return Ok(());
        } else if byte.is_ascii_control() && byte != b'\n' && byte != b'\t' {
            return Err(Error::HTTP_SYNTAX);
        }
        if self.phase & phase::ENDED != 0 {
            self.begin_line(byte)?;
        }
        match self.phase {
            phase::STATUS => self.status_byte(byte),
            phase::NAME => self.name_byte(byte),
            phase::END => Ok(()),
            _ => self.value_byte(byte),
        }
    }

    /// Takes one byte of the status line, up to the byte after the status.
    fn status_byte(&mut self, byte: u8) -> Result<()> {
        let Some(&expected) = STATUS_LINE.get(usize::from(self.place)) else {
            if self.status < 100 {
                return Err(Error::HTTP_SYNTAX);
            }
            self.phase = match byte {
                b' ' => phase::REASON,
                b'\n' => phase::FIRST_LINE,
                _ => return Err(Error::HTTP_SYNTAX),
            };
            return Ok(());
        };
        let digit = byte.wrapping_sub(b'0');
        if expected == 0 && digit < 10 {
            // Three digits, but where the state was overwritten.
            self.status = self.status.wrapping_mul(10).wrapping_add(digit.into());
        } else if expected != byte {
            // Empty lines may come before it, and more spaces before the status.
            return if (byte == b'\n' && self.place == 0) || (byte == b' ' && self.place == 9) {
                Ok(())
            } else {
                Err(Error::HTTP_SYNTAX)
            };
        } else if byte == b' ' {
            // At this point it is the digit of the version.
            if self.status == 0 {
                self.flags |= flag::HTTP_1_0;
            }
            self.status = 0;
        }
        self.place += 1;
        Ok(())
    }

    /// Decides by its first byte what a line is: the rest of a folded line, the empty line, or another field.
    fn begin_line(&mut self, byte: u8) -> Result<()> {
        let before = self.phase & !phase::ENDED;
        if byte == b' ' || byte == b'\t' {
            self.phase = before;
            return if before == phase::REASON {
                Err(Error::HTTP_SYNTAX)
            } else {
                Ok(())
            };
        }
        // A line without any element counts as one with an empty element, which is no coding.
        let is_empty = before == phase::ELEMENT
            && self.has_element == 0
            && tree(self.place) != refusal::CONTENT_ENCODING;
        if before >= phase::VALUE || is_empty {
            self.end_element()?;
        }
        self.phase = phase::NAME;
        self.place = if self.has(flag::TRAILER) {
            NOWHERE
        } else if self.status < 300 {
            // This holds for most responses: reading Date would take a third of the time for the whole head.
            NAMES
        } else {
            NAMES_AND_DATE
        };
        match byte {
            b'\n' => self.phase = phase::END,
            // The name is empty.
            b':' => return Err(Error::HTTP_SYNTAX),
            _ => {}
        }
        Ok(())
    }

    /// Takes one byte of a field name, or the colon after it.
    fn name_byte(&mut self, byte: u8) -> Result<()> {
        if byte != b':' && !TOKEN.has(byte) {
            return Err(Error::HTTP_SYNTAX);
        }
        self.follow(byte);
        if byte == b':' {
            self.element = self.place;
            self.has_element = 0;
            self.phase = phase::SKIPPED;
            if self.place != NOWHERE {
                self.phase = phase::ELEMENT;
                self.begin_text();
            }
        }
        Ok(())
    }

    /// Hands out what follows if it is a text.
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    fn begin_text(&mut self) {
        let code = tree(self.place);
        if code == text::ETAG || code == text::LAST_MODIFIED {
            self.phase = phase::TEXT;
            self.text = code;
        }
    }

    /// Takes one byte of a value or of the reason phrase; a line end comes as its LF. White space inside an element counts as one space.
    fn value_byte(&mut self, byte: u8) -> Result<()> {
        if byte == b'\n' {
            self.phase |= phase::ENDED;
        } else if self.phase <= phase::TEXT {
            // No other value is read.
            if self.phase == phase::TEXT && byte > b' ' {
                self.text = byte;
            }
        } else if byte == b',' {
            if self.phase != phase::ELEMENT {
                self.end_element()?;
                self.has_element = 1;
                self.phase = phase::ELEMENT;
            }
        } else if byte == b' ' || byte == b'\t' {
            if self.phase == phase::VALUE {
                self.phase = phase::SPACE;
            }
        } else {
            if self.phase == phase::SPACE {
                self.follow(b' ');
            }
            self.phase = phase::VALUE;
            self.follow(byte);
            if byte == b'"' {
                self.begin_text();
            }
        }
        Ok(())
    }
}

/// Characters of a token, RFC 9110 section 5.6.2: all visible ones except the delimiters.
static TOKEN: Set = Set::alphanumeric_and(b"!#$%&'*+-.^_`|~");

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn token_characters_are_the_visible_ones_but_the_delimiters() {
        for byte in 0..=u8::MAX {
            let delimiter = b"\"(),/:;<=>?@[\\]{}".contains(&byte);
            let token = byte.is_ascii_graphic() && !delimiter;
            assert_eq!(TOKEN.has(byte), token, "{byte:#x}");
        }
    }
}
