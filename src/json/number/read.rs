//! Text to numbers, exactly.
#![forbid(unsafe_code)]

use core::cmp::Ordering;

use super::big::Ratio;
use super::{Decimal, scale, trim, with_sign};
use crate::error::{Error, Result};

/// A JSON number in parts.
#[derive(Default)]
struct Number {
    negative: bool,
    /// Whether a digit other than zero did not fit.
    cut: bool,
    /// Digits behind the last one in `magnitude`.
    behind: u32,
    /// Digits from the first one that is not zero.
    count: u32,
    /// The significant digits up to the last one that is not zero, as far as they fit.
    magnitude: u64,
    /// Power of ten of the last digit.
    power: i64,
}

impl Number {
    /// Power of ten of `magnitude`.
    fn exponent(&self) -> i64 {
        self.power.wrapping_add(i64::from(self.behind))
    }

    /// Takes one digit. Zeros wait for a digit behind them before they become part of `magnitude`.
    #[inline(never)]
    fn digit(&mut self, digit: u8) {
        if self.magnitude != 0 || digit != 0 {
            self.count = self.count.wrapping_add(1);
            self.behind = self.behind.wrapping_add(1);
        }
        if digit == 0 || self.cut {
            return;
        }
        let mut magnitude = self.magnitude;
        if scale(&mut magnitude, self.behind)
            && let Some(magnitude) = magnitude.checked_add(u64::from(digit))
        {
            self.magnitude = magnitude;
            self.behind = 0;
        } else {
            self.cut = true;
        }
    }
}

/// What may follow in the grammar of RFC 8259 section 6: a row for each state, in it the next state for each kind of
/// character, 0 for none. The kinds, from the right: zero, another digit, minus, plus, point, E.
const GRAMMAR: [u32; 9] = [
    0x00_0132, // 0: at the start
    0x00_0032, // 1: behind the minus
    0x64_0000, // 2: behind a leading zero
    0x64_0033, // 3: in the whole part
    0x00_0055, // 4: behind the point
    0x60_0055, // 5: in the decimals
    0x00_7788, // 6: behind the E
    0x00_0088, // 7: behind the sign of the power
    0x00_0088, // 8: in the power
];
/// The states in which a number is whole, one bit each.
const WHOLE: u32 = 1 << 2 | 1 << 3 | 1 << 5 | 1 << 8;

/// Skips the strict JSON number that stands at `position`.
pub fn skip(text: &[u8], position: &mut usize) -> Result<()> {
    let mut state = 0_u32;
    loop {
        let byte = text.get(*position).copied();
        let kind = match byte.unwrap_or_default() {
            b'0' => 0,
            b'1'..=b'9' => 4,
            b'-' => 8,
            b'+' => 12,
            b'.' => 16,
            b'e' | b'E' => 20,
            _ => 24,
        };
        let row = usize::try_from(state).unwrap_or_default();
        let next = GRAMMAR.get(row).copied().unwrap_or_default() >> kind & 15;
        if next == 0 {
            return if WHOLE.wrapping_shr(state) & 1 != 0 {
                Ok(())
            } else if byte.is_none() {
                Err(Error::JsonTruncated)
            } else {
                Err(Error::JsonSyntax)
            };
        }
        state = next;
        *position = position.wrapping_add(1);
    }
}

#[inline(never)]
fn whole(text: &[u8]) -> Result<Number> {
    if parse_len(text) != Some(text.len()) {
        return Err(Error::JsonSyntax);
    }
    let mut number = Number::default();
    let mut decimals = 0_u32;
    let mut behind_point = 0;
    let mut power = 0_u32;
    let mut behind_e = false;
    let mut shrinks = false;
    for &byte in text {
        match byte {
            b'0'..=b'9' if behind_e => {
                // Far beyond what any text's digits can make up for.
                let above = power.min(400_000_000).wrapping_mul(10);
                power = above.wrapping_add(u32::from(byte & 0x0F));
            }
            b'0'..=b'9' => {
                number.digit(byte & 0x0F);
                decimals = decimals.wrapping_add(behind_point);
            }
            b'-' if behind_e => shrinks = true,
            b'-' => number.negative = true,
            b'.' => behind_point = 1,
            b'+' => {}
            _ => behind_e = true,
        }
    }
    if number.magnitude != 0 {
        let power = i64::from(power);
        let power = if shrinks { power.wrapping_neg() } else { power };
        number.power = power.wrapping_sub(i64::from(decimals));
    }
    Ok(number)
}

