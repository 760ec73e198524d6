// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMS downlinks: the sender, the platform's retry times, and whether a power cycle misses one.

use core::ffi::c_char;

use super::ptr;
use super::status::{kpn_status, status};
use crate::error::Result;
use crate::things::sms;

/// How often the platform tries to deliver an SMS; see `kpn_sms_attempt_minutes`.
pub const KPN_SMS_ATTEMPTS: usize = 32;
/// Seconds after the first attempt at which the platform gives up.
pub const KPN_SMS_EXPIRES: u32 = 172_800;

const _: () = assert!(KPN_SMS_ATTEMPTS == sms::ATTEMPT_MINUTES.len());
const _: () = assert!(KPN_SMS_EXPIRES == sms::EXPIRES);

static ATTEMPT_MINUTES: [u16; KPN_SMS_ATTEMPTS] = sms::ATTEMPT_MINUTES;

/// Whether SMS reach a device that is switched on at regular times, and how late. 8 bytes.
///
/// ~~~{.c}
/// kpn_sms_delivery delivery;
///
/// // On for 10 minutes in every 6 hours: does every SMS arrive, and after how long at worst?
/// if (kpn_sms_plan(600, 6 * 3600, &delivery) == KPN_OK && delivery.missed == 0) {
///     printf("at most %u minutes late\n", (unsigned)(delivery.worst / 60));
/// } else {
///     printf("stay on for %u seconds\n", (unsigned)kpn_sms_shortest_on(6 * 3600));
/// }
/// ~~~
#[derive(Clone, Copy)]
#[repr(C)]
pub struct kpn_sms_delivery {
    /// How many of the `period` equally likely phases, in seconds, lose the SMS; 0: every SMS arrives.
    pub missed: u32,
    /// Longest time from the platform's first attempt to delivery, in seconds.
    pub worst: u32,
}

/// Whether an SMS comes from the platform.
///
/// Its text is up to the application; read a SenML pack with `kpn_downlink_begin_bytes`.
/// KPN documentation, "SMS downlink".
///
/// @param[in] sender  NUL-terminated, as the modem gives it. Not kept.
///
/// @return true for `5277` and `+5277`, with any spaces; false otherwise.
///
/// # Safety
///
/// `sender` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_sms_is_from_platform(sender: *const c_char) -> bool {
    // SAFETY: the same contract.
    let sender = unsafe { ptr::text(sender, usize::MAX) };
    sender.is_ok_and(sms::is_from_platform)
}

/// Whether an SMS comes from the platform, given its sender with a length.
///
/// As `kpn_sms_is_from_platform`.
///
/// @param[in] sender      NULL when `sender_len` is 0. Not kept.
/// @param[in] sender_len  Bytes, without NUL.
///
/// @return true for `5277` and `+5277`, with any spaces; false otherwise.
///
/// # Safety
///
/// `sender` is NULL or points to `sender_len` initialised bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_sms_is_from_platform_n(
    sender: *const c_char,
    sender_len: usize,
) -> bool {
    // SAFETY: the same contract.
    let sender = unsafe { ptr::bytes(sender.cast(), sender_len) };
    sender.is_ok_and(sms::is_from_platform)
}

/// When the platform tries to deliver an SMS to a device that is not on the network.
///
/// Every minute for 5 minutes, every 10 minutes for an hour, every hour for 12 hours, then every 4 hours until `KPN_SMS_EXPIRES`. KPN
/// documentation, "SMS downlink".
///
/// @return `KPN_SMS_ATTEMPTS` times in minutes after the first attempt, ascending from 0, in constant memory.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_sms_attempt_minutes() -> *const u16 {
    ATTEMPT_MINUTES.as_ptr()
}

/// When the platform tries next.
///
/// @param[in] elapsed  Seconds since the platform's first attempt.
///
/// @return The next attempt after `elapsed`, in seconds since the first attempt; 0 if there is none.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_sms_next_retry(elapsed: u32) -> u32 {
    sms::next_retry(elapsed).unwrap_or(0)
}

/// Computes whether every SMS reaches a device that is on the network for `on` seconds in every `period` seconds, and how late.
///
/// The result is exact over all phases between the on times and the platform's first attempt. `on` counts from when the network knows that
/// the device is there; from `period` upwards the device is always on.
///
/// @param[in]  on            Seconds, at least 1.
/// @param[in]  period        Seconds, at least 1.
/// @param[out] out_delivery  Written only on success.
///
/// @retval KPN_OK                    `out_delivery` says what is missed and how late the others are.
/// @retval KPN_ERR_INVALID_ARGUMENT  `on` or `period` is 0, or `out_delivery` is NULL or misaligned.
///
/// # Safety
///
/// `out_delivery` is NULL or points to memory for one `kpn_sms_delivery` that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_sms_plan(
    on: u32,
    period: u32,
    out_delivery: *mut kpn_sms_delivery,
) -> kpn_status {
    let plan = || -> Result<()> {
        // SAFETY: the same contract.
        let out_delivery = unsafe { ptr::out(out_delivery) }?;
        let sms::Plan { missed, worst } = sms::plan(on, period)?;
        out_delivery.write(kpn_sms_delivery { missed, worst });
        Ok(())
    };
    status(plan())
}

/// The shortest time, in every `period` seconds, for which a device must be on to receive every SMS.
///
/// @param[in] period  Seconds, at least 1.
///
/// @return Seconds, at most `period`; 0 when `period` is 0.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_sms_shortest_on(period: u32) -> u32 {
    sms::shortest_on(period).unwrap_or(0)
}
