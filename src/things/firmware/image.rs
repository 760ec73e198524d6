//! What of a download is kept over a reset: 24 bytes with a version and a checksum.
#![forbid(unsafe_code)]

use crate::crc32;
use crate::error::{Error, Result};

/// Bytes of an image, on every target.
pub const IMAGE_LEN: usize = 24;

/// "KPNF" as it lies in memory.
const MAGIC: u32 = u32::from_le_bytes(*b"KPNF");
const VERSION: u32 = 1;

/// CRC-32 of any bytes that end in their own CRC-32.
const CRC_OF_WHOLE: u32 = 0x2144_DF1C;

/// A download at the end of a part. The part size is no matter: parts may have another size after a reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Progress {
    /// CRC-32 of the URL's text.
    pub url_crc: u32,
    /// Bytes of the URL, 1 or more.
    pub url_len: u16,
    /// Bytes from the start of the firmware that are confirmed.
    pub confirmed: u32,
    /// Bytes of the whole firmware, 0 as long as none are confirmed.
    pub total: u32,
}

impl Progress {
    /// As bytes, all numbers in little-endian order.
    pub fn to_bytes(self) -> [u8; IMAGE_LEN] {
        let mut bytes = [0; IMAGE_LEN];
        self.write(&mut bytes);
        bytes
    }

    /// The same in place, as far as there is room.
    pub fn write(self, bytes: &mut [u8]) {
        let mut words = [
            MAGIC,
            VERSION | u32::from(self.url_len) << 16,
            self.url_crc,
            self.confirmed,
            self.total,
        ]
        .into_iter();
        let mut crc = 0;
        for place in bytes.as_chunks_mut::<4>().0 {
            // Behind all others, their checksum.
            *place = words.next().unwrap_or(crc).to_le_bytes();
            crc = crc32::update(crc, place);
        }
    }

    /// From bytes; `Error::IMAGE` for anything that [`Progress::to_bytes`] did not make, or of another version.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self> {
        let Some(bytes) = bytes.as_array::<IMAGE_LEN>() else {
            return Err(Error::IMAGE);
        };
        // First of all, so that no number has to be kept over it.
        if crc32::update(0, bytes) != CRC_OF_WHOLE {
            return Err(Error::IMAGE);
        }
        let mut words = [0; IMAGE_LEN / 4];
        for (word, &bytes) in words.iter_mut().zip(bytes.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(bytes);
        }
        let [magic, head, url_crc, confirmed, total, _] = words;
        let [low, high, len @ ..] = head.to_le_bytes();
        let url_len = u16::from_le_bytes(len);
        let whole = magic == MAGIC
            && u32::from(u16::from_le_bytes([low, high])) == VERSION
            && url_len != 0
            && confirmed <= total;
        if !whole {
            return Err(Error::IMAGE);
        }
        Ok(Self {
            url_crc,
            url_len,
            confirmed,
            total,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const CHECKED_LEN: usize = IMAGE_LEN - 4;

    const PROGRESS: Progress = Progress {
        url_crc: 0x0403_0201,
        url_len: 0x0605,
        confirmed: 1000,
        total: 3483,
    };

    #[test]
    fn the_bytes_are_the_same_everywhere() {
        let bytes = PROGRESS.to_bytes();
        let front = b"KPNF\x01\0\x05\x06\x01\x02\x03\x04\xe8\x03\0\0\x9b\x0d\0\0";
        assert_eq!(bytes[..CHECKED_LEN], front[..]);
        assert_eq!(bytes[CHECKED_LEN..], crc32::update(0, front).to_le_bytes());
        assert_eq!(Progress::from_bytes(&bytes), Ok(PROGRESS));
    }

    #[test]
    fn refuses_every_damage_of_up_to_two_bits_and_every_other_length() {
        let bytes = PROGRESS.to_bytes();
        let flip = |bytes: &mut [u8], bit: usize| bytes[bit / 8] ^= 1 << (bit % 8);
        for first in 0..IMAGE_LEN * 8 {
            for second in first..IMAGE_LEN * 8 {
                let mut damaged = bytes;
                flip(&mut damaged, first);
                if second > first {
                    flip(&mut damaged, second);
                }
                assert_eq!(Progress::from_bytes(&damaged), Err(Error::IMAGE));
            }
        }
        for len in 0..IMAGE_LEN {
            assert_eq!(Progress::from_bytes(&bytes[..len]), Err(Error::IMAGE));
        }
        let longer: Vec<u8> = bytes.iter().copied().chain([0]).collect();
        assert_eq!(Progress::from_bytes(&longer), Err(Error::IMAGE));
        for blank in [0x00, 0xFF] {
            assert_eq!(Progress::from_bytes(&[blank; IMAGE_LEN]), Err(Error::IMAGE));
        }
    }

    #[test]
    fn refuses_what_contradicts_itself_though_its_checksum_fits() {
        for wrong in [
            Progress {
                confirmed: 3484,
                ..PROGRESS
            },
            Progress {
                url_len: 0,
                ..PROGRESS
            },
        ] {
            assert_eq!(Progress::from_bytes(&wrong.to_bytes()), Err(Error::IMAGE));
        }
        for (at, value) in [(0, b'k'), (4, 2), (5, 1)] {
            let mut bytes = PROGRESS.to_bytes();
            bytes[at] = value;
            let crc = crc32::update(0, &bytes[..CHECKED_LEN]);
            bytes[CHECKED_LEN..].copy_from_slice(&crc.to_le_bytes());
            assert_eq!(Progress::from_bytes(&bytes), Err(Error::IMAGE));
        }
    }
}
