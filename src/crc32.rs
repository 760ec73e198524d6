//! CRC-32 as in zlib, Ethernet and the `Digest` of a firmware part: polynomial 0xEDB88320 reflected, initial value and
//! final inversion all ones.
//!
//! Four bits at a time, 128 bytes on thumbv6m with its table, 15 instructions per byte. Measured beside it, same target
//! and `opt-level = "s"`: bit by bit 48 bytes and some 60 instructions per byte; the crate `crc` 3.4 402 bytes without
//! table and 1.3 KB with its smallest; `crc32fast` has tables of 16 KB.
#![forbid(unsafe_code)]

/// Remainders of the 16 values of four bits.
const TABLE: [u32; 16] = [
    0x0000_0000,
    0x1DB7_1064,
    0x3B6E_20C8,
    0x26D9_30AC,
    0x76DC_4190,
    0x6B6B_51F4,
    0x4DB2_6158,
    0x5005_713C,
    0xEDB8_8320,
    0xF00F_9344,
    0xD6D6_A3E8,
    0xCB61_B38C,
    0x9B64_C2B0,
    0x86D3_D2D4,
    0xA00A_E278,
    0xBDBD_F21C,
];

/// The CRC of some bytes followed by `bytes`, from the CRC of the former; that of no bytes is 0.
#[inline(never)]
pub fn update(crc: u32, bytes: &[u8]) -> u32 {
    let mut state = !crc;
    for &byte in bytes {
        state ^= u32::from(byte);
        state = step(step(state));
    }
    !state
}

/// Takes four bits.
fn step(state: u32) -> u32 {
    let low = state & 15;
    let remainder = usize::try_from(low)
        .ok()
        .and_then(|index| TABLE.get(index))
        .copied()
        .unwrap_or_default();
    (state >> 4) ^ remainder
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn the_table_follows_from_the_polynomial() {
        for (value, &entry) in (0_u32..).zip(&TABLE) {
            let remainder = (0..4).fold(value, |rest, _| {
                (rest >> 1) ^ if rest & 1 == 1 { 0xEDB8_8320 } else { 0 }
            });
            assert_eq!(entry, remainder);
        }
    }
}
