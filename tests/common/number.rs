// SPDX-License-Identifier: MIT OR Apache-2.0
//! Numbers through the C functions: into the body of an uplink, and out of the record of a downlink.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    reason = "a test may panic, runs on a host, and uses only what it needs of these"
)]

use std::ffi::{CStr, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use kpn_things::ffi::downlink::{kpn_downlink, kpn_downlink_begin_bytes, kpn_downlink_next};
use kpn_things::ffi::record::number::{
    kpn_record_decimal, kpn_record_decimal_rounded, kpn_record_double, kpn_record_int64,
    kpn_record_time_is_relative, kpn_record_uint64,
};
use kpn_things::ffi::record::{
    KPN_FIELD_SUM, KPN_FIELD_TIME, KPN_FIELD_UPDATE_TIME, KPN_FIELD_VALUE, kpn_record,
};
use kpn_things::ffi::span::kpn_span;
use kpn_things::ffi::uplink::add::{
    kpn_uplink_add_decimal, kpn_uplink_add_double, kpn_uplink_add_double_fixed,
    kpn_uplink_add_float, kpn_uplink_add_int64, kpn_uplink_add_uint64,
};
use kpn_things::ffi::uplink::finish::kpn_uplink_finish_unsigned;
use kpn_things::ffi::uplink::{kpn_uplink, kpn_uplink_begin};

pub const OK: i32 = 0;
pub const INVALID_ARGUMENT: i32 = -1;
pub const NUMBER_RANGE: i32 = kpn_things::Error::NUMBER_RANGE.number();
pub const NOT_FINITE: i32 = kpn_things::Error::NOT_FINITE.number();

pub const FIELDS: [i32; 4] = [
    KPN_FIELD_VALUE,
    KPN_FIELD_SUM,
    KPN_FIELD_TIME,
    KPN_FIELD_UPDATE_TIME,
];

/// What the C functions return for a number: the value, or the status of the failure.
pub type Answer<T> = Result<T, i32>;

/// The first record of a downlink, in its own buffer.
pub struct Record {
    record: MaybeUninit<kpn_record>,
    _body: Vec<u8>,
}

impl Record {
    /// Reads a pack of one record.
    pub fn new(pack: &str) -> Self {
        let mut body = pack.as_bytes().to_vec();
        let mut downlink = MaybeUninit::<kpn_downlink>::zeroed();
        let mut record = MaybeUninit::<kpn_record>::zeroed();
        // SAFETY: the body has this length, lives as long as the record, and is no longer touched.
        let begun = unsafe {
            kpn_downlink_begin_bytes(downlink.as_mut_ptr(), body.as_mut_ptr(), body.len())
        };
        assert_eq!(begun, OK, "{pack}");
        // SAFETY: both are memory for their types, apart from the body.
        let found = unsafe { kpn_downlink_next(downlink.as_mut_ptr(), record.as_mut_ptr()) };
        assert_eq!(found, OK, "{pack}");
        Self {
            record,
            _body: body,
        }
    }

    pub fn double(&self, field: i32) -> Answer<f64> {
        let mut value = 0.0;
        // SAFETY: the record's body lives as long as it.
        let status = unsafe { kpn_record_double(self.record.as_ptr(), field, &raw mut value) };
        answer(status, value)
    }

    pub fn int64(&self, field: i32) -> Answer<i64> {
        let mut value = 0;
        // SAFETY: the record's body lives as long as it.
        let status = unsafe { kpn_record_int64(self.record.as_ptr(), field, &raw mut value) };
        answer(status, value)
    }

    pub fn uint64(&self, field: i32) -> Answer<u64> {
        let mut value = 0;
        // SAFETY: the record's body lives as long as it.
        let status = unsafe { kpn_record_uint64(self.record.as_ptr(), field, &raw mut value) };
        answer(status, value)
    }

    pub fn decimal(&self, field: i32) -> Answer<(i64, i32)> {
        let (mut mantissa, mut exponent) = (0, 0);
        // SAFETY: the record's body lives as long as it.
        let status = unsafe {
            kpn_record_decimal(
                self.record.as_ptr(),
                field,
                &raw mut mantissa,
                &raw mut exponent,
            )
        };
        answer(status, (mantissa, exponent))
    }

    pub fn rounded(&self, field: i32, exponent: i32) -> Answer<i64> {
        let mut mantissa = 0;
        // SAFETY: the record's body lives as long as it.
        let status = unsafe {
            kpn_record_decimal_rounded(self.record.as_ptr(), field, exponent, &raw mut mantissa)
        };
        answer(status, mantissa)
    }

    pub fn time_is_relative(&self) -> Answer<bool> {
        let mut relative = false;
        // SAFETY: the record's body lives as long as it.
        let status =
            unsafe { kpn_record_time_is_relative(self.record.as_ptr(), &raw mut relative) };
        answer(status, relative)
    }
}

fn answer<T>(status: i32, value: T) -> Answer<T> {
    if status == OK { Ok(value) } else { Err(status) }
}

/// A number as an uplink takes it.
#[derive(Clone, Copy, Debug)]
pub enum Given {
    Decimal(i64, i32),
    Int64(i64),
    Uint64(u64),
    Double(f64),
    Float(f32),
    Fixed(f64, u8),
}

/// The text of a number in the body of an uplink.
pub fn written(given: Given) -> Answer<String> {
    let mut buffer = [0_u8; 1024];
    let mut uplink = MaybeUninit::<kpn_uplink>::zeroed();
    let up = uplink.as_mut_ptr();
    let urn: *const c_char = c"urn:dev:IMEI:490154203237518:".as_ptr();
    // SAFETY: uplink and buffer live to the end of this function and are used by nobody else.
    let begun = unsafe { kpn_uplink_begin(up, buffer.as_mut_ptr(), buffer.len(), 1, urn) };
    assert_eq!(begun, OK);
    let status = add(up, c"a", given);
    if status != OK {
        return Err(status);
    }
    let mut request = kpn_span {
        ptr: ptr::null(),
        len: 0,
    };
    // SAFETY: as above.
    let finished = unsafe { kpn_uplink_finish_unsigned(up, &raw mut request) };
    assert_eq!(finished, OK);
    // SAFETY: the request lies in the buffer.
    let request = unsafe { std::slice::from_raw_parts(request.ptr, request.len) };
    let request = std::str::from_utf8(request).unwrap();
    let (_, number) = request.split_once(r#""v":"#).unwrap();
    Ok(number.strip_suffix("}]").unwrap().to_owned())
}

fn add(up: *mut kpn_uplink, name: &CStr, given: Given) -> i32 {
    let (name, unit) = (name.as_ptr(), ptr::null());
    match given {
        // SAFETY: the uplink was begun.
        Given::Decimal(mantissa, exponent) => unsafe {
            kpn_uplink_add_decimal(up, name, unit, mantissa, exponent)
        },
        // SAFETY: the uplink was begun.
        Given::Int64(value) => unsafe { kpn_uplink_add_int64(up, name, unit, value) },
        // SAFETY: the uplink was begun.
        Given::Uint64(value) => unsafe { kpn_uplink_add_uint64(up, name, unit, value) },
        // SAFETY: the uplink was begun.
        Given::Double(value) => unsafe { kpn_uplink_add_double(up, name, unit, value) },
        // SAFETY: the uplink was begun.
        Given::Float(value) => unsafe { kpn_uplink_add_float(up, name, unit, value) },
        // SAFETY: the uplink was begun.
        Given::Fixed(value, digits) => unsafe {
            kpn_uplink_add_double_fixed(up, name, unit, value, digits)
        },
    }
}
