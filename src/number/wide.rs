//! Doubles in parts, and a number before it is rounded to one. All in integers: the C library's soft-float addition alone
//! takes 1.7 KB on a Cortex-M0.
#![forbid(unsafe_code)]

use super::Magnitude;
use super::big::Ratio;

const FRACTION_BITS: u32 = 52;
/// The bit of a mantissa that is not stored.
pub const HIDDEN: u64 = 1 << FRACTION_BITS;
const SIGN: u64 = 1 << 63;
/// The exponent field of what is not finite.
pub const TOP: i32 = 2047;
const INFINITY: u64 = 2047 << FRACTION_BITS;
/// Bits of a `Wide` that a double does not have.
const SPARE_BITS: u32 = 11;
/// Half of the last place of a double.
const HALF: u32 = 1 << (SPARE_BITS - 1);

/// The exponent field of a double.
fn field(bits: u64) -> i32 {
    i32::try_from(bits << 1 >> (FRACTION_BITS + 1)).unwrap_or_default()
}

/// The mantissa of a double with its hidden bit, and the exponent field, at least 1. The sign does not matter.
#[inline(never)]
pub fn parts(bits: u64) -> (u64, i32) {
    let fraction = bits & (HIDDEN - 1);
    match field(bits) {
        0 => (fraction, 1),
        field => (fraction | HIDDEN, field),
    }
}

/// `left` + `right`, rounded to the nearest, ties to even.
#[inline(never)]
pub fn add(left: f64, right: f64) -> f64 {
    let (left, right) = (left.to_bits(), right.to_bits());
    let mut field = field(left).max(field(right)).max(1);
    let sum = aligned(left, field).wrapping_add(aligned(right, field));
    let sign = if sum == 0 {
        left & right
    } else {
        sum.cast_unsigned()
    };
    if field == TOP {
        if sum == 0 {
            return f64::NAN;
        }
        // So far above that it stays infinite, whatever was taken away.
        field <<= 1;
    }
    let mut wide = Wide {
        mantissa: sum.unsigned_abs().into(),
        field: field.wrapping_add(2),
        slack: 0,
    };
    f64::from_bits(wide.round(b"", 0) | sign & SIGN)
}

/// The mantissa of a double at a higher exponent field, with its sign: room for one bit above and for nine below, the lowest of
/// which says whether anything was cut off.
#[inline(never)]
fn aligned(bits: u64, field: i32) -> i64 {
    let (mantissa, own) = parts(bits);
    let mut mantissa = mantissa << 9;
    for _ in own..field {
        mantissa = mantissa >> 1 | mantissa & 1;
    }
    let mantissa = mantissa.cast_signed();
    if bits & SIGN == 0 {
        mantissa
    } else {
        mantissa.wrapping_neg()
    }
}

/// `mantissa` × 2^(`field` - 1086). With the highest bit of `mantissa` set, `field` is the exponent field of the double.
pub struct Wide {
    pub mantissa: Magnitude,
    pub field: i32,
    /// The value may be above by less than this many units of the last place.
    pub slack: u32,
}

impl Wide {
    /// Moves the highest bit to its place.
    #[inline(never)]
    fn align(&mut self) {
        let mut mantissa = self.mantissa.get();
        // The highest bit is that of the sign.
        while mantissa.cast_signed() > 0 {
            mantissa <<= 1;
            self.field = self.field.wrapping_sub(1);
        }
        self.mantissa = mantissa.into();
    }

    /// Multiplies by 10^`exponent`, rounding down.
    #[inline(never)]
    pub fn scale(&mut self, exponent: i32) {
        for _ in 0..exponent.unsigned_abs() {
            self.align();
            let mantissa = if exponent > 0 {
                // Ten sixteenths.
                let above = self.mantissa.push_digit(0);
                self.field = self.field.wrapping_add(4);
                self.mantissa.get() >> 4 | u64::from(above) << 60
            } else {
                // Eight tenths, of the remainder too.
                let digit = self.mantissa.take_digit();
                self.field = self.field.wrapping_sub(3);
                self.mantissa.get() << 3 | u64::from(digit.wrapping_mul(13) >> 4)
            };
            self.mantissa = mantissa.into();
            // Less than one unit is lost, 3.25 once the highest bit is in its place again.
            self.slack = self.slack.wrapping_add(4);
        }
    }

