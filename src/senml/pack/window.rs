//! A pack that leaves its buffer while it is being written.
#![forbid(unsafe_code)]

use super::{BASE, BROKEN, CLOSED, Pack, RECORD};

impl Pack<'_> {
    /// Bytes from the start of the buffer to behind the last one written.
    pub const fn len(&self) -> usize {
        self.state.len
    }

    /// Whether nothing lies in the buffer.
    pub const fn is_empty(&self) -> bool {
        self.state.len == 0
    }

    /// Takes everything out of the buffer that no later call changes, so that there is room for more, and returns
    /// offset and length of where it lies until the next call.
    ///
    /// What is open stays in the pack: labels that wait for their value, and a base record that no measurement followed
    /// yet. For a pack that starts at the start of its buffer.
    pub fn take(&mut self) -> (usize, usize) {
        let len = self.state.len;
        let settled = match self.state.phase {
            BROKEN => 0,
            RECORD if self.state.whole_phase == CLOSED => self.state.whole,
            BASE | RECORD => self.state.base_start,
            _ => len,
        };
        let open = len.wrapping_sub(settled);
        if open > 0 {
            rotate(self.buffer.get_mut(..len).unwrap_or_default(), settled);
        }
        self.state.start = 0;
        self.state.len = open;
        self.state.whole = self.state.whole.saturating_sub(settled);
        self.state.base_start = self.state.base_start.saturating_sub(settled);
        (open, settled)
    }
}

/// Moves the first `front` bytes behind the others: three reversals, since `rotate_left` of core has a path to a panic
/// and several times the code.
fn rotate(bytes: &mut [u8], front: usize) {
    if let Some((front, back)) = bytes.split_at_mut_checked(front) {
        front.reverse();
        back.reverse();
    }
    bytes.reverse();
}
