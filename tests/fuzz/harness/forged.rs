// SPDX-License-Identifier: MIT OR Apache-2.0
//! Objects whose bytes someone changed, moved or misplaced, and buffers that someone wrote to in between.
//!
//! The pointers in an object and the sizes beside them are kept: they are all that the library knows about memory.
//! Whatever else is there, no call writes outside the object and its buffer, and no span leads out of them.
#![allow(
    clippy::undocumented_unsafe_blocks,
    clippy::multiple_unsafe_ops_per_block,
    reason = "every call here is one that the header allows for an object that was begun; that its bytes were changed is the matter"
)]

use std::ffi::{CStr, c_char};
use std::mem::{MaybeUninit, offset_of, size_of};
use std::ops::Range;
use std::ptr;

use kpn_things::ffi::config::access::*;
use kpn_things::ffi::config::*;
use kpn_things::ffi::downlink::*;
use kpn_things::ffi::firmware::announce::*;
use kpn_things::ffi::firmware::answer::*;
use kpn_things::ffi::firmware::image::*;
use kpn_things::ffi::firmware::request::*;
use kpn_things::ffi::firmware::*;
use kpn_things::ffi::pieces::*;
use kpn_things::ffi::queue::image::*;
use kpn_things::ffi::queue::push::*;
use kpn_things::ffi::queue::*;
use kpn_things::ffi::record::number::*;
use kpn_things::ffi::record::*;
use kpn_things::ffi::response::*;
use kpn_things::ffi::span::kpn_span;
use kpn_things::ffi::stream::*;
use kpn_things::ffi::token::*;
use kpn_things::ffi::uplink::add::*;
use kpn_things::ffi::uplink::base::*;
use kpn_things::ffi::uplink::configured::*;
use kpn_things::ffi::uplink::finish::*;
use kpn_things::ffi::uplink::label::*;
use kpn_things::ffi::uplink::*;

use super::input::Input;
use super::status::OK;

const URN: &CStr = c"urn:dev:IMEI:490154203237518:";
const SECRET: &CStr = c"0123456789abcdefghijklmnopqrstuvwxyzABCD";
const CANARY: u8 = 0xA5;
const MARGIN: usize = 32;
const CAP: usize = 700;
const NO_SPAN: kpn_span = kpn_span {
    ptr: ptr::null_mut(),
    len: 0,
};

pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let pointers = 8..24;
    match input.u8() % 10 {
        0 => forge(&mut input, begin_uplink, 8..40, call_uplink),
        1 => forge(&mut input, begin_stream, 8..48, call_stream),
        2 => forge(&mut input, begin_response, pointers, call_response),
        3 => forge(&mut input, begin_downlink, pointers, call_downlink),
        4 => forge(&mut input, begin_queue, pointers, call_queue),
        5 => forge(&mut input, begin_firmware, pointers, call_firmware),
        6 => forge(&mut input, begin_pieces, pointers, call_pieces),
        7 => forge(&mut input, begin_config, 0..0, call_config),
        8 => forge(&mut input, begin_token, 0..0, call_token),
        _ => forge(&mut input, begin_record, RECORD_KEPT, call_record),
    }
}

/// An object and its buffer, canaries around both.
struct Memory {
    object: Vec<u64>,
    buffer: Vec<u8>,
    size: usize,
    shift: usize,
}

impl Memory {
    fn new(size: usize) -> Self {
        let words = (size + 2 * MARGIN).div_ceil(8) + 1;
        Self {
            object: vec![u64::from_ne_bytes([CANARY; 8]); words],
            buffer: vec![CANARY; CAP + 2 * MARGIN],
            size,
            shift: 0,
        }
    }

    fn object<T>(&mut self) -> *mut T {
        let start: *mut u8 = self.object.as_mut_ptr().cast();
        start.wrapping_add(MARGIN + self.shift).cast()
    }

