// SPDX-License-Identifier: MIT OR Apache-2.0
//! Measurements that wait for a connection: a first-in first-out queue in the caller's memory.
//!
//! The memory is a ring of bytes. Records of varying length lie one after another, and a record that reaches the end of the memory
//! continues at its start, so every byte can hold measurements: 1,024 bytes hold 40 temperatures with time. Pushing and removing a record
//! takes the same time whatever the size of the memory, since nothing is moved. To be read, a record is first copied into one piece.
//!
//! heapless was tried for the records: the capacity of its `Deque` is part of its type, which C cannot choose, its `DequeView` cannot be
//! made over memory from C, and every record would take as much room as the longest.
//!
//! Numbers are kept as the JSON text in which they will be sent: each is converted once, by the code for its kind, so a device that queues
//! no doubles links no code for doubles.
#![forbid(unsafe_code)]

mod entry;
mod image;

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::number::Decimal;
use crate::senml::pack::Pack;
use crate::senml::pack::value::Value;
use crate::senml::record::{ABSOLUTE_TIME_END, RELATIVE_TIME_LIMIT};
use entry::{ENTRY_MAX, Entry, FRONT, is_later};

pub use entry::{Content, DATA_MAX, NAME_MAX, NUMBER_MAX, TEXT_MAX, When};
pub use image::{IMAGE_EXTRA, Since};

/// What happens when there is no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The newest record is refused.
    RefuseNewest,
    /// The oldest records make room.
    DropOldest,
}

/// The state of a queue. Plain data without pointers.
#[derive(Clone, Default)]
#[repr(C)]
pub struct QueueState {
    /// Where the oldest record begins.
    first: usize,
    /// Bytes of all records together.
    used: usize,
    records: u32,
    /// How many of the oldest records are on their way.
    sent: u32,
    /// How many records were dropped to make room while they were on their way.
    overwritten: u32,
    dropped: u32,
    drops_oldest: u8,
}

impl QueueState {
    /// An empty queue.
    pub fn new(policy: Policy) -> Self {
        Self {
            drops_oldest: u8::from(policy == Policy::DropOldest),
            ..Self::default()
        }
    }

    /// Records in the queue, including those on their way.
    pub const fn records(&self) -> u32 {
        self.records
    }

    /// How many records were lost for lack of room.
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }

    /// Whether records are on their way; all of them may have been dropped since.
    const fn waits_for_answer(&self) -> bool {
        self.sent > 0 || self.overwritten > 0
    }

    /// Whether it can be the state of a queue in this many bytes.
    fn is_sound(&self, capacity: usize) -> bool {
        let records = usize::try_from(self.records).unwrap_or(usize::MAX);
        self.first <= capacity
            && self.used <= capacity
            && records <= self.used
            && self.sent <= self.records
    }

    /// The value of `dropped` if the records on their way do not arrive.
    const fn dropped_at_failure(&self) -> u32 {
        self.dropped.saturating_add(self.overwritten)
    }

    /// Refuses an uptime that is behind the time of a record: the count must have restarted, so the ages that it gives would be wrong for
    /// all records.
    fn check_uptime(&self, memory: &[u8], uptime: u32) -> Result<()> {
        let mut offset = 0;
        let mut front = [0; FRONT];
        // No more rounds than records have room in the memory, whatever is in it.
        while offset < self.used {
            self.copy(memory, offset, &mut front);
            if is_later(front, uptime) {
                return Err(Error::CLOCK);
            }
            offset += usize::from(front[0]).max(FRONT);
        }
        Ok(())
    }

    /// Where the byte is that lies `offset` bytes after the first byte of the oldest record.
    const fn position(&self, memory: &[u8], offset: usize) -> usize {
        let position = self.first + offset;
        match position.checked_sub(memory.len()) {
            Some(wrapped) => wrapped,
            None => position,
        }
    }

    /// Copies the bytes from `offset` on into one piece.
    fn copy(&self, memory: &[u8], offset: usize, out: &mut [u8]) {
        let mut position = self.position(memory, offset);
        for to in out {
            if let Some(&byte) = memory.get(position) {
                *to = byte;
            }
            position += 1;
            if position == memory.len() {
                position = 0;
            }
        }
    }
}

