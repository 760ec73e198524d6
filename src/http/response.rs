//! Response push parser, RFC 9112: takes the bytes as they come, in any split, and keeps nothing but numbers.
//!
//! Two ways to take the body, over the same parser: [`Response::step`] hands it out as pieces of the input, for a
//! body larger than memory; [`Response::collect`] gathers it in the caller's buffer.
//!
//! What is read leniently, and nothing else is: a status line without reason phrase or without the space before it,
//! one empty line before the status line, a bare LF as the end of a head or trailer line (RFC 9112 section 2.2),
//! equal Content-Lengths in a list, white space behind a chunk size. A bare CR, another control character, a folded
//! line, white space before a colon and a bare LF in chunked framing are refused.
#![forbid(unsafe_code)]

use super::field::{NOWHERE, SKIPPED};
use super::forms::{self, action};
use crate::error::{Error, Result};

/// Largest head in bytes, the heads of skipped 1xx responses included; a trailer section may be as large again.
pub const HEAD_MAX: u16 = 8192;

/// Largest line of chunked framing in bytes, its line end and the one before it included.
pub const CHUNK_LINE_MAX: u16 = 256;

/// What the request was: a response to HEAD has no body.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Method {
    /// GET.
    Get,
    /// POST.
    Post,
    /// HEAD.
    Head,
}

/// Where the parser stands. Zero stands for memory that was never begun; any number without a name here is refused.
pub(super) mod state {
    use crate::error::Error;

    pub const STATUS: u8 = 0x30;
    pub const LINE: u8 = 0x31;
    pub const NAME: u8 = 0x32;
    /// The reason phrase of the status line too, as the value of a field that is skipped.
    pub const VALUE: u8 = 0x33;
    pub const CHUNK_SIZE: u8 = 0x34;
    pub const CHUNK_PADDING: u8 = 0x35;
    pub const CHUNK_EXTENSION: u8 = 0x36;
    pub const CHUNK_END: u8 = 0x37;
    /// From here on no byte is read as a line.
    pub const BODY: u8 = 0x38;
    pub const CHUNK_DATA: u8 = 0x39;
    pub const UNTIL_CLOSE: u8 = 0x3A;
    pub const COMPLETE: u8 = 0x3B;
    /// After an error, this and the code of one from `HTTP_SYNTAX` to `HTTP_TRUNCATED`.
    pub const FAILED: u8 = 0x40;
    pub const FAILED_SYNTAX: u8 = failed(Error::HTTP_SYNTAX);
    pub const FAILED_TRUNCATED: u8 = failed(Error::HTTP_TRUNCATED);

    pub const fn failed(error: Error) -> u8 {
        error.code().wrapping_add(FAILED)
    }
}

/// Bits of `Response::flags`; those of fields are in the place that their action says.
pub(super) mod flag {
    use crate::http::forms::action;

    pub const TRAILER: u32 = 1;
    /// The request was HEAD.
    pub const HEAD: u32 = 1 << 1;
    /// The one empty line before the status line was seen.
    pub const EMPTY_LINE: u32 = 1 << 2;
    pub const HTTP_1_0: u32 = 1 << action::HTTP_1_0;
    pub const CONTENT_LENGTH: u32 = 1 << action::CONTENT_LENGTH;
    pub const CHUNKED: u32 = 1 << action::CHUNKED;
    pub const CLOSE: u32 = 1 << action::CLOSE;
    pub const KEEP_ALIVE: u32 = 1 << action::KEEP_ALIVE;
    pub const RETRY_AFTER: u32 = 1 << action::RETRY_AFTER;
    pub const CRC32: u32 = 1 << action::CRC32;
    pub const RANGE: u32 = 1 << action::RANGE | 1 << action::RANGE_OF_TOTAL;
    pub const TOTAL: u32 = 1 << action::TOTAL | 1 << action::RANGE_OF_TOTAL;
}

