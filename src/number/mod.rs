//! Numbers as JSON text (RFC 8259 section 6), written as RFC 8428 section 5 asks, and read exactly.
//!
//! - `literal`: text in its grammar, and its digits.
//! - `sum`: a number with its base, added digit by digit; what does not fit into the 64 bits of `truncated` is known to be there.
//! - `nearest`: from decimal digits to a double.
//! - `write`: integers, decimals, and doubles in their shortest form or with a fixed number of digits.
//! - `big`: integers of many words, for what is exact beyond 64 bits.
//!
//! Why our own code: measured on a Cortex-M3 (`-Os`, link-time optimisation), ryu with `small` takes 6.4 KB for writing
//! doubles, zmij 4.8 KB, neither with a fixed number of digits; `str::parse` takes 19.5 KB for reading. Here writing doubles and
//! floats adds 1.2 KB to the writer of decimals (`make report`: uplink-float less uplink). The price is time: what
//! `make report` calls double-write is several times zmij's count, and values far from one take up to 136,000 instructions.
#![forbid(unsafe_code)]

mod big;
mod literal;
mod nearest;
mod sum;
mod truncated;
mod write;

pub use literal::parse_len;
pub(super) use literal::skip;
pub use sum::Sum;
pub use write::{
    FRACTION_DIGITS_MAX, write_decimal, write_f32, write_f64, write_f64_fixed, write_i64, write_u64,
};

use literal::Digits;
use truncated::{Magnitude, Truncated};
use write::{DIGITS_MAX, digits};

/// `mantissa` × 10^`exponent`, exactly. Two that differ in their fields can be the same number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Decimal {
    /// Digits and sign.
    pub mantissa: i64,
    /// Power of ten.
    pub exponent: i32,
}

impl Decimal {
    /// Whether it is `limit`, which is above zero, or more.
    pub(crate) fn reaches(self, limit: u32) -> bool {
        Truncated::from(self).reaches(limit)
    }

    /// The least whole number that is not below it, where it is neither below zero nor beyond `u32`.
    pub(crate) fn ceil(self) -> u32 {
        let mut value = Magnitude(self.mantissa.cast_unsigned());
        let mut exponent = self.exponent;
        let mut above = 0;
        while exponent != 0 && value.0 != 0 {
            if exponent > 0 {
                value.push_digit(0);
                exponent -= 1;
            } else {
                above |= u32::from(value.take_digit() != 0);
                exponent += 1;
            }
        }
        u32::try_from(value.0).unwrap_or(u32::MAX) + above
    }

    /// The exact difference, without zeros at the end of its mantissa; `None` when that is beyond `i64`.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let mut memory = [[0; DIGITS_MAX]; 2];
        let [left, right] = &mut memory;
        let minuend = self.digits(left);
        let mut subtrahend = other.digits(right);
        subtrahend.is_negative = !subtrahend.is_negative;
        sum::add(minuend, subtrahend).to_decimal().ok()
    }

    fn digits(self, memory: &mut [u8; DIGITS_MAX]) -> Digits<'_> {
        let text = digits(memory, Magnitude(self.mantissa.unsigned_abs()));
        let mut digits = Digits::default();
        let place = i64::from(self.exponent) + i64::from(write::signed(text.len())) - 1;
        digits.set(text, place, self.mantissa < 0);
        digits
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reaches_a_limit_in_every_notation() {
        let decimal = |mantissa, exponent| Decimal { mantissa, exponent };
        for (mantissa, exponent, reaches) in [
            (1000, 0, true),
            (999, 0, false),
            (1, 3, true),
            (9_999, -1, false),
            (10_000, -1, true),
            (1, 2, false),
            (1, i32::MAX, true),
            (0, i32::MAX, false),
            (0, 0, false),
            (i64::MAX, -15, true),
            (i64::MAX, -16, false),
            (i64::MAX, -17, false),
            (i64::MAX, i32::MIN, false),
            (i64::MAX, 1, true),
            (-1, 9, false),
            (i64::MIN, 0, false),
        ] {
            let value = decimal(mantissa, exponent);
            assert_eq!(value.reaches(1000), reaches, "{value:?}");
        }
    }

    #[test]
    fn rounds_up_to_a_whole_number() {
        for (mantissa, exponent, whole) in [
            (0, 0, 0),
            (0, i32::MAX, 0),
            (0, i32::MIN, 0),
            (7, 0, 7),
            (7, 3, 7000),
            (7000, -3, 7),
            (7001, -3, 8),
            (25, -2, 1),
            (1, i32::MIN, 1),
            (i64::MAX, -10, 922_337_204),
            (u32::MAX.into(), 0, u32::MAX),
        ] {
            let value = Decimal { mantissa, exponent };
            assert_eq!(value.ceil(), whole, "{value:?}");
        }
    }
}