/// Length of the number at the start of `text` in the grammar of RFC 8259 section 6; `None` when there is none.
pub fn parse_len(text: &[u8]) -> Option<usize> {
    let mut len = 0;
    skip(text, &mut len).ok()?;
    Some(len)
}

/// The exact value, normalised.
///
/// `Error::JsonSyntax` when `text` as a whole is no number, `Error::NumberRange` when the mantissa is beyond `i64` or the
/// exponent beyond `i32`.
pub fn to_decimal(text: &[u8]) -> Result<Decimal> {
    let number = whole(text)?;
    let mantissa = with_sign(number.magnitude, number.negative).filter(|_| !number.cut);
    let exponent = i32::try_from(number.exponent()).ok();
    match (mantissa, exponent) {
        (Some(mantissa), Some(exponent)) => Ok(Decimal { mantissa, exponent }),
        _ => Err(Error::NumberRange),
    }
}

/// The magnitude of an integer.
fn to_integer(text: &[u8]) -> Result<(u64, bool)> {
    let number = whole(text)?;
    let mut magnitude = number.magnitude;
    let exponent = u32::try_from(number.exponent()).map_err(|_| Error::NumberRange)?;
    if number.cut {
        return Err(Error::NumberRange);
    }
    if !scale(&mut magnitude, exponent) {
        return Err(Error::NumberRange);
    }
    Ok((magnitude, number.negative))
}

/// The value of an integer in any notation (`10.0`, `1e3`); `Error::NumberRange` when it is none or beyond `i64`.
pub fn to_i64(text: &[u8]) -> Result<i64> {
    let (magnitude, negative) = to_integer(text)?;
    with_sign(magnitude, negative).ok_or(Error::NumberRange)
}

/// The value of an integer in any notation, as `to_i64`; `-0` is 0.
pub fn to_u64(text: &[u8]) -> Result<u64> {
    match to_integer(text)? {
        (magnitude, negative) if !negative || magnitude == 0 => Ok(magnitude),
        _ => Err(Error::NumberRange),
    }
}

/// The nearest double, ties to even, as `str::parse`: infinite from 2^1024 - 2^970, zero up to 2^-1075, keeping the sign.
///
/// `Error::JsonSyntax` when `text` as a whole is no number.
pub fn to_f64(text: &[u8]) -> Result<f64> {
    let number = whole(text)?;
    let power = i32::try_from(number.power.clamp(-0x2000_0000, 0x2000_0000)).unwrap_or_default();
    let mut rounded = nearest(number.magnitude, power.wrapping_add_unsigned(number.behind));
    if number.cut {
        let position = power.wrapping_add_unsigned(number.count);
        rounded.above = compare_half(text, position, &rounded);
    }
    Ok(rounded.into_f64(number.negative))
}

/// The nearest double, ties to even, as `to_f64`.
pub fn decimal_to_f64(value: Decimal) -> f64 {
    let (magnitude, exponent) = trim(value.mantissa.unsigned_abs(), value.exponent);
    nearest(magnitude, exponent).into_f64(value.mantissa < 0)
}

/// A double that is not larger than the value, and whether the value is nearer to the next.
struct Floor {
    /// As stored, without sign.
    bits: u64,
    /// What is left, compared with half a unit of the last place.
    above: Ordering,
}

impl Floor {
    const ZERO: Self = Self {
        bits: 0,
        above: Ordering::Less,
    };
    const INFINITE: Self = Self {
        bits: 2047 << 52,
        above: Ordering::Less,
    };

    /// The last step up runs over into the exponent, and into infinity, by itself.
    fn into_f64(self, negative: bool) -> f64 {
        let up = match self.above {
            Ordering::Less => 0,
            Ordering::Equal => self.bits & 1,
            Ordering::Greater => 1,
        };
        f64::from_bits(self.bits.wrapping_add(up) | u64::from(negative) << 63)
    }
}

/// Rounds down `magnitude` × 10^`exponent`.
fn nearest(magnitude: u64, exponent: i32) -> Floor {
    if magnitude == 0 || exponent < -342 {
        return Floor::ZERO;
    }
    if exponent > 308 {
        return Floor::INFINITE;
    }
    nearest_in_registers(magnitude, exponent)
        .unwrap_or_else(|| nearest_in_memory(magnitude, exponent))
}

/// How many bits the quotient has at 2^`power`, if it is not out of range.
struct Shape {
    /// Bits of the result, the first being one; fewer than 53 when it is subnormal.
    count: i32,
    /// Exponent field, less what that first bit adds to it.
    field: u64,
}

