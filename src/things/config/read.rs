// SPDX-License-Identifier: MIT OR Apache-2.0
//! Reads a configuration with our strict tokens; each value is checked as it comes.
//!
//! serde-json-core reads only the numbers here; our reader has checked their grammar before. It proved unfit to read
//! whole texts (0.7.0): it accepts `01`, `+1`, `1e999` and control characters in strings, leaves escapes in place,
//! recurses without bound on ignored values, keeps a path to the panic handler and brings 16 KB of float tables to
//! Cortex-M. Its `from_slice::<u16>` alone costs 232 bytes on thumbv6m, has no panic path, and refuses overflow,
//! fractions and exponents; an enum of words costs 2.6 KB and keeps a panic path.
#![forbid(unsafe_code)]

use heapless::string::StringView;

use super::{Choice, Config, Field, Problem};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::http::request::Target;
use crate::json::reader::{Reader, Span, TokenKind};
use crate::json::string::{self, Unescape};
use crate::things::endpoint;
use crate::things::outcome::Outcome;
use crate::things::urn;
use crate::token;

/// `urn:dev:IMEI:`, the digits and a colon.
const IMEI_URN_LEN: usize = 29;

/// The text, how far it has been read, and the field being read.
struct Source<'t> {
    text: &'t [u8],
    reader: Reader,
    field: Field,
}

impl Source<'_> {
    fn next(&mut self) -> Result<TokenKind> {
        self.reader.advance(self.text)?;
        Ok(self.reader.kind())
    }

    /// The last key, string or number, with escapes not resolved.
    fn last(&self) -> &[u8] {
        self.reader.span().of(self.text)
    }

    fn string(&mut self) -> Result<Span> {
        match self.next()? {
            TokenKind::STRING => Ok(self.reader.span()),
            _ => Err(Error::CONFIG_TYPE),
        }
    }

    /// Reads a text of ASCII into `into`.
    fn text(&mut self, into: &mut StringView<u8>) -> Result<()> {
        let span = self.string()?;
        self.copy(span, into)
    }

    /// Copies a string that was read.
    fn copy(&self, span: Span, into: &mut StringView<u8>) -> Result<()> {
        let mut content = Unescape::new(span.start);
        while let Some(byte) = content.next(self.text) {
            if !byte.is_ascii() {
                return Err(Error::CONFIG);
            }
            // The last place is for the NUL.
            if into.len().wrapping_add(1) >= into.capacity() {
                return Err(Error::CONFIG_TOO_LONG);
            }
            push(into, byte)?;
        }
        Ok(())
    }

    /// Reads a number from 1 to 65535.
    fn number(&mut self) -> Result<u16> {
        match self.next()? {
            TokenKind::NUMBER => number(self.last()),
            _ => Err(Error::CONFIG_TYPE),
        }
    }
}

/// Appends one byte of ASCII.
#[inline(never)]
fn push(into: &mut StringView<u8>, byte: u8) -> Result<()> {
    into.push(char::from(byte & 0x7f))
        .map_err(|_| Error::CONFIG_TOO_LONG)
}

/// Appends a text that is known to fit.
#[inline(never)]
fn fill(into: &mut StringView<u8>, text: &[u8]) -> Result<()> {
    text.iter().try_for_each(|&byte| push(into, byte))
}

fn number(text: &[u8]) -> Result<u16> {
    // A status comes as the name of a member, where the white space that `from_slice` skips is not allowed.
    let is_plain = text.iter().all(u8::is_ascii_digit);
    match serde_json_core::from_slice(text) {
        Ok((number, _)) if is_plain && number > 0 => Ok(number),
        _ => Err(Error::NUMBER_RANGE),
    }
}

impl Config {
    /// Reads the configuration in `text` into a new one, or says which field is wrong and why: what was read before it must then be
    /// overwritten.
    ///
    /// `text` is UTF-8 without a byte order mark; white space is allowed as in any JSON text (RFC 8259).
    pub fn load(&mut self, text: &[u8]) -> core::result::Result<(), Problem> {
        let mut source = Source {
            text,
            reader: Reader::default(),
            field: Field::Document,
        };
        let result = self.object(&mut source);
        result.map_err(|reason| Problem {
            field: source.field,
            reason,
            position: source.reader.position().min(text.len()),
        })
    }

