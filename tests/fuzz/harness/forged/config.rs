// SPDX-License-Identifier: MIT OR Apache-2.0
//! Configurations.

use std::mem::MaybeUninit;
use std::ptr;

use kpn_things::ffi::config::access::*;
use kpn_things::ffi::config::*;
use kpn_things::ffi::response::*;
use kpn_things::ffi::uplink::add::*;
use kpn_things::ffi::uplink::configured::*;

use super::super::input::Input;
use super::super::status::OK;
use super::NO_SPAN;
use super::memory::Memory;

pub const CONFIG: &str = r#"{"urn":"urn:dev:IMEI:490154203237518:","secret":"0123456789abcdefghijklmnopqrstuvwxyzABCD","endpoint":"m2m"}"#;

pub fn begin(config: *mut kpn_config, _: *mut u8, _: &mut Input<'_>) {
    let text = CONFIG.as_ptr().cast();
    let loaded = unsafe { kpn_config_load(config, text, CONFIG.len(), ptr::null_mut()) };
    assert_eq!(loaded, OK);
}

pub fn call(config: *mut kpn_config, memory: &mut Memory, input: &mut Input<'_>) {
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

pub unsafe fn begin_response_of(response: *mut kpn_response, own: &mut [u8]) {
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
