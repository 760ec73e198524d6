// SPDX-License-Identifier: MIT OR Apache-2.0
//! The message token: lower-case hex of SHA-256 over the body, then the secret. No separator, no HMAC.
//!
//! Hosts compress with `sha2`, which uses the processor's own instructions and takes all whole blocks at once; bare metal uses our own
//! rounds. The block buffer around them is ours, because a C caller owns this state: plain words of a known layout, which can be wiped.
#![forbid(unsafe_code)]

#[cfg(any(test, target_os = "none"))]
mod sha256;

#[cfg(not(target_os = "none"))]
use sha2::block_api::compress256 as compress;
#[cfg(target_os = "none")]
use sha256::compress;

use crate::charset::{Rule, Set};
use crate::error::{Error, Result};
use crate::words::Words64;

/// Characters of a token.
pub const TOKEN_LEN: usize = 64;
/// Fewest characters of a secret.
pub const SECRET_MIN: usize = 30;
/// Most characters of a secret.
pub const SECRET_MAX: usize = 100;

const BLOCK: usize = 64;
/// Where the length is in the last block.
const LENGTH_AT: usize = 56;

/// The initial hash value, FIPS 180-4 section 5.3.3.
const INITIAL: [u32; 8] = [
    0x6a09_e667,
    0xbb67_ae85,
    0x3c6e_f372,
    0xa54f_f53a,
    0x510e_527f,
    0x9b05_688c,
    0x1f83_d9ab,
    0x5be0_cd19,
];

/// A token being computed.
///
/// Any number of `update` calls with the bytes of the body, then `finish`. May be abandoned at any time; overwrite it first if the bytes so
/// far are confidential.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct Token {
    total: Words64,
    state: [u32; 8],
    block: [u8; 64],
}

impl Default for Token {
    /// Begun, with no bytes hashed.
    fn default() -> Self {
        let mut token = Self::BLANK;
        token.restart();
        token
    }
}

impl Token {
    /// Memory for `restart` to begin in place, since moving it would put it on the stack twice.
    pub const BLANK: Self = Self {
        total: Words64::new(0),
        state: [0; 8],
        block: [0; BLOCK],
    };

    /// Starts anew in place, with no bytes hashed.
    #[inline(never)]
    pub fn restart(&mut self) {
        self.total = Words64::new(0);
        self.state = INITIAL;
    }

    /// Bytes hashed so far.
    pub const fn total(&self) -> u64 {
        self.total.get()
    }

    /// Hashes bytes of the body, in the order in which they are sent.
    ///
    /// Whole blocks are hashed where they lie; a partial block waits in the block buffer.
    pub fn update(&mut self, mut bytes: &[u8]) {
        let filled = self.filled();
        // Modulo 2^64, as is the length that is hashed at the end; only a forged count gets there.
        self.total = Words64::new(self.total.get().wrapping_add(widen(bytes.len())));
        if filled != 0 {
            let room = self.block.get_mut(filled..).unwrap_or_default();
            let Some((first, rest)) = bytes.split_at_checked(room.len()) else {
                return copy(room, bytes);
            };
            copy(room, first);
            self.compress();
            bytes = rest;
        }
        let (blocks, rest) = bytes.as_chunks();
        compress(&mut self.state, blocks);
        copy(&mut self.block, rest);
    }

    /// Whether both have hashed the same bytes; neither may be finished.
    pub fn same(&self, other: &Self) -> bool {
        // After the bytes that wait for their block lie older ones, which depend on how the input was split.
        let waiting = self.block.iter().zip(&other.block).take(self.filled());
        self.total == other.total
            && self.state == other.state
            && waiting.fold(0, |difference, (a, b)| difference | (a ^ b)) == 0
    }

    /// Hashes the secret after the body and returns the token, which overwrites the hashed bytes.
    ///
    /// `check_secret` says whether the secret has the form that the platform asks for.
    #[inline(never)]
    pub fn finish(&mut self, secret: &[u8]) -> &[u8; TOKEN_LEN] {
        self.update(secret);
        let bits = self.total.get().wrapping_mul(8);
        let filled = self.filled();
        // Padding: a mark, then zeros up to the length in the last block.
        if let Some([mark, zeros @ ..]) = self.block.get_mut(filled..) {
            *mark = 0x80;
            zeros.fill(0);
        }
        if filled >= LENGTH_AT {
            self.compress();
            self.block.fill(0);
        }
        if let Some(length) = self.block.last_chunk_mut() {
            *length = bits.to_be_bytes();
        }
        self.compress();

        // The block has as many bytes as the token has digits, so the token overwrites what is left of the secret.
        for (digits, word) in self
            .block
            .as_chunks_mut::<8>()
            .0
            .iter_mut()
            .zip(&self.state)
        {
            let mut word = *word;
            for to in digits {
                word = word.rotate_left(4);
                let [low, ..] = word.to_le_bytes();
                *to = digit(low & 15);
            }
        }
        self.restart();
        &self.block
    }