/// State of one response: plain numbers, no pointer; every bit pattern is valid. May be abandoned at any time.
#[repr(C)]
#[derive(Debug)]
pub struct Response {
    // Single bytes in front: only there an instruction of the Cortex-M0 reaches them.
    pub(super) state: u8,
    /// The last byte when it was a CR, or white space in a value; else 0.
    pub(super) before: u8,
    /// Place in the tree of forms, and bytes of the form so far.
    pub(super) at: u8,
    pub(super) depth: u8,
    /// The same for the beginning of the element.
    pub(super) element: u8,
    pub(super) element_depth: u8,
    /// Error of an element that has no form.
    pub(super) refusal: u8,
    /// Digits of the number so far; of a chunk size, whether there are any.
    pub(super) digits: u8,
    /// Bytes of the body, or of the chunk, still to come; `u32::MAX` until the connection is closed.
    pub(super) remaining: u32,
    pub(super) body_len: u32,
    /// Retry-After, Content-Length and the CRC-32 of `Digest`.
    pub(super) values: [u32; 3],
    /// First, last and total.
    pub(super) range: [u32; 3],
    /// The last three numbers.
    pub(super) numbers: [u32; 3],
    pub(super) flags: u32,
    pub(super) status: u16,
    /// Bytes that the head or the line of chunked framing may still have.
    pub(super) room: u16,
}

/// What one [`Response::step`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Step<'a> {
    /// Bytes taken from the front of the input.
    pub used: usize,
    /// The piece of the body that was found: always the last bytes of the used ones.
    pub body: &'a [u8],
    /// Whether the response is whole; no further byte belongs to it.
    pub complete: bool,
}

/// What one [`Response::collect`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Collected {
    /// Bytes taken from the front of the input: all of them unless the response is complete.
    pub used: usize,
    /// Whether the response is whole; no further byte belongs to it.
    pub complete: bool,
    /// Bytes of the body so far for which the buffer had no room, 0 as long as it fits.
    pub missing: usize,
}

/// Content-Range in bytes, RFC 9110 section 14.4.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct ContentRange {
    /// First and last offset, both inclusive, first ≤ last; `None` for `*`, which comes with 416.
    pub part: Option<(u32, u32)>,
    /// Size of the whole, above the last offset; `None` for `*`, not known to the server.
    pub total: Option<u32>,
}

impl Response {
    /// Starts to read the response to a request of this method.
    pub const fn begin(method: Method) -> Self {
        let mut response = Self::none();
        response.begin_zeroed(method);
        response
    }

    /// The same in memory that is all zeros.
    pub const fn begin_zeroed(&mut self, method: Method) {
        self.state = state::STATUS;
        self.at = forms::STATUS;
        self.room = HEAD_MAX;
        if matches!(method, Method::Head) {
            self.flags = flag::HEAD;
        }
    }

    /// The same in place.
    // One copy for its calls.
    #[inline(never)]
    pub const fn restart(&mut self, method: Method) {
        *self = Self::begin(method);
    }

    /// No response, which is not read.
    pub const fn none() -> Self {
        Self {
            state: 0,
            before: 0,
            at: 0,
            depth: 0,
            element: 0,
            element_depth: 0,
            refusal: 0,
            digits: 0,
            remaining: 0,
            body_len: 0,
            values: [0; 3],
            range: [0; 3],
            numbers: [0; 3],
            flags: 0,
            status: 0,
            room: 0,
        }
    }

