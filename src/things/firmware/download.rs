// SPDX-License-Identifier: MIT OR Apache-2.0
//! The download of one image, part by part: what to request next, and what an answer means.
//!
//! Pieces of a part are handed out as they arrive, so that no buffer of the size of a part is needed. They are provisional until the part
//! is complete and its CRC-32, if the server gave one, matches: only then does `confirmed` advance. If anything goes wrong before,
//! `confirmed` stays where it was, and the same bytes are requested and written again.
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

/// How many failures in a row are retried by default.
pub const RETRIES: u8 = 5;

/// How many first bytes of the firmware can be demanded.
pub const FIRST_BYTES_MAX: usize = 8;

const _: () = assert!(size_of::<[u8; FIRST_BYTES_MAX]>() == 8);

/// The phase of a download. The values are part of the C interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Phase {
    /// No firmware was announced.
    Idle = 0,
    /// A request must be sent.
    Request = 1,
    /// A response must be read.
    Response = 2,
    /// All bytes are confirmed.
    Complete = 3,
    /// Given up until the firmware is announced again.
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
    /// The head has not been assessed yet.
    Unknown,
    /// Bytes of the firmware, from `first` on.
    Firmware,
    /// The body of a refusal, which is ignored.
    Busy,
}

/// State of one download: plain integers without pointers; every bit pattern is safe. URL and token lie in memory of the caller that is
/// passed to each call.
#[repr(C)]
#[derive(Debug)]
pub struct Download {
    // Single bytes come first: a Cortex-M0 instruction reaches them only there.
    /// A [`Phase`], as a number: the memory is the caller's, so every bit pattern must be safe.
    phase: u8,
    /// An [`ExpectedBody`], likewise.
    body: u8,
    /// Code of the last error; 0 for none.
    pub(super) error: u8,
    /// Failures in a row.
    pub(super) failures: u8,
    pub(super) retries: u8,
    pub(super) real_host: u8,
    /// How many of `first_bytes` are demanded.
    pub(super) first_len: u8,
    pub(super) connection: Connection,
    pub(super) limit: u16,
    pub(super) token_len: u16,
    pub(super) url: Url,
    pub(super) part_size: u32,
    pub(super) confirmed: u32,
    /// 0 until it is known.
    pub(super) total: u32,
    /// Smallest size of the firmware.
    pub(super) min_size: u32,
    /// Offset of the first byte that the response brings.
    pub(super) first: u32,
    /// Offset after the last one; 0 for as far as it goes.
    pub(super) end: u32,
    /// Of the body so far.
    pub(super) crc: u32,
    pub(super) response: Response,
    // After the numbers, since instructions of the Cortex-M0 reach only the front of a struct without an addition.
    /// What the first bytes of the firmware must be.
    first_bytes: [u8; 8],
    pub(super) validator: Validator,
}

