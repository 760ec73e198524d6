// SPDX-License-Identifier: MIT OR Apache-2.0
//! A serial line in one direction, with its faults.

use crate::options::{Fault, Harm};
use crate::random::Random;

/// What is between the two ends of a cable.
#[derive(Debug)]
pub struct Line {
    faults: Vec<Fault>,
    noise: u64,
    random: Random,
    count: u64,
    cut: bool,
}

impl Line {
    /// `noise`: one byte in this many is damaged; 0 for none.
    #[must_use]
    pub fn new(faults: &[Fault], noise: u64, seed: u64) -> Self {
        Self {
            faults: faults.to_vec(),
            noise,
            random: Random::new(seed),
            count: 0,
            cut: false,
        }
    }

    /// How many bytes have gone in so far.
    #[must_use]
    pub const fn count(&self) -> u64 {
        self.count
    }

    /// What arrives when a byte is sent.
    pub fn carry(&mut self, byte: u8) -> impl Iterator<Item = u8> + use<> {
        let mut arriving = (byte, 1);
        let at = self.count;
        self.count += 1;
        for fault in self.faults.iter().filter(|fault| fault.at == at) {
            arriving = harmed(fault.harm, byte);
            self.cut |= fault.harm == Harm::Cut;
        }
        if self.noise > 0 && self.random.below(self.noise) == 0 {
            let harm = match self.random.below(3) {
                0 => Harm::Lose,
                1 => Harm::Double,
                _ => Harm::Flip(1 << self.random.below(8)),
            };
            arriving = harmed(harm, byte);
        }
        if self.cut {
            arriving.1 = 0;
        }
        std::iter::repeat_n(arriving.0, arriving.1)
    }
}

const fn harmed(harm: Harm, byte: u8) -> (u8, usize) {
    match harm {
        Harm::Lose | Harm::Cut => (byte, 0),
        Harm::Double => (byte, 2),
        Harm::Flip(bits) => (byte ^ bits, 1),
    }
}
