//! What a record or a label can have as its value.

use super::KPN_EXPONENT_MAX;
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::ffi::ptr::Bytes;
use crate::json::number::{self, Decimal};
use crate::json::string;
use crate::senml::pack::{self, Label, Render};
use crate::things::urn;

/// What is added to a pack, and how its value is written: a function pointer, so that only the kinds that are called are
/// linked.
pub(super) struct Kind {
    label: &'static Label,
    write: Write,
}

/// The last argument is the base time of the pack.
type Write = fn(&mut Buf<'_>, &Value<'_>, &Decimal) -> Result<()>;

/// A value as C gave it. Plain fields for all kinds, so that what surrounds a value is compiled once.
pub(super) struct Value<'a> {
    /// In the mantissa also an integer without sign, or the bits of a double, whose decimals are the exponent; in the exponent
    /// also the bits of a float, or a truth value.
    pub number: Decimal,
    /// The bytes of a text or of data. Those that are not there are refused where the value is written, so that the pack takes
    /// note.
    pub bytes: Bytes<'a>,
    pub kind: &'a Kind,
}

impl Value<'_> {
    pub(super) const fn label(&self) -> &'static Label {
        self.kind.label
    }

    fn bits(&self) -> u64 {
        self.number.mantissa.cast_unsigned()
    }

    fn bytes(&self) -> Result<&[u8]> {
        self.bytes.get().ok_or(Error::InvalidArgument)
    }

    fn check_exponent(&self) -> Result<()> {
        check_exponent(self.number.exponent)
    }
}

impl Render for Value<'_> {
    fn render(&mut self, out: &mut Buf<'_>, base_time: &Decimal) -> Result<()> {
        (self.kind.write)(out, self, base_time)
    }
}

const fn kind(label: &'static Label, write: Write) -> Kind {
    Kind { label, write }
}

pub(super) const DECIMAL: &Kind = &kind(pack::NUMBER, put_number);
pub(super) const ONLY_SUM_DECIMAL: &Kind = &kind(pack::ONLY_SUM, put_number);
pub(super) const SUM_DECIMAL: &Kind = &kind(pack::SUM, put_number);
pub(super) const BASE_VALUE_DECIMAL: &Kind = &kind(pack::BASE_VALUE, put_number);
pub(super) const BASE_SUM_DECIMAL: &Kind = &kind(pack::BASE_SUM, put_number);

pub(super) const DOUBLE: &Kind = &kind(pack::NUMBER, put_double);
pub(super) const ONLY_SUM_DOUBLE: &Kind = &kind(pack::ONLY_SUM, put_double);
pub(super) const SUM_DOUBLE: &Kind = &kind(pack::SUM, put_double);
pub(super) const BASE_VALUE_DOUBLE: &Kind = &kind(pack::BASE_VALUE, put_double);
pub(super) const BASE_SUM_DOUBLE: &Kind = &kind(pack::BASE_SUM, put_double);

pub(super) const SIGNED: &Kind = &kind(pack::NUMBER, |out, value, _| {
    number::write_i64(out, value.number.mantissa);
    Ok(())
});
pub(super) const UNSIGNED: &Kind = &kind(pack::NUMBER, |out, value, _| {
    number::write_u64(out, value.bits());
    Ok(())
});
pub(super) const FLOAT: &Kind = &kind(pack::NUMBER, |out, value, _| {
    number::write_f32(out, f32::from_bits(value.number.exponent.cast_unsigned()))
});
pub(super) const FIXED: &Kind = &kind(pack::NUMBER, |out, value, _| {
    let decimals = u8::try_from(value.number.exponent).unwrap_or(u8::MAX);
    number::write_f64_fixed(out, f64::from_bits(value.bits()), decimals)
});
pub(super) const BOOLEAN: &Kind = &kind(pack::BOOLEAN, |out, value, _| {
    out.put(match value.number.exponent {
        0 => b"false",
        _ => b"true",
    });
    Ok(())
});
pub(super) const TEXT: &Kind = &kind(pack::TEXT, |out, value, _| {
    string::write(out, value.bytes()?)
});
pub(super) const DATA: &Kind = &kind(pack::DATA, |out, value, _| {
    pack::write_data(out, value.bytes()?)
});

pub(super) const TIME: &Kind = &kind(pack::TIME, |out, value, base| {
    value.check_exponent()?;
    pack::write_time(out, &value.number, base)
});
pub(super) const TIME_AGO: &Kind = &kind(pack::TIME, |out, value, base| {
    value.check_exponent()?;
    pack::write_time_ago(out, &value.number, base)
});
pub(super) const UPDATE_TIME: &Kind = &kind(pack::UPDATE_TIME, |out, value, _| {
    value.check_exponent()?;
    pack::write_update_time(out, &value.number)
});

pub(super) const BASE_NAME: &Kind = &kind(pack::BASE_NAME, |out, value, _| {
    let base_name = value.bytes()?;
    urn::check(base_name)?;
    pack::write_base_name(out, base_name)
});
pub(super) const BASE_TIME: &Kind = &kind(pack::BASE_TIME, |out, value, base| {
    value.check_exponent()?;
    pack::check_absolute(&value.number)?;
    put_number(out, value, base)
});
pub(super) const BASE_UNIT: &Kind = &kind(pack::BASE_UNIT, |out, value, _| {
    pack::write_base_unit(out, value.bytes()?)
});

#[inline(never)]
fn put_number(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    value.check_exponent()?;
    number::write_decimal(out, value.number);
    Ok(())
}

fn put_double(out: &mut Buf<'_>, value: &Value<'_>, _: &Decimal) -> Result<()> {
    number::write_f64(out, f64::from_bits(value.bits()))
}

/// A decimal number whose exponent is checked.
pub(in crate::ffi) fn put_decimal(out: &mut Buf<'_>, mantissa: i64, exponent: i32) -> Result<()> {
    check_exponent(exponent)?;
    number::write_decimal(out, Decimal { mantissa, exponent });
    Ok(())
}

fn check_exponent(exponent: i32) -> Result<()> {
    if (-KPN_EXPONENT_MAX..=KPN_EXPONENT_MAX).contains(&exponent) {
        Ok(())
    } else {
        Err(Error::InvalidArgument)
    }
}