    fn bytes(&mut self) -> &mut [u8] {
        let len = 8 * self.object.len();
        unsafe { std::slice::from_raw_parts_mut(self.object.as_mut_ptr().cast(), len) }
    }

    fn buffer(&mut self) -> *mut u8 {
        self.buffer[MARGIN..].as_mut_ptr()
    }

    fn is_whole(&mut self) -> bool {
        let (shift, size) = (self.shift, self.size);
        let is_canary = |bytes: &[u8]| bytes.iter().all(|&byte| byte == CANARY);
        let bytes = self.bytes();
        is_canary(&bytes[..MARGIN + shift])
            && is_canary(&bytes[MARGIN + shift + size..])
            && is_canary(&self.buffer[..MARGIN])
            && is_canary(&self.buffer[MARGIN + CAP..])
    }

    /// A span that was handed out is in the buffer, or is NULL as in a message that was only measured.
    fn check(&mut self, span: &kpn_span) {
        if span.len > 0 && !span.ptr.is_null() {
            let start = span.ptr.addr().wrapping_sub(self.buffer().addr());
            assert!(
                start <= CAP && span.len <= CAP - start,
                "a span from elsewhere"
            );
        }
    }

    /// A text that was handed out ends, in the object, in the buffer or in constant memory.
    fn check_text(&mut self, text: *const c_char) {
        if text.is_null() {
            return;
        }
        let start = text.addr().wrapping_sub(self.object::<u8>().addr());
        if start < self.size {
            let (shift, size) = (self.shift, self.size);
            let bytes = &self.bytes()[MARGIN + shift..][start..size];
            assert!(bytes.contains(&0), "a text without end");
        } else {
            let text = unsafe { CStr::from_ptr(text) };
            assert!(text.to_bytes().len() < 300);
        }
    }
}

