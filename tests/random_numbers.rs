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
#[path = "random_numbers/generator.rs"]
mod generator;
#[path = "random_numbers/model.rs"]
mod model;
#[path = "common/random.rs"]
mod random;

use bigdecimal::num_bigint::{BigInt, Sign};
use bigdecimal::{BigDecimal, ToPrimitive};
use driver::{FIELDS, Record};
use generator::{Run, Texts, given, spell, target, texts};
use model::{decimal, is_below, mantissa_and_exponent, rounded, whole};

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

#[test]
fn writes_every_number_as_the_oracles_do() {
    let mut run = Run::new();
    for _ in 0..run.cases {
        let (given, expected) = given(&mut run);
        let text = driver::written(given);
        assert_eq!(text, Ok(expected), "{given:?}, seed {}", run.seed);
    }
}
