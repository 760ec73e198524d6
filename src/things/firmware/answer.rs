// SPDX-License-Identifier: MIT OR Apache-2.0
//! The response to a request for a part: it is read as it arrives, and assessed once its head is complete and again once its body is.
//!
//! What each answer counts as:
//! - 206 or 200 with Content-Range: bytes of the firmware. Those after the confirmed ones are taken, be they fewer or more than
//!   was asked for. None of them, a gap in front of them, or a Content-Length that contradicts them: the download fails.
//! - 200 without Content-Range: the whole firmware; what is confirmed already is skipped. One that is as long as
//!   the part asked for fails as long as the size is not known: a lost Content-Range would pass it off as all there is.
//! - A different size than before: the download fails.
//! - A different validator than before, or 412: the URL has different firmware now. The download fails, and what is
//!   confirmed is void. A 200 must first begin as firmware does, since the page of a captive portal may have a validator too.
//! - A content coding: the download fails. A server that encodes despite `Accept-Encoding: identity` (RFC 9110 section 12.5.3) will do so
//!   again, and the bytes of a coding are not those of the firmware.
//! - 408, 429 and 5xx, a wrong CRC, a lost connection, an answer that is not HTTP or not what the caller expects of firmware: requested
//!   again, `retries` times in a row.
//! - 2xx or 3xx that would fail, without Content-Range, once something is confirmed: requested again likewise. The server that sent parts
//!   under this URL was the file server; a page or a redirect in between comes from something on the way.
//! - Any other status: the download fails. The same announcement with a new token resumes it.
#![forbid(unsafe_code)]

use crate::crc32;
use crate::error::{Error, Result};
use crate::things::connection::Connection;
use crate::things::firmware::download::{Download, ExpectedBody, Fed, Phase, Step};
use crate::things::firmware::{to_u32, to_usize};
use crate::things::outcome::Outcome;

/// Bytes of a body, or of the firmware.
struct Piece<'a> {
    offset: u32,
    bytes: &'a [u8],
}

