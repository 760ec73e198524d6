// SPDX-License-Identifier: MIT OR Apache-2.0
//! Names: `A-Z a-z 0-9 - : . / _`; base name and name together begin with a letter or digit (RFC 8428 section 4.5.1).
#![forbid(unsafe_code)]

use crate::charset::{Rule, Set};
use crate::error::{Error, Result};

/// Longest name and longest base name that the writer accepts, in bytes.
pub const NAME_MAX: usize = 255;

static RULE: Rule = Rule::new(
    Set::alphanumeric_and(b"-:./_"),
    1,
    NAME_MAX,
    Error::SENML_NAME,
);

/// Checks a resolved name, given as base name and local name of at most [`NAME_MAX`] bytes each; one of them may be empty.
pub fn check(base: &[u8], local: &[u8]) -> Result<()> {
    let mut whole = base;
    if !local.is_empty() {
        RULE.check(local)?;
        if base.is_empty() {
            whole = local;
        }
    }
    RULE.check(whole)?;
    match whole {
        [first, ..] if first.is_ascii_alphanumeric() => Ok(()),
        _ => Err(Error::SENML_NAME),
    }
}

/// Checks a local name that follows a base name: 1 to `NAME_MAX` bytes; it may begin with any character of the
/// alphabet.
pub fn check_local(local: &[u8]) -> Result<()> {
    RULE.check(local)
}

/// Whether a byte belongs to the alphabet.
pub(super) fn allowed(byte: u8) -> bool {
    // Upper and lower case differ by one bit; `-`, `.`, `/`, the digits and `:` stand side by side in ASCII.
    (byte | 0x20).wrapping_sub(b'a') < 26 || matches!(byte, b'-'..=b':' | b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_whole_name_begins_with_a_letter_or_digit() {
        assert!(check(b"urn:dev:x:", b"").is_ok());
        assert!(check(b"", b"9a").is_ok());
        assert!(check(b"a", b"-b").is_ok());
        for (base, local) in [
            ("", ""),
            ("", "-a"),
            (":a", "b"),
            ("a", "b c"),
            ("a", "\u{e9}"),
        ] {
            let checked = check(base.as_bytes(), local.as_bytes());
            assert_eq!(checked, Err(Error::SENML_NAME), "{base}{local}");
        }
    }

    #[test]
    fn a_local_name_has_each_byte_of_the_alphabet_and_no_other() {
        for byte in 0..=u8::MAX {
            let fine = byte.is_ascii_alphanumeric() || b"-:./_".contains(&byte);
            assert_eq!(check_local(&[byte]).is_ok(), fine, "{byte:#x}");
        }
        assert!(check_local(b"").is_err());
        assert!(check_local(&[b'a'; NAME_MAX]).is_ok());
        assert!(check_local(&[b'a'; NAME_MAX + 1]).is_err());
    }
}
