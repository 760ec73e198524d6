// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON text that is already in a buffer, against `serde_json`: accepted if it is JSON, and then sent without white space.

use std::mem::MaybeUninit;
use std::ptr;

use kpn_things::ffi::span::kpn_span;
use kpn_things::ffi::uplink::finish::{
    kpn_uplink_finish, kpn_uplink_finish_unsigned, kpn_uplink_missing,
};
use kpn_things::ffi::uplink::{KPN_ENDPOINT_INTERNET, kpn_uplink, kpn_uplink_begin_with_body};
use serde_json::Value;

use super::calls::SECRETS;
use super::input::Input;
use super::request;
use super::status::{ERR_BUFFER_FULL, ERR_JSON_DEPTH, OK};

const MARGIN: usize = 16;
const CANARY: u8 = 0xA5;
const DEPTH: usize = 32;

pub fn run(input: &[u8]) {
    let (text, mut choices) = Input::behind_text(input);
    let offset = match choices.u8() {
        0 => 400,
        len => usize::from(len),
    };
    let behind = usize::from(choices.u8());
    let is_signed = choices.bool();
    let mut adopted = Adopted::begin(text, offset, behind);
    let kept = &adopted.memory[MARGIN + offset..][..text.len()];
    if adopted.status != OK {
        assert_eq!(kept, text, "a text that is refused is as it was");
    }
    match adopted.status {
        OK => {
            check_json(text);
            let secret = is_signed.then_some(SECRETS[0]);
            let request = adopted.finish(is_signed);
            assert_eq!(request::body(&request, secret), stripped(text));
        }
        ERR_BUFFER_FULL => check_missing(text, offset, behind, adopted.missing()),
        ERR_JSON_DEPTH => assert!(brackets(text) > DEPTH),
        _ => assert!(!is_json(text)),
    }
    let (front, rest) = adopted.memory.split_at(MARGIN);
    let mut around = front.iter().chain(&rest[adopted.cap..]);
    assert!(around.all(|&byte| byte == CANARY));
}

struct Adopted {
    object: Box<MaybeUninit<kpn_uplink>>,
    memory: Vec<u8>,
    cap: usize,
    status: i32,
}

impl Adopted {
    fn begin(text: &[u8], offset: usize, behind: usize) -> Self {
        let cap = offset + text.len() + behind;
        let mut memory = vec![CANARY; cap + 2 * MARGIN];
        memory[MARGIN + offset..][..text.len()].copy_from_slice(text);
        let mut object = Box::new(MaybeUninit::uninit());
        let buffer = memory[MARGIN..].as_mut_ptr();
        // SAFETY: object and memory are on the heap, where they stay; the buffer has this capacity.
        let status = unsafe {
            kpn_uplink_begin_with_body(
                object.as_mut_ptr(),
                buffer,
                cap,
                KPN_ENDPOINT_INTERNET,
                offset,
                text.len(),
            )
        };
        Self {
            object,
            memory,
            cap,
            status,
        }
    }

    fn missing(&self) -> usize {
        // SAFETY: given to `begin`, which began it or found no room.
        unsafe { kpn_uplink_missing(self.object.as_ptr()) }
    }

    fn finish(&mut self, is_signed: bool) -> Vec<u8> {
        let mut span = kpn_span {
            ptr: ptr::null_mut(),
            len: 0,
        };
        let secret = std::ffi::CString::new(SECRETS[0]).unwrap();
        let uplink = self.object.as_mut_ptr();
        let status = if is_signed {
            // SAFETY: begun, and the secret ends in a NUL.
            unsafe { kpn_uplink_finish(uplink, secret.as_ptr(), &raw mut span) }
        } else {
            // SAFETY: begun.
            unsafe { kpn_uplink_finish_unsigned(uplink, &raw mut span) }
        };
        assert_eq!(status, OK);
        let start = span.ptr.addr() - self.memory.as_ptr().addr();
        assert!(start >= MARGIN && start + span.len <= MARGIN + self.cap);
        self.memory[start..start + span.len].to_vec()
    }
}

/// Exactly this many bytes were missing in front.
fn check_missing(text: &[u8], offset: usize, behind: usize, missing: usize) {
    assert!(missing > 0);
    let with = |offset| Adopted::begin(text, offset, behind).status;
    assert_ne!(with(offset + missing), ERR_BUFFER_FULL);
    assert_eq!(with(offset + missing - 1), ERR_BUFFER_FULL);
}

fn check_json(text: &[u8]) {
    assert!(serde_json::from_slice::<serde::de::IgnoredAny>(text).is_ok());
    if let Ok(value) = serde_json::from_slice::<Value>(text) {
        assert!(depth(&value) <= DEPTH);
    }
}

/// Whether another parser accepts it. It also refuses numbers beyond a double, which are JSON.
fn is_json(text: &[u8]) -> bool {
    serde_json::from_slice::<Value>(text).is_ok()
}

fn depth(value: &Value) -> usize {
    match value {
        Value::Array(items) => 1 + items.iter().map(depth).max().unwrap_or(0),
        Value::Object(members) => 1 + members.values().map(depth).max().unwrap_or(0),
        _ => 0,
    }
}

fn brackets(text: &[u8]) -> usize {
    text.iter().filter(|byte| b"[{".contains(byte)).count()
}

/// The text without the white space outside strings.
fn stripped(text: &[u8]) -> Vec<u8> {
    let (mut is_string, mut is_escaped) = (false, false);
    let mut kept = text.to_vec();
    kept.retain(|&byte| {
        let keep = is_string || !b" \t\r\n".contains(&byte);
        is_string ^= byte == b'"' && !is_escaped;
        is_escaped = is_string && byte == b'\\' && !is_escaped;
        keep
    });
    kept
}
