// SPDX-License-Identifier: MIT OR Apache-2.0
//! Responses, and the downlinks in them.

use std::mem::MaybeUninit;
use std::ptr;

use kpn_things::ffi::downlink::*;
use kpn_things::ffi::response::*;

use super::super::input::Input;
use super::super::status::OK;
use super::downlink;
use super::downlink::PACK;
use super::memory::Memory;
use super::{CAP, NO_SPAN};

pub fn begin(response: *mut kpn_response, buffer: *mut u8, input: &mut Input<'_>) {
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

pub fn call(response: *mut kpn_response, memory: &mut Memory, input: &mut Input<'_>) {
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
                    downlink::call(downlink.as_mut_ptr(), memory, input);
                }
            }
        }
    }
    memory.check(&span);
}
