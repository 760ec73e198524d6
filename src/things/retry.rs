// SPDX-License-Identifier: MIT OR Apache-2.0
//! How long a device waits before it tries again: exponential back-off with full jitter, so that devices that failed
//! together do not return together, and never earlier than the server asks (Retry-After, RFC 9110 section 10.2.3).
//!
//! [`crate::things::outcome::Outcome::may_retry`] says what must not be tried again unchanged, however long the wait.
#![forbid(unsafe_code)]

/// Milliseconds to wait before the next attempt.
///
/// `failures` is how many attempts have failed in a row, 1 after the first. The wait is spread evenly from 0 to
/// `base_ms` after the first failure, and to twice as much after each further one, up to `max_ms`; `random`, a number
/// of 32 evenly distributed bits, selects it. The seconds of Retry-After are added without a limit, since the server
/// means them. Saturates at `u32::MAX`, 49 days.
pub fn delay_ms(failures: u32, random: u32, base_ms: u32, max_ms: u32, retry_after_s: u32) -> u32 {
    let mut window = base_ms.min(max_ms);
    // At most 32 rounds, whatever `failures` is: one that is not 0 reaches any `max_ms` by then.
    for _ in 1..failures {
        if window == 0 || window >= max_ms {
            break;
        }
        window = window.saturating_mul(2).min(max_ms);
    }
    // The upper half of random × (window + 1): 0 to window, without division.
    let spread = (u64::from(random) * (u64::from(window) + 1)) >> 32;
    let spread = u32::try_from(spread).unwrap_or(window);
    retry_after_s.saturating_mul(1000).saturating_add(spread)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_doubles_up_to_its_bound() {
        for (failures, window) in [
            (0, 1000),
            (1, 1000),
            (2, 2000),
            (3, 4000),
            (6, 32_000),
            (7, 60_000),
            (8, 60_000),
            (u32::MAX, 60_000),
        ] {
            assert_eq!(delay_ms(failures, 0, 1000, 60_000, 0), 0);
            assert_eq!(delay_ms(failures, 1 << 31, 1000, 60_000, 0), window / 2);
            assert_eq!(delay_ms(failures, u32::MAX, 1000, 60_000, 0), window);
        }
    }

    #[test]
    fn every_delay_of_a_window_is_as_likely_as_any_other() {
        let mut counts = [0_u32; 8];
        for random in (0..=u32::MAX).step_by(1 << 16) {
            let delay = delay_ms(1, random, 7, 1000, 0);
            counts[usize::try_from(delay).unwrap()] += 1;
        }
        assert_eq!(counts, [8192; 8]);
    }

    #[test]
    fn never_earlier_than_the_server_asks() {
        for random in [0, 1, 12345, u32::MAX] {
            let delay = delay_ms(3, random, 500, 10_000, 120);
            assert!((120_000..=122_000).contains(&delay), "{delay}");
        }
        assert_eq!(delay_ms(1, 0, 500, 10_000, u32::MAX), u32::MAX);
        assert_eq!(delay_ms(1, u32::MAX, 1, 1, 4_294_967), 4_294_967_001);
    }

    #[test]
    fn extremes_do_not_overflow() {
        assert_eq!(delay_ms(9, u32::MAX, 0, u32::MAX, 0), 0);
        assert_eq!(delay_ms(9, u32::MAX, 5, 0, 0), 0);
        assert_eq!(delay_ms(40, u32::MAX, 3, u32::MAX, 0), u32::MAX);
        assert_eq!(delay_ms(1, u32::MAX, u32::MAX, u32::MAX, 1), u32::MAX);
    }
}
