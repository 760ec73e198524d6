// SPDX-License-Identifier: MIT OR Apache-2.0
//! Secrets: compared, fingerprinted, and removed from everything that is shown.

use std::collections::HashMap;
use std::fmt;

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
pub struct Secrets(HashMap<[u8; LENGTH_MIN], Vec<Secret>>);

impl Secrets {
    /// One more secret.
    pub fn add(&mut self, secret: &Secret) {
        if let Some(first) = secret.0.as_bytes().first_chunk() {
            let same = self.0.entry(*first).or_default();
            if !same.contains(secret) {
                same.push(secret.clone());
            }
        }
    }

    /// Overwrites each secret in `bytes` with asterisks of the same length.
    pub fn blot(&self, bytes: &mut [u8]) -> bool {
        let mut found = false;
        let mut at = 0;
        while let Some(rest) = bytes.get_mut(at..) {
            let Some(first) = rest.first_chunk::<LENGTH_MIN>() else {
                break;
            };
            let length = self
                .0
                .get(first)
                .into_iter()
                .flatten()
                .filter(|secret| rest.starts_with(secret.0.as_bytes()))
                .map(Secret::len)
                .max();
            if let Some(length) = length {
                found = true;
                rest[..length].fill(b'*');
            }
            at += length.unwrap_or(1);
        }
        found
    }

    /// The same for a text.
    pub fn blot_text(&self, text: &mut String) {
        let mut bytes = std::mem::take(text).into_bytes();
        self.blot(&mut bytes);
        // A secret is UTF-8, so what surrounds it is as well.
        *text = String::from_utf8_lossy(&bytes).into_owned();
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
