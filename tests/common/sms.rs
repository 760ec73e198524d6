// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C functions about SMS downlinks.

use core::mem::MaybeUninit;

use kpn_things::ffi::sms::{
    kpn_sms_delivery, kpn_sms_next_retry, kpn_sms_plan, kpn_sms_shortest_on,
};
use kpn_things::ffi::status::OK;

/// What becomes of an SMS to a device with regular on times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// Phases that lose the SMS.
    pub missed: u32,
    /// Seconds to delivery at worst.
    pub worst: u32,
}

/// Times of all attempts, in seconds.
pub fn attempts() -> Vec<u32> {
    let next = |&at: &u32| Some(kpn_sms_next_retry(at)).filter(|&next| next > 0);
    core::iter::successors(Some(0), next).collect()
}

pub fn plan(on: u32, period: u32) -> Plan {
    let mut delivery = MaybeUninit::<kpn_sms_delivery>::uninit();
    // SAFETY: memory for the result.
    let status = unsafe { kpn_sms_plan(on, period, delivery.as_mut_ptr()) };
    assert_eq!(status, OK);
    // SAFETY: written on success.
    let kpn_sms_delivery { missed, worst } = unsafe { delivery.assume_init() };
    Plan { missed, worst }
}

pub fn shortest_on(period: u32) -> u32 {
    kpn_sms_shortest_on(period)
}
