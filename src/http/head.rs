//! The lines of a response, RFC 9112 sections 2 to 5 and 7.1: status line and field lines of the head and of the trailer
//! section, and the lines of chunked framing, byte by byte, so that a line may have any length. Nothing is kept but numbers.
//!
//! What is read leniently, and nothing else is:
//! - Empty lines before the status line, RFC 9112 section 2.2.
//! - A bare LF as the end of a line, RFC 9112 section 2.2.
//! - A status line without reason phrase, or also without the space before it.
//! - HTTP/1.2 to HTTP/1.9 as HTTP/1.1, RFC 9110 section 2.5.
//! - A folded line as a space, RFC 9112 section 5.2; not in front of the first field line.
//! - Empty elements in a list, RFC 9110 section 5.6.1.2; a framing field needs one that is not empty in each line.
//!
//! - White space behind the size of a chunk.
//!
//! Two readers that disagree about a bare LF read different bodies, so that in chunked framing, unlike in a head, each line
//! ends in CR and LF.
//!
//! A bare CR, another control character and white space before a colon are refused.
#![forbid(unsafe_code)]

mod elements;

use super::fields::{NAMES, NOWHERE, TREE, number};
use crate::charset::Set;
use crate::error::{Error, Result};

/// Largest head in bytes, the heads of skipped 1xx responses included; a trailer section may be as large again.
pub const HEAD_MAX: u16 = 8192;

/// Largest line of chunked framing in bytes, its line end and the one before it included.
const CHUNK_LINE_MAX: u16 = 256;

/// What the next byte belongs to.
pub(super) mod phase {
    /// The status line, up to the status.
    pub const STATUS: u8 = 0x01;
    /// What follows the status.
    pub const REASON: u8 = 0x02;
    /// A field name.
    pub const NAME: u8 = 0x03;
    /// The value of a field that is not read.
    pub const SKIPPED: u8 = 0x04;
    /// A value, where the next element may begin.
    pub const ELEMENT: u8 = 0x05;
    /// An element.
    pub const VALUE: u8 = 0x06;
    /// White space behind an element, or inside it.
    pub const SPACE: u8 = 0x07;

    /// Nothing: the section is over.
    pub const END: u8 = 0x08;

    /// The line end behind the data of a chunk.
    pub const DATA_END: u8 = 0x10;
    /// The size of a chunk.
    pub const SIZE: u8 = 0x11;
    /// White space behind the size.
    pub const PADDING: u8 = 0x12;
    /// An extension, which is skipped.
    pub const EXTENSION: u8 = 0x13;

    /// With `REASON` to `SPACE`: the line is over, and what comes next is another one or the rest of a folded one.
    pub const ENDED: u8 = 0x40;
    /// With each of them: a CR was read, behind which only LF may come.
    pub const AFTER_CR: u8 = 0x80;

    /// The first field line, which cannot be the rest of a folded one.
    pub const FIRST_LINE: u8 = REASON | ENDED;

    /// Whether it is one of those of chunked framing, with or without `AFTER_CR`.
    pub const fn is_chunk_line(phase: u8) -> bool {
        phase & DATA_END != 0
    }
}

/// What was found in the head. An [`action`] is found with the bit in the place of its code less 0x10.
pub(super) mod flag {
    use crate::http::fields::action;

    pub const CLOSE: u16 = of(action::CLOSE);
    pub const KEEP_ALIVE: u16 = of(action::KEEP_ALIVE);
    pub const RETRY_AFTER: u16 = of(action::RETRY_AFTER);
    pub const CONTENT_LENGTH: u16 = of(action::CONTENT_LENGTH);
    pub const CHUNKED: u16 = of(action::CHUNKED);
    pub const CRC32: u16 = of(action::CRC32);
    pub const RANGE_OF_TOTAL: u16 = of(action::RANGE_OF_TOTAL);
    pub const RANGE: u16 = of(action::RANGE);
    pub const TOTAL: u16 = of(action::TOTAL);
    /// A field for firmware is malformed, or there twice.
    pub const FIRMWARE_REFUSED: u16 = 1 << 9;
    pub const HTTP_1_0: u16 = 1 << 10;
    /// This is the trailer section.
    pub const TRAILER: u16 = 1 << 11;

