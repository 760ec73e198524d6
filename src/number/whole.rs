// SPDX-License-Identifier: MIT OR Apache-2.0
//! Decimal digits of a binary number, exactly.
//!
//! Exact writing and comparing needs some digits, from the first one on: the whole part of the number times a power of ten. Later digits
//! are in the whole part with a higher power; its lowest bits give as many of them as are wanted at a time.
#![forbid(unsafe_code)]

use super::bytes::{Divisor, multiply};

/// 1,024 bits, since no double has more before its point, plus the highest byte of a mantissa, which is then zero. The smallest doubles
/// have up to 768 bits after the point once their first digit is in the whole part, of which only the lowest 64 bits count.
const BYTES: usize = 129;

/// Twice the whole part of `mantissa` × 2^`twos` × 10^`tens`, plus one if there is a fraction. Of more than 64 bits, the lowest 64.
#[inline(never)]
pub fn whole(mantissa: u64, twos: i32, tens: i32) -> u64 {
    // The product is 2^`twos` × `mantissa` × 5^`tens`. The twos only move the point, except those that do not make a whole byte.
    let twos = twos + tens;
    let above = usize::try_from(twos >> 3).unwrap_or_default();
    let behind = usize::try_from(-(twos >> 3)).unwrap_or_default();
    let mut memory = [0; BYTES];
    // Each factor of five takes less than three bits.
    let growth = usize::try_from((tens * 3) >> 3).unwrap_or_default();
    let used = (above + growth + 9).min(BYTES);
    let number = memory.get_mut(..used).unwrap_or_default();
    if let Some(Some(to)) = number.get_mut(above..).map(<[u8]>::first_chunk_mut) {
        *to = mantissa.to_le_bytes();
    }
    multiply(number, 1 << (twos & 7), 0);
    let mut remainders = 0;
    let mut left = tens;
    while left > 0 {
        let (factor, count) = if left < 6 { (5, 1) } else { (15_625, 6) };
        multiply(number, factor, 0);
        left -= count;
    }
    while left < 0 {
        const FIVE: Divisor = Divisor::new(5);
        const FIVES: Divisor = Divisor::new(125);
        let (fives, count) = if left > -3 { (FIVE, 1) } else { (FIVES, 3) };
        remainders |= fives.divide(number);
        left += count;
    }
    let mut whole = 0;
    for (place, &byte) in number.iter().enumerate().rev() {
        if place < behind {
            remainders |= u32::from(byte);
        } else {
            whole = whole << 8 | u64::from(byte);
        }
    }
    whole << 1 | u64::from(remainders != 0)
}
