//! Writes a SenML pack into the caller's memory, record by record.
//!
//! Every call either takes effect whole or leaves the pack as it was: a record is written behind the last whole one
//! and counts only when all of it fits. Labels that precede a value (`t`, `ut`, `s`) open a record, the next value
//! closes it; a failure drops the record with all its labels, since a value under the wrong time is worse than none.
#![forbid(unsafe_code)]

mod fields;

pub use fields::write_data;
mod window;

use super::{name, unit};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::number::Decimal;

const CLOSED: u8 = 0;
const BASE: u8 = 1;
const RECORD: u8 = 2;
const FINISHED: u8 = 3;
const BROKEN: u8 = 4;

/// The bit under which an open record remembers to have a label, then the label as it is written: one slice, since
/// a struct with a slice in it would be three words more.
pub type Label = [u8];

const BASE_NAME: &Label = b"\x01\"bn\":";
const BASE_TIME: &Label = b"\x02\"bt\":";
const BASE_UNIT: &Label = b"\x04\"bu\":";
/// `bv`
pub const BASE_VALUE: &Label = b"\x08\"bv\":";
/// `bs`
pub const BASE_SUM: &Label = b"\x10\"bs\":";
const TIME: &Label = b"\x20\"t\":";
const UPDATE_TIME: &Label = b"\x40\"ut\":";
/// `s`
pub const SUM: &Label = b"\x80\"s\":";
// What follows only a name or a unit closes its quotes too.
/// `s` as all that a record has.
pub const ONLY_SUM: &Label = b"\x80\",\"s\":";
/// `v`
pub const NUMBER: &Label = b"\x00\",\"v\":";
/// `vb`
pub const BOOLEAN: &Label = b"\x00\",\"vb\":";
/// `vs`
pub const TEXT: &Label = b"\x00\",\"vs\":";
/// `vd`
pub const DATA: &Label = b"\x00\",\"vd\":";
const BASE_LABELS: u8 = 31;

/// Renders a value. One function pointer each, so that what surrounds values is compiled once.
pub type Write<'w> = dyn FnMut(&mut Buf<'_>) -> Result<()> + 'w;

/// Nothing stands in the way of the next record.
const READY: u8 = 0;
/// A label of the next record failed: that record is refused with the same cause.
const SPOILT_RECORD: u8 = 1;
/// A base field failed: no record may follow until the caller has taken note.
const SPOILT_BASE: u8 = 2;

/// Where the pack stands. Plain data: offsets into the caller's buffer, no pointer.
#[derive(Clone, Default)]
#[repr(C)]
pub struct PackState {
    // Bytes in front: small cores reach them there in one instruction.
    phase: u8,
    /// The phase to fall back to when the open record is dropped.
    whole_phase: u8,
    spoilt: u8,
    /// Why.
    spoilt_by: u8,
    failure: u8,
    merged: u8,
    measuring: u8,
    /// Bits of the labels in the open record.
    labels: u8,
    /// Where the opening bracket stands.
    start: usize,
    /// Behind the last byte that was written.
    len: usize,
    /// Behind the last thing that was whole before the open record.
    whole: usize,
    /// Behind the last record, before an open base record.
    base_start: usize,
    missing: usize,
    records: u32,
    base_time: DecimalState,
}

#[derive(Clone, Copy, Default)]
#[repr(C)]
struct DecimalState {
    mantissa: i64,
    exponent: i32,
}

/// What of a pack a refused call was about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A base field: no record may follow until the failure is acknowledged.
    Base,
    /// A label of the next record: that record is refused too.
    Label,
    /// A record.
    Record,
}

impl PackState {
    /// A pack that could not be begun: every call fails with `error`.
    pub fn broken(error: Error) -> Self {
        Self {
            phase: BROKEN,
            failure: error.code(),
            ..Self::default()
        }
    }

    #[inline(never)]
    fn clear(&mut self) {
        *self = Self::default();
    }

    /// Makes it a pack that could not be begun.
    pub fn fail(&mut self, error: Error) {
        self.clear();
        self.phase = BROKEN;
        self.failure = error.code();
    }

    /// Bytes by which the last refused call exceeded the room; 0 when it failed for another reason.
    pub const fn missing(&self) -> usize {
        self.missing
    }

    /// The first failure that was not acknowledged.
    pub fn failure(&self) -> Result<()> {
        cause(self.failure)
    }

    /// Records with a value or a sum.
    pub const fn records(&self) -> u32 {
        self.records
    }

    /// Whether bytes are only counted.
    pub const fn measuring(&self) -> bool {
        self.measuring != 0
    }
}

