//! The labels of a SenML record in JSON (RFC 8428 sections 4.3 and 5).
#![forbid(unsafe_code)]

use crate::error::{Error, Result};

/// A label that the reader knows. Those whose value holds beyond their record come first, the version last.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Label {
    /// `bn`
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
    /// `t`
    Time,
    /// `ut`
    UpdateTime,
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

/// How many labels, from the first one, hold beyond their record.
pub const BASES: usize = Label::Name as usize;

/// How many spans there are: one for each label but the version, and one for the value, of whatever kind.
pub const PLACES: usize = Label::Value as usize + 1;

impl Label {
    /// Which label a key is. `None` for one that may be ignored; `Error::SENML_MUST_UNDERSTAND` for one that may not.
    pub fn of(key: &[u8]) -> Result<Option<Self>> {
        let key = match *key {
            [.., b'_'] => return Err(Error::SENML_MUST_UNDERSTAND),
            [letter] => short([letter, NO_LETTER]),
            [first, second] => short([first, second]),
            [b'b', b'v', b'e', b'r'] => return Ok(Some(Self::Version)),
            _ => return Ok(None),
        };
        let known = SHORT.iter().find(|(known, _)| *known == key);
        Ok(known.map(|(_, label)| *label))
    }

    /// Where among the spans of a record its value is kept.
    pub const fn place(self) -> usize {
        match self {
            Self::BoolValue | Self::StringValue | Self::DataValue => Self::Value as usize,
            _ => self as usize,
        }
    }
}

/// Behind the letter of a label that has only one: no byte of UTF-8.
const NO_LETTER: u8 = 0xFF;

/// The labels of one or two letters, the most frequent ones first.
static SHORT: [(u16, Label); 14] = [
    (short([b'n', NO_LETTER]), Label::Name),
    (short([b'v', NO_LETTER]), Label::Value),
    (short(*b"vs"), Label::StringValue),
    (short(*b"bn"), Label::BaseName),
    (short([b'u', NO_LETTER]), Label::Unit),
    (short([b't', NO_LETTER]), Label::Time),
    (short(*b"vb"), Label::BoolValue),
    (short(*b"bt"), Label::BaseTime),
    (short(*b"vd"), Label::DataValue),
    (short([b's', NO_LETTER]), Label::Sum),
    (short(*b"bu"), Label::BaseUnit),
    (short(*b"bv"), Label::BaseValue),
    (short(*b"bs"), Label::BaseSum),
    (short(*b"ut"), Label::UpdateTime),
];

const fn short(letters: [u8; 2]) -> u16 {
    u16::from_le_bytes(letters)
}

/// A set of labels.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
pub struct Labels(u16);

impl Labels {
    /// Labels whose value is a JSON string.
    pub const STRINGS: Self = Self::of(&[
        Label::BaseName,
        Label::BaseUnit,
        Label::Name,
        Label::Unit,
        Label::StringValue,
        Label::DataValue,
    ]);
    /// Labels whose value is a JSON number.
    pub const NUMBERS: Self = Self::of(&[
        Label::BaseTime,
        Label::BaseSum,
        Label::BaseValue,
        Label::Time,
        Label::UpdateTime,
        Label::Sum,
        Label::Value,
        Label::Version,
    ]);
    /// Labels of which a record has at most one.
    pub const VALUES: Self = Self::of(&[
        Label::Value,
        Label::BoolValue,
        Label::StringValue,
        Label::DataValue,
    ]);

    /// Labels of which one is enough to make a record out of what would only set base fields.
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

    /// Whether it holds a label.
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

    /// Whether it holds two labels or more.
    pub const fn has_two(self) -> bool {
        self.0 & self.0.wrapping_sub(1) != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    const KNOWN: [(&str, Label); 15] = [
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

    #[test]
    fn knows_these_keys_and_no_other_of_up_to_four_letters() {
        for (key, label) in KNOWN {
            assert_eq!(Label::of(key.as_bytes()), Ok(Some(label)));
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
            let known = KNOWN.iter().find(|(known, _)| known.as_bytes() == key);
            let expected = if key.ends_with(b"_") {
                Err(Error::SENML_MUST_UNDERSTAND)
            } else {
                Ok(known.map(|(_, label)| *label))
            };
            assert_eq!(Label::of(&key), expected, "{}", key.escape_ascii());
        }
    }

    #[test]
    fn each_label_holds_one_type() {
        for (key, label) in KNOWN {
            let types = [Labels::STRINGS, Labels::NUMBERS];
            let count = types.iter().filter(|labels| labels.has(label)).count();
            assert_eq!(count, usize::from(label != Label::BoolValue), "{key}");
            let is_base = key.starts_with('b') && label != Label::Version;
            assert_eq!((label as usize) < BASES, is_base, "{key}");
        }
    }
}