    fn object(&mut self, source: &mut Source<'_>) -> Result<()> {
        if source.next()? != TokenKind::OBJECT_START {
            return Err(Error::CONFIG_TYPE);
        }
        let mut seen = 0_u16;
        loop {
            source.field = Field::Document;
            if source.next()? != TokenKind::KEY {
                break;
            }
            let (field, bit) = find(source.last())?;
            source.field = field;
            if seen & bit != 0 {
                return Err(Error::CONFIG_REPEATED);
            }
            seen |= bit;
            self.value(source)?;
        }
        source.next()?;
        if seen & SECRET == 0 {
            source.field = Field::Secret;
            return Err(Error::CONFIG_MISSING);
        }
        if seen & URN == 0 {
            source.field = Field::Urn;
            return Err(Error::CONFIG_MISSING);
        }
        self.complete(source)
    }

    // Not inlined: one stack frame for all fields would be larger than each of them needs.
    #[inline(never)]
    fn value(&mut self, source: &mut Source<'_>) -> Result<()> {
        match source.field {
            Field::Urn => {
                source.text(&mut self.urn)?;
                urn::check(self.urn.as_bytes())?;
            }
            Field::Imei => self.imei(source)?,
            Field::Secret => match source.next()? {
                TokenKind::NULL => {}
                TokenKind::STRING => {
                    source.copy(source.reader.span(), &mut self.secret)?;
                    token::check_secret(self.secret.as_bytes())?;
                }
                _ => return Err(Error::CONFIG_TYPE),
            },
            Field::Endpoint => self.endpoint_value(source)?,
            Field::Address => {
                source.text(&mut self.address)?;
                check_address(self.address.as_bytes())?;
            }
            Field::Port => self.port = source.number()?,
            Field::Apn => {
                source.text(&mut self.apn)?;
                let fits = |byte: &u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\');
                if self.apn.is_empty() || !self.apn.as_bytes().iter().all(fits) {
                    return Err(Error::CONFIG);
                }
            }
            Field::KeepAliveLimit => self.keep_alive_limit = source.number()?,
            Field::StatusTable => self.status_table(source)?,
            Field::Document | Field::Host | Field::Path => return Err(Error::CONFIG_UNKNOWN),
        }
        Ok(())
    }

    #[inline(never)]
    fn imei(&mut self, source: &mut Source<'_>) -> Result<()> {
        let span = source.string()?;
        let mut urn = [0; IMEI_URN_LEN];
        let mut out = Buf::new(&mut urn, 0);
        urn::write_imei(&mut out, span.of(source.text))?;
        fill(&mut self.urn, out.written())
    }

    #[inline(never)]
    fn endpoint_value(&mut self, source: &mut Source<'_>) -> Result<()> {
        match source.next()? {
            TokenKind::STRING => {
                let word = source.last();
                self.choice = if string::equals(word, b"m2m") {
                    Choice::M2m
                } else if string::equals(word, b"internet") {
                    Choice::Internet
                } else {
                    return Err(Error::CONFIG);
                };
                return Ok(());
            }
            TokenKind::OBJECT_START => self.choice = Choice::Custom,
            _ => return Err(Error::CONFIG_TYPE),
        }
        loop {
            source.field = Field::Endpoint;
            if source.next()? != TokenKind::KEY {
                break;
            }
            let key = source.last();
            let into: &mut StringView<u8> = if string::equals(key, b"host") {
                source.field = Field::Host;
                &mut self.host
            } else if string::equals(key, b"path") {
                source.field = Field::Path;
                &mut self.path
            } else {
                return Err(Error::CONFIG_UNKNOWN);
            };
            if !into.is_empty() {
                return Err(Error::CONFIG_REPEATED);
            }
            source.text(into)?;
            // Whichever half is still missing is replaced by one that passes.
            let target = match source.field {
                Field::Host => Target {
                    host: into.as_bytes(),
                    path: b"/",
                },
                _ => Target {
                    host: b"-",
                    path: into.as_bytes(),
                },
            };
            target.check()?;
        }
        for (text, field) in [
            (self.host.as_bytes(), Field::Host),
            (self.path.as_bytes(), Field::Path),
        ] {
            if text.is_empty() {
                source.field = field;
                return Err(Error::CONFIG_MISSING);
            }
        }
        Ok(())
    }