    /// Compresses the full block buffer into the hash value.
    #[inline(never)]
    fn compress(&mut self) {
        compress(&mut self.state, core::slice::from_ref(&self.block));
    }

    fn filled(&self) -> usize {
        let low = self.total.get().to_le_bytes()[0];
        usize::from(low & 63)
    }
}

/// Refuses a secret outside `[0-9a-zA-Z]{30,100}`.
pub fn check_secret(secret: &[u8]) -> Result<()> {
    SECRET.check(secret)
}

static SECRET: Rule = Rule::new(
    Set::alphanumeric_and(b""),
    SECRET_MIN,
    SECRET_MAX,
    Error::SECRET,
);

/// Compares two tokens in a time that does not depend on their contents.
pub fn equal(left: &[u8; TOKEN_LEN], right: &[u8; TOKEN_LEN]) -> bool {
    core::hint::black_box(difference(left, right)) == 0
}

/// The bits in which any of the characters differ; every character is compared.
fn difference(left: &[u8; TOKEN_LEN], right: &[u8; TOKEN_LEN]) -> u8 {
    left.iter()
        .zip(right)
        .fold(0, |difference, (a, b)| difference | (a ^ b))
}

/// Copies to the start of a room that is never shorter.
fn copy(to: &mut [u8], from: &[u8]) {
    // Equally long by construction, so that the panic of `copy_from_slice` is not linked.
    if let Some(to) = to.get_mut(..from.len()) {
        to.copy_from_slice(from);
    }
}

const fn digit(nibble: u8) -> u8 {
    if nibble < 10 {
        b'0'.wrapping_add(nibble)
    } else {
        (b'a' - 10).wrapping_add(nibble)
    }
}

const fn widen(len: usize) -> u64 {
    len as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECRET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCD";
    const BODY: &[u8] =
        br#"[{"bn":"urn:dev:IMEI:123456789012345:","n":"temperature","u":"Cel","v":20.5}]"#;
    const TOKEN: &[u8; 64] = b"2a6a85076c72c964dd129541130f080d3afa6927a4a72dde9317d6f23c475ed9";

    #[test]
    fn every_split_of_the_body_gives_the_same_token() {
        for split in 0..=BODY.len() {
            let (front, back) = BODY.split_at(split);
            let mut token = Token::default();
            token.update(front);
            token.update(back);
            assert_eq!(token.finish(SECRET), TOKEN, "split at {split}");
        }
    }

    #[test]
    fn every_length_agrees_with_the_digest_of_sha2() {
        use sha2::Digest;
        let bytes: std::vec::Vec<u8> = (0..=255_u8).collect();
        for len in 0..=bytes.len() {
            let mut token = Token::default();
            token.update(&bytes[..len]);
            let hex = token.finish(b"");
            let text = core::str::from_utf8(hex).unwrap();
            let ours: std::vec::Vec<u8> = (0..32)
                .map(|at| u8::from_str_radix(text.get(2 * at..2 * at + 2).unwrap(), 16).unwrap())
                .collect();
            assert_eq!(ours, sha2::Sha256::digest(&bytes[..len]).as_slice());
        }
    }

    #[test]
    fn refuses_a_secret_outside_the_pattern() {
        let long = [b'a'; 101];
        for secret in [
            &b""[..],
            &SECRET[..29],
            &long,
            b"0123456789abcdefghijklmnopqrstuvwxyz-BCD",
        ] {
            assert_eq!(check_secret(secret), Err(Error::SECRET));
        }
        assert!(check_secret(&SECRET[..30]).is_ok() && check_secret(&long[..100]).is_ok());
    }

    #[test]
    fn holds_nothing_of_the_message_after_finish() {
        let mut token = Token::default();
        token.update(BODY);
        token.finish(SECRET);
        assert_eq!(token.total(), 0);
        assert_eq!(&token.block, TOKEN);
        assert_eq!(token.state, Token::default().state);
    }

    #[test]
    fn tells_equal_tokens_from_those_that_differ_in_one_bit() {
        assert!(equal(TOKEN, TOKEN));
        for at in 0..64 {
            let mut other = *TOKEN;
            other[at] ^= 1;
            assert!(!equal(TOKEN, &other));
        }
    }

    #[test]
    fn a_count_of_bytes_at_its_end_goes_on_at_0() {
        for total in [u64::MAX, u64::MAX / 8 + 1] {
            let mut token = Token {
                total: Words64::new(total),
                ..Token::default()
            };
            token.update(BODY);
            assert_eq!(token.total(), total.wrapping_add(77));
            token.finish(SECRET);
            assert_eq!(token.total(), 0);
        }
    }

    #[test]
    fn looks_behind_the_first_difference() {
        for at in 0..63 {
            let mut other = *TOKEN;
            other[at] ^= 1;
            other[at + 1] ^= 2;
            other[63] ^= 4;
            assert_eq!(difference(TOKEN, &other), 7);
        }
    }
}
