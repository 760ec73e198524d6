// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can be put into a pack: a value under its label.
//!
//! One function pointer per kind, so that a firmware links only the kinds it uses: no float code without a float.
#![forbid(unsafe_code)]

use super::label::{self, Label, Part};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::{base64, string};
use crate::number::{self, Decimal};
use crate::senml::record::{ABSOLUTE_TIME_END, RELATIVE_TIME_LIMIT};
use crate::senml::{name, unit};

/// Largest exponent of a decimal; the smallest is its negative.
pub const EXPONENT_MAX: i32 = 18;

/// One kind of value under one label.
pub struct Kind {
    label: &'static Label,
    write: Write,
}

/// The last argument is the base time of the pack.
type Write = fn(&mut Buf<'_>, &Value<'_>, &Decimal) -> Result<()>;

impl Kind {
    /// A kind of the caller's own.
    pub const fn new(label: &'static Label, write: Write) -> Self {
        Self { label, write }
    }
}

/// A number or truth value in the two words that all kinds share. Each function that stores a type has one beside it that takes it out.
///
/// Not an enum: each kind knows which of these it holds and need not ask.
#[derive(Clone, Copy)]
struct Scalar {
    wide: i64,
    narrow: i32,
}

impl Scalar {
    const fn of_decimal(mantissa: i64, exponent: i32) -> Self {
        Self {
            wide: mantissa,
            narrow: exponent,
        }
    }

    const fn decimal(self) -> Decimal {
        Decimal {
            mantissa: self.wide,
            exponent: self.narrow,
        }
    }

    const fn of_int(value: i64) -> Self {
        Self::of_decimal(value, 0)
    }

    const fn int(self) -> i64 {
        self.wide
    }

    const fn of_uint(value: u64) -> Self {
        Self::of_int(value.cast_signed())
    }

    const fn uint(self) -> u64 {
        self.wide.cast_unsigned()
    }

    const fn of_fixed(value: f64, fraction_digits: u8) -> Self {
        Self {
            wide: value.to_bits().cast_signed(),
            narrow: fraction_digits as i32,
        }
    }

    fn fixed(self) -> (f64, u8) {
        let fraction_digits = u8::try_from(self.narrow).unwrap_or(u8::MAX);
        (self.double(), fraction_digits)
    }

    const fn of_double(value: f64) -> Self {
        Self::of_fixed(value, 0)
    }

    const fn double(self) -> f64 {
        f64::from_bits(self.uint())
    }

    const fn of_float(value: f32) -> Self {
        Self::of_decimal(0, value.to_bits().cast_signed())
    }

    const fn float(self) -> f32 {
        f32::from_bits(self.narrow.cast_unsigned())
    }

    const fn of_bool(value: bool) -> Self {
        Self::of_decimal(0, value as i32)
    }

    const fn bool(self) -> bool {
        self.narrow != 0
    }
}

/// A value and its kind. One struct for all kinds, so that the code around a value is compiled once.
#[derive(Clone, Copy)]
pub struct Value<'a> {
    kind: &'a Kind,
    scalar: Scalar,
    /// A text or data; `None` is refused when it is written.
    bytes: Option<&'a [u8]>,
}

/// Values of a record.
impl<'a> Value<'a> {
    /// `v`: `mantissa` × 10^`exponent`.
    pub const fn decimal(mantissa: i64, exponent: i32) -> Self {
        Self::scalar(DECIMAL, Scalar::of_decimal(mantissa, exponent))
    }

    /// `v`: a signed integer.
    pub const fn int(value: i64) -> Self {
        Self::scalar(INT, Scalar::of_int(value))
    }

    /// `v`: an unsigned integer.
    pub const fn uint(value: u64) -> Self {
        Self::scalar(UINT, Scalar::of_uint(value))
    }

    /// `v`: the shortest text that reads back as this double.
    pub const fn double(value: f64) -> Self {
        Self::scalar(DOUBLE, Scalar::of_double(value))
    }

    /// `v`: the shortest text that reads back as this float.
    pub const fn float(value: f32) -> Self {
        Self::scalar(FLOAT, Scalar::of_float(value))
    }

    /// `v`: a double with this many decimals, correctly rounded.
    pub const fn fixed(value: f64, fraction_digits: u8) -> Self {
        Self::scalar(FIXED, Scalar::of_fixed(value, fraction_digits))
    }

    /// `v`: a number that already is JSON text.
    pub(crate) const fn json_number(text: &'a [u8]) -> Self {
        Self::bytes(JSON_NUMBER, Some(text))
    }

    /// `vb`
    pub const fn bool(value: bool) -> Self {
        Self::scalar(BOOL, Scalar::of_bool(value))
    }

    /// `vs`: a text in UTF-8.
    pub const fn text(text: &'a [u8]) -> Self {
        Self::bytes(TEXT, Some(text))
    }

    /// `vd`
    pub const fn data(data: &'a [u8]) -> Self {
        Self::bytes(DATA, Some(data))
    }

