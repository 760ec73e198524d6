// SPDX-License-Identifier: MIT OR Apache-2.0
//! Queues.

use std::mem::MaybeUninit;

use kpn_things::ffi::queue::image::*;
use kpn_things::ffi::queue::push::*;
use kpn_things::ffi::queue::*;
use kpn_things::ffi::uplink::finish::*;
use kpn_things::ffi::uplink::*;

use super::super::input::Input;
use super::super::status::OK;
use super::memory::Memory;
use super::{CAP, NO_SPAN, URN};

pub fn begin(queue: *mut kpn_queue, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        let policy = i32::from(input.bool());
        assert_eq!(kpn_queue_begin(queue, buffer, CAP, policy), OK);
        for _ in 0..input.u8() & 63 {
            push(queue, input);
        }
    }
}

pub unsafe fn push(queue: *mut kpn_queue, input: &mut Input<'_>) {
    let (name, unit) = (c"temperature".as_ptr(), c"Cel".as_ptr());
    unsafe {
        let _ = if input.bool() {
            kpn_queue_push_text(queue, name, unit, KPN_CLOCK_UPTIME, 7, c"t".as_ptr())
        } else {
            kpn_queue_push_decimal(queue, name, unit, KPN_CLOCK_UNIX, 1_700_000_000, 205, -1)
        };
    }
}

pub fn call(queue: *mut kpn_queue, _: &mut Memory, input: &mut Input<'_>) {
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

pub unsafe fn begin_sized(uplink: *mut kpn_uplink, own: &mut [u8]) {
    let (start, len) = (own.as_mut_ptr(), own.len());
    let begun = unsafe { kpn_uplink_begin(uplink, start, len, KPN_ENDPOINT_M2M, URN.as_ptr()) };
    assert_eq!(begun, OK);
}
