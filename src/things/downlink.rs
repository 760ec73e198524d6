// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the platform says to a device: at most one SenML pack, in the body of a response or from elsewhere (SMS, a
//! file).
#![forbid(unsafe_code)]

use crate::error::Result;
use crate::senml::reader::PackReader;
use crate::senml::record::RawRecord;

/// The text in some bytes, without a leading byte order mark, which RFC 8259 section 8.1 lets a parser ignore, and without
/// one trailing NUL, which a server sends as the end of a C string. Neither changes the meaning of the text.
// Not inlined: its caller has no registers left.
#[inline(never)]
pub fn text_of(body: &mut [u8]) -> &mut [u8] {
    let ([text @ .., 0] | text) = body;
    let ([0xEF, 0xBB, 0xBF, text @ ..] | text) = text;
    text
}

/// A downlink being read. The bytes belong to the caller and are passed to each call; strings and data are decoded in
/// them.
///
/// Plain integers; all zeros is a downlink that was not begun.
#[derive(Clone, Debug, Default)]
#[repr(C)]
pub struct Downlink {
    pack: PackReader,
}

impl Downlink {
    /// Checks all of `body`. An empty body is a downlink without records.
    ///
    /// After an error there is nothing to hand out, and [`Downlink::index`] gives the record at fault.
    pub fn begin(&mut self, body: &[u8]) -> Result<()> {
        if body.is_empty() {
            self.pack.clear();
            return Ok(());
        }
        self.pack.check(body)
    }

    /// The next record; `Error::END` after the last one. Takes the bytes that [`Downlink::begin`] checked.
    pub fn next(&mut self, body: &mut [u8]) -> Result<&RawRecord> {
        self.pack.next(body)
    }

    /// The position in the pack, for looking ahead with [`PackReader::peek`] on a copy.
    pub const fn ahead(&self) -> &PackReader {
        &self.pack
    }

    /// The index of the record that comes next, or that was refused; from 0.
    pub const fn index(&self) -> usize {
        self.pack.index()
    }
}
