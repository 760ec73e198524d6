// SPDX-License-Identifier: MIT OR Apache-2.0
//! Streams.

use std::mem::offset_of;

use kpn_things::ffi::stream::*;
use kpn_things::ffi::uplink::*;

use super::super::input::Input;
use super::super::status::OK;
use super::memory::Memory;
use super::uplink;
use super::{CAP, NO_SPAN, SECRET, URN};

pub fn begin(stream: *mut kpn_stream, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        let begun = kpn_stream_begin(stream, buffer, CAP, KPN_ENDPOINT_M2M, URN.as_ptr());
        assert_eq!(begun, OK);
        uplink::fill(&raw mut (*stream).uplink, input);
    }
}

pub fn call(stream: *mut kpn_stream, memory: &mut Memory, input: &mut Input<'_>) {
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
                uplink::one_call(uplink.cast(), input);
            }
        }
    }
    memory.check(&span);
}