impl Shape {
    /// For a value from 2^`power` to twice that.
    fn new(power: i32) -> core::result::Result<Self, Floor> {
        let above = power.wrapping_add(1022);
        if above > 2045 {
            Err(Floor::INFINITE)
        } else if above < -53 {
            Err(Floor::ZERO)
        } else {
            Ok(Self {
                count: above.wrapping_add(53).min(53),
                field: u64::try_from(above).unwrap_or_default() << 52,
            })
        }
    }
}

/// For short numbers such as a person or a sensor writes: up to 63 bits of digits and about 27 decimals.
fn nearest_in_registers(magnitude: u64, exponent: i32) -> Option<Floor> {
    let (mut top, mut bottom) = (magnitude, 1_u64);
    let grows = if exponent < 0 { &mut bottom } else { &mut top };
    for _ in 0..exponent.unsigned_abs() {
        if *grows >> 60 != 0 {
            return None;
        }
        *grows = grows.wrapping_mul(5);
    }
    if top >> 63 != 0 {
        return None;
    }
    // Both get their highest bit in the same place, with one to spare.
    let (up, down) = (top.leading_zeros(), bottom.leading_zeros());
    top <<= up.wrapping_sub(1);
    bottom <<= down.wrapping_sub(1);
    let mut power = exponent
        .wrapping_add_unsigned(down)
        .wrapping_sub_unsigned(up);
    if top < bottom {
        top <<= 1;
        power = power.wrapping_sub(1);
    }
    let shape = match Shape::new(power) {
        Ok(shape) => shape,
        Err(floor) => return Some(floor),
    };
    let mut bits = 0_u64;
    for _ in 0..shape.count {
        bits <<= 1;
        if top >= bottom {
            top = top.wrapping_sub(bottom);
            bits |= 1;
        }
        top <<= 1;
    }
    Some(Floor {
        bits: bits.wrapping_add(shape.field),
        above: top.cmp(&bottom),
    })
}

/// The same for all numbers.
#[inline(never)]
fn nearest_in_memory(magnitude: u64, exponent: i32) -> Floor {
    let mut ratio = Ratio::ZERO;
    let shape = match Shape::new(align(&mut ratio, magnitude, exponent)) {
        Ok(shape) => shape,
        Err(floor) => return floor,
    };
    let bits = draw_bits(&mut ratio, shape.count);
    Floor {
        bits: bits.wrapping_add(shape.field),
        above: ratio.compare_one(),
    }
}

/// Brings `magnitude` × 10^`exponent` into the range from one to two, and returns the power of two that it lacks then.
///
/// Apart from its caller, as `draw_bits` is, to keep the frame that holds the fraction small.
#[inline(never)]
fn align(ratio: &mut Ratio, magnitude: u64, exponent: i32) -> i32 {
    ratio.set(magnitude, 0, exponent);
    let up = i32::try_from(ratio.top.bit_len()).unwrap_or_default();
    let down = i32::try_from(ratio.bottom.bit_len()).unwrap_or_default();
    let mut power = up.wrapping_sub(down);
    ratio.top.scale(2, power.wrapping_neg());
    ratio.bottom.scale(2, power);
    power = power.wrapping_add(exponent);
    if ratio.compare_one().is_lt() {
        ratio.top.multiply(2);
        power = power.wrapping_sub(1);
    }
    power
}

/// The first `count` binary digits of a fraction between one and two; what is left stays in it.
#[inline(never)]
fn draw_bits(ratio: &mut Ratio, count: i32) -> u64 {
    let mut bits = 0_u64;
    for _ in 0..count {
        bits <<= 1;
        if ratio.compare_one().is_ge() {
            ratio.top.subtract(&ratio.bottom);
            bits |= 1;
        }
        ratio.top.multiply(2);
    }
    bits
}

