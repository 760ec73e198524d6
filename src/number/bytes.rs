// SPDX-License-Identifier: MIT OR Apache-2.0
//! Unsigned integers of any length, the lowest byte first, times and by a small number.
//!
//! In bytes, so that no product leaves a register and no division needs an instruction or a library function for it.
#![forbid(unsafe_code)]

/// Multiplies by a factor of up to 16 bits and adds `carry`, as long. Returns what is beyond the bytes.
#[inline(never)]
pub fn multiply(bytes: &mut [u8], factor: u32, carry: u32) -> u32 {
    let mut carry = carry;
    for byte in bytes {
        carry += u32::from(*byte) * factor;
        [*byte, ..] = carry.to_le_bytes();
        carry >>= 8;
    }
    carry
}

/// A divisor of up to 125.
#[derive(Clone, Copy)]
pub struct Divisor {
    pub value: u32,
    /// A little more than 2^22 / `value`: times any number below 256 × `value` it is less than 2^30 and the quotient of that and 2^22
    /// is exact, as a test shows.
    inverse: u32,
}

impl Divisor {
    pub const fn new(value: u32) -> Self {
        Self {
            value,
            inverse: (1 << 22) / value + 1,
        }
    }

    /// Divides. Returns the remainder.
    #[inline(never)]
    pub fn divide(self, bytes: &mut [u8]) -> u32 {
        let mut rest = 0;
        for byte in bytes.iter_mut().rev() {
            let part = rest << 8 | u32::from(*byte);
            let quotient = (part * self.inverse) >> 22;
            rest = part - quotient * self.value;
            [*byte, ..] = quotient.to_le_bytes();
        }
        rest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn divides_every_part_exactly() {
        for value in 2..=125 {
            let divisor = Divisor::new(value);
            for part in 0..value << 8 {
                // A byte and the remainder above it, which is less than the divisor.
                let [low, high, ..] = part.to_le_bytes();
                let mut bytes = [low, high];
                assert_eq!(divisor.divide(&mut bytes), part % value);
                assert_eq!(u32::from(u16::from_le_bytes(bytes)), part / value);
            }
        }
    }

    #[test]
    fn multiplies_into_what_is_returned() {
        let mut bytes = u64::MAX.to_le_bytes();
        let beyond = multiply(&mut bytes, 0xFFFF, 0xFFFF);
        let product = u128::from(u64::MAX) * 0xFFFF + 0xFFFF;
        assert_eq!(
            u128::from(beyond) << 64 | u128::from(u64::from_le_bytes(bytes)),
            product
        );
    }
}
