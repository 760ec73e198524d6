// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes a SenML pack into the caller's memory, record by record.
//!
//! Every call either takes full effect or leaves the pack as it was: a record is written after the last complete one and counts only if all
//! of it fits. Labels that precede a value (`t`, `ut`, `s`) open a record, and the next value closes it. A failure drops the record with
//! all its labels, since a value with the wrong time is worse than none.
//!
//! From the first call without room on, all calls are also counted as if there were room. The number of missing bytes then covers all of
//! them: labels with their record, base fields, and whatever follows.
#![forbid(unsafe_code)]

mod label;
pub mod value;
mod window;

pub use label::{BASE_NAME, Part};
use value::Value;

use super::{name, unit};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::number::Decimal;
use crate::words::{Flag, Words64};

/// What the text of a pack ends with. It takes more only in the phases up to `RECORD`.
mod phase {
    /// A complete record, or only the opening bracket.
    pub const CLOSED: u8 = 0;
    /// A base record without its closing brace.
    pub const BASE: u8 = 1;
    /// A record with labels but without a value.
    pub const RECORD: u8 = 2;
    /// The closing bracket.
    pub const FINISHED: u8 = 3;
    /// Nothing usable: the pack could not be begun.
    pub const BROKEN: u8 = 4;
}

/// The state of a pack. Plain data: offsets into the caller's buffer, no pointers.
#[derive(Clone, Copy, Default)]
#[repr(C)]
struct Progress {
    /// One of [`phase`].
    phase: u8,
    /// The phase to fall back to when the open record is dropped.
    whole_phase: u8,
    /// The bits of the labels in the open record.
    labels: u8,
    /// Whether a base field failed: no record may follow until the failure is cleared.
    is_base_lost: Flag,
    /// Whether base fields are written into the record that follows them.
    is_merged: Flag,
    /// Whether bytes are only counted, so that everything fits.
    is_counting: Flag,
    /// Why the next record is refused: the cause from a base field, or from a label of that record; 0 if it is not refused.
    refusal: u8,
    /// Offset after the last byte written.
    len: usize,
    /// Offset after the last complete part before the open record.
    whole: usize,
    /// Offset after the last record, before an open base record.
    base_start: usize,
    records: u32,
    base_mantissa: Words64,
    base_exponent: i32,
}

/// A pack without its memory.
#[derive(Clone, Default)]
#[repr(C)]
pub struct PackState {
    // Small fields come first: small cores reach them there in one instruction.
    /// Whether `wanted` is counted.
    is_wanting: Flag,
    /// The first failure that was not cleared; 0 for none.
    failure: u8,
    /// Offset of the opening bracket.
    start: usize,
    /// Bytes of the buffer that all calls counted in `wanted` would have taken; 0 if the last failure was not for lack of room.
    need: usize,
    written: Progress,
    /// What the state would be if there had been room, counted from the first call without room on.
    wanted: Progress,
}

impl PackState {
    /// Starts a pack at offset `start` of `buffer` with its base name, which `name::check` accepts. The state is a new one.
    ///
    /// When measuring, everything fits; the buffer is then empty, here and in `Pack::resume`. After an error the caller must let the pack
    /// `fail`; after `BUFFER_FULL`, `need` still tells what is needed.
    pub fn begin(
        &mut self,
        buffer: &mut [u8],
        start: usize,
        is_measuring: bool,
        base_name: &[u8],
    ) -> Result<()> {
        self.written.is_counting = Flag::new(is_measuring);
        self.start = start;
        if let Some(first) = buffer.get_mut(start) {
            *first = b'[';
        }
        self.written.len = start.saturating_add(1);
        let base_name = Value::checked_base_name(base_name);
        Pack::resume(self, buffer).put(None, None, &base_name)
    }

    /// Makes it new again.
    pub fn reset(&mut self) {
        self.is_wanting = Flag::FALSE;
        self.failure = 0;
        self.need = 0;
        self.written = Progress::default();
    }

    /// Makes it a pack that could not be begun: every call fails with `error`.
    pub const fn fail(&mut self, error: Error) {
        self.failure = error.code();
        self.written.phase = phase::BROKEN;
        self.written.refusal = error.code();
        self.written.is_base_lost = Flag::TRUE;
    }

    /// Bytes of the text, from its start to the last one written.
    pub const fn text_len(&self) -> usize {
        self.written.len.wrapping_sub(self.start)
    }

    /// The size that the buffer should have had for all calls since it was full; 0 if the last failure was another one.
    pub const fn need(&self) -> usize {
        self.need
    }

    /// The first failure that was not cleared.
    pub fn failure(&self) -> Result<()> {
        cause(self.failure)
    }

    /// Records with a value or a sum.
    pub const fn records(&self) -> u32 {
        self.written.records
    }

