// SPDX-License-Identifier: MIT OR Apache-2.0
//! The memory of an object and its buffer, and whether what was handed out lies in it.

use std::ffi::{CStr, c_char};

use kpn_things::ffi::span::kpn_span;

use super::CAP;

pub const CANARY: u8 = 0xA5;
pub const MARGIN: usize = 32;

/// An object and its buffer, canaries around both.
pub struct Memory {
    pub object: Vec<u64>,
    pub buffer: Vec<u8>,
    pub size: usize,
    pub shift: usize,
}

impl Memory {
    pub fn new(size: usize) -> Self {
        let words = (size + 2 * MARGIN).div_ceil(8) + 1;
        Self {
            object: vec![u64::from_ne_bytes([CANARY; 8]); words],
            buffer: vec![CANARY; CAP + 2 * MARGIN],
            size,
            shift: 0,
        }
    }

    pub fn object<T>(&mut self) -> *mut T {
        let start: *mut u8 = self.object.as_mut_ptr().cast();
        start.wrapping_add(MARGIN + self.shift).cast()
    }

    pub fn bytes(&mut self) -> &mut [u8] {
        let len = 8 * self.object.len();
        unsafe { std::slice::from_raw_parts_mut(self.object.as_mut_ptr().cast(), len) }
    }

    pub fn buffer(&mut self) -> *mut u8 {
        self.buffer[MARGIN..].as_mut_ptr()
    }

    pub fn is_whole(&mut self) -> bool {
        let (shift, size) = (self.shift, self.size);
        let is_canary = |bytes: &[u8]| bytes.iter().all(|&byte| byte == CANARY);
        let bytes = self.bytes();
        is_canary(&bytes[..MARGIN + shift])
            && is_canary(&bytes[MARGIN + shift + size..])
            && is_canary(&self.buffer[..MARGIN])
            && is_canary(&self.buffer[MARGIN + CAP..])
    }

    /// A span that was handed out is in the buffer, or is NULL as in a message that was only measured.
    pub fn check(&mut self, span: &kpn_span) {
        if span.len > 0 && !span.ptr.is_null() {
            let start = span.ptr.addr().wrapping_sub(self.buffer().addr());
            assert!(
                start <= CAP && span.len <= CAP - start,
                "a span from elsewhere"
            );
        }
    }

    /// A text that was handed out ends, in the object, in the buffer or in constant memory.
    pub fn check_text(&mut self, text: *const c_char) {
        if text.is_null() {
            return;
        }
        let start = text.addr().wrapping_sub(self.object::<u8>().addr());
        if start < self.size {
            let (shift, size) = (self.shift, self.size);
            let bytes = &self.bytes()[MARGIN + shift..][start..size];
            assert!(bytes.contains(&0), "a text without end");
        } else {
            let text = unsafe { CStr::from_ptr(text) };
            assert!(text.to_bytes().len() < 300);
        }
    }
}
