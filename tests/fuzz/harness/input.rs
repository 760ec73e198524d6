// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decisions taken from the bytes of an input.

/// Bytes that decide, from first to last; zeros follow the last one.
pub struct Input<'a>(&'a [u8]);

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// A text followed by decisions, separated by the byte 0xFF, which does not occur in UTF-8. Without it everything
    /// is text, so the vectors are inputs without change.
    pub fn behind_text(bytes: &'a [u8]) -> (&'a [u8], Self) {
        match bytes.iter().rposition(|&byte| byte == 0xFF) {
            Some(at) => (&bytes[..at], Self(&bytes[at + 1..])),
            None => (bytes, Self(&[])),
        }
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub fn u8(&mut self) -> u8 {
        let Some((&first, rest)) = self.0.split_first() else {
            return 0;
        };
        self.0 = rest;
        first
    }

    pub fn bool(&mut self) -> bool {
        self.u8() & 1 == 1
    }

    pub fn u16(&mut self) -> u16 {
        u16::from_le_bytes([self.u8(), self.u8()])
    }

    pub fn u32(&mut self) -> u32 {
        u32::from(self.u16()) | u32::from(self.u16()) << 16
    }

    pub fn u64(&mut self) -> u64 {
        u64::from(self.u32()) | u64::from(self.u32()) << 32
    }

    /// A number of any size: small ones, those around powers of two, and any other.
    pub fn wide(&mut self) -> u64 {
        match self.u8() {
            byte @ 0..=0x7F => u64::from(byte),
            byte @ 0x80..=0xBF => (1 << (byte & 63)) - 1 + u64::from(self.u8() & 1),
            0xC0..=0xDF => u64::from(self.u32()),
            _ => self.u64(),
        }
    }

    /// A size from 0 to `max`.
    pub fn size(&mut self, max: usize) -> usize {
        usize::from(self.u16()) % (max + 1)
    }

    pub fn double(&mut self) -> f64 {
        match self.u8() & 3 {
            0 => f64::from(self.u32() as i32) / 100.0,
            1 => self.wide() as i64 as f64,
            _ => f64::from_bits(self.u64()),
        }
    }

    /// Up to `max` bytes, fewer at the end.
    pub fn bytes(&mut self, max: usize) -> &'a [u8] {
        let len = self.size(max).min(self.0.len());
        let (bytes, rest) = self.0.split_at(len);
        self.0 = rest;
        bytes
    }

    /// A C text of one of these, or of up to 40 bytes of the input.
    pub fn text(&mut self, usual: &[&str]) -> String {
        let choice = usize::from(self.u8());
        match usual.get(choice) {
            Some(text) => (*text).to_owned(),
            None => {
                let len = (choice & 31).min(self.0.len());
                let (bytes, rest) = self.0.split_at(len);
                self.0 = rest;
                String::from_utf8_lossy(bytes).replace('\0', "~")
            }
        }
    }
}
