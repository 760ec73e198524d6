//! Numbers as JSON text (RFC 8259 section 6), written as RFC 8428 section 5 asks, and read exactly.
//!
//! Why our own code: measured on a Cortex-M3 (`-Os`, link-time optimisation), ryu with `small` takes 6.4 KB for writing
//! doubles, zmij 4.8 KB, neither with fixed decimals; `str::parse` takes 19.5 KB for reading. Here writing doubles and
//! floats adds 1.3 KB to the writer of decimals (`make report`: uplink-float less uplink). The price is time: what
//! `make report` calls double-write is several times zmij's count, and values far from one take up to 111,000 instructions.
#![forbid(unsafe_code)]

mod big;
mod read;
mod wide;
mod write;

pub(super) use read::skip;
pub use read::{decimal_to_f64, parse_len, to_decimal, to_f64, to_i64, to_u64};
pub use wide::add;
pub use write::{
    FIXED_DECIMALS_MAX, write_decimal, write_f32, write_f64, write_f64_fixed, write_i64, write_u64,
};

/// `mantissa` × 10^`exponent`, exactly. Two that differ in their fields can be the same number: compare normalised ones.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
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
    pub fn normalise(mut self) -> Self {
        self.trim();
        self
    }

    #[inline(never)]
    fn trim(&mut self) {
        let mut magnitude = self.mantissa.unsigned_abs();
        trim(&mut magnitude, &mut self.exponent);
        let value = magnitude.cast_signed();
        self.mantissa = if self.mantissa < 0 {
            value.wrapping_neg()
        } else {
            value
        };
    }

    /// The exact sum, normalised; `None` when its mantissa, or one of the two at the lower exponent, is beyond `i64`.
    #[must_use]
    pub fn checked_add(mut self, mut other: Self) -> Option<Self> {
        self.trim();
        other.trim();
        self.add(&other).then_some(self)
    }

    /// As `checked_add`, for two that are normalised; false instead of `None`.
    #[inline(never)]
    pub(crate) fn add(&mut self, other: &Self) -> bool {
        if other.mantissa == 0 {
            return true;
        }
        if self.mantissa == 0 {
            *self = *other;
            return true;
        }
        let (mut upper, lower) = if self.exponent < other.exponent {
            (*other, *self)
        } else {
            (*self, *other)
        };
        if !upper.scale(upper.exponent.abs_diff(lower.exponent)) {
            return false;
        }
        let Some(mantissa) = upper.mantissa.checked_add(lower.mantissa) else {
            return false;
        };
        self.mantissa = mantissa;
        self.exponent = lower.exponent;
        self.trim();
        true
    }

    /// Multiplies the mantissa by 10^`power`; false when that is beyond `i64`.
    #[inline(never)]
    fn scale(&mut self, power: u32) -> bool {
        let is_negative = self.mantissa < 0;
        let mut magnitude = self.mantissa.unsigned_abs();
        if !scale(&mut magnitude, power) {
            return false;
        }
        let Some(mantissa) = with_sign(magnitude, is_negative) else {
            return false;
        };
        self.mantissa = mantissa;
        true
    }

    /// Whether it is `limit`, which is above zero, or more.
    pub(crate) fn reaches(self, limit: u32) -> bool {
        if self.mantissa <= 0 {
            return false;
        }
        let mut value = self.mantissa.unsigned_abs();
        let mut limit = u64::from(limit);
        let is_below = self.exponent < 0;
        let scales = if is_below { &mut limit } else { &mut value };
        // What cannot be scaled is beyond all that can.
        if scale(scales, self.exponent.unsigned_abs()) {
            value >= limit
        } else {
            !is_below
        }
    }

    /// The value, when it is an integer within `i64`.
    pub(crate) fn to_i64(mut self) -> Option<i64> {
        let power = u32::try_from(self.exponent).ok()?;
        self.scale(power).then_some(self.mantissa)
    }

    /// The exact difference, as `checked_add`.
    #[must_use]
    pub fn checked_sub(self, other: Self) -> Option<Self> {
        self.checked_add(Self {
            mantissa: other.mantissa.checked_neg()?,
            exponent: other.exponent,
        })
    }
}

/// Multiplies by 10^`power`; false when that is beyond `u64`.
#[inline(never)]
fn scale(value: &mut u64, power: u32) -> bool {
    (0..power).all(|_| push_digit(value, 0))
}

/// Puts a digit behind those of `value`; false when that is beyond `u64`. Byte by byte: any multiplication of 64-bit numbers is
/// a library function on small cores.
#[inline(never)]
fn push_digit(value: &mut u64, digit: u8) -> bool {
    let mut bytes = value.to_le_bytes();
    let mut carry = u32::from(digit);
    for byte in &mut bytes {
        carry = u32::from(*byte).wrapping_mul(10).wrapping_add(carry);
        [*byte, ..] = carry.to_le_bytes();
        carry >>= 8;
    }
    if carry != 0 {
        return false;
    }
    *value = u64::from_le_bytes(bytes);
    true
}

/// The signed value, when it exists.
const fn with_sign(magnitude: u64, negative: bool) -> Option<i64> {
    let mut value = magnitude.cast_signed();
    if negative {
        value = value.wrapping_neg();
    }
    // Beyond the range, the sign comes out wrong.
    if (value < 0) == negative || magnitude == 0 {
        Some(value)
    } else {
        None
    }
}

/// Takes off the last digit.
#[inline(never)]
fn take_digit(value: &mut u64) -> u8 {
    // Where the core can do it, a multiplication instead of the loop: a tenth of the instructions.
    if !cfg!(kpn_no_division)
        && let Ok(short) = u32::try_from(*value)
    {
        *value = u64::from(short / 10);
        let [digit, ..] = (short % 10).to_le_bytes();
        return digit;
    }
    take_digit_by_bytes(value)
}

/// As `take_digit`, byte by byte: there, and for what has more than 32 bits, a division is a library function.
fn take_digit_by_bytes(value: &mut u64) -> u8 {
    let mut bytes = value.to_le_bytes();
    let mut rest = 0_u32;
    for byte in bytes.iter_mut().rev() {
        let part = rest << 8 | u32::from(*byte);
        // A tenth: exact below 16,389, and `part` is below 2,560.
        let tenth = part.wrapping_mul(6_554) >> 16;
        rest = part.wrapping_sub(tenth.wrapping_mul(10));
        [*byte, ..] = tenth.to_le_bytes();
    }
    *value = u64::from_le_bytes(bytes);
    let [digit, ..] = rest.to_le_bytes();
    digit
}

/// Takes off the zeros at the end.
#[inline(never)]
fn trim(magnitude: &mut u64, exponent: &mut i32) {
    let mut shorter = *magnitude;
    if shorter == 0 {
        *exponent = 0;
        return;
    }
    while take_digit(&mut shorter) == 0 && *exponent < i32::MAX {
        *magnitude = shorter;
        *exponent = exponent.wrapping_add(1);
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
    fn digits_come_off_by_bytes_and_by_division_alike() {
        for shift in 0..64 {
            for offset in [0, 1, 9, 10, 99, 12_345] {
                let value = (u64::MAX >> shift).wrapping_sub(offset);
                let expected = (value / 10, value % 10);
                for take in [take_digit, take_digit_by_bytes] {
                    let mut rest = value;
                    let digit = take(&mut rest);
                    assert_eq!((rest, u64::from(digit)), expected, "{value}");
                }
            }
        }
    }
}
