// SPDX-License-Identifier: MIT OR Apache-2.0
//! Uplinks and streams, driven through the C functions: the only unsafe code of the tests that write packs.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    clippy::multiple_unsafe_ops_per_block,
    reason = "each test that takes this file in uses its part of it, and may panic; one block has one call in each arm"
)]

use std::ffi::{CString, c_char};
use std::mem::MaybeUninit;
use std::ptr;

use kpn_things::ffi::span::kpn_span;
use kpn_things::ffi::status::OK;
use kpn_things::ffi::stream::*;
use kpn_things::ffi::uplink::add::*;
use kpn_things::ffi::uplink::base::*;
use kpn_things::ffi::uplink::finish::*;
use kpn_things::ffi::uplink::label::*;
use kpn_things::ffi::uplink::*;

/// A status of the C functions.
pub type Status = i32;

pub const URN: &str = "urn:dev:IMEI:490154203237518:";
pub const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

const MARGIN: usize = 16;
const CANARY: u8 = 0xA5;

/// Where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum To {
    M2m,
    Internet,
    Custom { host: String, path: String },
}

/// A number where a decimal or a double is possible.
#[derive(Clone, Copy, Debug)]
pub enum Number {
    Decimal(i64, i32),
    Double(f64),
}

/// What a record has.
#[derive(Clone, Debug)]
pub enum Content {
    Decimal(i64, i32),
    Int(i64),
    Uint(u64),
    Double(f64),
    Float(f32),
    Fixed(f64, u8),
    Bool(bool),
    /// Passed with its NUL if it contains none, otherwise with its length. `None` is NULL.
    Text(Option<Vec<u8>>),
    Data(Vec<u8>),
    Sum(Number),
}

/// One call between `begin` and `finish`. A text that is `None` is given as NULL.
#[derive(Clone, Debug)]
pub enum Call {
    Merge,
    Clear,
    BaseName(Option<String>),
    BaseTime(i64),
    BaseTimeDecimal(i64, i32),
    BaseUnit(Option<String>),
    BaseValue(Number),
    BaseSum(Number),
    Time(i64),
    TimeDecimal(i64, i32),
    Ago(u32),
    AgoDecimal(i64, i32),
    Update(u32),
    Sum(Number),
    Add {
        name: Option<String>,
        unit: Option<String>,
        content: Content,
    },
}

/// A record with the unit `Cel`.
pub fn add(name: &str, content: Content) -> Call {
    Call::Add {
        name: Some(name.to_owned()),
        unit: Some("Cel".to_owned()),
        content,
    }
}

/// A C text, or NULL.
struct Text(Option<CString>);

impl Text {
    fn new(text: Option<&str>) -> Self {
        Self(text.map(|text| CString::new(text).unwrap()))
    }

    fn ptr(&self) -> *const c_char {
        self.0.as_ref().map_or(ptr::null(), |text| text.as_ptr())
    }
}

