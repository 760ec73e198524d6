// SPDX-License-Identifier: MIT OR Apache-2.0
//! The lines of chunked framing, RFC 9112 section 7.1: sizes, extensions (which are skipped), and the line end after
//! the data of a chunk.
//!
//! Two readers that disagree about a bare LF read different bodies; so here, unlike in a head, each line must end in CR
//! and LF.
#![forbid(unsafe_code)]

use super::fields::hex_digit;
use crate::error::{Error, Result};

/// Longest line in bytes, including its line end and the one before it.
pub const CHUNK_LINE_MAX: u16 = 256;

/// What the next byte belongs to.
mod phase {
    /// The line end after the data of a chunk.
    pub const DATA_END: u8 = 0x01;
    /// The first digit of a size.
    pub const FIRST_DIGIT: u8 = 0x02;
    pub const SIZE: u8 = 0x03;
    /// White space after the size.
    pub const PADDING: u8 = 0x04;
    pub const EXTENSION: u8 = 0x05;
    /// Nothing: the line has ended.
    pub const END: u8 = 0x06;
    /// Added to any of them: a CR was read, so only an LF may follow.
    pub const AFTER_CR: u8 = 0x80;
}

/// A line of chunked framing, as far as it has been read: plain integers, and every bit pattern is valid.
#[repr(C)]
#[derive(Debug)]
pub struct ChunkLine {
    /// What the next byte belongs to.
    phase: u8,
    /// Bytes that may still come.
    room: u16,
    /// The size so far.
    size: u32,
}

impl ChunkLine {
    /// All zeros.
    pub(super) const fn none() -> Self {
        Self {
            phase: 0,
            room: 0,
            size: 0,
        }
    }

    /// Starts to read the first line of a body.
    pub(super) const fn begin(&mut self) {
        self.begin_at(phase::FIRST_DIGIT);
    }

    /// Starts to read the line end after the data of a chunk, and the line that follows it.
    pub(super) const fn begin_behind_data(&mut self) {
        self.begin_at(phase::DATA_END);
    }

    const fn begin_at(&mut self, phase: u8) {
        self.phase = phase;
        self.room = CHUNK_LINE_MAX;
        self.size = 0;
    }

    /// Size of the chunk that follows; valid at the end of the line.
    pub(super) fn size(&self) -> Option<u32> {
        (self.phase == phase::END).then_some(self.size)
    }

    /// Reads on from the front of the input, up to its end or the end of the line.
    // Not inlined: on its own it has all registers to itself.
    #[inline(never)]
    pub(super) fn read(&mut self, input: &mut &[u8]) -> Result<()> {
        while self.phase != phase::END
            && let Some((&byte, behind)) = input.split_first()
        {
            if self.room == 0 {
                return Err(Error::HTTP_HEAD_TOO_LARGE);
            }
            self.room -= 1;
            *input = behind;
            self.byte(byte)?;
        }
        Ok(())
    }

    /// Takes one byte.
    fn byte(&mut self, byte: u8) -> Result<()> {
        if self.phase & phase::AFTER_CR != 0 {
            if byte != b'\n' {
                return Err(Error::HTTP_SYNTAX);
            }
            self.phase = if self.phase == phase::DATA_END | phase::AFTER_CR {
                phase::FIRST_DIGIT
            } else {
                phase::END
            };
            return Ok(());
        }
        if byte == b'\r' && self.phase != phase::FIRST_DIGIT {
            self.phase |= phase::AFTER_CR;
            return Ok(());
        }
        let digit = hex_digit(byte);
        self.phase = match self.phase {
            phase::FIRST_DIGIT | phase::SIZE if digit < 16 => {
                if self.size >> 28 != 0 {
                    return Err(Error::HTTP_CONTENT_LENGTH);
                }
                self.size = self.size << 4 | u32::from(digit);
                phase::SIZE
            }
            phase::SIZE | phase::PADDING if byte == b' ' || byte == b'\t' => phase::PADDING,
            phase::SIZE | phase::PADDING if byte == b';' => phase::EXTENSION,
            phase::EXTENSION if byte == b'\t' || !byte.is_ascii_control() => phase::EXTENSION,
            _ => return Err(Error::HTTP_SYNTAX),
        };
        Ok(())
    }
}
