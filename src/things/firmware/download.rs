// SPDX-License-Identifier: MIT OR Apache-2.0
//! The download of one image, part by part: what to ask next, and what an answer is worth.
//!
//! Pieces of a part are handed out as they arrive, so that no buffer of part size is needed. They are provisional until
//! the part is complete and its CRC-32, when the server gave one, fits: only then `confirmed` moves on. Anything that
//! goes wrong before leaves `confirmed` where it was, and the same bytes are asked for again and written again.
#![forbid(unsafe_code)]

use core::num::NonZeroU32;

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::http::request::{self, Target};
use crate::http::response::{Method, Response};
use crate::things::connection::{Connection, REQUESTS_MAX};
use crate::things::endpoint;
use crate::things::firmware::announcement::{self, Texts};
use crate::things::firmware::image::Image;
use crate::things::firmware::to_usize;
use crate::things::firmware::url::Url;
use crate::things::firmware::validator::Validator;

/// Failures in a row that are tried again, until set otherwise.
pub const RETRIES: u8 = 5;

/// First bytes of the firmware that can be demanded.
pub const FIRST_BYTES_MAX: usize = 8;

const _: () = assert!(size_of::<[u8; FIRST_BYTES_MAX]>() == 8);

/// Where a download stands. The values are part of the C interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// No firmware was announced.
    Idle = 0,
    /// A request is to be sent.
    Request = 1,
    /// A response is to be read.
    Response = 2,
    /// All bytes are confirmed.
    Complete = 3,
    /// Given up, until the firmware is announced again.
    Failed = 4,
}

impl Phase {
    /// The value in the C interface.
    pub const fn code(self) -> u8 {
        self as u8
    }
}

/// What the body of the response is.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub(super) enum ExpectedBody {
    /// The head is not judged yet.
    Unknown,
    /// Bytes of the firmware, from `first` on.
    Firmware,
    /// That of a refusal, not of interest.
    Busy,
}

/// State of one download: plain numbers, no pointer; every bit pattern is safe. The texts of URL and token lie in memory
/// of the caller that is given to each call.
#[repr(C)]
#[derive(Debug)]
pub struct Download {
    // Single bytes in front: only there an instruction of the Cortex-M0 reaches them.
    /// A [`Phase`], as a number: the memory is the caller's, where every bit pattern has to be safe.
    phase: u8,
    /// A [`ExpectedBody`], likewise.
    body: u8,
    /// Code of the last error, 0 for none.
    pub(super) error: u8,
    /// Failures in a row.
    pub(super) failures: u8,
    pub(super) retries: u8,
    pub(super) real_host: u8,
    /// How many of `first_bytes` are demanded.
    pub(super) first_len: u8,
    /// What the first bytes of the firmware have to be.
    first_bytes: [u8; 8],
    pub(super) validator: Validator,
    pub(super) connection: Connection,
    pub(super) limit: u16,
    pub(super) token_len: u16,
    pub(super) url: Url,
    pub(super) part_size: u32,
    pub(super) confirmed: u32,
    /// 0 as long as it is not known.
    pub(super) total: u32,
    /// Bytes that the firmware has at least.
    pub(super) min_size: u32,
    /// Offset of the first byte that the response brings.
    pub(super) first: u32,
    /// Offset behind the last one; 0 as far as it goes.
    pub(super) end: u32,
    /// Of the body so far.
    pub(super) crc: u32,
    pub(super) response: Response,
}

/// How far a call has brought the download. The values are those of the status in the C interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Step {
    /// The part is confirmed, the piece handed out with this included.
    Confirmed = 0,
    /// Feed the next bytes.
    More = 1,
    /// Not this time: wait, then ask for the same bytes again.
    Again = 4,
}

impl Step {
    /// The status in the C interface.
    pub const fn code(self) -> i32 {
        self as i32
    }
}

/// What [`Download::feed`] found.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Fed<'a> {
    /// How far it came.
    pub step: Step,
    /// Bytes taken from the front of the input.
    pub used: usize,
    /// Where in the firmware the piece belongs.
    pub offset: u32,
    /// Bytes of the firmware, provisional until the part is confirmed; often none.
    pub piece: &'a [u8],
}

impl Download {
    /// Begins, in memory that is all zeros: before any announcement. Asks for `part_size` bytes at a time.
    pub const fn begin(&mut self, part_size: NonZeroU32) {
        self.part_size = part_size.get();
        self.limit = REQUESTS_MAX;
        self.retries = RETRIES;
    }

    /// How many failures in a row are tried again.
    pub const fn set_retries(&mut self, retries: u8) {
        self.retries = retries;
    }

    /// Requests that the server takes on one connection; counts from the next connection on.
    pub const fn set_request_limit(&mut self, limit: u16) {
        self.limit = limit;
    }

    /// Whether `Host` is the URL's host instead of `m.m`.
    pub const fn set_real_host(&mut self, real: bool) {
        self.real_host = if real { 1 } else { 0 };
    }

