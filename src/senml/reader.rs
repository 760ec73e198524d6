// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a pack (RFC 8428 in JSON) in two passes over one buffer: the first checks all of it and changes nothing; the second hands out the
//! resolved records, with strings and data decoded in place.
//!
//! Where the RFC is silent or loose:
//! - A base value is added to a `v`; alone it does not make a value. A base sum alone makes a sum (sections 4.2 and 4.5.4): a record with a
//!   name and no value has only that sum.
//! - A record without name, value and sum of its own only sets base fields, as in the RFC's section 5.1.7, and is not
//!   handed out; one that has a name but neither value nor sum is refused.
//! - An empty array is a pack without records.
//! - All records have the same version: the first record's `bver`, in whatever notation, or 10 if there is none.
//! - Labels that are not known are skipped with all that is in them, even when they occur twice.
#![forbid(unsafe_code)]

pub mod label;

use self::label::{Known, Label, Labels};
use super::name;
use super::record::RawRecord;
use crate::error::{Error, Result};
use crate::json::base64::Decoder;
use crate::json::reader::{Reader, Span, TokenKind};
use crate::json::string::Unescape;
use crate::number;
use crate::words::Flag;

/// The version of RFC 8428, and the highest one understood.
const VERSION: u8 = 10;

/// How far a pack has been read. Not an enum: a state may be forged, and any other byte counts as `DONE`.
mod phase {
    /// In the first pass, or refused in it.
    pub const UNCHECKED: u8 = 0;
    /// In the second pass.
    pub const CHECKED: u8 = 1;
    /// After the last record, or at a point where a changed pack is no longer valid.
    pub const DONE: u8 = 2;
}

/// The position in a pack, and the base fields in force. Each call takes the same text.
///
/// Plain integers; all zeros is a pack that was not checked.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct PackReader {
    // Small fields come first: small cores reach them there in one instruction.
    version: u8,
    /// One of [`phase`].
    phase: u8,
    /// In the first pass: what parts of a name the base name in force and the name of the record are.
    base_name: NamePart,
    name: NamePart,
    reader: Reader,
    /// The record read last, and the base fields in force.
    record: RawRecord,
}

impl PackReader {
    /// Forgets what was read, so that there is nothing to hand out.
    pub fn clear(&mut self) {
        self.rewind(phase::DONE);
    }

    /// Field by field: as one value the struct would be built on the stack and copied.
    #[inline(never)]
    fn rewind(&mut self, phase: u8) {
        self.reader = Reader::default();
        self.record = RawRecord::default();
        self.version = VERSION;
        self.phase = phase;
        self.base_name = NamePart::EMPTY;
    }

    /// Checks a whole pack and rewinds.
    ///
    /// After an error, [`PackReader::index`] gives the record at fault, and there is nothing to hand out.
    pub fn check(&mut self, text: &[u8]) -> Result<()> {
        self.rewind(phase::UNCHECKED);
        until_end(|| self.read_record(text))?;
        self.rewind(phase::CHECKED);
        Ok(())
    }

    /// The index of the record that is read next, or that was refused; from 0.
    pub const fn index(&self) -> usize {
        self.record.next_index
    }

    /// The next record with a value or a sum, its strings decoded in place; `Error::END` after the last one.
    ///
    /// Takes the text that was checked. If it has been changed since, this fails or hands out what is there now.
    pub fn next(&mut self, text: &mut [u8]) -> Result<&RawRecord> {
        self.must_be_checked()?;
        self.phase = phase::DONE;
        loop {
            self.begin_record(text)?;
            until_end(|| {
                self.member(text)?;
                self.decode(text);
                Ok(())
            })?;
            self.record.count();
            if self.record.has_value_or_sum() {
                self.phase = phase::CHECKED;
                return Ok(&self.record);
            }
        }
    }

    /// The next record, even one that only sets base fields, with nothing decoded: for looking ahead with a copy of the reader, after which
    /// the records can still be read. A base name from an earlier record was decoded when that record was handed out.
    pub fn peek(&mut self, text: &[u8]) -> Result<&RawRecord> {
        self.must_be_checked()?;
        self.read_record(text)?;
        Ok(&self.record)
    }

    fn must_be_checked(&self) -> Result<()> {
        match self.phase {
            phase::CHECKED => Ok(()),
            phase::UNCHECKED => Err(Error::STATE),
            _ => Err(Error::END),
        }
    }

    /// Reads one record, leaving its strings as they are; `Error::END` at the end of the pack.
    fn read_record(&mut self, text: &[u8]) -> Result<()> {
        self.begin_record(text)?;
        until_end(|| self.member(text))?;
        if self.phase == phase::UNCHECKED {
            self.check_record(text)?;
        }
        self.record.count();
        Ok(())
    }

