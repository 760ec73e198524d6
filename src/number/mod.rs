//! Numbers as JSON text (RFC 8259 section 6), written as RFC 8428 section 5 asks, and read exactly.
//!
//! Why our own code: measured on a Cortex-M3 (`-Os`, link-time optimisation), ryu with `small` takes 6.4 KB for writing
//! doubles, zmij 4.8 KB, neither with fixed decimals; `str::parse` takes 19.5 KB for reading. Here writing doubles and
//! floats adds 1.2 KB to the writer of decimals (`make report`: uplink-float less uplink). The price is time: what
//! `make report` calls double-write is several times zmij's count, and values far from one take up to 136,000 instructions.
#![forbid(unsafe_code)]

mod big;
mod read;
mod wide;
mod write;

pub(super) use read::skip;
pub use read::{Sum, decimal_to_f64, parse_len, to_decimal, to_f64, to_i64, to_u64};
pub use wide::add;
pub use write::{
    FRACTION_DIGITS_MAX, write_decimal, write_f32, write_f64, write_f64_fixed, write_i64, write_u64,
};

use crate::error::{Error, Result};

/// `mantissa` × 10^`exponent`, exactly. Two that differ in their fields can be the same number: compare normalised ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Decimal {
    /// Digits and sign.
    pub mantissa: i64,
    /// Power of ten.
    pub exponent: i32,
}

impl Decimal {
    /// The same number without zeros at the end of its mantissa; zero gets exponent 0.
    ///
    /// A zero stays where the exponent cannot grow further.
    #[must_use]
    pub fn normalise(self) -> Self {
        let mut exact = Exact::from(self);
        exact.trim();
        exact.to_decimal().unwrap_or(self)
    }

    /// The exact sum, normalised; `None` when its mantissa is beyond `i64`, or one of the two at the lower exponent beyond `u64`.
    #[must_use]
    pub fn checked_add(self, other: Self) -> Option<Self> {
        let mut sum = Exact::from(self);
        sum.add(&mut other.into());
        sum.to_decimal().ok()
    }

    /// Whether it is `limit`, which is above zero, or more.
    pub(crate) fn reaches(self, limit: u32) -> bool {
        let mut value = Magnitude::from(self.mantissa.cast_unsigned());
        let mut exponent = self.exponent;
        if self.mantissa <= 0 {
            return false;
        }
        loop {
            let reaches = value.get() >= u64::from(limit);
            // Against a whole number no digit behind the point counts.
            if exponent == 0 || reaches == (exponent > 0) {
                return reaches;
            }
            if reaches {
                value.take_digit();
                exponent = exponent.wrapping_add(1);
            } else {
                value.push_digit(0);
                exponent = exponent.wrapping_sub(1);
            }
        }
    }

    /// The least whole number that is not below it, where it is neither below zero nor beyond `u32`.
    pub(crate) fn ceil(self) -> u32 {
        let mut value = Magnitude::from(self.mantissa.cast_unsigned());
        let mut exponent = self.exponent;
        let mut above = 0;
        while exponent != 0 && value.get() != 0 {
            if exponent > 0 {
                value.push_digit(0);
                exponent = exponent.wrapping_sub(1);
            } else {
                above |= u32::from(value.take_digit() != 0);
                exponent = exponent.wrapping_add(1);
            }
        }
        u32::try_from(value.get())
            .unwrap_or(u32::MAX)
            .wrapping_add(above)
    }

    /// The exact difference, as `checked_add`.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        let mut sum = Exact::from(other);
        sum.is_negative = !sum.is_negative;
        sum.add(&mut self.into());
        sum.to_decimal().ok()
    }
}

/// Sign, digits and power of ten of a number.
#[derive(Clone, Copy, Default)]
struct Exact {
    magnitude: Magnitude,
    exponent: i32,
    is_negative: bool,
    /// Whether that is not all: a digit other than zero did not fit, or the power of ten is beyond `i32`.
    is_cut: bool,
}

impl From<Decimal> for Exact {
    fn from(value: Decimal) -> Self {
        Self {
            magnitude: value.mantissa.unsigned_abs().into(),
            exponent: value.exponent,
            is_negative: value.mantissa < 0,
            is_cut: false,
        }
    }
}

impl Exact {
    /// The same number with one zero more in its digits; false when those are then beyond `u64`.
    fn grow(&mut self) -> bool {
        self.exponent = self.exponent.wrapping_sub(1);
        self.magnitude.push_digit(0) == 0
    }

    /// Takes off the zeros at the end.
    #[inline(never)]
    fn trim(&mut self) {
        let mut shorter = self.magnitude;
        if shorter.get() == 0 {
            self.exponent = 0;
            return;
        }
        while shorter.take_digit() == 0 && self.exponent < i32::MAX {
            self.magnitude = shorter;
            self.exponent = self.exponent.wrapping_add(1);
        }
    }

