// SPDX-License-Identifier: MIT OR Apache-2.0
//! Units: the registered ones, and what is acceptable as a unit.
#![forbid(unsafe_code)]

pub mod registry;

use crate::charset::{Rule, Set};
use crate::error::{Error, Result};

/// Longest unit accepted, in bytes. The longest registered one has 8; the rest is room for an application's own units.
pub const UNIT_MAX: usize = 24;

/// Checks the form of a unit: 1 to [`UNIT_MAX`] bytes of printable ASCII, space included, without `"` and `\`.
///
/// It need not be registered, since the registry grows. What passes needs no escaping in JSON. Fails with
/// [`Error::SENML_UNIT`]. RFC 8428 sections 4.1 and 12.1.
pub fn check(unit: &[u8]) -> Result<()> {
    RULE.check(unit)
}

static RULE: Rule = Rule::new(
    Set::alphanumeric_and(b" !#$%&'()*+,-./:;<=>?@[]^_`{|}~"),
    1,
    UNIT_MAX,
    Error::SENML_UNIT,
);

#[cfg(test)]
mod tests {
    use super::registry::UNITS;
    use super::*;

    #[test]
    fn registered_units_are_accepted_and_stand_there_once() {
        for (at, unit) in UNITS.iter().enumerate() {
            assert_eq!(check(unit.symbol.as_bytes()), Ok(()));
            for other in &UNITS[at + 1..] {
                assert_ne!(unit.symbol, other.symbol);
                assert_ne!(unit.ident, other.ident);
            }
        }
        // 58 from RFC 8428, and 8 primary and 33 secondary ones from RFC 8798.
        assert_eq!(UNITS.len(), 58 + 8 + 33);
    }

    #[test]
    fn refuses_what_json_would_escape_and_what_is_too_long() {
        assert_eq!(check(&[b'x'; UNIT_MAX]), Ok(()));
        assert_eq!(check(&[b'x'; UNIT_MAX + 1]), Err(Error::SENML_UNIT));
        assert_eq!(check(b""), Err(Error::SENML_UNIT));
        for byte in 0..=u8::MAX {
            let fine = (0x20..0x7f).contains(&byte) && byte != b'"' && byte != b'\\';
            assert_eq!(check(&[b'a', byte]).is_ok(), fine, "{byte:#x}");
        }
    }
}