    #[inline(never)]
    fn status_table(&mut self, source: &mut Source<'_>) -> Result<()> {
        if source.next()? != TokenKind::OBJECT_START {
            return Err(Error::CONFIG_TYPE);
        }
        while source.next()? == TokenKind::KEY {
            let status = number(source.last())?;
            let word = source.string()?.of(source.text);
            let mut outcomes = Outcome::ALL.iter();
            let outcome =
                outcomes.find(|known| string::equals(word, super::word(**known).as_bytes()));
            let outcome = *outcome.ok_or(Error::CONFIG)?;
            if self.statuses.entries().any(|(known, _)| known == status) {
                return Err(Error::CONFIG_REPEATED);
            }
            self.statuses
                .set(status, outcome)
                .map_err(|error| match error {
                    Error::BUFFER_FULL => Error::CONFIG_TOO_LONG,
                    _ => Error::NUMBER_RANGE,
                })?;
        }
        Ok(())
    }

    /// Fills in what was left out, and ends every text with its NUL.
    #[inline(never)]
    fn complete(&mut self, source: &mut Source<'_>) -> Result<()> {
        let known = match self.choice {
            Choice::M2m => endpoint::M2M,
            Choice::Internet => endpoint::INTERNET,
            Choice::Custom => endpoint::Endpoint::custom(b"", b""),
        };
        fill(&mut self.host, known.host)?;
        fill(&mut self.path, known.path)?;
        if self.port == 0 {
            self.port = known.port;
        }
        if self.address.is_empty() {
            source.field = Field::Address;
            if known.address.is_empty() {
                return Err(Error::CONFIG_MISSING);
            }
            fill(&mut self.address, known.address)?;
        }
        let texts: [&mut StringView<u8>; 6] = [
            &mut self.urn,
            &mut self.secret,
            &mut self.host,
            &mut self.path,
            &mut self.address,
            &mut self.apn,
        ];
        texts.into_iter().try_for_each(|text| push(text, 0))
    }
}

/// `urn` and `imei` share a bit: one is required, both are a repetition.
const URN: u16 = 1;
const SECRET: u16 = 2;

const FIELDS: &[(Field, u16)] = &[
    (Field::Urn, URN),
    (Field::Imei, URN),
    (Field::Secret, SECRET),
    (Field::Endpoint, 4),
    (Field::Address, 8),
    (Field::Port, 16),
    (Field::Apn, 32),
    (Field::KeepAliveLimit, 64),
    (Field::StatusTable, 128),
];

fn find(key: &[u8]) -> Result<(Field, u16)> {
    for &(field, bit) in FIELDS {
        if string::equals(key, field.name().as_bytes()) {
            return Ok((field, bit));
        }
    }
    Err(Error::CONFIG_UNKNOWN)
}

/// Letters, digits and `. - : _`; if there are only digits and dots, it must be a complete IPv4 address.
fn check_address(address: &[u8]) -> Result<()> {
    let fits =
        |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'-' | b':' | b'_');
    let is_numeric = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
    if !address.iter().all(fits) {
        return Err(Error::CONFIG);
    }
    if !address.iter().all(is_numeric) {
        return Ok(());
    }
    let mut octets = 0_u8;
    for octet in address.split(|&byte| byte == b'.') {
        octets = octets.saturating_add(1);
        let fits = matches!(
            octet,
            [b'0'..=b'9']
                | [b'1'..=b'9', _]
                | [b'1', _, _]
                | [b'2', b'0'..=b'4', _]
                | [b'2', b'5', b'0'..=b'5']
        );
        if !fits {
            return Err(Error::CONFIG);
        }
    }
    if octets == 4 {
        Ok(())
    } else {
        Err(Error::CONFIG)
    }
}
