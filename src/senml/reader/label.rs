// SPDX-License-Identifier: MIT OR Apache-2.0
//! The labels of a SenML record in JSON (RFC 8428 sections 4.3 and 5).
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::json::reader::TokenKind;

/// A label that the reader knows. Labels whose values hold beyond their record come first; the values, of which a record has one, stand
/// together.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(u8)]
pub enum Label {
    /// `bn`
    #[default]
    BaseName,
    /// `bu`
    BaseUnit,
    /// `bt`
    BaseTime,
    /// `bs`
    BaseSum,
    /// `bv`
    BaseValue,
    /// `n`
    Name,
    /// `u`
    Unit,
    /// `ut`
    UpdateTime,
    /// `t`
    Time,
    /// `s`
    Sum,
    /// `v`
    Value,
    /// `vb`
    BoolValue,
    /// `vs`
    StringValue,
    /// `vd`
    DataValue,
    /// `bver`
    Version,
}

/// How many spans there are: one for each label except the version, and one for the value, whatever its kind.
pub const PLACES: usize = Label::Value as usize + 1;

impl Label {
    /// Whether its value holds beyond its record.
    pub const fn is_base(self) -> bool {
        (self as u8) < Self::Name as u8
    }

    /// The index of its value among the spans of a record. A version is not kept.
    pub fn place(self) -> usize {
        place(self as u8)
    }
}

/// The same for the number of a label.
pub fn place(label: u8) -> usize {
    usize::from(label).min(PLACES - 1)
}

/// A label as written in JSON, and what its value must be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Known {
    key: u16,
    /// The label.
    pub label: Label,
    /// The kind of token that its value must be; [`TokenKind::TRUE`] for either truth value.
    pub holds: TokenKind,
}

/// The labels of one or two letters, most frequent first.
static KNOWN: [Known; 14] = [
    known(b"n", Label::Name, TokenKind::STRING),
    known(b"v", Label::Value, TokenKind::NUMBER),
    known(b"vs", Label::StringValue, TokenKind::STRING),
    known(b"bn", Label::BaseName, TokenKind::STRING),
    known(b"u", Label::Unit, TokenKind::STRING),
    known(b"t", Label::Time, TokenKind::NUMBER),
    known(b"vb", Label::BoolValue, TokenKind::TRUE),
    known(b"bt", Label::BaseTime, TokenKind::NUMBER),
    known(b"vd", Label::DataValue, TokenKind::STRING),
    known(b"s", Label::Sum, TokenKind::NUMBER),
    known(b"bu", Label::BaseUnit, TokenKind::STRING),
    known(b"bv", Label::BaseValue, TokenKind::NUMBER),
    known(b"bs", Label::BaseSum, TokenKind::NUMBER),
    known(b"ut", Label::UpdateTime, TokenKind::NUMBER),
];

/// The only label of four letters, `bver`.
static VERSION: Known = known(b"", Label::Version, TokenKind::NUMBER);

/// Stands for a missing second letter: it does not occur in UTF-8.
const NO_LETTER: u8 = 0xFF;

const fn known(key: &[u8], label: Label, holds: TokenKind) -> Known {
    let letters = match key {
        [one] => [*one, NO_LETTER],
        [one, two] => [*one, *two],
        _ => [NO_LETTER, NO_LETTER],
    };
    Known {
        key: u16::from_le_bytes(letters),
        label,
        holds,
    }
}

impl Known {
    /// The label that a key is. `None` for a key that may be ignored; `Error::SENML_MUST_UNDERSTAND` for one that must not be.
    pub fn of(key: &[u8]) -> Result<Option<&'static Self>> {
        let letters = match *key {
            [.., b'_'] => return Err(Error::SENML_MUST_UNDERSTAND),
            [one] => [one, NO_LETTER],
            [one, two] => [one, two],
            [b'b', b'v', b'e', b'r'] => return Ok(Some(&VERSION)),
            _ => return Ok(None),
        };
        let key = u16::from_le_bytes(letters);
        Ok(KNOWN.iter().find(|known| known.key == key))
    }
}

/// A set of labels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct Labels(u16);

impl Labels {
    /// Labels of which a record has at most one.
    pub const VALUES: Self = Self::of(&[
        Label::Value,
        Label::BoolValue,
        Label::StringValue,
        Label::DataValue,
    ]);
    /// Labels of which one suffices to make a record of what would otherwise only set base fields.
    pub const VALUES_AND_SUM: Self = Self::of(&[
        Label::Value,
        Label::BoolValue,
        Label::StringValue,
        Label::DataValue,
        Label::Sum,
    ]);

    const fn of(mut labels: &[Label]) -> Self {
        let mut set = Self(0);
        while let [label, others @ ..] = labels {
            set.insert(*label);
            labels = others;
        }
        set
    }

    /// Adds a label.
    pub const fn insert(&mut self, label: Label) {
        self.0 |= 1 << label as u16;
    }

    /// Whether it contains a label.
    pub const fn has(self, label: Label) -> bool {
        self.0 >> label as u16 & 1 != 0
    }

    /// The labels that are in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether it is empty.
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// Whether it has at least two labels.
    pub const fn has_two(self) -> bool {
        self.0 & self.0.wrapping_sub(1) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const LABELS: [(&str, Label); 15] = [
        ("bn", Label::BaseName),
        ("bu", Label::BaseUnit),
        ("bt", Label::BaseTime),
        ("bs", Label::BaseSum),
        ("bv", Label::BaseValue),
        ("n", Label::Name),
        ("u", Label::Unit),
        ("t", Label::Time),
        ("ut", Label::UpdateTime),
        ("s", Label::Sum),
        ("v", Label::Value),
        ("vb", Label::BoolValue),
        ("vs", Label::StringValue),
        ("vd", Label::DataValue),
        ("bver", Label::Version),
    ];

    fn label(key: &[u8]) -> Result<Option<Label>> {
        Known::of(key).map(|known| known.map(|known| known.label))
    }

    #[test]
    fn knows_these_keys_and_no_other_of_up_to_four_letters() {
        for (key, known) in LABELS {
            assert_eq!(label(key.as_bytes()), Ok(Some(known)));
        }
        let letters = b"bnutsverd_x\0";
        let mut keys: Vec<Vec<u8>> = std::vec![Vec::new()];
        for _ in 0..4 {
            let longer = keys.iter().flat_map(|key| {
                let more = |letter: &u8| [key, &[*letter][..]].concat();
                letters.iter().map(more).collect::<Vec<_>>()
            });
            keys.extend(longer.collect::<Vec<_>>());
        }
        for key in keys {
            let known = LABELS.iter().find(|(known, _)| known.as_bytes() == key);
            let expected = if key.ends_with(b"_") {
                Err(Error::SENML_MUST_UNDERSTAND)
            } else {
                Ok(known.map(|(_, label)| *label))
            };
            assert_eq!(label(&key), expected, "{}", key.escape_ascii());
        }
    }

    #[test]
    fn base_fields_begin_with_a_b() {
        for (key, label) in LABELS {
            let is_base = key.starts_with('b') && label != Label::Version;
            assert_eq!(label.is_base(), is_base, "{key}");
        }
    }
}
