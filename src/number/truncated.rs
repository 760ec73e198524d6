// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decimal numbers in 64 bits, and what does not fit in them.
#![forbid(unsafe_code)]

use super::Decimal;
use super::bytes::{Divisor, multiply};
use crate::error::{Error, Result};

/// A decimal number cut to 64 bits: `magnitude` × 10^`exponent`, plus less than one unit of the last place.
#[derive(Clone, Copy, Default)]
pub struct Truncated {
    pub magnitude: Magnitude,
    pub exponent: i32,
    pub is_negative: bool,
    /// What does not fit, in twentieths of the last place: twice the next digit, plus one if digits other than zero follow. 10 is one half,
    /// 0 is nothing.
    pub rest: u32,
    /// Whether there is no room for the next digit.
    pub is_full: bool,
}

impl From<Decimal> for Truncated {
    fn from(value: Decimal) -> Self {
        Self {
            magnitude: Magnitude(value.mantissa.unsigned_abs()),
            exponent: value.exponent,
            is_negative: value.mantissa < 0,
            ..Self::default()
        }
    }
}

impl Truncated {
    pub const fn is_zero(&self) -> bool {
        self.magnitude.0 == 0
    }

    /// Appends a digit with a lower exponent; the digits before keep their values.
    #[inline(never)]
    fn push(&mut self, digit: u32) {
        if self.is_full {
            self.rest |= u32::from(digit != 0);
            return;
        }
        let mut longer = self.magnitude;
        if longer.push_digit(digit) == 0 {
            self.magnitude = longer;
            self.exponent -= 1;
        } else {
            self.is_full = true;
            self.rest = digit * 2;
        }
    }

    /// Appends one digit, and then another digit a number of times.
    pub fn push_run(&mut self, first: i32, then: i32, count: usize) {
        self.push(first.cast_unsigned());
        for _ in 0..count {
            self.push(then.cast_unsigned());
        }
    }

    /// Drops the zeros at the end of a number that fits; zero gets exponent 0.
    #[inline(never)]
    pub fn trim(&mut self) {
        if self.rest != 0 {
            return;
        }
        if self.is_zero() {
            self.exponent = 0;
            return;
        }
        loop {
            let digits = self.magnitude;
            if self.magnitude.take_digit() != 0 {
                self.magnitude = digits;
                return;
            }
            // Only a forged exponent is at its maximum.
            self.exponent = self.exponent.wrapping_add(1);
        }
    }

    /// Brings a higher exponent down to this one. `Error::NUMBER_RANGE` if the digits then exceed 64 bits.
    #[inline(never)]
    pub fn lower_to(&mut self, exponent: i32) -> Result<()> {
        // At most 20 rounds: then any digit is beyond 64 bits.
        while self.exponent > exponent && !self.is_zero() {
            if self.magnitude.push_digit(0) != 0 {
                return Err(Error::NUMBER_RANGE);
            }
            self.exponent -= 1;
        }
        Ok(())
    }

    /// Brings a lower exponent up to this one and rounds, ties to even.
    pub fn round_to(&mut self, exponent: i32) {
        // At most 20 rounds: then no digit is left.
        while self.exponent < exponent && !self.is_zero() {
            let more = u32::from(self.rest != 0);
            self.rest = u32::from(self.magnitude.take_digit()) * 2 + more;
            self.exponent += 1;
        }
        if self.exponent < exponent {
            // This is less than a tenth.
            self.rest = 0;
        }
        let odd = u32::from(self.magnitude.0 & 1 != 0);
        if self.rest + odd > 10 {
            // The largest magnitude exceeds every mantissa already.
            self.magnitude.0 = self.magnitude.0.saturating_add(1);
        }
        self.rest = 0;
    }

    /// The signed digits, exactly; `Error::NUMBER_RANGE` if they do not fit in an `i64`.
    pub fn mantissa(&self) -> Result<i64> {
        let magnitude = self.magnitude.0.cast_signed();
        let mantissa = if self.is_negative {
            magnitude.wrapping_neg()
        } else {
            magnitude
        };
        // If it does not fit in an `i64`, the sign is wrong.
        if self.rest == 0 && (mantissa == 0 || (mantissa < 0) == self.is_negative) {
            Ok(mantissa)
        } else {
            Err(Error::NUMBER_RANGE)
        }
    }

