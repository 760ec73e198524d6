// SPDX-License-Identifier: MIT OR Apache-2.0
//! A downlink, its text given at once and through a response, with every accessor of every record.

use kpn_things::ffi::record::{
    KPN_FIELD_SUM, KPN_FIELD_TIME, KPN_FIELD_UPDATE_TIME, KPN_FIELD_VALUE,
};
use serde::de::IgnoredAny;

use super::drivers::downlink::{Downlink, Record, Status};
use super::input::Input;
use super::status::{END, ERR_INVALID_ARGUMENT, ERR_NUMBER_RANGE, OK};

/// A byte order mark.
const MARK: &[u8] = b"\xEF\xBB\xBF";

const FIELDS: [i32; 4] = [
    KPN_FIELD_VALUE,
    KPN_FIELD_SUM,
    KPN_FIELD_TIME,
    KPN_FIELD_UPDATE_TIME,
];

pub fn run(input: &[u8]) {
    let (text, mut choices) = Input::behind_text(input);
    let step = usize::from(choices.u8()) + 1;
    // What may surround the text is not accepted twice.
    let is_bare = !text.starts_with(MARK) && !text.ends_with(b"\0");
    let (before, behind) = if is_bare && step.is_multiple_of(2) {
        (&b""[..], &b""[..])
    } else {
        (MARK, &b"\0"[..])
    };
    let (mut downlink, begun) = Downlink::of_bytes(before, text, behind);
    let records = read(&mut downlink, begun);
    assert!(records.len() <= text.len());
    if text.is_empty() {
        return;
    }
    if begun == OK {
        check_json(text);
    }
    let (mut downlink, again) = Downlink::of_response(before, text, behind, step);
    assert_eq!(again, begun);
    assert_eq!(read(&mut downlink, again), records);
}

/// Another parser also takes it for JSON.
fn check_json(text: &[u8]) {
    assert!(serde_json::from_slice::<Vec<IgnoredAny>>(text).is_ok());
}

/// The results of all accessors for all records.
fn read(downlink: &mut Downlink, begun: Status) -> Vec<Seen> {
    let mut records = Vec::new();
    if begun != OK {
        assert!(begun < 0 && downlink.next().is_err_and(|status| status < 0));
        assert!(downlink.is_whole());
        return records;
    }
    let mut next = 0;
    loop {
        assert_eq!(downlink.index(), next);
        match downlink.next() {
            Ok(record) => {
                // Records that only set base values are counted, but not handed out.
                assert!(record.index() >= next);
                next = record.index() + 1;
                records.push(Seen::of(&record));
            }
            Err(end) => {
                assert_eq!(end, END, "an accepted pack is read to its end");
                assert!(downlink.is_whole());
                return records;
            }
        }
    }
}

#[derive(PartialEq, Debug)]
struct Seen {
    kind: i32,
    texts: [Vec<u8>; 5],
    data: Option<Vec<u8>>,
    flags: [bool; 6],
    numbers: Vec<Number>,
}

#[derive(PartialEq, Debug)]
struct Number {
    double: Result<f64, Status>,
    integer: Result<i64, Status>,
    unsigned: Result<u64, Status>,
    decimal: Result<(i64, i32), Status>,
}

impl Seen {
    fn of(record: &Record) -> Self {
        let full = full_name(record);
        let name = String::from_utf8(full.clone()).unwrap();
        assert!(record.is(&name) || record.is(std::str::from_utf8(record.name()).unwrap()));
        assert!(std::str::from_utf8(record.text()).is_ok());
        let relative = record.time_is_relative().unwrap();
        let [has_sum, has_time, has_update_time] = record.has();
        assert!(has_time || relative, "no time is now");
        let numbers: Vec<_> = FIELDS
            .iter()
            .map(|&field| Number::of(record, field))
            .collect();
        assert_eq!(numbers[1].is_there(), has_sum);
        assert_eq!(numbers[3].is_there(), has_update_time);
        Self {
            kind: record.kind(),
            texts: [
                record.base_name().to_vec(),
                record.name().to_vec(),
                record.unit().to_vec(),
                record.text().to_vec(),
                full,
            ],
            data: record.data().map(<[u8]>::to_vec),
            flags: [
                record.bool_value(),
                relative,
                has_sum,
                has_time,
                has_update_time,
                record.is_for("urn:dev:IMEI:490154203237518:"),
            ],
            numbers,
        }
    }
}

fn full_name(record: &Record) -> Vec<u8> {
    let expected = [record.base_name(), record.name()].concat();
    let (short, ..) = record.full_name(expected.len());
    assert!(short < 0, "there is no room for the NUL");
    let (status, text, len) = record.full_name(expected.len() + 1);
    assert_eq!((status, len), (OK, expected.len()));
    assert_eq!(text, [&expected[..], &[0]].concat());
    expected
}

impl Number {
    fn of(record: &Record, field: i32) -> Self {
        let number = Self {
            double: record.double(field),
            integer: record.int64(field),
            unsigned: record.uint64(field),
            decimal: record.decimal(field),
        };
        number.check();
        number
    }

    fn is_there(&self) -> bool {
        self.double != Err(ERR_INVALID_ARGUMENT)
    }

    /// The ways of reading one number must not contradict each other.
    fn check(&self) {
        if !self.is_there() {
            let none = Err(ERR_INVALID_ARGUMENT);
            assert_eq!(
                (self.integer, self.unsigned),
                (none, Err(ERR_INVALID_ARGUMENT))
            );
            assert_eq!(self.decimal, Err(ERR_INVALID_ARGUMENT));
            return;
        }
        if let Ok(double) = self.double {
            assert!(double.is_finite());
        } else {
            assert_eq!(self.double, Err(ERR_NUMBER_RANGE));
        }
        if let Ok(integer) = self.integer {
            assert_eq!(self.double, Ok(integer as f64));
            assert_eq!(u64::try_from(integer).ok(), self.unsigned.ok());
        } else if let Ok(unsigned) = self.unsigned {
            assert!(unsigned > i64::MAX as u64);
            assert_eq!(self.double, Ok(unsigned as f64));
        }
        if let Ok((mantissa, exponent)) = self.decimal {
            let text = format!("{mantissa}e{exponent}");
            assert_eq!(
                self.double,
                text.parse::<f64>().map_err(|_| 0).and_then(finite)
            );
            if (0..=18).contains(&exponent) {
                let whole = i128::from(mantissa) * 10_i128.pow(exponent.unsigned_abs());
                assert_eq!(self.integer.ok(), i64::try_from(whole).ok());
            }
        }
    }
}

fn finite(value: f64) -> Result<f64, Status> {
    if value.is_finite() {
        Ok(value)
    } else {
        Err(ERR_NUMBER_RANGE)
    }
}
