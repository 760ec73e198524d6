// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the random tests share: their settings, choices, and how to repeat a case that failed.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::std_instead_of_core,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

use fastrand::Rng;

/// A number from the environment: `KPN_SEED` or `KPN_CASES`.
pub fn setting(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).map_or(otherwise, |text| text.parse().unwrap())
}

/// Says how to repeat a case if it fails before this is dropped: each case has its own seed.
pub struct Blame(pub u64);

impl Drop for Blame {
    fn drop(&mut self) {
        if std::thread::panicking() {
            eprintln!("again with KPN_SEED={} KPN_CASES=1", self.0);
        }
    }
}

/// One of several choices.
pub fn pick<T: Clone>(random: &mut Rng, choices: &[T]) -> T {
    random.choice(choices).unwrap().clone()
}

/// Whether something that happens once in so many times happens now.
pub fn one_in(random: &mut Rng, times: u32) -> bool {
    random.u32(..times) == 0
}
