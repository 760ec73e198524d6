// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random scripts of calls: texts and numbers of all kinds, most of them accepted.

use fastrand::Rng;

use crate::common::{Call, Content, Number, SECRET, To, URN};
use crate::model::LIMIT;
use crate::random::{one_in, pick};

/// A message.
#[derive(Debug)]
pub struct Script {
    pub to: To,
    pub urn: String,
    pub secret: Option<String>,
    pub calls: Vec<Call>,
}

fn integer(random: &mut Rng) -> i64 {
    let shift = random.u32(0..64);
    match random.u8(0..8) {
        0 => pick(random, &[0, 1, -1, i64::MAX, i64::MIN, 1 << 53, 1_000_000]),
        _ => random.i64(..) >> shift,
    }
}

fn double(random: &mut Rng) -> f64 {
    match random.u8(0..8) {
        0 => pick(
            random,
            &[f64::NAN, f64::INFINITY, -0.0, f64::MAX, 5e-324, 1e22],
        ),
        1..4 => f64::from_bits(random.u64(..)),
        _ => f64::from(random.i32(-20_000..20_000)) / 100.0,
    }
}

fn exponent(random: &mut Rng) -> i32 {
    match random.u8(0..24) {
        0 => pick(random, &[-19, 19, i32::MAX, i32::MIN]),
        1..8 => random.i32(-18..=18),
        _ => random.i32(-3..=1),
    }
}

fn numeric_random(random: &mut Rng) -> Number {
    if one_in(random, 3) {
        Number::Double(double(random))
    } else {
        Number::Decimal(integer(random), exponent(random))
    }
}

/// A moment of the years 2017 to 2023, or at the limit of what is absolute.
fn moment(random: &mut Rng) -> i64 {
    match random.u8(0..12) {
        0 => i64::from(LIMIT) + random.i64(-2..200),
        1 => integer(random),
        2 => i64::from(u32::MAX) + random.i64(-2..2),
        _ => random.i64(1_500_000_000..1_700_000_000),
    }
}

fn moment_decimal(random: &mut Rng) -> (i64, i32) {
    if one_in(random, 12) {
        return (integer(random), exponent(random));
    }
    if one_in(random, 12) {
        let limit = i64::from(pick(random, &[LIMIT, u32::MAX]));
        let (scale, exponent) = pick(random, &[(10, -1), (1000, -3), (1_000_000_000, -9)]);
        return (limit * scale + random.i64(-2..2), exponent);
    }
    let digits = random.u32(0..10);
    let scale = 10_i64.pow(digits);
    let fraction = random.i64(0..scale);
    let exponent = -i32::try_from(digits).unwrap();
    (
        random.i64(1_500_000_000..1_700_000_000) * scale + fraction,
        exponent,
    )
}

fn name(random: &mut Rng) -> Option<String> {
    match random.u8(0..40) {
        0 => return None,
        1 => return Some(pick(random, &["", "a b", "\u{e9}", "a\"b"]).to_owned()),
        2 => return Some("n".repeat(random.usize(250..260))),
        _ => {}
    }
    let len = random.usize(1..12);
    let byte = |_| char::from(pick(random, b"abcXYZ019-:./_"));
    Some((0..len).map(byte).collect())
}

fn unit(random: &mut Rng) -> Option<String> {
    match random.u8(0..30) {
        0 => Some(
            pick(
                random,
                &["", "\"", "a\\", "\n", "0123456789012345678901234"],
            )
            .to_owned(),
        ),
        1..15 => None,
        _ => Some(pick(random, &["Cel", "%RH", "m/s2", "my unit"]).to_owned()),
    }
}

