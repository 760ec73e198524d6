// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMS: the sender in both forms, and plans that agree whatever the times.

use std::ffi::CString;

use kpn_things::ffi::sms::{
    kpn_sms_is_from_platform, kpn_sms_is_from_platform_n, kpn_sms_next_retry,
};

use super::drivers::sms::{attempts, plan, shortest_on};
use super::input::Input;

pub fn run(input: &[u8]) {
    let (sender, mut choices) = Input::behind_text(input);
    let expected: Vec<u8> = sender
        .iter()
        .copied()
        .filter(|&byte| byte != b' ')
        .collect();
    let expected = matches!(expected.as_slice(), b"5277" | b"+5277");
    // SAFETY: the sender has this length.
    let found = unsafe { kpn_sms_is_from_platform_n(sender.as_ptr().cast(), sender.len()) };
    assert_eq!(found, expected);
    if let Ok(sender) = CString::new(sender) {
        // SAFETY: it ends in a NUL.
        let found = unsafe { kpn_sms_is_from_platform(sender.as_ptr()) };
        assert_eq!(found, expected);
    }

    let elapsed = choices.wide() as u32;
    let next = attempts().into_iter().find(|&at| at > elapsed);
    assert_eq!(kpn_sms_next_retry(elapsed), next.unwrap_or(0));

    let period = (choices.wide() as u32).max(1);
    let on = (choices.wide() as u32).max(1);
    let (shortest, result) = (shortest_on(period), plan(on, period));
    assert!((1..=period).contains(&shortest));
    assert_eq!(result.missed == 0, on >= shortest, "{on} of {period}");
    assert!(result.missed < period || period == 1);
}