/// The device's clocks at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Seconds since the device started.
    pub uptime: u32,
    /// Seconds since 1970 (UTC); `None`, or below 2^28, on a device that does not know.
    pub unix: Option<u32>,
}

/// Converts a number to the text that a queue keeps.
pub fn render<'a>(value: &Value<'_>, text: &'a mut [u8; NUMBER_MAX]) -> Result<&'a [u8]> {
    let mut out = Buf::new(text, 0);
    value.write(&mut out, &Decimal::default())?;
    let len = out.len();
    Ok(text.get(..len).unwrap_or_default())
}

/// A queue: its state and its memory.
pub struct Queue<'a> {
    state: &'a mut QueueState,
    memory: &'a mut [u8],
}

impl<'a> Queue<'a> {
    /// Resumes a queue in the same memory.
    ///
    /// `STATE` if no queue in this memory can have this state. So no offset points outside the memory, and no count exceeds its size.
    pub fn resume(state: &'a mut QueueState, memory: &'a mut [u8]) -> Result<Self> {
        if state.is_sound(memory.len()) {
            Ok(Self { state, memory })
        } else {
            Err(Error::STATE)
        }
    }

    /// Appends a record.
    ///
    /// Anything that could be refused when it is sent is refused here. `BUFFER_FULL` if there is no room and none may be made; the record
    /// then counts as dropped.
    pub fn push(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        when: When,
        content: Content<'_>,
    ) -> Result<()> {
        let entry = Entry {
            name,
            unit,
            when,
            content,
        };
        entry.check()?;
        let mut front = [0; FRONT];
        let parts = entry.encode(&mut front);
        let len = parts.iter().map(|part| part.len()).sum();
        if !self.make_room(len) {
            self.state.dropped = self.state.dropped.saturating_add(1);
            return Err(Error::BUFFER_FULL);
        }
        for part in parts {
            self.append(part);
        }
        self.state.records += 1;
        Ok(())
    }

    /// Adds as many records to a pack as fit, oldest first, and returns how many. They are then on their way until `accepted` or `failed`.
    ///
    /// 0 if the queue is empty; `BUFFER_FULL` if not even the first record fits; `CLOCK` if a record is later than `now`.
    pub fn fill(&mut self, pack: &mut Pack<'_>, now: Now) -> Result<u32> {
        if self.state.waits_for_answer() {
            return Err(Error::STATE);
        }
        pack.failure()?;
        self.state.check_uptime(self.memory, now.uptime)?;
        if now.unix == Some(ABSOLUTE_TIME_END) {
            return Err(Error::SENML_TIME);
        }
        let mut sent = 0;
        let mut offset = 0;
        // `resume` has checked that the memory has room for so many.
        while sent < self.state.records {
            let added = self.add(offset, pack, now);
            if added == Err(Error::BUFFER_FULL) {
                // The pack has recorded a failure, but this record just waits for the next message.
                let full = pack.clear_failure();
                if sent == 0 {
                    full?;
                }
                break;
            }
            offset += added?;
            sent += 1;
        }
        self.state.sent = sent;
        Ok(sent)
    }

    /// Removes the records on their way: the platform has them.
    pub fn accepted(&mut self) -> Result<()> {
        if !self.state.waits_for_answer() {
            return Err(Error::STATE);
        }
        // `resume` has checked that there are so many.
        while self.state.sent > 0 && self.remove_oldest() {
            self.state.sent -= 1;
        }
        self.state.overwritten = 0;
        Ok(())
    }

    /// Keeps the records on their way, to be sent again. Those dropped to make room are lost.
    pub const fn failed(&mut self) -> Result<()> {
        if !self.state.waits_for_answer() {
            return Err(Error::STATE);
        }
        self.state.dropped = self.state.dropped_at_failure();
        self.state.sent = 0;
        self.state.overwritten = 0;
        Ok(())
    }