/// A pack being written: its state and the memory that the state speaks of.
pub struct Pack<'a> {
    state: &'a mut PackState,
    buffer: &'a mut [u8],
}

impl<'a> Pack<'a> {
    /// Starts a pack at offset `start` of `buffer`, with its base name.
    ///
    /// With `measuring`, everything fits; the buffer is then an empty one, here and in `resume`. After `BufferFull` the pack cannot be used, but
    /// `missing` tells how much more its first record wants.
    pub fn begin(
        state: &'a mut PackState,
        buffer: &'a mut [u8],
        start: usize,
        measuring: bool,
        base_name: &[u8],
    ) -> Result<Self> {
        if let Err(error) = name::check(base_name, b"") {
            state.fail(error);
            return Err(error);
        }
        Self::begin_checked(state, buffer, start, measuring, base_name)
    }

    /// As `begin`, for a base name that `name::check` accepts.
    pub fn begin_checked(
        state: &'a mut PackState,
        buffer: &'a mut [u8],
        start: usize,
        measuring: bool,
        base_name: &[u8],
    ) -> Result<Self> {
        state.clear();
        state.start = start;
        state.measuring = u8::from(measuring);
        let mut pack = Self { state, buffer };
        let mut out = Buf::new(pack.buffer, start);
        out.put_byte(b'[');
        pack.state.len = out.len();
        pack.state.base_start = out.len();
        let named = pack.base(BASE_NAME, &mut |out| {
            quoted(out, base_name);
            Ok(())
        });
        match named {
            Ok(()) => Ok(pack),
            Err(error) => {
                pack.state.phase = BROKEN;
                Err(error)
            }
        }
    }

    /// Goes on with a pack that was begun over the same buffer.
    pub const fn resume(state: &'a mut PackState, buffer: &'a mut [u8]) -> Self {
        Self { state, buffer }
    }

    /// Writes base fields into the first measurement instead of a record of their own, which saves two bytes.
    ///
    /// Only directly after `begin`, before any other call.
    pub fn set_merged(&mut self) -> Result<()> {
        if self.state.phase != BASE || self.state.records != 0 {
            return Err(Error::State);
        }
        self.state.merged = 1;
        Ok(())
    }

    /// Takes note of the first failure and clears it, so that what is in the pack can be finished without the rest.
    pub fn acknowledge(&mut self) -> Result<()> {
        let failure = self.failure();
        if self.state.phase != BROKEN {
            self.state.failure = 0;
            self.state.spoilt = READY;
        }
        failure
    }

    /// The first failure that was not acknowledged.
    pub fn failure(&self) -> Result<()> {
        self.state.failure()
    }

    /// Closes the pack and returns the length of its text, which begins at the offset that `begin` was given.
    ///
    /// Refuses with the first failure that was not acknowledged, and a pack without a measurement. Labels that no value
    /// followed are left out.
    pub fn finish(&mut self) -> Result<usize> {
        self.failure()?;
        if self.state.phase > RECORD {
            return Err(Error::State);
        }
        if self.state.records == 0 {
            return Err(Error::SenmlEmpty);
        }
        self.drop_open();
        let mut out = Buf::new(self.buffer, self.state.len);
        out.put_byte(b']');
        self.state.len = out.len();
        self.state.phase = FINISHED;
        Ok(self.state.len.wrapping_sub(self.state.start))
    }

    fn base_time(&self) -> Decimal {
        Decimal {
            mantissa: self.state.base_time.mantissa,
            exponent: self.state.base_time.exponent,
        }
    }

    /// Drops the labels of a record without value.
    const fn drop_record(&mut self) {
        if self.state.phase == RECORD {
            self.state.len = self.state.whole;
            self.state.phase = self.state.whole_phase;
            self.state.labels &= BASE_LABELS;
        }
    }

    /// Drops what no measurement follows: labels of a record, then a base record.
    const fn drop_open(&mut self) {
        self.drop_record();
        if self.state.phase == BASE {
            self.state.len = self.state.base_start;
            self.state.phase = CLOSED;
        }
    }

    fn base(&mut self, label: &Label, write: &mut Write<'_>) -> Result<()> {
        self.put(Part::Base, None, None, label, write)
    }

    fn label(&mut self, label: &Label, write: &mut Write<'_>) -> Result<()> {
        self.put(Part::Label, None, None, label, write)
    }

    fn add(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        label: &Label,
        write: &mut Write<'_>,
    ) -> Result<()> {
        self.put(Part::Record, Some(name), unit, label, write)
    }

