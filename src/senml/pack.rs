//! Writes a SenML pack into the caller's memory, record by record.
//!
//! Every call either takes effect whole or leaves the pack as it was: a record is written behind the last whole one
//! and counts only when all of it fits. Labels that precede a value (`t`, `ut`, `s`) open a record, the next value
//! closes it; a failure drops the record with all its labels, since a value under the wrong time is worse than none.
#![forbid(unsafe_code)]

mod label;
pub mod value;
mod window;

pub use label::{BASE_NAME, Label, Part};
use value::{CHECKED_BASE_NAME, Value};

use super::{name, unit};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::number::Decimal;
use crate::words::Words64;

const CLOSED: u8 = 0;
const BASE: u8 = 1;
const RECORD: u8 = 2;
const FINISHED: u8 = 3;
const BROKEN: u8 = 4;

const BASE_LABELS: u8 = 0x1f;

/// Where the pack stands. Plain data: offsets into the caller's buffer, no pointer.
#[derive(Clone, Default)]
#[repr(C)]
pub struct PackState {
    // Bytes in front: small cores reach them there in one instruction.
    phase: u8,
    /// The phase to fall back to when the open record is dropped.
    whole_phase: u8,
    /// Whether a base field failed: no record may follow until the caller has taken note.
    failed_base: u8,
    /// The cause why the next record is refused, that of a base field or of a label of that record; 0 when it is not.
    refusal: u8,
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
    base_mantissa: Words64,
    base_exponent: i32,
}

impl PackState {
    /// Makes it a pack that could not be begun: every call fails with `error`.
    pub const fn fail(&mut self, error: Error) {
        self.phase = BROKEN;
        self.failure = error.code();
    }

    /// As [`Pack::begin`], for a base name that `name::check` accepts. The state is a new one.
    ///
    /// After an error it is for the caller to let the pack `fail`.
    pub fn begin(
        &mut self,
        buffer: &mut [u8],
        start: usize,
        measuring: bool,
        base_name: &[u8],
    ) -> Result<()> {
        self.measuring = u8::from(measuring);
        self.start = start;
        if let Some(first) = buffer.get_mut(start) {
            *first = b'[';
        }
        self.len = start.saturating_add(1);
        let mut pack = Pack::resume(self, buffer);
        pack.write(
            None,
            None,
            &Value::bytes(CHECKED_BASE_NAME, Some(base_name)),
        )
    }

    /// Bytes of the text from its start to behind the last one written.
    pub const fn text_len(&self) -> usize {
        self.len.wrapping_sub(self.start)
    }

    /// Bytes by which the last refused call exceeded the room; 0 when it failed for another reason.
    pub const fn missing(&self) -> usize {
        self.missing
    }

    /// The first failure that was not acknowledged.
    pub fn failure(&self) -> Result<()> {
        cause(self.failure)
    }

    /// Takes note of a base time that is in the pack, from which the times of the records that follow count.
    pub const fn keep_base_time(&mut self, seconds: Decimal) {
        self.base_mantissa = Words64::new(seconds.mantissa.cast_unsigned());
        self.base_exponent = seconds.exponent;
    }

    const fn base_time(&self) -> Decimal {
        Decimal {
            mantissa: self.base_mantissa.get().cast_signed(),
            exponent: self.base_exponent,
        }
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
    /// With `measuring`, everything fits; the buffer is then an empty one, here and in `resume`. After `BUFFER_FULL` the pack cannot be used, but
    /// `missing` tells how much more its first record wants.
    pub fn begin(
        state: &'a mut PackState,
        buffer: &'a mut [u8],
        start: usize,
        measuring: bool,
        base_name: &[u8],
    ) -> Result<Self> {
        *state = PackState::default();
        let checked = name::check(base_name, b"");
        if let Err(error) = checked.and_then(|()| state.begin(buffer, start, measuring, base_name))
        {
            state.fail(error);
            return Err(error);
        }
        Ok(Self { state, buffer })
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
            return Err(Error::STATE);
        }
        self.state.merged = 1;
        Ok(())
    }