    /// Whether bytes are only counted.
    pub const fn is_measuring(&self) -> bool {
        self.written.is_counting.get()
    }
}

/// A pack being written: its state and the memory that the state speaks of.
pub struct Pack<'a> {
    state: &'a mut PackState,
    buffer: &'a mut [u8],
}

impl<'a> Pack<'a> {
    /// Resumes a pack that was begun over the same buffer.
    pub const fn resume(state: &'a mut PackState, buffer: &'a mut [u8]) -> Self {
        Self { state, buffer }
    }

    /// Writes base fields into the first measurement instead of into a record of their own, which saves two bytes.
    ///
    /// Allowed only directly after `begin`, before any other call.
    pub fn merge_base_record(&mut self) -> Result<()> {
        // Has no effect while nothing is counted: `wanted` is then copied from what is written.
        let _ = self.state.wanted.merge();
        self.state.written.merge()
    }

    /// Returns the first failure and clears it, so that the pack can be finished with what is in it.
    pub fn clear_failure(&mut self) -> Result<()> {
        let failure = self.failure();
        let state = &mut *self.state;
        if state.written.phase != phase::BROKEN {
            state.failure = 0;
            state.written.is_base_lost = Flag::FALSE;
            state.written.refusal = 0;
            state.is_wanting = Flag::FALSE;
        }
        failure
    }

    /// The first failure that was not cleared.
    pub fn failure(&self) -> Result<()> {
        self.state.failure()
    }

    /// Closes the pack. Its text begins at the offset that was given to `begin`; the state tells its length.
    ///
    /// Fails with the first failure that was not cleared, and for a pack without a measurement. Labels without a following value are left
    /// out.
    pub fn finish(&mut self) -> Result<()> {
        self.failure()?;
        let written = &mut self.state.written;
        if written.phase > phase::RECORD {
            return Err(Error::STATE);
        }
        if written.records == 0 {
            return Err(Error::SENML_EMPTY);
        }
        written.drop_open();
        let mut out = Buf::new(self.buffer, written.len);
        out.put_byte(b']');
        written.len = out.len();
        written.phase = phase::FINISHED;
        Ok(())
    }

    /// Appends a record.
    pub fn add(&mut self, name: &[u8], unit: Option<&[u8]>, value: &Value<'_>) -> Result<()> {
        self.put(Some(name), unit, value)
    }

    /// Sets a base field, or a label of the next record.
    pub fn set(&mut self, value: &Value<'_>) -> Result<()> {
        self.put(None, None, value)
    }

    /// Puts one value under its label. A record has a name and may have a unit; a base field and a label of the next
    /// record have none.
    pub fn put(
        &mut self,
        name: Option<&[u8]>,
        unit: Option<&[u8]>,
        value: &Value<'_>,
    ) -> Result<()> {
        let given = Given { name, unit, value };
        let put = self.state.written.put(self.buffer, &given);
        if put.is_ok() && !self.state.is_wanting.get() {
            return Ok(());
        }
        self.count(put, &given)
    }

    /// Counts what the pack would have become with enough room, and records a failure.
    fn count(&mut self, put: Result<()>, given: &Given<'_>) -> Result<()> {
        let state = &mut *self.state;
        if put == Err(Error::BUFFER_FULL) && !state.is_wanting.get() {
            state.is_wanting = Flag::TRUE;
            state.need = 0;
            state.wanted = state.written;
            state.wanted.is_counting = Flag::TRUE;
        }
        let part = given.value.part();
        if state.is_wanting.get() {
            let wanted = &mut state.wanted;
            match wanted.put(&mut [], given) {
                Ok(()) => state.need = state.need.max(wanted.end()),
                Err(error) => wanted.refuse(error, part),
            }
        }
        match put {
            Ok(()) => Ok(()),
            Err(error) => self.fail_written(error, part),
        }
    }

    /// Records the failure of a call about `part` that did not reach the pack, so that `finish` reports it.
    pub fn refuse(&mut self, error: Error, part: Part) -> Result<()> {
        self.state.wanted.refuse(error, part);
        self.fail_written(error, part)
    }

    /// Drops the open record and remembers the first cause.
    #[cold]
    #[inline(never)]
    fn fail_written(&mut self, error: Error, part: Part) -> Result<()> {
        let state = &mut *self.state;
        state.written.refuse(error, part);
        if !state.is_wanting.get() {
            state.need = 0;
        }
        if state.failure == 0 && state.written.phase != phase::FINISHED {
            state.failure = error.code();
        }
        Err(error)
    }
}

/// What one call writes.
struct Given<'a> {
    name: Option<&'a [u8]>,
    unit: Option<&'a [u8]>,
    value: &'a Value<'a>,
}

/// The end of every pack.
const CLOSERS: &[u8] = b"}]";