fn text(random: &mut Rng) -> Option<Vec<u8>> {
    if one_in(random, 40) {
        return None;
    }
    let pieces = [
        "a",
        "Z",
        " ",
        "\"",
        "\\",
        "/",
        "\n",
        "\r\n",
        "\t",
        "\u{8}",
        "\u{c}",
        "\0",
        "\u{1f}",
        "\u{7f}",
        "\u{e9}",
        "\u{7ff}",
        "\u{800}",
        "\u{20ac}",
        "\u{d7ff}",
        "\u{fffd}",
        "\u{1f600}",
        "\u{10ffff}",
        "{}",
        "\u{2028}",
        "a run of plain characters, longer than a word",
    ];
    let mut text = Vec::new();
    for _ in 0..random.usize(0..9) {
        text.extend_from_slice(pick(random, &pieces).as_bytes());
    }
    if one_in(random, 12) {
        let broken: [&[u8]; 6] = [
            b"\x80",
            b"\xc3",
            b"\xed\xa0\x80",
            b"\xf4\x90\x80\x80",
            b"\xff",
            b"\xe2\x82",
        ];
        text.extend_from_slice(pick(random, &broken));
        if random.bool() {
            text.push(b'x');
        }
    }
    Some(text)
}

fn urn(random: &mut Rng) -> Option<String> {
    match random.u8(0..20) {
        0 => None,
        1 => Some(pick(random, &["", "urn:dev:IMEI:", ":a", "a b"]).to_owned()),
        2 => Some("x".repeat(random.usize(90..100))),
        _ => Some(format!("urn:dev:IMEI:{}:", random.u32(..))),
    }
}

fn content(random: &mut Rng) -> Content {
    match random.u8(0..11) {
        0 => Content::Decimal(integer(random), exponent(random)),
        1 => Content::Int(integer(random)),
        2 => Content::Uint(integer(random).cast_unsigned()),
        3 => Content::Double(double(random)),
        4 if random.bool() => Content::Float(f32::from(random.i16(..)) / 8.0),
        4 => Content::Float(f32::from_bits(random.u32(..))),
        5 => Content::Fixed(double(random), random.u8(0..22)),
        6 => Content::Bool(random.bool()),
        7 | 8 => Content::Text(text(random)),
        9 => Content::Data((0..random.usize(0..12)).map(|_| random.u8(..)).collect()),
        _ => Content::Sum(numeric_random(random)),
    }
}

fn call(random: &mut Rng) -> Call {
    match random.u8(0..44) {
        0 => Call::Merge,
        1 | 2 => Call::Clear,
        3 => Call::BaseName(urn(random)),
        4 | 5 => Call::BaseTime(moment(random)),
        6 => {
            let (mantissa, exponent) = moment_decimal(random);
            Call::BaseTimeDecimal(mantissa, exponent)
        }
        7 => Call::BaseUnit(unit(random)),
        8 => Call::BaseValue(numeric_random(random)),
        9 => Call::BaseSum(numeric_random(random)),
        10..13 => Call::Time(moment(random)),
        13 | 14 => {
            let (mantissa, exponent) = moment_decimal(random);
            Call::TimeDecimal(mantissa, exponent)
        }
        15 | 16 => Call::Ago(random.u32(0..) >> random.u32(0..32)),
        17 => Call::AgoDecimal(integer(random) >> random.u32(0..32), -random.i32(0..10)),
        18 => Call::Update(random.u32(..) >> random.u32(0..32)),
        19 => Call::Sum(numeric_random(random)),
        _ => Call::Add {
            name: name(random),
            unit: unit(random),
            content: content(random),
        },
    }
}

impl Script {
    pub fn random(random: &mut Rng) -> Self {
        let to = match random.u8(0..6) {
            0 => To::Internet,
            1 => To::Custom {
                host: "h".repeat(random.usize(1..40)),
                path: "/".repeat(random.usize(1..40)),
            },
            _ => To::M2m,
        };
        let mut calls: Vec<Call> = (0..random.usize(1..16)).map(|_| call(random)).collect();
        if one_in(random, 3) {
            calls.insert(0, Call::Merge);
        }
        Self {
            to,
            urn: URN.to_owned(),
            secret: (!one_in(random, 4)).then(|| SECRET.to_owned()),
            calls,
        }
    }
}
