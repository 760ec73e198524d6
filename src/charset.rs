// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sets of ASCII characters, one bit each: a table of 12 bytes in place of a chain of comparisons.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};

/// What a text must be: how many bytes, and of which characters. All texts share this one check.
pub struct Rule {
    set: Set,
    min: u8,
    max: u8,
    /// The code of the error otherwise.
    error: u8,
}

impl Rule {
    /// From `min` to `max` bytes of `set`.
    ///
    /// # Panics
    ///
    /// At compile time, where it is evaluated: if the range is empty or exceeds 255 bytes.
    pub const fn new(set: Set, min: usize, max: usize, error: Error) -> Self {
        assert!(min <= max && max <= 255);
        let [min, ..] = min.to_le_bytes();
        let [max, ..] = max.to_le_bytes();
        let error = error.code();
        Self {
            set,
            min,
            max,
            error,
        }
    }

    /// Whether the text obeys the rule.
    #[inline(never)]
    pub fn check(&self, text: &[u8]) -> Result<()> {
        let fits = usize::from(self.min) <= text.len() && text.len() <= usize::from(self.max);
        if fits && text.iter().all(|&byte| self.set.holds(byte)) {
            Ok(())
        } else {
            Error::from_code(self.error).map_or(Ok(()), Err)
        }
    }
}

/// Some of the characters from 0x20 to 0x7f.
pub struct Set([u32; 4]);

impl Set {
    /// Letters, digits and these.
    #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
    pub const fn alphanumeric_and(others: &[u8]) -> Self {
        let mut words = [0, 0x03FF_0000, 0x07FF_FFFE, 0x07FF_FFFE];
        let mut at: usize = 0;
        while at < others.len() {
            let byte = others[at];
            words[(byte >> 5) as usize] |= 1 << (byte & 31);
            at = at.wrapping_add(1);
        }
        Self(words)
    }

    /// Whether the byte is one of them.
    #[inline(never)]
    pub fn has(&self, byte: u8) -> bool {
        self.holds(byte)
    }

    /// As `has`, but inlined.
    #[inline]
    pub fn holds(&self, byte: u8) -> bool {
        // Letters are in every set.
        if (byte | 0x20).wrapping_sub(b'a') < 26 {
            return true;
        }
        let Self(words) = self;
        let word = words.get(usize::from(byte >> 5));
        let bits = word.copied().unwrap_or_default();
        bits.wrapping_shr(u32::from(byte)) & 1 != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_set_has_letters_digits_and_what_was_named() {
        let others = b"\x20-_~";
        let set = Set::alphanumeric_and(others);
        for byte in 0..=u8::MAX {
            let expected = byte.is_ascii_alphanumeric() || others.contains(&byte);
            assert_eq!(set.has(byte), expected, "{byte:#x}");
        }
    }
}
