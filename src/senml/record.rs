//! A record as the reader hands it out: resolved, its texts as offsets into the caller's buffer.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::error::Result;
use crate::json::reader::Span;
use crate::number::{Decimal, Sum};

/// Times below this many seconds count from now (RFC 8428 section 4.5.3); 2^28.
pub const RELATIVE_TIME_LIMIT: u32 = 1 << 28;

/// A number with its base: the texts of both, evaluated when asked for.
///
/// A missing one counts 0. Either is JSON number text that lies unchanged in the buffer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(C)]
pub struct Num {
    /// The record's own number.
    pub text: Span,
    /// The base value in force.
    pub base: Span,
}

impl Num {
    /// Whether there is neither a number nor a base. It then counts 0.
    pub const fn is_absent(&self) -> bool {
        self.text.is_empty() && self.base.is_empty()
    }

    /// Reads both.
    pub fn read<'a>(&self, buffer: &'a [u8], sum: &mut Sum<'a>) -> Result<()> {
        sum.read(self.text.of(buffer), self.base.of(buffer))
    }

    fn sum<'a>(&self, buffer: &'a [u8]) -> Result<Sum<'a>> {
        let mut sum = Sum::default();
        self.read(buffer, &mut sum)?;
        Ok(sum)
    }

    /// As [`Sum::to_decimal`].
    pub fn to_decimal(&self, buffer: &[u8]) -> Result<Decimal> {
        self.sum(buffer)?.to_decimal()
    }

    /// As [`Sum::to_f64`].
    pub fn to_f64(&self, buffer: &[u8]) -> Result<f64> {
        Ok(self.sum(buffer)?.to_f64())
    }

    /// As [`Sum::to_i64`].
    pub fn to_i64(&self, buffer: &[u8]) -> Result<i64> {
        self.sum(buffer)?.to_i64()
    }

    /// As [`Sum::to_u64`].
    pub fn to_u64(&self, buffer: &[u8]) -> Result<u64> {
        self.sum(buffer)?.to_u64()
    }

    /// As [`is_relative`].
    pub fn is_relative(&self, buffer: &[u8]) -> Result<bool> {
        Ok(is_relative(&self.sum(buffer)?))
    }
}

/// Whether a time counts from now: below [`RELATIVE_TIME_LIMIT`] seconds, negative in the past.
///
/// Exact, whatever its length.
pub fn is_relative(time: &Sum<'_>) -> bool {
    time.is_below(RELATIVE_TIME_LIMIT)
}

/// The value of a record, at most one of four kinds.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Value {
    /// None: the record has only a sum.
    #[default]
    None,
    /// `v` with the base value in force.
    Number(Num),
    /// `vb`
    Bool(bool),
    /// `vs`, unescaped, followed by a NUL that does not count. May hold NULs of its own.
    Text(Span),
    /// `vd`, decoded, followed by a NUL that does not count.
    Data(Span),
}

/// Which of its values a record has, counted in the order of their labels.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Kind(pub i32);

#[expect(
    non_upper_case_globals,
    reason = "they read as the variants of an enum"
)]
impl Kind {
    /// None: the record has only a sum.
    pub const None: Self = Self(0);
    /// `v`
    pub const Number: Self = Self(1);
    /// `vb`
    pub const Bool: Self = Self(2);
    /// `vs`
    pub const Text: Self = Self(3);
    /// `vd`
    pub const Data: Self = Self(4);
}

/// How many labels, from the start of the reader's list, last beyond their record.
pub(super) const BASES: usize = 5;
/// How many labels have a place of their own; the last is that of the value, of which there is one.
pub(super) const PLACES: usize = BASES + 6;

/// Places of labels whose spans others look at.
pub mod place {
    /// `bn`
    pub const BASE_NAME: usize = 0;
    /// `bu`
    pub const BASE_UNIT: usize = 1;
    /// `n`
    pub const NAME: usize = 5;
    /// `u`
    pub const UNIT: usize = 6;
    /// `v`, `vs` or `vd`
    pub const VALUE: usize = super::PLACES - 1;
}