    /// Demands a smallest size of the firmware, and its first bytes. `Error::INVALID_ARGUMENT` for more than
    /// [`FIRST_BYTES_MAX`] of them; nothing is changed then.
    pub fn expect_content(&mut self, min_size: u32, first: &[u8]) -> Result<()> {
        let places = self.first_bytes.get_mut(..first.len());
        places
            .ok_or(Error::INVALID_ARGUMENT)?
            .copy_from_slice(first);
        let [len, ..] = first.len().to_le_bytes();
        self.first_len = len;
        self.min_size = min_size.max(u32::from(len));
        Ok(())
    }

    /// The bytes that are demanded from this offset on.
    pub(super) fn demanded(&self, offset: u32) -> &[u8] {
        let bytes = self.first_bytes.get(..usize::from(self.first_len));
        let bytes = bytes.and_then(|bytes| bytes.get(to_usize(offset)..));
        bytes.unwrap_or_default()
    }

    /// Writes an image for the time after a reset, and gives its length.
    ///
    /// `Error::STATE` when no firmware was announced, `Error::BUFFER_FULL` when `out` is too short: nothing is written then.
    pub fn save(&self, memory: &[u8], out: &mut [u8]) -> Result<usize> {
        let image = Image {
            texts: self.texts(memory)?,
            validator: self.validator.kept(),
            confirmed: self.confirmed,
            total: self.total,
        };
        image.write(out)
    }

    /// Announces the firmware of an image, and goes on where its download was.
    ///
    /// `Error::STATE` when firmware was announced already, `Error::IMAGE` for what [`Download::save`] did not write,
    /// `Error::FIRMWARE_TOO_LONG` when `memory` is too small. After an error nothing is changed.
    pub fn load(&mut self, image: &[u8], memory: &mut [u8]) -> Result<()> {
        if !self.is(Phase::Idle) {
            return Err(Error::STATE);
        }
        let image = Image::read(image)?;
        announcement::check_plain(image.texts)
            .and_then(|()| self.announce(image.texts, memory))
            .map_err(|error| match error {
                Error::FIRMWARE_TOO_LONG => error,
                _ => Error::IMAGE,
            })?;
        self.confirmed = image.confirmed;
        self.total = image.total;
        self.validator.restore(image.validator);
        self.go_on();
        Ok(())
    }

    /// Takes an announcement; copies its texts to `memory`.
    ///
    /// Another URL than before starts from the beginning. The same one, with whatever token, goes on where the download
    /// stands, also after it failed; when it is complete it stays so. `Error::FIRMWARE_TOO_LONG` when `memory` is too
    /// small. After an error nothing is changed.
    ///
    /// `Error::FIRMWARE_URL` and `Error::FIRMWARE_TOO_LONG` as [`Url::parse`], the token as [`announcement::token_len`].
    pub fn announce(&mut self, texts: Texts<'_>, memory: &mut [u8]) -> Result<()> {
        let [url_text, token] = texts;
        let mut url = Url::none();
        url.parse(url_text)?;
        let token_len = announcement::token_len(token)?;
        let len = usize::from(url.len) + usize::from(token_len);
        let places = memory.get_mut(..len).ok_or(Error::FIRMWARE_TOO_LONG)?;
        // Only then were so many bytes of the memory written.
        let same = url.len == self.url.len && announcement::stands_in(url_text, places);
        announcement::copy(&texts, places);
        if !same {
            self.confirmed = 0;
            self.connection = Connection::closed();
            self.enter(Phase::Request);
        }
        self.url = url;
        self.token_len = token_len;
        if !self.is(Phase::Response) {
            self.go_on();
        }
        Ok(())
    }

    /// Forgets the firmware and all that was downloaded.
    pub const fn abort(&mut self) {
        self.url = Url::none();
        self.confirmed = 0;
        self.failures = 0;
        self.error = 0;
        self.connection = Connection::closed();
        self.enter(Phase::Idle);
    }

    /// Goes back to `offset`, from which on bytes are to be fetched again; 0 also forgets size and validator.
    ///
    /// `Error::STATE` when no firmware was announced, `Error::INVALID_ARGUMENT` for an offset that is not confirmed.
    pub fn rewind(&mut self, offset: u32) -> Result<()> {
        if self.is(Phase::Idle) {
            return Err(Error::STATE);
        }
        if offset > self.confirmed {
            return Err(Error::INVALID_ARGUMENT);
        }
        self.confirmed = offset;
        if self.is(Phase::Response) {
            // The rest of that response is still to come.
            self.connection = Connection::closed();
        }
        self.go_on();
        Ok(())
    }

    /// Tells that a connection to the host and port of the URL was opened.
    pub fn connected(&mut self) -> Result<()> {
        if !self.is(Phase::Request) {
            return Err(Error::STATE);
        }
        self.connection = Connection::begin(self.limit);
        Ok(())
    }

    /// Whether a connection is to be opened before the next request, and the one before closed.
    pub fn must_connect(&self) -> bool {
        self.is(Phase::Request) && self.connection.left() == 0
    }

