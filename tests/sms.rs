// SPDX-License-Identifier: MIT OR Apache-2.0
//! The planner of on and off times, against trying every phase one by one.
#![allow(
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/sms.rs"]
mod driver;

use driver::{Plan, attempts, plan, shortest_on};

/// Seconds after which the platform discards an SMS.
const EXPIRES: u32 = 48 * 3600;

/// An on time begins at `phase`; the device is on at `at` if less than `on` seconds have passed since.
fn is_on(at: u32, on: u32, period: u32, phase: u32) -> bool {
    (u64::from(at) + u64::from(period) - u64::from(phase)) % u64::from(period) < u64::from(on)
}

fn try_every_phase(on: u32, period: u32) -> Plan {
    let times = attempts();
    let mut tried = Plan {
        missed: 0,
        worst: 0,
    };
    for phase in 0..period {
        match times.iter().find(|&&at| is_on(at, on, period, phase)) {
            Some(&at) => tried.worst = tried.worst.max(at),
            None => tried.missed += 1,
        }
    }
    tried
}

#[test]
fn agrees_with_every_phase_of_all_short_cycles() {
    for period in 1..=130 {
        for on in 1..=period + 1 {
            assert_eq!(
                plan(on, period),
                try_every_phase(on, period),
                "{on} of {period}"
            );
        }
    }
}

#[test]
fn agrees_with_every_phase_of_longer_cycles() {
    for period in [
        299, 300, 301, 599, 600, 601, 900, 1021, 3599, 3600, 3601, 3900, 7200, 14_399, 14_400,
        14_401, 20_011, 43_200, 86_400, 100_003, 172_800, 172_801, 200_000,
    ] {
        let shortest = shortest_on(period);
        for on in [
            1,
            30,
            60,
            61,
            601,
            period / 3 + 1,
            shortest - 1,
            shortest,
            shortest + 1,
        ] {
            if (1..=period).contains(&on) {
                assert_eq!(
                    plan(on, period),
                    try_every_phase(on, period),
                    "{on} of {period}"
                );
            }
        }
    }
}

#[test]
fn the_shortest_on_time_misses_none_and_one_second_less_does() {
    for period in (1..4000).chain((4000..400_000).step_by(997)) {
        let on = shortest_on(period);
        assert!(on <= period);
        assert_eq!(plan(on, period).missed, 0);
        if on > 1 {
            assert!(plan(on - 1, period).missed > 0);
        }
    }
}

#[test]
fn a_device_that_is_always_on_takes_the_first_attempt() {
    for (on, period) in [
        (1, 1),
        (60, 60),
        (61, 60),
        (u32::MAX, 1),
        (u32::MAX, u32::MAX),
    ] {
        assert_eq!(
            plan(on, period),
            Plan {
                missed: 0,
                worst: 0
            }
        );
    }
}

#[test]
fn periods_longer_than_two_days_lose_what_arrives_in_between() {
    let period = 10 * EXPIRES;
    let plan = plan(60, period);
    // The first six attempts make five minutes and one on time; each of the other 26 catches one on time.
    assert_eq!(plan.missed, period - (5 * 60 + 60) - 26 * 60);
    assert_eq!(plan.worst, 162_300);
    assert_eq!(shortest_on(u32::MAX), u32::MAX - 162_300);
}

#[test]
fn more_time_on_the_network_never_harms() {
    for period in [61, 600, 3601, 14_400] {
        let mut before = plan(1, period);
        for on in 2..=period {
            let now = plan(on, period);
            assert!(now.missed <= before.missed, "{on} of {period}");
            if before.missed == 0 {
                assert!(now.worst <= before.worst, "{on} of {period}");
            }
            before = now;
        }
    }
}
