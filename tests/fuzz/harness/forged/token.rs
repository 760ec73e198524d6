// SPDX-License-Identifier: MIT OR Apache-2.0
//! Message tokens.

use kpn_things::ffi::token::*;

use super::super::input::Input;
use super::super::status::OK;
use super::SECRET;
use super::memory::Memory;

pub fn begin(token: *mut kpn_token, _: *mut u8, input: &mut Input<'_>) {
    let bytes = input.bytes(100);
    unsafe {
        assert_eq!(kpn_token_begin(token), OK);
        assert_eq!(kpn_token_update(token, bytes.as_ptr(), bytes.len()), OK);
    }
}

pub fn call(token: *mut kpn_token, _: &mut Memory, input: &mut Input<'_>) {
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
