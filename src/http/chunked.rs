//! Chunked framing, RFC 9112 section 7.1: sizes, extensions (skipped) and the line end behind each chunk.
#![forbid(unsafe_code)]

use super::field::hex_digit;
use super::response::{CHUNK_LINE_MAX, HEAD_MAX, Response, flag, state};
use crate::error::{Error, Result};

impl Response {
    pub(super) const fn begin_chunk_line(&mut self, state: u8) {
        self.state = state;
        self.room = CHUNK_LINE_MAX;
        self.remaining = 0;
        self.digits = 0;
    }

    /// Takes one byte of chunked framing, a line end as its LF. Two chunk parsers that disagree about a bare LF
    /// read different bodies, hence `after_cr`.
    pub(super) fn chunk_byte(&mut self, byte: u8, after_cr: bool) -> Result<()> {
        if byte == b'\n' {
            return if after_cr {
                self.end_chunk_line()
            } else {
                Err(Error::HTTP_SYNTAX)
            };
        }
        if self.state == state::CHUNK_EXTENSION {
            return Ok(());
        }
        if self.state == state::CHUNK_SIZE
            && let digit @ 0..16 = hex_digit(byte)
        {
            if self.remaining >> 28 != 0 {
                return Err(Error::HTTP_CONTENT_LENGTH);
            }
            self.remaining = self.remaining << 4 | u32::from(digit);
            self.digits = 1;
            return Ok(());
        }
        // Without a digit before it, the end of the line refuses what begins here.
        self.state = match byte {
            b';' => state::CHUNK_EXTENSION,
            b' ' | b'\t' => state::CHUNK_PADDING,
            _ => return Err(Error::HTTP_SYNTAX),
        };
        Ok(())
    }

    const fn end_chunk_line(&mut self) -> Result<()> {
        if self.state == state::CHUNK_END {
            // The size line that follows shares the room of this line end.
            self.state = state::CHUNK_SIZE;
        } else if self.digits == 0 {
            return Err(Error::HTTP_SYNTAX);
        } else if self.remaining != 0 {
            self.state = state::CHUNK_DATA;
        } else {
            self.set(flag::TRAILER);
            self.room = HEAD_MAX;
            self.state = state::LINE;
        }
        Ok(())
    }
}
