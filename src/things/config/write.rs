//! Writes a configuration back, through serde.
//!
//! The values go through a small `Serializer` of our own over [`Buf`] instead of `serde_json_core::to_slice`, which writes the
//! same bytes (a test compares them). Measured on thumbv6m, 0.7.0: `to_slice` of this struct without its status table
//! costs 1.7 KB and keeps a path to the panic handler (a slice index in its `extend_from_slice`, behind a sum that the
//! compiler cannot bound), and it does not tell how many bytes were missing. Ours costs 2.0 KB with the table, of which
//! 0.5 KB are the writer of JSON strings that packs use too, and keeps no such path.
#![forbid(unsafe_code)]

use core::fmt;

use heapless::String;
use serde::ser::{self, Impossible, Serialize, SerializeMap, SerializeStruct};

use super::{Choice, Config, content};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::string;
use crate::things::outcome::StatusTable;

/// Length in bytes of the longest text that [`Config::write`] writes.
pub const TEXT_MAX: usize = 883;

/// Digits of the largest 16-bit number.
const DIGITS_MAX: usize = 5;

/// The text's fields, in its order. Kept apart from [`Config`] so that no other serializer gets at the secret.
#[derive(serde::Serialize)]
#[serde(rename_all = "camelCase")]
struct Stored<'a> {
    urn: &'a str,
    secret: Option<&'a str>,
    endpoint: Endpoint<'a>,
    address: &'a str,
    port: u16,
    #[serde(skip_serializing_if = "Option::is_none")]
    apn: Option<&'a str>,
    keep_alive_limit: u16,
    #[serde(skip_serializing_if = "Statuses::is_empty")]
    status_table: Statuses<'a>,
}

#[derive(serde::Serialize)]
#[serde(untagged)]
enum Endpoint<'a> {
    Known(&'static str),
    Custom { host: &'a str, path: &'a str },
}

struct Statuses<'a>(&'a StatusTable);

impl Statuses<'_> {
    fn is_empty(&self) -> bool {
        self.0.entries().next().is_none()
    }
}

impl Serialize for Statuses<'_> {
    fn serialize<S: ser::Serializer>(
        &self,
        serializer: S,
    ) -> core::result::Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        for (status, outcome) in self.0.entries() {
            map.serialize_entry(decimal(status).as_str(), super::word(outcome))?;
        }
        map.end()
    }
}

impl Config {
    fn stored(&self) -> Stored<'_> {
        Stored {
            urn: self.urn(),
            secret: Some(content(&self.secret.0)).filter(|secret| !secret.is_empty()),
            endpoint: match self.choice {
                Choice::M2m => Endpoint::Known("m2m"),
                Choice::Internet => Endpoint::Known("internet"),
                Choice::Custom => Endpoint::Custom {
                    host: content(&self.host),
                    path: content(&self.path),
                },
            },
            address: content(&self.address),
            port: self.port,
            apn: self.apn(),
            keep_alive_limit: self.keep_alive_limit,
            status_table: Statuses(&self.statuses),
        }
    }

    /// Writes this configuration as one JSON text, which [`read`](Self::read) reads back to an equal one.
    ///
    /// The secret stands in it in clear: it is for the device's storage, not for logs. An IMEI has become a URN, and
    /// defaults are written out. No white space; at most [`TEXT_MAX`] bytes. Fails with [`Error::STATE`] when there is
    /// nothing to write, with [`Error::BUFFER_FULL`] without room: `out` then counts all the bytes.
    pub fn write(&self, out: &mut Buf<'_>) -> Result<()> {
        if self.is_empty() {
            return Err(Error::STATE);
        }
        // Nothing in `Stored` is of a kind that the writer does not know.
        let written = self.stored().serialize(Writer(out));
        if written.is_ok() && out.fits() {
            Ok(())
        } else {
            Err(Error::BUFFER_FULL)
        }
    }
}

/// A number's digits, found without division, which Cortex-M0 has not.
fn decimal(mut value: u16) -> String<DIGITS_MAX, u8> {
    let mut text = String::new();
    for &power in &[10_000, 1000, 100, 10, 1] {
        let mut digit = b'0';
        while let Some(rest) = value.checked_sub(power) {
            value = rest;
            digit = digit.wrapping_add(1);
        }
        if digit != b'0' || power == 1 || !text.is_empty() {
            // There is room for as many digits as there are powers.
            let _ = text.push(char::from(digit & 0x7f));
        }
    }
    text
}

/// A kind of value that a configuration does not have.
#[derive(Debug)]
struct Unsupported;

impl fmt::Display for Unsupported {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        Ok(())
    }
}

impl ser::StdError for Unsupported {}

impl ser::Error for Unsupported {
    fn custom<T: fmt::Display>(_: T) -> Self {
        Self
    }
}

type Written = core::result::Result<(), Unsupported>;

/// Texts, numbers up to 16 bits, null, structs and maps.
struct Writer<'a, 'b>(&'a mut Buf<'b>);