    /// Adds another number, which is spoilt, and normalises the sum. What does not fit is cut.
    #[inline(never)]
    fn add(&mut self, other: &mut Self) {
        let is_zero = self.magnitude.get() == 0;
        if is_zero || (other.magnitude.get() != 0 && self.exponent < other.exponent) {
            core::mem::swap(self, other);
        }
        self.is_cut |= other.is_cut;
        let addend = other.magnitude.get();
        while addend != 0 && self.exponent > other.exponent {
            if !self.grow() {
                self.is_cut = true;
                break;
            }
        }
        let value = self.magnitude.get();
        let sum = if self.is_negative == other.is_negative {
            let (sum, is_beyond) = value.overflowing_add(addend);
            self.is_cut |= is_beyond;
            sum
        } else if value < addend {
            self.is_negative = other.is_negative;
            addend.wrapping_sub(value)
        } else {
            value.wrapping_sub(addend)
        };
        self.is_negative &= sum != 0;
        self.magnitude = sum.into();
        // What was cut too: a zero with an exponent would grow for ever.
        self.trim();
    }

    /// Takes its power of ten into its digits; false when it is then no integer of 64 bits.
    #[inline(never)]
    fn make_whole(&mut self) -> bool {
        while self.exponent > 0 && self.grow() {}
        self.exponent == 0 && !self.is_cut
    }

    /// Whether it is exact with a mantissa within `i64`.
    #[inline(never)]
    fn is_decimal(&self) -> bool {
        let least = self.magnitude.get().saturating_sub(self.is_negative.into());
        !self.is_cut && least.cast_signed() >= 0
    }

    /// The mantissa, where it is within `i64`.
    fn mantissa(&self) -> i64 {
        let mantissa = self.magnitude.get().cast_signed();
        if self.is_negative {
            mantissa.wrapping_neg()
        } else {
            mantissa
        }
    }

    /// The value, where it is exact with a mantissa within `i64`.
    fn to_decimal(self) -> Result<Decimal> {
        if self.is_decimal() {
            Ok(Decimal {
                mantissa: self.mantissa(),
                exponent: self.exponent,
            })
        } else {
            Err(Error::NUMBER_RANGE)
        }
    }
}

/// A number of 64 bits as its bytes, from which digits come one by one: any multiplication or division of 64-bit numbers is a
/// library function on small cores.
#[derive(Clone, Copy, Default)]
#[repr(align(4))]
struct Magnitude([u8; 8]);

impl From<u64> for Magnitude {
    fn from(value: u64) -> Self {
        Self(value.to_le_bytes())
    }
}

impl Magnitude {
    const fn get(self) -> u64 {
        u64::from_le_bytes(self.0)
    }

    /// Puts a digit behind the others. Returns what is beyond 64 bits: then only the lower ones are left.
    #[inline(never)]
    fn push_digit(&mut self, digit: u8) -> u32 {
        let mut carry = u32::from(digit);
        for byte in &mut self.0 {
            carry = u32::from(*byte).wrapping_mul(10).wrapping_add(carry);
            [*byte, ..] = carry.to_le_bytes();
            carry >>= 8;
        }
        carry
    }

    /// Takes off the last digit.
    #[inline(never)]
    fn take_digit(&mut self) -> u8 {
        // Where the core can do it, a multiplication instead of the loop: a tenth of the instructions.
        if !cfg!(kpn_no_division)
            && let Ok(short) = u32::try_from(self.get())
        {
            *self = u64::from(short / 10).into();
            let [digit, ..] = (short % 10).to_le_bytes();
            return digit;
        }
        self.take_digit_by_bytes()
    }

    /// As `take_digit`, byte by byte: there, and for what has more than 32 bits, a division is a library function.
    fn take_digit_by_bytes(&mut self) -> u8 {
        let mut rest = 0_u32;
        for byte in self.0.iter_mut().rev() {
            let part = rest << 8 | u32::from(*byte);
            // A tenth: exact below 16,389, and `part` is below 2,560.
            let tenth = part.wrapping_mul(6_554) >> 16;
            rest = part.wrapping_sub(tenth.wrapping_mul(10));
            [*byte, ..] = tenth.to_le_bytes();
        }
        let [digit, ..] = rest.to_le_bytes();
        digit
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

    #[test]
    fn digits_come_off_by_bytes_and_by_division_alike() {
        for shift in 0..64 {
            for offset in [0, 1, 9, 10, 99, 12_345] {
                let value = (u64::MAX >> shift).wrapping_sub(offset);
                let expected = (value / 10, value % 10);
                for take in [Magnitude::take_digit, Magnitude::take_digit_by_bytes] {
                    let mut rest = Magnitude::from(value);
                    let digit = take(&mut rest);
                    assert_eq!((rest.get(), u64::from(digit)), expected, "{value}");
                }
            }
        }
    }
}
