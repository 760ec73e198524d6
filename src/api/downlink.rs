// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the platform says to a device.

use crate::error::{Error, Result};
use crate::number::{Decimal, Sum};
use crate::senml::reader::label::Label;
use crate::senml::record::{self, Kind, is_relative};
use crate::things::downlink;

pub use crate::senml::record::Field;

/// A SenML pack for the device, read record by record. Texts and data are decoded where they stand.
///
/// ```
/// use kpn_things::{Downlink, RecordValue};
///
/// let mut body = *br#"[{"bn":"urn:dev:IMEI:490154203237518:","n":"valve","vb":true},{"n":"say","vs":"a\tb"}]"#;
/// let mut downlink = Downlink::new(&mut body)?;
/// while let Some(record) = downlink.next_record()? {
///     match record.value() {
///         RecordValue::Bool(open) if record.is("valve") => assert!(open),
///         RecordValue::Text(text) if record.is("say") => assert_eq!(text, "a\tb"),
///         other => unreachable!("{other:?}"),
///     }
/// }
/// # Ok::<(), kpn_things::Error>(())
/// ```
pub struct Downlink<'a> {
    state: downlink::Downlink,
    body: &'a mut [u8],
}

impl<'a> Downlink<'a> {
    /// Checks the whole pack before the first record is handed out. A byte order mark before it and one NUL after it are ignored.
    ///
    /// Fails with the cause when it is not SenML in JSON (RFC 8428 sections 4 and 5, RFC 8259).
    pub fn new(body: &'a mut [u8]) -> Result<Self> {
        let body = downlink::text_of(body);
        let mut state = downlink::Downlink::default();
        state.begin(body)?;
        Ok(Self { state, body })
    }

    /// The next record, with all base fields applied; `None` after the last.
    pub fn next_record(&mut self) -> Result<Option<Record<'_>>> {
        match self.state.next(self.body) {
            Ok(raw) => Ok(Some(Record(record::Record::new(raw, self.body)))),
            Err(Error::END) => Ok(None),
            Err(error) => Err(error),
        }
    }
}

/// One record of a [`Downlink`], whose bytes it borrows.
///
/// ```
/// use kpn_things::{Downlink, Error, Field};
///
/// let mut body = *br#"[{"bn":"urn:dev:IMEI:1:","bt":1714000000,"bu":"Cel","bv":20,"n":"t","v":0.5,"t":-3}]"#;
/// let mut downlink = Downlink::new(&mut body)?;
/// let record = downlink.next_record()?.unwrap();
/// assert!(record.is_for("urn:dev:IMEI:1:"));
/// assert_eq!((record.base_name(), record.name(), record.unit()), ("urn:dev:IMEI:1:", "t", "Cel"));
/// assert_eq!(record.number(Field::Value)?.to_decimal()?, (205, -1));
/// assert_eq!(record.number(Field::Value)?.to_f64()?, 20.5);
/// assert_eq!(record.number(Field::Time)?.to_u64()?, 1_713_999_997);
/// assert!(!record.number(Field::Time)?.is_relative_time());
/// assert_eq!(record.number(Field::Value)?.to_i64(), Err(Error::NUMBER_RANGE)); // it has a fraction
/// assert_eq!(record.number(Field::Sum).err(), Some(Error::INVALID_ARGUMENT));
/// # Ok::<(), Error>(())
/// ```
#[derive(Clone, Copy)]
pub struct Record<'a>(record::Record<'a>);

/// The value of a [`Record`].
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordValue<'a> {
    /// No value: the record has only a sum.
    None,
    /// A number, which [`Record::number`] reads.
    Number,
    /// A truth value.
    Bool(bool),
    /// A text.
    Text(&'a str),
    /// Data.
    Data(&'a [u8]),
}

impl<'a> Record<'a> {
    /// Whether `name` is its own name or its full name, base name included.
    pub fn is(&self, name: &str) -> bool {
        self.0.is(name.as_bytes())
    }

    /// Whether it is about the device with this URN.
    pub fn is_for(&self, urn: &str) -> bool {
        self.0.is_for(urn.as_bytes())
    }

    /// Its base name; "" if there is none.
    pub fn base_name(&self) -> &'a str {
        text(self.0.base_name())
    }

    /// Its own name; "" if there is none.
    pub fn name(&self) -> &'a str {
        text(self.0.name())
    }

    /// Its unit, or else the base unit; "" if there is neither.
    pub fn unit(&self) -> &'a str {
        text(self.0.string(self.0.unit_label()))
    }

    /// Its value.
    pub fn value(&self) -> RecordValue<'a> {
        match self.0.kind() {
            Kind::SumOnly => RecordValue::None,
            Kind::Number => RecordValue::Number,
            Kind::Bool => RecordValue::Bool(self.0.bool_value()),
            Kind::Text => RecordValue::Text(text(self.0.string(Label::StringValue))),
            Kind::Data => RecordValue::Data(self.0.string(Label::DataValue)),
        }
    }

    /// One of its numbers. Fails with [`Error::INVALID_ARGUMENT`] if the record does not have it; a missing time is 0.
    pub fn number(&self, field: Field) -> Result<Number<'a>> {
        let mut sum = Sum::default();
        self.0.read_number(field, &mut sum)?;
        Ok(Number(sum))
    }
}

/// A number of a [`Record`], kept exactly as it was sent until it is converted.
pub struct Number<'a>(Sum<'a>);

impl Number<'_> {
    /// The nearest double. Fails with [`Error::NUMBER_RANGE`] if the number is beyond the largest double.
    pub fn to_f64(&self) -> Result<f64> {
        let value = self.0.to_f64();
        if value.is_finite() {
            Ok(value)
        } else {
            Err(Error::NUMBER_RANGE)
        }
    }

    /// Mantissa and exponent. Fails with [`Error::NUMBER_RANGE`] when the mantissa does not fit.
    pub fn to_decimal(&self) -> Result<(i64, i32)> {
        let Decimal { mantissa, exponent } = self.0.to_decimal()?;
        Ok((mantissa, exponent))
    }

    /// Its value as an integer, whatever its notation. Fails with [`Error::NUMBER_RANGE`] if it is not an integer or
    /// does not fit.
    pub fn to_i64(mut self) -> Result<i64> {
        self.0.to_i64()
    }

    /// As [`to_i64`](Self::to_i64), for an unsigned integer.
    pub fn to_u64(mut self) -> Result<u64> {
        self.0.to_u64()
    }

    /// For a time: whether it is relative to now rather than to 1970 (RFC 8428 section 4.5.3).
    #[must_use]
    pub fn is_relative_time(&self) -> bool {
        is_relative(&self.0)
    }
}

/// The reader hands out only text that it has checked.
fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).unwrap_or_default()
}
