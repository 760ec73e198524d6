//! Text to numbers, exactly.
#![forbid(unsafe_code)]

use super::wide::{Wide, add};
use super::write::{DIGITS_MAX, digits, signed};
use super::{Decimal, Exact};
use crate::error::{Error, Result};

/// Where digits stand: before the point, behind it, or behind the E.
const WHOLE: i32 = 0;
const DECIMALS: i32 = 1;
const POWER: i32 = 2;

/// A JSON number while it is read. What is a byte long stands in front, within reach of a short instruction.
#[derive(Default)]
#[repr(C)]
struct Number<'a> {
    /// As far as the digits before the E say.
    value: Exact,
    /// Whether a digit did not fit.
    is_full: bool,
    text: &'a [u8],
    /// What comes next in the text.
    next: usize,
    /// What stands behind the E, without sign.
    power: u32,
    /// All ones where the power has a minus sign.
    flip: i32,
}

impl<'a> Number<'a> {
    fn new(text: &'a [u8], next: usize) -> Self {
        Self {
            text,
            next,
            ..Self::default()
        }
    }

    /// Takes the byte that comes next, if it is this one.
    #[inline(never)]
    fn accept(&mut self, byte: u8) -> bool {
        let accepts = self.text.get(self.next) == Some(&byte);
        self.next = self.next.wrapping_add(usize::from(accepts));
        accepts
    }

    /// Takes one digit or more.
    #[inline(never)]
    fn digits(&mut self, part: i32) -> Result<()> {
        let start = self.next;
        while let Some(&byte) = self.text.get(self.next) {
            let digit = byte.wrapping_sub(b'0');
            if digit > 9 {
                break;
            }
            self.next = self.next.wrapping_add(1);
            if part == POWER {
                // Far beyond what any text's digits can make up for.
                let above = self.power.min(400_000_000).wrapping_mul(10);
                self.power = above.wrapping_add(u32::from(digit));
                continue;
            }
            // Behind one that does not fit, none does.
            let before = self.value.magnitude;
            self.is_full |= self.value.magnitude.push_digit(digit) != 0;
            if self.is_full {
                self.value.magnitude = before;
                self.value.is_cut |= digit != 0;
                self.value.exponent = self.value.exponent.wrapping_add(1);
            }
            self.value.exponent = self.value.exponent.wrapping_sub(part);
        }
        if self.next != start {
            Ok(())
        } else if start < self.text.len() {
            Err(Error::JSON_SYNTAX)
        } else {
            Err(Error::JSON_TRUNCATED)
        }
    }

    /// Takes a number in the grammar of RFC 8259 section 6.
    #[inline(never)]
    fn take(&mut self) -> Result<()> {
        self.value.is_negative = self.accept(b'-');
        if !self.accept(b'0') {
            self.digits(WHOLE)?;
        }
        if self.accept(b'.') {
            self.digits(DECIMALS)?;
        }
        if self.accept(b'e') || self.accept(b'E') {
            if self.accept(b'-') {
                self.flip = -1;
            } else {
                self.accept(b'+');
            }
            self.digits(POWER)?;
        }
        Ok(())
    }
}

/// Skips the strict JSON number that stands at `position`.
pub fn skip(text: &[u8], position: &mut usize) -> Result<()> {
    let mut number = Number::new(text, *position);
    let taken = number.take();
    *position = number.next;
    taken
}

/// Length of the number at the start of `text` in the grammar of RFC 8259 section 6; `None` when there is none.
pub fn parse_len(text: &[u8]) -> Option<usize> {
    let mut len = 0;
    skip(text, &mut len).ok()?;
    Some(len)
}

