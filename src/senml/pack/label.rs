// SPDX-License-Identifier: MIT OR Apache-2.0
//! The labels of SenML, as the writer puts them.
#![forbid(unsafe_code)]

/// What of a pack a call is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A base field: once one failed, no record may follow until the failure is cleared.
    Base,
    /// A label of the next record: that record is refused too.
    Label,
    /// A record.
    Record,
}

/// A label as it is written, and what it does to the pack. Behind one pointer, where a slice would be two words.
// The text must not stand at the end: a constant with no NUL but the last byte is taken for a C string, and a linker brings all of
// those together, the texts of every status with them.
#[repr(C)]
pub struct Label {
    text: [u8; LABEL_MAX],
    pub(super) part: Part,
    /// The bit under which an open record remembers to have it.
    pub(super) bit: u8,
    len: u8,
}

/// All ones in binary: it is a mask too.
const LABEL_MAX: usize = 7;

impl Label {
    const fn new(part: Part, bit: u8, label: &[u8]) -> Self {
        let mut text = [0; LABEL_MAX];
        if let Some((room, _)) = text.split_at_mut_checked(label.len()) {
            room.copy_from_slice(label);
        }
        Self {
            text,
            part,
            bit,
            len: label.len().to_le_bytes()[0],
        }
    }

    pub(super) fn text(&self) -> &[u8] {
        // The mask shows the compiler what is so anyway: no label is longer.
        let len = usize::from(self.len) & LABEL_MAX;
        self.text.get(..len).unwrap_or_default()
    }
}

const BN: u8 = 0x01;
const BT: u8 = 0x02;
const BU: u8 = 0x04;
const BV: u8 = 0x08;
const BS: u8 = 0x10;
/// The bits of base fields, which stay when the labels of a record are dropped.
pub(super) const BASE_BITS: u8 = BN | BT | BU | BV | BS;
const T: u8 = 0x20;
const UT: u8 = 0x40;
const S: u8 = 0x80;
/// A value ends its record: nothing needs to remember it.
const V: u8 = 0;

/// `bn`
pub const BASE_NAME: &Label = &Label::new(Part::Base, BN, b"\"bn\":\"");
/// `bt`
pub const BASE_TIME: &Label = &Label::new(Part::Base, BT, b"\"bt\":");
/// `bu`
pub const BASE_UNIT: &Label = &Label::new(Part::Base, BU, b"\"bu\":\"");
/// `bv`
pub const BASE_VALUE: &Label = &Label::new(Part::Base, BV, b"\"bv\":");
/// `bs`
pub const BASE_SUM: &Label = &Label::new(Part::Base, BS, b"\"bs\":");
/// `t`
pub const TIME: &Label = &Label::new(Part::Label, T, b"\"t\":");
/// `ut`
pub const UPDATE_TIME: &Label = &Label::new(Part::Label, UT, b"\"ut\":");
/// `s`
pub const SUM: &Label = &Label::new(Part::Label, S, b"\"s\":");
// What follows only a name or a unit closes its quotes too, and what only a name or a unit follows opens them.
/// `s` as all that a record has.
pub const ONLY_SUM: &Label = &Label::new(Part::Record, S, b"\",\"s\":");
/// `v`
pub const NUMBER: &Label = &Label::new(Part::Record, V, b"\",\"v\":");
/// `vb`
pub const BOOLEAN: &Label = &Label::new(Part::Record, V, b"\",\"vb\":");
/// `vs`
pub const TEXT: &Label = &Label::new(Part::Record, V, b"\",\"vs\":");
/// `vd`
pub const DATA: &Label = &Label::new(Part::Record, V, b"\",\"vd\":");