    /// Begins one record; `Error::END` at the end of the pack. A pack is an array of objects.
    fn begin_record(&mut self, text: &[u8]) -> Result<()> {
        let mut token = self.token(text)?;
        if self.reader.depth() == 1 && token == TokenKind::ARRAY_START {
            token = self.token(text)?;
        }
        match (self.reader.depth(), token) {
            (2, TokenKind::OBJECT_START) => {}
            (0, TokenKind::ARRAY_END) => {
                // Here the reader accepts only the end of the text.
                self.token(text)?;
                return Err(Error::END);
            }
            _ => return Err(Error::SENML_TYPE),
        }
        self.record.labels = Labels::default();
        self.record.bool_value = Flag::FALSE;
        self.name = NamePart::EMPTY;
        Ok(())
    }

    /// Reads the next member of a record whose label is known; `Error::END` after the last one.
    #[inline(never)]
    fn member(&mut self, text: &[u8]) -> Result<()> {
        while self.token(text)? == TokenKind::KEY {
            if let Some(known) = self.label(text)? {
                return self.value(text, *known);
            }
            self.reader.skip_value(text)?;
        }
        Err(Error::END)
    }

    fn token(&mut self, text: &[u8]) -> Result<TokenKind> {
        self.reader.advance(text)?;
        Ok(self.reader.kind())
    }

    /// The label that the last key is; `None` for an unknown one.
    fn label(&mut self, text: &[u8]) -> Result<Option<&'static Known>> {
        let key = self.reader.span();
        let mut memory = [0; KEY_MAX];
        let key = if self.reader.is_escaped() {
            unescape_key(text, key, &mut memory)
        } else {
            key.of(text)
        };
        let known = Known::of(key)?;
        if let Some(&Known { label, .. }) = known {
            if self.record.labels.has(label) {
                return Err(Error::SENML_DUPLICATE);
            }
            self.record.labels.insert(label);
            self.record.last = label as u8;
        }
        Ok(known)
    }

    /// Reads the value of a label.
    fn value(&mut self, text: &[u8], known: Known) -> Result<()> {
        let token = self.token(text)?;
        let fits = match token {
            TokenKind::FALSE => TokenKind::TRUE,
            other => other,
        };
        if fits != known.holds {
            return Err(Error::SENML_TYPE);
        }
        let span = self.reader.span();
        if self.phase == phase::UNCHECKED && matches!(known.label, Label::BaseName | Label::Name) {
            self.judge_name(text);
        }
        match known.label {
            Label::BoolValue => self.record.bool_value = Flag::new(token == TokenKind::TRUE),
            Label::Version => self.check_version(span.of(text))?,
            label => {
                if let Some(place) = self.record.span_mut(label) {
                    *place = span;
                }
            }
        }
        Ok(())
    }

    /// Which part of a name the base name or name read last is.
    fn judge_name(&mut self, text: &[u8]) {
        let string = self.reader.span();
        let plain = string.of(text);
        let mut first = plain.first().copied();
        let mut fits = true;
        if self.reader.is_escaped() {
            first = None;
            let mut chars = Unescape::new(string.start);
            while let Some(byte) = chars.next(text) {
                first = first.or(Some(byte));
                fits &= may_be_in_name(&[byte]);
            }
        } else {
            fits = may_be_in_name(plain);
        }
        let part = match first {
            None => NamePart::EMPTY,
            Some(_) if !fits => NamePart::WRONG,
            Some(byte) if byte.is_ascii_alphanumeric() => NamePart::WHOLE,
            Some(_) => NamePart::INNER,
        };
        if self.record.last == Label::Name as u8 {
            self.name = part;
        } else {
            self.base_name = part;
        }
    }

    /// A version is a number from 1 to 10, in whatever notation, and the same in all records.
    fn check_version(&mut self, text: &[u8]) -> Result<()> {
        let version = number::parse_two_digits(text).unwrap_or_default();
        if self.record.next_index == 0 {
            self.version = version;
        }
        if (1..=VERSION).contains(&version) && version == self.version {
            Ok(())
        } else {
            Err(Error::SENML_VERSION)
        }
    }

    /// Checks what a record says as a whole.
    fn check_record(&self, text: &[u8]) -> Result<()> {
        let labels = self.record.labels;
        if labels.and(Labels::VALUES).has_two() {
            return Err(Error::SENML_VALUE);
        }
        if !self.record.has_value_or_sum() {
            return if labels.has(Label::Name) {
                Err(Error::SENML_VALUE)
            } else {
                Ok(())
            };
        }
        match (self.base_name, self.name) {
            (NamePart::WHOLE, NamePart::EMPTY | NamePart::WHOLE | NamePart::INNER)
            | (NamePart::EMPTY, NamePart::WHOLE) => {}
            _ => return Err(Error::SENML_NAME),
        }
        if labels.has(Label::DataValue) {
            check_data(text, self.record.span(Label::DataValue))
        } else {
            Ok(())
        }
    }

    /// Decodes in place what was read last, if it is a string. A NUL follows it, at the latest in place of the closing quote.
    #[inline(never)]
    fn decode(&mut self, text: &mut [u8]) {
        if self.reader.kind() != TokenKind::STRING {
            return;
        }
        let label = self.record.last;
        let Span { start, mut end } = self.reader.span();
        if self.reader.is_escaped() || label == Label::DataValue as u8 {
            let mut chars = Unescape::new(start);
            let mut data = Decoder::new();
            end = start;
            while let Some(mut byte) = chars.next(text) {
                if label == Label::DataValue as u8 {
                    let Some(decoded) = data.push(byte) else {
                        continue;
                    };
                    byte = decoded;
                }
                if let Some(place) = text.get_mut(end) {
                    *place = byte;
                }
                end += 1;
            }
            if let Some(span) = self.record.last_span_mut() {
                span.end = end;
            }
        }
        if let Some(place) = text.get_mut(end) {
            *place = 0;
        }
    }
}

