//! Text to numbers, exactly.
#![forbid(unsafe_code)]

use super::wide::Wide;
use super::write::{DIGITS_MAX, digits};
use super::{Decimal, push_digit, scale, trim, with_sign};
use crate::error::{Error, Result};

/// What `Number::digits` adds to the count of decimals, or that the digits stand behind the E.
const WHOLE: u32 = 0;
const DECIMALS: u32 = 1;
const POWER: u32 = 2;

/// A JSON number in parts, and where it is read.
#[derive(Default)]
struct Number<'a> {
    text: &'a [u8],
    /// What comes next in the text.
    next: usize,
    negative: bool,
    /// Whether a digit other than zero did not fit, or the power of ten is beyond `i32`.
    cut: bool,
    /// The significant digits as far as they fit.
    magnitude: u64,
    /// How many digits `magnitude` has.
    digits: i32,
    /// Digits behind those in `magnitude`.
    behind: u32,
    /// Digits behind the point.
    decimals: u32,
    /// What stands behind the E, without sign.
    power: u32,
    /// Power of ten of `magnitude`; when that is beyond `i32`, the nearest there is.
    exponent: i32,
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
    fn digits(&mut self, part: u32) -> Result<()> {
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
            } else {
                self.decimals = self.decimals.wrapping_add(part);
                self.digit(digit);
            }
        }
        if self.next != start {
            Ok(())
        } else if start < self.text.len() {
            Err(Error::JsonSyntax)
        } else {
            Err(Error::JsonTruncated)
        }
    }

    /// Adds one digit.
    fn digit(&mut self, digit: u8) {
        if self.behind == 0 && push_digit(&mut self.magnitude, digit) {
            self.digits = self.digits.wrapping_add(i32::from(self.magnitude != 0));
        } else {
            // Behind one that does not fit, none does.
            self.behind = self.behind.wrapping_add(1);
            self.cut |= digit != 0;
        }
    }

    /// Takes a number in the grammar of RFC 8259 section 6. Returns whether its power is negative.
    #[inline(never)]
    fn take(&mut self) -> Result<bool> {
        self.negative = self.accept(b'-');
        if !self.accept(b'0') {
            self.digits(WHOLE)?;
        }
        if self.accept(b'.') {
            self.digits(DECIMALS)?;
        }
        let mut shrinks = false;
        if self.accept(b'e') || self.accept(b'E') {
            shrinks = self.accept(b'-');
            if !shrinks {
                self.accept(b'+');
            }
            self.digits(POWER)?;
        }
        Ok(shrinks)
    }

    /// Takes the whole text, and normalises the number.
    #[inline(never)]
    fn read(&mut self) -> Result<()> {
        let shrinks = self.take();
        let (Ok(shrinks), true) = (shrinks, self.next == self.text.len()) else {
            return Err(Error::JsonSyntax);
        };
        let given = self.behind.wrapping_sub(self.decimals).cast_signed();
        self.exponent = given;
        trim(&mut self.magnitude, &mut self.exponent);
        if self.magnitude == 0 {
            return Ok(());
        }
        self.digits = self.digits.wrapping_add(given).wrapping_sub(self.exponent);
        let (power, farthest) = if shrinks {
            (i64::from(self.power).wrapping_neg(), i32::MIN)
        } else {
            (i64::from(self.power), i32::MAX)
        };
        let exponent = i32::try_from(power.wrapping_add(self.exponent.into()));
        self.cut |= exponent.is_err();
        self.exponent = exponent.unwrap_or(farthest);
        Ok(())
    }
}

/// Skips the strict JSON number that stands at `position`.
pub fn skip(text: &[u8], position: &mut usize) -> Result<()> {
    let mut number = Number::new(text, *position);
    let taken = number.take();
    *position = number.next;
    taken.map(|_| ())
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
    let mut number = Number::new(text, 0);
    number.read()?;
    match with_sign(number.magnitude, number.negative) {
        Some(mantissa) if !number.cut => Ok(Decimal {
            mantissa,
            exponent: number.exponent,
        }),
        _ => Err(Error::NumberRange),
    }
}

/// The magnitude of an integer.
fn to_integer(text: &[u8]) -> Result<(u64, bool)> {
    let mut number = Number::new(text, 0);
    number.read()?;
    let exponent = u32::try_from(number.exponent).map_err(|_| Error::NumberRange)?;
    if number.cut || !scale(&mut number.magnitude, exponent) {
        return Err(Error::NumberRange);
    }
    Ok((number.magnitude, number.negative))
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
    let mut number = Number::new(text, 0);
    number.read()?;
    Ok(nearest(&number))
}

/// The nearest double, ties to even, as `to_f64`.
pub fn decimal_to_f64(value: Decimal) -> f64 {
    let magnitude = value.mantissa.unsigned_abs();
    let mut memory = [0; DIGITS_MAX];
    let text = digits(&mut memory, magnitude);
    nearest(&Number {
        text,
        negative: value.mantissa < 0,
        magnitude,
        digits: i32::try_from(text.len()).unwrap_or_default(),
        exponent: value.exponent,
        ..Number::default()
    })
}

/// The double nearest to a number, whose digits stand in its text.
#[inline(never)]
fn nearest(number: &Number<'_>) -> f64 {
    let mut wide = Wide {
        mantissa: number.magnitude,
        field: 1086,
        // Less than one unit of a magnitude that lacks no more than three bits.
        slack: u32::from(number.cut) << 3,
    };
    // Beyond these all is zero or infinite.
    let exponent = number.exponent.clamp(-400, 400);
    wide.scale(exponent);
    let sign = u64::from(number.negative) << 63;
    f64::from_bits(wide.round(number.text, exponent.wrapping_add(number.digits)) | sign)
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
