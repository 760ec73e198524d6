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
use crate::things::firmware::download::{Download, Fed, Step, body, phase, to_usize};
use crate::things::outcome::Outcome;

impl Download {
    /// Reads on in the response, up to the next piece or its end.
    ///
    /// Call again with what is left of the input as long as it returns [`Step::More`]. An error is final: the download
    /// has failed and the connection is to be closed.
    pub fn feed<'a>(&mut self, input: &'a [u8]) -> Result<Fed<'a>> {
        self.expect(phase::RESPONSE)?;
        let before = self.response.body_len();
        let mut rest = input;
        let mut offset = self.confirmed;
        let mut piece: &[u8] = &[];
        match self.response.take(&mut rest) {
            Ok(found) => {
                (offset, piece) = self.take(before, found)?;
                if self.response.is_complete() {
                    self.connection.record(&self.response);
                    self.complete()?;
                }
            }
            Err(error) => {
                rest = &[];
                self.connection = Connection::closed();
                self.again(error)?;
            }
        }
        let step = self.step();
        if step == Step::Again {
            piece = &[];
        }
        Ok(Fed {
            step,
            used: input.len().wrapping_sub(rest.len()),
            offset,
            piece,
        })
    }

    /// Tells that the connection is closed, by the server, by the caller after a time-out, or that it could not be opened.
    pub fn close(&mut self) -> Result<Step> {
        let was_open = self.connection.left() != 0;
        self.connection = Connection::closed();
        if self.phase == phase::REQUEST {
            // An idle connection may be closed at any time.
            if !was_open {
                self.again(Error::HttpTruncated)?;
            }
            return Ok(Step::Again);
        }
        self.expect(phase::RESPONSE)?;
        match self.response.end() {
            Ok(()) => self.complete()?,
            Err(error) => self.again(error)?,
        }
        Ok(self.step())
    }

    /// Judges the head of the response, once: what its body will be.
    #[inline(never)]
    fn judge(&mut self) -> Result<()> {
        if self.body == body::UNKNOWN
            && let Err(error) = self.judge_head()
        {
            return Err(self.fail(error));
        }
        Ok(())
    }

    fn judge_head(&mut self) -> Result<()> {
        let status = self.response.status();
        if Outcome::of(status).may_retry() {
            self.body = body::BUSY;
            return Ok(());
        }
        let known = self.total;
        let differs = |size| known != 0 && size != known;
        if status == 416 {
            return Err(if self.response.range_total().is_some_and(differs) {
                Error::FirmwareSize
            } else {
                Error::FirmwareRange
            });
        }
        if status != 200 && status != 206 {
            return Err(Error::FirmwareRefused);
        }
        let len = self.response.content_length();
        if !self.response.has_range() {
            if status == 206 || len == Some(0) {
                return Err(Error::FirmwareRange);
            }
            if len.is_some_and(differs) {
                return Err(Error::FirmwareSize);
            }
            self.body = body::WHOLE;
            // 0: as far as it goes.
            self.end = len.unwrap_or(known);
            return Ok(());
        }
        let Some([first, last, total]) = self.response.range_of_total() else {
            return Err(Error::FirmwareRange);
        };
        if differs(total) {
            return Err(Error::FirmwareSize);
        }
        let end = self.end.min(total);
        let fits = first == self.confirmed
            && last.wrapping_add(1) == end
            && len.is_none_or(|len| len == end.wrapping_sub(first));
        if !fits {
            return Err(Error::FirmwareRange);
        }
        self.body = body::PART;
        self.total = total;
        self.end = end;
        Ok(())
    }

    /// What of a piece of the body belongs to the firmware, and where.
    fn take<'a>(&mut self, before: u32, piece: &'a [u8]) -> Result<(u32, &'a [u8])> {
        if !piece.is_empty() {
            self.judge()?;
        }
        let confirmed = self.confirmed;
        let base = match self.body {
            body::PART => confirmed,
            body::WHOLE => 0,
            _ => return Ok((confirmed, &[])),
        };
        let offset = base.wrapping_add(before);
        let end = base.saturating_add(self.response.body_len());
        if end == u32::MAX || (self.end != 0 && end > self.end) {
            return Err(self.fail(Error::FirmwareRange));
        }
        self.crc = crc32::update(self.crc, piece);
        let skip = to_usize(confirmed.saturating_sub(offset));
        Ok((offset.max(confirmed), piece.get(skip..).unwrap_or_default()))
    }

    /// Judges a response that is whole.
    fn complete(&mut self) -> Result<()> {
        self.judge()?;
        let crc = self.response.crc32();
        let end = match self.body {
            body::PART => self.confirmed.wrapping_add(self.response.body_len()),
            body::WHOLE => self.response.body_len(),
            _ => return self.again(Error::FirmwareBusy),
        };
        let fits = if self.end == 0 {
            // Nothing else vouches for the end of the body.
            end != 0 && (crc.is_some() || self.response.is_framed())
        } else {
            end == self.end
        };
        // From the first byte, with the length of a part and without Content-Range: it may be either.
        let may_be_part = self.total == 0 && end == self.part_size;
        if !fits || may_be_part {
            return Err(self.fail(Error::FirmwareRange));
        }
        if crc.is_some_and(|crc| crc != self.crc) {
            return self.again(Error::FirmwareCrc);
        }
        if self.body == body::WHOLE {
            self.total = end;
        }
        self.confirmed = end;
        self.go_on();
        Ok(())
    }
}
