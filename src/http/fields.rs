// SPDX-License-Identifier: MIT OR Apache-2.0
//! The fields that are read in a head, and the values they may have: a table to read beside RFC 9110, which the compiler folds into the
//! bytes that the reader follows.
//!
//! # How the table is folded
//!
//! Each row becomes a text: the name, a colon, the value, and a code that says what to do. Parts that are not text become codes too; all
//! codes are below the space character. [`TREE`] holds the texts one after another, each without the beginning that it shares with the row
//! before; [`BRANCHES`] says where a row departs from the one before. Four rows, with `1` to `3` for numbers and capitals for the other
//! codes:
//!
//! ```text
//! row                                  place  in the tree                            branch
//! content-length  OrRefuse #           0      content-length:L4A
//! content-range   bytes #-#/#          18     range:bytes B1-2/3C                    from 8 ("l") to 18 ("r")
//! content-range   bytes #-#/*          37     *D                                     from 35 ("3") to 37 ("*")
//! content-range   bytes */#            39     */3E                                   from 31 ("1") to 39 ("*")
//! ```
//!
//! The reader keeps one place. If the next byte equals the one at that place, the place moves on by one. Otherwise the reader looks for a
//! branch from there that leads to this byte, and goes on from where it leads. `Content-Range: bytes */7` goes from 0 to 8, by the branch
//! to 18, on to 31, by the branch to 39, and on to the code of its row. A byte without a way on means a field that is not read, or an
//! element of no known form.
#![forbid(unsafe_code)]

/// What a row of the table does, as the code at its end.
pub(super) mod action {
    pub const CLOSE: u8 = 0x10;
    pub const KEEP_ALIVE: u8 = 0x11;
    pub const RETRY_AFTER: u8 = 0x12;
    pub const CONTENT_LENGTH: u8 = 0x13;
    pub const CHUNKED: u8 = 0x14;
    pub const CRC32: u8 = 0x15;
    pub const RANGE_OF_TOTAL: u8 = 0x16;
    /// A range without a total.
    pub const RANGE: u8 = 0x17;
    /// A total without a range.
    pub const TOTAL: u8 = 0x18;
    /// When the server sent this, by its clock.
    pub const DATE: u8 = 0x19;
    /// When it wants to be asked again, by the same clock.
    pub const RETRY_DATE: u8 = 0x1A;
    /// A content coding that changes nothing.
    pub const IDENTITY: u8 = 0x1B;
}

/// The beginning of a text that only firmware reads. It is handed out byte by byte, this code first.
pub mod text {
    pub const LAST_MODIFIED: u8 = 0x1E;
    pub const ETAG: u8 = 0x1F;
}

/// What an element of no known form counts as once this code was passed; before, it is ignored.
pub(super) mod refusal {
    /// Refused for firmware; a message needs none of these fields.
    pub const FIRMWARE: u8 = 0x0B;
    pub const CONTENT_LENGTH: u8 = 0x0C;
    pub const TRANSFER_ENCODING: u8 = 0x0D;
    /// The body is not the bytes of the firmware.
    pub const CONTENT_ENCODING: u8 = 0x0E;
}

/// Numbers: the code minus 1 is the index in `Head::numbers`; `HEX` and those after it share the last one.
pub(super) mod number {
    pub const FIRST: u8 = 0x01;
    pub const LAST: u8 = 0x02;
    pub const TOTAL: u8 = 0x03;
    pub const HEX: u8 = 0x04;
    /// From here on, if something follows it, a part of a date; for this one, the day.
    pub const NUMBER: u8 = 0x05;
    /// The letters of a month, six bits per letter.
    pub const MONTH: u8 = 0x06;
    pub const YEAR: u8 = 0x07;
    pub const HOUR: u8 = 0x08;
    /// Minute or second.
    pub const SIXTIETH: u8 = 0x09;
}

/// Value of a hex digit in either case; letters go on up to 35, and any other character is 36 or more.
pub(super) const fn hex_digit(byte: u8) -> u8 {
    let digit = byte.wrapping_sub(b'0');
    if digit <= 9 {
        return digit;
    }
    (byte | 0x20).wrapping_sub(b'a').saturating_add(10)
}

