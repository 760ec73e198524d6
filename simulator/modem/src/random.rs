// SPDX-License-Identifier: MIT OR Apache-2.0
//! Pseudo-random numbers that depend only on the seed.

/// xorshift64*, Vigna 2016.
#[derive(Debug, Clone)]
pub struct Random(u64);

impl Random {
    /// Starts from any seed.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(seed ^ 0x9e37_79b9_7f4a_7c15 | 1)
    }

    /// The next number.
    pub const fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_f491_4f6c_dd1d)
    }

    /// From 0 up to but not including `end`, which must not be 0.
    pub const fn below(&mut self, end: u64) -> u64 {
        (self.next() >> 11) % end
    }
}
