//! A record as the reader hands it out: resolved, its texts as offsets into the caller's buffer.
#![forbid(unsafe_code)]

use crate::json::reader::Span;

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
    /// Whether there is neither a number nor a base.
    pub const fn is_absent(self) -> bool {
        self.text.is_empty() && self.base.is_empty()
    }
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
        let local = self.name.of(text);
        let Some((base, end)) = split_end(name, local.len()) else {
            return false;
        };
        let whole = base.is_empty() || base == self.base_name.of(text);
        !name.is_empty() && whole && end == local
    }
}

/// Splits off the last `len` bytes.
fn split_end(bytes: &[u8], len: usize) -> Option<(&[u8], &[u8])> {
    bytes.split_at_checked(bytes.len().checked_sub(len)?)
}
