// SPDX-License-Identifier: MIT OR Apache-2.0
//! The meaning of a script of calls, computed without the library.
#![allow(
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    clippy::wildcard_imports,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

use crate::status::*;
use bigdecimal::{BigDecimal, Signed, Zero};
use fastrand::Rng;

use crate::common::{Call, Content, Number, SECRET, Status, To, URN};
use crate::resolve::{Given, Resolved, number};

/// A message.
#[derive(Debug)]
pub struct Script {
    pub to: To,
    pub urn: String,
    pub secret: Option<String>,
    pub calls: Vec<Call>,
}

/// Bits of the labels in an open record.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Label {
    Time,
    Update,
    Sum,
}

/// A pack by its meaning: accepted records, base fields, and labels that wait for a record.
#[derive(Clone)]
pub struct Model {
    pub records: Vec<Resolved>,
    pub first_failure: Status,
    base_name: String,
    base_unit: Option<String>,
    base_time: Option<BigDecimal>,
    base_value: Option<BigDecimal>,
    base_sum: Option<BigDecimal>,
    labels: Vec<Label>,
    time: Option<BigDecimal>,
    update_time: Option<BigDecimal>,
    sum: Option<BigDecimal>,
    /// Why the next record is refused, and whether that stays so until the failure is cleared.
    refusal: Option<(Status, bool)>,
}

const LIMIT: u32 = 1 << 28;

fn decimal(mantissa: i64, exponent: i32) -> BigDecimal {
    BigDecimal::new(mantissa.into(), (-exponent).into()).normalized()
}

/// A decimal whose exponent is taken.
fn checked(mantissa: i64, exponent: i32) -> Result<BigDecimal, Status> {
    if (-18..=18).contains(&exponent) {
        Ok(decimal(mantissa, exponent))
    } else {
        Err(ERR_INVALID_ARGUMENT)
    }
}

/// Seconds since 1970 that are neither relative to now nor as many as 32 one bits, which no measurement has.
fn absolute(mantissa: i64, exponent: i32) -> Result<BigDecimal, Status> {
    let seconds = checked(mantissa, exponent)?;
    let is_relative = seconds < LIMIT;
    if is_relative || seconds >= u32::MAX {
        return Err(ERR_SENML_TIME);
    }
    Ok(seconds)
}

fn shortest(value: f64) -> Result<BigDecimal, Status> {
    if value.is_finite() {
        Ok(number(zmij::Buffer::new().format_finite(value)))
    } else {
        Err(ERR_NOT_FINITE)
    }
}