/// Begins an object, changes it, and makes calls.
fn forge<T>(
    input: &mut Input<'_>,
    begin: fn(*mut T, *mut u8, &mut Input<'_>),
    kept: Range<usize>,
    call: fn(*mut T, &mut Memory, &mut Input<'_>),
) {
    let mut memory = Memory::new(size_of::<T>());
    let buffer = memory.buffer();
    begin(memory.object(), buffer, input);
    assert!(memory.is_whole());
    let mut moved;
    let memory = match input.u8() & 15 {
        // To another place; the old one is used for something else.
        0 => {
            moved = Memory::new(size_of::<T>());
            let from = memory.bytes().to_vec();
            moved.bytes().copy_from_slice(&from);
            memory.bytes().fill(0xDD);
            std::mem::swap(&mut moved.buffer, &mut memory.buffer);
            &mut moved
        }
        // Where no object can be: nothing may be written there.
        shift @ 1..=3 => {
            let size = size_of::<T>();
            let bytes = memory.bytes();
            bytes.copy_within(MARGIN..MARGIN + size, MARGIN + usize::from(shift));
            bytes[MARGIN..MARGIN + usize::from(shift)].fill(CANARY);
            memory.shift = usize::from(shift);
            &mut memory
        }
        _ => &mut memory,
    };
    for _ in 0..input.u8() & 7 {
        change(memory, &kept, input);
    }
    let before = (memory.shift > 0).then(|| (memory.bytes().to_vec(), memory.buffer.clone()));
    for _ in 0..10 {
        let object = memory.object();
        call(object, memory, input);
        assert!(memory.is_whole());
    }
    if let Some((object, buffer)) = before {
        assert!(memory.bytes() == object && memory.buffer == buffer);
    }
}

/// One change: a byte or a number of the object, or some bytes of the buffer.
fn change(memory: &mut Memory, kept: &Range<usize>, input: &mut Input<'_>) {
    let kind = input.u8();
    if kind > 200 {
        let at = MARGIN + input.size(CAP - 1);
        let bytes = input.bytes(20);
        let end = (at + bytes.len()).min(MARGIN + CAP);
        memory.buffer[at..end].copy_from_slice(&bytes[..end - at]);
        return;
    }
    let (width, value) = match kind & 3 {
        0 => (1, u64::from(input.u8())),
        1 => (2, u64::from(input.u16())),
        2 => (4, input.wide()),
        _ => (8, input.wide()),
    };
    let (shift, size) = (memory.shift, memory.size);
    let at = 4 + input.size(size) / width * width;
    let bytes = &mut memory.bytes()[MARGIN + shift..][..size];
    for (place, byte) in (at..).zip(&value.to_le_bytes()[..width]) {
        if !kept.contains(&place)
            && let Some(old) = bytes.get_mut(place)
        {
            *old = *byte;
        }
    }
}

fn begin_uplink(uplink: *mut kpn_uplink, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        let begun = kpn_uplink_begin(uplink, buffer, CAP, KPN_ENDPOINT_M2M, URN.as_ptr());
        assert_eq!(begun, OK);
        fill_uplink(uplink, input);
    }
}

unsafe fn fill_uplink(uplink: *mut kpn_uplink, input: &mut Input<'_>) {
    for _ in 0..input.u8() & 3 {
        unsafe { one_uplink(uplink, input) };
    }
}

unsafe fn one_uplink(uplink: *mut kpn_uplink, input: &mut Input<'_>) -> i32 {
    let (name, unit) = (c"temperature".as_ptr(), c"Cel".as_ptr());
    unsafe {
        match input.u8() % 12 {
            0 => kpn_uplink_add_decimal(uplink, name, unit, input.wide() as i64, -1),
            1 => kpn_uplink_add_text(uplink, name, unit, c"a\"b".as_ptr()),
            2 => kpn_uplink_add_data(uplink, name, unit, [1, 2, 3].as_ptr(), 3),
            3 => kpn_uplink_add_double(uplink, name, unit, 20.5),
            4 => kpn_uplink_set_time(uplink, 1_700_000_000),
            5 => kpn_uplink_set_time_ago(uplink, 60),
            6 => kpn_uplink_set_base_time(uplink, 1_700_000_000),
            7 => kpn_uplink_set_base_name(uplink, URN.as_ptr()),
            8 => kpn_uplink_merge_base_record(uplink),
            9 => kpn_uplink_clear_failure(uplink),
            10 => kpn_uplink_set_base_unit(uplink, unit),
            _ => kpn_uplink_set_sum_decimal(uplink, 5, 0),
        }
    }
}

fn call_uplink(uplink: *mut kpn_uplink, memory: &mut Memory, input: &mut Input<'_>) {
    let mut span = NO_SPAN;
    unsafe {
        match input.u8() & 7 {
            0 => {
                let _ = kpn_uplink_finish(uplink, SECRET.as_ptr(), &raw mut span);
            }
            1 => {
                let _ = kpn_uplink_finish_unsigned(uplink, &raw mut span);
            }
            2 => {
                kpn_uplink_missing(uplink);
                kpn_uplink_records(uplink);
            }
            _ => {
                one_uplink(uplink, input);
            }
        }
    }
    memory.check(&span);
}

fn begin_stream(stream: *mut kpn_stream, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        let begun = kpn_stream_begin(stream, buffer, CAP, KPN_ENDPOINT_M2M, URN.as_ptr());
        assert_eq!(begun, OK);
        fill_uplink(&raw mut (*stream).uplink, input);
    }
}

fn call_stream(stream: *mut kpn_stream, memory: &mut Memory, input: &mut Input<'_>) {
    let mut span = NO_SPAN;
    let out = &raw mut span;
    unsafe {
        match input.u8() & 7 {
            0 => {
                kpn_stream_take(stream, input.size(800), out);
            }
            1 => {
                let _ = kpn_stream_head(stream, SECRET.as_ptr(), out);
            }
            2 => {
                let _ = kpn_stream_restart(stream, URN.as_ptr());
            }
            3 => {
                let _ = kpn_stream_finish(stream, out);
            }
            4 => {
                kpn_stream_request_len(stream);
            }
            _ => {
                let uplink = stream
                    .cast::<u8>()
                    .wrapping_add(offset_of!(kpn_stream, uplink));
                one_uplink(uplink.cast(), input);
            }
        }
    }
    memory.check(&span);
}