    /// Writes the request for the next part.
    ///
    /// When `out` has no room for it, nothing else changes. `Error::STATE` unless a request is to be sent and the
    /// connection is open; after a failure, that failure. `Error::HEAD_TEXT` when `memory` was changed.
    pub fn write_request(&mut self, memory: &[u8], out: &mut Buf<'_>) -> Result<()> {
        self.expect(Phase::Request)?;
        if self.connection.left() == 0 {
            return Err(Error::STATE);
        }
        let [url, token] = self.texts(memory)?;
        let (authority, path) = self.url.split(url);
        let mut host = endpoint::M2M.host;
        if self.real_host != 0 {
            host = authority;
        }
        let target = Target { host, path };
        let part_end = self.confirmed.saturating_add(self.part_size);
        // A total that is not known is behind all others here.
        let last = part_end.wrapping_sub(1).min(self.total.wrapping_sub(1));
        let first = to_usize(self.confirmed);
        let range = [first, to_usize(last)];
        request::write_get_range(out, target, token, range, self.validator.etag())?;
        if out.fits() {
            self.crc = 0;
            self.validator.begin_answer();
            self.response.restart(Method::Get);
            self.expect_body(ExpectedBody::Unknown);
            self.enter(Phase::Response);
        }
        Ok(())
    }

    /// Without failures so far, to the next request or the end.
    pub(super) const fn go_on(&mut self) {
        self.failures = 0;
        self.error = 0;
        let complete = self.total != 0 && self.confirmed >= self.total;
        self.enter(if complete {
            Phase::Complete
        } else {
            Phase::Request
        });
    }

    /// Counts a failure that may be gone the next time; too many of them are final, which the caller has to see to.
    #[inline(never)]
    pub(super) fn again(&mut self, error: Error) -> Result<()> {
        if self.failures >= self.retries {
            return Err(error);
        }
        self.failures += 1;
        self.error = error.code();
        self.enter(Phase::Request);
        Ok(())
    }

    /// How far a response is.
    pub(super) fn step(&self) -> Step {
        if self.is(Phase::Response) {
            Step::More
        } else if self.error == 0 {
            Step::Confirmed
        } else {
            Step::Again
        }
    }

    pub(super) fn fail(&mut self, error: Error) {
        self.error = error.code();
        if error == Error::FIRMWARE_REPLACED {
            self.confirmed = 0;
        }
        self.connection = Connection::closed();
        self.enter(Phase::Failed);
    }

    /// Refuses a call in another phase than this one, with the failure that the download ended with.
    #[inline(never)]
    pub(super) fn expect(&self, phase: Phase) -> Result<()> {
        if self.is(phase) {
            return Ok(());
        }
        Err(match self.error() {
            Some(error) if self.is(Phase::Failed) => error,
            _ => Error::STATE,
        })
    }

    /// Why the last request brought nothing; `None` when it brought a part, or when none was sent.
    pub fn error(&self) -> Option<Error> {
        Error::from_code(self.error)
    }

    /// The code of its [`Phase`].
    pub const fn phase(&self) -> u8 {
        self.phase
    }

    pub(super) const fn is(&self, phase: Phase) -> bool {
        self.phase == phase.code()
    }

    // One copy for its calls.
    #[inline(never)]
    const fn enter(&mut self, phase: Phase) {
        self.phase = phase.code();
        if self.confirmed == 0 {
            // What was known of the firmware came with bytes that do not count.
            self.total = 0;
            self.validator.forget();
        }
    }

    pub(super) const fn has_body(&self, body: ExpectedBody) -> bool {
        self.body == body as u8
    }

    pub(super) const fn expect_body(&mut self, body: ExpectedBody) {
        self.body = body as u8;
    }

    /// Failures in a row.
    pub const fn failures(&self) -> u8 {
        self.failures
    }

    /// Bytes from the start of the firmware that are confirmed.
    pub const fn confirmed(&self) -> u32 {
        self.confirmed
    }

    /// Bytes of the whole firmware, 0 as long as it is not known.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// URL and token in the memory that they were copied to; `Error::STATE` before an announcement.
    fn texts<'a>(&self, memory: &'a [u8]) -> Result<Texts<'a>> {
        if self.is(Phase::Idle) {
            return Err(Error::STATE);
        }
        let (url, rest) = memory
            .split_at_checked(usize::from(self.url.len))
            .ok_or(Error::STATE)?;
        let token = rest.get(..usize::from(self.token_len));
        Ok([url, token.ok_or(Error::STATE)?])
    }

    /// Host name or IPv4 address; `Error::STATE` before an announcement.
    pub fn host<'a>(&self, memory: &'a [u8]) -> Result<&'a [u8]> {
        if self.is(Phase::Idle) {
            return Err(Error::STATE);
        }
        Ok(self.url.host(memory))
    }

    /// The pieces of the URL.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The response that was read last, or is being read.
    pub const fn response(&self) -> &Response {
        &self.response
    }
}