pub(super) const N: u16 = 1 << 5;
pub(super) const U: u16 = 1 << 6;
pub(super) const S: u16 = 1 << 9;
pub(super) const V: u16 = 1 << 10;
pub(super) const VB: u16 = 1 << 11;
pub(super) const VS: u16 = 1 << 12;
pub(super) const VD: u16 = 1 << 13;
pub(super) const VALUES: u16 = V | VB | VS | VD;

/// Bits of `Entry::marks`.
pub(super) mod mark {
    pub const ESCAPED: u8 = 1;
    pub const BASE_ESCAPED: u8 = 2;
    pub const BASE_CHECKED: u8 = 4;
}

/// What one record says, with the base fields in force beside it: a [`Record`] before it is looked at.
///
/// Plain integers, of which every combination is safe.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct Entry {
    /// Where the next record stands in its pack.
    pub(super) next_index: usize,
    /// `bn`, `bu`, `bt`, `bs`, `bv`, then `n`, `u`, `ut`, `t`, `s`, and `v`, `vs` or `vd`.
    pub(super) spans: [Span; 11],
    /// Which labels occurred.
    pub(super) seen: u16,
    pub(super) boolean: bool,
    /// Whether a text of the record, and the base name in force, are to be decoded; whether the base name was checked.
    pub(super) marks: u8,
}

impl Entry {
    /// Where the record stands in its pack.
    pub const fn index(&self) -> usize {
        self.next_index.wrapping_sub(1)
    }

    /// Forgets the record, but not the base fields.
    pub(super) fn renew(&mut self) {
        if let Some((_, own)) = self.spans.split_first_chunk_mut::<BASES>() {
            own.fill(Span::default());
        }
        self.seen = 0;
        self.boolean = false;
        self.marks &= !mark::ESCAPED;
    }

    /// Where the span of a label is kept, by its place in the reader's list.
    pub(super) fn place(&mut self, label: usize) -> Option<&mut Span> {
        self.spans.get_mut(label.min(PLACES - 1))
    }

    /// The base name in force and the record's own name.
    pub const fn names(&self) -> (Span, Span) {
        let [base_name, _, _, _, _, name, ..] = self.spans;
        (base_name, name)
    }

    /// Where its unit stands, or else the base unit in force.
    pub const fn unit_place(&self) -> usize {
        if self.seen & U == 0 {
            place::BASE_UNIT
        } else {
            place::UNIT
        }
    }

    /// The span at a place; the default one when there is no such place, or nothing there.
    pub fn span(&self, place: usize) -> Span {
        self.spans.get(place).copied().unwrap_or_default()
    }

    /// Whether there is something to hand out.
    pub(super) const fn is_measured(&self) -> bool {
        self.seen & (VALUES | S) != 0
    }

    /// Where its number, its text or its data is.
    pub const fn value(&self) -> Span {
        let [.., value] = self.spans;
        value
    }

    /// Where its text is.
    pub fn text(&self) -> Option<Span> {
        (self.seen & VS != 0).then_some(self.value())
    }

    /// Its truth value; false when it has none.
    pub const fn boolean(&self) -> bool {
        self.boolean
    }

    /// What kind of value it has.
    pub fn kind(&self) -> Kind {
        let mut rest = self.seen >> V.trailing_zeros() & 15;
        let mut kind = Kind::None;
        while rest > 0 {
            rest >>= 1;
            kind.0 = kind.0.wrapping_add(1);
        }
        kind
    }

    /// Whether its value is a number.
    pub const fn is_number(&self) -> bool {
        self.seen & V != 0
    }

    /// Its value, its sum, its time or its update time, from 0 to 3.
    #[inline(never)]
    pub fn number(&self, field: usize) -> Num {
        let at = |place: usize| {
            let place = place.wrapping_sub(field);
            self.spans.get(place).copied().unwrap_or_default()
        };
        if field == 0 && !self.is_number() {
            return Num::default();
        }
        let text = at(PLACES - 1);
        // An update time has none.
        let base = if field < 3 {
            at(BASES - 1)
        } else {
            Span::default()
        };
        Num { text, base }
    }

    /// Whether there is such a number, or a base of it.
    #[inline(never)]
    pub fn has(&self, field: usize) -> bool {
        !self.number(field).is_absent()
    }

