// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMS downlinks: whether one comes from the platform, when the platform tries again, and which on and off times of a device miss none. The
//! contents of an SMS are up to the application; a SenML pack is read like any other downlink.
//!
//! KPN documentation, "SMS downlink". Its retry times add up to 49 h 5 min although an SMS is said to be discarded after
//! 48 h: here no attempt happens after 48 h. Times are whole seconds since the platform's first attempt.
#![forbid(unsafe_code)]

use crate::error::{Error, Result};

/// The sender that a device sees; the plus sign may be left out.
pub const SENDER: &[u8; 5] = b"+5277";

/// Seconds after which the platform discards an SMS that it could not deliver.
pub const EXPIRES: u32 = 48 * 3600;

/// Minutes from the platform's first attempt to each of its attempts while the device is not on the network: every minute for 5 minutes,
/// every 10 minutes for an hour, every hour for 12 hours, then every 4 hours until [`EXPIRES`].
#[rustfmt::skip]
pub const ATTEMPT_MINUTES: [u16; 32] = [
    0,
    1, 2, 3, 4, 5,
    15, 25, 35, 45, 55, 65,
    125, 185, 245, 305, 365, 425, 485, 545, 605, 665, 725, 785,
    1025, 1265, 1505, 1745, 1985, 2225, 2465, 2705,
];

/// Whether an SMS with this sender comes from the platform: `5277` or `+5277`, spaces anywhere.
pub fn is_from_platform(sender: &[u8]) -> bool {
    let mut at: usize = 0;
    for &byte in sender {
        if byte == b' ' {
            continue;
        }
        if at == 0 && byte != b'+' {
            at = 1;
        }
        if SENDER.get(at) != Some(&byte) {
            return false;
        }
        at += 1;
    }
    at == SENDER.len()
}

/// The times of all attempts in order, in seconds, the first one being 0.
pub fn attempts() -> impl Iterator<Item = u32> {
    ATTEMPT_MINUTES
        .iter()
        .map(|&minutes| u32::from(minutes) * 60)
}

/// The time of the first attempt later than `elapsed`; `None` if the SMS is discarded without another attempt.
///
/// Both in seconds since the platform's first attempt, so the next attempt is their difference away.
pub fn next_retry(elapsed: u32) -> Option<u32> {
    attempts().find(|&at| at > elapsed)
}

/// What becomes of an SMS to a device with regular on times.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Plan {
    /// How many of `period` equally likely phases lose the SMS. 0: every SMS arrives.
    pub missed: u32,
    /// Seconds from the first attempt to delivery, in the worst phase that does not lose it.
    pub worst: u32,
}

/// Determines whether every SMS reaches a device that is on the network for `on` seconds in every `period` seconds.
///
/// When the on times begin, relative to the platform's first attempt, is unknown: the result covers every phase, in whole seconds or not.
/// The device receives an SMS from the second in which an on time begins until just before the second in which it ends: `on` seconds, the
/// first included, the end excluded. `on` counts from the moment when the network knows that the device is there; from `period` upwards the
/// device is always on.
///
/// Fails with [`Error::INVALID_ARGUMENT`] if `on` or `period` is 0.
pub fn plan(on: u32, period: u32) -> Result<Plan> {
    if on == 0 || period == 0 {
        return Err(Error::INVALID_ARGUMENT);
    }
    Ok(Walk::of(on, period).plan)
}

/// The fewest seconds that a device must be on in every `period` seconds for every SMS to arrive.
///
/// Fails with [`Error::INVALID_ARGUMENT`] if `period` is 0.
pub fn shortest_on(period: u32) -> Result<u32> {
    if period == 0 {
        return Err(Error::INVALID_ARGUMENT);
    }
    Ok(Walk::of(0, period).longest)
}

/// `value` modulo `divisor`; 0 for 0.
fn remainder(value: u32, divisor: u32) -> u32 {
    if cfg!(kpn_no_division) {
        remainder_by_bits(value, divisor)
    } else {
        value.checked_rem(divisor).unwrap_or_default()
    }
}

/// Bit by bit, since the library's division takes 266 bytes on a core without a divide instruction.
fn remainder_by_bits(mut value: u32, divisor: u32) -> u32 {
    if divisor == 0 {
        return 0;
    }
    let mut multiple = divisor;
    // At most 32 rounds each, one for each bit.
    while multiple <= value >> 1 {
        multiple <<= 1;
    }
    while multiple >= divisor {
        if value >= multiple {
            value -= multiple;
        }
        multiple >>= 1;
    }
    value
}