    /// Takes note of the first failure and clears it, so that what is in the pack can be finished without the rest.
    pub fn acknowledge(&mut self) -> Result<()> {
        let failure = self.failure();
        if self.state.phase != BROKEN {
            self.state.failure = 0;
            self.state.failed_base = 0;
            self.state.refusal = 0;
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
        self.close()?;
        Ok(self.state.text_len())
    }

    /// As `finish`; the state tells the length.
    pub fn close(&mut self) -> Result<()> {
        self.failure()?;
        if self.state.phase > RECORD {
            return Err(Error::STATE);
        }
        if self.state.records == 0 {
            return Err(Error::SENML_EMPTY);
        }
        self.drop_open();
        let mut out = Buf::new(self.buffer, self.state.len);
        out.put_byte(b']');
        self.state.len = out.len();
        self.state.phase = FINISHED;
        Ok(())
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

    /// Appends a record.
    pub fn add(&mut self, name: &[u8], unit: Option<&[u8]>, value: &Value<'_>) -> Result<()> {
        let written = self.write(Some(name), unit, value);
        written.or_else(|error| self.refuse(error, value.label().part))
    }

    /// Sets a base field, or a label of the next record.
    pub fn set(&mut self, value: &Value<'_>) -> Result<()> {
        let written = self.write(None, None, value);
        written.or_else(|error| self.refuse(error, value.label().part))
    }

    /// Writes one label with its value, for a caller that lets the pack `refuse` what fails.
    ///
    /// A record has a name and may have a unit; a base field and a label of the next record have none.
    #[inline(never)]
    pub fn write(
        &mut self,
        name: Option<&[u8]>,
        unit: Option<&[u8]>,
        value: &Value<'_>,
    ) -> Result<()> {
        let len = self.render(name, unit, value)?;
        self.keep(value.label(), len);
        Ok(())
    }

    fn render(
        &mut self,
        name: Option<&[u8]>,
        unit: Option<&[u8]>,
        value: &Value<'_>,
    ) -> Result<usize> {
        let label = value.label();
        let part = label.part;
        let phase = self.state.phase;
        // The same label again would be a duplicate: a base field then belongs to a new base record.
        let again = self.state.labels & label.bit != 0;
        // Whether the open record goes on.
        let mut joins = self.state.merged != 0;
        if part != Part::Base {
            cause(self.state.refusal)?;
        }
        if phase == BROKEN {
            self.failure()?;
        }
        if part == Part::Base {
            if phase > BASE {
                return Err(Error::STATE);
            }
            joins = !again;
        } else if phase > RECORD || again {
            return Err(Error::STATE);
        }
        let mut out = Buf::new(self.buffer, self.state.len);
        let opens = phase == CLOSED || (phase == BASE && !joins);
        if phase != CLOSED && opens {
            out.put_byte(b'}');
        }
        if phase != CLOSED || self.state.records > 0 {
            out.put_byte(b',');
        }
        if opens {
            out.put_byte(b'{');
        }
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
        out.put(label.text());
        value.write(&mut out, &self.state.base_time())?;
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
    fn keep(&mut self, label: &Label, len: usize) {
        let state = &mut *self.state;
        if state.phase == CLOSED {
            state.base_start = state.len;
        }
        if state.phase != RECORD {
            state.whole = state.len;
            state.whole_phase = state.phase;
        }
        // Only a base field can be there already, which then begins a new record.
        if state.labels & label.bit != 0 {
            state.labels = 0;
        }
        state.labels |= label.bit;
        state.phase = match label.part {
            Part::Base => BASE,
            Part::Label => RECORD,
            Part::Record => {
                state.labels = 0;
                state.records = state.records.wrapping_add(1);
                CLOSED
            }
        };
        state.len = len;
    }

    fn fit(&mut self, len: usize, closers: usize) -> Result<()> {
        let needed = len.saturating_add(closers);
        if needed <= self.buffer.len() || self.state.measuring() {
            return Ok(());
        }
        self.state.missing = needed.wrapping_sub(self.buffer.len());
        Err(Error::BUFFER_FULL)
    }

    /// Fails a call about `part`: drops the open record and remembers the first cause.
    ///
    /// Also for a caller that found the fault itself, so that `finish` reports it.
    #[cold]
    pub fn refuse(&mut self, error: Error, part: Part) -> Result<()> {
        self.drop_record();
        if error != Error::BUFFER_FULL {
            self.state.missing = 0;
        }
        if self.state.failed_base == 0 {
            self.state.failed_base = u8::from(part == Part::Base);
            self.state.refusal = match part {
                Part::Record => 0,
                _ => error.code(),
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

#[cfg(any())]
mod tests;
