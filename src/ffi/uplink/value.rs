//! What a record or a label can have as its value.

use super::access::decimal;
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::ffi::ptr::Given;
use crate::json::{number, string};
use crate::senml::pack::write_data;

/// A value as C gave it, and how it is written. Plain fields for all kinds, so that what surrounds a value is compiled
/// once, and a function pointer, so that only the kinds that are called are linked.
pub(super) struct Value<'a> {
    write: fn(&mut Buf<'_>, &Value<'_>) -> Result<()>,
    /// The exponent, or the number of decimals.
    scale: i32,
    /// The integer, or the bits of the floating-point number.
    bits: u64,
    /// The bytes of a text or of data.
    pub bytes: &'a [u8],
}

type Write = fn(&mut Buf<'_>, &Value<'_>) -> Result<()>;

impl<'a> Value<'a> {
    pub(super) const fn decimal(mantissa: i64, exponent: i32) -> Self {
        Self::number(
            |out, value| put_decimal(out, value.bits.cast_signed(), value.scale),
            mantissa.cast_unsigned(),
            exponent,
        )
    }

    pub(super) const fn signed(value: i64) -> Self {
        let write: Write = |out, value| {
            number::write_i64(out, value.bits.cast_signed());
            Ok(())
        };
        Self::number(write, value.cast_unsigned(), 0)
    }

    pub(super) const fn unsigned(value: u64) -> Self {
        let write: Write = |out, value| {
            number::write_u64(out, value.bits);
            Ok(())
        };
        Self::number(write, value, 0)
    }

    pub(super) const fn double(value: f64) -> Self {
        Self::number(
            |out, value| number::write_f64(out, f64::from_bits(value.bits)),
            value.to_bits(),
            0,
        )
    }

    pub(super) fn float(value: f32) -> Self {
        let write: Write = |out, value| {
            let bits = u32::try_from(value.bits).unwrap_or_default();
            number::write_f32(out, f32::from_bits(bits))
        };
        Self::number(write, u64::from(value.to_bits()), 0)
    }

    pub(super) fn fixed(value: f64, decimals: u8) -> Self {
        let write: Write = |out, value| {
            let decimals = u8::try_from(value.scale).unwrap_or(u8::MAX);
            number::write_f64_fixed(out, f64::from_bits(value.bits), decimals)
        };
        Self::number(write, value.to_bits(), i32::from(decimals))
    }

    pub(super) fn boolean(value: bool) -> Self {
        let write: Write = |out, value| {
            out.put(if value.scale == 0 { b"false" } else { b"true" });
            Ok(())
        };
        Self::number(write, 0, i32::from(value))
    }

    pub(super) fn text(bytes: Given<&'a [u8]>) -> Self {
        Self::of_bytes(|out, value| string::write(out, value.bytes), bytes)
    }

    pub(super) fn data(bytes: Given<&'a [u8]>) -> Self {
        Self::of_bytes(|out, value| write_data(out, value.bytes), bytes)
    }

    const fn number(write: Write, bits: u64, scale: i32) -> Self {
        Self {
            write,
            scale,
            bits,
            bytes: &[],
        }
    }

    /// Bytes that are not there are refused where the value is written, so that the pack takes note.
    #[inline(never)]
    fn of_bytes(write: Write, bytes: Given<&'a [u8]>) -> Self {
        let refuse: Write = |_, _| Err(Error::InvalidArgument);
        Self {
            write: if bytes.is_ok() { write } else { refuse },
            bytes: bytes.unwrap_or_default(),
            scale: 0,
            bits: 0,
        }
    }

    pub(super) fn write(&self, out: &mut Buf<'_>) -> Result<()> {
        (self.write)(out, self)
    }
}

/// A decimal number whose exponent is checked.
pub(in crate::ffi) fn put_decimal(out: &mut Buf<'_>, mantissa: i64, exponent: i32) -> Result<()> {
    number::write_decimal(out, decimal(mantissa, exponent)?);
    Ok(())
}
