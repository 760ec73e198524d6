// SPDX-License-Identifier: MIT OR Apache-2.0
//! Drives a queue and an uplink through the C functions: the only unsafe code of the tests that queue records.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

use core::ffi::{CStr, c_char};
use core::mem::MaybeUninit;
use core::ptr::null;
use std::ffi::CString;

use kpn_things::ffi::queue::image::{kpn_queue_load, kpn_queue_save};
use kpn_things::ffi::queue::push::{
    kpn_queue_push_bool, kpn_queue_push_data, kpn_queue_push_decimal, kpn_queue_push_double,
    kpn_queue_push_int64, kpn_queue_push_sum_decimal, kpn_queue_push_sum_double,
    kpn_queue_push_text, kpn_queue_push_uint64,
};
use kpn_things::ffi::queue::{
    KPN_CLOCK_NONE, KPN_CLOCK_UNIX, KPN_CLOCK_UPTIME, kpn_queue, kpn_queue_accepted,
    kpn_queue_begin, kpn_queue_dropped, kpn_queue_failed, kpn_queue_fill, kpn_queue_records,
};
use kpn_things::ffi::span::kpn_span;
use kpn_things::ffi::uplink::{KPN_ENDPOINT_M2M, kpn_uplink};

/// A status of the C functions.
pub type Status = i32;

pub const URN: &CStr = c"urn:dev:IMEI:490154203237518:";
const CANARY: [u8; 8] = [0xA5; 8];

#[allow(improper_ctypes, reason = "the objects of the library are opaque here")]
unsafe extern "C" {
    fn kpn_uplink_begin(
        u: *mut kpn_uplink,
        at: *mut u8,
        cap: usize,
        end: i32,
        urn: *const c_char,
    ) -> Status;
    fn kpn_uplink_set_base_time(u: *mut kpn_uplink, seconds: i64) -> Status;
    fn kpn_uplink_set_time(u: *mut kpn_uplink, seconds: i64) -> Status;
    fn kpn_uplink_set_time_ago(u: *mut kpn_uplink, seconds: u32) -> Status;
    fn kpn_uplink_add_decimal(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        m: i64,
        e: i32,
    ) -> Status;
    fn kpn_uplink_add_int64(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        v: i64,
    ) -> Status;
    fn kpn_uplink_add_uint64(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        v: u64,
    ) -> Status;
    fn kpn_uplink_add_double(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        v: f64,
    ) -> Status;
    fn kpn_uplink_add_bool(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        v: bool,
    ) -> Status;
    fn kpn_uplink_add_text(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        v: *const c_char,
    ) -> Status;
    fn kpn_uplink_add_data(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        v: *const u8,
        len: usize,
    ) -> Status;
    fn kpn_uplink_add_sum_decimal(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        m: i64,
        e: i32,
    ) -> Status;
    fn kpn_uplink_add_sum_double(
        u: *mut kpn_uplink,
        n: *const c_char,
        unit: *const c_char,
        v: f64,
    ) -> Status;
    fn kpn_uplink_finish_unsigned(u: *mut kpn_uplink, out: *mut kpn_span) -> Status;
    fn kpn_uplink_clear_failure(u: *mut kpn_uplink) -> Status;
    fn kpn_uplink_missing(u: *const kpn_uplink) -> usize;
    fn kpn_uplink_records(u: *const kpn_uplink) -> u32;
}

/// One value of each kind that a queue takes.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    Decimal(i64, i32),
    Int64(i64),
    Uint64(u64),
    Double(f64),
    Bool(bool),
    Text(CString),
    Data(Vec<u8>),
    SumDecimal(i64, i32),
    SumDouble(f64),
}

/// When a record was measured, as passed by C; a reset may make an uptime negative.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum When {
    Reception,
    Unix(u32),
    Uptime(i32),
}

#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    pub name: CString,
    pub unit: Option<CString>,
    pub when: When,
    pub value: Value,
}

impl Record {
    fn unit(&self) -> *const c_char {
        self.unit.as_ref().map_or(null(), |unit| unit.as_ptr())
    }
}

/// A queue in its own memory, with canaries after it.
pub struct Queue {
    object: Box<MaybeUninit<kpn_queue>>,
    memory: Box<[u8]>,
    capacity: usize,
}

impl Queue {
    pub fn begin(capacity: usize, policy: i32) -> Self {
        let mut this = Self {
            object: Box::new(MaybeUninit::uninit()),
            memory: vec![0xA5; capacity + CANARY.len()].into(),
            capacity,
        };
        let (object, memory) = (this.object.as_mut_ptr(), this.memory.as_mut_ptr());
        // SAFETY: both lie on the heap as long as this value does.
        let status = unsafe { kpn_queue_begin(object, memory, capacity, policy) };
        assert_eq!(status, 0);
        this
    }

