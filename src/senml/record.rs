// SPDX-License-Identifier: MIT OR Apache-2.0
//! A record as the reader hands it out: resolved, with its strings in place in the pack.
#![forbid(unsafe_code)]

use super::reader::label::{self, Label, Labels, PLACES};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::reader::Span;
use crate::number::Sum;
use crate::words::Flag;

/// Times below this many seconds count from now (RFC 8428 section 4.5.3); 2^28.
pub const RELATIVE_TIME_LIMIT: u32 = 1 << 28;

/// The first number of seconds that is not accepted as an absolute time, which is what a failed `time()` leaves in 32 bits. Every time in
/// milliseconds since 1970 is above it too, since times below 2^28 seconds are refused already.
pub const ABSOLUTE_TIME_END: u32 = u32::MAX;

/// Whether a time counts from now: below [`RELATIVE_TIME_LIMIT`] seconds, negative in the past.
///
/// The comparison is exact, whatever the length of the number.
pub fn is_relative(time: &Sum<'_>) -> bool {
    time.is_below(RELATIVE_TIME_LIMIT)
}

/// Which value a record has.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(i32)]
pub enum Kind {
    /// No value: the record has only a sum.
    SumOnly,
    /// `v`
    Number,
    /// `vb`
    Bool,
    /// `vs`
    Text,
    /// `vd`
    Data,
}

/// A number of a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// `v` plus the base value in force; a base value alone is not a value.
    Value,
    /// `s` plus the base sum in force; either of them makes a sum.
    Sum,
    /// `t` plus the base time in force, in seconds.
    Time,
    /// `ut`, in seconds.
    UpdateTime,
}

// Written as a literal below, because the generator of the C header does not know constants of other modules.
const _: () = assert!(PLACES == 11);

/// The members of one record, and the base fields in force, as spans in the pack.
///
/// Plain integers; every combination of them is safe.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct RawRecord {
    /// The labels that the record has.
    pub(super) labels: Labels,
    pub(super) bool_value: Flag,
    /// The number of the [`Label`] whose value was read last. Any other number counts as a label without a string.
    pub(super) last: u8,
    /// The index of the next record in its pack.
    pub(super) next_index: usize,
    /// Indexed by [`Label::place`]. A label that has not occurred has the default span, which no string or number has. Spans of a record
    /// count only if `labels` has their label.
    spans: [Span; 11],
}

const _: () = assert!(super::reader::label::PLACES == 11);

impl RawRecord {
    /// Counts the record. Wraps, since an overwritten count is merely a wrong number.
    pub(super) const fn count(&mut self) {
        self.next_index = self.next_index.wrapping_add(1);
    }

    /// The value of a label: the record's own, or the base field in force.
    pub fn span(&self, label: Label) -> Span {
        if label.is_base() || self.labels.has(label) {
            self.place(label)
        } else {
            Span::default()
        }
    }

    fn place(&self, label: Label) -> Span {
        let span = self.spans.get(label.place());
        span.copied().unwrap_or_default()
    }

    pub(super) fn span_mut(&mut self, label: Label) -> Option<&mut Span> {
        self.spans.get_mut(label.place())
    }

    /// The span of the value read last.
    pub(super) fn last_span_mut(&mut self) -> Option<&mut Span> {
        self.spans.get_mut(label::place(self.last))
    }

    /// Whether there is something to hand out: a value, a sum, or a name to which the base sum in force gives a sum.
    pub(super) fn has_value_or_sum(&self) -> bool {
        !self.labels.and(Labels::VALUES_AND_SUM).is_empty()
            || self.labels.has(Label::Name) && !self.span(Label::BaseSum).is_empty()
    }

    /// Where its string value is.
    pub fn string_value(&self) -> Option<Span> {
        let has = self.labels.has(Label::StringValue);
        has.then(|| self.span(Label::StringValue))
    }

    /// Where a number and its base are; empty if there is none.
    #[inline(never)]
    fn number(&self, field: Field) -> [Span; 2] {
        let (own, base) = match field {
            Field::Value => (Label::Value, Some(Label::BaseValue)),
            Field::Sum => (Label::Sum, Some(Label::BaseSum)),
            Field::Time => (Label::Time, Some(Label::BaseTime)),
            Field::UpdateTime => (Label::UpdateTime, None),
        };
        let own = self.span(own);
        let base = match base {
            // A base value alone does not make a value.
            Some(Label::BaseValue) if own.is_empty() => Span::default(),
            Some(base) => self.place(base),
            None => Span::default(),
        };
        [own, base]
    }
}

