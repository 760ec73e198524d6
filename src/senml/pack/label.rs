// SPDX-License-Identifier: MIT OR Apache-2.0
//! The labels of SenML, as the writer writes them.
#![forbid(unsafe_code)]

/// The part of a pack that a call is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A base field: after a failure, no record may follow until the failure is cleared.
    Base,
    /// A label of the next record: after a failure, that record is refused too.
    Label,
    /// A record.
    Record,
}

/// A label as it is written, and what it does to the pack. Referred to by one pointer, where a slice would take two words.
// The text must not come last: a constant whose only NUL is its last byte is taken for a C string, and linkers merge all of those, so the
// texts of every status would be linked.
#[repr(C)]
pub struct Label {
    text: [u8; LABEL_MAX],
    pub(super) part: Part,
    /// The bit by which an open record remembers that it has the label.
    pub(super) bit: u8,
    len: u8,
}

/// All bits are ones, so it serves as a mask too.
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
        // The mask only tells the compiler what holds anyway: no label is longer.
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
/// A value ends its record, so it needs no bit.
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
// A label that always follows a name or a unit also closes its quotes, and a label that is always followed by one also opens them.
/// `s` in a record without a value.
pub const ONLY_SUM: &Label = &Label::new(Part::Record, S, b"\",\"s\":");
/// `v`
pub const NUMBER: &Label = &Label::new(Part::Record, V, b"\",\"v\":");
/// `vb`
pub const BOOLEAN: &Label = &Label::new(Part::Record, V, b"\",\"vb\":");
/// `vs`
pub const TEXT: &Label = &Label::new(Part::Record, V, b"\",\"vs\":");
/// `vd`
pub const DATA: &Label = &Label::new(Part::Record, V, b"\",\"vd\":");