    pub const fn of(action: u8) -> u16 {
        1 << (action & 0xF)
    }
}

/// The status line up to the status, RFC 9112 section 4; `#` is a digit.
static STATUS_LINE: [u8; 12] = *b"HTTP/1.# ###";

/// The lines as far as they are read, and what was found in them: plain numbers, every bit pattern is valid.
#[repr(C)]
#[derive(Debug)]
pub struct Head {
    /// What the next byte belongs to.
    phase: u8,
    /// Place in the status line, or in the tree of fields.
    place: u8,
    /// Place in the tree where an element of this field begins.
    element: u8,
    /// What this element is when it has no form, 0 for nothing.
    refusal: u8,
    /// Whether the number at this place has a digit.
    has_digit: u8,
    /// Whether this line has an element.
    has_element: u8,
    pub(super) status: u16,
    /// Bytes that may still come.
    room: u16,
    pub(super) flags: u16,
    /// First, last and total of a range, and the number of any other element or the size of a chunk.
    numbers: [u32; 4],
    pub(super) content_length: u32,
    pub(super) retry_after: u32,
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
            status: 0,
            room: 0,
            flags: 0,
            numbers: [0; 4],
            content_length: 0,
            retry_after: 0,
            crc32: 0,
        }
    }

    /// Starts to read a head, in memory that is all zeros.
    pub(super) const fn begin(&mut self) {
        self.room = HEAD_MAX;
        self.phase = phase::STATUS;
    }

    /// Starts to read the head that follows a 1xx response, and forgets what that one said.
    pub(super) const fn begin_next(&mut self) {
        self.phase = phase::STATUS;
        self.place = 0;
        self.status = 0;
        self.flags = 0;
    }

    /// Starts to read a trailer section, in which no field is read.
    pub(super) const fn begin_trailer(&mut self) {
        self.phase = phase::FIRST_LINE;
        self.room = HEAD_MAX;
        self.flags |= flag::TRAILER;
    }

    /// Starts to read a line of chunked framing, from this phase on.
    pub(super) const fn begin_chunk_line(&mut self, phase: u8) {
        self.phase = phase;
        self.room = CHUNK_LINE_MAX;
        self.has_digit = 0;
    }

    /// The size of the chunk, once its line is over.
    pub(super) const fn chunk_size(&self) -> u32 {
        let [.., size] = self.numbers;
        size
    }

    pub(super) const fn has(&self, flag: u16) -> bool {
        self.flags & flag != 0
    }

    /// The status, 200 or more; 0 as long as the line was not read, and for a 1xx response.
    pub(super) const fn status(&self) -> u16 {
        if self.phase & !phase::AFTER_CR == phase::STATUS || self.status < 200 {
            0
        } else {
            self.status
        }
    }

    /// First, last and total of the range.
    pub(super) const fn range(&self) -> [u32; 3] {
        let [first, last, total, _] = self.numbers;
        [first, last, total]
    }

    /// Whether the empty line that ends the section was read.
    pub(super) const fn is_ended(&self) -> bool {
        self.phase == phase::END
    }

    /// Reads on, from the front of the input, up to its end or that of the section or chunk line.
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<()> {
        let mut rest = *input;
        while let Some((&byte, behind)) = rest.split_first() {
            if self.room == 0 {
                return Err(Error::HTTP_HEAD_TOO_LARGE);
            }
            self.room -= 1;
            rest = behind;
            if self.goes_on(byte) {
                continue;
            }
            self.byte(byte)?;
            if self.is_ended() {
                break;
            }
        }
        *input = rest;
        Ok(())
    }

    /// Takes a byte that changes nothing but the place, as most bytes do; `false` when it may be another one.
    fn goes_on(&mut self, byte: u8) -> bool {
        if self.phase == phase::SKIPPED || self.phase == phase::REASON {
            return byte >= b' ' && byte != 0x7F;
        }
        // The signs before the hyphen mean something, and with this bit some control characters look like others.
        let fits = (self.phase == phase::NAME || self.phase == phase::VALUE)
            && byte >= b'-'
            && byte | 0x20 == tree(self.place)
            && byte != b':';
        if fits {
            self.place += 1;
        }
        fits
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
        } else if byte.is_ascii_control()
            && byte != b'\t'
            && (byte != b'\n' || phase::is_chunk_line(self.phase))
        {
            return Err(Error::HTTP_SYNTAX);
        }
        if phase::is_chunk_line(self.phase) {
            return self.chunk_line_byte(byte);
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

    /// Takes one byte of the status line, up to the one behind the status.
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
        if expected == b'#' && digit < 10 {
            self.status = self.status * 10 + u16::from(digit);
        } else if expected != byte {
            // Empty lines may stand before.
            return if byte == b'\n' && self.place == 0 {
                Ok(())
            } else {
                Err(Error::HTTP_SYNTAX)
            };
        } else if byte == b' ' {
            // So far it is the digit of the version.
            if self.status == 0 {
                self.flags |= flag::HTTP_1_0;
            }
            self.status = 0;
        }
        self.place += 1;
        Ok(())
    }

    /// Decides by its first byte what a line is: the rest of a folded one, the empty one, or another field.
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
        // A line without any element has one that is empty.
        if before >= phase::VALUE || (before == phase::ELEMENT && self.has_element == 0) {
            self.end_element()?;
        }
        self.phase = phase::NAME;
        self.place = if self.has(flag::TRAILER) {
            NOWHERE
        } else {
            NAMES
        };
        match byte {
            b'\n' => self.phase = phase::END,
            // The name is empty.
            b':' => return Err(Error::HTTP_SYNTAX),
            _ => {}
        }
        Ok(())
    }

    /// Takes one byte of a field name, or the colon behind it.
    fn name_byte(&mut self, byte: u8) -> Result<()> {
        if byte != b':' && !TOKEN.has(byte) {
            return Err(Error::HTTP_SYNTAX);
        }
        self.follow(byte);
        if byte == b':' {
            self.phase = if self.place == NOWHERE {
                phase::SKIPPED
            } else {
                phase::ELEMENT
            };
            self.element = self.place;
            self.has_element = 0;
        }
        Ok(())
    }

    /// Takes one byte of a value or of the reason phrase, the line end as its LF. White space inside an element counts as
    /// one space.
    fn value_byte(&mut self, byte: u8) -> Result<()> {
        if byte == b'\n' {
            self.phase |= phase::ENDED;
        } else if self.phase < phase::ELEMENT {
            // Not read.
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
        }
        Ok(())
    }

    /// Takes one byte of a line of chunked framing, the line end as its LF; an LF without CR was refused before.
    fn chunk_line_byte(&mut self, byte: u8) -> Result<()> {
        let digit = hex_digit(byte);
        if self.phase == phase::SIZE && digit < 16 {
            // A place from which the digit that is too much leads to nowhere.
            self.place = 0;
            self.digit(number::HEX, digit);
            return if self.place == NOWHERE {
                Err(Error::HTTP_CONTENT_LENGTH)
            } else {
                Ok(())
            };
        }
        if self.phase == phase::DATA_END && byte == b'\n' {
            self.phase = phase::SIZE;
            return Ok(());
        }
        if self.has_digit == 0 {
            return Err(Error::HTTP_SYNTAX);
        }
        if byte == b'\n' {
            self.phase = phase::END;
        } else if self.phase == phase::EXTENSION {
            // Skipped.
        } else if byte == b';' {
            self.phase = phase::EXTENSION;
        } else if byte == b' ' || byte == b'\t' {
            self.phase = phase::PADDING;
        } else {
            return Err(Error::HTTP_SYNTAX);
        }
        Ok(())
    }
}

/// The byte at this place of the tree.
fn tree(place: u8) -> u8 {
    // The mask changes no place, and spares the check against the size.
    let byte = TREE.get(usize::from(place & NOWHERE));
    byte.copied().unwrap_or_default()
}

/// Value of a hex digit in either case, 16 or more for another character.
pub(super) const fn hex_digit(byte: u8) -> u8 {
    let digit = byte.wrapping_sub(b'0');
    if digit <= 9 {
        return digit;
    }
    (byte | 0x20).wrapping_sub(b'a').saturating_add(10)
}

/// Characters of a token, RFC 9110 section 5.6.2: visible ones but the delimiters.
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