impl Progress {
    /// Appends one label with its value, and counts it if that leaves room for what must follow.
    #[inline(never)]
    fn put(&mut self, buffer: &mut [u8], given: &Given<'_>) -> Result<()> {
        let label = given.value.label();
        let part = label.part;
        let phase = self.phase;
        // The same label again would be a duplicate, so a base field then begins a new base record.
        let is_again = self.labels & label.bit != 0;
        // Whether the open base record continues.
        let mut joins = self.is_merged.get();
        if part == Part::Record && given.name.is_none() {
            return Err(Error::INVALID_ARGUMENT);
        }
        if part != Part::Base || phase == phase::BROKEN {
            cause(self.refusal)?;
        }
        if part == Part::Base {
            if phase > phase::BASE {
                return Err(Error::STATE);
            }
            joins = !is_again;
        } else if phase > phase::RECORD || is_again {
            return Err(Error::STATE);
        }
        let mut out = Buf::new(buffer, self.len);
        let opens = phase == phase::CLOSED || (phase == phase::BASE && !joins);
        if phase != phase::CLOSED && opens {
            out.put_byte(b'}');
        }
        if phase != phase::CLOSED || self.records > 0 {
            out.put_byte(b',');
        }
        if opens {
            out.put_byte(b'{');
        }
        if part == Part::Record {
            let name = given.name.unwrap_or_default();
            name::check_local(name)?;
            // Names and units contain no character that JSON escapes.
            out.put(b"\"n\":\"");
            out.put(name);
            if let Some(unit) = given.unit {
                unit::check(unit)?;
                out.put(b"\",\"u\":\"");
                out.put(unit);
            }
        }
        out.put(label.text());
        given.value.write(&mut out, &self.base_time())?;
        if !self.is_counting.get() && !out.has_room(CLOSERS.len()) {
            return Err(Error::BUFFER_FULL);
        }
        if part == Part::Record {
            out.put_byte(b'}');
        }
        self.commit(given.value, out.len());
        Ok(())
    }

    /// The offset at which the pack would end if it were closed now.
    fn end(&self) -> usize {
        let open = usize::from(self.phase != phase::CLOSED);
        self.len.saturating_add(1 + open)
    }

    const fn base_time(&self) -> Decimal {
        Decimal {
            mantissa: self.base_mantissa.get().cast_signed(),
            exponent: self.base_exponent,
        }
    }

    /// Makes what was written up to `len` a part of the pack.
    fn commit(&mut self, value: &Value<'_>, len: usize) {
        let label = value.label();
        if self.phase == phase::CLOSED {
            self.base_start = self.len;
        }
        if self.phase != phase::RECORD {
            self.whole = self.len;
            self.whole_phase = self.phase;
        }
        // Only a base field can be there already; it then begins a new record.
        if self.labels & label.bit != 0 {
            self.labels = 0;
        }
        self.labels |= label.bit;
        self.len = len;
        self.phase = match label.part {
            Part::Base => phase::BASE,
            Part::Label => phase::RECORD,
            Part::Record => {
                self.labels = 0;
                // A forged count may be at its maximum.
                self.records = self.records.saturating_add(1);
                phase::CLOSED
            }
        };
        if label.bit == label::BASE_TIME.bit {
            let Decimal { mantissa, exponent } = value.number();
            self.base_mantissa = Words64::new(mantissa.cast_unsigned());
            self.base_exponent = exponent;
        }
    }

    /// From here on, base fields are written into the record that follows them.
    fn merge(&mut self) -> Result<()> {
        if self.phase != phase::BASE || self.records != 0 {
            return Err(Error::STATE);
        }
        self.is_merged = Flag::TRUE;
        Ok(())
    }

    /// Drops the labels of a record without a value, and remembers why the next record is refused.
    #[cold]
    #[inline(never)]
    fn refuse(&mut self, error: Error, part: Part) {
        self.drop_record();
        if !self.is_base_lost.get() {
            self.is_base_lost = Flag::new(part == Part::Base);
            self.refusal = match part {
                Part::Record => 0,
                _ => error.code(),
            };
        }
    }

    /// Drops the labels of a record without a value.
    const fn drop_record(&mut self) {
        if self.phase == phase::RECORD {
            self.len = self.whole;
            self.phase = self.whole_phase;
            self.labels &= label::BASE_BITS;
        }
    }

    /// Drops what is not followed by a measurement: labels of a record, then a base record.
    const fn drop_open(&mut self) {
        self.drop_record();
        if self.phase == phase::BASE {
            self.len = self.base_start;
            self.phase = phase::CLOSED;
        }
    }
}

/// The error with this code; `None` for 0.
fn cause(code: u8) -> Result<()> {
    Error::from_code(code).map_or(Ok(()), Err)
}

#[cfg(test)]
mod tests;
