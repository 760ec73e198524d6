// SPDX-License-Identifier: MIT OR Apache-2.0
//! Push parser for responses, RFC 9112: it takes the bytes as they come, however they are split, and keeps only numbers.
//!
//! A response is read by three parts, each with its own state: [`Head`] (status line, field lines, trailer section),
//! [`ChunkLine`] (the lines of chunked framing) and [`Body`], which counts. [`Response`] says whose turn it is.
//!
//! Two ways to take the body: [`Response::take`] hands it out as pieces of the input, for a body larger than memory;
//! [`Response::collect`] gathers it in the caller's buffer.
#![forbid(unsafe_code)]

use super::chunked::ChunkLine;
pub use super::fields::text;
use super::head::{Head, flag};
use crate::error::{Error, Result};

/// What the request was.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// Asks for firmware: Content-Range and Digest must be well-formed.
    Get,
    /// Sends a message, for which these fields have no meaning.
    Post,
}

/// What the next byte belongs to. Zero is memory that was never begun; any number without a name here is refused.
mod phase {
    use crate::error::Error;

    /// The head, or the trailer section.
    pub const HEAD: u8 = 0x30;
    pub const CHUNK_LINE: u8 = 0x31;
    /// From here on, no byte is part of a line.
    pub const BODY: u8 = 0x32;
    pub const CHUNK_DATA: u8 = 0x33;
    pub const UNTIL_CLOSE: u8 = 0x34;
    /// No byte any more.
    pub const COMPLETE: u8 = 0x35;
    /// After an error, this plus the code of an error from `HTTP_SYNTAX` to `HTTP_TRUNCATED`.
    pub const FAILED: u8 = 0x40;
    pub const FAILED_SYNTAX: u8 = failed(Error::HTTP_SYNTAX);
    pub const FAILED_TRUNCATED: u8 = failed(Error::HTTP_TRUNCATED);

    pub const fn failed(error: Error) -> u8 {
        error.code() + FAILED
    }
}

/// State of one response: plain integers without pointers, and every bit pattern is valid. May be abandoned at any time.
#[repr(C)]
#[derive(Debug)]
pub struct Response {
    // Single bytes come first: a Cortex-M0 instruction reaches them only there.
    /// What the next byte belongs to.
    phase: u8,
    /// Whether a malformed Content-Range or Digest is refused.
    is_for_firmware: u8,
    head: Head,
    chunk_line: ChunkLine,
    body: Body,
}

/// How much of the body has arrived, and how much is to come.
#[repr(C)]
#[derive(Debug)]
pub struct Body {
    /// Bytes of the body, or of the chunk, still to come; `u32::MAX` until the connection is closed.
    remaining: u32,
    len: u32,
}

impl Response {
    /// No response: all zeros, refused when read.
    pub const fn none() -> Self {
        Self {
            phase: 0,
            is_for_firmware: 0,
            head: Head::none(),
            chunk_line: ChunkLine::none(),
            body: Body {
                remaining: 0,
                len: 0,
            },
        }
    }

    /// Starts to read the response to a request of this method, in memory that is all zeros.
    pub const fn begin_zeroed(&mut self, method: Method) {
        self.phase = phase::HEAD;
        self.is_for_firmware = if matches!(method, Method::Get) { 1 } else { 0 };
        self.head.begin();
    }

    /// The same in memory that holds another response.
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    pub const fn restart(&mut self, method: Method) {
        *self = Self::none();
        self.begin_zeroed(method);
    }

