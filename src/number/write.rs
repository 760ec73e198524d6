// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers to text.
#![forbid(unsafe_code)]

mod fixed;

pub use self::fixed::{FRACTION_DIGITS_MAX, write_f64_fixed};
use super::Decimal;
use super::nearest::{HIDDEN, TOP, parts};
use super::truncated::{Magnitude, Truncated, high_word, low_word};
use super::whole::whole;
use crate::buf::Buf;
use crate::error::{Error, Result};

/// Room for the digits of any `u64`.
pub(super) const DIGITS_MAX: usize = 20;

/// Writes an integer in full, without an exponent.
#[inline(never)]
pub fn write_i64(out: &mut Buf<'_>, value: i64) {
    put_sign(out, value < 0);
    write_u64(out, value.unsigned_abs());
}

/// Writes an integer in full, without an exponent.
#[inline(never)]
pub fn write_u64(out: &mut Buf<'_>, value: u64) {
    out.put(digits(&mut [0; DIGITS_MAX], Magnitude(value)));
}

/// Whole numbers of up to this many digits are written in full: a double holds all of them exactly, and many readers take `1000` for an
/// integer but `1e3` for a floating-point number.
const WHOLE_DIGITS: i32 = 15;

/// Writes the shortest text that reads back as the same `f64`, and among those the nearest one, in the notation of `write_decimal`.
/// Negative zero is `-0`. At most 17 digits.
///
/// `Error::NOT_FINITE` for NaN and infinities; nothing is written then.
pub fn write_f64(out: &mut Buf<'_>, value: f64) -> Result<()> {
    write_shortest(out, false, value.to_bits())
}

/// Writes the shortest text that reads back as the same `f32`, as `write_f64`. At most 9 digits.
pub fn write_f32(out: &mut Buf<'_>, value: f32) -> Result<()> {
    // Moves sign, exponent and fraction to where they are in a double.
    let bits = u64::from(value.to_bits());
    let magnitude = bits & ((1 << 31) - 1);
    write_shortest(out, true, (bits ^ magnitude) << 32 | magnitude << 29)
}

fn put_sign(out: &mut Buf<'_>, negative: bool) {
    if negative {
        out.put_byte(b'-');
    }
}

/// The decimal digits, at the end of the memory given.
pub(super) fn digits(text: &mut [u8; DIGITS_MAX], mut value: Magnitude) -> &[u8] {
    let mut start = DIGITS_MAX;
    for place in text.iter_mut().rev() {
        *place = b'0' | value.take_digit();
        start -= 1;
        if value.0 == 0 {
            break;
        }
    }
    text.get(start..).unwrap_or_default()
}

/// The number of digits.
pub(super) fn signed(count: usize) -> i32 {
    u32::try_from(count).unwrap_or_default().cast_signed()
}

/// Writes a decimal number exactly: whole numbers of up to 15 digits in full, others in the shorter of plain and `e`
/// notation, plain when both are equally long. The exponent is within a few hundred.
pub fn write_decimal(out: &mut Buf<'_>, value: Decimal) {
    write_notation(out, value.mantissa, value.exponent);
}

/// Writes `mantissa` × 10^`exponent` as `write_decimal`. Places are powers of ten.
#[inline(never)]
fn write_notation(out: &mut Buf<'_>, mantissa: i64, exponent: i32) {
    put_sign(out, mantissa < 0);
    let mut text = [0; DIGITS_MAX];
    let mut digits = digits(&mut text, Magnitude(mantissa.unsigned_abs()));
    // The digit of zero is at place 0.
    let mut last = if mantissa == 0 { 0 } else { exponent };
    let first = last + signed(digits.len()) - 1;
    while let [shorter @ .., b'0'] = digits {
        digits = shorter;
        last += 1;
    }
    // In `e` notation a number of several digits also has a point, which takes one more byte.
    let point = i32::from(first > last);
    let is_plain = if last < 0 {
        // `0.0012` is as long as `1.2e-3`, and `0.01` as `1e-2`.
        first >= -2 - point
    } else {
        first < WHOLE_DIGITS || last <= 3 + point
    };
    if is_plain {
        put_plain(out, digits, first, last);
    } else {
        put_plain(out, digits, 0, last - first);
        out.put_byte(b'e');
        put_sign(out, first < 0);
        // In the same memory, since this lies below the deepest calls of an uplink.
        let exponent = Magnitude(first.unsigned_abs().into());
        out.put(self::digits(&mut text, exponent));
    }
}

