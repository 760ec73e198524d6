//! Reads a pack (RFC 8428 in JSON) in two passes over one buffer: the first checks all of it and changes nothing, the
//! second hands out the records, resolved, with texts and data decoded where they stand.
//!
//! Where the RFC is silent or loose:
//! - A base value is added to a `v`; alone it makes no value. A base sum alone makes a sum (sections 4.2 and 4.5.4): a
//!   record with a name and no value has only that sum.
//! - A record without name, value and sum of its own only sets base fields, as in the RFC's section 5.1.7, and is not
//!   handed out; one that has a name but neither value nor sum is refused.
//! - An empty array is a pack without records.
//! - All records have the same version: the first record's `bver`, in whatever notation, or 10 without.
//! - Labels that are not known are skipped with all that is in them, even when they occur twice.
#![forbid(unsafe_code)]

use super::name;
use super::record::{Entry, N, Record, U, VALUES, VB, VD, VS, mark};
use crate::error::{Error, Result};
use crate::json::base64::Decoder;
use crate::json::reader::{Reader, Span, TokenKind};
use crate::json::string::Unescape;
use crate::number::Sum;

/// The version of RFC 8428, and the highest one understood.
const VERSION: u8 = 10;

/// Labels as [`packed`], in the order of their bits; `bver` is the one behind them.
const LABELS: [u16; 14] = [
    short(b"bn"),
    short(b"bu"),
    short(b"bt"),
    short(b"bs"),
    short(b"bv"),
    short(b"n"),
    short(b"u"),
    short(b"ut"),
    short(b"t"),
    short(b"s"),
    short(b"v"),
    short(b"vb"),
    short(b"vs"),
    short(b"vd"),
];
const BVER_PACKED: u32 = !u32::from_be_bytes(*b"bver");

const fn short(label: &[u8]) -> u16 {
    match label {
        [one] => u16::from_be_bytes([0, !*one]),
        [one, two] => u16::from_be_bytes([!*one, !*two]),
        _ => 0,
    }
}

const BN: u16 = 1;
const BU: u16 = 1 << 1;
const BVER: u16 = 1 << LABELS.len();
/// Not a label yet: no value fits its bit.
const NO_LABEL: usize = LABELS.len() + 1;
/// A label that may be ignored.
const UNKNOWN: usize = LABELS.len() + 2;
const STRINGS: u16 = BN | BU | N | U | VS | VD;
const NUMBERS: u16 = !(STRINGS | VB | 1 << NO_LABEL);

/// `Pack::state`: before `validate`, after it, and when there is nothing more.
const NEW: u8 = 0;
const VALID: u8 = 1;
const DONE: u8 = 2;

/// The position in a pack and the base fields in force. The same buffer is given to each call.
///
/// Plain integers, of which every combination is safe; all zero is the start.
#[derive(Clone, Copy, Debug, Default)]
#[repr(C)]
pub struct Pack {
    reader: Reader,
    /// The record that was read last, and the base fields in force.
    entry: Entry,
    version: u8,
    state: u8,
}

impl Pack {
    /// Before the first byte.
    pub fn new() -> Self {
        Self::default()
    }

    /// Forgets what was read: there is nothing to hand out.
    pub fn clear(&mut self) {
        self.rewind(DONE);
    }

    /// Field by field: as one value the struct would be built on the stack and copied.
    #[inline(never)]
    fn rewind(&mut self, state: u8) {
        self.reader = Reader::new();
        self.entry = Entry::default();
        self.version = VERSION;
        self.state = state;
    }

    /// Checks a whole pack and rewinds; returns how many records [`Pack::next`] will hand out.
    ///
    /// After an error, [`Pack::index`] tells the record, and there is nothing to hand out.
    pub fn validate(&mut self, text: &[u8]) -> Result<usize> {
        self.rewind(NEW);
        let mut count = 0_usize;
        loop {
            match self.step(text) {
                Ok(()) => count = count.wrapping_add(usize::from(self.entry.is_measured())),
                Err(Error::END) => break,
                Err(error) => return Err(error),
            }
        }
        self.rewind(VALID);
        Ok(count)
    }

    /// Which record is read next, from 0, or was refused.
    pub const fn index(&self) -> usize {
        self.entry.next_index
    }

