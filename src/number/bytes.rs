// SPDX-License-Identifier: MIT OR Apache-2.0
//! Unsigned integers of any length, lowest byte first, multiplied and divided by a small number.
//!
//! They are processed in bytes, so that every product fits in a register and no division needs an instruction or a library function.
#![forbid(unsafe_code)]

/// Multiplies by a factor of up to 16 bits and adds `carry`, also of up to 16 bits. Returns what does not fit in the bytes.
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

/// A divisor, at most 125.
#[derive(Clone, Copy)]
pub struct Divisor {
    pub value: u32,
    /// A little more than 2^22 / `value`: multiplied by any number below 256 × `value` it stays below 2^30, and that product divided by
    /// 2^22 gives the exact quotient, as a test shows.
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
                // A byte with the remainder above it, which is less than the divisor.
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