/// One record with all base fields applied (RFC 8428 section 4.6), in the text of its pack.
///
/// Strings are unescaped and data is decoded; each is followed by a NUL that does not count.
#[derive(Clone, Copy, Debug)]
pub struct Record<'a> {
    raw: &'a RawRecord,
    text: &'a [u8],
}

impl<'a> Record<'a> {
    /// The record in the text that it was read from.
    pub const fn new(raw: &'a RawRecord, text: &'a [u8]) -> Self {
        Self { raw, text }
    }

    /// Its index in the pack, from 0; records that only set base fields count too.
    pub const fn index(self) -> usize {
        self.raw.next_index.wrapping_sub(1)
    }

    /// The base name in force. The full name is this followed by `name`.
    pub fn base_name(self) -> &'a [u8] {
        self.string(Label::BaseName)
    }

    /// Its own name.
    pub fn name(self) -> &'a [u8] {
        self.string(Label::Name)
    }

    /// The label of its unit: its own, or else the base unit in force.
    pub const fn unit_label(self) -> Label {
        if self.raw.labels.has(Label::Unit) {
            Label::Unit
        } else {
            Label::BaseUnit
        }
    }

    /// The kind of its value.
    pub const fn kind(self) -> Kind {
        let labels = self.raw.labels;
        if labels.has(Label::Value) {
            Kind::Number
        } else if labels.has(Label::BoolValue) {
            Kind::Bool
        } else if labels.has(Label::StringValue) {
            Kind::Text
        } else if labels.has(Label::DataValue) {
            Kind::Data
        } else {
            Kind::SumOnly
        }
    }

    /// The value of a [`Kind::Bool`]; false for other kinds.
    pub const fn bool_value(self) -> bool {
        self.raw.bool_value.get()
    }

    /// Whether it has this number.
    #[inline(never)]
    pub fn has(self, field: Field) -> bool {
        let [own, base] = self.raw.number(field);
        !own.is_empty() || !base.is_empty()
    }

    /// Reads a number plus its base. `Error::INVALID_ARGUMENT` if there is none; a missing time counts as 0.
    pub fn read_number(self, field: Field, sum: &mut Sum<'a>) -> Result<()> {
        if field != Field::Time && !self.has(field) {
            return Err(Error::INVALID_ARGUMENT);
        }
        let [own, base] = self.raw.number(field);
        sum.read(own.of(self.text), base.of(self.text))
    }

    /// Whether `name` is its own name or its full name, byte for byte. No record has an empty name.
    pub fn is(self, name: &[u8]) -> bool {
        let own = self.name();
        let Some((base, end)) = split_end(name, own.len()) else {
            return false;
        };
        let is_whole = base.is_empty() || base == self.base_name();
        !name.is_empty() && is_whole && end == own
    }

    /// Whether its full name is a device's URN, or begins with the URN and a colon.
    ///
    /// How the full name is split into base name and name does not matter (RFC 8428 section 4.5.1). Case matters.
    pub fn is_for(self, urn: &[u8]) -> bool {
        let mut name = self.base_name().iter().chain(self.name());
        let begins = !urn.is_empty() && urn.iter().all(|byte| name.next() == Some(byte));
        begins && (urn.ends_with(b":") || matches!(name.next(), None | Some(b':')))
    }

    /// Appends its full name and a NUL, and returns the length without the NUL.
    pub fn write_full_name(self, out: &mut Buf<'_>) -> usize {
        out.put(self.base_name());
        out.put(self.name());
        let len = out.len();
        out.put_byte(0);
        len
    }

    /// The string under a label, its own or the base field in force, or the data under `vd`. Empty if there is none.
    pub fn string(self, label: Label) -> &'a [u8] {
        self.raw.span(label).of(self.text)
    }

    /// The same with the byte behind it, which is a NUL unless the label is missing or the state was overwritten.
    pub fn string_and_nul(self, label: Label) -> &'a [u8] {
        let Span { start, end } = self.raw.span(label);
        let end = end.wrapping_add(1);
        Span { start, end }.of(self.text)
    }
}

/// Splits off the last `len` bytes.
fn split_end(bytes: &[u8], len: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.len().checked_sub(len)?)
}