/// Writes the digits at the places `first` to `last`, and the zeros between them and the point.
fn put_plain(out: &mut Buf<'_>, digits: &[u8], first: i32, last: i32) {
    let mut place = first.max(0);
    // No exponent makes this long: `e` notation is taken before plain notation has more than 25 bytes.
    while place >= last.min(0) {
        if place == -1 {
            out.put_byte(b'.');
        }
        // Above the first digit the difference is negative, which is not an index.
        let digit = usize::try_from(first - place)
            .ok()
            .and_then(|index| digits.get(index));
        out.put_byte(digit.copied().unwrap_or(b'0'));
        place -= 1;
    }
}

/// How many more bits the mantissa of a double has than that of a float.
const FLOAT_SPARE: i32 = 29;

/// A value without its sign, `mantissa` × 2^`exponent`.
struct Binary {
    mantissa: u64,
    exponent: i32,
}

impl Binary {
    /// Takes apart a double, or a float whose parts have been moved to where they are in a double.
    fn new(bits: u64, is_float: bool) -> Result<Self> {
        let (mantissa, field) = parts(bits);
        let top = if is_float { 255 } else { TOP };
        if field == top {
            return Err(Error::NOT_FINITE);
        }
        Ok(Self {
            mantissa,
            // 2047 / 2 + 52 is 1075.
            exponent: field - (top >> 1) - 52,
        })
    }

    /// The value is below 2 to the power of this.
    fn bits(&self) -> i32 {
        self.exponent + 53
    }
}

/// The smallest power of ten that may be taken to exceed every number below 2^`bits`: exact, or one too high.
fn decimal_position(bits: i32) -> i32 {
    // log10(2) is 78913.2 / 2^18; exact for all doubles, as a test shows.
    ((bits * 78_913) >> 18) + 1
}

/// Writes the shortest decimal number that is nearer to a value than to its neighbours, and among those the nearest.
#[inline(never)]
fn write_shortest(out: &mut Buf<'_>, is_float: bool, bits: u64) -> Result<()> {
    let binary = Binary::new(bits, is_float)?;
    let mut decimal = Decimal::default();
    if !set_exact(&mut decimal, &binary) {
        set_shortest(&mut decimal, &binary, is_float);
    }
    put_sign(out, bits >> 63 != 0);
    write_decimal(out, decimal);
    Ok(())
}

/// Handles a value such as 20.5, with few binary digits and at most six decimal ones: no other decimal with so few digits is as near.
/// Returns false for other values.
fn set_exact(decimal: &mut Decimal, binary: &Binary) -> bool {
    let mut magnitude = high_word(binary.mantissa);
    let mut twos = binary.exponent + 32;
    if low_word(binary.mantissa) != 0 || twos > 0 {
        return false;
    }
    while twos < 0 && magnitude != 0 {
        if magnitude & 1 == 0 {
            magnitude >>= 1;
        } else if magnitude < 200_000 {
            // Halves by multiplying by five and lowering the power of ten.
            magnitude *= 5;
            decimal.exponent -= 1;
        } else {
            return false;
        }
        twos += 1;
    }
    decimal.mantissa = magnitude.into();
    true
}

/// Handles any value.
///
/// The value and its borders with its neighbours are scaled to 17 or 18 digits. Digits are dropped from the end of the borders as long as a
/// number is left between them; the value rounded to as many digits is the nearest such number.
fn set_shortest(decimal: &mut Decimal, binary: &Binary, is_float: bool) {
    let tens = 18 - decimal_position(binary.bits());
    // In quarters of its last place; a float has fewer places. In the scaled value, a quarter shows whether there is something below a
    // half.
    let (mut value, mut twos) = (binary.mantissa << 2, binary.exponent - 1);
    if is_float {
        value >>= FLOAT_SPARE;
        twos += FLOAT_SPARE;
    }
    let odd = value >> 2 & 1;
    // A border is halfway to a neighbour. At a power of two the next value below is only half as far away as the next one above, except at
    // the lowest power, where the digits are the same.
    let below = 2 - u64::from(binary.mantissa == HIDDEN);
    let mut scaled = [value - below, value, value + 2];
    for value in &mut scaled {
        *value = whole(*value, twos, tens);
    }
    let [below, value, above] = scaled;
    // The highest number that is not between the borders, and the highest that is. A border belongs to the even one of the two values.
    let mut low = (below + odd - 1) >> 2;
    let mut high = (above - odd) >> 2;
    let mut nearest = Truncated {
        magnitude: Magnitude(value >> 2),
        exponent: -tens,
        rest: (low_word(value) & 3) * 5,
        ..Truncated::default()
    };
    let mut exponent = -tens;
    loop {
        let (mut lower, mut higher) = (Magnitude(low), Magnitude(high));
        lower.take_digit();
        higher.take_digit();
        if lower == higher {
            break;
        }
        low = lower.0;
        high = higher.0;
        exponent += 1;
    }
    nearest.round_to(exponent);
    decimal.mantissa = nearest.magnitude.0.max(low + 1).min(high).cast_signed();
    decimal.exponent = exponent;
}

