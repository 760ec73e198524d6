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

mod config;
mod downlink;
mod firmware;
mod memory;
mod queue;
mod response;
mod sms;
mod stream;
mod token;
mod uplink;

use std::ffi::CStr;
use std::mem::size_of;
use std::ops::Range;
use std::ptr;

use kpn_things::ffi::span::kpn_span;

use super::input::Input;
use memory::{CANARY, MARGIN, Memory};

const URN: &CStr = c"urn:dev:IMEI:490154203237518:";
const SECRET: &CStr = c"0123456789abcdefghijklmnopqrstuvwxyzABCD";
const CAP: usize = 700;
const NO_SPAN: kpn_span = kpn_span {
    ptr: ptr::null_mut(),
    len: 0,
};

pub fn run(input: &[u8]) {
    let mut input = Input::new(input);
    let pointers = 8..24;
    match input.u8() % 10 {
        0 => forge(&mut input, uplink::begin, 8..40, uplink::call),
        1 => forge(&mut input, stream::begin, 8..48, stream::call),
        2 => forge(&mut input, response::begin, pointers, response::call),
        3 => forge(&mut input, downlink::begin, pointers, downlink::call),
        4 => forge(&mut input, queue::begin, pointers, queue::call),
        5 => forge(&mut input, firmware::begin, pointers, firmware::call),
        6 => forge(&mut input, sms::begin, pointers, sms::call),
        7 => forge(&mut input, config::begin, 0..0, config::call),
        8 => forge(&mut input, token::begin, 0..0, token::call),
        _ => forge(
            &mut input,
            downlink::begin_record,
            downlink::RECORD_KEPT,
            downlink::call_record,
        ),
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
