//! When to try again, and whether.

use crate::things::outcome::Outcome;
use crate::things::retry;

/// Milliseconds to wait before trying again: exponential with full jitter.
///
/// Evenly spread from 0 up to `base_ms` after the first failure, twice as much after each following one, and `max_ms` at most, so that
/// devices which failed together do not come back together. The server's Retry-After is added as a whole: it is never too early.
/// RFC 9110 section 10.2.3.
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
/// @param[in] failures       Attempts that failed in a row, 1 after the first.
/// @param[in] random         32 evenly distributed random bits, new ones for each call. Need not be secret, but must differ between devices.
/// @param[in] base_ms        Longest wait after the first failure, in milliseconds.
/// @param[in] max_ms         Longest wait after any number of failures, in milliseconds.
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
/// Every other failure would only repeat itself: change the message, the secret or the registration first. When no complete response came
/// (`KPN_OUTCOME_NONE`) the message may be sent again too, but it may have been accepted already: give its records a time, so
/// that the platform sees the same measurements twice rather than more of them.
///
/// @param[in] outcome  From `kpn_response_outcome`.
///
/// @return true for `KPN_OUTCOME_RETRY_LATER` only.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_outcome_may_retry(outcome: i32) -> bool {
    Outcome::from_code(outcome).is_some_and(Outcome::may_retry)
}
