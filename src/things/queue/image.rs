//! A queue in non-volatile memory: `kpnq`, version, three zero bytes, uptime, dropped, records, length of the records (four bytes
//! each, least significant first), the records, CRC-32 of all before it.
#![forbid(unsafe_code)]

use super::entry::{Entry, shift};
use super::{Policy, Queue, QueueState};
use crate::buf::Buf;
use crate::crc32;
use crate::error::{Error, Result};

const MAGIC: [u8; 8] = *b"kpnq\x01\0\0\0";
const WORD: usize = 4;
/// Bytes of an image beside those of the records.
pub const IMAGE_EXTRA: usize = MAGIC.len() + 5 * WORD;

/// How time went on since an image was saved.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Since {
    /// Seconds since this start of the device.
    pub uptime: u32,
    /// Seconds since the image was saved, as far as known.
    pub elapsed: u32,
}

impl Queue<'_> {
    /// Writes the image of a queue and returns its length, at most [`IMAGE_EXTRA`] and the memory of the queue.
    ///
    /// Records on their way are saved like the others: after a reset nobody knows what became of them.
    pub fn save(&self, uptime: u32, out: &mut [u8]) -> Result<usize> {
        let records = self.memory.get(..self.state.used).ok_or(Error::STATE)?;
        let len = u32::try_from(records.len()).map_err(|_| Error::INVALID_ARGUMENT)?;
        let mut out = Buf::new(out, 0);
        out.put(&MAGIC);
        for word in [uptime, self.state.dropped, self.state.records, len] {
            out.put(&word.to_le_bytes());
        }
        out.put(records);
        let crc = crc32::update(0, out.written());
        out.put(&crc.to_le_bytes());
        if out.fits() {
            Ok(out.len())
        } else {
            Err(Error::BUFFER_FULL)
        }
    }

    /// Puts the records of an image in place of those of the queue.
    ///
    /// All of the image is checked first: on failure the queue is as before. `Image` when it is damaged or of another
    /// version, `BUFFER_FULL` when the memory is too small for its records.
    pub fn restore(&mut self, image: &[u8], since: Since) -> Result<()> {
        let image = Image::parse(image).ok_or(Error::IMAGE)?;
        let used = image.records.len();
        let Some(to) = self.memory.get_mut(..used) else {
            return Err(Error::BUFFER_FULL);
        };
        for (to, from) in to.iter_mut().zip(image.records) {
            *to = *from;
        }
        let by = i64::from(since.uptime)
            .wrapping_sub(i64::from(since.elapsed))
            .wrapping_sub(i64::from(image.uptime));
        let mut rest = to;
        while let Some((_, len)) = Entry::decode(rest) {
            shift(rest, by);
            rest = rest.get_mut(len..).unwrap_or_default();
        }
        *self.state = QueueState {
            used,
            records: image.count,
            dropped: image.dropped,
            drops_oldest: self.state.drops_oldest,
            ..QueueState::new(Policy::RefuseNewest)
        };
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
    /// None when anything is wrong with it.
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

    /// Whether the bytes are as many records as they should be, and each is one that a pack takes.
    fn records_are_sound(&self) -> bool {
        let mut rest = self.records;
        let mut count: u32 = 0;
        while let Some((entry, len)) = Entry::decode(rest) {
            if entry.check().is_err() {
                return false;
            }
            count = count.saturating_add(1);
            rest = rest.get(len..).unwrap_or_default();
        }
        rest.is_empty() && count == self.count
    }
}
