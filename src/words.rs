// SPDX-License-Identifier: MIT OR Apache-2.0
//! 64 bits as two words: a C struct that holds them is aligned to 4 bytes and has the same layout on all 32-bit machines, whether they
//! align 64-bit integers to 4 bytes or to 8.
#![forbid(unsafe_code)]

/// A 64-bit number.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Words64 {
    low: u32,
    high: u32,
}

impl Words64 {
    /// These bits.
    #[expect(clippy::cast_possible_truncation, reason = "keeps the low word")]
    pub const fn new(bits: u64) -> Self {
        Self {
            low: bits as u32,
            high: (bits >> 32) as u32,
        }
    }

    /// The bits.
    pub const fn get(self) -> u64 {
        (self.high as u64) << 32 | self.low as u64
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_all_bits() {
        for bits in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(Words64::new(bits).get(), bits);
        }
    }
}
