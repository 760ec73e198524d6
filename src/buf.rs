// SPDX-License-Identifier: MIT OR Apache-2.0
//! A bounded writer over the caller's memory. It keeps counting when there is no room, so a failed write tells exactly
//! how many bytes were missing.
#![forbid(unsafe_code)]

/// Writes into a slice and counts past its end.
pub struct Buf<'a> {
    bytes: &'a mut [u8],
    len: usize,
}

impl<'a> Buf<'a> {
    /// Starts after the first `len` bytes, which are taken as written.
    pub const fn new(bytes: &'a mut [u8], len: usize) -> Self {
        Self { bytes, len }
    }

    /// Appends bytes. Unless all of them fit, none is written, but all are counted.
    #[inline(never)]
    pub fn put(&mut self, bytes: &[u8]) {
        let end = self.len.saturating_add(bytes.len());
        if let Some(room) = self.bytes.get_mut(self.len..end)
            // Always true; without this check the panic of `copy_from_slice` is linked.
            && room.len() == bytes.len()
        {
            room.copy_from_slice(bytes);
        }
        self.len = end;
    }

    /// Appends one byte.
    #[inline(never)]
    pub fn put_byte(&mut self, byte: u8) {
        if let Some(to) = self.bytes.get_mut(self.len) {
            *to = byte;
        }
        self.len = self.len.saturating_add(1);
    }

    /// Bytes asked for so far; more than the slice has if there was no room.
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Whether everything asked for was written, and `len` more bytes would be.
    pub const fn has_room(&self, len: usize) -> bool {
        self.len.saturating_add(len) <= self.bytes.len()
    }

    /// Whether everything asked for was written.
    pub const fn fits(&self) -> bool {
        self.len <= self.bytes.len()
    }

    /// What was written, or nothing when it did not fit.
    pub fn written(&self) -> &[u8] {
        self.bytes.get(..self.len).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_past_the_end_and_touches_nothing_there() {
        let mut memory = [0xA5_u8; 6];
        let mut buf = Buf::new(&mut memory[..4], 0);
        buf.put(b"abc");
        assert!(buf.fits());
        assert_eq!(buf.written(), b"abc");
        buf.put(b"de");
        buf.put_byte(b'f');
        assert!(!buf.fits());
        assert_eq!(buf.len(), 6);
        assert_eq!(buf.written(), b"");
        assert_eq!(memory[4..], [0xA5, 0xA5]);
    }
}