/// # Safety
///
/// `uplink` is a `kpn_uplink` that was given to a `begin`, or the one in a stream.
unsafe fn make(uplink: *mut kpn_uplink, call: &Call) -> Status {
    // SAFETY: the object is the caller's, and every text lives until its call has returned.
    unsafe {
        match call {
            Call::Merge => kpn_uplink_merge_base_record(uplink),
            Call::Clear => kpn_uplink_clear_failure(uplink),
            Call::BaseName(urn) => {
                kpn_uplink_set_base_name(uplink, Text::new(urn.as_deref()).ptr())
            }
            Call::BaseTime(seconds) => kpn_uplink_set_base_time(uplink, *seconds),
            Call::BaseTimeDecimal(m, e) => kpn_uplink_set_base_time_decimal(uplink, *m, *e),
            Call::BaseUnit(unit) => {
                kpn_uplink_set_base_unit(uplink, Text::new(unit.as_deref()).ptr())
            }
            Call::BaseValue(Number::Decimal(m, e)) => {
                kpn_uplink_set_base_value_decimal(uplink, *m, *e)
            }
            Call::BaseValue(Number::Double(v)) => kpn_uplink_set_base_value_double(uplink, *v),
            Call::BaseSum(Number::Decimal(m, e)) => kpn_uplink_set_base_sum_decimal(uplink, *m, *e),
            Call::BaseSum(Number::Double(v)) => kpn_uplink_set_base_sum_double(uplink, *v),
            Call::Time(seconds) => kpn_uplink_set_time(uplink, *seconds),
            Call::TimeDecimal(m, e) => kpn_uplink_set_time_decimal(uplink, *m, *e),
            Call::Ago(seconds) => kpn_uplink_set_time_ago(uplink, *seconds),
            Call::AgoDecimal(m, e) => kpn_uplink_set_time_ago_decimal(uplink, *m, *e),
            Call::Update(seconds) => kpn_uplink_set_update_time(uplink, *seconds),
            Call::Sum(Number::Decimal(m, e)) => kpn_uplink_set_sum_decimal(uplink, *m, *e),
            Call::Sum(Number::Double(v)) => kpn_uplink_set_sum_double(uplink, *v),
            Call::Add {
                name,
                unit,
                content,
            } => {
                let (name, unit) = (Text::new(name.as_deref()), Text::new(unit.as_deref()));
                make_record(uplink, name.ptr(), unit.ptr(), content)
            }
        }
    }
}

/// # Safety
///
/// As for `make`; `name` and `unit` are NULL or NUL-terminated.
unsafe fn make_record(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    content: &Content,
) -> Status {
    // SAFETY: the same contract, and every text lives until its call has returned.
    unsafe {
        match content {
            Content::Decimal(m, e) => kpn_uplink_add_decimal(uplink, name, unit, *m, *e),
            Content::Int(value) => kpn_uplink_add_int64(uplink, name, unit, *value),
            Content::Uint(value) => kpn_uplink_add_uint64(uplink, name, unit, *value),
            Content::Double(value) => kpn_uplink_add_double(uplink, name, unit, *value),
            Content::Float(value) => kpn_uplink_add_float(uplink, name, unit, *value),
            Content::Fixed(value, digits) => {
                kpn_uplink_add_double_fixed(uplink, name, unit, *value, *digits)
            }
            Content::Bool(value) => kpn_uplink_add_bool(uplink, name, unit, *value),
            Content::Text(None) => kpn_uplink_add_text(uplink, name, unit, ptr::null()),
            Content::Text(Some(text)) => match CString::new(text.as_slice()) {
                Ok(text) => kpn_uplink_add_text(uplink, name, unit, text.as_ptr()),
                Err(_) => {
                    kpn_uplink_add_text_n(uplink, name, unit, text.as_ptr().cast(), text.len())
                }
            },
            Content::Data(data) => {
                kpn_uplink_add_data(uplink, name, unit, data.as_ptr(), data.len())
            }
            Content::Sum(Number::Decimal(m, e)) => {
                kpn_uplink_add_sum_decimal(uplink, name, unit, *m, *e)
            }
            Content::Sum(Number::Double(v)) => kpn_uplink_add_sum_double(uplink, name, unit, *v),
        }
    }
}

/// Memory of a given capacity, between canaries.
struct Memory {
    bytes: Vec<u8>,
    cap: usize,
}

impl Memory {
    fn new(cap: usize) -> Self {
        Self {
            bytes: vec![CANARY; cap + 2 * MARGIN],
            cap,
        }
    }

    fn start(&mut self) -> *mut u8 {
        self.bytes[MARGIN..].as_mut_ptr()
    }

    fn get(&self) -> &[u8] {
        &self.bytes[MARGIN..MARGIN + self.cap]
    }

    /// Whether nothing outside was touched.
    fn is_whole(&self) -> bool {
        let (front, rest) = self.bytes.split_at(MARGIN);
        let mut around = front.iter().chain(&rest[self.cap..]);
        around.all(|&byte| byte == CANARY)
    }