    /// All of it at once.
    pub fn resolve(&self) -> Record {
        let (base_name, name) = self.names();
        let span = self.value();
        let value = match self.kind() {
            Kind::Number => Value::Number(self.number(0)),
            Kind::Bool => Value::Bool(self.boolean),
            Kind::Text => Value::Text(span),
            Kind::Data => Value::Data(span),
            _ => Value::None,
        };
        Record {
            index: self.index(),
            base_name,
            name,
            unit: self.span(self.unit_place()),
            value,
            sum: self.number(1),
            time: self.number(2),
            update_time: self.number(3),
        }
    }
}

/// One record with all base fields applied (RFC 8428 section 4.6).
///
/// Texts are unescaped, and each is followed by a NUL that does not count. Spans are offsets into the pack's buffer, good as
/// long as nobody else changes it. A text that is absent is the default span; one that is empty starts above 0.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// Where the record stands in its pack, from 0, records without a measurement counted too.
    pub index: usize,
    /// The base name in force. The full name is this and `name` in one.
    pub base_name: Span,
    /// The record's own name.
    pub name: Span,
    /// Its unit, or else the base unit in force.
    pub unit: Span,
    /// Its value.
    pub value: Value,
    /// Its sum; absent when neither `s` nor a base sum is there.
    pub sum: Num,
    /// Its time in seconds; below [`RELATIVE_TIME_LIMIT`] relative to now.
    pub time: Num,
    /// At most this many seconds until the next reading; has no base.
    pub update_time: Num,
}

impl Record {
    /// Whether `name` is the record's own name or its full one, byte for byte. No record has an empty name.
    pub fn is(&self, text: &[u8], name: &[u8]) -> bool {
        self.full_name(text).is(name)
    }

    /// Base name and name.
    pub fn full_name<'a>(&self, text: &'a [u8]) -> FullName<'a> {
        FullName {
            base: self.base_name.of(text),
            local: self.name.of(text),
        }
    }
}

/// A record's full name, which nowhere stands in one piece.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct FullName<'a> {
    /// The base name in force.
    pub base: &'a [u8],
    /// The record's own name.
    pub local: &'a [u8],
}

impl FullName<'_> {
    /// Whether `name` is the record's own name or its full one, byte for byte. No record has an empty name.
    pub fn is(&self, name: &[u8]) -> bool {
        let Some((base, end)) = split_end(name, self.local.len()) else {
            return false;
        };
        let whole = base.is_empty() || base == self.base;
        !name.is_empty() && whole && end == self.local
    }

    /// Whether it is a device's URN, or begins with it up to a colon.
    ///
    /// How the name is split into base name and name does not matter (RFC 8428 section 4.5.1). Letters count by case.
    pub fn is_for(&self, urn: &[u8]) -> bool {
        let mut name = self.base.iter().chain(self.local);
        let begins = !urn.is_empty() && urn.iter().all(|byte| name.next() == Some(byte));
        begins && (urn.ends_with(b":") || matches!(name.next(), None | Some(b':')))
    }

    /// Appends it in one piece, and a NUL. Returns its length without the NUL.
    pub fn write(&self, out: &mut Buf<'_>) -> usize {
        out.put(self.base);
        out.put(self.local);
        let len = out.len();
        out.put_byte(0);
        len
    }
}