fn numeric(value: Number) -> Result<BigDecimal, Status> {
    match value {
        Number::Decimal(mantissa, exponent) => checked(mantissa, exponent),
        Number::Double(value) => shortest(value),
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-:./_".contains(&byte)
}

/// Whether its mantissa fits in an `i64` once it has no zeros at its end.
fn is_decimal(value: &BigDecimal) -> bool {
    let (mantissa, _) = value.normalized().into_bigint_and_exponent();
    i64::try_from(mantissa).is_ok()
}

impl Model {
    pub fn new(urn: &str) -> Self {
        Self {
            records: Vec::new(),
            first_failure: OK,
            base_name: urn.to_owned(),
            base_unit: None,
            base_time: None,
            base_value: None,
            base_sum: None,
            labels: Vec::new(),
            time: None,
            update_time: None,
            sum: None,
            refusal: None,
        }
    }

    /// The status of a call, which finds no room if `is_full`.
    pub fn call(&mut self, call: &Call, is_full: bool) -> Status {
        if matches!(call, Call::Clear) {
            self.refusal = None;
            return std::mem::replace(&mut self.first_failure, OK);
        }
        if matches!(call, Call::Merge) {
            let can = self.records.is_empty() && self.labels.is_empty();
            return if can { OK } else { ERR_STATE };
        }
        let mut next = self.clone();
        let done = next.try_call(call);
        let done = if is_full && done.is_ok() {
            Err(ERR_BUFFER_FULL)
        } else {
            done
        };
        let Err(status) = done else {
            *self = next;
            return OK;
        };
        let is_base = matches!(
            call,
            Call::BaseName(_)
                | Call::BaseTime(_)
                | Call::BaseTimeDecimal(..)
                | Call::BaseUnit(_)
                | Call::BaseValue(_)
                | Call::BaseSum(_)
        );
        self.close();
        if !matches!(self.refusal, Some((_, true))) {
            let is_record = matches!(call, Call::Add { .. });
            self.refusal = (!is_record).then_some((status, is_base));
        }
        if self.first_failure == OK {
            self.first_failure = status;
        }
        status
    }

    fn close(&mut self) {
        self.labels.clear();
        self.time = None;
        self.update_time = None;
        self.sum = None;
    }

    fn try_call(&mut self, call: &Call) -> Result<(), Status> {
        match call {
            Call::Merge | Call::Clear => Ok(()),
            Call::BaseName(name) => {
                self.base()?;
                let name = name.as_ref().ok_or(ERR_INVALID_ARGUMENT)?;
                check_urn(name)?;
                self.base_name.clone_from(name);
                Ok(())
            }
            Call::BaseUnit(unit) => {
                self.base()?;
                let unit = unit.as_ref().ok_or(ERR_INVALID_ARGUMENT)?;
                check_unit(unit)?;
                self.base_unit = Some(unit.clone());
                Ok(())
            }
            Call::BaseTime(seconds) => self.set_base_time(*seconds, 0),
            Call::BaseTimeDecimal(mantissa, exponent) => self.set_base_time(*mantissa, *exponent),
            Call::BaseValue(value) => {
                self.base()?;
                self.base_value = Some(numeric(*value)?);
                Ok(())
            }
            Call::BaseSum(value) => {
                self.base()?;
                self.base_sum = Some(numeric(*value)?);
                Ok(())
            }
            Call::Time(seconds) => self.set_time(*seconds, 0),
            Call::TimeDecimal(mantissa, exponent) => self.set_time(*mantissa, *exponent),
            Call::Ago(seconds) => self.set_ago((*seconds).into(), 0),
            Call::AgoDecimal(mantissa, exponent) => self.set_ago(*mantissa, *exponent),
            Call::Update(seconds) => {
                self.label(Label::Update)?;
                self.update_time = Some(decimal((*seconds).into(), 0));
                Ok(())
            }
            Call::Sum(value) => {
                self.label(Label::Sum)?;
                self.sum = Some(numeric(*value)?);
                Ok(())
            }
            Call::Add {
                name,
                unit,
                content,
            } => self.add(name.as_deref(), unit.as_deref(), content),
        }
    }

    fn base(&mut self) -> Result<(), Status> {
        if self.labels.is_empty() {
            Ok(())
        } else {
            Err(ERR_STATE)
        }
    }

    fn refused(&mut self) -> Result<(), Status> {
        self.refusal.map_or(Ok(()), |(status, _)| Err(status))
    }

    fn label(&mut self, label: Label) -> Result<(), Status> {
        self.refused()?;
        if self.labels.contains(&label) {
            return Err(ERR_STATE);
        }
        self.labels.push(label);
        Ok(())
    }

    fn set_base_time(&mut self, mantissa: i64, exponent: i32) -> Result<(), Status> {
        self.base()?;
        let seconds = absolute(mantissa, exponent)?;
        self.base_time = Some(seconds);
        Ok(())
    }

    fn set_time(&mut self, mantissa: i64, exponent: i32) -> Result<(), Status> {
        self.label(Label::Time)?;
        let seconds = absolute(mantissa, exponent)?;
        if let Some(base) = &self.base_time
            && !is_decimal(&(&seconds - base))
        {
            return Err(ERR_NUMBER_RANGE);
        }
        self.time = Some(seconds);
        Ok(())
    }

    fn set_ago(&mut self, mantissa: i64, exponent: i32) -> Result<(), Status> {
        self.label(Label::Time)?;
        let seconds = checked(mantissa, exponent)?;
        if seconds.is_negative() || seconds >= LIMIT {
            return Err(ERR_SENML_TIME);
        }
        // The library counts whole seconds here.
        let whole = |value: &BigDecimal| value.with_scale(0);
        let above = i32::from(whole(&seconds) != seconds);
        let base = self.base_time.clone();
        if let Some(base) = &base
            && whole(base) < whole(&seconds) + above + BigDecimal::from(LIMIT)
        {
            return Err(ERR_SENML_TIME);
        }
        self.time = Some((base.unwrap_or_else(BigDecimal::zero) - seconds).normalized());
        Ok(())
    }

    fn add(
        &mut self,
        name: Option<&str>,
        unit: Option<&str>,
        content: &Content,
    ) -> Result<(), Status> {
        let name = name.ok_or(ERR_INVALID_ARGUMENT)?;
        self.refused()?;
        if matches!(content, Content::Sum(_)) && self.labels.contains(&Label::Sum) {
            return Err(ERR_STATE);
        }
        if name.is_empty() || name.len() > 255 || !name.bytes().all(is_name_byte) {
            return Err(ERR_SENML_NAME);
        }
        if let Some(unit) = unit {
            check_unit(unit)?;
        }
        let value = match content {
            Content::Decimal(mantissa, exponent) => Given::Number(checked(*mantissa, *exponent)?),
            Content::Int(value) => Given::Number((*value).into()),
            Content::Uint(value) => Given::Number((*value).into()),
            Content::Double(value) => Given::Number(shortest(*value)?),
            Content::Float(value) if value.is_finite() => {
                Given::Number(number(zmij::Buffer::new().format_finite(*value)))
            }
            Content::Fixed(_, 21..) => return Err(ERR_INVALID_ARGUMENT),
            Content::Fixed(value, digits) if value.is_finite() => {
                Given::Number(number(&format!("{value:.*}", usize::from(*digits))))
            }
            Content::Float(_) | Content::Fixed(..) => return Err(ERR_NOT_FINITE),
            Content::Bool(value) => Given::Bool(*value),
            Content::Text(text) => {
                let text = text.as_ref().ok_or(ERR_INVALID_ARGUMENT)?;
                let text = std::str::from_utf8(text).map_err(|_| ERR_UTF8)?;
                Given::Text(text.to_owned())
            }
            Content::Data(data) => Given::Data(data.clone()),
            Content::Sum(value) => {
                self.sum = Some(numeric(*value)?);
                Given::Nothing
            }
        };
        let value = match (value, &self.base_value) {
            (Given::Number(value), Some(base)) => Given::Number((value + base).normalized()),
            (Given::Number(value), None) => Given::Number(value.normalized()),
            (value, _) => value,
        };
        let sum = match (self.sum.clone(), self.base_sum.clone()) {
            (Some(sum), Some(base)) => Some((sum + base).normalized()),
            (sum, base) => sum.or(base),
        };
        self.records.push(Resolved {
            name: format!("{}{name}", self.base_name),
            unit: unit.map(str::to_owned).or_else(|| self.base_unit.clone()),
            value,
            sum,
            time: self.time.clone().or_else(|| self.base_time.clone()),
            update_time: self.update_time.clone(),
        });
        self.close();
        Ok(())
    }
}

fn check_unit(unit: &str) -> Result<(), Status> {
    let fine = |byte: u8| (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
    if (1..=24).contains(&unit.len()) && unit.bytes().all(fine) {
        Ok(())
    } else {
        Err(ERR_SENML_UNIT)
    }
}

fn check_urn(urn: &str) -> Result<(), Status> {
    // The scripts have no other URNs that are refused.
    if urn == "urn:dev:IMEI:" || urn.len() > 96 {
        Err(ERR_URN)
    } else if urn
        .as_bytes()
        .first()
        .is_some_and(u8::is_ascii_alphanumeric)
        && urn.bytes().all(is_name_byte)
    {
        Ok(())
    } else {
        Err(ERR_SENML_NAME)
    }
}

/// One of several choices.
fn of<T: Clone>(random: &mut Rng, choices: &[T]) -> T {
    random.choice(choices).unwrap().clone()
}

fn one_in(random: &mut Rng, chances: u32) -> bool {
    random.u32(0..chances) == 0
}

fn integer(random: &mut Rng) -> i64 {
    let shift = random.u32(0..64);
    match random.u8(0..8) {
        0 => of(random, &[0, 1, -1, i64::MAX, i64::MIN, 1 << 53, 1_000_000]),
        _ => random.i64(..) >> shift,
    }
}

fn double(random: &mut Rng) -> f64 {
    match random.u8(0..8) {
        0 => of(
            random,
            &[f64::NAN, f64::INFINITY, -0.0, f64::MAX, 5e-324, 1e22],
        ),
        1..4 => f64::from_bits(random.u64(..)),
        _ => f64::from(random.i32(-20_000..20_000)) / 100.0,
    }
}

fn exponent(random: &mut Rng) -> i32 {
    match random.u8(0..24) {
        0 => of(random, &[-19, 19, i32::MAX, i32::MIN]),
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
        let limit = i64::from(of(random, &[LIMIT, u32::MAX]));
        let (scale, exponent) = of(random, &[(10, -1), (1000, -3), (1_000_000_000, -9)]);
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
        1 => return Some(of(random, &["", "a b", "\u{e9}", "a\"b"]).to_owned()),
        2 => return Some("n".repeat(random.usize(250..260))),
        _ => {}
    }
    let len = random.usize(1..12);
    let byte = |_| char::from(of(random, b"abcXYZ019-:./_"));
    Some((0..len).map(byte).collect())
}

fn unit(random: &mut Rng) -> Option<String> {
    match random.u8(0..30) {
        0 => Some(
            of(
                random,
                &["", "\"", "a\\", "\n", "0123456789012345678901234"],
            )
            .to_owned(),
        ),
        1..15 => None,
        _ => Some(of(random, &["Cel", "%RH", "m/s2", "my unit"]).to_owned()),
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
        text.extend_from_slice(of(random, &pieces).as_bytes());
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
        text.extend_from_slice(of(random, &broken));
        if random.bool() {
            text.push(b'x');
        }
    }
    Some(text)
}

fn urn(random: &mut Rng) -> Option<String> {
    match random.u8(0..20) {
        0 => None,
        1 => Some(of(random, &["", "urn:dev:IMEI:", ":a", "a b"]).to_owned()),
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