/// Reads a whole text, normalised.
#[inline(never)]
fn read(text: &[u8], value: &mut Exact) -> Result<()> {
    let mut number = Number::new(text, 0);
    if number.take().is_err() || number.next != text.len() {
        return Err(Error::JSON_SYNTAX);
    }
    number.value.trim();
    *value = number.value;
    if value.magnitude.get() != 0 {
        // The complement of a sum with a complement is the difference.
        let exponent = (value.exponent ^ number.flip).checked_add_unsigned(number.power);
        value.is_cut |= exponent.is_none();
        value.exponent = exponent.unwrap_or(i32::MAX) ^ number.flip;
    }
    Ok(())
}

/// The sum of a number and its base.
#[derive(Default)]
pub struct Sum<'a> {
    /// The second is empty where there is only one.
    texts: [&'a [u8]; 2],
    value: Exact,
}

impl<'a> Sum<'a> {
    /// Takes a number and its base, of which each may be empty: then it does not count.
    ///
    /// `Error::JSON_SYNTAX` when one of them as a whole is no number.
    #[inline(never)]
    pub fn read(&mut self, number: &'a [u8], base: &'a [u8]) -> Result<()> {
        let (first, second) = if number.is_empty() {
            (base, number)
        } else {
            (number, base)
        };
        self.texts = [first, second];
        if !first.is_empty() {
            read(first, &mut self.value)?;
        }
        if !second.is_empty() {
            let mut addend = Exact::default();
            read(second, &mut addend)?;
            self.value.add(&mut addend);
        }
        Ok(())
    }

    /// The exact sum, normalised.
    ///
    /// `Error::NUMBER_RANGE` when its mantissa is beyond `i64` or its exponent beyond `i32`, or when one of the two is not exact in
    /// 64 bits at the lower exponent.
    pub fn to_decimal(&self) -> Result<Decimal> {
        self.value.to_decimal()
    }

    /// The double nearest to the sum, infinite when there is none.
    ///
    /// With two numbers whose exact sum is not one of 64 bits, the sum of the doubles nearest to each.
    pub fn to_f64(&self) -> f64 {
        let text = match self.texts {
            [text, b""] => text,
            [first, second] if !self.value.is_decimal() => {
                return add(double(first), double(second));
            }
            _ => b"",
        };
        nearest(&self.value, text)
    }

    /// The sum when it is an integer within `i64`, in whatever notation (`10.0`, `1e3`); `Error::NUMBER_RANGE` otherwise.
    pub fn to_i64(&mut self) -> Result<i64> {
        if self.value.make_whole() && self.value.is_decimal() {
            Ok(self.value.mantissa())
        } else {
            Err(Error::NUMBER_RANGE)
        }
    }

    /// The sum when it is an integer within `u64`, or with two numbers within `i64` and not negative; `Error::NUMBER_RANGE`
    /// otherwise. `-0` is 0.
    pub fn to_u64(&mut self) -> Result<u64> {
        let limit = match self.texts {
            [_, b""] => u64::MAX,
            _ => i64::MAX.cast_unsigned(),
        };
        let is_whole = self.value.make_whole();
        let magnitude = self.value.magnitude.get();
        let is_below = self.value.is_negative && magnitude != 0;
        if is_whole && !is_below && magnitude <= limit {
            Ok(magnitude)
        } else {
            Err(Error::NUMBER_RANGE)
        }
    }
}

/// The number that a text as a whole is.
fn parse_single(text: &[u8]) -> Result<Sum<'_>> {
    let mut sum = Sum {
        texts: [text, b""],
        ..Sum::default()
    };
    read(text, &mut sum.value)?;
    Ok(sum)
}

/// The exact value, normalised.
///
/// `Error::JSON_SYNTAX` when `text` as a whole is no number, `Error::NUMBER_RANGE` when the mantissa is beyond `i64` or the
/// exponent beyond `i32`.
pub fn to_decimal(text: &[u8]) -> Result<Decimal> {
    parse_single(text)?.to_decimal()
}

/// The value of an integer in any notation (`10.0`, `1e3`); `Error::NUMBER_RANGE` when it is none or beyond `i64`.
pub fn to_i64(text: &[u8]) -> Result<i64> {
    parse_single(text)?.to_i64()
}

