// SPDX-License-Identifier: MIT OR Apache-2.0
//! A message larger than the caller's memory: a first pass writes every record to measure and hash it; a second pass writes the same
//! records again and sends them through a small window.
//!
//! Content-Length and token precede the body, so one pass is not enough. What the second pass hands out is hashed too, and the last byte of
//! the body is the bracket that only `finish` writes. A differing pass is thus found before that byte is sent, and the platform never
//! receives a complete message that the device did not mean.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::http::request::{Target, write_post_head};
use crate::things::uplink::UplinkState;
use crate::token::{Token, check_secret};

const MEASURING: u8 = 1;
const HEAD: u8 = 2;
const WRITING: u8 = 3;

/// The state of a stream. Plain data without pointers.
#[derive(Clone, Default)]
#[repr(C)]
pub struct StreamState {
    /// The hash of the body in this pass.
    hash: Token,
    /// The hash of the body in the first pass.
    measured: Token,
    /// Head and body.
    request_len: usize,
    phase: u8,
}

impl StreamState {
    /// Bytes of head and body together; 0 until they are measured.
    pub const fn request_len(&self) -> usize {
        self.request_len
    }
}

/// The bytes in the window that are to be sent.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Piece {
    /// Offset of the first byte.
    pub start: usize,
    /// Bytes.
    pub len: usize,
}

impl Piece {
    /// Its bytes.
    pub fn of<'a>(&self, window: &'a [u8]) -> &'a [u8] {
        let bytes = window.get(self.start..).unwrap_or_default();
        bytes.get(..self.len).unwrap_or_default()
    }
}

/// A message in two passes: its state, the pack that records are added to, and the window.
pub struct Stream<'a> {
    state: &'a mut StreamState,
    uplink: &'a mut UplinkState,
    window: &'a mut [u8],
}

impl<'a> Stream<'a> {
    /// Starts the first pass of a message from the device `urn`, in a new state. The window must hold the head or the longest record,
    /// whichever is longer; `BUFFER_FULL` if not even the head fits.
    pub fn begin(
        state: &'a mut StreamState,
        uplink: &'a mut UplinkState,
        window: &'a mut [u8],
        target: Target<'_>,
        urn: &[u8],
    ) -> Result<Self> {
        state.hash.restart();
        state.phase = MEASURING;
        uplink.begin_window(window, target, urn)?;
        Ok(Self::resume(state, uplink, window))
    }

    /// Resumes a stream that was begun over the same window.
    pub const fn resume(
        state: &'a mut StreamState,
        uplink: &'a mut UplinkState,
        window: &'a mut [u8],
    ) -> Self {
        Self {
            state,
            uplink,
            window,
        }
    }

    /// Empties the window if fewer than `room` bytes are free, in both passes alike; in the second pass, send what comes out before the
    /// next call.
    ///
    /// `PASS_DIFFERS` if the second pass is longer than the first; the stream is then over.
    pub fn take(&mut self, room: usize) -> Result<Piece> {
        if self.state.phase != MEASURING && self.state.phase != WRITING {
            return Err(self.out_of_order());
        }
        let capacity = self.window.len();
        let mut pack = self.uplink.in_window(self.window)?;
        if capacity.saturating_sub(pack.used()) >= room {
            return Ok(Piece::default());
        }
        let (start, len) = pack.take();
        let piece = Piece { start, len };
        self.state.hash.update(piece.of(self.window));
        if self.state.phase == MEASURING {
            return Ok(Piece::default());
        }
        // The bracket must follow.
        if self.state.hash.total() >= self.state.measured.total() {
            return Err(self.fail(Error::PASS_DIFFERS));
        }
        Ok(piece)
    }

    /// Ends the first pass and writes the head into the window; send it first.
    ///
    /// Fails where `Uplink::finish` fails, and then leaves the stream unchanged.
    pub fn head(&mut self, target: Target<'_>, secret: Option<&[u8]>) -> Result<Piece> {
        if let Some(secret) = secret {
            check_secret(secret)?;
        }
        if self.state.phase != MEASURING {
            return Err(self.out_of_order());
        }
        // The texts of a custom target may have changed since `begin`.
        target.check()?;
        self.close()?;
        self.state.measured = self.state.hash;
        let body_len = usize::try_from(self.state.measured.total());
        let token = secret.map(|secret| self.state.hash.finish(secret));
        let mut out = Buf::new(self.window, 0);
        write_post_head(&mut out, target, token, body_len.unwrap_or(usize::MAX));
        let len = out.len();
        // Only for a body of more than 2^32 bytes is the head longer than the room that `begin` kept.
        if body_len.is_err() || !out.fits() {
            return Err(self.fail(Error::NUMBER_RANGE));
        }
        self.uplink.leave_window();
        self.state.request_len = len.saturating_add(body_len.unwrap_or_default());
        self.state.phase = HEAD;
        Ok(Piece { start: 0, len })
    }

    /// Starts the second pass, which needs the same calls as the first.
    pub fn restart(&mut self, target: Target<'_>, urn: &[u8]) -> Result<()> {
        if self.state.phase != HEAD {
            return Err(self.out_of_order());
        }
        self.uplink.begin_window(self.window, target, urn)?;
        self.state.hash.restart();
        self.state.phase = WRITING;
        Ok(())
    }

    /// Ends the second pass, compares it with the first, and only then returns its last bytes to be sent.
    ///
    /// `PASS_DIFFERS` if any byte differs; the stream is then over, and the connection must be closed.
    pub fn finish(&mut self) -> Result<Piece> {
        if self.state.phase != WRITING {
            return Err(self.out_of_order());
        }
        let piece = self.close()?;
        if !self.state.hash.same(&self.state.measured) {
            return Err(self.fail(Error::PASS_DIFFERS));
        }
        self.uplink.leave_window();
        self.state.phase = 0;
        Ok(piece)
    }

    /// Closes the pack and hashes the rest of it in the window.
    fn close(&mut self) -> Result<Piece> {
        self.uplink.in_window(self.window)?.finish()?;
        let len = self.uplink.pack_len();
        let piece = Piece { start: 0, len };
        self.state.hash.update(piece.of(self.window));
        Ok(piece)
    }

    /// Why a call cannot be made now: the error that ended the stream, or the order of the calls.
    #[cold]
    #[inline(never)]
    fn out_of_order(&mut self) -> Error {
        let pack = self.uplink.in_window(self.window);
        let failure = pack.and_then(|pack| pack.failure());
        failure.err().unwrap_or(Error::STATE)
    }

    /// Ends the stream: every later call fails with the same cause.
    #[cold]
    #[inline(never)]
    fn fail(&mut self, error: Error) -> Error {
        self.state.phase = 0;
        self.uplink.fail(error);
        error
    }
}
