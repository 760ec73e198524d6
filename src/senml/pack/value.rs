//! What can be put into a pack: a label with its value, and the function that writes it.
//!
//! A function pointer per kind, so that a firmware links only the kinds that it uses: no float code without a float.
#![forbid(unsafe_code)]

use super::label::{self, Label};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::{base64, string};
use crate::number::{self, Decimal};
use crate::senml::record::RELATIVE_TIME_LIMIT;
use crate::senml::{name, unit};

/// Largest exponent of a decimal; the smallest is its negative.
pub const EXPONENT_MAX: i32 = 18;

/// One kind of value under one label.
pub struct Kind {
    pub(super) label: &'static Label,
    write: Write,
}

/// The last argument is the base time of the pack.
type Write = fn(&mut Buf<'_>, &Value<'_>, &Decimal) -> Result<()>;

impl Kind {
    /// A kind of one's own.
    pub const fn new(label: &'static Label, write: Write) -> Self {
        Self { label, write }
    }

    /// The label under which it is written.
    pub const fn label(&self) -> &'static Label {
        self.label
    }
}

/// A value and its kind. One struct for all kinds, so that what surrounds a value is compiled once.
pub struct Value<'a> {
    kind: &'a Kind,
    /// A decimal. An integer or the bits of a double are its mantissa; decimals, a truth value or the bits of a float its exponent.
    number: Decimal,
    /// A text or data; `None` is refused where it is written.
    bytes: Option<&'a [u8]>,
}

impl<'a> Value<'a> {
    /// A number.
    pub const fn number(kind: &'a Kind, mantissa: i64, exponent: i32) -> Self {
        Self {
            kind,
            number: Decimal { mantissa, exponent },
            bytes: None,
        }
    }

    /// A text or data.
    pub const fn bytes(kind: &'a Kind, bytes: Option<&'a [u8]>) -> Self {
        Self {
            kind,
            number: Decimal {
                mantissa: 0,
                exponent: 0,
            },
            bytes,
        }
    }

    /// Gives it its text or data.
    pub const fn set_bytes(&mut self, bytes: Option<&'a [u8]>) {
        self.bytes = bytes;
    }

    /// `v`: `mantissa` × 10^`exponent`.
    pub const fn decimal(mantissa: i64, exponent: i32) -> Self {
        Self::number(DECIMAL, mantissa, exponent)
    }

    /// `v`: a signed integer.
    pub const fn int(value: i64) -> Self {
        Self::number(SIGNED, value, 0)
    }

    /// `v`: an unsigned integer.
    pub const fn uint(value: u64) -> Self {
        Self::number(UNSIGNED, value.cast_signed(), 0)
    }

    /// `v`: the shortest text that reads back as this double.
    pub const fn double(value: f64) -> Self {
        Self::number(DOUBLE, value.to_bits().cast_signed(), 0)
    }

    /// `v`: the shortest text that reads back as this float.
    pub const fn float(value: f32) -> Self {
        Self::number(FLOAT, 0, value.to_bits().cast_signed())
    }

    /// `vb`
    pub fn bool(value: bool) -> Self {
        Self::number(BOOLEAN, 0, value.into())
    }

    /// `vs`
    pub const fn text(text: &'a [u8]) -> Self {
        Self::bytes(TEXT, Some(text))
    }

    /// `vd`
    pub const fn data(data: &'a [u8]) -> Self {
        Self::bytes(DATA, Some(data))
    }

    /// `v`: a number that is JSON text already.
    pub const fn json_number(text: &'a [u8]) -> Self {
        Self::bytes(JSON_NUMBER, Some(text))
    }

    /// `s` and no value: a number that is JSON text already.
    pub const fn json_sum(text: &'a [u8]) -> Self {
        Self::bytes(ONLY_SUM_JSON_NUMBER, Some(text))
    }

    pub(super) const fn label(&self) -> &'static Label {
        self.kind.label
    }

    /// What of a pack it is about.
    pub const fn part(&self) -> label::Part {
        self.kind.label.part
    }

    /// Writes the value without its label.
    pub fn write(&self, out: &mut Buf<'_>, base_time: &Decimal) -> Result<()> {
        (self.kind.write)(out, self, base_time)
    }

    fn bits(&self) -> u64 {
        self.number.mantissa.cast_unsigned()
    }

    /// The bytes; `INVALID_ARGUMENT` when there are none.
    pub fn get(&self) -> Result<&[u8]> {
        self.bytes.ok_or(Error::INVALID_ARGUMENT)
    }

    fn check_exponent(&self) -> Result<()> {
        check_exponent(self.number.exponent)
    }
}

/// `v`
pub const DECIMAL: &Kind = &Kind::new(label::NUMBER, put_number);
/// `s` and no value
pub const ONLY_SUM_DECIMAL: &Kind = &Kind::new(label::ONLY_SUM, put_number);
/// `s`
pub const SUM_DECIMAL: &Kind = &Kind::new(label::SUM, put_number);
/// `bv`
pub const BASE_VALUE_DECIMAL: &Kind = &Kind::new(label::BASE_VALUE, put_number);
/// `bs`
pub const BASE_SUM_DECIMAL: &Kind = &Kind::new(label::BASE_SUM, put_number);

/// `v`
pub const DOUBLE: &Kind = &Kind::new(label::NUMBER, put_double);
/// `s` and no value
pub const ONLY_SUM_DOUBLE: &Kind = &Kind::new(label::ONLY_SUM, put_double);
/// `s`
pub const SUM_DOUBLE: &Kind = &Kind::new(label::SUM, put_double);
/// `bv`
pub const BASE_VALUE_DOUBLE: &Kind = &Kind::new(label::BASE_VALUE, put_double);
/// `bs`
pub const BASE_SUM_DOUBLE: &Kind = &Kind::new(label::BASE_SUM, put_double);

