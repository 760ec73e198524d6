//! What a caller may put into a pack: the rules of each label, and its text.
#![forbid(unsafe_code)]

use super::{BASE_NAME, BASE_SUM, BASE_TIME, BASE_UNIT, BASE_VALUE, SUM, TIME, UPDATE_TIME};
use super::{BOOLEAN, DATA, Label, NUMBER, ONLY_SUM, Pack, Render, TEXT, put_text};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::number::{self, Decimal};
use crate::json::{base64, string};
use crate::senml::record::RELATIVE_TIME_LIMIT;
use crate::senml::{name, unit};

impl Pack<'_> {
    /// `bn`: names the device of the records that follow.
    pub fn set_base_name(&mut self, base_name: &[u8]) -> Result<()> {
        self.put(
            BASE_NAME,
            None,
            None,
            &mut |out: &mut Buf<'_>, _: &Decimal| write_base_name(out, base_name),
        )
    }

    /// `bt`: the moment, in seconds since 1970 (UTC), that the times of the records that follow count from.
    pub fn set_base_time(&mut self, seconds: Decimal) -> Result<()> {
        self.put(
            BASE_TIME,
            None,
            None,
            &mut |out: &mut Buf<'_>, _: &Decimal| {
                check_absolute(&seconds)?;
                number::write_decimal(out, seconds);
                Ok(())
            },
        )?;
        self.state.keep_base_time(seconds);
        Ok(())
    }

    /// `bu`: the unit of the records that follow and name none.
    pub fn set_base_unit(&mut self, base_unit: &[u8]) -> Result<()> {
        self.put(
            BASE_UNIT,
            None,
            None,
            &mut |out: &mut Buf<'_>, _: &Decimal| write_base_unit(out, base_unit),
        )
    }

    /// `bv`: what a reader adds to the values that follow.
    pub fn set_base_value(
        &mut self,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.put(
            BASE_VALUE,
            None,
            None,
            &mut |out: &mut Buf<'_>, _: &Decimal| write(out),
        )
    }

    /// `bs`: what a reader adds to the sums that follow.
    pub fn set_base_sum(
        &mut self,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.put(
            BASE_SUM,
            None,
            None,
            &mut |out: &mut Buf<'_>, _: &Decimal| write(out),
        )
    }

    /// `t`: when the next record was measured, in seconds since 1970 (UTC).
    pub fn set_time(&mut self, seconds: Decimal) -> Result<()> {
        self.put(
            TIME,
            None,
            None,
            &mut |out: &mut Buf<'_>, base: &Decimal| write_time(out, &seconds, base),
        )
    }

    /// `t`: how many seconds ago the next record was measured, counted from the base time when there is one, else from
    /// the moment of reception.
    ///
    /// Less than [`RELATIVE_TIME_LIMIT`], and not so long before the base time that the sum would be relative again.
    pub fn set_time_ago(&mut self, seconds: Decimal) -> Result<()> {
        self.put(
            TIME,
            None,
            None,
            &mut |out: &mut Buf<'_>, base: &Decimal| write_time_ago(out, &seconds, base),
        )
    }

    /// `ut`: within how many seconds the next record is updated at the latest.
    pub fn set_update_time(&mut self, seconds: Decimal) -> Result<()> {
        self.put(
            UPDATE_TIME,
            None,
            None,
            &mut |out: &mut Buf<'_>, _: &Decimal| write_update_time(out, &seconds),
        )
    }

    /// `s`: the sum that stands beside the value of the next record.
    pub fn set_sum(&mut self, mut write: impl FnMut(&mut Buf<'_>) -> Result<()>) -> Result<()> {
        self.put(SUM, None, None, &mut |out: &mut Buf<'_>, _: &Decimal| {
            write(out)
        })
    }

    fn add(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        label: &Label,
        value: &mut dyn Render,
    ) -> Result<()> {
        self.put(label, Some(name), unit, value)
    }

    /// Appends a record with a number (`v`) that `write` renders.
    pub fn add_number(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.add(name, unit, NUMBER, &mut |out: &mut Buf<'_>, _: &Decimal| {
            write(out)
        })
    }

    /// Appends a record with a sum (`s`) and no value.
    pub fn add_sum(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        mut write: impl FnMut(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        self.add(
            name,
            unit,
            ONLY_SUM,
            &mut |out: &mut Buf<'_>, _: &Decimal| write(out),
        )
    }

    /// Appends a record with a truth value (`vb`).
    pub fn add_bool(&mut self, name: &[u8], unit: Option<&[u8]>, value: bool) -> Result<()> {
        self.add(
            name,
            unit,
            BOOLEAN,
            &mut |out: &mut Buf<'_>, _: &Decimal| {
                out.put(if value { b"true" } else { b"false" });
                Ok(())
            },
        )
    }

    /// Appends a record with a text (`vs`) in UTF-8.
    pub fn add_text(&mut self, name: &[u8], unit: Option<&[u8]>, text: &[u8]) -> Result<()> {
        self.add(name, unit, TEXT, &mut |out: &mut Buf<'_>, _: &Decimal| {
            string::write(out, text)
        })
    }

    /// Appends a record with bytes (`vd`), as base64url without padding.
    pub fn add_data(&mut self, name: &[u8], unit: Option<&[u8]>, data: &[u8]) -> Result<()> {
        self.add(name, unit, DATA, &mut |out: &mut Buf<'_>, _: &Decimal| {
            write_data(out, data)
        })
    }
}