    /// Reads on from the front of the input, up to the next piece of the body, the end of the response or the end of the input.
    ///
    /// Leaves the piece of the body in `piece`. Also stops after each byte of a [`Response::text`]. Call it again with the rest of the
    /// input until the input is used up or the response is complete. An error is final: every later call returns it again. `Error::STATE`
    /// for memory that was never begun.
    #[inline(never)]
    pub fn take<'a>(&mut self, input: &mut &'a [u8], piece: &mut &'a [u8]) -> Result<()> {
        self.head.text = 0;
        self.check()?;
        let read = self.read_lines(input);
        if let Err(error) = read {
            self.fail(error);
            return read;
        }
        *piece = self.body.take(input);
        if self.phase == phase::UNTIL_CLOSE {
            self.body.remaining = u32::MAX;
        } else if self.body.remaining == 0 && !piece.is_empty() {
            if self.phase == phase::BODY {
                self.phase = phase::COMPLETE;
            } else {
                self.phase = phase::CHUNK_LINE;
                self.chunk_line.begin_behind_data();
            }
        }
        Ok(())
    }

    /// Reads the lines before the next piece of the body, or at the end.
    fn read_lines(&mut self, input: &mut &[u8]) -> Result<()> {
        while self.phase < phase::BODY && !input.is_empty() {
            if self.phase == phase::HEAD {
                self.head.read(input)?;
                if !self.head.is_ended() {
                    break;
                }
                self.end_head()?;
            } else {
                self.chunk_line.read(input)?;
                if let Some(size) = self.chunk_line.size() {
                    self.end_chunk_line(size);
                }
            }
        }
        Ok(())
    }

    const fn end_chunk_line(&mut self, size: u32) {
        self.body.remaining = size;
        if size == 0 {
            self.phase = phase::HEAD;
            self.head.begin_trailer();
        } else {
            self.phase = phase::CHUNK_DATA;
        }
    }

    /// Decides how the body is framed, RFC 9112 section 6.3.
    fn end_head(&mut self) -> Result<()> {
        let head = &mut self.head;
        self.phase = phase::COMPLETE;
        if head.has(flag::TRAILER) {
            return Ok(());
        }
        if head.has(flag::CHUNKED) && head.has(flag::CONTENT_LENGTH | flag::HTTP_1_0) {
            return Err(Error::HTTP_TRANSFER_ENCODING);
        }
        if head.status < 200 {
            head.begin_next();
            self.phase = phase::HEAD;
        } else if self.is_for_firmware != 0 && head.has(flag::FIRMWARE_REFUSED) {
            return Err(Error::HTTP_SYNTAX);
        } else if matches!(head.status, 204 | 304) {
            // No body, whatever the fields say.
        } else if head.has(flag::CHUNKED) {
            self.chunk_line.begin();
            self.phase = phase::CHUNK_LINE;
        } else if head.has(flag::CONTENT_LENGTH) {
            self.body.remaining = head.content_length;
            if self.body.remaining != 0 {
                self.phase = phase::BODY;
            }
        } else {
            self.body.remaining = u32::MAX;
            self.phase = phase::UNTIL_CLOSE;
        }
        Ok(())
    }

    /// Reads on from the front of the input, up to its end or the end of the response, and copies the body into `store`, which must be the
    /// same buffer in each call.
    ///
    /// A body that does not fit is still read to its end, so that the outcome is known and the connection stays usable; `store` then holds
    /// its beginning, and [`Response::body`] reports the failure. Errors are those of [`Response::take`].
    pub fn collect(&mut self, input: &mut &[u8], store: &mut [u8]) -> Result<()> {
        let mut piece: &[u8] = &[];
        loop {
            let left = input.len();
            let offset = to_usize(self.body.len);
            self.take(input, &mut piece)?;
            if !piece.is_empty()
                && let Some(room) = store.get_mut(offset..)
            {
                let len = room.len().min(piece.len());
                if let (Some(to), Some(from)) = (room.get_mut(..len), piece.get(..len)) {
                    to.copy_from_slice(from);
                }
            }
            // Nothing is taken after the end of the response, nor when the state was overwritten from outside.
            if input.is_empty() || input.len() == left {
                return Ok(());
            }
        }
    }

    /// Reports that the connection was closed. This completes a response whose body lasts until then, and one whose trailer section alone
    /// is incomplete (RFC 9112 section 8).
    ///
    /// `Error::HTTP_TRUNCATED` if the response was incomplete, or the error with which it had failed.
    pub fn end(&mut self) -> Result<()> {
        let is_whole = match self.phase {
            phase::HEAD => self.head.has(flag::TRAILER),
            phase::CHUNK_LINE..phase::UNTIL_CLOSE => false,
            phase::UNTIL_CLOSE => true,
            _ => return self.check(),
        };
        if !is_whole {
            self.fail(Error::HTTP_TRUNCATED);
            return Err(Error::HTTP_TRUNCATED);
        }
        self.head.flags |= flag::CLOSE;
        self.body.remaining = 0;
        self.phase = phase::COMPLETE;
        Ok(())
    }

    /// The body that [`Response::collect`] gathered in `store`.
    ///
    /// `Error::STATE` before the response is complete, `Error::BODY_TOO_LARGE` if `store` was too small for it.
    pub fn body<'a>(&self, store: &'a [u8]) -> Result<&'a [u8]> {
        self.check()?;
        if !self.is_complete() {
            return Err(Error::STATE);
        }
        store
            .get(..to_usize(self.body.len))
            .ok_or(Error::BODY_TOO_LARGE)
    }

    /// Status code, 200 to 999; 0 until the status line has been read. Remains after an error.
    pub const fn status(&self) -> u16 {
        self.head.status()
    }

    /// The byte of a text after which [`Response::take`] stopped; 0 for none. A text begins with a code of [`text`] and comes without white
    /// space.
    pub const fn text(&self) -> u8 {
        self.head.text
    }

    /// Whether the response is complete.
    pub const fn is_complete(&self) -> bool {
        self.phase == phase::COMPLETE
    }

    /// Whether the head says where the body ends, or gives its CRC-32, so that a truncated body is noticed.
    pub const fn is_verifiable(&self) -> bool {
        self.head
            .has(flag::CONTENT_LENGTH | flag::CHUNKED | flag::CRC32)
    }

    /// Bytes of the body that have arrived.
    pub const fn body_len(&self) -> u32 {
        self.body.len
    }

    /// Whether the connection may carry another request: false until the response is complete.
    pub const fn keep_alive(&self) -> bool {
        let stays_by_default = !self.head.has(flag::HTTP_1_0) || self.head.has(flag::KEEP_ALIVE);
        self.is_complete() && stays_by_default && !self.head.has(flag::CLOSE)
    }

    /// Value of Content-Length; with 304, the size of a body that is not sent.
    pub fn content_length(&self) -> Option<u32> {
        self.when(flag::CONTENT_LENGTH, self.head.content_length)
    }

    /// Seconds of Retry-After, the largest of several; 0 for none. A number above `u32` is ignored. A date is taken relative to that of
    /// Date, which is read for a status of 300 or more.
    pub fn retry_after(&self) -> u32 {
        self.head.retry_after()
    }

    /// Whether there is a Content-Range in bytes.
    pub const fn has_range(&self) -> bool {
        self.head
            .has(flag::RANGE_OF_TOTAL | flag::RANGE | flag::TOTAL)
    }

    /// First and last offset, both inclusive, of a Content-Range.
    pub fn range(&self) -> Option<[u32; 2]> {
        let [first, last, _] = self.head.range();
        self.when(flag::RANGE_OF_TOTAL | flag::RANGE, [first, last])
    }

    /// The total of a Content-Range.
    pub fn range_total(&self) -> Option<u32> {
        let [.., total] = self.head.range();
        self.when(flag::RANGE_OF_TOTAL | flag::TOTAL, total)
    }

    /// Whether the body is a coded form of what the URL names (Content-Encoding).
    pub const fn is_coded(&self) -> bool {
        self.head.has(flag::CODED)
    }

    /// The CRC-32 that `Digest` gives for the body.
    pub fn crc32(&self) -> Option<u32> {
        self.when(flag::CRC32, self.head.crc32)
    }

    fn when<T>(&self, flag: u16, value: T) -> Option<T> {
        self.head.has(flag).then_some(value)
    }

    /// The error with which this response failed.
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    fn check(&self) -> Result<()> {
        match self.phase {
            phase::HEAD..=phase::COMPLETE => Ok(()),
            phase::FAILED_SYNTAX..=phase::FAILED_TRUNCATED => {
                Err(Error::from_code(self.phase - phase::FAILED).unwrap_or(Error::STATE))
            }
            _ => Err(Error::STATE),
        }
    }

    const fn fail(&mut self, error: Error) {
        self.phase = phase::failed(error);
    }
}

impl Body {
    /// Takes what belongs to the body, or to the chunk, from the front of the input.
    fn take<'a>(&mut self, input: &mut &'a [u8]) -> &'a [u8] {
        let len = to_usize(self.remaining).min(input.len());
        let (piece, rest) = input.split_at_checked(len).unwrap_or_default();
        *input = rest;
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.len = self.len.saturating_add(len);
        self.remaining -= len;
        piece
    }
}

/// A length as a `usize`, which has at least 32 bits on every target.
fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests;
