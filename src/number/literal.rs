// SPDX-License-Identifier: MIT OR Apache-2.0
//! The text of a number: its parts, and its digits one by one.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};

/// An exponent that is read counts as this at most. Every place then fits into an `i32`, and no place within half of that range can come
/// from a larger exponent, since that would take 500 million digits.
const EXPONENT_MAX: i32 = 1_000_000_000;

/// A place that no digit has.
pub const NOWHERE: i32 = i32::MIN;

/// Reads text in the grammar of RFC 8259 section 6:
///
/// ~~~text
/// number = [ minus ] int [ frac ] [ exp ]
/// int    = zero / ( digit1-9 *DIGIT )
/// frac   = decimal-point 1*DIGIT
/// exp    = e [ minus / plus ] 1*DIGIT
/// ~~~
struct Scanner<'a> {
    text: &'a [u8],
    /// What comes next in the text.
    next: usize,
}

/// Where the parts of a number are.
#[derive(Default)]
struct Parts {
    is_negative: bool,
    /// Start and end of `int`; end of `frac`, which is the same where there is none.
    int: usize,
    int_end: usize,
    frac_end: usize,
    is_exponent_negative: bool,
    /// Start of the exponent's digits.
    exponent: usize,
}

impl Scanner<'_> {
    /// Takes the next byte if it is this one.
    #[inline(never)]
    fn accept(&mut self, byte: u8) -> bool {
        let accepts = self.text.get(self.next) == Some(&byte);
        self.next += usize::from(accepts);
        accepts
    }

    /// `1*DIGIT`
    #[inline(never)]
    fn digits(&mut self) -> Result<()> {
        let start = self.next;
        while self.text.get(self.next).is_some_and(u8::is_ascii_digit) {
            self.next += 1;
        }
        if self.next != start {
            Ok(())
        } else if start < self.text.len() {
            Err(Error::JSON_SYNTAX)
        } else {
            Err(Error::JSON_TRUNCATED)
        }
    }

    /// `number`
    #[inline(never)]
    fn number(&mut self, parts: &mut Parts) -> Result<()> {
        parts.is_negative = self.accept(b'-');
        parts.int = self.next;
        if !self.accept(b'0') {
            self.digits()?;
        }
        parts.int_end = self.next;
        if self.accept(b'.') {
            self.digits()?;
        }
        parts.frac_end = self.next;
        if self.accept(b'e') || self.accept(b'E') {
            parts.is_exponent_negative = self.accept(b'-');
            if !parts.is_exponent_negative {
                self.accept(b'+');
            }
            parts.exponent = self.next;
            self.digits()?;
        }
        Ok(())
    }
}

/// Skips the number that stands at `position`.
pub fn skip(text: &[u8], position: &mut usize) -> Result<()> {
    let mut scanner = Scanner {
        text,
        next: *position,
    };
    let skipped = scanner.number(&mut Parts::default());
    *position = scanner.next;
    skipped
}

/// Length of the number at the start of `text`; `None` when there is none.
pub fn parse_len(text: &[u8]) -> Option<usize> {
    let mut len = 0;
    skip(text, &mut len).ok()?;
    Some(len)
}

/// The value of `text`, in whatever notation, if it is a whole number from 0 to 99.
pub fn parse_two_digits(text: &[u8]) -> Option<u8> {
    let mut digits = Digits::default();
    digits.parse(text).ok()?;
    if digits.place > 1 || (digits.is_negative && digits.place != NOWHERE) {
        return None;
    }
    let number = digits.take(1) * 10 + digits.take(0);
    let is_whole = digits.text.iter().all(|&byte| byte == b'.' || byte == b'0');
    u8::try_from(number).ok().filter(|_| is_whole)
}

/// The digits of a number, of which the first is not zero, taken from the highest place down. A place is a power of ten.
#[derive(Clone, Copy)]
pub struct Digits<'a> {
    /// The digits that are left, with or without a point in between.
    text: &'a [u8],
    /// The place of the first digit that is left, or `NOWHERE`.
    pub place: i32,
    pub is_negative: bool,
}

impl Default for Digits<'_> {
    fn default() -> Self {
        Self {
            text: b"",
            place: NOWHERE,
            is_negative: false,
        }
    }
}

impl<'a> Digits<'a> {
    /// Takes the digits of a text; the first of them is at `place`.
    pub fn set(&mut self, text: &'a [u8], place: i32, is_negative: bool) {
        let mut place = place;
        let mut text = text;
        while let [byte @ (b'0' | b'.'), rest @ ..] = text {
            text = rest;
            place -= i32::from(*byte == b'0');
        }
        self.text = text;
        self.place = if text.is_empty() { NOWHERE } else { place };
        self.is_negative = is_negative;
    }

    /// Takes a number. `Error::JSON_SYNTAX` if `text` as a whole is not a number.
    ///
    /// An exponent of more than `EXPONENT_MAX` is taken as about that.
    #[inline(never)]
    pub fn parse(&mut self, text: &'a [u8]) -> Result<()> {
        let mut parts = Parts::default();
        let mut scanner = Scanner { text, next: 0 };
        if scanner.number(&mut parts).is_err() || scanner.next != text.len() {
            return Err(Error::JSON_SYNTAX);
        }
        let mut place = 0;
        if parts.exponent != 0 {
            for byte in text.get(parts.exponent..).unwrap_or_default() {
                place = place.min(EXPONENT_MAX / 10) * 10 + i32::from(byte & 0x0F);
            }
        }
        if parts.is_exponent_negative {
            place = -place;
        }
        let int_len = parts.int_end - parts.int - 1;
        place += i32::try_from(int_len).unwrap_or_default();
        let mantissa = text.get(parts.int..parts.frac_end).unwrap_or_default();
        self.set(mantissa, place, parts.is_negative);
        Ok(())
    }

    /// The digit at a place, which must not be above the first digit that is left; 0 if there is none.
    #[inline(never)]
    pub fn take(&mut self, place: i32) -> i32 {
        if place != self.place {
            return 0;
        }
        if let [b'.', rest @ ..] = self.text {
            self.text = rest;
        }
        let [digit, rest @ ..] = self.text else {
            return 0;
        };
        self.text = rest;
        self.place = if rest.is_empty() { NOWHERE } else { place - 1 };
        i32::from(digit & 0x0F)
    }

    /// As `take`, but negated if the sign differs from this one.
    #[inline(never)]
    pub fn take_signed(&mut self, place: i32, is_negative: bool) -> i32 {
        let digit = self.take(place);
        if self.is_negative == is_negative {
            digit
        } else {
            -digit
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_number_below_a_hundred_in_every_notation() {
        for (text, number) in [
            ("0", 0),
            ("-0", 0),
            ("-0.0e9", 0),
            ("7", 7),
            ("7.000", 7),
            ("700e-2", 7),
            ("0.07e2", 7),
            ("10", 10),
            ("10.0", 10),
            ("1e1", 10),
            ("1E+1", 10),
            ("0.00099e5", 99),
            ("99", 99),
        ] {
            assert_eq!(parse_two_digits(text.as_bytes()), Some(number), "{text}");
        }
        for text in [
            "100",
            "99.5",
            "0.5",
            "10.01",
            "-1",
            "-10",
            "1e2",
            "1e-1",
            "10000000001e-9",
            "1e2147483648",
            "1e-2147483648",
            "266",
            "256",
            "",
            "1 ",
            "01",
            "x",
        ] {
            assert_eq!(parse_two_digits(text.as_bytes()), None, "{text}");
        }
    }
}
