// SPDX-License-Identifier: MIT OR Apache-2.0
//! A pack that is sent from its buffer while it is being written.
#![forbid(unsafe_code)]

use super::{Pack, phase};
use crate::words::Flag;

impl Pack<'_> {
    /// Bytes from the start of the buffer to the last one written.
    pub const fn used(&self) -> usize {
        self.state.written.len
    }

    /// Frees the part of the buffer that no later call changes, and returns the offset and length at which those bytes
    /// lie until the next call.
    ///
    /// What is open stays in the pack: labels that wait for their value, and a base record not yet followed by a
    /// measurement. Only for a pack that begins at the start of its buffer.
    pub fn take(&mut self) -> (usize, usize) {
        let written = &mut self.state.written;
        let len = written.len;
        let leaving = match written.phase {
            phase::BROKEN => 0,
            // The open record begins there too if no base record precedes it.
            phase::BASE | phase::RECORD => written.base_start,
            _ => len,
        };
        let open = len.wrapping_sub(leaving);
        if open > 0 {
            rotate(self.buffer.get_mut(..len).unwrap_or_default(), leaving);
        }
        written.len = open;
        written.whole = written.whole.saturating_sub(leaving);
        written.base_start = written.base_start.saturating_sub(leaving);
        // There is room again, so what is missing is counted anew.
        self.state.is_wanting = Flag::FALSE;
        (open, leaving)
    }
}

/// Moves the first `front` bytes after the others, by three reversals: `rotate_left` of core has a path to a panic and
/// several times the code.
fn rotate(bytes: &mut [u8], front: usize) {
    if let Some((front, back)) = bytes.split_at_mut_checked(front) {
        reverse(front);
        reverse(back);
    }
    reverse(bytes);
}

/// Called three times; `reverse` of core would be inlined three times.
#[inline(never)]
fn reverse(bytes: &mut [u8]) {
    bytes.reverse();
}