    /// Whether `need` bytes are free, after dropping the oldest records if the policy allows it.
    fn make_room(&mut self, need: usize) -> bool {
        let capacity = self.memory.len();
        if need > capacity {
            return false;
        }
        while capacity - self.state.used < need {
            if self.state.drops_oldest == 0 || !self.remove_oldest() {
                return false;
            }
            if self.state.sent > 0 {
                // It may have arrived: the answer will show whether it is lost.
                self.state.sent -= 1;
                self.state.overwritten = self.state.overwritten.saturating_add(1);
            } else {
                self.state.dropped = self.state.dropped.saturating_add(1);
            }
        }
        true
    }

    /// Removes the oldest record. False if there is none.
    fn remove_oldest(&mut self) -> bool {
        let Some(&len) = self.memory.get(self.state.first) else {
            return false;
        };
        let len = usize::from(len);
        let left = self.state.used.checked_sub(len);
        let (Some(used), Some(records)) = (left, self.state.records.checked_sub(1)) else {
            return false;
        };
        self.state.first = self.position(len);
        self.state.used = used;
        self.state.records = records;
        true
    }

    const fn position(&self, offset: usize) -> usize {
        self.state.position(self.memory, offset)
    }

    /// Writes bytes after the last ones; there must be room for them.
    fn append(&mut self, bytes: &[u8]) {
        let mut position = self.position(self.state.used);
        for &byte in bytes {
            if let Some(to) = self.memory.get_mut(position) {
                *to = byte;
            }
            position += 1;
            if position == self.memory.len() {
                position = 0;
            }
        }
        self.state.used += bytes.len();
    }

    /// Adds the record at an offset to a pack, and returns its length.
    fn add(&self, offset: usize, pack: &mut Pack<'_>, now: Now) -> Result<usize> {
        // A whole record, 144 bytes: a pack needs name, unit and content in one piece each, and any of them may wrap around to the start of
        // the memory.
        let mut bytes = [0; ENTRY_MAX];
        let len = self.memory.get(self.position(offset));
        let bytes = len.and_then(|&len| bytes.get_mut(..usize::from(len)));
        let bytes = bytes.ok_or(Error::STATE)?;
        self.state.copy(self.memory, offset, bytes);
        let (entry, len) = Entry::decode(bytes).ok_or(Error::STATE)?;
        let timed = match time(entry.when, now) {
            None => Ok(()),
            Some(seconds) if seconds >= LIMIT => pack.set(&Value::time(seconds, 0)),
            Some(ago) => pack.set(&Value::time_ago(ago, 0)),
        };
        // If the time does not fit, the pack must still count the record, to say how much room both need.
        if timed != Err(Error::BUFFER_FULL) {
            timed?;
        }
        pack.add(entry.name, entry.unit, &entry.content.value())?;
        Ok(len)
    }
}

/// Larger values would be absolute times.
const LIMIT: i64 = 1 << 28;
const _: () = assert!(RELATIVE_TIME_LIMIT == 1 << 28);

/// Seconds since 1970, or less than 2^28 seconds ago.
fn time(when: When, now: Now) -> Option<i64> {
    let count = match when {
        When::Reception => return None,
        When::Unix(seconds) => return Some(i64::from(seconds)),
        When::Uptime(count) => count,
    };
    let ago = i64::from(now.uptime) - i64::from(count);
    let unix = now.unix.map(|unix| i64::from(unix) - ago);
    match unix {
        Some(seconds) if seconds >= LIMIT => Some(seconds),
        _ => Some(ago.min(LIMIT - 1)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_that_no_queue_in_this_memory_has_is_refused() {
        let mut memory = [0; 40];
        let mut check = |first, used, records, sent| {
            let mut state = QueueState {
                first,
                used,
                records,
                sent,
                ..QueueState::new(Policy::DropOldest)
            };
            Queue::resume(&mut state, &mut memory).map(|_| ())
        };
        assert_eq!(check(40, 40, 40, 40), Ok(()));
        assert_eq!(check(0, 0, 0, 0), Ok(()));
        for (first, used, records, sent) in [
            (41, 40, 4, 4),
            (40, 41, 4, 4),
            (40, 39, 40, 4),
            (40, 40, 4, 5),
            (usize::MAX, 40, 4, 4),
            (0, usize::MAX, 4, 4),
            (0, 0, u32::MAX, 0),
            (0, 0, 0, u32::MAX),
        ] {
            assert_eq!(check(first, used, records, sent), Err(Error::STATE));
        }
    }
}
