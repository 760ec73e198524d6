//! Measurements that wait for a connection: a first-in first-out queue in the caller's memory.
//!
//! Records lie one behind the other from the start of the memory, each as long as it is, so that every byte of the memory
//! can hold measurements: 1,024 bytes hold 40 temperatures with time. heapless was tried for them: the capacity of its `Deque` is a part
//! of its type, which C cannot choose, its `DequeView` cannot be made over memory that C brings, and every record would
//! take the room of the longest. Building each record in its `Vec` first cost a frame of 556 bytes.
//!
//! Values are kept as the JSON text in which they will be sent: numbers are rendered once, by the conversion that their
//! kind needs, so a device that queues no doubles links no code for them.
#![forbid(unsafe_code)]

mod entry;
mod image;

use core::cell::Cell;

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::senml::pack::Pack;
use crate::senml::pack::value::Value;
use crate::senml::record::RELATIVE_TIME_LIMIT;
use entry::Entry;

pub use entry::{NAME_MAX, NUMBER_MAX, TEXT_MAX, Value as Queued, When};
pub use image::{IMAGE_EXTRA, Since};

/// What gives way when there is no room.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Policy {
    /// The newest record is refused.
    RefuseNewest,
    /// The oldest records that are not on their way make room.
    DropOldest,
}

/// Where a queue stands. Plain data, no pointer.
#[derive(Clone, Default)]
#[repr(C)]
pub struct QueueState {
    /// Bytes of all records.
    used: usize,
    /// Bytes of the first records, which are on their way.
    sent: usize,
    records: u32,
    sent_records: u32,
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

    /// Records in the queue, those on their way included.
    pub const fn records(&self) -> u32 {
        self.records
    }

    /// Records on their way.
    pub const fn sent_records(&self) -> u32 {
        self.sent_records
    }

    /// Records that were lost because there was no room.
    pub const fn dropped(&self) -> u32 {
        self.dropped
    }
}

/// The clocks of the device at one moment.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Now {
    /// Seconds since the device started.
    pub uptime: u32,
    /// Seconds since 1970 (UTC); none, or before 2^28, on a device that does not know.
    pub unix: Option<u32>,
}

/// A queue: its state and its memory.
pub struct Queue<'a> {
    state: &'a mut QueueState,
    memory: &'a mut [u8],
}

impl<'a> Queue<'a> {
    /// Goes on with a queue in the same memory.
    pub const fn resume(state: &'a mut QueueState, memory: &'a mut [u8]) -> Self {
        Self { state, memory }
    }

