// SPDX-License-Identifier: MIT OR Apache-2.0
//! What distinguishes images under the same URL: the strong entity tag that comes with their parts, or else Last-Modified (RFC 9110 section
//! 8.8).
//!
//! The validator that comes with the first confirmed part is kept; those of later answers are compared with it byte by byte and not kept.
//! An entity tag is also sent in If-Range. A date is not, since section 13.1.5 allows only one that is known to be strong. A weak or
//! unquoted entity tag, and a text that is too long, count as not given.
#![forbid(unsafe_code)]

use crate::http::response::text;

/// Longest text: an entity tag without its first quote, or a date without white space.
pub const TEXT_MAX: usize = 66;

/// Bytes that are kept: the length of code and text, 0 for none; the code of the field, which is one of [`text`]; the text.
pub type Kept = [u8; TEXT_MAX + 2];

/// The validator that is kept, and how far that of the current answer has been read: plain integers, and every bit pattern is valid.
#[repr(C)]
#[derive(Debug)]
pub struct Validator {
    /// How many bytes of this answer's validator equal the kept one, or have been stored; 0 until it has any.
    equal: u8,
    /// Whether a byte followed that differs.
    differs: u8,
    /// Whether the field being read is ignored.
    skips: u8,
    kept: [u8; 68],
}

impl Validator {
    /// Keeps nothing from now on.
    pub const fn forget(&mut self) {
        let [len, ..] = &mut self.kept;
        *len = 0;
    }

    /// Starts to read the validators of another answer.
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
            // An entity tag takes precedence over a date, and a kept validator is compared only with its own field.
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

    /// Keeps the validator of the answer if none is kept.
    pub const fn settle(&mut self) {
        let [len, ..] = &mut self.kept;
        if *len == 0 && self.differs == 0 {
            *len = self.equal;
        }
    }

    /// Whether none is kept, or the answer had the same one.
    pub const fn may_be_same(&self) -> bool {
        let [len, ..] = self.kept;
        len == 0 || (self.differs == 0 && self.equal == len)
    }

    /// Whether the answer had a different one from the one kept.
    pub const fn is_other(&self) -> bool {
        self.equal != 0 && !self.may_be_same()
    }

    /// What to keep across a reset.
    pub const fn kept(&self) -> &Kept {
        &self.kept
    }

    /// Restores what [`Validator::kept`] returned.
    pub const fn restore(&mut self, kept: &Kept) {
        self.kept = *kept;
    }

    /// The kept entity tag after its first quote; empty if there is none.
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
