// SPDX-License-Identifier: MIT OR Apache-2.0
//! A response in two splits: both give the same result, whatever came.

use std::ffi::CStr;

use kpn_things::ffi::response::kpn_outcome_text;
use kpn_things::ffi::retry::{kpn_outcome_may_retry, kpn_retry_delay_ms};

use super::drivers::response::{Response, Seen, read};
use super::input::Input;
use super::status;

pub fn run(input: &[u8]) {
    let (text, mut choices) = Input::behind_text(input);
    let capacity = match choices.u8() {
        0 => 700,
        len => usize::from(len) - 1,
    };
    let mut response = Response::begin(capacity);
    let whole = read(&mut response, [text]);
    // SAFETY: NUL-terminated text in constant memory.
    let advice = unsafe { CStr::from_ptr(kpn_outcome_text(whole.outcome)) };
    assert!(!advice.is_empty());
    if whole.result != status::OK {
        assert!(!whole.keep_alive);
        assert_eq!(whole.outcome, 0, "no outcome without a response");
    }
    if let Ok(body) = &whole.body {
        assert!(body.len() <= capacity && body.len() <= text.len());
    }
    response.restart();
    let parts = read(&mut response, split(text, choices));
    assert_eq!(whole, parts);
    check_delay(&whole, text.len());
}

/// Pieces of the lengths that the input says, and then of single bytes.
fn split<'a>(mut text: &'a [u8], mut choices: Input<'_>) -> Vec<&'a [u8]> {
    let mut pieces = Vec::new();
    while !text.is_empty() {
        let len = if choices.is_empty() {
            1
        } else {
            usize::from(choices.u8())
        };
        let (piece, rest) = text.split_at(len.min(text.len()));
        pieces.push(piece);
        text = rest;
    }
    pieces
}

/// The wait that follows is never shorter than what the server asked for.
fn check_delay(seen: &Seen, seed: usize) {
    if kpn_outcome_may_retry(seen.outcome) {
        let wait = kpn_retry_delay_ms(seed as u32, seed as u32, 1000, 3_600_000, seen.retry_after);
        let asked = u64::from(seen.retry_after) * 1000;
        assert!(u64::from(wait) >= asked.min(u64::from(u32::MAX)));
    }
}