    /// Appends a number that `write` renders as JSON.
    pub fn push_number(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        when: When,
        write: impl FnOnce(&mut Buf<'_>) -> Result<()>,
    ) -> Result<()> {
        let mut text = [0; NUMBER_MAX];
        let mut out = Buf::new(&mut text, 0);
        write(&mut out)?;
        self.push(name, unit, when, Queued::Number(out.written()))
    }

    /// Appends a record.
    ///
    /// Everything that could be refused when it is sent is refused here. `BUFFER_FULL` when there is no room, also not by
    /// dropping what is not on its way; the record then counts as dropped.
    pub fn push(
        &mut self,
        name: &[u8],
        unit: Option<&[u8]>,
        when: When,
        value: Queued<'_>,
    ) -> Result<()> {
        let entry = Entry {
            name,
            unit,
            when,
            value,
        };
        entry.check()?;
        let front = entry.front()?;
        if !self.make_room(usize::from(front[0])) {
            self.state.dropped = self.state.dropped.saturating_add(1);
            return Err(Error::BUFFER_FULL);
        }
        let mut out = Buf::new(self.memory, self.state.used);
        out.put(&front);
        for part in entry.tail() {
            out.put(part);
        }
        self.state.used = out.len();
        self.state.records = self.state.records.saturating_add(1);
        Ok(())
    }

    /// Adds as many records to a pack as fit, oldest first, and returns how many. They are on their way now, until `accepted` or
    /// `failed`.
    ///
    /// 0 when the queue is empty; `BUFFER_FULL` when not even the first fits.
    pub fn fill(&mut self, pack: &mut Pack<'_>, now: Now) -> Result<u32> {
        if self.state.sent_records > 0 {
            return Err(Error::STATE);
        }
        pack.failure()?;
        while let Some((entry, len)) = self.at(self.state.sent) {
            match add(pack, &entry, now) {
                Ok(()) => {
                    self.state.sent = self.state.sent.saturating_add(len);
                    self.state.sent_records = self.state.sent_records.saturating_add(1);
                }
                Err(Error::BUFFER_FULL) => {
                    // What was noted is that this record waits for the next pack.
                    let full = pack.clear_failure();
                    if self.state.sent_records == 0 {
                        full?;
                    }
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(self.state.sent_records)
    }

    /// Drops the records on their way: the platform has them.
    pub fn accepted(&mut self) -> Result<()> {
        if self.state.sent_records == 0 {
            return Err(Error::STATE);
        }
        self.cut(0, self.state.sent);
        self.state.records = self.state.records.saturating_sub(self.state.sent_records);
        self.failed()
    }

    /// Keeps the records on their way, to be sent again.
    pub const fn failed(&mut self) -> Result<()> {
        if self.state.sent_records == 0 {
            return Err(Error::STATE);
        }
        self.state.sent = 0;
        self.state.sent_records = 0;
        Ok(())
    }

    /// The record at an offset, and its length.
    fn at(&self, offset: usize) -> Option<(Entry<'_>, usize)> {
        let records = self.memory.get(..self.state.used)?;
        Entry::decode(records.get(offset..)?)
    }

    /// Whether `need` bytes are free, where the policy allows by dropping records.
    fn make_room(&mut self, need: usize) -> bool {
        let capacity = self.memory.len();
        let free = capacity.saturating_sub(self.state.used);
        if need <= free {
            return true;
        }
        let most = capacity.saturating_sub(self.state.sent);
        if self.state.drops_oldest == 0 || need > most {
            return false;
        }
        let mut gap: usize = 0;
        while free.saturating_add(gap) < need {
            let Some((_, len)) = self.at(self.state.sent.saturating_add(gap)) else {
                return false;
            };
            gap = gap.saturating_add(len);
            self.state.records = self.state.records.saturating_sub(1);
            self.state.dropped = self.state.dropped.saturating_add(1);
        }
        self.cut(self.state.sent, gap);
        true
    }

    /// Takes `gap` bytes at `offset` out; what lies behind moves up.
    fn cut(&mut self, offset: usize, gap: usize) {
        let used = self.state.used;
        let tail = self.memory.get_mut(offset..used).unwrap_or_default();
        let cells = Cell::from_mut(tail).as_slice_of_cells();
        for (to, from) in cells.iter().zip(cells.iter().skip(gap)) {
            to.set(from.get());
        }
        self.state.used = used.saturating_sub(gap);
    }
}

/// Adds a record to a pack, under its time.
fn add(pack: &mut Pack<'_>, entry: &Entry<'_>, now: Now) -> Result<()> {
    let label = match time(entry.when, now) {
        None => Ok(()),
        Some(seconds) if seconds >= LIMIT => pack.set(&Value::time(seconds, 0)),
        Some(ago) => pack.set(&Value::time_ago(ago, 0)),
    };
    // Without room for the label the record is refused too, and counted with it.
    if label != Err(Error::BUFFER_FULL) {
        label?;
    }
    let content = match entry.value {
        entry::Value::Number(text) => Value::json_number(text),
        entry::Value::Text(text) => Value::text(text),
        entry::Value::Bool(value) => Value::bool(value),
    };
    pack.add(entry.name, entry.unit, &content)
}

/// Larger times are absolute.
const LIMIT: i64 = 1 << 28;
const _: () = assert!(RELATIVE_TIME_LIMIT == 1 << 28);

/// Seconds since 1970, or below 2^28 seconds ago.
fn time(when: When, now: Now) -> Option<i64> {
    let count = match when {
        When::Reception => return None,
        When::Unix(seconds) => return Some(i64::from(seconds)),
        When::Uptime(count) => count,
    };
    let ago = i64::from(now.uptime).wrapping_sub(i64::from(count)).max(0);
    let unix = now.unix.map(|unix| i64::from(unix).wrapping_sub(ago));
    match unix {
        Some(seconds) if seconds >= LIMIT => Some(seconds),
        _ => Some(ago.min(LIMIT - 1)),
    }
}
