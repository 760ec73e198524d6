// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers of every size and spelling, most of them near a limit of some type, with and without a base.

use bigdecimal::BigDecimal;
use bigdecimal::num_bigint::{BigInt, Sign};

use crate::driver::Given;
use crate::model::{decimal, exact, middle, shortest_notation};
use crate::random::{one_in, setting};

/// A random source, and how often it is asked.
pub struct Run {
    pub random: fastrand::Rng,
    pub seed: u64,
    pub cases: u32,
}

impl Run {
    pub fn new() -> Self {
        let seed = setting("KPN_SEED", 0x5EED);
        Self {
            random: fastrand::Rng::with_seed(seed),
            seed,
            cases: setting("KPN_CASES", 100_000).try_into().unwrap(),
        }
    }

    pub fn one_in(&mut self, count: u32) -> bool {
        one_in(&mut self.random, count)
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| self.random.digit(10)).collect()
    }
}

/// A double of any size: random bits, near one, a power of two or of ten, the smallest, the largest.
fn double(run: &mut Run) -> f64 {
    let bits = run.random.u64(..) & (u64::MAX >> 1);
    let near = run.random.u64(..4);
    let value = match run.random.u32(..8) {
        0 => f64::from_bits(bits),
        1 => f64::from_bits((bits >> 12) | (1023 - 40 + run.random.u64(..100)) << 52),
        2 => f64::from_bits(bits >> 12),
        3 => f64::from_bits(((run.random.u64(..2047) << 52) + near).saturating_sub(2)),
        4 => {
            let power: f64 = format!("1e{}", run.random.i32(-323..309)).parse().unwrap();
            f64::from_bits(power.to_bits() + near - 1)
        }
        5 => f64::from_bits(near),
        6 => f64::from_bits(f64::MAX.to_bits() - near),
        _ => {
            let places = run.random.u32(..12);
            let count = run.random.usize(1..18);
            format!("{}e-{places}", run.digits(count)).parse().unwrap()
        }
    };
    if value.is_finite() { value } else { 20.5 }
}

/// One of many ways to spell a number.
pub fn spell(run: &mut Run, value: &BigDecimal) -> String {
    let (digits, scale) = value.normalized().into_bigint_and_exponent();
    let mut exponent = -scale;
    let sign = if digits.sign() == Sign::Minus {
        "-"
    } else if digits.sign() == Sign::NoSign && run.one_in(8) {
        exponent = run.random.i64(-30..30);
        "-"
    } else {
        ""
    };
    let mut digits = digits.magnitude().to_string();
    // Plain, unless it would be endless.
    let is_plain = exponent.unsigned_abs() < 60 && !run.one_in(4);
    for _ in 0..run.random.u32(..3) * run.random.u32(..12) {
        digits.push('0');
        exponent -= 1;
    }
    if is_plain {
        while exponent > 0 {
            digits.push('0');
            exponent -= 1;
        }
    }
    let behind = if is_plain {
        usize::try_from(-exponent).unwrap()
    } else {
        run.random.usize(..=digits.len() + 3)
    };
    while digits.len() <= behind {
        digits.insert(0, '0');
    }
    let (whole, fraction) = digits.split_at(digits.len() - behind);
    let whole = whole.trim_start_matches('0');
    let whole = if whole.is_empty() { "0" } else { whole };
    let point = if fraction.is_empty() { "" } else { "." };
    let exponent = exponent + i64::try_from(behind).unwrap();
    let e = if run.one_in(2) { 'e' } else { 'E' };
    let zeros = if run.one_in(8) { "00" } else { "" };
    let tail = match exponent {
        0 if run.one_in(2) => String::new(),
        0.. => format!(
            "{e}{}{zeros}{exponent}",
            if run.one_in(2) { "+" } else { "" }
        ),
        _ => format!("{e}-{zeros}{}", -exponent),
    };
    format!("{sign}{whole}{point}{fraction}{tail}")
}