    /// The bits of the nearest double, without sign. Where the slack leaves that open, `text` decides, whose first digit stands
    /// just below the power of ten `position`.
    #[inline(never)]
    pub fn round(&mut self, text: &[u8], position: i32) -> u64 {
        self.align();
        let mut mantissa = self.mantissa.get();
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
            field = field.wrapping_add(1);
            slack = (slack >> 1).wrapping_add(1);
        }
        let places = mantissa >> SPARE_BITS;
        // The highest place, where it is set, counts one in the exponent field.
        let below = u64::try_from(field.wrapping_sub(1)).unwrap_or_default();
        let bits = places.wrapping_add(below << FRACTION_BITS);
        let rest = u32::try_from(mantissa & ((1 << SPARE_BITS) - 1)).unwrap_or_default();
        // Scaling loses at most 308 × 3.25 units and cut digits 8, less than half of the last place: no double but the next one
        // can be nearer.
        let up = if rest > HALF {
            true
        } else if rest.wrapping_add(slack) < HALF {
            false
        } else if slack == 0 {
            places & 1 != 0
        } else {
            is_beyond_middle(text, position, field, places)
        };
        // A step up runs over into the exponent, and into infinity, by itself.
        bits.wrapping_add(u64::from(up))
    }
}

/// Whether a text, of any length, is nearer to the next double than to that of this field and these places, or as near and that one
/// is even.
///
/// `position` is the power of ten just above the text's first digit that is not zero.
#[inline(never)]
fn is_beyond_middle(text: &[u8], position: i32, field: i32, places: u64) -> bool {
    // The middle between the two, divided by 10^`position`.
    let mut middle = Ratio::ZERO;
    middle.set(
        field.wrapping_sub(1076).wrapping_sub(position),
        places << 1 | 1,
        position.wrapping_neg(),
    );
    let mut started = false;
    for byte in text {
        let digit = match byte {
            b'0' if !started => continue,
            b'0'..=b'9' => byte & 0x0F,
            b'e' | b'E' => break,
            _ => continue,
        };
        started = true;
        let other = middle.next_digit();
        if digit != other {
            return digit > other;
        }
    }
    // Every digit is the same; the middle may have more.
    places & 1 != 0 && middle.top.is_zero()
}
#[cfg(test)]
mod tests {
    use super::*;

    fn check(left: f64, right: f64) {
        let (ours, exact) = (add(left, right), left + right);
        let same = ours.to_bits() == exact.to_bits() || (ours.is_nan() && exact.is_nan());
        assert!(same, "{left:e} + {right:e} is {exact:e}, not {ours:e}");
    }

    #[test]
    fn borders_add_as_the_processor_adds_them() {
        let borders = [
            0.0,
            f64::from_bits(1),
            f64::from_bits(2),
            f64::MIN_POSITIVE,
            f64::from_bits(HIDDEN - 1),
            1.0,
            1.0 + f64::EPSILON,
            1.5,
            f64::EPSILON / 2.0,
            9_007_199_254_740_991.0,
            1e300,
            f64::MAX,
            f64::MAX / 2.0,
            f64::INFINITY,
        ];
        for left in borders {
            for right in borders {
                check(left, right);
                check(-left, right);
                check(left, -right);
                check(-left, -right);
            }
        }
    }

    #[test]
    fn random_doubles_add_as_the_processor_adds_them() {
        let mut state = 1_u64;
        let mut next = || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state
        };
        for round in 0..200_000 {
            let left = next();
            // Near in exponent, or anything.
            let right = if round % 2 == 0 {
                let near = (left >> 52).wrapping_add(next() % 120).wrapping_sub(60);
                near << 52 | next() >> 12
            } else {
                next()
            };
            let (left, right) = (f64::from_bits(left), f64::from_bits(right));
            if !left.is_nan() && !right.is_nan() {
                check(left, right);
            }
        }
    }
}
