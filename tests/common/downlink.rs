// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drives a downlink through the C functions: the only unsafe code of the tests that read packs.
#![allow(
    dead_code,
    clippy::unwrap_used,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::slice;
use std::ffi::CString;

use kpn_things::ffi::downlink::{
    kpn_downlink, kpn_downlink_begin, kpn_downlink_begin_bytes, kpn_downlink_index,
    kpn_downlink_next,
};
use kpn_things::ffi::record::number::{
    kpn_record_decimal, kpn_record_double, kpn_record_int64, kpn_record_time_is_relative,
    kpn_record_uint64,
};
use kpn_things::ffi::record::{
    KPN_FIELD_VALUE, kpn_record, kpn_record_full_name, kpn_record_is, kpn_record_is_for,
};
use kpn_things::ffi::response::{kpn_response, kpn_response_begin, kpn_response_feed};

use crate::status;

/// A status of the C functions.
pub type Status = i32;

const CANARY: [u8; 8] = [0xA5, b'"', b']', b'}', 0, b'1', b'\\', 0xA5];

/// A downlink with the memory that its body lies in, canaries around the body.
pub struct Downlink {
    memory: Box<[u8]>,
    start: usize,
    len: usize,
    object: Box<MaybeUninit<kpn_downlink>>,
    response: Option<Box<MaybeUninit<kpn_response>>>,
}

impl Downlink {
    /// `kpn_downlink_begin_bytes`; the body of the downlink is the text, what stands around it is not.
    pub fn of_bytes(before: &[u8], text: &[u8], behind: &[u8]) -> (Self, Status) {
        let mut this = Self {
            memory: [&CANARY[..], before, text, behind, &CANARY[..]]
                .concat()
                .into(),
            start: CANARY.len() + before.len(),
            len: text.len(),
            object: Box::new(MaybeUninit::uninit()),
            response: None,
        };
        let bytes = this.memory[CANARY.len()..].as_mut_ptr();
        let len = before.len() + text.len() + behind.len();
        // SAFETY: `bytes` are `len` bytes on the heap, which stay there as long as the object.
        let status = unsafe { kpn_downlink_begin_bytes(this.object.as_mut_ptr(), bytes, len) };
        (this, status)
    }

    /// The same by `kpn_downlink_begin`, with a response whose head and body come in pieces of `step` bytes.
    pub fn of_response(before: &[u8], text: &[u8], behind: &[u8], step: usize) -> (Self, Status) {
        let body = [before, text, behind].concat();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", body.len());
        let message = [head.as_bytes(), &body].concat();
        let mut this = Self {
            memory: [&CANARY[..], &vec![0xA5; body.len()], &CANARY[..]]
                .concat()
                .into(),
            start: CANARY.len() + before.len(),
            len: text.len(),
            object: Box::new(MaybeUninit::uninit()),
            response: None,
        };
        let mut response: Box<MaybeUninit<kpn_response>> = Box::new(MaybeUninit::uninit());
        let bytes = this.memory[CANARY.len()..].as_mut_ptr();
        // SAFETY: as in `of_bytes`.
        let begun = unsafe { kpn_response_begin(response.as_mut_ptr(), bytes, body.len()) };
        assert_eq!(begun, status::OK);
        let mut status = status::NEED_MORE;
        for piece in message.chunks(step) {
            let mut used = 0;
            // SAFETY: `response` was begun; `piece` lies apart from its buffer.
            status = unsafe {
                kpn_response_feed(
                    response.as_mut_ptr(),
                    piece.as_ptr(),
                    piece.len(),
                    &raw mut used,
                )
            };
            assert_eq!(used, piece.len());
        }
        assert_eq!(status, status::OK);
        // SAFETY: `response` was begun and is complete.
        let status = unsafe { kpn_downlink_begin(this.object.as_mut_ptr(), response.as_ptr()) };
        this.response = Some(response);
        (this, status)
    }

    /// `kpn_downlink_next`.
    pub fn next(&mut self) -> Result<Record, Status> {
        let mut record = Box::new(MaybeUninit::uninit());
        // SAFETY: the object was begun, or refused, which it says; the record has memory of its own.
        let status = unsafe { kpn_downlink_next(self.object.as_mut_ptr(), record.as_mut_ptr()) };
        if status == status::OK {
            Ok(Record(record))
        } else {
            Err(status)
        }
    }

    /// `kpn_downlink_index`.
    pub fn index(&self) -> usize {
        // SAFETY: the object was begun, or refused.
        unsafe { kpn_downlink_index(self.object.as_ptr()) }
    }

    /// The bytes of the body as they are now.
    pub fn body(&self) -> &[u8] {
        &self.memory[self.start..self.start + self.len]
    }

    /// The bytes of the body, for changing them without the library's knowledge.
    pub fn body_mut(&mut self) -> &mut [u8] {
        &mut self.memory[self.start..self.start + self.len]
    }

    /// Whether nothing was written around the body.
    pub fn is_whole(&self) -> bool {
        self.memory.starts_with(&CANARY) && self.memory.ends_with(&CANARY)
    }
}

/// A record that was handed out. Its texts lie in the downlink, which must still be there.
pub struct Record(Box<MaybeUninit<kpn_record>>);