    /// `s` and no value: `mantissa` × 10^`exponent`.
    pub const fn sum(mantissa: i64, exponent: i32) -> Self {
        const KIND: &Kind = &Kind::new(label::ONLY_SUM, put_number);
        Self::scalar(KIND, Scalar::of_decimal(mantissa, exponent))
    }

    /// `s` and no value: a number that already is JSON text.
    pub(crate) const fn json_sum(text: &'a [u8]) -> Self {
        const KIND: &Kind = &Kind::new(label::ONLY_SUM, put_json_number);
        Self::bytes(KIND, Some(text))
    }

    /// `s` and no value, as a double.
    pub const fn sum_double(value: f64) -> Self {
        const KIND: &Kind = &Kind::new(label::ONLY_SUM, put_double);
        Self::scalar(KIND, Scalar::of_double(value))
    }
}

/// Labels that the next record has besides its value.
impl Value<'_> {
    /// `t`: when it was measured, in seconds since 1970 (UTC).
    pub const fn time(mantissa: i64, exponent: i32) -> Self {
        Self::scalar(TIME, Scalar::of_decimal(mantissa, exponent))
    }

    /// `t`: how many seconds ago it was measured, relative to the base time if there is one, otherwise to the moment of reception. Less
    /// than `RELATIVE_TIME_LIMIT`, and not so long before the base time that the sum would itself be a relative time.
    pub const fn time_ago(mantissa: i64, exponent: i32) -> Self {
        Self::scalar(TIME_AGO, Scalar::of_decimal(mantissa, exponent))
    }

    /// `ut`: the next value follows within this many seconds.
    pub const fn update_time(mantissa: i64, exponent: i32) -> Self {
        Self::scalar(UPDATE_TIME, Scalar::of_decimal(mantissa, exponent))
    }

    /// `s` in addition to a value.
    pub const fn with_sum(mantissa: i64, exponent: i32) -> Self {
        const KIND: &Kind = &Kind::new(label::SUM, put_number);
        Self::scalar(KIND, Scalar::of_decimal(mantissa, exponent))
    }

    /// `s` in addition to a value, as a double.
    pub const fn with_sum_double(value: f64) -> Self {
        const KIND: &Kind = &Kind::new(label::SUM, put_double);
        Self::scalar(KIND, Scalar::of_double(value))
    }
}

/// Base fields, which hold for all records that follow.
impl<'a> Value<'a> {
    /// `bn`
    pub const fn base_name(name: &'a [u8]) -> Self {
        Self::bytes(BASE_NAME, Some(name))
    }

    /// `bn` that is already known to be a name.
    pub(super) const fn checked_base_name(name: &'a [u8]) -> Self {
        Self::bytes(CHECKED_BASE_NAME, Some(name))
    }

    /// `bt`: the moment that the times of the records are relative to, in seconds since 1970 (UTC).
    pub const fn base_time(mantissa: i64, exponent: i32) -> Self {
        Self::scalar(BASE_TIME, Scalar::of_decimal(mantissa, exponent))
    }

    /// `bu`: the unit of records that name none.
    pub const fn base_unit(unit: &'a [u8]) -> Self {
        Self::bytes(BASE_UNIT, Some(unit))
    }

    /// `bv`
    pub const fn base_value(mantissa: i64, exponent: i32) -> Self {
        const KIND: &Kind = &Kind::new(label::BASE_VALUE, put_number);
        Self::scalar(KIND, Scalar::of_decimal(mantissa, exponent))
    }

    /// `bv`, as a double.
    pub const fn base_value_double(value: f64) -> Self {
        const KIND: &Kind = &Kind::new(label::BASE_VALUE, put_double);
        Self::scalar(KIND, Scalar::of_double(value))
    }

    /// `bs`
    pub const fn base_sum(mantissa: i64, exponent: i32) -> Self {
        const KIND: &Kind = &Kind::new(label::BASE_SUM, put_number);
        Self::scalar(KIND, Scalar::of_decimal(mantissa, exponent))
    }

    /// `bs`, as a double.
    pub const fn base_sum_double(value: f64) -> Self {
        const KIND: &Kind = &Kind::new(label::BASE_SUM, put_double);
        Self::scalar(KIND, Scalar::of_double(value))
    }
}

impl<'a> Value<'a> {
    const fn scalar(kind: &'a Kind, scalar: Scalar) -> Self {
        Self {
            kind,
            scalar,
            bytes: None,
        }
    }

    /// A text or data of this kind; without bytes it is refused when it is written.
    pub const fn bytes(kind: &'a Kind, bytes: Option<&'a [u8]>) -> Self {
        Self {
            kind,
            scalar: Scalar::of_int(0),
            bytes,
        }
    }