    pub fn push(&mut self, record: &Record) -> Status {
        let (clock, seconds) = match record.when {
            When::Reception => (KPN_CLOCK_NONE, 77),
            When::Unix(seconds) => (KPN_CLOCK_UNIX, seconds),
            When::Uptime(count) => (KPN_CLOCK_UPTIME, count.cast_unsigned()),
        };
        let (q, n, u) = (
            self.object.as_mut_ptr(),
            record.name.as_ptr(),
            record.unit(),
        );
        match &record.value {
            // SAFETY: the queue was begun, and the strings end in a NUL, here and below.
            &Value::Decimal(mantissa, exponent) => unsafe {
                kpn_queue_push_decimal(q, n, u, clock, seconds, mantissa, exponent)
            },
            // SAFETY: as above.
            &Value::Int64(v) => unsafe { kpn_queue_push_int64(q, n, u, clock, seconds, v) },
            // SAFETY: as above.
            &Value::Uint64(v) => unsafe { kpn_queue_push_uint64(q, n, u, clock, seconds, v) },
            // SAFETY: as above.
            &Value::Double(v) => unsafe { kpn_queue_push_double(q, n, u, clock, seconds, v) },
            // SAFETY: as above.
            &Value::Bool(v) => unsafe { kpn_queue_push_bool(q, n, u, clock, seconds, v) },
            // SAFETY: as above.
            Value::Text(v) => unsafe { kpn_queue_push_text(q, n, u, clock, seconds, v.as_ptr()) },
            // SAFETY: as above, and the data has its length.
            Value::Data(v) => unsafe {
                kpn_queue_push_data(q, n, u, clock, seconds, v.as_ptr(), v.len())
            },
            // SAFETY: as above.
            &Value::SumDecimal(mantissa, exponent) => unsafe {
                kpn_queue_push_sum_decimal(q, n, u, clock, seconds, mantissa, exponent)
            },
            // SAFETY: as above.
            &Value::SumDouble(v) => unsafe {
                kpn_queue_push_sum_double(q, n, u, clock, seconds, v)
            },
        }
    }

    /// The status and the count; `None` if the count was not written.
    pub fn fill(&mut self, uplink: &mut Uplink, uptime: u32, unix: u32) -> (Status, Option<u32>) {
        let (object, uplink) = (self.object.as_mut_ptr(), uplink.object.as_mut_ptr());
        let mut count = u32::MAX;
        // SAFETY: both were begun.
        let status = unsafe { kpn_queue_fill(object, uplink, uptime, unix, &raw mut count) };
        (status, (count < u32::MAX).then_some(count))
    }

    pub fn accepted(&mut self) -> Status {
        // SAFETY: begun.
        unsafe { kpn_queue_accepted(self.object.as_mut_ptr()) }
    }

    pub fn failed(&mut self) -> Status {
        // SAFETY: begun.
        unsafe { kpn_queue_failed(self.object.as_mut_ptr()) }
    }

    pub fn records(&self) -> usize {
        // SAFETY: begun.
        unsafe { kpn_queue_records(self.object.as_ptr()) }
            .try_into()
            .unwrap()
    }

    pub fn dropped(&self) -> u32 {
        // SAFETY: begun.
        unsafe { kpn_queue_dropped(self.object.as_ptr()) }
    }

    /// The image, into memory of `cap` bytes.
    pub fn save(&self, uptime: u32, cap: usize) -> Result<Vec<u8>, Status> {
        let mut out = vec![0xA5; cap + CANARY.len()];
        let mut len = usize::MAX;
        let (object, to) = (self.object.as_ptr(), out.as_mut_ptr());
        // SAFETY: begun, and `out` has more than `cap` bytes.
        let status = unsafe { kpn_queue_save(object, uptime, to, cap, &raw mut len) };
        assert_eq!(out[cap..], CANARY);
        if status != 0 {
            assert_eq!(len, usize::MAX);
            return Err(status);
        }
        out.truncate(len);
        Ok(out)
    }

    pub fn load(&mut self, image: &[u8], uptime: u32, elapsed: u32) -> Status {
        // SAFETY: begun, and the image has its length.
        unsafe {
            kpn_queue_load(
                self.object.as_mut_ptr(),
                image.as_ptr(),
                image.len(),
                uptime,
                elapsed,
            )
        }
    }

    pub fn memory(&self) -> &[u8] {
        &self.memory[..self.capacity]
    }

