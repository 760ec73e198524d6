// SPDX-License-Identifier: MIT OR Apache-2.0
//! When to try again, and whether.

use crate::things::outcome::Outcome;
use crate::things::retry;

/// Milliseconds to wait before trying again: exponential back-off with full jitter.
///
/// A random time from 0 to a limit, which is `base_ms` after the first failure and doubles with each further one, up to `max_ms`. Devices
/// that failed together therefore do not return together. The server's Retry-After is added in full. RFC 9110 section 10.2.3.
///
/// ~~~{.c}
/// uint32_t failures = 0; // 0 again after each success
///
/// if (kpn_outcome_may_retry(kpn_response_outcome(&response))) {
///     failures++; // the first wait is up to 1 second, the longest up to 1 hour
///     sleep_ms(kpn_retry_delay_ms(failures, random32(), 1000, 3600000, kpn_response_retry_after(&response)));
/// }
/// ~~~
///
/// @param[in] failures       Attempts that failed in a row: 1 after the first. 0 counts as 1.
/// @param[in] random         32 random bits, new ones for each call. They need not be secret, but must differ between devices.
/// @param[in] base_ms        Longest wait after the first failure.
/// @param[in] max_ms         Longest wait after any number of failures.
/// @param[in] retry_after_s  Seconds, from `kpn_response_retry_after` or `kpn_firmware_retry_after`; 0 for none.
///
/// @return Milliseconds; `UINT32_MAX` (49 days) for anything longer.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_retry_delay_ms(
    failures: u32,
    random: u32,
    base_ms: u32,
    max_ms: u32,
    retry_after_s: u32,
) -> u32 {
    retry::delay_ms(failures, random, base_ms, max_ms, retry_after_s)
}

/// Whether the same request may be sent again unchanged.
///
/// Any other failure would repeat itself: change the message, the secret or the registration first. If no complete response came
/// (`KPN_OUTCOME_NONE`), you may send the message again, but it may have been accepted already: give its records a time, so that the
/// platform can see that the measurements are the same.
///
/// @param[in] outcome  From `kpn_response_outcome`.
///
/// @return true for `KPN_OUTCOME_RETRY_LATER` only.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_outcome_may_retry(outcome: i32) -> bool {
    Outcome::from_code(outcome).is_some_and(Outcome::may_retry)
}
