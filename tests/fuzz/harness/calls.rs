// SPDX-License-Identifier: MIT OR Apache-2.0
//! Calls on an uplink, from the bytes of an input.

use super::drivers::uplink::{Call, Content, Number, URN};
use super::input::Input;

/// Secrets, the second one too short.
pub const SECRETS: [&str; 2] = ["0123456789abcdefghijklmnopqrstuvwxyzABCD", "0123456789"];

const NAMES: [&str; 8] = [
    "temperature",
    "t",
    "a:b.c/d-e_f",
    "",
    "0",
    "-",
    "a b",
    "longitude",
];
const UNITS: [&str; 6] = ["Cel", "%RH", "", "m/s2", "\"\\", "\u{e9}"];
pub const URNS: [&str; 6] = [URN, "urn:dev:DVNUUID:", "sensor:", "", "a", "-"];

pub fn urn(input: &mut Input<'_>) -> String {
    input.text(&URNS)
}

/// The remaining calls in the input, at most this many.
pub fn all(input: &mut Input<'_>, max: usize) -> Vec<Call> {
    let mut calls = Vec::new();
    while !input.is_empty() && calls.len() < max {
        calls.push(call(input));
    }
    calls
}

fn optional(input: &mut Input<'_>, usual: &[&str]) -> Option<String> {
    match input.u8() {
        0xFE.. => None,
        _ => Some(input.text(usual)),
    }
}

fn exponent(input: &mut Input<'_>) -> i32 {
    match input.u8() {
        0xFE.. => input.u32() as i32,
        byte => i32::from(byte % 40) - 20,
    }
}

fn number(input: &mut Input<'_>) -> Number {
    if input.bool() {
        Number::Double(input.double())
    } else {
        Number::Decimal(input.wide() as i64, exponent(input))
    }
}

/// Seconds since 1970, or around the limit between absolute and relative times, or anything.
fn seconds(input: &mut Input<'_>) -> i64 {
    match input.u8() & 3 {
        0 => 1_700_000_000 + i64::from(input.u16()),
        1 => (1 << 28) - 2 + i64::from(input.u8() & 3),
        _ => input.wide() as i64,
    }
}

fn call(input: &mut Input<'_>) -> Call {
    match input.u8() & 0x1F {
        0 => Call::Merge,
        1 => Call::Clear,
        2 => Call::BaseName(optional(input, &URNS)),
        3 => Call::BaseTime(seconds(input)),
        4 => Call::BaseTimeDecimal(seconds(input), exponent(input)),
        5 => Call::BaseUnit(optional(input, &UNITS)),
        6 => Call::BaseValue(number(input)),
        7 => Call::BaseSum(number(input)),
        8 => Call::Time(seconds(input)),
        9 => Call::TimeDecimal(seconds(input), exponent(input)),
        10 => Call::Ago(input.wide() as u32),
        11 => Call::AgoDecimal(input.wide() as i64, exponent(input)),
        12 => Call::Update(input.wide() as u32),
        13 => Call::Sum(number(input)),
        _ => Call::Add {
            name: optional(input, &NAMES),
            unit: match input.u8() & 3 {
                0 => None,
                _ => Some(input.text(&UNITS)),
            },
            content: content(input),
        },
    }
}

fn content(input: &mut Input<'_>) -> Content {
    match input.u8() % 10 {
        0 => Content::Decimal(input.wide() as i64, exponent(input)),
        1 => Content::Int(input.wide() as i64),
        2 => Content::Uint(input.wide()),
        3 => Content::Double(input.double()),
        4 => Content::Float(match input.u8() & 1 {
            0 => f32::from_bits(input.u32()),
            _ => input.double() as f32,
        }),
        5 => Content::Fixed(input.double(), input.u8() & 0x1F),
        6 => Content::Bool(input.bool()),
        7 => match input.u8() {
            0xFE.. => Content::Text(None),
            _ => Content::Text(Some(input.bytes(90).to_vec())),
        },
        8 => Content::Data(input.bytes(90).to_vec()),
        _ => Content::Sum(number(input)),
    }
}