#[cfg(test)]
mod tests {
    use std::string::String;

    use super::*;

    fn text(write: impl FnOnce(&mut Buf<'_>)) -> String {
        let mut memory = [0; 400];
        let mut out = Buf::new(&mut memory, 0);
        write(&mut out);
        String::from_utf8(out.written().to_vec()).unwrap()
    }

    fn double(value: f64) -> String {
        text(|out| write_f64(out, value).unwrap())
    }

    fn float(value: f32) -> String {
        text(|out| write_f32(out, value).unwrap())
    }

    fn decimal(mantissa: i64, exponent: i32) -> String {
        text(|out| write_decimal(out, Decimal { mantissa, exponent }))
    }

    #[test]
    fn writes_integers_in_full() {
        assert_eq!(text(|out| write_i64(out, i64::MIN)), "-9223372036854775808");
        assert_eq!(text(|out| write_i64(out, -1000)), "-1000");
        assert_eq!(text(|out| write_u64(out, u64::MAX)), "18446744073709551615");
        assert_eq!(text(|out| write_u64(out, 0)), "0");
        assert_eq!(text(|out| write_u64(out, 1 << 32)), "4294967296");
    }

    #[test]
    fn writes_decimals_in_the_shorter_notation() {
        for (mantissa, exponent, expected) in [
            (205, -1, "20.5"),
            (-205, -1, "-20.5"),
            (0, 7, "0"),
            (5, -1, "0.5"),
            (15, -6, "1.5e-5"),
            (15, -4, "0.0015"),
            (1, -3, "1e-3"),
            (1, -2, "0.01"),
            (12, -3, "0.012"),
            (100, 0, "100"),
            (1000, 0, "1000"),
            (1, 14, "100000000000000"),
            (1, 15, "1e15"),
            (-16, 8, "-1600000000"),
            (12000, 0, "12000"),
            (1, 30, "1e30"),
            (1_585_650_750, 0, "1585650750"),
            (i64::MIN, 0, "-9223372036854775808"),
        ] {
            assert_eq!(decimal(mantissa, exponent), expected);
        }
    }

    #[test]
    fn writes_doubles_in_their_shortest_form() {
        for (value, expected) in [
            (20.5, "20.5"),
            (20.0, "20"),
            (-0.0, "-0"),
            (0.5, "0.5"),
            (0.000_015, "1.5e-5"),
            (52.373_141_592_6, "52.3731415926"),
            (1e30, "1e30"),
            (5e-324, "5e-324"),
            (f64::MAX, "1.7976931348623157e308"),
            (f64::MIN_POSITIVE, "2.2250738585072014e-308"),
            (9_007_199_254_740_992.0, "9007199254740992"),
            (1e23, "1e23"),
            (0.1 + 0.2, "0.30000000000000004"),
            (1_585_650_750.125, "1585650750.125"),
            (-1e-7, "-1e-7"),
        ] {
            assert_eq!(double(value), expected);
        }
    }

    #[test]
    fn writes_floats_as_floats() {
        assert_eq!(float(21.81), "21.81");
        assert_eq!(float(f32::MAX), "3.4028235e38");
        assert_eq!(float(f32::from_bits(1)), "1e-45");
        assert_eq!(float(16_777_216.0), "16777216");
        assert_eq!(float(-0.0), "-0");
    }

    #[test]
    fn refuses_what_json_cannot_carry() {
        let mut out = Buf::new(&mut [], 0);
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(write_f64(&mut out, value), Err(Error::NOT_FINITE));
        }
        assert_eq!(write_f32(&mut out, f32::NAN), Err(Error::NOT_FINITE));
        assert_eq!(
            write_f32(&mut out, f32::NEG_INFINITY),
            Err(Error::NOT_FINITE)
        );
        assert_eq!(out.len(), 0);
    }

    #[test]
    fn estimates_the_position_of_the_first_digit() {
        for bits in -1100..=1030 {
            let exact = f64::from(bits) * core::f64::consts::LOG10_2;
            let position = f64::from(decimal_position(bits));
            assert!(position >= exact && position < exact + 1.1, "{bits}");
        }
    }
}