/// Which part of a full name a base name or name can be: a full name has only letters, digits and `- : . / _`, and begins with a letter or
/// digit (RFC 8428 section 4.5.1).
///
/// Not an enum: it is kept in the caller's memory, where every byte must be valid.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[repr(transparent)]
struct NamePart(u8);

impl NamePart {
    /// Nothing.
    const EMPTY: Self = Self(0);
    /// A full name, or the beginning of one.
    const WHOLE: Self = Self(1);
    /// What can follow the beginning of a name.
    const INNER: Self = Self(2);
    /// Not a part of any name.
    const WRONG: Self = Self(3);
}

/// Whether a string is base64 in one of its four forms.
fn check_data(text: &[u8], string: Span) -> Result<()> {
    let mut chars = Unescape::new(string.start);
    let mut data = Decoder::new();
    while let Some(byte) = chars.next(text) {
        data.push(byte);
    }
    data.finish()
}

#[inline(never)]
fn may_be_in_name(text: &[u8]) -> bool {
    text.iter().all(|&byte| name::allowed(byte))
}

/// Repeats a step until it fails; succeeds if that was only the end.
fn until_end(mut step: impl FnMut() -> Result<()>) -> Result<()> {
    loop {
        match step() {
            Ok(()) => {}
            Err(Error::END) => return Ok(()),
            Err(error) => return Err(error),
        }
    }
}

/// One byte more than the longest label.
const KEY_MAX: usize = 5;

/// The bytes of a key with escapes; of a key longer than any label, the first four and the last.
fn unescape_key<'a>(text: &[u8], key: Span, memory: &'a mut [u8; KEY_MAX]) -> &'a [u8] {
    let mut chars = Unescape::new(key.start);
    let mut len = 0;
    while let Some(byte) = chars.next(text) {
        if let Some(place) = memory.get_mut(len.min(KEY_MAX - 1)) {
            *place = byte;
        }
        len += 1;
    }
    memory.get(..len.min(KEY_MAX)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_parts_of_a_name() {
        for (string, part) in [
            ("", NamePart::EMPTY),
            ("a", NamePart::WHOLE),
            ("9-:./_z", NamePart::WHOLE),
            ("9-:.\\/_z", NamePart::WHOLE),
            ("_a", NamePart::INNER),
            ("_\\u0061", NamePart::INNER),
            (":", NamePart::INNER),
            (" a", NamePart::WRONG),
            ("a b", NamePart::WRONG),
            ("a\\u0020b", NamePart::WRONG),
            ("\\u0000", NamePart::WRONG),
            ("a\u{e9}", NamePart::WRONG),
        ] {
            let text = std::format!("\"{string}\"");
            let mut pack = PackReader::default();
            pack.reader.advance(text.as_bytes()).unwrap();
            pack.judge_name(text.as_bytes());
            assert_eq!(pack.base_name, part, "{text}");
        }
    }

    #[test]
    fn any_state_and_any_change_of_the_text_are_harmless() {
        let mut text = *b"[{\"bn\":\"a\",\"v\":1},{\"n\":\"b\",\"vs\":\"c\"}]";
        let mut pack = PackReader::default();
        assert_eq!(pack.next(&mut text).err(), Some(Error::STATE));
        assert_eq!(pack.check(&text), Ok(()));
        assert!(pack.next(&mut text).is_ok());
        let mut cut = text;
        let mut copy = pack;
        assert_eq!(copy.next(&mut cut[..20]).err(), Some(Error::JSON_TRUNCATED));
        assert_eq!(pack.next(&mut []).err(), Some(Error::JSON_TRUNCATED));
        assert_eq!(pack.next(&mut text).err(), Some(Error::END));
        let mut wild = PackReader {
            version: 255,
            phase: phase::CHECKED,
            ..PackReader::default()
        };
        let beyond = Span {
            start: usize::MAX,
            end: 3,
        };
        *wild.record.span_mut(Label::BaseName).unwrap() = beyond;
        let mut text = *b"[{\"n\":\"b\",\"vs\":\"c\"}]";
        let record = wild.next(&mut text).unwrap();
        assert_eq!(record.span(Label::BaseName).of(&text), b"");
    }
}