    /// The next record with a measurement, its texts decoded in place; `None` behind the last one.
    ///
    /// Takes the text that was validated. When it has been changed since, this fails or hands out what is there now.
    pub fn next(&mut self, text: &mut [u8]) -> Result<Option<Record>> {
        match self.read(text) {
            Ok(entry) => Ok(Some(entry.resolve())),
            Err(Error::END) => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// As [`Pack::next`], smaller where size counts: `End` behind the last record.
    pub fn read(&mut self, text: &mut [u8]) -> Result<&Entry> {
        self.ready()?;
        self.state = DONE;
        loop {
            self.step(text)?;
            self.decode(text);
            if self.entry.is_measured() {
                self.state = VALID;
                return Ok(&self.entry);
            }
        }
    }

    /// Whether there may be another record.
    fn ready(&self) -> Result<()> {
        match self.state {
            VALID => Ok(()),
            DONE => Err(Error::END),
            _ => Err(Error::STATE),
        }
    }

    /// As [`Pack::read`], without decoding, and also a record that only sets base fields: for a look ahead on a copy, after which the
    /// records can still be read. The base name was decoded when a record before this one was handed out.
    pub fn peek(&mut self, text: &[u8]) -> Result<&Entry> {
        self.ready()?;
        self.step(text)?;
        Ok(&self.entry)
    }

    /// Reads and checks one record; `End` when the pack is complete.
    ///
    /// One loop over all tokens, told apart by how deep they stand: the pack is level 1, a record level 2.
    fn step(&mut self, text: &[u8]) -> Result<()> {
        let mut label = NO_LABEL;
        loop {
            self.reader.advance(text)?;
            match (self.reader.depth(), self.reader.kind()) {
                (1, TokenKind::ArrayStart) | (0, TokenKind::ArrayEnd) => {}
                (2, TokenKind::ObjectStart) => self.entry.renew(),
                (2, TokenKind::Key) => label = self.label(text)?,
                (1, TokenKind::ObjectEnd) => break,
                (0, TokenKind::End) => return Err(Error::END),
                _ => self.value(text, label)?,
            }
        }
        if self.state == NEW {
            self.check(text)?;
        }
        self.entry.next_index = self.entry.next_index.wrapping_add(1);
        Ok(())
    }

    /// Which label the last key is.
    fn label(&mut self, text: &[u8]) -> Result<usize> {
        let span = self.reader.span();
        let label = if self.reader.is_escaped() {
            escaped_label(text, span)
        } else {
            let raw = text.get(span.start..span.end).unwrap_or_default();
            raw.iter().fold(0, |bytes, &byte| packed(bytes, byte))
        };
        let label = known(label)?;
        if label != UNKNOWN {
            let bit = bit(label);
            if self.entry.seen & bit != 0 {
                return Err(Error::SENML_DUPLICATE);
            }
            self.entry.seen |= bit;
        }
        Ok(label)
    }

    /// Takes the last token as the value of a label, or as a part of it.
    fn value(&mut self, text: &[u8], label: usize) -> Result<()> {
        if label == UNKNOWN {
            return Ok(());
        }
        let bit = bit(label);
        let token = self.reader.kind();
        let fits = match token {
            TokenKind::True | TokenKind::False => VB,
            TokenKind::String => STRINGS,
            TokenKind::Number => NUMBERS,
            _ => 0,
        };
        if fits & bit == 0 {
            return Err(Error::SENML_TYPE);
        }
        let span = self.reader.span();
        if bit == BN {
            self.entry.marks &= !(mark::BASE_ESCAPED | mark::BASE_CHECKED);
        }
        if token == TokenKind::String && self.reader.is_escaped() {
            self.entry.marks |= mark::ESCAPED;
            if bit == BN {
                self.entry.marks |= mark::BASE_ESCAPED;
            }
        }
        match bit {
            VB => self.entry.boolean = token == TokenKind::True,
            BVER => return self.check_version(span.of(text)),
            _ => {
                if let Some(place) = self.entry.place(label) {
                    *place = span;
                }
            }
        }
        Ok(())
    }

    fn check_version(&mut self, text: &[u8]) -> Result<()> {
        let mut number = Sum::default();
        let version = number.read(text, b"").and_then(|()| number.to_u64());
        let version = u32::try_from(version.unwrap_or_default()).unwrap_or_default();
        if version.wrapping_sub(1) >= u32::from(VERSION) {
            return Err(Error::SENML_VERSION);
        }
        let [version, ..] = version.to_le_bytes();
        if self.entry.next_index == 0 {
            self.version = version;
        }
        if version == self.version {
            Ok(())
        } else {
            Err(Error::SENML_VERSION)
        }
    }

    /// Checks what a record says as a whole.
    fn check(&mut self, text: &[u8]) -> Result<()> {
        let entry = &mut self.entry;
        let values = entry.seen & VALUES;
        if values & values.wrapping_sub(1) != 0 {
            return Err(Error::SENML_VALUE);
        }
        if !entry.is_measured() {
            return if entry.seen & N == 0 {
                Ok(())
            } else {
                Err(Error::SENML_VALUE)
            };
        }
        let (base_name, name) = entry.names();
        if entry.marks & (mark::ESCAPED | mark::BASE_ESCAPED) != 0 {
            check_escaped_name(text, base_name, name)?;
        } else {
            let (base, name) = (base_name.of(text), name.of(text));
            let first = if base.is_empty() { name } else { base }.first();
            if !first.is_some_and(u8::is_ascii_alphanumeric)
                || !(entry.marks & mark::BASE_CHECKED != 0 || fits(base))
                || !fits(name)
            {
                return Err(Error::SENML_NAME);
            }
            entry.marks |= mark::BASE_CHECKED;
        }
        if entry.seen & VD != 0 {
            let mut chars = Unescape::new(entry.value().start);
            let mut data = Decoder::new();
            while let Some(byte) = chars.next(text) {
                data.push(byte);
            }
            data.finish()?;
        }
        Ok(())
    }

    /// Decodes the texts of one record in place, which were just checked.
    fn decode(&mut self, text: &mut [u8]) {
        let mut seen = u32::from(self.entry.seen & STRINGS);
        let escaped = self.entry.marks & mark::ESCAPED != 0;
        while seen != 0 {
            let label = usize::try_from(seen.trailing_zeros()).unwrap_or_default();
            let bit = bit(label);
            seen &= seen.wrapping_sub(1);
            if let Some(span) = self.entry.place(label) {
                if escaped || bit == VD {
                    decode(text, span, bit == VD);
                } else if let Some(to) = text.get_mut(span.end) {
                    *to = 0;
                }
            }
        }
    }
}

fn bit(label: usize) -> u16 {
    1_u16.wrapping_shl(u32::try_from(label).unwrap_or_default())
}

/// A key once unescaped, packed.
#[inline(never)]
fn escaped_label(text: &[u8], key: Span) -> u32 {
    let mut chars = Unescape::new(key.start);
    let mut bytes = 0;
    while let Some(byte) = chars.next(text) {
        bytes = packed(bytes, byte);
    }
    bytes
}

/// Which label packed bytes are.
fn known(bytes: u32) -> Result<usize> {
    let [last, ..] = bytes.to_le_bytes();
    if last == !b'_' {
        return Err(Error::SENML_MUST_UNDERSTAND);
    }
    if bytes == BVER_PACKED {
        return Ok(LABELS.len());
    }
    let known = LABELS.iter().position(|&label| u32::from(label) == bytes);
    Ok(known.unwrap_or(UNKNOWN))
}

/// The complements of up to four bytes, first one highest; all ones above the last when there are more.
///
/// No byte of UTF-8 has the complement 0, which is no byte at all.
const fn packed(bytes: u32, byte: u8) -> u32 {
    let more = bytes << 8 | u32::from_be_bytes([0, 0, 0, !byte]);
    if bytes >> 24 == 0 {
        more
    } else {
        more | 0xFF00_0000
    }
}

#[inline(never)]
fn fits(text: &[u8]) -> bool {
    text.iter().all(|&byte| name::allowed(byte))
}

/// Checks the name in force, where a text that was not decoded yet may hold escapes.
#[inline(never)]
fn check_escaped_name(text: &[u8], base: Span, local: Span) -> Result<()> {
    let mut begun = false;
    // No string begins at 0.
    let mut starts = [base.start, local.start];
    loop {
        let [start, next] = starts;
        let mut chars = Unescape::new(start);
        while start != 0
            && let Some(byte) = chars.next(text)
        {
            let fits = if begun {
                name::allowed(byte)
            } else {
                byte.is_ascii_alphanumeric()
            };
            if !fits {
                return Err(Error::SENML_NAME);
            }
            begun = true;
        }
        if next == 0 {
            return if begun {
                Ok(())
            } else {
                Err(Error::SENML_NAME)
            };
        }
        starts = [next, 0];
    }
}

/// Decodes a string where it stands, a NUL behind it, at the latest in place of the closing quote.
fn decode(text: &mut [u8], span: &mut Span, data: bool) {
    let mut chars = Unescape::new(span.start);
    let mut digits = Decoder::new();
    let mut end = span.start;
    while let Some(mut byte) = chars.next(text) {
        if data {
            let Some(decoded) = digits.push(byte) else {
                continue;
            };
            byte = decoded;
        }
        if let Some(to) = text.get_mut(end) {
            *to = byte;
        }
        end = end.wrapping_add(1);
    }
    if let Some(to) = text.get_mut(end) {
        *to = 0;
    }
    span.end = end;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::senml::record::{Num, PLACES, Value};
    use std::format;
    use std::string::String;
    use std::vec::Vec;

    fn refused(text: &str) -> (Error, usize) {
        let mut pack = Pack::new();
        let error = pack.validate(text.as_bytes()).unwrap_err();
        let mut memory = text.as_bytes().to_vec();
        assert_eq!(pack.next(&mut memory), Err(Error::STATE));
        assert_eq!(memory, text.as_bytes());
        (error, pack.index())
    }

    fn records(text: &str) -> (Vec<u8>, Vec<Record>) {
        let mut memory = text.as_bytes().to_vec();
        let mut pack = Pack::new();
        let count = pack.validate(&memory).unwrap();
        let mut records = Vec::new();
        while let Some(record) = pack.next(&mut memory).unwrap() {
            records.push(record);
        }
        assert_eq!(records.len(), count);
        assert_eq!(pack.next(&mut memory), Ok(None));
        (memory, records)
    }

    #[test]
    fn refuses_each_breach_with_its_own_error_and_the_record_index() {
        let first = "{\"bn\":\"a:\",\"n\":\"x\",\"v\":1}";
        for (second, error) in [
            (
                "{\"n\":\"b\",\"v\":1,\"x_\":1}",
                Error::SENML_MUST_UNDERSTAND,
            ),
            (
                "{\"n\":\"b\",\"v\":1,\"_\":1}",
                Error::SENML_MUST_UNDERSTAND,
            ),
            (
                "{\"n\":\"b\",\"v\":1,\"bver_\":1}",
                Error::SENML_MUST_UNDERSTAND,
            ),
            (
                "{\"n\":\"b\",\"v\":1,\"x\\u005f\":1}",
                Error::SENML_MUST_UNDERSTAND,
            ),
            ("{\"n\":\"b\",\"v\":1,\"n\":\"b\"}", Error::SENML_DUPLICATE),
            (
                "{\"n\":\"b\",\"v\":1,\"\\u006e\":\"b\"}",
                Error::SENML_DUPLICATE,
            ),
            ("{\"bver\":10,\"bver\":10}", Error::SENML_DUPLICATE),
            ("{\"n\":\"b\",\"v\":1,\"vs\":\"\"}", Error::SENML_VALUE),
            (
                "{\"n\":\"b\",\"vb\":true,\"vd\":\"\",\"s\":1}",
                Error::SENML_VALUE,
            ),
            ("{\"n\":\"b\"}", Error::SENML_VALUE),
            ("{\"n\":\"b\",\"u\":\"m\",\"t\":1}", Error::SENML_VALUE),
            ("{\"n\":\"b\",\"v\":1,\"bver\":11}", Error::SENML_VERSION),
            ("{\"n\":\"b\",\"v\":1,\"bver\":5}", Error::SENML_VERSION),
            ("{\"n\":\"b\",\"v\":1,\"bver\":0}", Error::SENML_VERSION),
            ("{\"n\":\"b\",\"v\":1,\"bver\":-1}", Error::SENML_VERSION),
            ("{\"n\":\"b\",\"v\":1,\"bver\":10.5}", Error::SENML_VERSION),
            ("{\"n\":\"b\",\"v\":1,\"bver\":\"10\"}", Error::SENML_TYPE),
            ("{\"n\":1,\"v\":1}", Error::SENML_TYPE),
            ("{\"n\":\"b\",\"v\":\"1\"}", Error::SENML_TYPE),
            ("{\"n\":\"b\",\"v\":null}", Error::SENML_TYPE),
            ("{\"n\":\"b\",\"v\":[1]}", Error::SENML_TYPE),
            ("{\"n\":\"b\",\"vb\":1}", Error::SENML_TYPE),
            ("{\"n\":\"b\",\"vs\":true}", Error::SENML_TYPE),
            ("{\"n\":\"b\",\"vd\":{}}", Error::SENML_TYPE),
            ("{\"bt\":\"1\"}", Error::SENML_TYPE),
            ("[]", Error::SENML_TYPE),
            ("1", Error::SENML_TYPE),
            ("{\"n\":\"b c\",\"v\":1}", Error::SENML_NAME),
            ("{\"n\":\"b\\u0000\",\"v\":1}", Error::SENML_NAME),
            ("{\"n\":\"b\u{e9}\",\"v\":1}", Error::SENML_NAME),
            ("{\"bn\":\"\",\"v\":1}", Error::SENML_NAME),
            ("{\"bn\":\"\",\"n\":\":b\",\"v\":1}", Error::SENML_NAME),
            ("{\"bn\":\"_\",\"n\":\"b\",\"v\":1}", Error::SENML_NAME),
            ("{\"n\":\"b\",\"vd\":\"a\"}", Error::SENML_BASE64),
            ("{\"n\":\"b\",\"v\":01}", Error::JSON_SYNTAX),
            ("{\"n\":\"b\",\"vs\":\"\\ud800\"}", Error::JSON_ESCAPE),
            ("{\"x\":[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[[", Error::JSON_DEPTH),
        ] {
            let text = format!("[{first},{second}]");
            assert_eq!(refused(&text), (error, 1), "{text}");
        }
        for (text, error) in [
            ("", Error::JSON_TRUNCATED),
            ("[{\"n\":\"b\"", Error::JSON_TRUNCATED),
            ("{}", Error::SENML_TYPE),
            ("1", Error::SENML_TYPE),
            ("[{\"v\":1}]", Error::SENML_NAME),
            ("[{\"bver\":11}]", Error::SENML_VERSION),
        ] {
            assert_eq!(refused(text), (error, 0), "{text}");
        }
        assert_eq!(refused(&format!("[{first}]x")), (Error::JSON_SYNTAX, 1));
    }

    #[test]
    fn a_version_holds_for_the_whole_pack() {
        for text in [
            "[{\"bver\":5,\"n\":\"a\",\"v\":1},{\"n\":\"a\",\"v\":1},{\"bver\":5,\"n\":\"a\",\"v\":1}]",
            "[{\"n\":\"a\",\"v\":1},{\"bver\":10,\"n\":\"a\",\"v\":1}]",
            "[{\"bver\":1}]",
        ] {
            assert!(Pack::new().validate(text.as_bytes()).is_ok(), "{text}");
        }
        let changed = "[{\"bver\":5},{\"bver\":5},{\"bver\":10}]";
        assert_eq!(refused(changed), (Error::SENML_VERSION, 2));
    }

    #[test]
    fn decodes_in_place_with_a_nul_behind_each_text() {
        let (text, records) = records(
            "[{\"\\u0062n\":\"urn:\\u0064ev:x\\/\",\"bu\":\"\\u00b5\"},{\"n\":\"\\u0061\",\"vs\":\"1\\n\\ud83d\\ude00\\u0000z\"},\
             {\"n\":\"b\",\"u\":\"\",\"vd\":\"-\\u005f8\"},{\"vd\":\"+\\/8=\"},{\"n\":\"c\",\"vs\":\"\"}]",
        );
        let c_str = |span: Span| {
            assert_eq!(text[span.end], 0);
            span.of(&text)
        };
        let [a, b, whole, empty] = records[..] else {
            panic!("{records:?}");
        };
        assert_eq!(c_str(a.base_name), b"urn:dev:x/");
        assert_eq!(c_str(a.name), b"a");
        assert_eq!(c_str(a.unit), "\u{b5}".as_bytes());
        let Value::Text(span) = a.value else {
            panic!("{a:?}");
        };
        assert_eq!(c_str(span), "1\n\u{1f600}\0z".as_bytes());
        assert!(a.is(&text, b"a") && a.is(&text, b"urn:dev:x/a"));
        assert!(!a.is(&text, b"b") && !a.is(&text, b"urn:dev:x/") && !a.is(&text, b""));
        assert_eq!(c_str(b.unit), b"");
        for record in [b, whole] {
            let Value::Data(span) = record.value else {
                panic!("{record:?}");
            };
            assert_eq!(c_str(span), b"\xFB\xFF");
        }
        assert_eq!(whole.name, Span::default());
        assert!(whole.is(&text, b"urn:dev:x/") && !whole.is(&text, b""));
        let Value::Text(span) = empty.value else {
            panic!("{empty:?}");
        };
        assert_eq!(c_str(span), b"");
        assert_eq!((a.index, whole.index), (1, 3));
    }

    #[test]
    fn base_fields_hold_until_replaced_and_count_in_their_own_record() {
        let (text, records) = records(
            "[{\"v\":1,\"n\":\"a\",\"bv\":2,\"bt\":3},{\"n\":\"b\",\"s\":4,\"t\":5},{\"bs\":6,\"bv\":7},{\"n\":\"c\",\"v\":8,\"ut\":9}]",
        );
        let of = |num: Num| {
            let part = |span: Span| String::from_utf8(span.of(&text).to_vec()).unwrap();
            (part(num.text), part(num.base))
        };
        let both = |own: &str, base: &str| (String::from(own), String::from(base));
        let value = |record: &Record| match record.value {
            Value::Number(num) => of(num),
            _ => panic!("{record:?}"),
        };
        assert_eq!(value(&records[0]), both("1", "2"));
        assert_eq!(of(records[0].time), both("", "3"));
        assert!(records[0].sum.is_absent());
        assert_eq!(records[1].value, Value::None);
        assert_eq!(of(records[1].sum), both("4", ""));
        assert_eq!(of(records[1].time), both("5", "3"));
        assert_eq!(value(&records[2]), both("8", "7"));
        assert_eq!(of(records[2].sum), both("", "6"));
        assert_eq!(of(records[2].update_time), both("9", ""));
    }

    #[test]
    fn ignores_unknown_labels_with_all_that_is_in_them() {
        let (_, seen) = records(
            "[{\"x\":{\"n_\":[null,{\"v\":\"\\\"\"}]},\"n\":\"a\",\"v\":1,\"x\":2,\"\":0,\"\\u0000n\":1,\"nnnnn\":1,\"\\u0000bver\":1}]",
        );
        assert_eq!(seen.len(), 1);
    }

    #[test]
    fn a_pack_without_measurements_is_empty() {
        for text in ["[]", " [ ] ", "[{}]", "[{\"bn\":\"a\"},{\"t\":1}]"] {
            assert_eq!(records(text).1, []);
        }
    }

    #[test]
    fn any_state_and_any_change_of_the_text_are_harmless() {
        let mut text = *b"[{\"bn\":\"a\",\"v\":1},{\"n\":\"b\",\"vs\":\"c\"}]";
        let mut pack = Pack::new();
        assert_eq!(pack.validate(&text), Ok(2));
        assert!(pack.next(&mut text).unwrap().is_some());
        let mut cut = text;
        assert_eq!(
            pack.clone().next(&mut cut[..20]),
            Err(Error::JSON_TRUNCATED)
        );
        assert_eq!(pack.next(&mut []), Err(Error::JSON_TRUNCATED));
        assert_eq!(pack.next(&mut text), Ok(None));
        let mut wild = Pack {
            reader: Reader::new(),
            entry: Entry {
                next_index: usize::MAX,
                spans: [Span {
                    start: usize::MAX,
                    end: 3,
                }; PLACES],
                ..Entry::default()
            },
            version: 255,
            state: VALID,
        };
        let mut text = *b"[{\"n\":\"b\",\"vs\":\"c\"}]";
        let record = wild.next(&mut text).unwrap().unwrap();
        assert_eq!(record.base_name.of(&text), b"");
    }
}
