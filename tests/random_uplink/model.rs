// SPDX-License-Identifier: MIT OR Apache-2.0
//! The meaning of a script of calls, computed without the library.

use bigdecimal::{BigDecimal, Signed, Zero};

use crate::common::{Call, Content, Number, Status};
use crate::resolve::{Given, Resolved, number};
use crate::status::{
    ERR_BUFFER_FULL, ERR_INVALID_ARGUMENT, ERR_NOT_FINITE, ERR_NUMBER_RANGE, ERR_SENML_NAME,
    ERR_SENML_TIME, ERR_SENML_UNIT, ERR_STATE, ERR_URN, ERR_UTF8, OK,
};

/// Times below are relative (RFC 8428 section 4.5.3).
pub const LIMIT: u32 = 1 << 28;

/// A label that waits for its record.
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
            return core::mem::replace(&mut self.first_failure, OK);
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
                let text = core::str::from_utf8(text).map_err(|_| ERR_UTF8)?;
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
