// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a record takes in the memory of a queue, and what it must read as in the body of an uplink.

use core::str::FromStr;
use std::collections::HashMap;

use base64::Engine;
use bigdecimal::BigDecimal;
use serde_json::value::RawValue;

use crate::driver::{Record, Status, Uplink, Value, When};
use crate::status::OK;

/// Times below are relative (RFC 8428 section 4.5.3).
pub const RELATIVE: i64 = 1 << 28;

/// A record in the model, with the bytes that it takes in the memory of a queue.
#[derive(Clone)]
pub struct Entry {
    pub record: Record,
    pub len: usize,
}

impl Entry {
    /// 8 bytes, the name, the unit, and a number as text, a text or data as it is, a truth value nothing.
    pub fn new(record: Record) -> Self {
        let value = match &record.value {
            Value::Bool(_) => 0,
            Value::Text(text) => text.as_bytes().len(),
            Value::Data(data) => data.len(),
            _ => {
                let (mut uplink, status) = Uplink::begin(512);
                assert_eq!(status, OK);
                assert_eq!(uplink.add(&record), OK);
                let body = uplink.finish().unwrap();
                let at = body.iter().rposition(|&byte| byte == b':').unwrap() + 1;
                body.len() - at - 2
            }
        };
        let unit = record.unit.as_ref().map_or(0, |unit| unit.as_bytes().len());
        let len = 8 + record.name.as_bytes().len() + unit + value;
        Self { record, len }
    }
}

/// Seconds since 1970 when not below 2^28, else seconds relative to the moment of reception.
pub fn time(when: When, uptime: u32, unix: u32) -> Option<i64> {
    let count = match when {
        When::Reception => return None,
        When::Unix(seconds) => return Some(seconds.into()),
        When::Uptime(count) => count,
    };
    let ago = i64::from(uptime) - i64::from(count);
    if unix > 0 && i64::from(unix) - ago >= RELATIVE {
        Some(i64::from(unix) - ago)
    } else {
        Some(-ago.min(RELATIVE - 1))
    }
}

/// Adds a record and its time by the functions for uplinks.
pub fn add(uplink: &mut Uplink, record: &Record, uptime: u32, unix: u32) -> Status {
    let timed = match time(record.when, uptime, unix) {
        None => OK,
        Some(seconds) if seconds >= RELATIVE => uplink.set_time(seconds),
        Some(seconds) => uplink.set_time_ago(seconds.unsigned_abs().try_into().unwrap()),
    };
    let added = uplink.add(record);
    if timed == OK { added } else { timed }
}

/// Whether one object of a body is this record.
pub fn assert_is(object: &RawValue, record: &Record, time: Option<i64>) {
    let fields: HashMap<&str, &RawValue> = serde_json::from_str(object.get()).unwrap();
    let text = |label| serde_json::from_str::<String>(fields[label].get()).unwrap();
    let real = |label: &str| f64::from_str(fields[label].get()).unwrap();
    let exact = |label: &str| BigDecimal::from_str(fields[label].get()).unwrap();
    let decimal =
        |mantissa: i64, exponent: i32| BigDecimal::new(mantissa.into(), i64::from(-exponent));
    assert_eq!(text("n").as_bytes(), record.name.as_bytes());
    let mut count = 2;
    if let Some(unit) = &record.unit {
        assert_eq!(text("u").as_bytes(), unit.as_bytes());
        count += 1;
    }
    if let Some(time) = time {
        assert_eq!(fields["t"].get(), time.to_string());
        count += 1;
    }
    match &record.value {
        &Value::Decimal(mantissa, exponent) => assert_eq!(exact("v"), decimal(mantissa, exponent)),
        Value::Int64(value) => assert_eq!(fields["v"].get(), value.to_string()),
        Value::Uint64(value) => assert_eq!(fields["v"].get(), value.to_string()),
        Value::Double(value) => assert_eq!(real("v").to_bits(), value.to_bits()),
        Value::Bool(value) => assert_eq!(fields["vb"].get(), value.to_string()),
        Value::Text(value) => assert_eq!(text("vs").as_bytes(), value.as_bytes()),
        Value::Data(value) => {
            let decoded = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(text("vd"));
            assert_eq!(decoded.as_ref(), Ok(value));
        }
        &Value::SumDecimal(mantissa, exponent) => {
            assert_eq!(exact("s"), decimal(mantissa, exponent));
        }
        Value::SumDouble(value) => assert_eq!(real("s").to_bits(), value.to_bits()),
    }
    assert_eq!(fields.len(), count, "{}", object.get());
}
