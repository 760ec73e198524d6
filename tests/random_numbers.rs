// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random numbers through the C functions, written and read, against established crates: `bigdecimal` for exact sums, `zmij` for shortest
//! digits, the standard library for the nearest double and for fixed digits.
//!
//! `KPN_SEED` sets the seed, `KPN_CASES` the cases of each test.
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::string_slice,
    clippy::indexing_slicing,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/number.rs"]
mod driver;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, ToPrimitive};
use driver::{FIELDS, Given, NUMBER_RANGE, Record};

/// A random source, and how often it is asked.
struct Run {
    random: fastrand::Rng,
    seed: u64,
    cases: u32,
}

impl Run {
    fn new() -> Self {
        let variable = |name| std::env::var(name).ok().and_then(|text| text.parse().ok());
        let seed = variable("KPN_SEED").unwrap_or(0x5EED);
        Self {
            random: fastrand::Rng::with_seed(seed),
            seed,
            cases: variable("KPN_CASES").map_or(100_000, |cases| cases.try_into().unwrap()),
        }
    }

    fn one_in(&mut self, count: u32) -> bool {
        self.random.u32(..count) == 0
    }

    fn digits(&mut self, count: usize) -> String {
        (0..count).map(|_| self.random.digit(10)).collect()
    }
}

/// Digits; the last one is at this power of ten.
fn decimal(digits: BigInt, exponent: i64) -> BigDecimal {
    BigDecimal::new(digits, -exponent)
}

/// A double, exactly.
fn exact(value: f64) -> BigDecimal {
    BigDecimal::try_from(value).unwrap()
}

