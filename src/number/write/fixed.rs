// SPDX-License-Identifier: MIT OR Apache-2.0
//! Doubles with a fixed number of digits after the point.
#![forbid(unsafe_code)]

use super::{Binary, decimal_position, put_sign, signed};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::number::truncated::{Magnitude, low_word};
use crate::number::whole::whole;

/// Most fraction digits that `write_f64_fixed` takes.
pub const FRACTION_DIGITS_MAX: u8 = 20;

/// Writes with a fixed number of fraction digits, rounded from the exact binary value, ties to even, as `format!("{:.N}")`.
///
/// Up to 309 digits before the point. `Error::INVALID_ARGUMENT` for more than `FRACTION_DIGITS_MAX`,
/// `Error::NOT_FINITE` as `write_f64`; nothing is written then.
pub fn write_f64_fixed(out: &mut Buf<'_>, value: f64, fraction_digits: u8) -> Result<()> {
    if fraction_digits > FRACTION_DIGITS_MAX {
        return Err(Error::INVALID_ARGUMENT);
    }
    let bits = value.to_bits();
    let binary = Binary::new(bits, false)?;
    put_sign(out, bits >> 63 != 0);
    put_fixed(out, &binary, fraction_digits);
    Ok(())
}

/// Digits drawn at a time.
const GROUP: usize = 9;
const GROUP_TENS: u32 = 10_u32.pow(9);

#[inline(never)]
fn put_fixed(out: &mut Buf<'_>, binary: &Binary, fraction_digits: u8) {
    // Below 2^-80 all digits that can be asked for are zero.
    let bits = binary.bits();
    let mantissa = if bits < -80 { 0 } else { binary.mantissa };
    // The last digit decides how to round.
    let end = i32::from(fraction_digits) + 1;
    let mut tens = end;
    while tens > -decimal_position(bits).max(1) {
        tens -= signed(GROUP);
    }
    let mut text = Fixed {
        out,
        place: 1 - tens,
        started: false,
    };
    // A carry runs through nines, so they wait, together with the digit before them, until a digit comes that stops it.
    let mut waiting = 0_u8;
    let mut nines = 0_u32;
    let mut last = 0_u8;
    let mut drawn = 0;
    while tens < end {
        tens += signed(GROUP);
        let before = low_word(drawn >> 1).wrapping_mul(GROUP_TENS);
        drawn = whole(mantissa, binary.exponent, tens);
        let group = low_word(drawn >> 1).wrapping_sub(before);
        let mut group = Magnitude(group.into());
        let mut digits = [0; GROUP];
        for digit in digits.iter_mut().rev() {
            *digit = group.take_digit();
        }
        for digit in digits {
            if last == 9 {
                nines += 1;
            } else {
                text.put_run(waiting, 9, nines);
                waiting = last;
                nines = 0;
            }
            last = digit;
        }
    }
    let is_odd = nines > 0 || waiting & 1 != 0;
    if last > 5 || last == 5 && (drawn & 1 != 0 || is_odd) {
        text.put_run(waiting + 1, 0, nines);
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
    /// Writes `first`, then `count` times `then`, with the point, and without leading zeros.
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
            self.place -= 1;
            digit = then;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;

    fn fixed(value: f64, fraction_digits: u8) -> Result<String> {
        let mut memory = [0; 400];
        let mut out = Buf::new(&mut memory, 0);
        let written = write_f64_fixed(&mut out, value, fraction_digits);
        let text = String::from_utf8(out.written().to_vec()).unwrap();
        assert!(written.is_ok() || text.is_empty());
        written.map(|()| text)
    }

    #[test]
    fn refuses_what_is_not_finite_and_too_many_digits() {
        for value in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert_eq!(fixed(value, 2), Err(Error::NOT_FINITE));
        }
        assert_eq!(
            fixed(1.0, FRACTION_DIGITS_MAX + 1),
            Err(Error::INVALID_ARGUMENT)
        );
    }

    #[test]
    fn rounds_fixed_digits_from_the_exact_value() {
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
                for fraction_digits in 0..=FRACTION_DIGITS_MAX {
                    let places = usize::from(fraction_digits);
                    assert_eq!(
                        fixed(value, fraction_digits),
                        Ok(format!("{value:.places$}"))
                    );
                }
            }
        }
    }
}
