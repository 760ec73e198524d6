//! The labels of SenML, as the writer puts them.
#![forbid(unsafe_code)]

/// What of a pack a call is about.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Part {
    /// A base field: no record may follow until a failure is acknowledged.
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
        let mut len: u8 = 0;
        let mut rest = label;
        let mut room = text.as_mut_slice();
        while let (Some((&byte, others)), Some((to, free))) =
            (rest.split_first(), room.split_first_mut())
        {
            *to = byte;
            (rest, room) = (others, free);
            len = len.wrapping_add(1);
        }
        Self {
            text,
            part,
            bit,
            len,
        }
    }

    /// What it is a label of.
    pub const fn part(&self) -> Part {
        self.part
    }

    pub(super) fn text(&self) -> &[u8] {
        // The mask shows the compiler what is so anyway: no label is longer.
        let len = usize::from(self.len) & LABEL_MAX;
        self.text.get(..len).unwrap_or_default()
    }
}

/// `bn`
pub const BASE_NAME: &Label = &Label::new(Part::Base, 0x01, b"\"bn\":\"");
/// `bt`
pub const BASE_TIME: &Label = &Label::new(Part::Base, 0x02, b"\"bt\":");
/// `bu`
pub const BASE_UNIT: &Label = &Label::new(Part::Base, 0x04, b"\"bu\":\"");
/// `bv`
pub const BASE_VALUE: &Label = &Label::new(Part::Base, 0x08, b"\"bv\":");
/// `bs`
pub const BASE_SUM: &Label = &Label::new(Part::Base, 0x10, b"\"bs\":");
/// `t`
pub const TIME: &Label = &Label::new(Part::Label, 0x20, b"\"t\":");
/// `ut`
pub const UPDATE_TIME: &Label = &Label::new(Part::Label, 0x40, b"\"ut\":");
/// `s`
pub const SUM: &Label = &Label::new(Part::Label, 0x80, b"\"s\":");
// What follows only a name or a unit closes its quotes too, and what only a name or a unit follows opens them.
/// `s` as all that a record has.
pub const ONLY_SUM: &Label = &Label::new(Part::Record, 0x80, b"\",\"s\":");
/// `v`
pub const NUMBER: &Label = &Label::new(Part::Record, 0, b"\",\"v\":");
/// `vb`
pub const BOOLEAN: &Label = &Label::new(Part::Record, 0, b"\",\"vb\":");
/// `vs`
pub const TEXT: &Label = &Label::new(Part::Record, 0, b"\",\"vs\":");
/// `vd`
pub const DATA: &Label = &Label::new(Part::Record, 0, b"\",\"vd\":");
