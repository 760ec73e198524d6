//! One record of a queue as bytes: length of all of it, kinds, lengths of name and unit, seconds (four bytes, least significant
//! first), name, unit, value. The image in non-volatile memory has the same bytes.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};
use crate::number;
use crate::senml::record::RELATIVE_TIME_LIMIT;
use crate::senml::{name, unit};

/// Longest name of a queued record, in bytes.
pub const NAME_MAX: usize = 48;
/// Longest text of a queued record, in bytes.
pub const TEXT_MAX: usize = 64;
/// No number is longer: a sign, 17 digits, a point and an exponent, or 19 digits with an exponent of three places.
pub const NUMBER_MAX: usize = 32;

const FIXED: usize = 8;

const NUMBER: u8 = 0;
const TEXT: u8 = 1;
const FALSE: u8 = 2;
const TRUE: u8 = 3;
const VALUE_KIND: u8 = 3;
const UNIX: u8 = 4;
const UPTIME: u8 = 8;

/// When a record was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum When {
    /// The moment of reception stands for it.
    Reception,
    /// Seconds since 1970 (UTC), from 2^28 on.
    Unix(u32),
    /// Seconds since the device started; before this start when negative.
    Uptime(i32),
}

/// What was measured.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Value<'a> {
    /// A number, as JSON text.
    Number(&'a [u8]),
    /// A text in UTF-8, at most [`TEXT_MAX`] bytes.
    Text(&'a [u8]),
    /// A truth value.
    Bool(bool),
}

/// One record.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Entry<'a> {
    pub name: &'a [u8],
    pub unit: Option<&'a [u8]>,
    pub when: When,
    pub value: Value<'a>,
}

impl<'a> Entry<'a> {
    /// Refuses what no pack takes, and what is too long for a queue.
    pub fn check(&self) -> Result<()> {
        name::check_local(self.name)?;
        if self.name.len() > NAME_MAX {
            return Err(Error::SENML_NAME);
        }
        if let Some(unit) = self.unit {
            unit::check(unit)?;
        }
        if let When::Unix(seconds) = self.when
            && seconds < RELATIVE_TIME_LIMIT
        {
            return Err(Error::SENML_TIME);
        }
        match self.value {
            Value::Number(text) if number::parse_len(text) != Some(text.len()) => {
                Err(Error::NUMBER_RANGE)
            }
            Value::Text(text) if text.len() > TEXT_MAX => Err(Error::INVALID_ARGUMENT),
            Value::Text(text) if core::str::from_utf8(text).is_err() => Err(Error::UTF8),
            _ => Ok(()),
        }
    }

    /// The fixed part of a checked record; its first byte is the length of the whole.
    pub fn front(&self) -> Result<[u8; FIXED]> {
        let kind = match self.value {
            Value::Number(_) => NUMBER,
            Value::Text(_) => TEXT,
            Value::Bool(false) => FALSE,
            Value::Bool(true) => TRUE,
        };
        let (clock, seconds) = match self.when {
            When::Reception => (0, 0),
            When::Unix(seconds) => (UNIX, seconds),
            When::Uptime(count) => (UPTIME, count.cast_unsigned()),
        };
        let len = self
            .tail()
            .iter()
            .fold(FIXED, |len, part| len.saturating_add(part.len()));
        let byte = |len: usize| u8::try_from(len).map_err(|_| Error::INVALID_ARGUMENT);
        let [first, second, third, fourth] = seconds.to_le_bytes();
        Ok([
            byte(len)?,
            kind | clock,
            byte(self.name.len())?,
            byte(self.unit.unwrap_or_default().len())?,
            first,
            second,
            third,
            fourth,
        ])
    }

    /// What follows the fixed part.
    pub fn tail(&self) -> [&'a [u8]; 3] {
        let value = match self.value {
            Value::Number(text) | Value::Text(text) => text,
            Value::Bool(_) => &[],
        };
        [self.name, self.unit.unwrap_or_default(), value]
    }

    /// The record at the start of `bytes`, and how many of them it takes. None when there is none, or when they are no record.
    pub fn decode(bytes: &'a [u8]) -> Option<(Self, usize)> {
        let (&[len, kind, name_len, unit_len], _) = bytes.split_first_chunk()?;
        let len = usize::from(len);
        let (front, rest) = bytes.get(..len)?.split_at_checked(FIXED)?;
        let seconds = u32::from_le_bytes(*front.last_chunk()?);
        let (name, rest) = rest.split_at_checked(usize::from(name_len))?;
        let (unit, value) = rest.split_at_checked(usize::from(unit_len))?;
        let when = match kind & !VALUE_KIND {
            0 => When::Reception,
            UNIX => When::Unix(seconds),
            UPTIME => When::Uptime(seconds.cast_signed()),
            _ => return None,
        };
        let value = match kind & VALUE_KIND {
            NUMBER => Value::Number(value),
            TEXT => Value::Text(value),
            kind => Value::Bool(kind == TRUE),
        };
        let unit = (!unit.is_empty()).then_some(unit);
        let entry = Self {
            name,
            unit,
            when,
            value,
        };
        Some((entry, len))
    }
}

/// Gives the record at the start of `bytes` another time since start, when it has one.
pub(super) fn shift(bytes: &mut [u8], by: i64) {
    let Some((front, _)) = bytes.split_first_chunk_mut::<FIXED>() else {
        return;
    };
    if front[1] & !VALUE_KIND != UPTIME {
        return;
    }
    if let Some(seconds) = front.last_chunk_mut::<4>() {
        let count = i64::from(i32::from_le_bytes(*seconds)).saturating_add(by);
        let limit = if count < 0 { i32::MIN } else { i32::MAX };
        *seconds = i32::try_from(count).unwrap_or(limit).to_le_bytes();
    }
}
