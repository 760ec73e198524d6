// SPDX-License-Identifier: MIT OR Apache-2.0
//! One message to the platform: a pack, signed and framed, in one contiguous part of the caller's memory.
//!
//! Room is kept in front for the longest head that this buffer can need, the body is written once after it, and in the end the head is
//! written directly before the body: nothing is moved or written twice.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::http::request::{BODY_LEN_DIGITS_MAX, Target};
use crate::http::request::{decimal_digits, post_head_len, write_post_head};
use crate::json::compact::strip_whitespace;
use crate::senml::pack::value::{Kind, write_base_name};
use crate::senml::pack::{self, Pack, PackState};
use crate::things::urn;
use crate::token::{Token, check_secret};

/// What may follow.
mod phase {
    /// Records and the end of the message.
    pub const BUILDING: u8 = 0;
    /// The end of the message: its body was adopted as a whole.
    pub const ADOPTED: u8 = 1;
    /// Nothing.
    pub const FINISHED: u8 = 2;
    /// Records: the buffer is the window of a stream and never holds the whole message.
    pub const WINDOW: u8 = 3;
}

/// `bn` of a device: a base name that is also a URN.
pub const DEVICE: &Kind = &Kind::new(pack::BASE_NAME, |out, value, base| {
    urn::check(value.get()?)?;
    write_base_name(out, value, base)
});

/// A message without its memory. Plain data: offsets into the caller's buffer, no pointers.
#[derive(Clone, Default)]
#[repr(C)]
pub struct UplinkState {
    /// One of [`phase`].
    phase: u8,
    /// Length of the head without the digits of its Content-Length.
    head: usize,
    /// Where the body begins; once finished, where the request begins.
    start: usize,
    body_len: usize,
    missing: usize,
    pack: PackState,
}

impl UplinkState {
    /// Marks a message that could not be begun: every call fails with `error`.
    pub const fn fail(&mut self, error: Error) {
        self.pack.fail(error);
    }

    /// Starts a message from the device `urn`, in a new state. When measuring, everything fits; the buffer is then empty, here and in
    /// `Uplink::resume`.
    ///
    /// After an error the caller must let it `fail`; after `BUFFER_FULL`, `missing` still tells what is missing.
    pub fn begin(
        &mut self,
        buffer: &mut [u8],
        is_measuring: bool,
        target: &Target<'_>,
        urn: &[u8],
    ) -> Result<()> {
        target.check()?;
        urn::check(urn)?;
        self.head = post_head_len(*target, true, 0);
        self.start = body_start(self.head, buffer.len());
        self.pack.begin(buffer, self.start, is_measuring, urn)
    }

    /// Takes `len` bytes of JSON text at offset `start` of the buffer as the body, in a new state. White space is removed in place.
    ///
    /// The head will be written before `start`: `BUFFER_FULL` if there is too little room. A failure leaves the text unchanged, and the
    /// caller must let the message `fail`.
    pub fn adopt(
        &mut self,
        buffer: &mut [u8],
        target: &Target<'_>,
        start: usize,
        len: usize,
    ) -> Result<()> {
        self.phase = phase::ADOPTED;
        target.check()?;
        let end = start.checked_add(len).ok_or(Error::INVALID_ARGUMENT)?;
        let body = buffer.get_mut(start..end).ok_or(Error::INVALID_ARGUMENT)?;
        self.head = post_head_len(*target, true, 0);
        let head = self.head.saturating_add(decimal_digits(len));
        self.missing = head.saturating_sub(start);
        if self.missing > 0 {
            return Err(Error::BUFFER_FULL);
        }
        self.body_len = strip_whitespace(body)?;
        self.start = start;
        Ok(())
    }

    /// Starts a pack at the start of the window of a stream. `Uplink::finish` refuses it.
    ///
    /// A window that cannot hold the head of a request is refused with `BUFFER_FULL`.
    pub fn begin_window(
        &mut self,
        window: &mut [u8],
        target: Target<'_>,
        urn: &[u8],
    ) -> Result<()> {
        self.phase = phase::WINDOW;
        self.pack.reset();
        let begun = self.fill_window(window, target, urn);
        begun.inspect_err(|&error| self.fail(error))
    }

    fn fill_window(&mut self, window: &mut [u8], target: Target<'_>, urn: &[u8]) -> Result<()> {
        target.check()?;
        urn::check(urn)?;
        let head = post_head_len(target, true, BODY_LEN_DIGITS_MAX);
        self.missing = head.saturating_sub(window.len());
        if self.missing > 0 {
            return Err(Error::BUFFER_FULL);
        }
        self.pack.begin(window, 0, false, urn)
    }