    /// What a span shows.
    fn of(&self, span: &kpn_span) -> &[u8] {
        if span.len == 0 {
            return &[];
        }
        let start = span.ptr.addr() - self.get().as_ptr().addr();
        &self.get()[start..start + span.len]
    }
}

const NO_SPAN: kpn_span = kpn_span {
    ptr: ptr::null_mut(),
    len: 0,
};

/// A message, its memory, and the texts of its endpoint.
pub struct Uplink {
    object: Box<MaybeUninit<kpn_uplink>>,
    memory: Memory,
    _texts: [Text; 2],
}

impl Uplink {
    /// Begins over a buffer of `cap` bytes; `None` measures.
    pub fn begin(cap: Option<usize>, to: &To, urn: &str) -> (Self, Status) {
        let mut memory = Memory::new(cap.unwrap_or_default());
        let buffer = cap.map_or(ptr::null_mut(), |_| memory.start());
        let mut object = Box::new(MaybeUninit::uninit());
        let (cap, urn) = (memory.cap, Text::new(Some(urn)));
        let uplink = object.as_mut_ptr();
        let (texts, endpoint) = endpoint(to);
        let [host, path] = &texts;
        // SAFETY: the object and the memory are boxed, and the texts of the endpoint stay beside them.
        let status = unsafe {
            match endpoint {
                0 => {
                    kpn_uplink_begin_custom(uplink, buffer, cap, host.ptr(), path.ptr(), urn.ptr())
                }
                endpoint => kpn_uplink_begin(uplink, buffer, cap, endpoint, urn.ptr()),
            }
        };
        let uplink = Self {
            object,
            memory,
            _texts: texts,
        };
        (uplink, status)
    }

    pub fn call(&mut self, call: &Call) -> Status {
        // SAFETY: the object was given to `begin`.
        unsafe { make(self.object.as_mut_ptr(), call) }
    }

    pub fn missing(&self) -> usize {
        // SAFETY: as for `call`.
        unsafe { kpn_uplink_missing(self.object.as_ptr()) }
    }

    pub fn records(&self) -> u32 {
        // SAFETY: as for `call`.
        unsafe { kpn_uplink_records(self.object.as_ptr()) }
    }

    /// Finishes with a secret, or without a token; returns the length, 0 after a failure.
    pub fn finish(&mut self, secret: Option<&str>) -> (usize, Status) {
        let (span, status) = self.finish_to_span(secret);
        (span.len, status)
    }

    /// Finishes and gives the request.
    pub fn request(&mut self, secret: Option<&str>) -> Result<&[u8], Status> {
        let (span, status) = self.finish_to_span(secret);
        if status == OK {
            Ok(self.memory.of(&span))
        } else {
            Err(status)
        }
    }

    fn finish_to_span(&mut self, secret: Option<&str>) -> (kpn_span, Status) {
        let uplink = self.object.as_mut_ptr();
        let mut span = NO_SPAN;
        // SAFETY: as for `call`; the memory and the texts of the endpoint are still there.
        let status = unsafe {
            match secret {
                Some(secret) => {
                    kpn_uplink_finish(uplink, Text::new(Some(secret)).ptr(), &raw mut span)
                }
                None => kpn_uplink_finish_unsigned(uplink, &raw mut span),
            }
        };
        assert!(self.is_whole());
        (span, status)
    }

    /// Whether nothing outside the buffer was touched.
    pub fn is_whole(&self) -> bool {
        self.memory.is_whole()
    }

    /// The whole buffer.
    pub fn memory(&self) -> &[u8] {
        self.memory.get()
    }
}

/// Host and path, and the number of an endpoint of KPN Things, 0 for others.
fn endpoint(to: &To) -> ([Text; 2], i32) {
    let none = [Text(None), Text(None)];
    match to {
        To::M2m => (none, KPN_ENDPOINT_M2M),
        To::Internet => (none, KPN_ENDPOINT_INTERNET),
        To::Custom { host, path } => ([Text::new(Some(host)), Text::new(Some(path))], 0),
    }
}