/// One part of a value.
enum Part {
    /// These bytes; small letters match capital ones too.
    Text(&'static [u8]),
    /// A number: one of [`number`].
    Number(u8),
    /// From here on, an element that continues differently is refused with one of [`refusal`].
    OrRefuse(u8),
}

/// One form of an element of a field's comma-separated list.
struct Form {
    field: &'static [u8],
    value: &'static [Part],
    /// One of [`action`], or of [`text`].
    action: u8,
}

use Part::{Number, OrRefuse, Text};

const fn form(field: &'static [u8], value: &'static [Part], action: u8) -> Form {
    Form {
        field,
        value,
        action,
    }
}

/// IMF-fixdate = day-name "," SP date1 SP time-of-day SP GMT, RFC 9110 section 5.6.7, without the day name, which is a separate element
/// here and ignored. The two obsolete forms are not read.
const DATE: &[Part] = &[
    Number(number::NUMBER),
    Text(b" "),
    Number(number::MONTH),
    Text(b" "),
    Number(number::YEAR),
    Text(b" "),
    Number(number::HOUR),
    Text(b":"),
    Number(number::SIXTIETH),
    Text(b":"),
    Number(number::SIXTIETH),
    Text(b" gmt"),
];

/// Forms that begin alike stand together, the most frequent ones first. The first form is read only if names begin at [`NAMES_AND_DATE`].
const FORMS: [Form; 14] = [
    // Date = HTTP-date, RFC 9110 section 6.6.1.
    form(b"date", DATE, action::DATE),
    // Connection = #connection-option, RFC 9110 section 7.6.1. Options that are not known are ignored.
    form(b"connection", &[Text(b"close")], action::CLOSE),
    form(b"connection", &[Text(b"keep-alive")], action::KEEP_ALIVE),
    // Content-Length = 1*DIGIT, RFC 9110 section 8.6; a list of equal lengths too.
    form(
        b"content-length",
        &[OrRefuse(refusal::CONTENT_LENGTH), Number(number::NUMBER)],
        action::CONTENT_LENGTH,
    ),
    // Content-Range = range-unit SP ( range-resp / unsatisfied-range ), RFC 9110 section 14.4. Only the unit bytes. range-resp = first-pos
    // "-" last-pos "/" ( complete-length / "*" )
    form(
        b"content-range",
        &[
            Text(b"bytes "),
            OrRefuse(refusal::FIRMWARE),
            Number(number::FIRST),
            Text(b"-"),
            Number(number::LAST),
            Text(b"/"),
            Number(number::TOTAL),
        ],
        action::RANGE_OF_TOTAL,
    ),
    form(
        b"content-range",
        &[
            Text(b"bytes "),
            OrRefuse(refusal::FIRMWARE),
            Number(number::FIRST),
            Text(b"-"),
            Number(number::LAST),
            Text(b"/*"),
        ],
        action::RANGE,
    ),
    // unsatisfied-range = "*/" complete-length
    form(
        b"content-range",
        &[
            Text(b"bytes "),
            OrRefuse(refusal::FIRMWARE),
            Text(b"*/"),
            Number(number::TOTAL),
        ],
        action::TOTAL,
    ),
    // Content-Encoding = #content-coding, RFC 9110 section 8.4. `identity` is for Accept-Encoding alone, but is sent.
    form(
        b"content-encoding",
        &[OrRefuse(refusal::CONTENT_ENCODING), Text(b"identity")],
        action::IDENTITY,
    ),
    // Digest = 1#( digest-algorithm "=" encoded ), RFC 3230 section 4.3.2, with the algorithm of KPN's server.
    form(
        b"digest",
        &[
            Text(b"crc32="),
            OrRefuse(refusal::FIRMWARE),
            Number(number::HEX),
        ],
        action::CRC32,
    ),
    // Retry-After = HTTP-date / delay-seconds, RFC 9110 section 10.2.3.
    form(
        b"retry-after",
        &[Number(number::NUMBER)],
        action::RETRY_AFTER,
    ),
    form(b"retry-after", DATE, action::RETRY_DATE),
    // Transfer-Encoding = #transfer-coding, RFC 9112 section 6.1. Only chunked.
    form(
        b"transfer-encoding",
        &[OrRefuse(refusal::TRANSFER_ENCODING), Text(b"chunked")],
        action::CHUNKED,
    ),
    // ETag = [ "W/" ] DQUOTE *etagc DQUOTE, RFC 9110 section 8.8.3. Only strong ones, without the first quote.
    form(b"etag", &[Text(b"\"")], text::ETAG),
    // Last-Modified = HTTP-date, RFC 9110 section 8.8.2
    form(b"last-modified", &[], text::LAST_MODIFIED),
];

/// Where the names of fields begin in the tree.
pub(super) const NAMES_AND_DATE: u8 = 0;
/// The same without Date: the target of the first branch.
pub(super) const NAMES: u8 = FOLDED.branches[0][1];

/// The place without a way on, after the end of the tree: no form begins with the bytes so far.
pub(super) const NOWHERE: u8 = u8::MAX;

/// The forms, each without the beginning that it shares with the one before.
pub(super) static TREE: [u8; FOLDED.len] = first(&FOLDED.tree);

/// Where a form departs from the one before it, and where it goes on.
pub(super) static BRANCHES: [[u8; 2]; FORMS.len() - 1] = FOLDED.branches;

const FOLDED: Folded = fold();

/// Longest form, as text.
const LONGEST: usize = 48;

struct Folded {
    tree: [u8; NOWHERE as usize],
    len: usize,
    branches: [[u8; 2]; FORMS.len() - 1],
}

#[expect(
    clippy::indexing_slicing,
    clippy::cast_possible_truncation,
    reason = "evaluated by the compiler, which refuses a place that is too large"
)]
const fn fold() -> Folded {
    let mut folded = Folded {
        tree: [0; NOWHERE as usize],
        len: 0,
        branches: [[0; 2]; FORMS.len() - 1],
    };
    let mut before = [0; LONGEST];
    // The place in the tree of each byte of the form before.
    let mut places = [0; LONGEST];
    let mut index = 0;
    while index < FORMS.len() {
        let (text, len) = flatten(&FORMS[index]);
        let mut depth = 0;
        while text[depth] == before[depth] {
            depth += 1;
        }
        if index != 0 {
            folded.branches[index - 1] = [places[depth], folded.len as u8];
        }
        while depth < len {
            folded.tree[folded.len] = text[depth];
            places[depth] = folded.len as u8;
            folded.len += 1;
            depth += 1;
        }
        before = text;
        index += 1;
    }
    folded
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn first<const LEN: usize>(bytes: &[u8]) -> [u8; LEN] {
    let mut first = [0; LEN];
    let mut index = 0;
    while index < LEN {
        first[index] = bytes[index];
        index += 1;
    }
    first
}

/// A form as text, and its length.
#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn flatten(form: &Form) -> ([u8; LONGEST], usize) {
    let (mut text, mut len) = append(([0; LONGEST], 0), form.field);
    (text, len) = append((text, len), b":");
    let mut index = 0;
    while index < form.value.len() {
        (text, len) = match &form.value[index] {
            Text(bytes) => append((text, len), bytes),
            Number(code) | OrRefuse(code) => append((text, len), &[*code]),
        };
        index += 1;
    }
    append((text, len), &[form.action])
}

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn append(
    (mut text, mut len): ([u8; LONGEST], usize),
    bytes: &[u8],
) -> ([u8; LONGEST], usize) {
    let mut index = 0;
    while index < bytes.len() {
        text[len] = bytes[index];
        len += 1;
        index += 1;
    }
    (text, len)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Goes on from a place by one byte, along as many branches as it takes.
    fn step(mut place: u8, byte: u8) -> u8 {
        while TREE.get(usize::from(place)) != Some(&byte) {
            let Some([_, to]) = BRANCHES.iter().find(|[from, _]| *from == place) else {
                return NOWHERE;
            };
            place = *to;
        }
        place + 1
    }

    #[test]
    fn each_form_is_a_way_through_the_tree() {
        let folded = fold();
        assert_eq!(first::<{ FOLDED.len }>(&folded.tree), TREE);
        assert_eq!(folded.branches, BRANCHES);
        for (at, form) in FORMS.iter().enumerate() {
            let begin = if at == 0 { NAMES_AND_DATE } else { NAMES };
            let (text, len) = flatten(form);
            assert_eq!(text[..form.field.len()], *form.field);
            assert_eq!((text[form.field.len()], text[len - 1]), (b':', form.action));
            let end = text[..len]
                .iter()
                .fold(begin, |place, &byte| step(place, byte));
            assert_ne!(end, NOWHERE, "{}", text.escape_ascii());
        }
    }

    #[test]
    fn forms_of_one_field_differ_and_none_begins_as_a_whole_other_one() {
        for (at, form) in FORMS.iter().enumerate() {
            for other in &FORMS[at + 1..] {
                let ((one, len), (two, other_len)) = (flatten(form), flatten(other));
                let common = len.min(other_len);
                assert_ne!(one[..common], two[..common]);
            }
        }
    }
}
