// SPDX-License-Identifier: MIT OR Apache-2.0
//! A finished request, in pieces of a size that a modem accepts in one write, as bytes or as hexadecimal text.
#![forbid(unsafe_code)]

/// How far a request has been handed out. Plain data without pointers.
#[derive(Clone, Copy, Default, Debug)]
#[repr(C)]
pub struct Pieces {
    next: usize,
    max: usize,
}

impl Pieces {
    /// Pieces of at most `max` bytes.
    pub const fn new(max: usize) -> Self {
        Self { next: 0, max }
    }

    /// The next piece of `bytes`; `None` after the last one.
    pub fn next<'a>(&mut self, bytes: &'a [u8]) -> Option<&'a [u8]> {
        self.at_most(bytes, self.max)
    }

    /// Writes the next piece as upper-case hexadecimal digits, as many as fit in `out`, and returns the number of
    /// request bytes that they stand for; `None` after the last one.
    pub fn next_hex(&mut self, bytes: &[u8], out: &mut [u8]) -> Option<usize> {
        let (pairs, _) = out.as_chunks_mut::<2>();
        let piece = self.at_most(bytes, self.max.min(pairs.len()))?;
        for (pair, byte) in pairs.iter_mut().zip(piece) {
            *pair = [digit(byte >> 4), digit(byte & 15)];
        }
        Some(piece.len())
    }

    fn at_most<'a>(&mut self, bytes: &'a [u8], max: usize) -> Option<&'a [u8]> {
        let rest = bytes.get(self.next..)?;
        let piece = rest.get(..max).unwrap_or(rest);
        self.next = self.next.saturating_add(piece.len());
        (!rest.is_empty()).then_some(piece)
    }
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0'.wrapping_add(nibble)
    } else {
        (b'A' - 10).wrapping_add(nibble)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::format;
    use std::string::String;
    use std::vec;
    use std::vec::Vec;

    #[test]
    fn pieces_of_every_size_are_the_whole_again() {
        let bytes: Vec<u8> = (0..=255).collect();
        let hex: Vec<String> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        for max in 1..260 {
            let mut pieces = Pieces::new(max);
            let mut together = Vec::new();
            while let Some(piece) = pieces.next(&bytes) {
                assert!((1..=max).contains(&piece.len()));
                together.extend_from_slice(piece);
            }
            assert_eq!(together, bytes);
            assert_eq!(pieces.next(&bytes), None);

            let mut pieces = Pieces::new(100);
            let mut text = Vec::new();
            let mut out = vec![0; 2 * max + 1];
            while let Some(len) = pieces.next_hex(&bytes, &mut out) {
                assert!((1..=max.min(100)).contains(&len));
                text.extend_from_slice(&out[..2 * len]);
            }
            assert_eq!(text, hex.concat().as_bytes());
        }
        assert_eq!(Pieces::new(5).next(b""), None);
    }
}