/// How far a call has advanced the download. The values are those of the status in the C interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Step {
    /// The part is confirmed, including the piece handed out with this.
    Confirmed = 0,
    /// Feed the next bytes.
    More = 1,
    /// Not this time: wait, then request the same bytes again.
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
    /// Begins in memory that is all zeros, before any announcement. Requests `part_size` bytes at a time.
    pub const fn begin(&mut self, part_size: NonZeroU32) {
        self.part_size = part_size.get();
        self.limit = REQUESTS_MAX;
        self.retries = RETRIES;
    }

    /// Sets how many failures in a row are retried.
    pub const fn set_retries(&mut self, retries: u8) {
        self.retries = retries;
    }

    /// Sets how many requests the server accepts on one connection, from the next connection on.
    pub const fn set_request_limit(&mut self, limit: u16) {
        self.limit = limit;
    }

    /// Sets whether `Host` is the URL's host instead of `m.m`.
    pub const fn set_real_host(&mut self, real: bool) {
        self.real_host = if real { 1 } else { 0 };
    }

    /// Demands a smallest size of the firmware, and its first bytes. `Error::INVALID_ARGUMENT` for more than [`FIRST_BYTES_MAX`] of them;
    /// then nothing is changed.
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

    /// Writes an image to load after a reset, and returns its length.
    ///
    /// `Error::STATE` if no firmware was announced, `Error::BUFFER_FULL` if `out` is too short; then nothing is written.
    pub fn save(&self, memory: &[u8], out: &mut [u8]) -> Result<usize> {
        let image = Image {
            texts: self.texts(memory)?,
            validator: self.validator.kept(),
            confirmed: self.confirmed,
            total: self.total,
        };
        image.write(out)
    }

    /// Announces the firmware of an image, and continues its download.
    ///
    /// `Error::STATE` if firmware was announced already, `Error::IMAGE` for an image that [`Download::save`] did not write,
    /// `Error::FIRMWARE_TOO_LONG` if `memory` is too small. After an error nothing is changed.
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

    /// Takes an announcement, and copies its texts to `memory`.
    ///
    /// A different URL starts from the beginning. The same URL, with whatever token, continues the download, even after a failure; a
    /// complete download stays complete. `Error::FIRMWARE_TOO_LONG` if `memory` is too small. After an error nothing is changed.
    ///
    /// `Error::FIRMWARE_URL` and `Error::FIRMWARE_TOO_LONG` as for [`Url::parse`]; errors of the token as for [`announcement::token_len`].
    pub fn announce(&mut self, texts: Texts<'_>, memory: &mut [u8]) -> Result<()> {
        let [url_text, token] = texts;
        let mut url = Url::none();
        url.parse(url_text)?;
        let token_len = announcement::token_len(token)?;
        let len = usize::from(url.len) + usize::from(token_len);
        let places = memory.get_mut(..len).ok_or(Error::FIRMWARE_TOO_LONG)?;
        // Only then have that many bytes of the memory been written.
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

    /// Forgets the firmware and everything downloaded.
    pub const fn abort(&mut self) {
        self.url = Url::none();
        self.confirmed = 0;
        self.failures = 0;
        self.error = 0;
        self.enter(Phase::Idle);
    }

    /// Goes back to `offset`, to fetch the bytes from there on again; 0 also forgets size and validator.
    ///
    /// `Error::STATE` if no firmware was announced, `Error::INVALID_ARGUMENT` for an offset above the confirmed bytes.
    pub fn rewind(&mut self, offset: u32) -> Result<()> {
        if self.is(Phase::Idle) {
            return Err(Error::STATE);
        }
        if offset > self.confirmed {
            return Err(Error::INVALID_ARGUMENT);
        }
        self.confirmed = offset;
        if self.is(Phase::Response) {
            // The rest of the response is still to come.
            self.connection = Connection::closed();
        }
        self.go_on();
        Ok(())
    }

    /// Reports that a connection to the host and port of the URL was opened.
    pub fn connected(&mut self) -> Result<()> {
        if !self.is(Phase::Request) {
            return Err(Error::STATE);
        }
        self.connection = Connection::begin(self.limit);
        Ok(())
    }

    /// Whether a new connection must be opened before the next request, and the old one closed.
    pub fn must_connect(&self) -> bool {
        self.is(Phase::Request) && self.connection.left() == 0
    }

    /// Writes the request for the next part.
    ///
    /// If `out` is too small, nothing else changes. `Error::STATE` unless a request must be sent and the connection is open; after a failed
    /// download, its failure. `Error::HEAD_TEXT` if `memory` was changed.
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
        // An unknown total is larger than any other here.
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

    /// Resets the count of failures, and moves on to the next request or the end.
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

    /// Counts a failure that may be gone next time. Too many of them are final; the caller must see to that.
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

    /// How far a response has come.
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

    /// Refuses a call in any other phase than this one, with the failure that ended the download if there is one.
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

    /// Why the last request failed; `None` if it brought a part, or if none was sent.
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

    // Not inlined: one copy serves all callers.
    #[inline(never)]
    const fn enter(&mut self, phase: Phase) {
        self.phase = phase.code();
        if self.confirmed == 0 {
            // What is known of the firmware came with bytes that do not count.
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

    /// How many bytes from the start of the firmware are confirmed.
    pub const fn confirmed(&self) -> u32 {
        self.confirmed
    }

    /// Bytes of the whole firmware, 0 until it is known.
    pub const fn total(&self) -> u32 {
        self.total
    }

    /// URL and token, from the memory that they were copied to; `Error::STATE` before an announcement.
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

    /// The parts of the URL.
    pub const fn url(&self) -> &Url {
        &self.url
    }

    /// The response that is being read, or was read last.
    pub const fn response(&self) -> &Response {
        &self.response
    }
}
