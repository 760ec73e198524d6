// SPDX-License-Identifier: MIT OR Apache-2.0
//! One record of a queue as bytes.
//!
//! ```text
//!   length of the whole record          1 byte
//!   kind of the value, and clock << 3   1 byte
//!   length of the name                  1 byte
//!   length of the unit, 0 for none      1 byte
//!   seconds                             4 bytes, least significant first
//!   name, unit, content
//! ```
//!
//! The content is a number as JSON text, a UTF-8 text, or data; a truth value is part of the kind.
#![forbid(unsafe_code)]

use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::json::string;
use crate::number;
use crate::senml::pack::value::Value;
use crate::senml::record::{ABSOLUTE_TIME_END, RELATIVE_TIME_LIMIT};
use crate::senml::{name, unit};

/// Longest name of a queued record, in bytes.
pub const NAME_MAX: usize = 48;
/// Longest text of a queued record, in bytes.
pub const TEXT_MAX: usize = 64;
/// Most data of a queued record, in bytes.
pub const DATA_MAX: usize = 64;
/// No number is longer: a sign, 17 digits, a point and an exponent, or 20 digits with an exponent of three places.
pub const NUMBER_MAX: usize = 32;

pub(super) const FRONT: usize = 8;
/// Longest record, in bytes.
pub(super) const ENTRY_MAX: usize = FRONT + NAME_MAX + unit::UNIT_MAX + TEXT_MAX;
const _: () = assert!(ENTRY_MAX <= 0xff && DATA_MAX <= TEXT_MAX && NUMBER_MAX <= TEXT_MAX);

const NUMBER: u8 = 0;
const TEXT: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const DATA: u8 = 4;
const SUM: u8 = 5;
const CONTENT_KIND: u8 = 7;

const NO_CLOCK: u8 = 0;
const UNIX: u8 = 1 << 3;
const UPTIME: u8 = 2 << 3;

/// When a record was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// Unknown: the time of reception counts.
    Reception,
    /// Seconds since 1970 (UTC), from 2^28 to 2^32 - 2.
    Unix(u32),
    /// Seconds since the device started; negative if before this start.
    Uptime(i32),
}

/// What was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Content<'a> {
    /// A number, as JSON text.
    Number(&'a [u8]),
    /// A sum without a value, as JSON text.
    Sum(&'a [u8]),
    /// A text in UTF-8, at most [`TEXT_MAX`] bytes.
    Text(&'a [u8]),
    /// At most [`DATA_MAX`] bytes.
    Data(&'a [u8]),
    /// A truth value.
    Bool(bool),
}

impl<'a> Content<'a> {
    /// The bytes that a queue keeps.
    pub const fn bytes(self) -> &'a [u8] {
        match self {
            Self::Number(bytes) | Self::Sum(bytes) | Self::Text(bytes) | Self::Data(bytes) => bytes,
            Self::Bool(_) => &[],
        }
    }

    const fn kind(self) -> u8 {
        match self {
            Self::Number(_) => NUMBER,
            Self::Sum(_) => SUM,
            Self::Text(_) => TEXT,
            Self::Data(_) => DATA,
            Self::Bool(false) => FALSE,
            Self::Bool(true) => TRUE,
        }
    }

    /// The value, in the form that a pack takes.
    pub(super) fn value(self) -> Value<'a> {
        match self {
            Self::Number(text) => Value::json_number(text),
            Self::Sum(text) => Value::json_sum(text),
            Self::Text(text) => Value::text(text),
            Self::Data(data) => Value::data(data),
            Self::Bool(value) => Value::bool(value),
        }
    }
}

/// One record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry<'a> {
    pub name: &'a [u8],
    pub unit: Option<&'a [u8]>,
    pub when: When,
    pub content: Content<'a>,
}