    pub(super) const fn label(&self) -> &'static Label {
        self.kind.label
    }

    /// The part of a pack that it is about.
    pub const fn part(&self) -> Part {
        self.kind.label.part
    }

    /// The number, for a kind that is a decimal.
    pub(super) const fn number(&self) -> Decimal {
        self.scalar.decimal()
    }

    /// Writes the value without its label.
    pub fn write(&self, out: &mut Buf<'_>, base_time: &Decimal) -> Result<()> {
        (self.kind.write)(out, self, base_time)
    }

    /// The bytes; `INVALID_ARGUMENT` if there are none.
    pub fn get(&self) -> Result<&[u8]> {
        self.bytes.ok_or(Error::INVALID_ARGUMENT)
    }

    /// The number, if its exponent is within the limits.
    fn checked_decimal(&self) -> Result<Decimal> {
        let decimal = self.number();
        check_exponent(decimal.exponent)?;
        Ok(decimal)
    }
}

const DECIMAL: &Kind = &Kind::new(label::NUMBER, put_number);
const DOUBLE: &Kind = &Kind::new(label::NUMBER, put_double);
const INT: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    number::write_i64(out, value.scalar.int());
    Ok(())
});
const UINT: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    number::write_u64(out, value.scalar.uint());
    Ok(())
});
const FLOAT: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    number::write_f32(out, value.scalar.float())
});
const FIXED: &Kind = &Kind::new(label::NUMBER, |out, value, _| {
    let (value, fraction_digits) = value.scalar.fixed();
    number::write_f64_fixed(out, value, fraction_digits)
});
const JSON_NUMBER: &Kind = &Kind::new(label::NUMBER, put_json_number);
const BOOL: &Kind = &Kind::new(label::BOOLEAN, |out, value, _| {
    out.put(if value.scalar.bool() {
        b"true"
    } else {
        b"false"
    });
    Ok(())
});
/// `vs`, for [`Value::bytes`].
pub const TEXT: &Kind = &Kind::new(label::TEXT, |out, value, _| {
    string::write(out, value.get()?)
});
/// `vd`, for [`Value::bytes`].
pub const DATA: &Kind = &Kind::new(label::DATA, |out, value, _| {
    out.put_byte(b'"');
    base64::write(out, value.get()?);
    out.put_byte(b'"');
    Ok(())
});

const TIME: &Kind = &Kind::new(label::TIME, |out, value, base| {
    let seconds = value.checked_decimal()?;
    check_absolute(&seconds)?;
    let since = seconds.checked_sub(*base).ok_or(Error::NUMBER_RANGE)?;
    number::write_decimal(out, since);
    Ok(())
});
const TIME_AGO: &Kind = &Kind::new(label::TIME, |out, value, base| {
    let seconds = value.checked_decimal()?;
    let [whole, started] = seconds.floor_and_ceil();
    if seconds.mantissa < 0 || whole >= RELATIVE_TIME_LIMIT {
        return Err(Error::SENML_TIME);
    }
    // The base time counts without its fraction, and an age with a fraction counts a whole second more: no exact difference is needed.
    let [base_whole, _] = base.floor_and_ceil();
    if base.mantissa != 0 && base_whole < RELATIVE_TIME_LIMIT + started {
        return Err(Error::SENML_TIME);
    }
    let since = Decimal {
        mantissa: -seconds.mantissa,
        exponent: seconds.exponent,
    };
    number::write_decimal(out, since);
    Ok(())
});
const UPDATE_TIME: &Kind = &Kind::new(label::UPDATE_TIME, |out, value, _| {
    let seconds = value.checked_decimal()?;
    if seconds.mantissa < 0 {
        return Err(Error::SENML_TIME);
    }
    number::write_decimal(out, seconds);
    Ok(())
});

const CHECKED_BASE_NAME: &Kind = &Kind::new(label::BASE_NAME, |out, value, _| {
    put_text(out, value.get()?);
    Ok(())
});
const BASE_NAME: &Kind = &Kind::new(label::BASE_NAME, write_base_name);
const BASE_TIME: &Kind = &Kind::new(label::BASE_TIME, |out, value, base| {
    check_absolute(&value.checked_decimal()?)?;
    put_number(out, value, base)
});
/// `bu`, for [`Value::bytes`].
pub const BASE_UNIT: &Kind = &Kind::new(label::BASE_UNIT, |out, value, _| {
    let unit = value.get()?;
    unit::check(unit)?;
    put_text(out, unit);
    Ok(())
});

/// Checks and writes the value of `bn`, for a kind that demands more than a name.
pub fn write_base_name(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    let base_name = value.get()?;
    name::check(base_name, b"")?;
    put_text(out, base_name);
    Ok(())
}

#[inline(never)]
fn put_number(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    number::write_decimal(out, value.checked_decimal()?);
    Ok(())
}

fn put_double(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    number::write_f64(out, value.scalar.double())
}

fn put_json_number(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    out.put(value.get()?);
    Ok(())
}

/// Writes a text after a label that contains its opening quote. Names and units contain no character that JSON escapes.
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

/// Refuses a time that SenML takes as relative to now, which `bt` must not be, and one that can hardly be in seconds.
fn check_absolute(seconds: &Decimal) -> Result<()> {
    let [whole, _] = seconds.floor_and_ceil();
    if (RELATIVE_TIME_LIMIT..ABSOLUTE_TIME_END).contains(&whole) {
        Ok(())
    } else {
        Err(Error::SENML_TIME)
    }
}
