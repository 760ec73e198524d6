//! What a caller may put into a pack: the rules of each label, and its text.
#![forbid(unsafe_code)]

use super::{BASE_NAME, BASE_SUM, BASE_TIME, BASE_UNIT, BASE_VALUE, SUM, TIME, UPDATE_TIME};
use super::{BOOLEAN, DATA, DecimalState, Label, NUMBER, ONLY_SUM, Pack, TEXT, Write, quoted};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::number::{self, Decimal};
use crate::json::{base64, string};
use crate::senml::record::RELATIVE_TIME_LIMIT;
use crate::senml::{name, unit};

impl Pack<'_> {
    /// `bn`: names the device of the records that follow.
    pub fn set_base_name(&mut self, base_name: &[u8]) -> Result<()> {
        self.put(BASE_NAME, None, None, &mut |out| {
            name::check(base_name, b"")?;
            quoted(out, base_name);
            Ok(())
        })
    }

    /// `bt`: the moment, in seconds since 1970 (UTC), that the times of the records that follow count from.
    pub fn set_base_time(&mut self, seconds: Decimal) -> Result<()> {
        self.set_decimal(BASE_TIME, absolute(seconds))?;
        self.state.base_time = DecimalState {
            mantissa: seconds.mantissa,
            exponent: seconds.exponent,
        };
        Ok(())
    }

    /// `bu`: the unit of the records that follow and name none.
    pub fn set_base_unit(&mut self, base_unit: &[u8]) -> Result<()> {
        self.put(BASE_UNIT, None, None, &mut |out| {
            unit::check(base_unit)?;
            quoted(out, base_unit);
            Ok(())
        })
    }

    /// `bv`: what a reader adds to the values that follow.
    pub fn set_base_value(
        &mut self,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.put(BASE_VALUE, None, None, &mut write)
    }

    /// `bs`: what a reader adds to the sums that follow.
    pub fn set_base_sum(
        &mut self,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.put(BASE_SUM, None, None, &mut write)
    }

    /// `t`: when the next record was measured, in seconds since 1970 (UTC).
    pub fn set_time(&mut self, seconds: Decimal) -> Result<()> {
        let base = self.base_time();
        self.set_decimal(
            TIME,
            absolute(seconds).and_then(|seconds| difference(seconds, base)),
        )
    }

    /// `t`: how many seconds ago the next record was measured, counted from the base time when there is one, else from
    /// the moment of reception.
    ///
    /// Less than [`RELATIVE_TIME_LIMIT`], and not so long before the base time that the sum would be relative again.
    pub fn set_time_ago(&mut self, seconds: Decimal) -> Result<()> {
        let base = self.base_time();
        let checked = || {
            if seconds.mantissa < 0 || absolute(seconds).is_ok() {
                return Err(Error::SenmlTime);
            }
            if base.mantissa != 0 {
                absolute(difference(base, seconds)?)?;
            }
            let mantissa = seconds.mantissa.wrapping_neg();
            Ok(Decimal {
                mantissa,
                ..seconds
            })
        };
        self.set_decimal(TIME, checked())
    }

    /// `ut`: within how many seconds the next record is updated at the latest.
    pub fn set_update_time(&mut self, seconds: Decimal) -> Result<()> {
        let checked = if seconds.mantissa < 0 {
            Err(Error::SenmlTime)
        } else {
            Ok(seconds)
        };
        self.set_decimal(UPDATE_TIME, checked)
    }

    /// `s`: the sum that stands beside the value of the next record.
    pub fn set_sum(&mut self, mut write: impl FnMut(&mut Buf<'_>) -> Result<()>) -> Result<()> {
        self.put(SUM, None, None, &mut write)
    }

    #[inline(never)]
    fn set_decimal(&mut self, label: &Label, value: Result<Decimal>) -> Result<()> {
        self.put(label, None, None, &mut |out| {
            number::write_decimal(out, value?);
            Ok(())
        })
    }

    fn add(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        label: &Label,
        write: &mut Write<'_>,
    ) -> Result<()> {
        self.put(label, Some(name), unit, write)
    }

    /// Appends a record with a number (`v`) that `write` renders.
    pub fn add_number(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.add(name, unit, NUMBER, &mut write)
    }

    /// Appends a record with a sum (`s`) and no value.
    pub fn add_sum(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.add(name, unit, ONLY_SUM, &mut write)
    }

    /// Appends a record with a truth value (`vb`).
    pub fn add_bool(&mut self, name: &[u8], unit: Option<&[u8]>, value: bool) -> Result<()> {
        self.add(name, unit, BOOLEAN, &mut |out| {
            out.put(if value { b"true" } else { b"false" });
            Ok(())
        })
    }

    /// Appends a record with a text (`vs`) in UTF-8.
    pub fn add_text(&mut self, name: &[u8], unit: Option<&[u8]>, text: &[u8]) -> Result<()> {
        self.add(name, unit, TEXT, &mut |out| string::write(out, text))
    }

    /// Appends a record with bytes (`vd`), as base64url without padding.
    pub fn add_data(&mut self, name: &[u8], unit: Option<&[u8]>, data: &[u8]) -> Result<()> {
        self.add(name, unit, DATA, &mut |out| write_data(out, data))
    }
}

/// Bytes as the string that `vd` wants.
pub fn write_data(out: &mut Buf<'_>, data: &[u8]) -> Result<()> {
    out.put_byte(b'"');
    base64::write(out, data);
    out.put_byte(b'"');
    Ok(())
}

/// A time that SenML does not take as relative to now.
fn absolute(seconds: Decimal) -> Result<Decimal> {
    if seconds.reaches(RELATIVE_TIME_LIMIT) {
        Ok(seconds)
    } else {
        Err(Error::SenmlTime)
    }
}

fn difference(a: Decimal, b: Decimal) -> Result<Decimal> {
    a.checked_sub(b).ok_or(Error::NumberRange)
}
