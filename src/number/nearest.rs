// SPDX-License-Identifier: MIT OR Apache-2.0
//! The double nearest to a decimal number.
//!
//! Clinger's method ("How to Read Floating Point Numbers Accurately", 1990) in 64-bit integers: the number is scaled by tens with a known
//! error. Where that error leaves two doubles possible, the digits are compared with the exact digits of the midpoint between them (Gay's
//! `bigcomp`). Only integers are used: soft-float addition alone takes 1.7 KB on a Cortex-M0.
#![forbid(unsafe_code)]

use super::literal::{Digits, NOWHERE};
use super::truncated::{Magnitude, Truncated, low_word};
use super::whole::whole;

const FRACTION_BITS: u32 = 52;
/// The hidden bit of a mantissa.
pub const HIDDEN: u64 = 1 << FRACTION_BITS;
/// The exponent field of infinities and NaN.
pub const TOP: i32 = 2047;
const INFINITY: u64 = 2047 << FRACTION_BITS;
/// Bits of a `Scaled` that a double does not have.
const SPARE_BITS: u32 = 11;
/// Half of the last place of a double.
const HALF: u32 = 1 << (SPARE_BITS - 1);

/// The mantissa of a double with its hidden bit, and the exponent field, at least 1. The sign does not matter.
pub fn parts(bits: u64) -> (u64, i32) {
    let fraction = bits & (HIDDEN - 1);
    match i32::try_from(bits << 1 >> (FRACTION_BITS + 1)) {
        Ok(0) | Err(_) => (fraction, 1),
        Ok(field) => (fraction | HIDDEN, field),
    }
}

/// The double nearest to a number, ties to even. The number is the sum of `numbers`, which give the digits that `value` has no room for.
#[inline(never)]
pub fn nearest(value: &Truncated, numbers: &[Digits<'_>; 2]) -> f64 {
    let mut scaled = Scaled {
        mantissa: value.magnitude,
        field: 1086,
        // Less than one unit of a magnitude that has at most three free bits.
        slack: u32::from(value.rest != 0) << 3,
    };
    // Beyond these limits every value is zero or infinite.
    let exponent = value.exponent.clamp(-400, 400);
    scaled.scale(exponent);
    let sign = u64::from(value.is_negative) << 63;
    f64::from_bits(scaled.round(value, numbers) | sign)
}

/// `mantissa` × 2^(`field` - 1086). With the highest bit of `mantissa` set, `field` is the exponent field of the double.
struct Scaled {
    mantissa: Magnitude,
    field: i32,
    /// The true value may be larger, by less than this many units of the last place.
    slack: u32,
}

impl Scaled {
    /// Moves the highest bit to its place.
    #[inline(never)]
    fn align(&mut self) {
        // The highest bit is the sign bit.
        while self.mantissa.0.cast_signed() > 0 {
            self.mantissa.0 <<= 1;
            self.field -= 1;
        }
    }

    /// Multiplies by 10^`exponent`, rounding down.
    fn scale(&mut self, exponent: i32) {
        // At most 400 rounds, as clamped.
        for _ in 0..exponent.unsigned_abs() {
            self.align();
            if exponent > 0 {
                // Ten sixteenths.
                let above = self.mantissa.push_digit(0);
                self.field += 4;
                self.mantissa.0 = self.mantissa.0 >> 4 | u64::from(above) << 60;
            } else {
                // Eight tenths, including the remainder.
                let digit = self.mantissa.take_digit();
                self.field -= 3;
                self.mantissa.0 = self.mantissa.0 << 3 | u64::from((digit * 13) >> 4);
            }
            // Less than one unit is lost, 3.25 units once the highest bit is back in its place.
            self.slack += 4;
        }
    }

    /// The bits of the nearest double, without sign. Where the slack leaves two possible, the digits decide.
    fn round(&mut self, value: &Truncated, numbers: &[Digits<'_>; 2]) -> u64 {
        self.align();
        let mut mantissa = self.mantissa.0;
        let mut field = self.field;
        let mut slack = self.slack;
        if mantissa == 0 {
            return 0;
        }
        if field >= TOP {
            return INFINITY;
        }
        while field < 1 {
            mantissa >>= 1;
            field += 1;
            slack = (slack >> 1) + 1;
        }
        let places = mantissa >> SPARE_BITS;
        // The hidden bit, if set, adds one to the exponent field.
        let below = u64::try_from(field - 1).unwrap_or_default();
        let bits = places + (below << FRACTION_BITS);
        let rest = u32::try_from(mantissa & ((1 << SPARE_BITS) - 1)).unwrap_or_default();
        // Scaling loses at most 308 × 3.25 units, and the digits without room lose 8, together less than half of the last place: only the
        // next double can be nearer.
        let up = if rest > HALF {
            true
        } else if rest + slack < HALF {
            false
        } else if slack == 0 {
            places & 1 != 0
        } else {
            is_beyond_middle(value, numbers, field, places)
        };
        // A step up carries into the exponent, and on to infinity, by itself.
        bits + u64::from(up)
    }
}

/// Places compared at a time: twice their digits and a remainder of two fit in an `i32`.
const GROUP: i32 = 8;
const GROUP_TENS: u32 = 10_u32.pow(8);

/// Whether a number is nearer to the next double than to the one with this field and these places, or halfway between them while the next
/// double is even.
///
/// Subtracts the midpoint from the number, from the highest place down, until the sign is certain: the rest of the number and of the
/// midpoint is less than three units of the last place, and cannot change a difference of three.
fn is_beyond_middle(value: &Truncated, numbers: &[Digits<'_>; 2], field: i32, places: u64) -> bool {
    let [mut left, mut right] = *numbers;
    let mut place = left.place.max(right.place);
    let mut difference = 0_i32;
    // Twice the places of the midpoint that were compared, plus one if more places follow.
    let mut middle = 1;
    while (-2..=2).contains(&difference) {
        let end = place - GROUP;
        while place != end {
            difference *= 10;
            difference += left.take_signed(place, value.is_negative);
            difference += right.take_signed(place, value.is_negative);
            place -= 1;
        }
        if middle & 1 != 0 {
            let before = low_word(middle >> 1).wrapping_mul(GROUP_TENS);
            middle = whole(places << 1 | 1, field - 1076, -1 - place);
            difference -= low_word(middle >> 1).wrapping_sub(before).cast_signed();
            continue;
        }
        let next = left.place.max(right.place);
        if next < place {
            if difference != 0 || next == NOWHERE {
                break;
            }
            place = next;
        }
    }
    difference > 0 || difference == 0 && places & 1 != 0
}