/// Bytes as the string that `vd` wants.
pub fn write_data(out: &mut Buf<'_>, data: &[u8]) -> Result<()> {
    out.put_byte(b'"');
    base64::write(out, data);
    out.put_byte(b'"');
    Ok(())
}

/// What `bn` wants.
pub fn write_base_name(out: &mut Buf<'_>, base_name: &[u8]) -> Result<()> {
    name::check(base_name, b"")?;
    put_text(out, base_name);
    Ok(())
}

/// What `bu` wants.
pub fn write_base_unit(out: &mut Buf<'_>, base_unit: &[u8]) -> Result<()> {
    unit::check(base_unit)?;
    put_text(out, base_unit);
    Ok(())
}

/// What `t` wants for a moment, as [`Pack::set_time`] says.
pub fn write_time(out: &mut Buf<'_>, seconds: &Decimal, base: &Decimal) -> Result<()> {
    check_absolute(seconds)?;
    let since = seconds.checked_sub(*base).ok_or(Error::NumberRange)?;
    number::write_decimal(out, since);
    Ok(())
}

/// What `t` wants for seconds ago, as [`Pack::set_time_ago`] says.
#[expect(
    clippy::inline_always,
    reason = "both numbers would be copied for the call: 24 bytes of flash"
)]
#[inline(always)]
pub fn write_time_ago(out: &mut Buf<'_>, seconds: &Decimal, base: &Decimal) -> Result<()> {
    if seconds.mantissa < 0 || check_absolute(seconds).is_ok() {
        return Err(Error::SenmlTime);
    }
    let since = Decimal {
        mantissa: seconds.mantissa.wrapping_neg(),
        exponent: seconds.exponent,
    };
    // A base time with a fraction counts without it, and one of the seconds counts whole: no sum of the two is needed.
    if base.mantissa != 0 && !base.reaches(RELATIVE_TIME_LIMIT.wrapping_add(seconds.ceil())) {
        return Err(Error::SenmlTime);
    }
    number::write_decimal(out, since);
    Ok(())
}

/// What `ut` wants.
pub fn write_update_time(out: &mut Buf<'_>, seconds: &Decimal) -> Result<()> {
    if seconds.mantissa < 0 {
        return Err(Error::SenmlTime);
    }
    number::write_decimal(out, *seconds);
    Ok(())
}

/// Refuses a time that SenML takes as relative to now, which `bt` cannot be.
pub fn check_absolute(seconds: &Decimal) -> Result<()> {
    if seconds.reaches(RELATIVE_TIME_LIMIT) {
        Ok(())
    } else {
        Err(Error::SenmlTime)
    }
}
