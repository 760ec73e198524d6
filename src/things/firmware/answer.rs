//! The response to a request for a part: read as it arrives, judged once its head is whole and once its body is.
//!
//! What answers count as:
//! - 206 or 200 with Content-Range: must be exactly the bytes asked for, or what is left of the firmware, and its size
//!   must stay what it was. Else the download fails: the server has other firmware under this URL, or none.
//! - 200 without Content-Range: the firmware from its first byte to its last; what is confirmed is skipped. One that is as long as
//!   the part asked for fails as long as the size is not known: a lost Content-Range would pass it off as all there is.
//! - 408, 429 and 5xx, a wrong CRC, a lost connection, an answer that is no HTTP: asked again, `retries` times in a row.
//! - Any other status: the download fails. The same announcement, with a new token, lets it go on.
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
    /// Reads on in the response, up to the next piece or its end.
    ///
    /// Call again with what is left of the input as long as it returns [`Step::More`]. An error is final: the download
    /// has failed and the connection is to be closed.
    pub fn feed<'a>(&mut self, input: &'a [u8]) -> Result<Fed<'a>> {
        self.expect(Phase::Response)?;
        let mut rest = input;
        let mut piece = Piece {
            offset: self.confirmed,
            bytes: &[],
        };
        let read = self.response.take(&mut rest, &mut piece.bytes);
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

    /// Tells that the connection is closed, by the server, by the caller after a time-out, or that it could not be opened.
    pub fn close(&mut self) -> Result<Step> {
        let was_open = self.connection.left() != 0;
        self.connection = Connection::closed();
        let mut read = Err(Error::HTTP_TRUNCATED);
        if !self.is(Phase::Request) {
            self.expect(Phase::Response)?;
            read = self.response.end();
        } else if was_open {
            // An idle connection may be closed at any time.
            return Ok(Step::Again);
        }
        let mut piece = Piece {
            offset: 0,
            bytes: &[],
        };
        self.take_or_fail(read, &mut piece)?;
        Ok(self.step())
    }

    /// Judges what was read of the response. Of the piece found leaves what belongs to the firmware, and says where.
    // One copy for its calls.
    #[inline(never)]
    fn take_or_fail(&mut self, read: Result<()>, piece: &mut Piece<'_>) -> Result<()> {
        let result = match read {
            Ok(()) => self.take(piece),
            Err(error) => {
                self.connection = Connection::closed();
                self.again(error)
            }
        };
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
        let mut base = 0;
        if self.has_body(ExpectedBody::Part) {
            base = self.confirmed;
        } else if self.has_body(ExpectedBody::Busy) {
            return if whole {
                self.again(Error::FIRMWARE_BUSY)
            } else {
                Ok(())
            };
        }
        let end = base.saturating_add(self.response.body_len());
        if end == u32::MAX || (self.end != 0 && end > self.end) {
            return Err(Error::FIRMWARE_RANGE);
        }
        let start = end - to_u32(found.len());
        // What is confirmed comes again in a firmware from its first byte.
        let skip = self.confirmed.saturating_sub(start);
        if whole {
            self.check_end(end)?;
            if self.response.crc32().is_some_and(|crc| crc != self.crc) {
                return self.again(Error::FIRMWARE_CRC);
            }
            if self.has_body(ExpectedBody::Whole) {
                self.total = end;
            }
            self.confirmed = end;
            self.go_on();
        }
        piece.offset = start + skip;
        let skip = to_usize(skip).min(found.len());
        piece.bytes = found.get(skip..).unwrap_or_default();
        Ok(())
    }

    /// Judges the head of the response: what its body will be.
    #[inline(never)]
    fn judge(&mut self) -> Result<()> {
        let status = self.response.status();
        if Outcome::of(status).may_retry() {
            self.expect_body(ExpectedBody::Busy);
            return Ok(());
        }
        // 0: not known.
        let known = self.total;
        let differs = |size| known != 0 && size != known;
        if status == 416 {
            return Err(if self.response.range_total().is_some_and(differs) {
                Error::FIRMWARE_SIZE
            } else {
                Error::FIRMWARE_RANGE
            });
        }
        if status != 200 && status != 206 {
            return Err(Error::FIRMWARE_REFUSED);
        }
        let len = self.response.content_length();
        if !self.response.has_range() {
            if status == 206 || len == Some(0) {
                return Err(Error::FIRMWARE_RANGE);
            }
            let size = len.unwrap_or(known);
            if differs(size) {
                return Err(Error::FIRMWARE_SIZE);
            }
            self.expect_body(ExpectedBody::Whole);
            self.end = size;
            return Ok(());
        }
        let Some([first, last, size]) = self.response.range_of_total() else {
            return Err(Error::FIRMWARE_RANGE);
        };
        if differs(size) {
            return Err(Error::FIRMWARE_SIZE);
        }
        let end = self.end.min(size);
        let fits =
            first == self.confirmed && last + 1 == end && len.is_none_or(|len| len == end - first);
        if !fits {
            return Err(Error::FIRMWARE_RANGE);
        }
        self.expect_body(ExpectedBody::Part);
        self.total = size;
        self.end = end;
        Ok(())
    }

    /// Judges the end of a response that is whole.
    fn check_end(&mut self, end: u32) -> Result<()> {
        if self.end == 0 && self.response.is_verifiable() {
            // Nothing else vouches for the end of the body.
            self.end = end;
        }
        // From the first byte, with the length of a part and without Content-Range: it may be either.
        let may_be_part = self.total == 0 && end == self.part_size;
        if end == 0 || end != self.end || may_be_part {
            return Err(Error::FIRMWARE_RANGE);
        }
        Ok(())
    }
}