/// Splits off the last `len` bytes.
fn split_end(bytes: &[u8], len: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.len().checked_sub(len)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use std::format;

    /// A number and a base in one buffer, either may be empty.
    fn num(text: &str, base: &str) -> (std::vec::Vec<u8>, Num) {
        let buffer = format!("[{text},{base}]").into_bytes();
        let text = Span {
            start: 1,
            end: text.len() + 1,
        };
        let base = Span {
            start: text.end + 1,
            end: text.end + 1 + base.len(),
        };
        (buffer, Num { text, base })
    }

    #[test]
    fn sums_are_exact() {
        for (text, base, mantissa, exponent) in [
            ("-5", "1.276020076001e+09", 1_276_020_071_001, -3),
            ("0.1", "0.2", 3, -1),
            ("1e3", "", 1, 3),
            ("", "1e3", 1, 3),
            ("", "", 0, 0),
            ("9223372036854775807", "0", i64::MAX, 0),
            ("1e-10", "1e8", 1_000_000_000_000_000_001, -10),
        ] {
            let (buffer, num) = num(text, base);
            let sum = num.to_decimal(&buffer);
            assert_eq!(sum, Ok(Decimal { mantissa, exponent }), "{text} {base}");
        }
        for (text, base) in [
            ("9223372036854775807", "1"),
            ("1e30", "1"),
            ("12345678901234567890123", ""),
        ] {
            let (buffer, num) = num(text, base);
            assert_eq!(
                num.to_decimal(&buffer),
                Err(Error::NUMBER_RANGE),
                "{text} {base}"
            );
        }
    }

    #[test]
    fn doubles_are_the_nearest() {
        for (text, base, value) in [
            ("0.1", "0.2", 0.3),
            ("20.5", "", 20.5),
            ("", "20.5", 20.5),
            ("-0", "", -0.0),
            ("", "", 0.0),
            ("1e300", "1", 1e300),
            ("1e400", "", f64::INFINITY),
            (
                "12345678901234567890123",
                "",
                12_345_678_901_234_567_890_123.0,
            ),
            ("9007199254740993", "0", 9_007_199_254_740_992.0),
            ("9007199254740993", "0.1", 9_007_199_254_740_994.0),
        ] {
            let (buffer, num) = num(text, base);
            assert_eq!(
                num.to_f64(&buffer).map(f64::to_bits),
                Ok(value.to_bits()),
                "{text} {base}"
            );
        }
    }

    #[test]
    fn integers_are_checked() {
        for (text, base, signed, unsigned) in [
            ("5", "", Ok(5), Ok(5)),
            ("5", "-7", Ok(-2), Err(Error::NUMBER_RANGE)),
            ("0.5", "0.5", Ok(1), Ok(1)),
            (
                "0.5",
                "0",
                Err(Error::NUMBER_RANGE),
                Err(Error::NUMBER_RANGE),
            ),
            ("", "12e2", Ok(1200), Ok(1200)),
            (
                "1e18",
                "8.223372036854775807e18",
                Ok(i64::MAX),
                Ok(i64::MAX.unsigned_abs()),
            ),
            (
                "18446744073709551615",
                "",
                Err(Error::NUMBER_RANGE),
                Ok(u64::MAX),
            ),
            (
                "9e18",
                "1e17",
                Ok(9_100_000_000_000_000_000),
                Ok(9_100_000_000_000_000_000),
            ),
            (
                "9e18",
                "1e18",
                Err(Error::NUMBER_RANGE),
                Err(Error::NUMBER_RANGE),
            ),
            (
                "1e400",
                "1",
                Err(Error::NUMBER_RANGE),
                Err(Error::NUMBER_RANGE),
            ),
            (
                "-9223372036854775808e2147483647",
                "1",
                Err(Error::NUMBER_RANGE),
                Err(Error::NUMBER_RANGE),
            ),
            (
                "-9e18",
                "-223372036854775808",
                Ok(i64::MIN),
                Err(Error::NUMBER_RANGE),
            ),
        ] {
            let (buffer, num) = num(text, base);
            assert_eq!(num.to_i64(&buffer), signed, "{text} {base}");
            assert_eq!(num.to_u64(&buffer), unsigned, "{text} {base}");
        }
    }

    #[test]
    fn a_time_below_two_to_the_28_is_relative() {
        for (text, base, relative) in [
            ("", "", true),
            ("-5", "", true),
            ("-5", "1e9", false),
            ("268435455.9999999999", "", true),
            ("268435456", "", false),
            ("1", "268435455", false),
            ("-0.001", "268435456", true),
            ("1.58565075E9", "", false),
            ("1e300", "", false),
            ("-1e300", "", true),
            ("1e-300", "", true),
            ("2684354560e-1", "", false),
            ("26843545.5e1", "", true),
            ("9223372036854775807e-11", "", true),
            ("9223372036854775807e-10", "", false),
            ("9223372036854775807e-2000", "", true),
            ("0e9", "", true),
        ] {
            let (buffer, num) = num(text, base);
            assert_eq!(num.is_relative(&buffer), Ok(relative), "{text} {base}");
        }
        let (buffer, num) = num("1585650750.12345678901234567890", "");
        assert_eq!(num.is_relative(&buffer), Err(Error::NUMBER_RANGE));
    }
}