impl Record {
    fn get(&self) -> &kpn_record {
        // SAFETY: `kpn_downlink_next` filled it in.
        unsafe { self.0.assume_init_ref() }
    }

    /// `kind`
    pub fn kind(&self) -> i32 {
        self.get().kind
    }

    /// `index`
    pub fn index(&self) -> usize {
        self.get().index
    }

    /// `base_name`
    pub fn base_name(&self) -> &[u8] {
        text(self.get().base_name, self.get().base_name_len)
    }

    /// `name`
    pub fn name(&self) -> &[u8] {
        text(self.get().name, self.get().name_len)
    }

    /// `unit`
    pub fn unit(&self) -> &[u8] {
        text(self.get().unit, self.get().unit_len)
    }

    /// `text`
    pub fn text(&self) -> &[u8] {
        text(self.get().text, self.get().text_len)
    }

    /// `data`; `None` for NULL.
    pub fn data(&self) -> Option<&[u8]> {
        let record = self.get();
        if record.data.is_null() {
            assert_eq!(record.data_len, 0);
            return None;
        }
        Some(text(record.data.cast(), record.data_len))
    }

    /// `bool_value`
    pub fn bool_value(&self) -> bool {
        self.get().bool_value
    }

    /// `has_sum`, `has_time`, `has_update_time`
    pub fn has(&self) -> [bool; 3] {
        let record = self.get();
        [record.has_sum, record.has_time, record.has_update_time]
    }

    /// `kpn_record_is`
    pub fn is(&self, name: &str) -> bool {
        let name = CString::new(name).unwrap();
        // SAFETY: the record was handed out, and the name ends in a NUL.
        unsafe { kpn_record_is(self.0.as_ptr(), name.as_ptr()) }
    }

    /// `kpn_record_is_for`
    pub fn is_for(&self, urn: &str) -> bool {
        let urn = CString::new(urn).unwrap();
        // SAFETY: the record was handed out, and the URN ends in a NUL.
        unsafe { kpn_record_is_for(self.0.as_ptr(), urn.as_ptr()) }
    }

    /// `kpn_record_full_name` with this capacity: the status, what was written, and the length.
    pub fn full_name(&self, cap: usize) -> (Status, Vec<u8>, usize) {
        let mut memory = vec![0xA5_u8; cap + 1];
        let mut len = usize::MAX;
        let start: *mut c_char = memory.as_mut_ptr().cast();
        // SAFETY: the record was handed out, and there are `cap` bytes.
        let status = unsafe { kpn_record_full_name(self.0.as_ptr(), start, cap, &raw mut len) };
        assert_eq!(memory.pop(), Some(0xA5), "written behind the capacity");
        (status, memory, len)
    }

    /// `kpn_record_double`
    pub fn double(&self, field: i32) -> Result<f64, Status> {
        let mut value = f64::NAN;
        // SAFETY: the record was handed out.
        let status = unsafe { kpn_record_double(self.0.as_ptr(), field, &raw mut value) };
        or_status(value, status)
    }

    /// `kpn_record_int64`
    pub fn int64(&self, field: i32) -> Result<i64, Status> {
        let mut value = 0;
        // SAFETY: the record was handed out.
        let status = unsafe { kpn_record_int64(self.0.as_ptr(), field, &raw mut value) };
        or_status(value, status)
    }

    /// `kpn_record_uint64`
    pub fn uint64(&self, field: i32) -> Result<u64, Status> {
        let mut value = 0;
        // SAFETY: the record was handed out.
        let status = unsafe { kpn_record_uint64(self.0.as_ptr(), field, &raw mut value) };
        or_status(value, status)
    }

    /// `kpn_record_decimal`
    pub fn decimal(&self, field: i32) -> Result<(i64, i32), Status> {
        let (mut mantissa, mut exponent) = (0, 0);
        // SAFETY: the record was handed out.
        let status = unsafe {
            kpn_record_decimal(self.0.as_ptr(), field, &raw mut mantissa, &raw mut exponent)
        };
        or_status((mantissa, exponent), status)
    }

    /// `kpn_record_time_is_relative`
    pub fn time_is_relative(&self) -> Result<bool, Status> {
        let mut relative = false;
        // SAFETY: the record was handed out.
        let status = unsafe { kpn_record_time_is_relative(self.0.as_ptr(), &raw mut relative) };
        or_status(relative, status)
    }

    /// Whether there is a value that is a number.
    pub fn has_number(&self) -> bool {
        self.double(KPN_FIELD_VALUE) != Err(status::ERR_INVALID_ARGUMENT)
    }
}

fn or_status<T>(value: T, status: Status) -> Result<T, Status> {
    if status == status::OK {
        Ok(value)
    } else {
        Err(status)
    }
}

/// A text of a record, which a NUL follows.
fn text<'a>(start: *const c_char, len: usize) -> &'a [u8] {
    // SAFETY: a record's texts are `len` bytes and a NUL in a body that is still there.
    let bytes: &[u8] = unsafe { slice::from_raw_parts(start.cast(), len + 1) };
    assert_eq!(bytes.last(), Some(&0), "a NUL follows");
    // SAFETY: as just seen, a NUL follows.
    let as_c = unsafe { CStr::from_ptr(start) };
    assert!(bytes.starts_with(as_c.to_bytes()));
    &bytes[..len]
}
