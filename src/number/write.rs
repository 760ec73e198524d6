//! Numbers to text.
#![forbid(unsafe_code)]

use super::Decimal;
use super::big::{Big, Ratio};
use super::nearest::{HIDDEN, TOP, parts};
use super::truncated::{Magnitude, high_word, low_word};
use crate::buf::Buf;
use crate::error::{Error, Result};

/// Most decimals that `write_f64_fixed` takes.
pub const FRACTION_DIGITS_MAX: u8 = 20;

/// Room for the digits of any `u64`.
pub(super) const DIGITS_MAX: usize = 20;

/// Writes an integer in full, without exponent.
#[inline(never)]
pub fn write_i64(out: &mut Buf<'_>, value: i64) {
    put_sign(out, value < 0);
    write_u64(out, value.unsigned_abs());
}

/// Writes an integer in full, without exponent.
#[inline(never)]
pub fn write_u64(out: &mut Buf<'_>, value: u64) {
    out.put(digits(&mut [0; DIGITS_MAX], Magnitude(value)));
}

/// Whole numbers of up to this many digits are written in full: many readers take `1000` for an integer and `1e3` for a
/// floating-point number, and a double holds all of them exactly.
const WHOLE_DIGITS: u32 = 15;

/// Writes the shortest text that reads back as the same `f64`, and of those the one nearest to it, in the notation of
/// `write_decimal`. Negative zero is `-0`. Not more than 17 digits.
///
/// `Error::NOT_FINITE` for NaN and infinities; nothing is written then.
pub fn write_f64(out: &mut Buf<'_>, value: f64) -> Result<()> {
    write_shortest(out, false, value.to_bits())
}

/// Writes the shortest text that reads back as the same `f32`, as `write_f64`. Not more than 9 digits.
pub fn write_f32(out: &mut Buf<'_>, value: f32) -> Result<()> {
    // Sign, exponent and fraction in the places that they have in a double.
    let bits = u64::from(value.to_bits());
    let magnitude = bits & ((1 << 31) - 1);
    write_shortest(out, true, (bits ^ magnitude) << 32 | magnitude << 29)
}

/// Writes with a fixed number of decimals, rounded from the exact binary value, ties to even, as `format!("{:.N}")`.
///
/// Up to 309 digits before the point. `Error::INVALID_ARGUMENT` for more than `FRACTION_DIGITS_MAX` decimals,
/// `Error::NOT_FINITE` as `write_f64`; nothing is written then.
pub fn write_f64_fixed(out: &mut Buf<'_>, value: f64, decimals: u8) -> Result<()> {
    if decimals > FRACTION_DIGITS_MAX {
        return Err(Error::INVALID_ARGUMENT);
    }
    let bits = value.to_bits();
    let binary = Binary::new(bits, false)?;
    put_sign(out, bits >> 63 != 0);
    put_fixed(out, &binary, decimals);
    Ok(())
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
        start = start.wrapping_sub(1);
        if value.0 == 0 {
            break;
        }
    }
    text.get(start..).unwrap_or_default()
}

/// A number of digits.
pub(super) fn signed(count: usize) -> i32 {
    u32::try_from(count).unwrap_or_default().cast_signed()
}

/// Writes a decimal number exactly: whole numbers of up to 15 digits in full, others in the shorter of plain and `e`
/// notation, plain when both are equally long.
pub fn write_decimal(out: &mut Buf<'_>, value: Decimal) {
    put_scaled(out, value.exponent, value.mantissa);
}

/// Writes `mantissa` × 10^`exponent` as `write_decimal`.
#[inline(never)]
fn put_scaled(out: &mut Buf<'_>, mut exponent: i32, mantissa: i64) {
    put_sign(out, mantissa < 0);
    if mantissa == 0 {
        exponent = 0;
    }
    let mut text = [0; DIGITS_MAX];
    let mut digits = digits(&mut text, Magnitude(mantissa.unsigned_abs()));
    // The power of ten of the first digit, and of the last. Where they outgrow `i32`, they are read without sign.
    let shown = exponent.wrapping_add(signed(digits.len().wrapping_sub(1)));
    let mut power = exponent;
    while let [shorter @ .., b'0'] = digits {
        digits = shorter;
        power = power.wrapping_add(1);
    }
    // Below zero where no digit is left, for zero.
    let behind = shown.wrapping_sub(power);

    // What the lengths of the two notations come down to: `e`, and a point where there are several digits.
    let marks = if behind > 0 { 3 } else { 2 };
    let is_plain = if exponent < 0 && power < 0 {
        shown.wrapping_add(marks) >= 0
    } else {
        let zeros = power.cast_unsigned();
        shown.cast_unsigned() < WHOLE_DIGITS || zeros <= marks.wrapping_add(1).cast_unsigned()
    };
    // What is shown at the power zero is plain.
    let first = if is_plain { shown } else { 0 };
    let last = first.wrapping_sub(behind).min(0);
    let mut place = first.max(0);
    while place >= last {
        if place == -1 {
            out.put_byte(b'.');
        }
        let index = usize::try_from(first.wrapping_sub(place).cast_unsigned());
        let digit = digits.get(index.unwrap_or_default()).copied();
        out.put_byte(digit.unwrap_or(b'0'));
        place = place.wrapping_sub(1);
    }
    if first != shown {
        out.put_byte(b'e');
        let shown = if exponent < 0 {
            shown.into()
        } else {
            shown.cast_unsigned().into()
        };
        write_i64(out, shown);
    }
}

