// SPDX-License-Identifier: MIT OR Apache-2.0
//! Writes a configuration back, field by field.
//!
//! serde was measured on thumbv6m: `serde_json_core::to_slice` 0.7.0 costs 1.7 KB without the status table, keeps a path to the panic
//! handler (a slice index in its `extend_from_slice`, after a sum that the compiler cannot bound), and does not tell how many bytes were
//! missing. A `Serializer` of our own took 170 lines and 272 bytes more than this code.
#![forbid(unsafe_code)]

use super::{Choice, Config, Field, word};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::string;
use crate::number;

/// Length in bytes of the longest text that [`Config::save`] writes.
pub const TEXT_MAX: usize = 883;

impl Config {
    /// Writes this configuration as one JSON text, which [`load`](Self::load) reads back unchanged.
    ///
    /// The text contains the secret in the clear: it is for the device's storage, not for logs. An IMEI has become a URN, and defaults are
    /// written out. No white space; at most [`TEXT_MAX`] bytes. Fails with [`Error::STATE`] if there is nothing to write, and with
    /// [`Error::BUFFER_FULL`] if there is no room; `out` then counts all the bytes.
    pub fn save(&self, out: &mut Buf<'_>) -> Result<()> {
        if self.is_empty() {
            return Err(Error::STATE);
        }
        self.put_text(out, b'{', Field::Urn)?;
        if self.secret().is_none() {
            put_name(out, b',', Field::Secret);
            out.put(b"null");
        } else {
            self.put_text(out, b',', Field::Secret)?;
        }
        put_name(out, b',', Field::Endpoint);
        match self.choice {
            Choice::M2m => out.put(b"\"m2m\""),
            Choice::Internet => out.put(b"\"internet\""),
            Choice::Custom => {
                self.put_text(out, b'{', Field::Host)?;
                self.put_text(out, b',', Field::Path)?;
                out.put_byte(b'}');
            }
        }
        self.put_text(out, b',', Field::Address)?;
        put_number(out, Field::Port, self.port);
        if !self.text(Field::Apn).is_empty() {
            self.put_text(out, b',', Field::Apn)?;
        }
        put_number(out, Field::KeepAliveLimit, self.keep_alive_limit);
        self.write_statuses(out);
        out.put_byte(b'}');
        if out.fits() {
            Ok(())
        } else {
            Err(Error::BUFFER_FULL)
        }
    }

    // Not inlined: most fields are texts.
    #[inline(never)]
    fn put_text(&self, out: &mut Buf<'_>, mark: u8, field: Field) -> Result<()> {
        put_name(out, mark, field);
        string::write(out, self.text(field))
    }

    fn write_statuses(&self, out: &mut Buf<'_>) {
        let mut entries = self.statuses.entries().peekable();
        if entries.peek().is_none() {
            return;
        }
        put_name(out, b',', Field::StatusTable);
        let mut mark = b'{';
        for (status, outcome) in entries {
            out.put_byte(mark);
            mark = b',';
            out.put_byte(b'"');
            number::write_u64(out, status.into());
            out.put(b"\":\"");
            out.put(word(outcome).as_bytes());
            out.put_byte(b'"');
        }
        out.put_byte(b'}');
    }
}

/// Writes `{` or `,` and the name of a member with its colon.
#[inline(never)]
fn put_name(out: &mut Buf<'_>, mark: u8, field: Field) {
    out.put_byte(mark);
    out.put_byte(b'"');
    out.put(field.name().as_bytes());
    out.put(b"\":");
}

fn put_number(out: &mut Buf<'_>, field: Field, value: u16) {
    put_name(out, b',', field);
    number::write_u64(out, value.into());
}
