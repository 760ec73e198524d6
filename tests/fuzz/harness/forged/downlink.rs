// SPDX-License-Identifier: MIT OR Apache-2.0
//! Downlinks and their records.

use std::mem::{MaybeUninit, offset_of};
use std::ops::Range;
use std::ptr;

use kpn_things::ffi::downlink::*;
use kpn_things::ffi::firmware::announce::*;
use kpn_things::ffi::firmware::*;
use kpn_things::ffi::record::number::*;
use kpn_things::ffi::record::*;
use kpn_things::ffi::span::kpn_span;

use super::super::input::Input;
use super::super::status::OK;
use super::memory::Memory;
use super::{CAP, URN};

pub const PACK: &[u8] =
    br#"[{"bn":"urn:dev:x:","bt":1.7e9,"n":"a","v":20.5,"u":"Cel"},{"n":"b","vs":"t\u00e9xt"},{"n":"c","vd":"AAEC"}]"#;

pub fn begin(downlink: *mut kpn_downlink, buffer: *mut u8, input: &mut Input<'_>) {
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

pub fn call(downlink: *mut kpn_downlink, memory: &mut Memory, input: &mut Input<'_>) {
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
pub const RECORD_KEPT: Range<usize> =
    0..(offset_of!(kpn_record, has_update_time) + 1).next_multiple_of(8) + 16;

pub fn begin_record(record: *mut kpn_record, buffer: *mut u8, input: &mut Input<'_>) {
    let mut downlink = MaybeUninit::uninit();
    begin(downlink.as_mut_ptr(), buffer, input);
    let next = unsafe { kpn_downlink_next(downlink.as_mut_ptr(), record) };
    assert_eq!(next, OK);
}

pub fn call_record(record: *mut kpn_record, _: &mut Memory, input: &mut Input<'_>) {
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