const PACK: &[u8] =
    br#"[{"bn":"urn:dev:x:","bt":1.7e9,"n":"a","v":20.5,"u":"Cel"},{"n":"b","vs":"t\u00e9xt"},{"n":"c","vd":"AAEC"}]"#;

fn begin_response(response: *mut kpn_response, buffer: *mut u8, input: &mut Input<'_>) {
    let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n", PACK.len());
    let message = [head.as_bytes(), PACK].concat();
    let len = match input.u8() {
        0 => message.len(),
        len => usize::from(len).min(message.len()),
    };
    unsafe {
        assert_eq!(kpn_response_begin(response, buffer, CAP), OK);
        let fed = kpn_response_feed(response, message.as_ptr(), len, ptr::null_mut());
        assert!(fed >= 0);
    }
}

fn call_response(response: *mut kpn_response, memory: &mut Memory, input: &mut Input<'_>) {
    let mut span = NO_SPAN;
    unsafe {
        match input.u8() % 5 {
            0 | 1 => {
                let bytes = input.bytes(60);
                let mut used = 0;
                let fed = kpn_response_feed(response, bytes.as_ptr(), bytes.len(), &raw mut used);
                assert!(fed < 0 || used <= bytes.len());
            }
            2 => {
                let _ = kpn_response_body(response, &raw mut span);
            }
            3 => {
                let _ = kpn_response_end(response);
            }
            _ => {
                kpn_response_status(response);
                kpn_response_missing(response);
                kpn_response_keep_alive(response);
                kpn_response_retry_after(response);
                memory.check_text(kpn_outcome_text(kpn_response_outcome(response)));
                let mut connection = MaybeUninit::uninit();
                assert_eq!(kpn_connection_begin(connection.as_mut_ptr(), 3), OK);
                kpn_connection_record(connection.as_mut_ptr(), response);
                let mut downlink = MaybeUninit::uninit();
                if kpn_downlink_begin(downlink.as_mut_ptr(), response) == OK {
                    call_downlink(downlink.as_mut_ptr(), memory, input);
                }
            }
        }
    }
    memory.check(&span);
}

fn begin_downlink(downlink: *mut kpn_downlink, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        buffer.write_bytes(b' ', CAP);
        buffer.copy_from(PACK.as_ptr(), PACK.len());
        assert_eq!(kpn_downlink_begin_bytes(downlink, buffer, CAP), OK);
        for _ in 0..input.u8() & 1 {
            let mut record = MaybeUninit::uninit();
            assert_eq!(kpn_downlink_next(downlink, record.as_mut_ptr()), OK);
        }
    }
}

fn call_downlink(downlink: *mut kpn_downlink, memory: &mut Memory, input: &mut Input<'_>) {
    unsafe {
        kpn_downlink_index(downlink);
        if input.u8() & 7 == 7 {
            let (mut firmware, mut own) = (MaybeUninit::uninit(), [0; 300]);
            let begun = kpn_firmware_begin(firmware.as_mut_ptr(), own.as_mut_ptr(), 300, 64);
            assert_eq!(begun, OK);
            let _ = kpn_firmware_offer(firmware.as_mut_ptr(), downlink, ptr::null());
            return;
        }
        let mut record = MaybeUninit::uninit();
        if kpn_downlink_next(downlink, record.as_mut_ptr()) != OK {
            return;
        }
        let seen: &kpn_record = record.assume_init_ref();
        for (start, len) in [
            (seen.base_name, seen.base_name_len),
            (seen.name, seen.name_len),
            (seen.unit, seen.unit_len),
            (seen.text, seen.text_len),
            (seen.data.cast(), seen.data_len),
        ] {
            let ptr = start.cast_mut().cast();
            memory.check(&kpn_span { ptr, len });
        }
        for text in [seen.base_name, seen.name, seen.unit, seen.text] {
            memory.check_text(text);
        }
        call_record(record.as_mut_ptr(), memory, input);
    }
}

