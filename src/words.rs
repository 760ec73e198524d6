// SPDX-License-Identifier: MIT OR Apache-2.0
//! What states in the caller's memory consist of, besides plain integers: [`Words64`] and [`Flag`]. Every bit pattern is valid.
#![forbid(unsafe_code)]

/// 64 bits as two words: a C struct that holds them is aligned to 4 bytes and has the same layout on all 32-bit machines, whether they
/// align 64-bit integers to 4 bytes or to 8.
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

/// A truth value in a byte of any value: all but zero are true.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
#[repr(transparent)]
pub struct Flag(u8);

impl Flag {
    pub const TRUE: Self = Self(1);
    pub const FALSE: Self = Self(0);

    pub const fn new(value: bool) -> Self {
        Self(value as u8)
    }

    pub const fn get(self) -> bool {
        self.0 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_byte_is_a_flag() {
        assert!(!Flag::default().get() && !Flag::FALSE.get() && !Flag::new(false).get());
        assert!(Flag::TRUE.get() && Flag::new(true).get() && Flag(0x80).get());
    }

    #[test]
    fn keeps_all_bits() {
        for bits in [0, 1, u64::MAX, 0x0123_4567_89ab_cdef] {
            assert_eq!(Words64::new(bits).get(), bits);
        }
    }
}
