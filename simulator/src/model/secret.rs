// SPDX-License-Identifier: MIT OR Apache-2.0
//! Secrets: compared, fingerprinted, and removed from everything that is shown.

use std::collections::HashMap;
use std::fmt;
use std::ops::Range;

use sha2::{Digest, Sha256};

/// Shorter secrets cannot be distinguished from other text, and are not removed.
const LENGTH_MIN: usize = 4;

/// The secret of a device. Its debug form is its fingerprint.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(String);

impl Secret {
    /// Wraps a text.
    pub const fn new(text: String) -> Self {
        Self(text)
    }

    /// The text itself, for the token and the store.
    pub fn expose(&self) -> &str {
        &self.0
    }

    /// Length in bytes.
    pub const fn len(&self) -> usize {
        self.0.len()
    }

    /// Eight hex digits that distinguish secrets. The secret is hashed after a fixed text, so that the fingerprint is
    /// not the beginning of any token.
    pub fn fingerprint(&self) -> String {
        Sha256::new()
            .chain_update("fingerprint of a secret: ")
            .chain_update(&self.0)
            .finalize()
            .iter()
            .take(4)
            .map(|byte| format!("{byte:02x}"))
            .collect()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} characters, fingerprint {}",
            self.len(),
            self.fingerprint()
        )
    }
}

/// All secrets by their first bytes, to find them in text.
#[derive(Debug, Clone, Default)]
pub struct Secrets {
    by_beginning: HashMap<[u8; LENGTH_MIN], Vec<Secret>>,
    /// A bit for each hash that the beginning of a secret has: most text has none of them, and is passed over quickly.
    beginnings: Option<Box<[u64; WORDS]>>,
}

/// Hashes of beginnings, as a power of two.
const HASHES: u32 = 17;
const WORDS: usize = 1 << (HASHES - u64::BITS.ilog2());

/// Where the bit of a beginning is.
fn bit(beginning: [u8; LENGTH_MIN]) -> (usize, u64) {
    // Fibonacci hashing: the upper bits of the product depend on all of the lower ones.
    let hash = u32::from_le_bytes(beginning).wrapping_mul(0x9e37_79b1) >> (u32::BITS - HASHES);
    ((hash / u64::BITS) as usize, 1 << (hash % u64::BITS))
}

impl Secrets {
    /// One more secret.
    pub fn add(&mut self, secret: &Secret) {
        if let Some(first) = secret.0.as_bytes().first_chunk() {
            let same = self.by_beginning.entry(*first).or_default();
            if !same.contains(secret) {
                same.push(secret.clone());
            }
            let (word, bit) = bit(*first);
            self.beginnings.get_or_insert_with(|| Box::new([0; WORDS]))[word] |= bit;
        }
    }

    /// The first secret behind `from`, the longest one where there are several.
    fn find(&self, bytes: &[u8], from: usize) -> Option<Range<usize>> {
        let beginnings = self.beginnings.as_deref()?;
        let rest = bytes.get(from..)?;
        for (at, beginning) in rest.array_windows().enumerate() {
            let (word, bit) = bit(*beginning);
            if beginnings[word] & bit != 0
                && let Some(length) = self.length(beginning, &rest[at..])
            {
                return Some(from + at..from + at + length);
            }
        }
        None
    }

    /// Length of the secret that `bytes` begin with.
    fn length(&self, beginning: &[u8; LENGTH_MIN], bytes: &[u8]) -> Option<usize> {
        let same = self.by_beginning.get(beginning)?.iter();
        same.filter(|secret| bytes.starts_with(secret.0.as_bytes()))
            .map(Secret::len)
            .max()
    }

    /// Overwrites each secret in `bytes` with asterisks of the same length.
    pub fn blot(&self, bytes: &mut [u8]) {
        let mut from = 0;
        while let Some(secret) = self.find(bytes, from) {
            from = secret.end;
            bytes[secret].fill(b'*');
        }
    }

    /// The same for a text.
    pub fn blot_text(&self, text: &mut String) {
        if self.find(text.as_bytes(), 0).is_some() {
            let mut bytes = std::mem::take(text).into_bytes();
            self.blot(&mut bytes);
            // A secret is UTF-8, so what surrounds it is as well.
            *text = String::from_utf8_lossy(&bytes).into_owned();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blots_secrets_wherever_they_stand() {
        let mut secrets = Secrets::default();
        for secret in ["abcdef", "abcdefgh", "xyzxyz", "abc"] {
            secrets.add(&Secret::new(secret.to_owned()));
        }
        for (text, shown) in [
            ("abcdefghi", "********i"),
            ("-abcdef-abcdefgh", "-******-********"),
            ("xyzxyzxyz", "******xyz"),
            ("abcdeabcdef", "abcde******"),
            ("abc", "abc"),
            ("é abcdef é", "é ****** é"),
            ("", ""),
        ] {
            let mut blotted = text.to_owned();
            secrets.blot_text(&mut blotted);
            assert_eq!(blotted, shown);
        }
    }

    #[test]
    fn a_fingerprint_tells_secrets_apart_and_is_no_token() {
        let secret = Secret::new("0123456789abcdefghijklmnopqrstuvwxyzABCD".to_owned());
        let other = Secret::new("0123456789abcdefghijklmnopqrstuvwxyzABCE".to_owned());
        assert_ne!(secret.fingerprint(), other.fingerprint());
        assert_eq!(secret.fingerprint().len(), 8);
        let token = super::super::token::token(b"", secret.expose());
        assert!(!token.starts_with(&secret.fingerprint()));
        assert!(!format!("{secret:?}").contains(secret.expose()));
    }
}