/// `v`
pub const SIGNED: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    number::write_i64(out, value.number.mantissa);
    Ok(())
});
/// `v`
pub const UNSIGNED: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    number::write_u64(out, value.bits());
    Ok(())
});
/// `v`
pub const FLOAT: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    number::write_f32(out, f32::from_bits(value.number.exponent.cast_unsigned()))
});
/// `v`
pub const FIXED: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    let decimals = u8::try_from(value.number.exponent).unwrap_or(u8::MAX);
    number::write_f64_fixed(out, f64::from_bits(value.bits()), decimals)
});
/// `v`
pub const JSON_NUMBER: &Kind = &Kind::new(label::NUMBER, put_json_number);
/// `s` and no value
pub const ONLY_SUM_JSON_NUMBER: &Kind = &Kind::new(label::ONLY_SUM, put_json_number);
/// `vb`
pub const BOOLEAN: &Kind = &Kind::new(label::BOOLEAN, |out, value, _| {
    out.put(match value.number.exponent {
        0 => b"false",
        _ => b"true",
    });
    Ok(())
});
/// `vs`
pub const TEXT: &Kind = &Kind::new(label::TEXT, |out, value, _| {
    string::write(out, value.get()?)
});
/// `vd`
pub const DATA: &Kind = &Kind::new(label::DATA, |out, value, _| {
    out.put_byte(b'"');
    base64::write(out, value.get()?);
    out.put_byte(b'"');
    Ok(())
});

/// `t`: when the next record was measured, in seconds since 1970 (UTC).
pub const TIME: &Kind = &Kind::new(label::TIME, |out, value, base| {
    value.check_exponent()?;
    check_absolute(&value.number)?;
    let since = value.number.checked_sub(*base).ok_or(Error::NUMBER_RANGE)?;
    number::write_decimal(out, since);
    Ok(())
});
/// `t`: how many seconds ago the next record was measured, counted from the base time when there is one, else from the
/// moment of reception. Less than `RELATIVE_TIME_LIMIT`, and not so long before the base time that the sum would be relative again.
pub const TIME_AGO: &Kind = &Kind::new(label::TIME, |out, value, base| {
    value.check_exponent()?;
    let seconds = &value.number;
    if seconds.mantissa < 0 || check_absolute(seconds).is_ok() {
        return Err(Error::SENML_TIME);
    }
    // A base time with a fraction counts without it, and one of the seconds counts whole: no sum of the two is needed.
    if base.mantissa != 0 && !base.reaches(RELATIVE_TIME_LIMIT.wrapping_add(seconds.ceil())) {
        return Err(Error::SENML_TIME);
    }
    let since = Decimal {
        mantissa: seconds.mantissa.wrapping_neg(),
        exponent: seconds.exponent,
    };
    number::write_decimal(out, since);
    Ok(())
});
/// `ut`: within how many seconds the next record is updated at the latest.
pub const UPDATE_TIME: &Kind = &Kind::new(label::UPDATE_TIME, |out, value, _| {
    value.check_exponent()?;
    if value.number.mantissa < 0 {
        return Err(Error::SENML_TIME);
    }
    number::write_decimal(out, value.number);
    Ok(())
});

/// `bn`, checked by the caller already.
pub(super) const CHECKED_BASE_NAME: &Kind = &Kind::new(label::BASE_NAME, |out, value, _| {
    put_text(out, value.get()?);
    Ok(())
});
/// `bn`
pub const BASE_NAME: &Kind = &Kind::new(label::BASE_NAME, write_base_name);
/// `bt`: the moment, in seconds since 1970 (UTC), that the times of the records that follow count from.
pub const BASE_TIME: &Kind = &Kind::new(label::BASE_TIME, |out, value, base| {
    value.check_exponent()?;
    check_absolute(&value.number)?;
    put_number(out, value, base)
});
/// `bu`: the unit of the records that follow and name none.
pub const BASE_UNIT: &Kind = &Kind::new(label::BASE_UNIT, |out, value, _| {
    let unit = value.get()?;
    unit::check(unit)?;
    put_text(out, unit);
    Ok(())
});

/// What `bn` wants.
pub fn write_base_name(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    let base_name = value.get()?;
    name::check(base_name, b"")?;
    put_text(out, base_name);
    Ok(())
}

#[inline(never)]
fn put_number(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    value.check_exponent()?;
    number::write_decimal(out, value.number);
    Ok(())
}

fn put_double(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    number::write_f64(out, f64::from_bits(value.bits()))
}

fn put_json_number(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    out.put(value.get()?);
    Ok(())
}

/// Writes a text behind a label that has its opening quote. Names and units have no character that JSON would escape.
fn put_text(out: &mut Buf<'_>, text: &[u8]) {
    out.put(text);
    out.put_byte(b'"');
}

fn check_exponent(exponent: i32) -> Result<()> {
    if (-EXPONENT_MAX..=EXPONENT_MAX).contains(&exponent) {
        Ok(())
    } else {
        Err(Error::INVALID_ARGUMENT)
    }
}

/// Refuses a time that SenML takes as relative to now, which `bt` cannot be.
fn check_absolute(seconds: &Decimal) -> Result<()> {
    if seconds.reaches(RELATIVE_TIME_LIMIT) {
        Ok(())
    } else {
        Err(Error::SENML_TIME)
    }
}
