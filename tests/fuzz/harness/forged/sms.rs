// SPDX-License-Identifier: MIT OR Apache-2.0
//! Texts in pieces.

use kpn_things::ffi::pieces::*;

use super::super::input::Input;
use super::super::status::OK;
use super::memory::Memory;
use super::{CAP, NO_SPAN};

pub fn begin(pieces: *mut kpn_pieces, buffer: *mut u8, input: &mut Input<'_>) {
    let max = usize::from(input.u8()) + 1;
    assert_eq!(unsafe { kpn_pieces_begin(pieces, buffer, CAP, max) }, OK);
}

pub fn call(pieces: *mut kpn_pieces, memory: &mut Memory, input: &mut Input<'_>) {
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