    /// The number, exactly; `Error::NUMBER_RANGE` if the mantissa does not fit in an `i64`.
    pub fn to_decimal(self) -> Result<Decimal> {
        Ok(Decimal {
            mantissa: self.mantissa()?,
            exponent: self.exponent,
        })
    }
}

/// The digits of a 64-bit number: the last one can be appended and dropped.
///
/// In small steps, because 64-bit multiplication and division are library functions on small cores.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Magnitude(pub u64);

impl Magnitude {
    /// Appends a digit. Returns what exceeds 64 bits; if it is not 0, only the lower 64 bits are left.
    #[inline(never)]
    pub fn push_digit(&mut self, digit: u32) -> u32 {
        if cfg!(kpn_no_division) {
            self.push_by_bytes(digit)
        } else {
            self.push_by_words(digit)
        }
    }

    fn push_by_bytes(&mut self, digit: u32) -> u32 {
        let mut bytes = self.0.to_le_bytes();
        let beyond = multiply(&mut bytes, 10, digit);
        self.0 = u64::from_le_bytes(bytes);
        beyond
    }

    /// For cores that multiply to 64 bits.
    fn push_by_words(&mut self, digit: u32) -> u32 {
        let low = u64::from(low_word(self.0)) * 10 + u64::from(digit);
        let high = u64::from(high_word(self.0)) * 10 + u64::from(high_word(low));
        self.0 = high << 32 | u64::from(low_word(low));
        high_word(high)
    }

    /// Drops the last digit and returns it.
    #[inline(never)]
    pub fn take_digit(&mut self) -> u8 {
        if !cfg!(kpn_no_division)
            && let Ok(short) = u32::try_from(self.0)
        {
            self.0 = u64::from(short / 10);
            let [digit, ..] = (short % 10).to_le_bytes();
            return digit;
        }
        self.take_by_bytes()
    }

    /// The number times 10^`exponent`, rounded down and rounded up to a whole number, each at most `u32::MAX`.
    pub fn floor_and_ceil(mut self, exponent: i32) -> [u32; 2] {
        let mut exponent = exponent;
        let mut fraction = 0;
        // At most 20 and 10 rounds, whatever the exponent is.
        while exponent < 0 && self.0 != 0 {
            fraction |= self.take_digit();
            exponent += 1;
        }
        while exponent > 0 && (1..=u64::from(u32::MAX)).contains(&self.0) {
            self.push_digit(0);
            exponent -= 1;
        }
        let floor = u32::try_from(self.0).unwrap_or(u32::MAX);
        [floor, floor.saturating_add(u32::from(fraction != 0))]
    }

    fn take_by_bytes(&mut self) -> u8 {
        const TEN: Divisor = Divisor::new(10);
        let mut bytes = self.0.to_le_bytes();
        let [digit, ..] = TEN.divide(&mut bytes).to_le_bytes();
        self.0 = u64::from_le_bytes(bytes);
        digit
    }
}

/// The lower half.
pub fn low_word(value: u64) -> u32 {
    u32::try_from(value & 0xFFFF_FFFF).unwrap_or_default()
}

/// The upper half.
pub fn high_word(value: u64) -> u32 {
    low_word(value >> 32)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_come_and_go_alike_on_all_cores() {
        for shift in 0..64 {
            for offset in [0, 1, 9, 10, 99, 12_345] {
                let value = (u64::MAX >> shift).wrapping_sub(offset);
                let expected = (Magnitude(value / 10), value % 10);
                for take in [Magnitude::take_digit, Magnitude::take_by_bytes] {
                    let mut rest = Magnitude(value);
                    let digit = take(&mut rest);
                    assert_eq!((rest, u64::from(digit)), expected, "{value}");
                }
                let longer = u128::from(value) * 10 + 7;
                for push in [Magnitude::push_by_words, Magnitude::push_by_bytes] {
                    let mut rest = Magnitude(value);
                    let beyond = push(&mut rest, 7);
                    let all = u128::from(beyond) << 64 | u128::from(rest.0);
                    assert_eq!(all, longer, "{value}");
                }
            }
        }
    }
}