/// All that is public, and the two words of the body behind it.
const RECORD_KEPT: Range<usize> =
    0..(offset_of!(kpn_record, has_update_time) + 1).next_multiple_of(8) + 16;

fn begin_record(record: *mut kpn_record, buffer: *mut u8, input: &mut Input<'_>) {
    let mut downlink = MaybeUninit::uninit();
    begin_downlink(downlink.as_mut_ptr(), buffer, input);
    let next = unsafe { kpn_downlink_next(downlink.as_mut_ptr(), record) };
    assert_eq!(next, OK);
}

fn call_record(record: *mut kpn_record, _: &mut Memory, input: &mut Input<'_>) {
    let field = i32::from(input.u8() % 6);
    let (mut double, mut integer, mut unsigned, mut exponent) = (0.0, 0, 0, 0);
    let mut relative = false;
    let mut name = [0; 40];
    unsafe {
        let _ = kpn_record_double(record, field, &raw mut double);
        let _ = kpn_record_int64(record, field, &raw mut integer);
        let _ = kpn_record_uint64(record, field, &raw mut unsigned);
        let _ = kpn_record_decimal(record, field, &raw mut integer, &raw mut exponent);
        let _ = kpn_record_decimal_rounded(record, field, 3, &raw mut integer);
        let _ = kpn_record_time_is_relative(record, &raw mut relative);
        let _ = kpn_record_full_name(record, name.as_mut_ptr(), name.len(), ptr::null_mut());
        kpn_record_is(record, c"a".as_ptr());
        kpn_record_is_for(record, URN.as_ptr());
    }
}

fn begin_queue(queue: *mut kpn_queue, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        let policy = i32::from(input.bool());
        assert_eq!(kpn_queue_begin(queue, buffer, CAP, policy), OK);
        for _ in 0..input.u8() & 63 {
            push(queue, input);
        }
    }
}

unsafe fn push(queue: *mut kpn_queue, input: &mut Input<'_>) {
    let (name, unit) = (c"temperature".as_ptr(), c"Cel".as_ptr());
    unsafe {
        let _ = if input.bool() {
            kpn_queue_push_text(queue, name, unit, KPN_CLOCK_UPTIME, 7, c"t".as_ptr())
        } else {
            kpn_queue_push_decimal(queue, name, unit, KPN_CLOCK_UNIX, 1_700_000_000, 205, -1)
        };
    }
}

fn call_queue(queue: *mut kpn_queue, _: &mut Memory, input: &mut Input<'_>) {
    unsafe {
        match input.u8() & 7 {
            0 | 1 => push(queue, input),
            2 => {
                kpn_queue_accepted(queue);
            }
            3 => {
                kpn_queue_failed(queue);
            }
            4 => {
                kpn_queue_records(queue);
                kpn_queue_dropped(queue);
            }
            5 => {
                let (mut image, mut len) = ([0; CAP + KPN_QUEUE_IMAGE_EXTRA], 0);
                let out = image.as_mut_ptr();
                if kpn_queue_save(queue, 100, out, image.len(), &raw mut len) == OK {
                    assert!(len <= image.len());
                    let _ = kpn_queue_load(queue, out, len, 100, 0);
                }
            }
            _ => {
                let mut uplink = MaybeUninit::uninit();
                let mut own = [0; 1200];
                begin_sized(uplink.as_mut_ptr(), &mut own);
                let mut count = 0;
                if kpn_queue_fill(queue, uplink.as_mut_ptr(), 100, 0, &raw mut count) == OK {
                    let mut span = NO_SPAN;
                    let _ = kpn_uplink_finish_unsigned(uplink.as_mut_ptr(), &raw mut span);
                }
            }
        }
    }
}