/// A number near one of the limits of a type, or of any size.
pub fn target(run: &mut Run) -> BigDecimal {
    let two = |power: u32| BigDecimal::from(BigInt::from(1) << power);
    let limit = match run.random.u32(..14) {
        0 => two(53),
        1 | 2 => two(63),
        3 | 4 => two(64),
        5 => decimal(1.into(), 19),
        6 => decimal(1.into(), 20),
        7 => two(28),
        8 => decimal(1_714_000_000.into(), 0),
        9 => middle(double(run)),
        10 => exact(double(run)),
        11 => decimal(1.into(), run.random.i64(-30..40)),
        12 => decimal(run.random.u64(..).into(), run.random.i64(-30..10)),
        _ => decimal(0.into(), 0),
    };
    let beside = match run.random.u32(..6) {
        0 => decimal(0.into(), 0),
        1 => decimal(run.random.i64(-12..13).into(), 0),
        2 => decimal(run.random.i64(-12..13).into(), -1),
        3 => decimal(run.random.i64(-1..2).into(), run.random.i64(-40..2)),
        4 => {
            let count = run.random.usize(1..30);
            let places = i64::try_from(count).unwrap();
            decimal(run.digits(count).parse().unwrap(), -places)
        }
        _ if run.one_in(20) => decimal(run.random.i64(-1..2).into(), run.random.i64(-1200..400)),
        _ => decimal(run.random.i64(-1000..1000).into(), run.random.i64(-3..1)),
    };
    let value = limit + beside;
    if run.one_in(3) { -value } else { value }
}

/// A base: short, long, of another size than the sum, or its opposite.
fn base(run: &mut Run, sum: &BigDecimal) -> BigDecimal {
    let count = if run.one_in(50) {
        run.random.usize(1..900)
    } else {
        run.random.usize(1..25)
    };
    let digits: BigInt = run.digits(count).parse().unwrap();
    let places = i64::try_from(count).unwrap();
    let value = match run.random.u32(..8) {
        0 => decimal(run.random.i64(-9..10).into(), run.random.i64(-3..20)),
        1 => decimal(digits, run.random.i64(-330..300)),
        2 => sum * 2,
        3 => exact(double(run)),
        4 => decimal(0.into(), 0),
        5 => sum - decimal(1.into(), run.random.i64(-25..20)),
        6 => decimal(digits, -places),
        _ => decimal(digits, run.random.i64(-40..10)),
    };
    if run.one_in(3) { -value } else { value }
}

/// Text of a number, and of its base where it has one.
pub struct Texts {
    pub number: String,
    pub base: Option<String>,
}

pub fn texts(run: &mut Run) -> Texts {
    let sum = target(run);
    if run.one_in(3) {
        return Texts {
            number: spell(run, &sum),
            base: None,
        };
    }
    let base = base(run, &sum);
    let number = if run.one_in(6) {
        // Whatever the sum is then.
        target(run)
    } else {
        sum - &base
    };
    Texts {
        number: spell(run, &number),
        base: Some(spell(run, &base)),
    }
}

/// A number, and what an uplink must write for it.
pub fn given(run: &mut Run) -> (Given, String) {
    let mut oracle = zmij::Buffer::new();
    let sign = if run.one_in(2) { -1.0 } else { 1.0 };
    match run.random.u32(..8) {
        0 => {
            let mantissa = run.random.i64(..) >> run.random.u32(..64);
            let exponent = run.random.i32(-18..=18);
            (
                Given::Decimal(mantissa, exponent),
                shortest_notation(&format!("{mantissa}e{exponent}")),
            )
        }
        1 => {
            // Round ones: their zeros decide the notation.
            let mantissa = run.random.i64(-99..100) * 10_i64.pow(run.random.u32(..17));
            let exponent = run.random.i32(-18..=18);
            (
                Given::Decimal(mantissa, exponent),
                shortest_notation(&format!("{mantissa}e{exponent}")),
            )
        }
        2 => {
            let value = run.random.i64(..) >> run.random.u32(..64);
            (Given::Int64(value), value.to_string())
        }
        3 => {
            let value = run.random.u64(..) >> run.random.u32(..64);
            (Given::Uint64(value), value.to_string())
        }
        4 | 5 => {
            let value = sign * double(run);
            (
                Given::Double(value),
                shortest_notation(oracle.format_finite(value)),
            )
        }
        6 => {
            let bits = run.random.u32(..);
            let value = match run.random.u32(..4) {
                0 => f32::from_bits(bits),
                1 => f32::from_bits(((run.random.u32(..255) << 23) + bits % 4).saturating_sub(2)),
                2 => f32::from_bits(bits >> 9),
                _ => format!("{}e-{}", bits % 100_000, bits % 7).parse().unwrap(),
            };
            let value = if value.is_finite() { value } else { 21.81 };
            (
                Given::Float(value),
                shortest_notation(oracle.format_finite(value)),
            )
        }
        _ => {
            // Few binary digits behind the point make ties.
            let value = match run.random.u32(..3) {
                0 => f64::from(run.random.u32(..1 << 30)) / f64::from(1 << run.random.u32(..20)),
                _ => double(run),
            };
            let value = sign * value;
            let digits = run.random.u8(..=20);
            (
                Given::Fixed(value, digits),
                format!("{value:.*}", usize::from(digits)),
            )
        }
    }
}