/// The value of an integer in any notation, as `to_i64`; `-0` is 0.
pub fn to_u64(text: &[u8]) -> Result<u64> {
    parse_single(text)?.to_u64()
}

/// The nearest double, ties to even, as `str::parse`: infinite from 2^1024 - 2^970, zero up to 2^-1075, keeping the sign.
///
/// `Error::JSON_SYNTAX` when `text` as a whole is no number.
pub fn to_f64(text: &[u8]) -> Result<f64> {
    Ok(parse_single(text)?.to_f64())
}

/// As `to_f64`, for a text that is a number.
#[inline(never)]
fn double(text: &[u8]) -> f64 {
    let mut value = Exact::default();
    let _ = read(text, &mut value);
    nearest(&value, text)
}

/// The nearest double, ties to even, as `to_f64`.
pub fn decimal_to_f64(value: Decimal) -> f64 {
    nearest(&value.into(), b"")
}

/// The double nearest to a number, whose digits stand in a text where it has more than fit.
#[inline(never)]
fn nearest(value: &Exact, text: &[u8]) -> f64 {
    let mut memory = [0; DIGITS_MAX];
    let digits = digits(&mut memory, value.magnitude);
    let mut wide = Wide {
        mantissa: value.magnitude,
        field: 1086,
        // Less than one unit of a magnitude that lacks no more than three bits.
        slack: u32::from(value.is_cut) << 3,
    };
    // Beyond these all is zero or infinite.
    let exponent = value.exponent.clamp(-400, 400);
    wide.scale(exponent);
    let sign = u64::from(value.is_negative) << 63;
    let position = exponent.wrapping_add(signed(digits.len()));
    let text = if text.is_empty() { digits } else { text };
    f64::from_bits(wide.round(text, position) | sign)
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
            ("9223372036854775808", Err(Error::NUMBER_RANGE)),
            ("0.1234567890123456789012", Err(Error::NUMBER_RANGE)),
            ("1e2147483647", value(1, i32::MAX)),
            ("1e2147483648", Err(Error::NUMBER_RANGE)),
            ("0.1e2147483648", value(1, i32::MAX)),
            ("1e-2147483648", value(1, i32::MIN)),
            ("10e-2147483649", value(1, i32::MIN)),
            ("1e-2147483649", Err(Error::NUMBER_RANGE)),
            ("0e99999999999", value(0, 0)),
            ("1x", Err(Error::JSON_SYNTAX)),
        ] {
            assert_eq!(to_decimal(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn reads_integers_in_any_notation() {
        for (text, signed, unsigned) in [
            ("10.0", Ok(10), Ok(10)),
            ("1e3", Ok(1000), Ok(1000)),
            ("-1.5e1", Ok(-15), Err(Error::NUMBER_RANGE)),
            ("1.5", Err(Error::NUMBER_RANGE), Err(Error::NUMBER_RANGE)),
            ("1e400", Err(Error::NUMBER_RANGE), Err(Error::NUMBER_RANGE)),
            ("-0", Ok(0), Ok(0)),
            (
                "-9223372036854775808",
                Ok(i64::MIN),
                Err(Error::NUMBER_RANGE),
            ),
            (
                "18446744073709551615",
                Err(Error::NUMBER_RANGE),
                Ok(u64::MAX),
            ),
            (
                "18446744073709551616",
                Err(Error::NUMBER_RANGE),
                Err(Error::NUMBER_RANGE),
            ),
            (
                "1.8446744073709551615e19",
                Err(Error::NUMBER_RANGE),
                Ok(u64::MAX),
            ),
            ("true", Err(Error::JSON_SYNTAX), Err(Error::JSON_SYNTAX)),
        ] {
            assert_eq!(to_i64(text.as_bytes()), signed, "{text}");
            assert_eq!(to_u64(text.as_bytes()), unsigned, "{text}");
        }
    }
}
