// SPDX-License-Identifier: MIT OR Apache-2.0
//! A queue in non-volatile memory: `kpnq`, version, three zero bytes, uptime, dropped, records, length of the records (four bytes each,
//! least significant first), the records from oldest to newest, CRC-32 of everything before it.
#![forbid(unsafe_code)]

use super::entry::{Entry, shift_uptime};
use super::{Queue, QueueState};
use crate::buf::Buf;
use crate::crc32;
use crate::error::{Error, Result};

const MAGIC: [u8; 8] = *b"kpnq\x02\0\0\0";
const WORD: usize = 4;
/// Bytes of an image in addition to the records.
pub const IMAGE_EXTRA: usize = MAGIC.len() + 5 * WORD;

/// How time has passed since an image was saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Since {
    /// Current uptime of the device, in seconds.
    pub uptime: u32,
    /// Seconds since the image was saved, as far as known.
    pub elapsed: u32,
}

impl QueueState {
    /// Writes the image of the queue in `memory` and returns its length, at most [`IMAGE_EXTRA`] plus the size of the memory.
    ///
    /// Records on their way are saved like the others; those of them that were dropped to make room count as dropped, since after a reset
    /// nobody knows what became of them. `CLOCK` if a record is later than `uptime`.
    pub fn save(&self, memory: &[u8], uptime: u32, out: &mut [u8]) -> Result<usize> {
        if !self.is_sound(memory.len()) {
            return Err(Error::STATE);
        }
        self.check_uptime(memory, uptime)?;
        let (start, end) = memory.split_at_checked(self.first).ok_or(Error::STATE)?;
        let end = end.get(..self.used).unwrap_or(end);
        let start = start.get(..self.used - end.len()).ok_or(Error::STATE)?;
        let len = u32::try_from(self.used).map_err(|_| Error::INVALID_ARGUMENT)?;
        let mut out = Buf::new(out, 0);
        out.put(&MAGIC);
        for word in [uptime, self.dropped_at_failure(), self.records, len] {
            out.put(&word.to_le_bytes());
        }
        out.put(end);
        out.put(start);
        let crc = crc32::update(0, out.written());
        out.put(&crc.to_le_bytes());
        if out.fits() {
            Ok(out.len())
        } else {
            Err(Error::BUFFER_FULL)
        }
    }
}

impl Queue<'_> {
    /// Replaces the records of the queue by those of an image.
    ///
    /// The whole image is checked first: a failure leaves the queue unchanged. `IMAGE` if it is damaged or of another version,
    /// `BUFFER_FULL` if the memory is too small for its records.
    pub fn load(&mut self, image: &[u8], since: Since) -> Result<()> {
        let image = Image::parse(image).ok_or(Error::IMAGE)?;
        if image.records.len() > self.memory.len() {
            return Err(Error::BUFFER_FULL);
        }
        *self.state = QueueState {
            records: image.count,
            dropped: image.dropped,
            drops_oldest: self.state.drops_oldest,
            ..QueueState::default()
        };
        self.append(image.records);
        let by = i64::from(since.uptime) - i64::from(since.elapsed) - i64::from(image.uptime);
        let mut rest = self.memory.get_mut(..self.state.used).unwrap_or_default();
        while let Some((_, len)) = Entry::decode(rest) {
            shift_uptime(rest, by);
            rest = rest.get_mut(len..).unwrap_or_default();
        }
        Ok(())
    }
}

struct Image<'a> {
    uptime: u32,
    dropped: u32,
    count: u32,
    records: &'a [u8],
}

impl<'a> Image<'a> {
    /// `None` if anything is wrong with it.
    fn parse(image: &'a [u8]) -> Option<Self> {
        let (rest, crc) = image.split_last_chunk()?;
        if crc32::update(0, rest) != u32::from_le_bytes(*crc) {
            return None;
        }
        let mut rest = rest.strip_prefix(&MAGIC)?;
        let mut words = [0; 4];
        for word in &mut words {
            let (bytes, behind) = rest.split_first_chunk()?;
            *word = u32::from_le_bytes(*bytes);
            rest = behind;
        }
        let [uptime, dropped, count, len] = words;
        let image = Self {
            uptime,
            dropped,
            count,
            records: rest,
        };
        let complete = usize::try_from(len) == Ok(rest.len()) && image.records_are_sound();
        complete.then_some(image)
    }

    /// Whether the bytes are the right number of records, each acceptable to a pack and no later than the image.
    fn records_are_sound(&self) -> bool {
        let mut rest = self.records;
        let mut count: u32 = 0;
        while let Some((entry, len)) = Entry::decode(rest) {
            if entry.check().is_err() {
                return false;
            }
            count += 1;
            rest = rest.get(len..).unwrap_or_default();
        }
        let memory = QueueState {
            used: self.records.len(),
            ..QueueState::default()
        };
        let is_in_time = memory.check_uptime(self.records, self.uptime).is_ok();
        rest.is_empty() && count == self.count && is_in_time
    }
}
