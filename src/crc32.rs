// SPDX-License-Identifier: MIT OR Apache-2.0
//! CRC-32 as in zlib, Ethernet and the `Digest` of a firmware part: polynomial 0xEDB88320 reflected, initial value and
//! final inversion all ones.
//!
//! Four bits at a time, with a table of 64 bytes: 12 instructions per byte on a Cortex-M3, where one bit at a time takes 70. `crc32fast`
//! has tables of 16 KB, the crate `crc` at its smallest 1.3 KB.
#![forbid(unsafe_code)]

/// The remainder of a single one bit.
const POLYNOMIAL: u32 = 0xEDB8_8320;

/// The remainders of all values of four bits.
static REMAINDERS: [u32; 16] = remainders();

#[expect(
    clippy::indexing_slicing,
    reason = "the compiler runs it, and would say so"
)]
const fn remainders() -> [u32; 16] {
    let mut table = [0; 16];
    // Entry 8, a single one bit, is the polynomial itself; each entry before it is the next one, shifted.
    let mut remainder = POLYNOMIAL;
    let mut bit = 8;
    while bit > 0 {
        // All values whose lowest set bit is this one; the values without it are done already.
        let mut value = 0;
        while value < 16 {
            table[value + bit] = table[value] ^ remainder;
            value += 2 * bit;
        }
        remainder = remainder >> 1 ^ if remainder & 1 == 0 { 0 } else { POLYNOMIAL };
        bit /= 2;
    }
    table
}

/// The CRC of some bytes followed by `bytes`, given the CRC of the former; the CRC of no bytes is 0.
#[inline(never)]
pub fn update(crc: u32, bytes: &[u8]) -> u32 {
    let mut state = !crc;
    for &byte in bytes {
        state = shift_out_four(shift_out_four(state ^ u32::from(byte)));
    }
    !state
}

fn shift_out_four(state: u32) -> u32 {
    let [low, ..] = state.to_le_bytes();
    let remainder = REMAINDERS.get(usize::from(low & 15));
    state >> 4 ^ remainder.copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_has_the_remainders_of_a_division_bit_by_bit() {
        let table = remainders();
        assert_eq!(table, REMAINDERS);
        for (mut value, remainder) in (0..).zip(table) {
            for _ in 0..4 {
                let is_odd = value & 1 == 1;
                value >>= 1;
                if is_odd {
                    value ^= POLYNOMIAL;
                }
            }
            assert_eq!(value, remainder);
        }
    }

    #[test]
    fn the_check_value_and_the_part_of_the_protocol() {
        assert_eq!(update(0, b""), 0);
        assert_eq!(update(0, b"123456789"), 0xCBF4_3926);
        let part = b"Lorem ipsum dolor sit amet, consectetur adipiscing elit. Praesent et pharetra velit. Donec sed \
            magna dui. Etiam augue dui, accumsan ac lacus vel, sollicitudin finibus augue. Phasellus fermentum sem \
            mauris, ut feugiat lorem mollis eu. In hac habitasse plate";
        assert_eq!(part.len(), 256);
        assert_eq!(update(0, part), 0x710B_BD48);
        for split in 0..=part.len() {
            let (front, back) = part.split_at(split);
            assert_eq!(update(update(0, front), back), 0x710B_BD48);
        }
    }
}
