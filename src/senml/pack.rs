//! Writes a SenML pack into the caller's memory, record by record.
//!
//! Every call either takes effect whole or leaves the pack as it was: a record is written behind the last whole one
//! and counts only when all of it fits. Labels that precede a value (`t`, `ut`, `s`) open a record, the next value
//! closes it; a failure drops the record with all its labels, since a value under the wrong time is worse than none.
#![forbid(unsafe_code)]

mod fields;
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

/// A label as it is written, and the bit under which an open record remembers to have it.
struct Label {
    text: &'static [u8],
    bit: u8,
}

const fn label(text: &'static [u8], bit: u8) -> Label {
    Label { text, bit }
}

const BASE_NAME: Label = label(b"\"bn\":", 1);
const BASE_TIME: Label = label(b"\"bt\":", 2);
const BASE_UNIT: Label = label(b"\"bu\":", 4);
const BASE_VALUE: Label = label(b"\"bv\":", 8);
const BASE_SUM: Label = label(b"\"bs\":", 16);
const TIME: Label = label(b"\"t\":", 32);
const UPDATE_TIME: Label = label(b"\"ut\":", 64);
const SUM: Label = label(b"\"s\":", 128);
const NUMBER: Label = label(b"\"v\":", 0);
const BOOLEAN: Label = label(b"\"vb\":", 0);
const TEXT: Label = label(b"\"vs\":", 0);
const DATA: Label = label(b"\"vd\":", 0);
const BASE_LABELS: u8 = 31;

/// Renders a value. One function pointer each, so that what surrounds values is compiled once.
type Write<'w> = dyn FnMut(&mut Buf<'_>) -> Result<()> + 'w;

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
    base_time: DecimalState,
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
        *state = PackState {
            start,
            len: start,
            base_start: start,
            measuring: u8::from(measuring),
            phase: CLOSED,
            ..PackState::default()
        };
        let mut pack = Self { state, buffer };
        let mut out = Buf::new(pack.buffer, start);
        out.put_byte(b'[');
        pack.state.len = out.len();
        pack.state.base_start = out.len();
        match pack.set_base_name(base_name) {
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

    /// Closes the pack and returns the offset and the length of its text.
    ///
    /// Refuses with the first failure that was not acknowledged, and a pack without a measurement. Labels that no value
    /// followed are left out.
    pub fn finish(&mut self) -> Result<(usize, usize)> {
        self.ready_to_finish()?;
        self.drop_open();
        let mut out = Buf::new(self.buffer, self.state.len);
        out.put_byte(b']');
        self.state.len = out.len();
        self.state.phase = FINISHED;
        let len = self.state.len.wrapping_sub(self.state.start);
        Ok((self.state.start, len))
    }

    /// Whether `finish` would succeed.
    pub fn ready_to_finish(&self) -> Result<()> {
        self.failure()?;
        match self.state.phase {
            CLOSED | BASE | RECORD if self.state.records == 0 => Err(Error::SenmlEmpty),
            CLOSED | BASE | RECORD => Ok(()),
            _ => Err(Error::State),
        }
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
        let fits_here = match self.state.phase {
            CLOSED | BASE => Ok(()),
            BROKEN => self.failure(),
            _ => Err(Error::State),
        };
        if let Err(error) = fits_here {
            return self.refuse(error, Part::Base);
        }
        let from = self.state.len;
        let mut out = Buf::new(self.buffer, from);
        // The same field again would be a duplicate label: it belongs to a new base record.
        let again = self.state.labels & label.bit != 0;
        let separator: &[u8] = match self.state.phase {
            CLOSED if self.state.records == 0 => b"{",
            CLOSED => b",{",
            _ if again => b"},{",
            _ => b",",
        };
        out.put(separator);
        out.put(label.text);
        let written = write(&mut out);
        let len = out.len();
        // An open base record wants a brace and a bracket behind it.
        if let Err(error) = written.and_then(|()| self.fit(len, 2)) {
            return self.refuse(error, Part::Base);
        }
        if self.state.phase == CLOSED {
            self.state.base_start = from;
        }
        self.state.len = len;
        self.state.phase = BASE;
        if again {
            self.state.labels = 0;
        }
        self.state.labels |= label.bit;
        Ok(())
    }

    fn label(&mut self, label: &Label, write: &mut Write<'_>) -> Result<()> {
        let free = self.unspoilt().and_then(|()| self.lacks(label));
        if let Err(error) = free {
            return self.refuse(error, Part::Label);
        }
        let mut out = Buf::new(self.buffer, self.state.len);
        open(self.state, &mut out);
        out.put(label.text);
        let written = write(&mut out);
        let len = out.len();
        if let Err(error) = written.and_then(|()| self.fit(len, 2)) {
            return self.refuse(error, Part::Label);
        }
        if self.state.phase != RECORD {
            self.state.whole = self.state.len;
            self.state.whole_phase = self.state.phase;
            self.state.phase = RECORD;
        }
        self.state.labels |= label.bit;
        self.state.len = len;
        Ok(())
    }

    fn add(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        label: &Label,
        write: &mut Write<'_>,
    ) -> Result<()> {
        let free = self.unspoilt().and_then(|()| self.lacks(label));
        if let Err(error) = free {
            return self.refuse(error, Part::Record);
        }
        let mut out = Buf::new(self.buffer, self.state.len);
        let written = head(self.state, &mut out, name, unit, label).and_then(|()| write(&mut out));
        out.put_byte(b'}');
        let len = out.len();
        if let Err(error) = written.and_then(|()| self.fit(len, 1)) {
            return self.refuse(error, Part::Record);
        }
        self.state.len = len;
        self.state.phase = CLOSED;
        self.state.labels = 0;
        self.state.records = self.state.records.saturating_add(1);
        Ok(())
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

    /// Whether the open record does not have this label yet.
    const fn lacks(&self, label: &Label) -> Result<()> {
        if self.state.labels & label.bit == 0 {
            Ok(())
        } else {
            Err(Error::State)
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
fn cause(code: u8) -> Result<()> {
    Error::from_code(code).map_or(Ok(()), Err)
}

/// What stands between the last thing written and the next label of a record.
fn open(state: &PackState, out: &mut Buf<'_>) {
    let separator: &[u8] = match state.phase {
        RECORD => b",",
        BASE if state.merged != 0 => b",",
        BASE => b"},{",
        _ => b",{",
    };
    out.put(separator);
}

fn head(
    state: &PackState,
    out: &mut Buf<'_>,
    name: &[u8],
    unit: Option<&[u8]>,
    label: &Label,
) -> Result<()> {
    name::check_local(name)?;
    open(state, out);
    out.put(b"\"n\":");
    quoted(out, name);
    if let Some(unit) = unit {
        unit::check(unit)?;
        out.put(b",\"u\":");
        quoted(out, unit);
    }
    out.put_byte(b',');
    out.put(label.text);
    Ok(())
}

/// Names and units have no character that JSON would escape.
fn quoted(out: &mut Buf<'_>, text: &[u8]) {
    out.put_byte(b'"');
    out.put(text);
    out.put_byte(b'"');
}

#[cfg(test)]
mod tests;
