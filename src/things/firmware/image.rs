// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is kept of a download across a reset: one image with URL, token and progress.
//!
//! All numbers are little-endian:
//!
//! | offset | bytes | what |
//! |---|---|---|
//! | 0 | 4 | `KPNF` |
//! | 4 | 2 | version of the format, 3 |
//! | 6 | 2 | length of the URL |
//! | 8 | 4 | length of the token |
//! | 12 | 4 | confirmed bytes |
//! | 16 | 4 | size of the whole firmware, 0 if unknown |
//! | 20 | 68 | validator: its length, 0 for none; the code of its field; its text |
//! | 88 | | URL, then token |
//! | last 4 | 4 | CRC-32 of all bytes before it |
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::crc32;
use crate::error::{Error, Result};
use crate::things::firmware::announcement::{TOKEN_MAX, Texts};
use crate::things::firmware::url::URL_MAX;
use crate::things::firmware::validator::Kept;
use crate::things::firmware::{to_u32, to_usize};

/// Bytes of an image without URL and token.
pub const IMAGE_EXTRA: usize = 24 + size_of::<Kept>();
/// Bytes of the longest image.
pub const IMAGE_MAX: usize = IMAGE_EXTRA + URL_MAX as usize + TOKEN_MAX;

/// "KPNF" as it lies in memory.
const MAGIC: u32 = u32::from_le_bytes(*b"KPNF");
const VERSION: u16 = 3;

/// CRC-32 of any bytes followed by their own CRC-32.
const CRC_OF_WHOLE: u32 = 0x2144_DF1C;

/// The contents of an image. The part size is not among them, since it may be different after the reset.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Image<'a> {
    /// URL and token.
    pub texts: Texts<'a>,
    /// The validator of the representation that the confirmed bytes come from.
    pub validator: &'a Kept,
    /// How many bytes from the start of the firmware are confirmed.
    pub confirmed: u32,
    /// Size of the whole firmware in bytes; 0 if unknown.
    pub total: u32,
}

impl<'a> Image<'a> {
    /// Writes the image, and returns its length. `Error::BUFFER_FULL` if `out` is too short; then nothing is written.
    pub fn write(&self, out: &mut [u8]) -> Result<usize> {
        let [url, token] = self.texts;
        let len = IMAGE_EXTRA + url.len() + token.len();
        let Some(out) = out.get_mut(..len) else {
            return Err(Error::BUFFER_FULL);
        };
        let mut out = Buf::new(out, 0);
        let lens = u32::from(VERSION) | to_u32(url.len()) << 16;
        for word in [MAGIC, lens, to_u32(token.len()), self.confirmed, self.total] {
            out.put(&word.to_le_bytes());
        }
        out.put(self.validator);
        out.put(url);
        out.put(token);
        let crc = crc32::update(0, out.written());
        out.put(&crc.to_le_bytes());
        Ok(len)
    }

    /// Reads an image; `Error::IMAGE` for one that is damaged, truncated, too long, of another version or inconsistent.
    pub fn read(bytes: &'a [u8]) -> Result<Self> {
        if crc32::update(0, bytes) != CRC_OF_WHOLE {
            return Err(Error::IMAGE);
        }
        let (head, rest) = bytes.split_first_chunk::<20>().ok_or(Error::IMAGE)?;
        let (validator, rest) = rest.split_first_chunk().ok_or(Error::IMAGE)?;
        let mut words = [0; 5];
        for (word, bytes) in words.iter_mut().zip(head.as_chunks().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [magic, lens, token_len, confirmed, total] = words;
        let (texts, _) = rest.split_last_chunk::<4>().ok_or(Error::IMAGE)?;
        let (url, token) = texts
            .split_at_checked(to_usize(lens >> 16))
            .ok_or(Error::IMAGE)?;
        if magic != MAGIC
            || lens & 0xFFFF != u32::from(VERSION)
            || to_usize(token_len) != token.len()
            || confirmed > total
        {
            return Err(Error::IMAGE);
        }
        Ok(Self {
            texts: [url, token],
            validator,
            confirmed,
            total,
        })
    }
}