    /// Whether nothing was written after the memory.
    pub fn canary_is_whole(&self) -> bool {
        self.memory[self.capacity..] == CANARY
    }
}

/// An uplink in its own buffer.
pub struct Uplink {
    object: Box<MaybeUninit<kpn_uplink>>,
    buffer: Box<[u8]>,
    capacity: usize,
}

impl Uplink {
    pub fn begin(capacity: usize) -> (Self, Status) {
        let mut this = Self {
            object: Box::new(MaybeUninit::uninit()),
            buffer: vec![0xA5; capacity + CANARY.len()].into(),
            capacity,
        };
        let (object, buffer) = (this.object.as_mut_ptr(), this.buffer.as_mut_ptr());
        // SAFETY: both lie on the heap as long as this value does.
        let status =
            unsafe { kpn_uplink_begin(object, buffer, capacity, KPN_ENDPOINT_M2M, URN.as_ptr()) };
        (this, status)
    }

    pub fn set_base_time(&mut self, seconds: i64) -> Status {
        // SAFETY: begun.
        unsafe { kpn_uplink_set_base_time(self.object.as_mut_ptr(), seconds) }
    }

    pub fn set_time(&mut self, seconds: i64) -> Status {
        // SAFETY: begun.
        unsafe { kpn_uplink_set_time(self.object.as_mut_ptr(), seconds) }
    }

    pub fn set_time_ago(&mut self, seconds: u32) -> Status {
        // SAFETY: begun.
        unsafe { kpn_uplink_set_time_ago(self.object.as_mut_ptr(), seconds) }
    }

    /// Adds the value of a record under its name and unit, without its time.
    pub fn add(&mut self, record: &Record) -> Status {
        let (o, n, u) = (
            self.object.as_mut_ptr(),
            record.name.as_ptr(),
            record.unit(),
        );
        match &record.value {
            // SAFETY: the uplink was begun, and the strings end in a NUL, here and below.
            &Value::Decimal(mantissa, exponent) => unsafe {
                kpn_uplink_add_decimal(o, n, u, mantissa, exponent)
            },
            // SAFETY: as above.
            &Value::Int64(v) => unsafe { kpn_uplink_add_int64(o, n, u, v) },
            // SAFETY: as above.
            &Value::Uint64(v) => unsafe { kpn_uplink_add_uint64(o, n, u, v) },
            // SAFETY: as above.
            &Value::Double(v) => unsafe { kpn_uplink_add_double(o, n, u, v) },
            // SAFETY: as above.
            &Value::Bool(v) => unsafe { kpn_uplink_add_bool(o, n, u, v) },
            // SAFETY: as above.
            Value::Text(v) => unsafe { kpn_uplink_add_text(o, n, u, v.as_ptr()) },
            // SAFETY: as above, and the data has its length.
            Value::Data(v) => unsafe { kpn_uplink_add_data(o, n, u, v.as_ptr(), v.len()) },
            // SAFETY: as above.
            &Value::SumDecimal(mantissa, exponent) => unsafe {
                kpn_uplink_add_sum_decimal(o, n, u, mantissa, exponent)
            },
            // SAFETY: as above.
            &Value::SumDouble(v) => unsafe { kpn_uplink_add_sum_double(o, n, u, v) },
        }
    }

    pub fn clear_failure(&mut self) -> Status {
        // SAFETY: begun.
        unsafe { kpn_uplink_clear_failure(self.object.as_mut_ptr()) }
    }

    pub fn missing(&self) -> usize {
        // SAFETY: begun.
        unsafe { kpn_uplink_missing(self.object.as_ptr()) }
    }

    pub fn records(&self) -> usize {
        // SAFETY: begun.
        unsafe { kpn_uplink_records(self.object.as_ptr()) }
            .try_into()
            .unwrap()
    }

    /// The body of the finished message.
    pub fn finish(&mut self) -> Result<&[u8], Status> {
        let mut span = MaybeUninit::<kpn_span>::uninit();
        // SAFETY: begun.
        let status =
            unsafe { kpn_uplink_finish_unsigned(self.object.as_mut_ptr(), span.as_mut_ptr()) };
        assert_eq!(self.buffer[self.capacity..], CANARY);
        if status != 0 {
            return Err(status);
        }
        // SAFETY: written with the status 0.
        let span = unsafe { span.assume_init() };
        let start = span.ptr.addr() - self.buffer.as_ptr().addr();
        let request = &self.buffer[start..start + span.len];
        let head = request.windows(4).position(|at| at == b"\r\n\r\n").unwrap() + 4;
        Ok(&request[head..])
    }
}