/// Compares the whole text, of any length, with the middle between `floor` and the next double, digit by digit.
///
/// `position` is the power of ten just above the text's first digit that is not zero.
#[inline(never)]
fn compare_half(text: &[u8], position: i32, floor: &Floor) -> Ordering {
    if floor.bits == Floor::INFINITE.bits {
        return Ordering::Less;
    }
    let field = i32::try_from(floor.bits >> 52).unwrap_or_default();
    let fraction = floor.bits & ((1 << 52) - 1);
    let hidden = u64::from(field != 0) << 52;
    let middle = (fraction | hidden) << 1 | 1;
    let twos = field.max(1).wrapping_sub(1076).wrapping_sub(position);
    // Out of range both ways, where there is no middle to compare with.
    if position < -324 {
        return Ordering::Less;
    }
    let mut ratio = Ratio::ZERO;
    ratio.set(middle, twos, position.wrapping_neg());
    let mut started = false;
    for byte in text {
        let digit = match byte {
            b'0' if !started => continue,
            b'0'..=b'9' => byte & 0x0F,
            b'e' | b'E' => break,
            _ => continue,
        };
        started = true;
        let ordering = digit.cmp(&ratio.next_digit());
        if ordering.is_ne() {
            return ordering;
        }
    }
    // Every digit is the same; the middle may have more.
    if ratio.top.bit_len() == 0 {
        Ordering::Equal
    } else {
        Ordering::Less
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_doubles_as_the_standard_library_does() {
        for text in [
            "0",
            "-0",
            "20.5",
            "-20.50",
            "1e23",
            "1E+2",
            "5e-324",
            "2.4703282292062327e-324",
            "2.4703282292062328e-324",
            "1.7976931348623157e308",
            "1.7976931348623158e308",
            "1.7976931348623159e308",
            "1e400",
            "1e-400",
            "-1e-400",
            "9007199254740993",
            "9007199254740993.00000000000000000000000001",
            "2.2250738585072011e-308",
            "0.000000000000000000000000000000001e33",
            "123456789012345678901234567890",
            "0e99999999999999999999",
            "18446744073709551615",
            "18446744073709551616",
            "1e309",
            "1.58565075E9",
            "6.8e-343",
            "1e-9999999999",
        ] {
            let expected: f64 = text.parse().unwrap();
            let value = to_f64(text.as_bytes()).unwrap();
            assert_eq!(value.to_bits(), expected.to_bits(), "{text}");
        }
    }

    #[test]
    fn takes_the_strict_grammar_only() {
        for (text, len) in [
            ("20.5,", Some(4)),
            ("-0", Some(2)),
            ("01", Some(1)),
            ("1e5]", Some(3)),
            ("1E+05", Some(5)),
            ("", None),
            ("-", None),
            ("+1", None),
            (".5", None),
            ("1.", None),
            ("1.e3", None),
            ("1e", None),
            ("1e+", None),
            ("-a", None),
            ("NaN", None),
        ] {
            assert_eq!(parse_len(text.as_bytes()), len, "{text}");
            let whole = len == Some(text.len());
            assert_eq!(to_f64(text.as_bytes()).is_ok(), whole, "{text}");
        }
    }

    #[test]
    fn reads_exact_decimals() {
        let value = |mantissa, exponent| Ok(Decimal { mantissa, exponent });
        for (text, expected) in [
            ("20.50", value(205, -1)),
            ("-0.00", value(0, 0)),
            ("1.58565075E9", value(158_565_075, 1)),
            ("0.0015", value(15, -4)),
            ("100000000000000000000000000000", value(1, 29)),
            ("-9223372036854775808", value(i64::MIN, 0)),
            ("9223372036854775807", value(i64::MAX, 0)),
            ("9223372036854775808", Err(Error::NumberRange)),
            ("0.1234567890123456789012", Err(Error::NumberRange)),
            ("1e2147483647", value(1, i32::MAX)),
            ("1e2147483648", Err(Error::NumberRange)),
            ("0.1e2147483648", value(1, i32::MAX)),
            ("1e-2147483648", value(1, i32::MIN)),
            ("10e-2147483649", value(1, i32::MIN)),
            ("1e-2147483649", Err(Error::NumberRange)),
            ("0e99999999999", value(0, 0)),
            ("1x", Err(Error::JsonSyntax)),
        ] {
            assert_eq!(to_decimal(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn reads_integers_in_any_notation() {
        for (text, signed, unsigned) in [
            ("10.0", Ok(10), Ok(10)),
            ("1e3", Ok(1000), Ok(1000)),
            ("-1.5e1", Ok(-15), Err(Error::NumberRange)),
            ("1.5", Err(Error::NumberRange), Err(Error::NumberRange)),
            ("1e400", Err(Error::NumberRange), Err(Error::NumberRange)),
            ("-0", Ok(0), Ok(0)),
            (
                "-9223372036854775808",
                Ok(i64::MIN),
                Err(Error::NumberRange),
            ),
            (
                "18446744073709551615",
                Err(Error::NumberRange),
                Ok(u64::MAX),
            ),
            (
                "18446744073709551616",
                Err(Error::NumberRange),
                Err(Error::NumberRange),
            ),
            (
                "1.8446744073709551615e19",
                Err(Error::NumberRange),
                Ok(u64::MAX),
            ),
            ("true", Err(Error::JsonSyntax), Err(Error::JsonSyntax)),
        ] {
            assert_eq!(to_i64(text.as_bytes()), signed, "{text}");
            assert_eq!(to_u64(text.as_bytes()), unsigned, "{text}");
        }
    }
}