    /// Writes one label with its value, and keeps it when all of it is in place: what all others come down to.
    ///
    /// A record has a name and may have a unit; a base field and a label of the next record have none.
    #[inline(never)]
    pub fn put(
        &mut self,
        part: Part,
        name: Option<&[u8]>,
        unit: Option<&[u8]>,
        label: &Label,
        write: &mut Write<'_>,
    ) -> Result<()> {
        let (bit, label) = label.split_first().unwrap_or((&0, label));
        match self.render(part, name, unit, *bit, label, write) {
            Ok(len) => {
                self.keep(part, *bit, len);
                Ok(())
            }
            Err(error) => self.refuse(error, part),
        }
    }

    fn render(
        &mut self,
        part: Part,
        name: Option<&[u8]>,
        unit: Option<&[u8]>,
        bit: u8,
        label: &[u8],
        write: &mut Write<'_>,
    ) -> Result<usize> {
        // The same label again would be a duplicate: a base field then belongs to a new base record.
        let again = self.state.labels & bit != 0;
        let phase = self.state.phase;
        if part == Part::Base {
            if phase == BROKEN {
                self.failure()?;
            }
            if phase != CLOSED && phase != BASE {
                return Err(Error::State);
            }
        } else {
            self.unspoilt()?;
            if again {
                return Err(Error::State);
            }
        }
        let joins = match part {
            Part::Base => !again,
            _ => self.state.merged != 0,
        };
        let separator: &[u8] = match phase {
            CLOSED if self.state.records == 0 => b"{",
            CLOSED => b",{",
            BASE if !joins => b"},{",
            _ => b",",
        };
        let mut out = Buf::new(self.buffer, self.state.len);
        out.put(separator);
        if let Some(name) = name {
            name::check_local(name)?;
            // Names and units have no character that JSON would escape.
            out.put(b"\"n\":\"");
            out.put(name);
            if let Some(unit) = unit {
                unit::check(unit)?;
                out.put(b"\",\"u\":\"");
                out.put(unit);
            }
        }
        out.put(label);
        write(&mut out)?;
        // What still has to follow: a brace unless it is there, and the bracket.
        let mut closers = 2;
        if part == Part::Record {
            out.put_byte(b'}');
            closers = 1;
        }
        let len = out.len();
        self.fit(len, closers)?;
        Ok(len)
    }

    /// Counts what was written up to `len`.
    fn keep(&mut self, part: Part, bit: u8, len: usize) {
        let state = &mut *self.state;
        match part {
            Part::Base => {
                if state.phase == CLOSED {
                    state.base_start = state.len;
                }
                state.phase = BASE;
                if state.labels & bit != 0 {
                    state.labels = 0;
                }
            }
            Part::Label => {
                if state.phase != RECORD {
                    state.whole = state.len;
                    state.whole_phase = state.phase;
                    state.phase = RECORD;
                }
            }
            Part::Record => {
                state.phase = CLOSED;
                state.labels = 0;
                state.records = state.records.saturating_add(1);
            }
        }
        if part != Part::Record {
            state.labels |= bit;
        }
        state.len = len;
    }

    /// Whether a record may be written now.
    fn unspoilt(&self) -> Result<()> {
        match self.state.phase {
            FINISHED => Err(Error::State),
            BROKEN => self.failure(),
            _ if self.state.spoilt != READY => cause(self.state.spoilt_by),
            _ => Ok(()),
        }
    }

    fn fit(&mut self, len: usize, closers: usize) -> Result<()> {
        let needed = len.saturating_add(closers);
        let missing = needed.saturating_sub(self.buffer.len());
        if missing == 0 || self.state.measuring() {
            return Ok(());
        }
        self.state.missing = missing;
        Err(Error::BufferFull)
    }

    /// Fails a call about `part`: drops the open record and remembers the first cause.
    ///
    /// Also for a caller that found the fault itself, so that `finish` reports it.
    #[cold]
    pub fn refuse(&mut self, error: Error, part: Part) -> Result<()> {
        self.drop_record();
        if error != Error::BufferFull {
            self.state.missing = 0;
        }
        if self.state.spoilt != SPOILT_BASE {
            self.state.spoilt_by = error.code();
            self.state.spoilt = match part {
                Part::Base => SPOILT_BASE,
                Part::Label => SPOILT_RECORD,
                Part::Record => READY,
            };
        }
        if self.state.failure == 0 && self.state.phase != FINISHED {
            self.state.failure = error.code();
        }
        Err(error)
    }
}

/// The error of a code, none for 0.
#[inline(never)]
fn cause(code: u8) -> Result<()> {
    Error::from_code(code).map_or(Ok(()), Err)
}

/// Names and units have no character that JSON would escape.
fn quoted(out: &mut Buf<'_>, text: &[u8]) {
    out.put_byte(b'"');
    out.put(text);
    out.put_byte(b'"');
}

#[cfg(test)]
mod tests;