unsafe fn begin_sized(uplink: *mut kpn_uplink, own: &mut [u8]) {
    let (start, len) = (own.as_mut_ptr(), own.len());
    let begun = unsafe { kpn_uplink_begin(uplink, start, len, KPN_ENDPOINT_M2M, URN.as_ptr()) };
    assert_eq!(begun, OK);
}

fn begin_firmware(firmware: *mut kpn_firmware, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        assert_eq!(kpn_firmware_begin(firmware, buffer, CAP, 64), OK);
        let (url, token) = (c"http://10.0.0.1:81/f/v1/1", c"eyJh.eyJz.Sf-l_x");
        assert_eq!(
            kpn_firmware_start(firmware, url.as_ptr(), token.as_ptr()),
            OK
        );
        if input.bool() {
            assert_eq!(kpn_firmware_connected(firmware), OK);
            let mut request = [0; 400];
            let mut len = 0;
            let asked = kpn_firmware_request(firmware, request.as_mut_ptr(), 400, &raw mut len);
            assert_eq!(asked, OK);
        }
    }
}

fn call_firmware(firmware: *mut kpn_firmware, memory: &mut Memory, input: &mut Input<'_>) {
    unsafe {
        match input.u8() & 7 {
            0 => {
                let mut request = [0; 500];
                let mut len = 0;
                let cap = request.len();
                let status =
                    kpn_firmware_request(firmware, request.as_mut_ptr(), cap, &raw mut len);
                assert!(status != OK || len <= cap);
            }
            1 | 2 => {
                let bytes = input.bytes(90);
                let mut piece = kpn_firmware_piece {
                    offset: 0,
                    ptr: ptr::null(),
                    len: 0,
                    used: 0,
                };
                let fed = kpn_firmware_feed(firmware, bytes.as_ptr(), bytes.len(), &raw mut piece);
                if fed >= 0 && piece.len > 0 {
                    let start = piece.ptr.addr().wrapping_sub(bytes.as_ptr().addr());
                    assert!(start <= bytes.len() && piece.len <= bytes.len() - start);
                }
            }
            3 => {
                let (mut image, mut len) = ([0; KPN_FIRMWARE_IMAGE_MAX], 0);
                let out = image.as_mut_ptr();
                if kpn_firmware_save(firmware, out, image.len(), &raw mut len) == OK {
                    assert!(len <= image.len());
                    let _ = kpn_firmware_load(firmware, out, len);
                }
            }
            4 => {
                let _ = kpn_firmware_rewind(firmware, input.wide() as u32);
                let _ = kpn_firmware_close(firmware);
            }
            5 => {
                let mut host = [0; 300];
                let _ = kpn_firmware_host(firmware, host.as_mut_ptr(), host.len());
                kpn_firmware_port(firmware);
                kpn_firmware_needs_tls(firmware);
                kpn_firmware_needs_dns(firmware);
            }
            6 => {
                let _ = kpn_firmware_connected(firmware);
                kpn_firmware_must_connect(firmware);
                kpn_firmware_state(firmware);
                kpn_firmware_error(firmware);
            }
            _ => {
                let mut downlink = MaybeUninit::uninit();
                let mut own = PACK.to_vec();
                let begun =
                    kpn_downlink_begin_bytes(downlink.as_mut_ptr(), own.as_mut_ptr(), own.len());
                assert_eq!(begun, OK);
                let _ = kpn_firmware_offer(firmware, downlink.as_ptr(), URN.as_ptr());
            }
        }
    }
    let _ = memory;
}

fn begin_pieces(pieces: *mut kpn_pieces, buffer: *mut u8, input: &mut Input<'_>) {
    let max = usize::from(input.u8()) + 1;
    assert_eq!(unsafe { kpn_pieces_begin(pieces, buffer, CAP, max) }, OK);
}