    /// The pack in the window of a stream.
    pub fn in_window<'a>(&'a mut self, window: &'a mut [u8]) -> Result<Pack<'a>> {
        if self.phase == phase::WINDOW {
            Ok(Pack::resume(&mut self.pack, window))
        } else {
            self.pack.failure().and(Err(Error::STATE))
        }
    }

    /// Ends a pack in a window: nothing can be added until it is begun again.
    pub const fn leave_window(&mut self) {
        self.phase = phase::FINISHED;
    }

    /// Bytes of the pack in a window.
    pub const fn pack_len(&self) -> usize {
        self.pack.text_len()
    }

    /// How many more bytes a buffer of `capacity` should have had for all calls since one was refused with `BUFFER_FULL`; otherwise 0.
    ///
    /// With that many more bytes, the same calls have room.
    pub fn missing(&self, capacity: usize) -> usize {
        let mut need = self.pack.need();
        if self.phase != phase::BUILDING {
            return self.missing.max(need.saturating_sub(capacity));
        }
        if need > 0 {
            let body = need.saturating_sub(self.start);
            need = self
                .head
                .saturating_add(decimal_digits(body))
                .saturating_add(body);
        }
        need.saturating_sub(capacity)
    }

    /// Records with a value or a sum.
    pub const fn records(&self) -> u32 {
        self.pack.records()
    }
}

/// Where the finished request is in the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Request {
    /// Offset of the first byte; 0 when measuring.
    pub start: usize,
    /// Bytes of head and body together.
    pub len: usize,
}

/// A message being built: its state and the memory that the state speaks of.
pub struct Uplink<'a> {
    state: &'a mut UplinkState,
    buffer: &'a mut [u8],
}

impl<'a> Uplink<'a> {
    /// Resumes a message that was begun over the same buffer.
    pub const fn resume(state: &'a mut UplinkState, buffer: &'a mut [u8]) -> Self {
        Self { state, buffer }
    }

    /// The pack, to add records to. `Error::STATE` once the message is finished, or if its body was adopted.
    pub const fn into_pack(self) -> Result<Pack<'a>> {
        match self.state.phase {
            phase::BUILDING | phase::WINDOW => Ok(Pack::resume(&mut self.state.pack, self.buffer)),
            _ => Err(Error::STATE),
        }
    }

    /// Closes the pack, signs it with `secret`, writes the head, and records where the request is.
    ///
    /// With `None` the request carries no token, which only some device types allow. `target` must be that of `begin`; a longer one is
    /// refused.
    pub fn finish(&mut self, target: Target<'_>, secret: Option<&[u8]>) -> Result<Request> {
        let len = self.frame(target, secret)?;
        let start = self.state.start;
        Ok(Request { start, len })
    }

    /// Leaves the offset in the state, so that the result fits in registers.
    fn frame(&mut self, target: Target<'_>, secret: Option<&[u8]>) -> Result<usize> {
        if let Some(secret) = secret {
            check_secret(secret)?;
        }
        let state = &mut *self.state;
        // A message that could not be begun, or whose body could not be adopted, reports that failure again.
        state.pack.failure()?;
        if !matches!(state.phase, phase::BUILDING | phase::ADOPTED) {
            return Err(Error::STATE);
        }
        // The texts of a custom target may have changed since `begin`.
        target.check()?;
        if post_head_len(target, true, 0) > state.head {
            return Err(Error::INVALID_ARGUMENT);
        }
        if state.phase == phase::BUILDING {
            Pack::resume(&mut state.pack, self.buffer).finish()?;
            state.body_len = state.pack.text_len();
        }
        state.phase = phase::FINISHED;
        let (body_start, body_len) = (state.start, state.body_len);
        let head_len = post_head_len(target, secret.is_some(), decimal_digits(body_len));
        let len = head_len.wrapping_add(body_len);
        if state.pack.is_measuring() {
            state.start = 0;
            return Ok(len);
        }
        state.start = body_start.wrapping_sub(head_len);
        let (room, rest) = self
            .buffer
            .split_at_mut_checked(body_start)
            .ok_or(Error::STATE)?;
        let mut token = Token::BLANK;
        let mut hex = None;
        if let Some(secret) = secret {
            token.restart();
            token.update(rest.get(..body_len).unwrap_or_default());
            hex = Some(token.finish(secret));
        }
        write_post_head(&mut Buf::new(room, state.start), target, hex, body_len);
        Ok(len)
    }
}

/// Where the body begins: after a head whose Content-Length has as many digits as the rest of the buffer allows.
fn body_start(head: usize, capacity: usize) -> usize {
    let rest = capacity.saturating_sub(head);
    // The digits themselves take room from the body, which can make the length one digit shorter.
    let others = decimal_digits(rest).wrapping_sub(1);
    head.wrapping_add(decimal_digits(rest.saturating_sub(others)))
}

#[cfg(test)]
mod tests;