/// A value without sign, `mantissa` × 2^`exponent`.
struct Binary {
    mantissa: u64,
    exponent: i32,
    /// How many bits at the end of the mantissa a float does not have.
    spare: u32,
}

impl Binary {
    /// Takes a double apart, or a float whose parts stand in the places that they have in a double.
    fn new(bits: u64, is_float: bool) -> Result<Self> {
        let (mantissa, field) = parts(bits);
        let (top, spare) = if is_float { (255, 29) } else { (TOP, 0) };
        if field == top {
            return Err(Error::NOT_FINITE);
        }
        Ok(Self {
            mantissa,
            // 2047 / 2 + 52 is 1075.
            exponent: field.wrapping_sub((top >> 1).wrapping_add(52)),
            spare,
        })
    }

    /// The value is below 2 to this power.
    fn bits(&self) -> i32 {
        self.exponent.wrapping_add(53)
    }
}

/// The smallest power of ten that may be taken to exceed every number below 2^`bits`: exact, or one too high.
fn decimal_position(bits: i32) -> i32 {
    // log10(2) is 78913.2 / 2^18; exact for all doubles, as a test shows.
    (bits.wrapping_mul(78_913) >> 18).wrapping_add(1)
}

/// Writes the shortest decimal number that is nearer to a value than to its neighbours, and of those the nearest.
///
/// Steele and White's free-format algorithm: draw digits until what is left is smaller than the margin, half the
/// distance to a neighbour. Everything is in halves of the last binary place.
#[inline(never)]
fn write_shortest(out: &mut Buf<'_>, is_float: bool, bits: u64) -> Result<()> {
    let binary = Binary::new(bits, is_float)?;
    let mut digits = Digits::default();
    if !digits.set_exact(&binary) {
        digits.set_shortest(&binary);
    }
    put_sign(out, bits >> 63 != 0);
    let mantissa = digits.magnitude.0.cast_signed();
    put_scaled(out, digits.exponent, mantissa);
    Ok(())
}

/// `magnitude` × 10^`exponent`.
#[derive(Default)]
struct Digits {
    magnitude: Magnitude,
    exponent: i32,
}

impl Digits {
    /// Takes a value such as 20.5, with few binary digits and not more than six decimal ones: of so few, no others are as near.
    /// False for other values.
    fn set_exact(&mut self, binary: &Binary) -> bool {
        let mut magnitude = high_word(binary.mantissa);
        let mut twos = binary.exponent.wrapping_add(32);
        if low_word(binary.mantissa) != 0 || twos > 0 {
            return false;
        }
        while twos < 0 && magnitude != 0 {
            if magnitude & 1 == 0 {
                magnitude >>= 1;
            } else if magnitude < 200_000 {
                // Half, as five times with a power of ten less.
                magnitude = magnitude.wrapping_mul(5);
                self.exponent = self.exponent.wrapping_sub(1);
            } else {
                return false;
            }
            twos = twos.wrapping_add(1);
        }
        self.magnitude = Magnitude(magnitude.into());
        true
    }

    /// Takes any value.
    #[inline(never)]
    fn set_shortest(&mut self, binary: &Binary) {
        let mut ratio = Ratio::ZERO;
        self.draw(binary, &mut ratio);
    }

    /// Gets the memory of the fraction from its caller, so that neither frame is large.
    #[inline(never)]
    fn draw(&mut self, binary: &Binary, ratio: &mut Ratio) {
        let mut margin = Big::ZERO;
        let mut exponent = decimal_position(binary.bits());
        // What sensors measure starts with its whole part, and has a denominator that makes digits come out by themselves.
        if binary.exponent.wrapping_add_unsigned(binary.spare) <= 0 {
            exponent = exponent.min(0);
        }
        let fives = exponent.wrapping_neg();
        let up = ratio.set(binary.exponent.wrapping_add(fives), binary.mantissa, fives);
        let half = up.wrapping_add_unsigned(binary.spare).wrapping_sub(1);
        margin.set(half, 1, fives);
        self.exponent = exponent;
        self.magnitude = Magnitude(ratio.take_whole());
        while !self.end(binary, ratio, &margin) {
            self.magnitude.push_digit(ratio.next_digit().into());
            margin.multiply(10);
            self.exponent = self.exponent.wrapping_sub(1);
        }
    }