fn call_pieces(pieces: *mut kpn_pieces, memory: &mut Memory, input: &mut Input<'_>) {
    let mut span = NO_SPAN;
    unsafe {
        if input.bool() {
            let _ = kpn_pieces_next(pieces, &raw mut span);
        } else {
            let (mut text, mut len) = ([0; 90], 0);
            let cap = text.len();
            let status = kpn_pieces_next_hex(pieces, text.as_mut_ptr(), cap, &raw mut len);
            assert!(status != OK || 2 * len < cap);
        }
    }
    memory.check(&span);
}

const CONFIG: &str = r#"{"urn":"urn:dev:IMEI:490154203237518:","secret":"0123456789abcdefghijklmnopqrstuvwxyzABCD","endpoint":"m2m"}"#;

fn begin_config(config: *mut kpn_config, _: *mut u8, _: &mut Input<'_>) {
    let text = CONFIG.as_ptr().cast();
    let loaded = unsafe { kpn_config_load(config, text, CONFIG.len(), ptr::null_mut()) };
    assert_eq!(loaded, OK);
}

fn call_config(config: *mut kpn_config, memory: &mut Memory, input: &mut Input<'_>) {
    unsafe {
        match input.u8() & 7 {
            0 => {
                let (mut text, mut len) = ([0; KPN_CONFIG_TEXT_MAX], 0);
                let cap = text.len();
                let saved = kpn_config_save(config, text.as_mut_ptr(), cap, &raw mut len);
                assert!(saved != OK || len <= cap);
            }
            1 => {
                let mut uplink = MaybeUninit::uninit();
                let mut own = [0; 1500];
                let begun =
                    kpn_uplink_begin_config(uplink.as_mut_ptr(), own.as_mut_ptr(), 1500, config);
                if begun == OK {
                    let mut span = NO_SPAN;
                    kpn_uplink_add_bool(uplink.as_mut_ptr(), c"a".as_ptr(), ptr::null(), true);
                    let _ = kpn_uplink_finish_config(uplink.as_mut_ptr(), config, &raw mut span);
                }
            }
            2 => {
                kpn_config_port(config);
                kpn_config_tls(config);
                kpn_config_keep_alive_limit(config);
                let mut response = MaybeUninit::uninit();
                let mut own = [0; 8];
                begin_response_of(response.as_mut_ptr(), &mut own);
                kpn_config_outcome(config, response.as_ptr());
            }
            _ => {
                for text in [
                    kpn_config_urn(config),
                    kpn_config_secret(config),
                    kpn_config_host(config),
                    kpn_config_path(config),
                    kpn_config_address(config),
                    kpn_config_apn(config),
                ] {
                    memory.check_text(text);
                }
            }
        }
    }
}

unsafe fn begin_response_of(response: *mut kpn_response, own: &mut [u8]) {
    let head = b"HTTP/1.1 402 \r\nContent-Length: 0\r\n\r\n";
    unsafe {
        assert_eq!(
            kpn_response_begin(response, own.as_mut_ptr(), own.len()),
            OK
        );
        let fed = kpn_response_feed(response, head.as_ptr(), head.len(), ptr::null_mut());
        assert_eq!(fed, OK);
    }
}

fn begin_token(token: *mut kpn_token, _: *mut u8, input: &mut Input<'_>) {
    let bytes = input.bytes(100);
    unsafe {
        assert_eq!(kpn_token_begin(token), OK);
        assert_eq!(kpn_token_update(token, bytes.as_ptr(), bytes.len()), OK);
    }
}

fn call_token(token: *mut kpn_token, _: &mut Memory, input: &mut Input<'_>) {
    unsafe {
        if input.u8() < 200 {
            let bytes = input.bytes(100);
            let _ = kpn_token_update(token, bytes.as_ptr(), bytes.len());
        } else {
            let mut text = [0; KPN_TOKEN_LEN + 1];
            let _ = kpn_token_finish(token, SECRET.as_ptr(), text.as_mut_ptr());
        }
    }
}