impl Download {
    /// Reads on in the response, up to its next piece or its end.
    ///
    /// Call it again with the rest of the input as long as it returns [`Step::More`]. An error is final: the download has failed and the
    /// connection must be closed.
    pub fn feed<'a>(&mut self, input: &'a [u8]) -> Result<Fed<'a>> {
        self.expect(Phase::Response)?;
        let mut rest = input;
        let mut piece = Piece {
            offset: self.confirmed,
            bytes: &[],
        };
        let read = loop {
            let read = self.response.take(&mut rest, &mut piece.bytes);
            match self.response.text() {
                0 => break read,
                text => self.validator.take(text),
            }
        };
        if read.is_err() {
            rest = &[];
        }
        let used = input.len() - rest.len();
        self.take_or_fail(read, &mut piece)?;
        let step = self.step();
        Ok(Fed {
            step,
            used,
            offset: piece.offset,
            piece: piece.bytes,
        })
    }

    /// Reports that the connection was closed, by the server or by the caller after a time-out, or that it could not be opened.
    pub fn close(&mut self) -> Result<Step> {
        let left = self.connection.left();
        self.connection = Connection::closed();
        let mut read = Err(Error::HTTP_TRUNCATED);
        if !self.is(Phase::Request) {
            self.expect(Phase::Response)?;
            read = self.response.end();
        } else if left != 0 && left < self.limit {
            // A connection that has brought an answer may be closed at any time after it.
            return Ok(Step::Again);
        }
        let mut piece = Piece {
            offset: 0,
            bytes: &[],
        };
        self.take_or_fail(read, &mut piece)?;
        Ok(self.step())
    }

    /// Assesses what was read of the response. Trims the piece to what belongs to the firmware, and says where it belongs.
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    fn take_or_fail(&mut self, read: Result<()>, piece: &mut Piece<'_>) -> Result<()> {
        let mut result = read.and_then(|()| self.take(piece));
        if let Err(error) = result
            && self.may_pass(error)
        {
            self.connection = Connection::closed();
            result = self.again(error);
        }
        if let Err(error) = result {
            self.fail(error);
        }
        result
    }

    fn take(&mut self, piece: &mut Piece<'_>) -> Result<()> {
        let found = core::mem::take(&mut piece.bytes);
        self.crc = crc32::update(self.crc, found);
        let whole = self.response.is_complete();
        if whole {
            self.connection.record(&self.response);
        } else if found.is_empty() {
            return Ok(());
        }
        if self.has_body(ExpectedBody::Unknown) {
            self.judge()?;
        }
        if self.has_body(ExpectedBody::Busy) {
            return if whole {
                self.again(Error::FIRMWARE_BUSY)
            } else {
                Ok(())
            };
        }
        let end = self.first.saturating_add(self.response.body_len());
        let start = end - to_u32(found.len());
        // Before the end is assessed, because with other pieces the end would come later.
        if self.demanded(start).iter().zip(found).any(|(a, b)| a != b) {
            return Err(Error::FIRMWARE_UNEXPECTED);
        }
        if self.has_body(ExpectedBody::Unknown) {
            // A whole file with another validator: other firmware, if it begins as firmware.
            return if end >= u32::from(self.first_len) {
                Err(Error::FIRMWARE_REPLACED)
            } else if whole {
                Err(Error::FIRMWARE_UNEXPECTED)
            } else {
                Ok(())
            };
        }
        if end == u32::MAX || (self.end != 0 && end > self.end) {
            return Err(Error::FIRMWARE_RANGE);
        }
        // Confirmed bytes may come again.
        let skip = self.confirmed.saturating_sub(start);
        if whole {
            self.check_end(end)?;
            if self.response.crc32().is_some_and(|crc| crc != self.crc) {
                return self.again(Error::FIRMWARE_CRC);
            }
            if self.total == 0 {
                self.total = end;
            }
            self.confirmed = end;
            self.validator.settle();
            self.go_on();
        }
        piece.offset = start + skip;
        let skip = to_usize(skip).min(found.len());
        piece.bytes = found.get(skip..).unwrap_or_default();
        Ok(())
    }

    /// Assesses the head of the response: what its body will be.
    #[inline(never)]
    fn judge(&mut self) -> Result<()> {
        let status = self.response.status();
        if Outcome::of(status).may_retry() {
            self.expect_body(ExpectedBody::Busy);
            return Ok(());
        }
        // 0: unknown.
        let known = self.total;
        let differs = |size| known != 0 && size != known;
        let has_range = self.response.has_range();
        let range_total = self.response.range_total();
        match status {
            206 if !has_range => return Err(Error::FIRMWARE_RANGE),
            200 | 206 => {}
            412 => return Err(Error::FIRMWARE_REPLACED),
            416 if range_total.is_some_and(differs) => return Err(Error::FIRMWARE_SIZE),
            416 => return Err(Error::FIRMWARE_RANGE),
            _ => return Err(Error::FIRMWARE_REFUSED),
        }
        if self.response.is_coded() {
            return Err(Error::FIRMWARE_CODING);
        }
        let len = self.response.content_length();
        let stated = if has_range { range_total } else { len };
        if stated.is_some_and(|size| size < self.min_size) {
            return Err(Error::FIRMWARE_UNEXPECTED);
        }
        self.first = 0;
        if self.validator.is_other() {
            // The first bytes of a whole file are compared before the end is assessed.
            return if has_range {
                Err(Error::FIRMWARE_REPLACED)
            } else {
                Ok(())
            };
        }
        let size = stated.unwrap_or(known);
        self.end = size;
        let fits = if has_range {
            // Without first and last offset there are no bytes.
            let [first, last] = self.response.range().unwrap_or([1, 0]);
            self.first = first;
            self.end = last.saturating_add(1);
            (first..self.end).contains(&self.confirmed)
                && self.end <= size
                && len.is_none_or(|len| len == self.end - first)
        } else {
            let is_same = self.confirmed == 0 || self.validator.may_be_same();
            len != Some(0) && is_same
        };
        if !fits {
            return Err(Error::FIRMWARE_RANGE);
        }
        if differs(size) {
            return Err(Error::FIRMWARE_SIZE);
        }
        if has_range {
            self.total = size;
        }
        self.expect_body(ExpectedBody::Firmware);
        Ok(())
    }

    /// Assesses the end of a complete response.
    fn check_end(&mut self, end: u32) -> Result<()> {
        if self.end == 0 && self.response.is_verifiable() {
            // Nothing else shows where the body ends.
            self.end = end;
        }
        if self.total == 0 && end < self.min_size {
            return Err(Error::FIRMWARE_UNEXPECTED);
        }
        // From the first byte, as long as a part and without Content-Range: it may be either.
        let may_be_part = self.total == 0 && end == self.part_size;
        if end == 0 || self.end == 0 || may_be_part {
            return Err(Error::FIRMWARE_RANGE);
        }
        if end != self.end {
            return Err(Error::HTTP_TRUNCATED);
        }
        Ok(())
    }

    /// Whether the failure may be gone next time, on a new connection.
    fn may_pass(&self, error: Error) -> bool {
        // Not a part, although the URL has given parts.
        let is_page = self.confirmed != 0
            && error != Error::FIRMWARE_REPLACED
            && self.response.status() < 400
            && !self.response.has_range();
        is_page
            || error == Error::FIRMWARE_UNEXPECTED
            || error.code() <= Error::HTTP_TRUNCATED.code()
    }
}
