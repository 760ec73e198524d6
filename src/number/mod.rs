// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers as JSON text (RFC 8259 section 6), written as RFC 8428 section 5 asks, and read exactly.
//!
//! - `literal`: text in its grammar, and its digits.
//! - `sum`: a number plus its base, added digit by digit; `truncated` holds 64 bits of it and knows whether more follows.
//! - `nearest`: from decimal digits to a double.
//! - `write`: integers, decimals, and doubles in their shortest form or with a fixed number of digits.
//! - `whole`: decimal digits of a binary number, for values that need more than 64 bits to be exact.
//! - `bytes`: the arithmetic below it.
//!
//! Why our own code: on a Cortex-M3 (`-Os`, link-time optimisation) writing doubles takes 6.4 KB with ryu (`small`) and 4.8 KB with zmij,
//! neither with a fixed number of digits; reading them takes 19.5 KB with `str::parse`. Here writing doubles and floats adds 1.2 KB to the
//! writer of decimals (`make report`: uplink-float less uplink). The price is time: what `make report` calls double-write is several times
//! zmij's count, and values far from one take up to 261,000 instructions.
#![forbid(unsafe_code)]

mod bytes;
mod literal;
mod nearest;
mod sum;
mod truncated;
mod whole;
mod write;

pub(super) use literal::skip;
pub use literal::{parse_len, parse_two_digits};
pub use sum::Sum;
pub use write::{
    FRACTION_DIGITS_MAX, write_decimal, write_f32, write_f64, write_f64_fixed, write_i64, write_u64,
};

use crate::error::{Error, Result};
use truncated::{Magnitude, Truncated};

/// `mantissa` × 10^`exponent`, exactly. Two values with different fields can be the same number.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Decimal {
    /// Digits and sign.
    pub mantissa: i64,
    /// Power of ten.
    pub exponent: i32,
}

impl Decimal {
    /// The largest exponent of a number that is read; the smallest is its negative.
    pub const EXPONENT_MAX: u32 = 500_000_000;

    #[inline(never)]
    fn check_exponent(exponent: i32) -> Result<()> {
        if exponent.unsigned_abs() > Self::EXPONENT_MAX {
            Err(Error::NUMBER_RANGE)
        } else {
            Ok(())
        }
    }

    /// As [`Magnitude::floor_and_ceil`]; 0 for a number below zero.
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    pub(crate) fn floor_and_ceil(&self) -> [u32; 2] {
        let magnitude = self.mantissa.max(0).cast_unsigned();
        Magnitude(magnitude).floor_and_ceil(self.exponent)
    }

    /// The exact difference, without zeros at the end of its mantissa; `None` if the mantissa does not fit in an `i64`.
    // Not inlined, so that its stack is free again when the difference is written.
    #[must_use]
    #[inline(never)]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let (mut left, mut right) = (Truncated::from(self), Truncated::from(other));
        left.trim();
        right.trim();
        let exponent = match (left.is_zero(), right.is_zero()) {
            (true, _) => right.exponent,
            (_, true) => left.exponent,
            _ => left.exponent.min(right.exponent),
        };
        // Only the mantissa with the higher exponent grows. It is at most the other one plus the difference: below 2^64 if that fits.
        left.lower_to(exponent).ok()?;
        right.lower_to(exponent).ok()?;
        let (minuend, subtrahend) = (left.magnitude.0, right.magnitude.0);
        left.exponent = exponent;
        left.magnitude.0 = if left.is_negative == right.is_negative {
            left.is_negative ^= minuend < subtrahend;
            minuend.abs_diff(subtrahend)
        } else {
            minuend.checked_add(subtrahend)?
        };
        left.trim();
        left.to_decimal().ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn subtracts_with_every_sign_and_from_nothing() {
        let decimal = |mantissa, exponent| Decimal { mantissa, exponent };
        let zero = decimal(0, 0);
        for (left, right, difference) in [
            ((5, 0), (3, 0), Some((2, 0))),
            ((3, 0), (5, 0), Some((-2, 0))),
            ((-3, 0), (-5, 0), Some((2, 0))),
            ((-5, 0), (-3, 0), Some((-2, 0))),
            ((5, 0), (-3, 0), Some((8, 0))),
            ((-5, 0), (3, 0), Some((-8, 0))),
            ((1, 2), (1, -2), Some((9_999, -2))),
            ((1, 20), (1, 0), None),
            ((i64::MAX, 0), (-1, 0), None),
        ] {
            let (left, right) = (decimal(left.0, left.1), decimal(right.0, right.1));
            let difference = difference.map(|(mantissa, exponent)| decimal(mantissa, exponent));
            assert_eq!(left.checked_sub(right), difference, "{left:?} - {right:?}");
        }
        // Zero needs no common exponent.
        let large = decimal(1, 20);
        assert_eq!(large.checked_sub(zero), Some(large));
        assert_eq!(zero.checked_sub(large), Some(decimal(-1, 20)));
        for same in [decimal(7, -3), decimal(-7, -3), zero] {
            assert_eq!(same.checked_sub(same), Some(zero));
        }
    }