    /// Rounds the last digit, once it can be the last one with what is left behind it.
    fn end(&mut self, binary: &Binary, left: &Ratio, margin: &Big) -> bool {
        // A border between two values belongs to the even one of them.
        let odd = (low_word(binary.mantissa) >> binary.spare & 1).cast_signed();
        // At a power of two the next value below is only half as far away as the next above, except for the lowest, where
        // the digits are the same.
        let top = &left.top;
        let twice = (binary.mantissa == HIDDEN).then_some(top);
        let may_stay = !top.reaches(twice, odd.wrapping_sub(1), margin);
        let may_grow = top.reaches(Some(margin), odd.wrapping_neg(), &left.bottom);
        if !may_grow {
            return may_stay;
        }
        let magnitude = self.magnitude.0;
        let stays = may_stay && !left.rounds_up(low_word(magnitude));
        self.magnitude = Magnitude(magnitude + u64::from(!stays));
        true
    }
}

#[inline(never)]
fn put_fixed(out: &mut Buf<'_>, binary: &Binary, decimals: u8) {
    let mut ratio = Ratio::ZERO;
    put_drawn(out, binary, decimals, &mut ratio);
}

/// Gets the memory of the fraction from its caller, so that neither frame is large.
#[inline(never)]
fn put_drawn(out: &mut Buf<'_>, binary: &Binary, decimals: u8, ratio: &mut Ratio) {
    // Below 2^-80 all digits within reach are zero, and the denominator would outgrow its memory.
    let bits = binary.bits();
    let (mantissa, exponent) = if bits < -80 {
        (0, 0)
    } else {
        (binary.mantissa, binary.exponent)
    };
    let position = decimal_position(bits).max(1);
    ratio.set(
        exponent.wrapping_sub(position),
        mantissa,
        position.wrapping_neg(),
    );
    let mut text = Fixed {
        out,
        place: position,
        started: false,
    };
    // A carry runs through nines: they wait, and the digit before them, until one comes that stops it.
    let mut waiting = 0_u8;
    let mut nines = 0_u32;
    let mut last = 0_u8;
    for _ in 0..position.wrapping_add(i32::from(decimals)) {
        last = ratio.next_digit();
        if last == 9 {
            nines = nines.wrapping_add(1);
        } else {
            text.put_run(waiting, 9, nines);
            waiting = last;
            nines = 0;
        }
    }
    if ratio.rounds_up(last.into()) {
        text.put_run(waiting.wrapping_add(1), 0, nines);
    } else {
        text.put_run(waiting, 9, nines);
    }
}

/// Digits on their way out.
struct Fixed<'b, 'a> {
    out: &'b mut Buf<'a>,
    /// Power of ten of the next digit.
    place: i32,
    started: bool,
}

impl Fixed<'_, '_> {
    /// Writes `first` and `count` times `then`, the point, and no zeros that nobody writes.
    #[inline(never)]
    fn put_run(&mut self, first: u8, then: u8, count: u32) {
        let mut digit = first;
        for _ in 0..=count {
            if digit != 0 || self.started || self.place <= 0 {
                if self.place == -1 {
                    self.out.put_byte(b'.');
                }
                self.out.put_byte(b'0' | digit);
                self.started = true;
            }
            self.place = self.place.wrapping_sub(1);
            digit = then;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;
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

    fn fixed(value: f64, decimals: u8) -> String {
        text(|out| write_f64_fixed(out, value, decimals).unwrap())
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
            (i64::MAX, i32::MAX, "9.223372036854775807e2147483665"),
            (1, i32::MIN, "1e-2147483648"),
            (10, i32::MAX, "1e2147483648"),
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
            assert_eq!(write_f64_fixed(&mut out, value, 2), Err(Error::NOT_FINITE));
        }
        assert_eq!(write_f32(&mut out, f32::NAN), Err(Error::NOT_FINITE));
        assert_eq!(
            write_f32(&mut out, f32::NEG_INFINITY),
            Err(Error::NOT_FINITE)
        );
        assert_eq!(
            write_f64_fixed(&mut out, 1.0, 21),
            Err(Error::INVALID_ARGUMENT)
        );
        assert_eq!(out.len(), 0);
    }

    #[test]
    fn rounds_fixed_decimals_from_the_exact_value() {
        for value in [
            0.0,
            -0.0,
            0.5,
            1.5,
            2.5,
            0.25,
            0.125,
            9.5,
            9.96,
            99.995,
            0.05,
            0.95,
            1e-9,
            5e-324,
            0.1,
            20.5,
            123_456.789,
            52.373_141_592_6,
            1e22,
            1e23,
            f64::MAX,
            4e-21,
            5e-21,
            6e-21,
            2_f64.powi(-70),
            2_f64.powi(-80),
            1e-24,
            999.999_999_9,
        ] {
            for value in [value, -value] {
                for decimals in 0..=FRACTION_DIGITS_MAX {
                    let places = usize::from(decimals);
                    assert_eq!(fixed(value, decimals), format!("{value:.places$}"));
                }
            }
        }
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