impl<'a> Entry<'a> {
    /// Refuses what no pack accepts, and what is too long for a queue.
    pub fn check(&self) -> Result<()> {
        name::check_local(self.name)?;
        if self.name.len() > NAME_MAX {
            return Err(Error::SENML_NAME);
        }
        if let Some(unit) = self.unit {
            unit::check(unit)?;
        }
        if let When::Unix(seconds) = self.when
            && !(RELATIVE_TIME_LIMIT..ABSOLUTE_TIME_END).contains(&seconds)
        {
            return Err(Error::SENML_TIME);
        }
        if self.content.bytes().len() > TEXT_MAX {
            return Err(Error::INVALID_ARGUMENT);
        }
        match self.content {
            Content::Number(text) | Content::Sum(text)
                if number::parse_len(text) != Some(text.len()) =>
            {
                Err(Error::NUMBER_RANGE)
            }
            // Nothing is written: this writer refuses what is not UTF-8, and every pack links it anyway, unlike `core::str::from_utf8`.
            Content::Text(text) => string::write(&mut Buf::new(&mut [], 0), text),
            _ => Ok(()),
        }
    }

    /// The bytes of a checked record, in four parts; the first begins with the total length.
    pub fn encode(&self, front: &'a mut [u8; FRONT]) -> [&'a [u8]; 4] {
        let (clock, seconds) = match self.when {
            When::Reception => (NO_CLOCK, 0),
            When::Unix(seconds) => (UNIX, seconds),
            When::Uptime(count) => (UPTIME, count.cast_unsigned()),
        };
        let unit = self.unit.unwrap_or_default();
        let content = self.content.bytes();
        let [first, second, third, fourth] = seconds.to_le_bytes();
        *front = [
            byte(FRONT + self.name.len() + unit.len() + content.len()),
            self.content.kind() | clock,
            byte(self.name.len()),
            byte(unit.len()),
            first,
            second,
            third,
            fourth,
        ];
        [front, self.name, unit, content]
    }

    /// The record at the start of `bytes`, and its length. `None` if there are no bytes or they are not a record.
    pub fn decode(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let (&[len, kind, name_len, unit_len], _) = bytes.split_first_chunk()?;
        let len = usize::from(len);
        let (front, rest) = bytes.get(..len)?.split_at_checked(FRONT)?;
        let seconds = u32::from_le_bytes(*front.last_chunk()?);
        let (name, rest) = rest.split_at_checked(usize::from(name_len))?;
        let (unit, content) = rest.split_at_checked(usize::from(unit_len))?;
        let when = match kind & !CONTENT_KIND {
            NO_CLOCK => When::Reception,
            UNIX => When::Unix(seconds),
            UPTIME => When::Uptime(seconds.cast_signed()),
            _ => return None,
        };
        let content = match kind & CONTENT_KIND {
            NUMBER => Content::Number(content),
            SUM => Content::Sum(content),
            TEXT => Content::Text(content),
            DATA => Content::Data(content),
            FALSE if content.is_empty() => Content::Bool(false),
            TRUE if content.is_empty() => Content::Bool(true),
            _ => return None,
        };
        let unit = (!unit.is_empty()).then_some(unit);
        let entry = Self {
            name,
            unit,
            when,
            content,
        };
        Some((entry, len))
    }
}

/// A length within a checked record, which is below 256.
const fn byte(len: usize) -> u8 {
    let [low, ..] = len.to_le_bytes();
    low
}

/// Whether the record that begins with `front` was measured later than `uptime`; only for times since start.
pub(super) fn is_later(front: [u8; FRONT], uptime: u32) -> bool {
    let [_, kind, _, _, seconds @ ..] = front;
    let count = i32::from_le_bytes(seconds);
    kind & !CONTENT_KIND == UPTIME && i64::from(count) > i64::from(uptime)
}

/// Changes the time of the record at the start of `bytes`, if it is a time since start.
pub(super) fn shift_uptime(bytes: &mut [u8], by: i64) {
    let Some((front, _)) = bytes.split_first_chunk_mut::<FRONT>() else {
        return;
    };
    if front[1] & !CONTENT_KIND != UPTIME {
        return;
    }
    if let Some(seconds) = front.last_chunk_mut::<4>() {
        let count = i64::from(i32::from_le_bytes(*seconds)) + by;
        let limit = if count < 0 { i32::MIN } else { i32::MAX };
        *seconds = i32::try_from(count).unwrap_or(limit).to_le_bytes();
    }
}