    #[test]
    fn rounds_down_to_a_whole_number_in_every_notation() {
        let decimal = |mantissa, exponent| Decimal { mantissa, exponent };
        for (mantissa, exponent, floor) in [
            (1000, 0, 1000),
            (999, 0, 999),
            (1, 3, 1000),
            (9_999, -1, 999),
            (10_000, -1, 1000),
            (1, 2, 100),
            (1, i32::MAX, u32::MAX),
            (0, i32::MAX, 0),
            (0, 0, 0),
            (i64::MAX, -15, 9223),
            (i64::MAX, -18, 9),
            (i64::MAX, -19, 0),
            (i64::MAX, i32::MIN, 0),
            (i64::MAX, 1, u32::MAX),
            (4_294_967_295, 0, u32::MAX),
            (4_294_967_294, 0, u32::MAX - 1),
            (4_294_967_296, 0, u32::MAX),
            (429_496_729, 1, 4_294_967_290),
            (429_496_730, 1, u32::MAX),
            (-1, 9, 0),
            (i64::MIN, 0, 0),
        ] {
            let value = decimal(mantissa, exponent);
            let [found, _] = value.floor_and_ceil();
            assert_eq!(found, floor, "{value:?}");
        }
    }

    #[test]
    fn differences_are_exact_or_none() {
        let decimal = |mantissa, exponent| Decimal { mantissa, exponent };
        let most = decimal(i64::MAX, 0);
        for (left, right, difference) in [
            (
                decimal(1_585_650_750, 0),
                decimal(15_856_507_505, -1),
                Some(decimal(-5, -1)),
            ),
            (decimal(7, 3), decimal(70, 2), Some(decimal(0, 0))),
            (decimal(0, 5), decimal(3, -2), Some(decimal(-3, -2))),
            (decimal(3, -2), decimal(0, -9), Some(decimal(3, -2))),
            (decimal(-1, 0), most, Some(decimal(i64::MIN, 0))),
            (decimal(-2, 0), most, None),
            (
                decimal(1, 19),
                most,
                Some(decimal(776_627_963_145_224_193, 0)),
            ),
            (decimal(2, 19), most, None),
            (most, decimal(-1, 0), None),
            (decimal(1, i32::MAX), decimal(1, i32::MIN), None),
            (
                decimal(5, i32::MIN),
                decimal(5, i32::MIN),
                Some(decimal(0, 0)),
            ),
        ] {
            assert_eq!(left.checked_sub(right), difference, "{left:?} {right:?}");
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
            (42_949_672_955, -1, u32::MAX),
        ] {
            let value = Decimal { mantissa, exponent };
            let [_, found] = value.floor_and_ceil();
            assert_eq!(found, whole, "{value:?}");
        }
    }
}