macro_rules! unsupported {
    ($($name:ident($($argument:ty),*) -> $result:ty;)*) => {
        $(fn $name(self, $(_: $argument),*) -> core::result::Result<$result, Unsupported> {
            Err(Unsupported)
        })*
    };
}

impl<'a, 'b> ser::Serializer for Writer<'a, 'b> {
    type Ok = ();
    type Error = Unsupported;
    type SerializeSeq = Impossible<(), Unsupported>;
    type SerializeTuple = Impossible<(), Unsupported>;
    type SerializeTupleStruct = Impossible<(), Unsupported>;
    type SerializeTupleVariant = Impossible<(), Unsupported>;
    type SerializeMap = Members<'a, 'b>;
    type SerializeStruct = Members<'a, 'b>;
    type SerializeStructVariant = Impossible<(), Unsupported>;

    fn serialize_str(self, value: &str) -> Written {
        string::write(self.0, value.as_bytes()).map_err(|_| Unsupported)
    }

    fn serialize_u16(self, value: u16) -> Written {
        self.0.put(decimal(value).as_bytes());
        Ok(())
    }

    fn serialize_none(self) -> Written {
        self.0.put(b"null");
        Ok(())
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Written {
        value.serialize(self)
    }

    fn serialize_struct(
        self,
        _: &'static str,
        _: usize,
    ) -> core::result::Result<Self::SerializeStruct, Unsupported> {
        self.serialize_map(None)
    }

    fn serialize_map(
        self,
        _: Option<usize>,
    ) -> core::result::Result<Self::SerializeMap, Unsupported> {
        Ok(Members {
            out: self.0,
            mark: b'{',
        })
    }

    unsupported! {
        serialize_bool(bool) -> ();
        serialize_i8(i8) -> ();
        serialize_i16(i16) -> ();
        serialize_i32(i32) -> ();
        serialize_i64(i64) -> ();
        serialize_u8(u8) -> ();
        serialize_u32(u32) -> ();
        serialize_u64(u64) -> ();
        serialize_f32(f32) -> ();
        serialize_f64(f64) -> ();
        serialize_char(char) -> ();
        serialize_bytes(&[u8]) -> ();
        serialize_unit() -> ();
        serialize_unit_struct(&'static str) -> ();
        serialize_unit_variant(&'static str, u32, &'static str) -> ();
        serialize_seq(Option<usize>) -> Self::SerializeSeq;
        serialize_tuple(usize) -> Self::SerializeTuple;
        serialize_tuple_struct(&'static str, usize) -> Self::SerializeTupleStruct;
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> Self::SerializeTupleVariant;
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> Self::SerializeStructVariant;
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(self, _: &'static str, _: &T) -> Written {
        Err(Unsupported)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Written {
        Err(Unsupported)
    }

    fn collect_str<T: fmt::Display + ?Sized>(self, _: &T) -> Written {
        Err(Unsupported)
    }
}

/// The members of an object: `{` before the first, `,` before each other.
struct Members<'a, 'b> {
    out: &'a mut Buf<'b>,
    mark: u8,
}

impl Members<'_, '_> {
    fn key(&mut self, key: &str) {
        self.out.put_byte(self.mark);
        self.mark = b',';
        self.out.put_byte(b'"');
        self.out.put(key.as_bytes());
        self.out.put(b"\":");
    }

    fn close(self) {
        if self.mark == b'{' {
            self.out.put_byte(b'{');
        }
        self.out.put_byte(b'}');
    }
}

impl SerializeMap for Members<'_, '_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Written {
        self.out.put_byte(self.mark);
        self.mark = b',';
        key.serialize(Writer(self.out))?;
        self.out.put_byte(b':');
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Written {
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Written {
        self.close();
        Ok(())
    }
}

impl SerializeStruct for Members<'_, '_> {
    type Ok = ();
    type Error = Unsupported;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, key: &'static str, value: &T) -> Written {
        self.key(key);
        value.serialize(Writer(self.out))
    }

    fn end(self) -> Written {
        self.close();
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn writes_the_bytes_that_serde_json_core_writes() {
        for text in [
            r#"{"urn":"a","secret":null}"#,
            r#"{"urn":"a","secret":"0123456789012345678901234567890123","endpoint":{"host":"\"","path":"/\\"},
                "address":"::1","port":7,"apn":"x","keepAliveLimit":10203,"statusTable":{"404":"deviceUnknown","401":"accepted"}}"#,
        ] {
            let mut config = Config::new();
            config.read(text.as_bytes()).unwrap();
            let mut ours = [0; TEXT_MAX];
            let mut out = Buf::new(&mut ours, 0);
            config.write(&mut out).unwrap();
            let mut theirs = [0; TEXT_MAX];
            let len = serde_json_core::to_slice(&config.stored(), &mut theirs).unwrap();
            assert_eq!(out.written(), &theirs[..len]);
        }
    }

    #[test]
    fn decimals_are_those_of_the_standard_library() {
        for value in 0..=u16::MAX {
            assert_eq!(decimal(value).as_str(), std::format!("{value}"));
        }
    }
}