/// Above every end, since an end is less than the period.
const NONE: u32 = u32::MAX;

/// All attempts, on a circle as long as the period.
///
/// Let the phase be the moment at which on times begin. An attempt at `t` succeeds in the phases from `t − on` (excluded) to `t`
/// (included): an arc of `on` seconds that ends at `t`, modulo the period. All arcs are equally long, so each gap from one end to the next
/// leaves uncovered what it is longer than `on`. All ends are whole seconds, so counting those is enough. Takes twice 32 times 32 rounds,
/// however long the times are.
struct Walk {
    plan: Plan,
    /// In the end, the longest gap.
    longest: u32,
}

impl Walk {
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    fn of(on: u32, period: u32) -> Self {
        // In ascending order, with `NONE` after the last. 128 bytes, so that the division for each end is done only once.
        let mut ends = [NONE; ATTEMPT_MINUTES.len()];
        let mut walk = Self {
            plan: Plan {
                missed: period,
                worst: 0,
            },
            longest: 0,
        };
        for at in attempts() {
            let mut carried = remainder(at, period);
            for end in &mut ends {
                if carried < *end {
                    core::mem::swap(&mut carried, end);
                }
            }
            // From the last end to the first, which comes round again one period later. The sum may wrap, but the difference is right all
            // the same.
            let [first, ..] = ends;
            let mut next = first.wrapping_add(period);
            let mut missed: u32 = 0;
            let mut longest = 0;
            for &end in ends.iter().rev() {
                if end == NONE {
                    continue;
                }
                let gap = next.wrapping_sub(end);
                // All gaps add up to one period.
                missed += gap.saturating_sub(on);
                longest = longest.max(gap);
                next = end;
            }
            walk.longest = longest;
            if missed < walk.plan.missed {
                walk.plan = Plan { missed, worst: at };
            }
        }
        walk
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn remainders_by_bits_are_those_by_division() {
        for value in [0, 1, 2, 59, 60, 61, 3600, 604_800, u32::MAX - 1, u32::MAX] {
            for divisor in [0, 1, 2, 3, 60, 86_400, 604_799, 1 << 31, u32::MAX] {
                let expected = value.checked_rem(divisor).unwrap_or(0);
                assert_eq!(remainder_by_bits(value, divisor), expected);
                assert_eq!(remainder(value, divisor), expected);
            }
        }
    }

    #[test]
    fn knows_the_platform_by_its_number() {
        for sender in ["5277", "+5277", " 5277", "+52 77 ", " + 5277"] {
            assert!(is_from_platform(sender.as_bytes()), "{sender:?}");
        }
        for sender in [
            "",
            "+",
            "527",
            "52770",
            "++5277",
            "5277+",
            "05277",
            "+315277",
            "5278",
            "5277\n",
            "\u{ff15}277",
        ] {
            assert!(!is_from_platform(sender.as_bytes()), "{sender:?}");
        }
    }

    #[test]
    fn attempts_are_those_of_the_documentation_up_to_48_hours() {
        let hour = 3600;
        let rows = [
            (60, 300),
            (600, hour),
            (hour, 12 * hour),
            (4 * hour, 36 * hour),
        ];
        let mut times = std::vec![0];
        let mut at = 0;
        for (every, during) in rows {
            for _ in 0..during / every {
                at += every;
                times.push(at);
            }
        }
        // Without the limit of 48 h there would be one more.
        assert_eq!(times.pop(), Some(49 * hour + 300));
        assert!(times.iter().all(|&at| at <= EXPIRES));
        assert_eq!(attempts().collect::<Vec<u32>>(), times);
    }

    #[test]
    fn the_next_retry_is_the_first_one_later() {
        let times: Vec<u32> = attempts().collect();
        for elapsed in 0..EXPIRES + 10 {
            let later = times.iter().copied().find(|&at| at > elapsed);
            assert_eq!(next_retry(elapsed), later);
        }
        assert_eq!(next_retry(0), Some(60));
        assert_eq!(next_retry(60), Some(120));
        assert_eq!(next_retry(162_299), Some(162_300));
        assert_eq!(next_retry(162_300), None);
        assert_eq!(next_retry(u32::MAX), None);
    }

    #[test]
    fn nothing_is_planned_without_on_time_or_period() {
        for (on, period) in [(0, 60), (60, 0), (0, 0)] {
            assert_eq!(plan(on, period), Err(Error::INVALID_ARGUMENT));
        }
        assert_eq!(shortest_on(0), Err(Error::INVALID_ARGUMENT));
    }
}
