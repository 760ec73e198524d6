// SPDX-License-Identifier: MIT OR Apache-2.0
//! Uplinks.

use kpn_things::ffi::uplink::add::*;
use kpn_things::ffi::uplink::base::*;
use kpn_things::ffi::uplink::finish::*;
use kpn_things::ffi::uplink::label::*;
use kpn_things::ffi::uplink::*;

use super::super::input::Input;
use super::super::status::OK;
use super::memory::Memory;
use super::{CAP, NO_SPAN, SECRET, URN};

pub fn begin(uplink: *mut kpn_uplink, buffer: *mut u8, input: &mut Input<'_>) {
    unsafe {
        let begun = kpn_uplink_begin(uplink, buffer, CAP, KPN_ENDPOINT_M2M, URN.as_ptr());
        assert_eq!(begun, OK);
        fill(uplink, input);
    }
}

pub unsafe fn fill(uplink: *mut kpn_uplink, input: &mut Input<'_>) {
    for _ in 0..input.u8() & 3 {
        unsafe { one_call(uplink, input) };
    }
}

pub unsafe fn one_call(uplink: *mut kpn_uplink, input: &mut Input<'_>) -> i32 {
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

pub fn call(uplink: *mut kpn_uplink, memory: &mut Memory, input: &mut Input<'_>) {
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
                one_call(uplink, input);
            }
        }
    }
    memory.check(&span);
}
