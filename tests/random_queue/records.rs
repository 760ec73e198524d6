// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random records of every kind of value and time, at times as long as allowed.

use std::ffi::CString;

use fastrand::Rng;
use kpn_things::ffi::queue::{KPN_QUEUE_DATA_MAX, KPN_QUEUE_NAME_MAX, KPN_QUEUE_TEXT_MAX};

use crate::driver::{Record, Value, When};
use crate::random::pick;

fn text_of(rng: &mut Rng, len: usize, alphabet: &[u8]) -> CString {
    let bytes: Vec<u8> = (0..len).map(|_| pick(rng, alphabet)).collect();
    CString::new(bytes).unwrap()
}

/// Mostly short, at times as long as allowed.
fn len(rng: &mut Rng, min: usize, max: usize) -> usize {
    match rng.u8(..8) {
        0 => max,
        1 => rng.usize(min..=max),
        _ => rng.usize(min..=max.min(12)),
    }
}

fn double(rng: &mut Rng) -> f64 {
    let value = match rng.u8(..4) {
        0 => f64::from_bits(rng.u64(..)),
        1 => f64::from(rng.i32(-10_000..10_000)) / 100.0,
        2 => pick(
            rng,
            &[
                0.0,
                -0.0,
                f64::MAX,
                f64::MIN_POSITIVE,
                5e-324,
                1e15,
                1e16,
                0.1,
            ],
        ),
        _ => f64::from(rng.i32(..)),
    };
    if value.is_finite() { value } else { 1.5 }
}

fn integer(rng: &mut Rng) -> i64 {
    match rng.u8(..4) {
        0 => rng.i64(..),
        1 => pick(
            rng,
            &[
                i64::MIN,
                i64::MAX,
                0,
                -1,
                1 << 53,
                999_999_999_999_999,
                10_i64.pow(18),
            ],
        ),
        _ => rng.i64(-1000..1000),
    }
}

fn value(rng: &mut Rng) -> Value {
    match rng.u8(..11) {
        0 => Value::Int64(integer(rng)),
        1 => Value::Uint64(integer(rng).cast_unsigned()),
        2 => Value::Double(double(rng)),
        3 => Value::Bool(rng.bool()),
        4 => {
            let max = len(rng, 0, KPN_QUEUE_TEXT_MAX);
            let mut text = String::new();
            loop {
                let next = match rng.u8(..6) {
                    0 => char::from(rng.u8(1..0x20)),
                    1 => pick(rng, &['"', '\\', '/', '\x7f', 'é', '€', '😀']),
                    _ => char::from(rng.u8(0x20..0x7f)),
                };
                if text.len() + next.len_utf8() > max {
                    break Value::Text(CString::new(text).unwrap());
                }
                text.push(next);
            }
        }
        5 => {
            let len = len(rng, 0, KPN_QUEUE_DATA_MAX);
            Value::Data((0..len).map(|_| rng.u8(..)).collect())
        }
        6 => Value::SumDecimal(integer(rng), rng.i32(-18..=18)),
        7 => Value::SumDouble(double(rng)),
        8 => Value::Decimal(integer(rng), rng.i32(-18..=18)),
        _ => Value::Decimal(rng.i64(-1000..1000), -1),
    }
}

pub fn record(rng: &mut Rng, uptime: u32) -> Record {
    let name = len(rng, 1, KPN_QUEUE_NAME_MAX);
    let name = text_of(rng, name, b"abcXYZ0189-:./_");
    let unit = rng.bool().then(|| {
        let len = len(rng, 1, 24);
        text_of(rng, len, b"Cel%/m2 V")
    });
    let when = match rng.u8(..5) {
        0 => When::Reception,
        1 => When::Unix(pick(rng, &[1 << 28, u32::MAX - 1, u32::MAX, 1_700_000_000])),
        // At times ahead of the clock.
        2 if rng.u8(..8) == 0 => {
            When::Uptime((uptime + rng.u32(..3)).min(i32::MAX as u32).cast_signed())
        }
        _ => When::Uptime(uptime.min(i32::MAX as u32).cast_signed()),
    };
    let value = value(rng);
    Record {
        name,
        unit,
        when,
        value,
    }
}