    /// Reads on, up to the next piece of the body, the end of the response or the end of the input.
    ///
    /// Call again with what is left of the input until all is used or the response is complete. An error is final:
    /// every later call gives it again. `Error::STATE` for memory that was never begun.
    pub fn step<'a>(&mut self, input: &'a [u8]) -> Result<Step<'a>> {
        let mut rest = input;
        let mut body: &[u8] = &[];
        self.take(&mut rest, &mut body)?;
        Ok(Step {
            used: input.len().wrapping_sub(rest.len()),
            body,
            complete: self.is_complete(),
        })
    }

    /// As [`Response::step`], but takes from the front of the input, and leaves the piece of the body in `piece`.
    #[inline(never)]
    pub fn take<'a>(&mut self, input: &mut &'a [u8], piece: &mut &'a [u8]) -> Result<()> {
        self.check()?;
        let mut rest = *input;
        while self.state < state::BODY {
            let skipped = self.run(rest);
            rest = rest.get(skipped..).unwrap_or_default();
            let Some((&byte, behind)) = rest.split_first() else {
                break;
            };
            rest = behind;
            if let Err(error) = self.line_byte(byte) {
                self.fail(error);
                return Err(error);
            }
        }
        let len = to_usize(self.remaining).min(rest.len());
        (*piece, *input) = rest.split_at_checked(len).unwrap_or_default();
        let len = u32::try_from(len).unwrap_or(u32::MAX);
        self.body_len = self.body_len.saturating_add(len);
        if self.state != state::UNTIL_CLOSE && len != 0 {
            self.remaining = self.remaining.wrapping_sub(len);
            if self.remaining == 0 {
                if self.state == state::BODY {
                    self.state = state::COMPLETE;
                } else {
                    self.begin_chunk_line(state::CHUNK_END);
                }
            }
        }
        Ok(())
    }

    /// Reads on and copies the body into `store`, the same buffer in each call.
    ///
    /// A body that does not fit is read to its end all the same, so that the outcome is known and the connection
    /// stays usable; its beginning is in `store` and [`Response::body`] reports it. Errors as [`Response::step`].
    pub fn collect(&mut self, input: &[u8], store: &mut [u8]) -> Result<Collected> {
        let mut rest = input;
        let mut body: &[u8] = &[];
        loop {
            let left = rest.len();
            let offset = to_usize(self.body_len).min(store.len());
            self.take(&mut rest, &mut body)?;
            let room = store.get_mut(offset..).unwrap_or_default();
            let len = room.len().min(body.len());
            if let (Some(to), Some(from)) = (room.get_mut(..len), body.get(..len)) {
                to.copy_from_slice(from);
            }
            // Also when all was taken before, and when the state was overwritten from outside.
            if rest.len() == left {
                return Ok(Collected {
                    used: input.len().wrapping_sub(left),
                    complete: self.is_complete(),
                    missing: to_usize(self.body_len).saturating_sub(store.len()),
                });
            }
        }
    }

    /// Tells that the connection was closed: this completes a response whose body lasts until then.
    ///
    /// `Error::HTTP_TRUNCATED` when the response was not whole, or the error that it failed with before.
    pub fn end(&mut self) -> Result<()> {
        match self.state {
            state::STATUS..state::UNTIL_CLOSE => self.fail(Error::HTTP_TRUNCATED),
            state::UNTIL_CLOSE => {
                self.state = state::COMPLETE;
                self.remaining = 0;
            }
            _ => {}
        }
        self.check()
    }

    /// The body that [`Response::collect`] gathered in `store`.
    ///
    /// `Error::STATE` before the response is complete, `Error::BODY_TOO_LARGE` when `store` had no room for all of it.
    pub fn body<'a>(&self, store: &'a [u8]) -> Result<&'a [u8]> {
        self.check()?;
        if !self.is_complete() {
            return Err(Error::STATE);
        }
        store
            .get(..to_usize(self.body_len))
            .ok_or(Error::BODY_TOO_LARGE)
    }

    /// Status code, 200 to 999; 0 as long as the status line was not read. Stays after an error.
    pub const fn status(&self) -> u16 {
        if self.status < 200 { 0 } else { self.status }
    }

    /// Whether the response is whole.
    pub const fn is_complete(&self) -> bool {
        self.state == state::COMPLETE
    }

    /// Whether the head says where the body ends, or gives its CRC-32, so that a cut one is found out.
    pub const fn is_verifiable(&self) -> bool {
        self.has(flag::CONTENT_LENGTH | flag::CHUNKED | flag::CRC32)
    }

    /// Whether no byte has arrived: after a close, a sign that the server had given up an idle connection.
    pub const fn is_untouched(&self) -> bool {
        self.state == state::STATUS && self.room == HEAD_MAX
    }

    /// Bytes of the body that have arrived.
    pub const fn body_len(&self) -> u32 {
        self.body_len
    }

    /// Whether the connection may carry another request: false until the response is complete.
    pub const fn keep_alive(&self) -> bool {
        let stays_by_default = !self.has(flag::HTTP_1_0) || self.has(flag::KEEP_ALIVE);
        self.is_complete() && stays_by_default && !self.has(flag::CLOSE)
    }

    /// Value of Content-Length, which for HEAD and 304 tells the size of a body that is not sent.
    pub fn content_length(&self) -> Option<u32> {
        let [_, content_length, _] = self.values;
        self.when(flag::CONTENT_LENGTH, content_length)
    }

    /// Seconds of Retry-After; a date, and a number beyond `u32`, is not read.
    pub fn retry_after(&self) -> Option<u32> {
        let [retry_after, ..] = self.values;
        self.when(flag::RETRY_AFTER, retry_after)
    }

    /// Content-Range in bytes; another unit is not read.
    pub fn content_range(&self) -> Option<ContentRange> {
        let [first, last, total] = self.range;
        let part = self.when(flag::RANGE, (first, last));
        let total = self.when(flag::TOTAL, total);
        (part.is_some() || total.is_some()).then_some(ContentRange { part, total })
    }

    /// Whether there is a Content-Range in bytes.
    pub const fn has_range(&self) -> bool {
        self.has(flag::RANGE | flag::TOTAL)
    }

    /// First and last offset and the total of a Content-Range that gives all of them.
    pub fn range_of_total(&self) -> Option<[u32; 3]> {
        self.when(flag::RANGE & flag::TOTAL, self.range)
    }

    /// The total of a Content-Range.
    pub fn range_total(&self) -> Option<u32> {
        let [.., total] = self.range;
        self.when(flag::TOTAL, total)
    }

    /// The CRC-32 that `Digest` gives for the body.
    pub fn crc32(&self) -> Option<u32> {
        let [.., crc32] = self.values;
        self.when(flag::CRC32, crc32)
    }

    pub(super) const fn has(&self, flag: u32) -> bool {
        self.flags & flag != 0
    }

    pub(super) const fn set(&mut self, flag: u32) {
        self.flags |= flag;
    }

    fn when<T>(&self, flag: u32, value: T) -> Option<T> {
        self.has(flag).then_some(value)
    }

    /// The error that this response failed with.
    // One copy for its calls.
    #[inline(never)]
    fn check(&self) -> Result<()> {
        match self.state {
            state::STATUS..=state::COMPLETE => Ok(()),
            state::FAILED_SYNTAX..=state::FAILED_TRUNCATED => {
                let code = self.state.wrapping_sub(state::FAILED);
                Err(Error::from_code(code).unwrap_or(Error::STATE))
            }
            _ => Err(Error::STATE),
        }
    }

    const fn fail(&mut self, error: Error) {
        self.state = state::failed(error);
    }

    /// How many bytes from the front go on in a form as it stands, are of a name that no form has, or of a value that is skipped.
    fn run(&mut self, rest: &[u8]) -> usize {
        let rest = rest.get(..usize::from(self.room)).unwrap_or(rest);
        if self.before != 0 || self.state > state::VALUE || self.state == state::LINE {
            return 0;
        }
        let end = if self.state == state::VALUE && self.element == SKIPPED {
            rest.iter().position(|&byte| byte < 0x20 || byte == 0x7F)
        } else if self.at == NOWHERE {
            if self.state != state::NAME {
                return 0;
            }
            rest.iter()
                .position(|&byte| (byte | 0x20).wrapping_sub(b'a') >= 26 && byte != b'-')
        } else {
            let mut pairs = self.form().array_windows().zip(rest);
            let end = pairs.position(|(&[form, next], &byte)| {
                next <= b' '
                    || form == b':'
                    || (byte <= b'/' && byte != b'-')
                    || (form != byte && form != byte | 0x20)
            });
            let [depth, ..] = end.unwrap_or_default().to_le_bytes();
            self.depth = self.depth.wrapping_add(depth);
            Some(end.unwrap_or_default())
        };
        let len = u16::try_from(end.unwrap_or(rest.len())).unwrap_or_default();
        self.room = self.room.wrapping_sub(len);
        usize::from(len)
    }

    /// Takes one byte of a line: of the head, of chunked framing or of the trailer section.
    #[inline]
    fn line_byte(&mut self, byte: u8) -> Result<()> {
        if self.room == 0 {
            return Err(Error::HTTP_HEAD_TOO_LARGE);
        }
        self.room = self.room.wrapping_sub(1);
        let before = self.before;
        let after_cr = before == b'\r';
        self.before = 0;
        if byte != b'\n' {
            if after_cr {
                return Err(Error::HTTP_SYNTAX);
            }
            if byte == b'\r' {
                self.before = byte;
                return Ok(());
            }
            if byte.is_ascii_control() && byte != b'\t' {
                return Err(Error::HTTP_SYNTAX);
            }
        }
        match self.state {
            state::STATUS => self.status_byte(byte),
            state::LINE if byte == b'\n' => self.end_head(),
            state::LINE => {
                self.begin_line(forms::FIELD);
                self.state = state::NAME;
                self.name_byte(byte)
            }
            state::NAME => self.name_byte(byte),
            state::VALUE => self.value_byte(byte, before),
            _ => self.chunk_byte(byte, after_cr),
        }
    }

    /// Takes one byte of the status line up to the space behind the status, which may be missing.
    fn status_byte(&mut self, byte: u8) -> Result<()> {
        if self.digits == 3 && (byte == b'\n' || byte == b' ') {
            let [.., status] = self.numbers;
            let [low, high, ..] = status.to_le_bytes();
            self.status = u16::from_le_bytes([low, high]);
            // The code of the version stands behind the number.
            if self.follow(action::HTTP_1_0) {
                self.set(flag::HTTP_1_0);
            }
            self.element = SKIPPED;
            self.state = if byte == b'\n' {
                state::LINE
            } else {
                state::VALUE
            };
            if self.status >= 100 {
                return Ok(());
            }
        } else if byte == b'\n' {
            if self.depth == 0 && !self.has(flag::EMPTY_LINE) {
                self.set(flag::EMPTY_LINE);
                return Ok(());
            }
        } else if self.follow(byte) {
            return Ok(());
        }
        Err(Error::HTTP_SYNTAX)
    }

    /// Decides how the body is framed, RFC 9112 section 6.3.
    fn end_head(&mut self) -> Result<()> {
        if self.has(flag::TRAILER) {
            self.state = state::COMPLETE;
            return Ok(());
        }
        if self.has(flag::CHUNKED) && self.has(flag::CONTENT_LENGTH | flag::HTTP_1_0) {
            return Err(Error::HTTP_TRANSFER_ENCODING);
        }
        if self.status < 200 {
            self.status = 0;
            self.begin_line(forms::STATUS);
            self.flags &= flag::HEAD | flag::EMPTY_LINE;
            self.state = state::STATUS;
        } else if self.has(flag::HEAD) || self.status == 204 || self.status == 304 {
            self.state = state::COMPLETE;
        } else if self.has(flag::CHUNKED) {
            self.begin_chunk_line(state::CHUNK_SIZE);
        } else if self.has(flag::CONTENT_LENGTH) {
            [_, self.remaining, _] = self.values;
            self.state = if self.remaining == 0 {
                state::COMPLETE
            } else {
                state::BODY
            };
        } else {
            self.set(flag::CLOSE);
            self.remaining = u32::MAX;
            self.state = state::UNTIL_CLOSE;
        }
        Ok(())
    }
}

/// A length in a `usize`, which has 32 bits at least wherever this is built.
fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn memory_that_was_never_begun_is_a_wrong_state() {
        for garbage in [0x00, 0x0a, 0x14, 0x25, 0xA5, 0xFF] {
            let mut response = Response::begin(Method::Post);
            response.state = garbage;
            assert_eq!(response.step(b"HTTP/1.1 202 \r\n"), Err(Error::STATE));
            assert_eq!(response.collect(b"HTTP", &mut []), Err(Error::STATE));
            assert_eq!(response.body(&[]), Err(Error::STATE));
            assert_eq!(response.end(), Err(Error::STATE));
            assert!(!response.is_complete() && !response.keep_alive());
        }
    }

    #[test]
    fn a_state_overwritten_from_outside_ends_the_loop() {
        let mut response = Response::begin(Method::Post);
        response.state = state::BODY;
        let collected = response.collect(b"abc", &mut []).unwrap();
        assert_eq!((collected.used, collected.complete), (0, false));
    }
}