/// The middle between a double and the next, which may be 2^1024.
fn middle(value: f64) -> BigDecimal {
    let below = f64::from_bits(value.to_bits().saturating_sub(1));
    let next = f64::from_bits(value.to_bits() + 1);
    let half = if next.is_finite() {
        exact(next) - exact(value)
    } else {
        exact(value) - exact(below)
    } / 2;
    exact(value) + half
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

/// One of many ways to spell a number.
fn spell(run: &mut Run, value: &BigDecimal) -> String {
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
fn target(run: &mut Run) -> BigDecimal {
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
struct Texts {
    number: String,
    base: Option<String>,
}

fn texts(run: &mut Run) -> Texts {
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

impl Texts {
    fn sum(&self) -> BigDecimal {
        let number = value_of(&self.number);
        match &self.base {
            Some(base) => number + value_of(base),
            None => number,
        }
        .normalized()
    }

    /// The double nearest to the sum, as a fraction of its exact text.
    fn double(&self, sum: &BigDecimal) -> Result<f64, i32> {
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

fn whole<T>(sum: &BigDecimal, convert: impl Fn(&BigInt) -> Option<T>) -> Result<T, i32> {
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

fn mantissa_and_exponent(sum: &BigDecimal) -> Result<(i64, i32), i32> {
    let (digits, scale) = sum.as_bigint_and_exponent();
    let mantissa = digits.to_i64().ok_or(NUMBER_RANGE)?;
    if scale.abs() > 500_000_000 {
        return Err(NUMBER_RANGE);
    }
    Ok((mantissa, i32::try_from(-scale).unwrap()))
}

fn rounded(sum: &BigDecimal, exponent: i32) -> Result<i64, i32> {
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

fn is_below(sum: &BigDecimal, limit: i64) -> bool {
    let (_, scale) = sum.as_bigint_and_exponent();
    match (sum.sign(), scale) {
        (Sign::Plus, ..-2000) => false,
        (Sign::Plus, -2000..6000) => (sum - limit).sign() == Sign::Minus,
        // Too small, or below zero.
        _ => true,
    }
}

/// Holds everything that a record says of a number against its exact sum, or against one that stands for it.
fn check(
    run: &mut Run,
    record: &Record,
    field: i32,
    texts: &Texts,
    sum: &BigDecimal,
    is_replaced: bool,
) {
    let say = format!(
        "{} with base {:?} in field {field}, seed {}",
        texts.number, texts.base, run.seed
    );
    let double = record.double(field).map(f64::to_bits);
    assert_eq!(double, texts.double(sum).map(f64::to_bits), "{say}");
    assert_eq!(record.int64(field), whole(sum, BigInt::to_i64), "{say}");
    assert_eq!(record.uint64(field), whole(sum, BigInt::to_u64), "{say}");
    assert_eq!(record.decimal(field), mantissa_and_exponent(sum), "{say}");
    let exponent = match run.random.u32(..4) {
        0 => run.random.i32(-30..30),
        1 if !is_replaced => run.random.i32(..),
        _ => -run.random.i32(0..10),
    };
    assert_eq!(
        record.rounded(field, exponent),
        rounded(sum, exponent),
        "{say} at exponent {exponent}"
    );
    if field == FIELDS[2] {
        let relative = is_below(sum, 1 << 28);
        assert_eq!(record.time_is_relative(), Ok(relative), "{say}");
    }
}

/// A record with these numbers in its fields.
fn record(numbers: &[Texts; 4]) -> Record {
    let mut pack = String::from("[{\"n\":\"a\"");
    for (texts, label) in numbers.iter().zip(["v", "s", "t", "ut"]) {
        pack.extend([",\"", label, "\":", &texts.number]);
        if let Some(base) = &texts.base {
            pack.extend([",\"b", label, "\":", base]);
        }
    }
    pack.push_str("}]");
    Record::new(&pack)
}

#[test]
fn reads_every_spelling_and_every_sum_exactly() {
    let mut run = Run::new();
    for _ in 0..run.cases / 4 {
        let mut numbers = [(); 4].map(|()| texts(&mut run));
        // An update time has no base.
        if let Some(base) = numbers[3].base.take() {
            numbers[3].number = base;
        }
        let record = record(&numbers);
        for (texts, field) in numbers.iter().zip(FIELDS) {
            check(&mut run, &record, field, texts, &texts.sum(), false);
        }
    }
}

/// Of exponents at their ends no sum can be written out: beside another number, one of them counts as the smallest or the largest
/// that can.
#[test]
fn reads_exponents_at_their_ends() {
    let mut run = Run::new();
    for _ in 0..run.cases / 20 {
        let near = run.random.i64(-25..25);
        let end = match run.random.u32(..12) {
            0 => i64::from(i32::MAX) + near,
            1 => i64::from(i32::MIN) + near,
            8 => 500_000_000 + near,
            9 => -500_000_000 + near,
            10 => 1_000_000_000 + near,
            11 => -1_000_000_000 + near,
            2 => i64::from(u32::MAX) + near,
            3 => -i64::from(u32::MAX) + near,
            4 => 400_000_000 + near,
            5 => 99_999_999_999_999_999,
            6 => -99_999_999_999_999_999,
            _ => run.random.i64(-400..400),
        };
        let digits = run.random.i64(..) >> run.random.u32(..64);
        let far = decimal(digits.into(), end);
        let alone = [(); 4].map(|()| Texts {
            number: spell(&mut run, &far),
            base: None,
        });
        let only = record(&alone);
        for (texts, field) in alone.iter().zip(FIELDS) {
            check(&mut run, &only, field, texts, &far.normalized(), false);
        }
        let other = target(&mut run);
        if other.sign() == Sign::NoSign || digits == 0 {
            continue;
        }
        let pair = |run: &mut Run| {
            let (far, other) = (spell(run, &far), spell(run, &other));
            let (number, base) = if run.one_in(2) {
                (far, other)
            } else {
                (other, far)
            };
            Texts {
                number,
                base: Some(base),
            }
        };
        let texts = [(); 4].map(|()| pair(&mut run));
        let sums = record(&texts);
        // As far away as makes no difference.
        let near = decimal(digits.signum().into(), end.clamp(-3000, 3000));
        let near = if end.abs() < 3000 { far.clone() } else { near };
        for (texts, field) in texts.iter().zip(FIELDS).take(3) {
            check(
                &mut run,
                &sums,
                field,
                texts,
                &(&near + &other).normalized(),
                true,
            );
        }
    }
}

/// The text that the rules require, made the long way.
fn shortest_notation(text: &str) -> String {
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

/// A number, and what an uplink must write for it.
fn given(run: &mut Run) -> (Given, String) {
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

#[test]
fn writes_every_number_as_the_oracles_do() {
    let mut run = Run::new();
    for _ in 0..run.cases {
        let (given, expected) = given(&mut run);
        let text = driver::written(given);
        assert_eq!(text, Ok(expected), "{given:?}, seed {}", run.seed);
    }
}
