// SPDX-License-Identifier: MIT OR Apache-2.0
//! What tells one image from another under the same URL: the strong entity tag that its parts come with, or else their
//! Last-Modified (RFC 9110 section 8.8).
//!
//! What comes with the first confirmed part is kept; what comes with later answers is compared with it byte by byte, and not kept. An
//! entity tag is sent in If-Range too. A date is not: section 13.1.5 allows only one that is known to be strong.
//! A weak entity tag, one that is not quoted, and what is too long count as not given.
#![forbid(unsafe_code)]

use crate::http::response::text;

/// Longest text: of an entity tag what follows the first quote, of a date all but white space.
pub const TEXT_MAX: usize = 66;

/// Bytes that are kept: the length of code and text, 0 for none; the code of the field, one of [`text`]; the text.
pub type Kept = [u8; TEXT_MAX + 2];

/// The validator that is kept, and how far that of the present answer is read: plain integers, and every bit pattern is valid.
#[repr(C)]
#[derive(Debug)]
pub struct Validator {
    /// Bytes of this answer's that are equal to what is kept, or stand there now; 0 as long as it has none.
    equal: u8,
    /// Whether one followed that is not.
    differs: u8,
    /// Whether the field that is read is of no interest.
    skips: u8,
    kept: [u8; 68],
}

impl Validator {
    /// Keeps nothing from now on.
    pub const fn forget(&mut self) {
        let [len, ..] = &mut self.kept;
        *len = 0;
    }

    /// Starts to read those of another answer.
    pub const fn begin_answer(&mut self) {
        self.equal = 0;
        self.differs = 0;
        let [len, field, ..] = &mut self.kept;
        if *len == 0 {
            *field = 0;
        }
    }

    /// Takes one byte of a text, or the code that begins one.
    pub fn take(&mut self, byte: u8) {
        let [len, field, ..] = self.kept;
        if byte < b' ' {
            // An entity tag goes before a date, and what is kept is compared with its own field.
            let skips = byte < field || (len != 0 && byte != field);
            self.skips = u8::from(skips);
            if !skips {
                self.equal = 0;
                self.differs = 0;
            }
        }
        if self.skips | self.differs != 0 {
            return;
        }
        if let Some(place) = self.kept.get_mut(usize::from(self.equal) + 1) {
            if len == 0 {
                *place = byte;
            }
            if *place == byte {
                self.equal += 1;
                return;
            }
        }
        self.differs = 1;
    }

    /// Keeps what the answer had, when nothing is kept.
    pub const fn settle(&mut self) {
        let [len, ..] = &mut self.kept;
        if *len == 0 && self.differs == 0 {
            *len = self.equal;
        }
    }

    /// Whether nothing is kept, or the answer had the same.
    pub const fn may_be_same(&self) -> bool {
        let [len, ..] = self.kept;
        len == 0 || (self.differs == 0 && self.equal == len)
    }

    /// Whether the answer had another one than is kept.
    pub const fn is_other(&self) -> bool {
        self.equal != 0 && !self.may_be_same()
    }

    /// What is to be kept over a reset.
    pub const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Keeps what [`Validator::kept`] gave.
    pub const fn restore(&mut self, kept: &Kept) {
        self.kept = *kept;
    }

    /// What follows the first quote of the entity tag that is kept; empty for none.
    pub fn etag(&self) -> &[u8] {
        match &self.kept {
            [len, text::ETAG, bytes @ ..] => {
                let len = usize::from(*len).saturating_sub(1);
                bytes.get(..len).unwrap_or_default()
            }
            _ => &[],
        }
    }
}
