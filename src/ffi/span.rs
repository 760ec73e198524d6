// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bytes in the caller's memory, as C sees them.

use crate::error::{Error, Result};

/// Bytes in memory of the caller, such as a finished request in the buffer it was built in.
///
/// 8 bytes on a 32-bit target. Valid until those bytes are written to. `ptr` may be NULL when `len` is 0, and is NULL for a message that
/// was only measured.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct kpn_span {
    /// First byte.
    pub ptr: *const u8,
    /// Bytes.
    pub len: usize,
}

impl kpn_span {
    /// These bytes.
    pub(super) const fn of(bytes: &[u8]) -> Self {
        Self {
            ptr: bytes.as_ptr(),
            len: bytes.len(),
        }
    }

    /// Bytes at an offset of a buffer.
    pub(super) fn inside(buffer: &[u8], start: usize, len: usize) -> Result<Self> {
        let end = start.checked_add(len).ok_or(Error::STATE)?;
        buffer.get(start..end).map(Self::of).ok_or(Error::STATE)
    }
}
