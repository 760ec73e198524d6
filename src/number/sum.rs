// SPDX-License-Identifier: MIT OR Apache-2.0
//! A number plus its base, added exactly whatever their lengths.
#![forbid(unsafe_code)]

use super::Decimal;
use super::literal::{Digits, NOWHERE};
use super::nearest::nearest;
use super::truncated::Truncated;
use crate::error::{Error, Result};

/// The sum of a number and its base.
#[derive(Default)]
pub struct Sum<'a> {
    /// Both as they were written; the second has no digits if there is only one.
    numbers: [Digits<'a>; 2],
    value: Truncated,
}

impl<'a> Sum<'a> {
    /// Takes a number and its base; either may be empty and then does not count.
    ///
    /// `Error::JSON_SYNTAX` if one of them as a whole is not a number.
    #[inline(never)]
    pub fn read(&mut self, number: &'a [u8], base: &'a [u8]) -> Result<()> {
        let [left, right] = &mut self.numbers;
        if !number.is_empty() {
            left.parse(number)?;
        }
        if !base.is_empty() {
            right.parse(base)?;
        }
        self.value = add(&self.numbers);
        // The sign of zero is kept if there is only one number.
        if self.value.is_zero() {
            let [left, right] = &self.numbers;
            self.value.is_negative =
                left.is_negative && base.is_empty() || right.is_negative && number.is_empty();
        }
        Ok(())
    }

    /// The exact sum, without zeros at the end of its mantissa; zero has exponent 0.
    ///
    /// `Error::NUMBER_RANGE` if the mantissa does not fit in an `i64`, or the exponent exceeds `Decimal::EXPONENT_MAX`.
    pub fn to_decimal(&self) -> Result<Decimal> {
        Decimal::check_exponent(self.value.exponent)?;
        self.value.to_decimal()
    }

    /// The mantissa of the sum at this exponent, rounded from the exact sum, ties to even.
    ///
    /// `Error::NUMBER_RANGE` if it does not fit in an `i64`, or the exponent exceeds `Decimal::EXPONENT_MAX`.
    pub fn rounded_at(&mut self, exponent: i32) -> Result<i64> {
        Decimal::check_exponent(exponent)?;
        self.value.lower_to(exponent)?;
        self.value.round_to(exponent);
        self.value.mantissa()
    }

    /// The double nearest to the exact sum, ties to even: infinite from 2^1024 - 2^970, zero up to 2^-1075. The sign is kept.
    pub fn to_f64(&self) -> f64 {
        nearest(&self.value, &self.numbers)
    }

    /// The sum when it is an integer within `i64`, in whatever notation (`10.0`, `1e3`); `Error::NUMBER_RANGE` otherwise.
    #[expect(
        clippy::wrong_self_convention,
        reason = "the sum becomes a whole number here"
    )]
    pub fn to_i64(&mut self) -> Result<i64> {
        self.make_whole()?;
        self.value.mantissa()
    }

    /// The sum when it is an integer within `u64`, as `to_i64`; `-0` is 0.
    #[expect(
        clippy::wrong_self_convention,
        reason = "the sum becomes a whole number here"
    )]
    pub fn to_u64(&mut self) -> Result<u64> {
        self.make_whole()?;
        if self.value.is_negative && !self.value.is_zero() {
            return Err(Error::NUMBER_RANGE);
        }
        Ok(self.value.magnitude.0)
    }

    #[inline(never)]
    fn make_whole(&mut self) -> Result<()> {
        self.value.lower_to(0)?;
        if self.value.exponent == 0 && self.value.rest == 0 {
            Ok(())
        } else {
            Err(Error::NUMBER_RANGE)
        }
    }

    /// Whether the exact sum is below `limit`, which is above zero.
    pub fn is_below(&self, limit: u32) -> bool {
        let [floor, _] = self.value.magnitude.floor_and_ceil(self.value.exponent);
        self.value.is_negative || floor < limit
    }
}

/// More zeros than this between two numbers exceed any magnitude.
const GAP: i32 = 40;

/// Adds two numbers from the highest place down, as far as the sum fits in 64 bits.
///
/// Schoolbook addition, but from the left: a digit is held back until a lower one shows whether a carry or a borrow reaches it. Digits that
/// would pass a carry on wait with it: nines in a sum, zeros in a difference.
#[inline(never)]
fn add(numbers: &[Digits<'_>; 2]) -> Truncated {
    let [mut left, mut right] = *numbers;
    let is_difference = left.is_negative != right.is_negative;
    let passing = if is_difference { 0 } else { 9 };
    let mut place = left.place.max(right.place);
    let mut sum = Truncated {
        // One place above the first digit may receive a carry.
        exponent: place.saturating_add(2),
        is_negative: left.is_negative,
        ..Truncated::default()
    };
    // -1 if the second number is the larger one.
    let mut larger = 1;
    let mut held = 0;
    let mut waiting = 0_usize;
    loop {
        let next = left.place.max(right.place);
        if next == NOWHERE {
            break;
        }
        place = place.min(next + GAP);
        let sign = left.is_negative;
        let mut digit = (left.take(place) + right.take_signed(place, sign)) * larger;
        if digit < 0 && held == 0 {
            // The first digits that differ show which number is larger.
            larger = -1;
            sum.is_negative = !sum.is_negative;
            digit = -digit;
        }
        place -= 1;
        if digit == passing {
            waiting += 1;
            continue;
        }
        let carry = i32::from(digit > 9) - i32::from(digit < 0);
        let passed = if carry == 0 { passing } else { 9 - passing };
        sum.push_run(held + carry, passed, waiting);
        held = digit - carry * 10;
        waiting = 0;
    }
    sum.push_run(held, passing, waiting);
    sum.trim();
    sum
}
