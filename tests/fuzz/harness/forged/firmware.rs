// SPDX-License-Identifier: MIT OR Apache-2.0
//! Downloads of firmware.

use std::mem::MaybeUninit;
use std::ptr;

use kpn_things::ffi::downlink::*;
use kpn_things::ffi::firmware::announce::*;
use kpn_things::ffi::firmware::answer::*;
use kpn_things::ffi::firmware::image::*;
use kpn_things::ffi::firmware::request::*;
use kpn_things::ffi::firmware::*;

use super::super::input::Input;
use super::super::status::OK;
use super::downlink::PACK;
use super::memory::Memory;
use super::{CAP, URN};

pub fn begin(firmware: *mut kpn_firmware, buffer: *mut u8, input: &mut Input<'_>) {
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

pub fn call(firmware: *mut kpn_firmware, memory: &mut Memory, input: &mut Input<'_>) {
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