/// A stream and its window.
pub struct Stream {
    object: Box<MaybeUninit<kpn_stream>>,
    window: Memory,
    /// The host of an endpoint of its own, with its NUL.
    host: Vec<u8>,
    /// What was handed out for sending.
    pub sent: Vec<u8>,
}

impl Stream {
    fn new(window: usize, host: &str) -> Self {
        Self {
            object: Box::new(MaybeUninit::uninit()),
            window: Memory::new(window),
            host: [host.as_bytes(), b"\0"].concat(),
            sent: Vec::new(),
        }
    }

    /// Begins with a host of its own, which `set_host` changes.
    pub fn begin_custom(window: usize, host: &str) -> (Self, Status) {
        let mut stream = Self::new(window, host);
        let (memory, object) = (stream.window.start(), stream.object.as_mut_ptr());
        let (urn, path) = (Text::new(Some(URN)), c"/");
        let host = stream.host.as_mut_ptr().cast();
        // SAFETY: the object, the window and the host are boxed.
        let status = unsafe {
            kpn_stream_begin_custom(object, memory, window, host, path.as_ptr(), urn.ptr())
        };
        (stream, status)
    }

    /// Overwrites the host with another one of its length.
    pub fn set_host(&mut self, host: &str) {
        self.host[..host.len()].copy_from_slice(host.as_bytes());
    }

    pub fn begin(window: usize) -> (Self, Status) {
        let mut stream = Self::new(window, "");
        let memory = stream.window.start();
        let object = stream.object.as_mut_ptr();
        let urn = Text::new(Some(URN));
        // SAFETY: the object and the window are boxed.
        let status =
            unsafe { kpn_stream_begin(object, memory, window, KPN_ENDPOINT_M2M, urn.ptr()) };
        (stream, status)
    }

    fn uplink(&mut self) -> *mut kpn_uplink {
        // SAFETY: the object was given to `begin`.
        unsafe { &raw mut (*self.object.as_mut_ptr()).uplink }
    }

    pub fn call(&mut self, call: &Call) -> Status {
        // SAFETY: the object was given to `begin`.
        unsafe { make(self.uplink(), call) }
    }

    /// A call for an uplink of its own, which a stream refuses.
    pub fn finish_uplink(&mut self) -> Status {
        let mut span = NO_SPAN;
        let secret = Text::new(Some(SECRET));
        // SAFETY: as for `call`.
        unsafe { kpn_uplink_finish(self.uplink(), secret.ptr(), &raw mut span) }
    }

    pub fn missing(&mut self) -> usize {
        // SAFETY: as for `call`.
        unsafe { kpn_uplink_missing(self.uplink()) }
    }

    pub fn request_len(&self) -> usize {
        // SAFETY: as for `call`.
        unsafe { kpn_stream_request_len(self.object.as_ptr()) }
    }

    pub fn take(&mut self, room: usize) -> Status {
        // SAFETY: as for `call`; the window is still there.
        self.give(|stream, span| unsafe { kpn_stream_take(stream, room, span) })
    }

    pub fn head(&mut self, secret: Option<&str>) -> Status {
        let text = Text::new(secret);
        // SAFETY: as for `take`.
        self.give(|stream, span| unsafe {
            match secret {
                Some(_) => kpn_stream_head(stream, text.ptr(), span),
                None => kpn_stream_head_unsigned(stream, span),
            }
        })
    }

    pub fn restart(&mut self, urn: &str) -> Status {
        let urn = Text::new(Some(urn));
        // SAFETY: as for `take`.
        unsafe { kpn_stream_restart(self.object.as_mut_ptr(), urn.ptr()) }
    }

    pub fn finish(&mut self) -> Status {
        // SAFETY: as for `take`.
        self.give(|stream, span| unsafe { kpn_stream_finish(stream, span) })
    }

    fn give(&mut self, call: impl FnOnce(*mut kpn_stream, *mut kpn_span) -> Status) -> Status {
        let mut span = NO_SPAN;
        let status = call(self.object.as_mut_ptr(), &raw mut span);
        assert!(self.window.is_whole());
        self.sent.extend_from_slice(self.window.of(&span));
        status
    }
}
