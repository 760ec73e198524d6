// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a number must read as in each type, and the text that must be written for it, by exact arithmetic.

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, ToPrimitive};

use crate::driver::NUMBER_RANGE;
use crate::generator::Texts;

/// Digits; the last one is at this power of ten.
pub fn decimal(digits: BigInt, exponent: i64) -> BigDecimal {
    BigDecimal::new(digits, -exponent)
}

/// A double, exactly.
pub fn exact(value: f64) -> BigDecimal {
    BigDecimal::try_from(value).unwrap()
}

/// The middle between a double and the next, which may be 2^1024.
pub fn middle(value: f64) -> BigDecimal {
    let below = f64::from_bits(value.to_bits().saturating_sub(1));
    let next = f64::from_bits(value.to_bits() + 1);
    let half = if next.is_finite() {
        exact(next) - exact(value)
    } else {
        exact(value) - exact(below)
    } / 2;
    exact(value) + half
}

/// Exact value of a JSON number; an exponent far beyond all that has a double counts as one just beyond.
fn value_of(text: &str) -> BigDecimal {
    let (negative, rest) = text
        .strip_prefix('-')
        .map_or((false, text), |rest| (true, rest));
    let (mantissa, exponent) = rest.split_once(['e', 'E']).unwrap_or((rest, "0"));
    let (whole, fraction) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits: BigInt = format!("{whole}{fraction}").parse().unwrap();
    let digits = if negative { -digits } else { digits };
    let exponent: i64 = exponent.parse().unwrap();
    decimal(digits, exponent - i64::try_from(fraction.len()).unwrap())
}

impl Texts {
    pub fn sum(&self) -> BigDecimal {
        let number = value_of(&self.number);
        match &self.base {
            Some(base) => number + value_of(base),
            None => number,
        }
        .normalized()
    }

    /// The double nearest to the sum, as a fraction of its exact text.
    pub fn double(&self, sum: &BigDecimal) -> Result<f64, i32> {
        let (digits, scale) = sum.as_bigint_and_exponent();
        let value: f64 = match self.base {
            None => self.number.parse().unwrap(),
            Some(_) => format!("{digits}e{}", -scale).parse().unwrap(),
        };
        if value.is_finite() {
            Ok(value)
        } else {
            Err(NUMBER_RANGE)
        }
    }
}

pub fn whole<T>(sum: &BigDecimal, convert: impl Fn(&BigInt) -> Option<T>) -> Result<T, i32> {
    let (digits, scale) = sum.as_bigint_and_exponent();
    if !(-40..=0).contains(&scale) {
        return if sum.sign() == Sign::NoSign {
            convert(&0.into()).ok_or(NUMBER_RANGE)
        } else {
            Err(NUMBER_RANGE)
        };
    }
    let value = digits * BigInt::from(10).pow(u32::try_from(-scale).unwrap());
    convert(&value).ok_or(NUMBER_RANGE)
}

pub fn mantissa_and_exponent(sum: &BigDecimal) -> Result<(i64, i32), i32> {
    let (digits, scale) = sum.as_bigint_and_exponent();
    let mantissa = digits.to_i64().ok_or(NUMBER_RANGE)?;
    if scale.abs() > 500_000_000 {
        return Err(NUMBER_RANGE);
    }
    Ok((mantissa, i32::try_from(-scale).unwrap()))
}

pub fn rounded(sum: &BigDecimal, exponent: i32) -> Result<i64, i32> {
    if exponent.unsigned_abs() > 500_000_000 {
        return Err(NUMBER_RANGE);
    }
    let (digits, scale) = sum.as_bigint_and_exponent();
    let drop = i64::from(exponent) + scale;
    if drop > 6000 || digits.sign() == Sign::NoSign {
        return Ok(0);
    }
    if drop < -2000 {
        return Err(NUMBER_RANGE);
    }
    let unit = BigInt::from(10).pow(drop.unsigned_abs().try_into().unwrap());
    if drop <= 0 {
        return (digits * unit).to_i64().ok_or(NUMBER_RANGE);
    }
    let (mut quotient, rest) = (
        digits.magnitude() / unit.magnitude(),
        digits.magnitude() % unit.magnitude(),
    );
    let twice = rest * 2_u32;
    if twice > *unit.magnitude() || (twice == *unit.magnitude() && quotient.bit(0)) {
        quotient += 1_u32;
    }
    BigInt::from_biguint(digits.sign(), quotient)
        .to_i64()
        .ok_or(NUMBER_RANGE)
}

pub fn is_below(sum: &BigDecimal, limit: i64) -> bool {
    let (_, scale) = sum.as_bigint_and_exponent();
    match (sum.sign(), scale) {
        (Sign::Plus, ..-2000) => false,
        (Sign::Plus, -2000..6000) => (sum - limit).sign() == Sign::Minus,
        // Too small, or below zero.
        _ => true,
    }
}

/// The text that the rules require, made the long way.
pub fn shortest_notation(text: &str) -> String {
    let (sign, text) = text
        .strip_prefix('-')
        .map_or(("", text), |rest| ("-", rest));
    let (digits, scale) = value_of(text).normalized().into_bigint_and_exponent();
    if digits.sign() == Sign::NoSign {
        return format!("{sign}0");
    }
    let digits = digits.to_string();
    let exponent = -scale;
    let first = exponent + i64::try_from(digits.len()).unwrap() - 1;
    let point = if digits.len() > 1 { "." } else { "" };
    let scientific = format!("{sign}{}{point}{}e{first}", &digits[..1], &digits[1..]);
    if first.abs() > 40 {
        return scientific;
    }
    let plain = if exponent >= 0 {
        format!(
            "{sign}{digits}{}",
            "0".repeat(usize::try_from(exponent).unwrap())
        )
    } else if first >= 0 {
        let (whole, fraction) = digits.split_at(usize::try_from(first + 1).unwrap());
        format!("{sign}{whole}.{fraction}")
    } else {
        format!(
            "{sign}0.{}{digits}",
            "0".repeat(usize::try_from(-first - 1).unwrap())
        )
    };
    let is_whole = exponent >= 0 && first < 15;
    if is_whole || plain.len() <= scientific.len() {
        plain
    } else {
        scientific
    }
}
