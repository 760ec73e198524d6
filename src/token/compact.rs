//! SHA-256 compression (FIPS 180-4 section 6.2.2) for cores where flash and stack are dearer than cycles.
//!
//! Why not the rounds that `sha2` 0.11 has for this (`sha2_backend_soft = "compact"`): with them a block takes a token 4,035 instructions
//! on a Cortex-M3, with these 3,472, in 50 bytes more; on thumbv6m these are 130 bytes smaller. The schedule is extended sixteen words at
//! a time, outside of the rounds.
#![forbid(unsafe_code)]

use core::cell::Cell;

use super::BLOCK;

const WORDS: usize = 16;
/// Words of sums: eight, and room for those that come up where `rounds` works in memory.
const SUMS: usize = if cfg!(kpn_eight_registers) {
    8 + WORDS
} else {
    8
};

/// What the rounds work on. The sums in front: so they are within reach of a short load.
#[repr(C)]
struct Work {
    /// The last of the eight words first.
    sums: [u32; SUMS],
    /// Sixteen words of the message schedule, and room for those that follow.
    words: [u32; 2 * WORDS],
}

/// The round constants, FIPS 180-4 section 4.2.2.
const ROUNDS: [[u32; WORDS]; 4] = [
    [
        0x428a_2f98,
        0x7137_4491,
        0xb5c0_fbcf,
        0xe9b5_dba5,
        0x3956_c25b,
        0x59f1_11f1,
        0x923f_82a4,
        0xab1c_5ed5,
        0xd807_aa98,
        0x1283_5b01,
        0x2431_85be,
        0x550c_7dc3,
        0x72be_5d74,
        0x80de_b1fe,
        0x9bdc_06a7,
        0xc19b_f174,
    ],
    [
        0xe49b_69c1,
        0xefbe_4786,
        0x0fc1_9dc6,
        0x240c_a1cc,
        0x2de9_2c6f,
        0x4a74_84aa,
        0x5cb0_a9dc,
        0x76f9_88da,
        0x983e_5152,
        0xa831_c66d,
        0xb003_27c8,
        0xbf59_7fc7,
        0xc6e0_0bf3,
        0xd5a7_9147,
        0x06ca_6351,
        0x1429_2967,
    ],
    [
        0x27b7_0a85,
        0x2e1b_2138,
        0x4d2c_6dfc,
        0x5338_0d13,
        0x650a_7354,
        0x766a_0abb,
        0x81c2_c92e,
        0x9272_2c85,
        0xa2bf_e8a1,
        0xa81a_664b,
        0xc24b_8b70,
        0xc76c_51a3,
        0xd192_e819,
        0xd699_0624,
        0xf40e_3585,
        0x106a_a070,
    ],
    [
        0x19a4_c116,
        0x1e37_6c08,
        0x2748_774c,
        0x34b0_bcb5,
        0x391c_0cb3,
        0x4ed8_aa4a,
        0x5b9c_ca4f,
        0x682e_6ff3,
        0x748f_82ee,
        0x78a5_636f,
        0x84c8_7814,
        0x8cc7_0208,
        0x90be_fffa,
        0xa450_6ceb,
        0xbef9_a3f7,
        0xc671_78f2,
    ],
];

/// Takes a block into the hash value.
pub fn compress(state: &mut [u32; 8], block: &[u8; BLOCK]) {
    let mut work = Work {
        sums: [0; SUMS],
        words: [0; 2 * WORDS],
    };
    for (word, bytes) in work.words.iter_mut().zip(block.as_chunks().0) {
        *word = u32::from_be_bytes(*bytes);
    }
    for (sum, word) in work.sums.iter_mut().zip(state.iter().rev()) {
        *sum = *word;
    }
    let mut passes = ROUNDS.iter();
    while let Some(constants) = passes.next() {
        rounds(&mut work, constants);
        if passes.len() > 0 {
            extend(&mut work.words);
        }
    }
    for (word, sum) in state.iter_mut().rev().zip(&work.sums) {
        *word = word.wrapping_add(*sum);
    }
}

/// Sixteen rounds, four in a row.
#[cfg(not(kpn_eight_registers))]
#[inline(never)]
fn rounds(work: &mut Work, constants: &[u32; WORDS]) {
    let [mut h, mut g, mut f, mut e, mut d, mut c, mut b, mut a] = work.sums;
    let mut b_or_c = b ^ c;
    let fours = constants
        .as_chunks::<4>()
        .0
        .iter()
        .zip(work.words.as_chunks::<4>().0);
    for (constants, words) in fours {
        macro_rules! round {
            ($a:ident $b:ident $d:ident $e:ident $f:ident $g:ident $h:ident $at:literal) => {
                let sum = $h
                    .wrapping_add(turn($e, [14, 5, 6]))
                    .wrapping_add(($f ^ $g) & $e ^ $g)
                    .wrapping_add(constants[$at])
                    .wrapping_add(words[$at]);
                let a_or_b = $a ^ $b;
                $d = $d.wrapping_add(sum);
                $h = sum
                    .wrapping_add(turn($a, [9, 11, 2]))
                    .wrapping_add(a_or_b & b_or_c ^ $b);
                b_or_c = a_or_b;
            };
        }
        round!(a b d e f g h 0);
        round!(h a c d e f g 1);
        round!(g h b c d e f 2);
        round!(f g a b c d e 3);
        (a, b, c, d, e, f, g, h) = (e, f, g, h, a, b, c, d);
    }
    work.sums = [h, g, f, e, d, c, b, a];
}

/// Sixteen rounds in memory, for the registers do not hold the eight words.
///
/// What a round shifts by one place stays where it is: the words of the next one begin a place behind those of this one.
#[cfg(kpn_eight_registers)]
#[inline(never)]
fn rounds(work: &mut Work, constants: &[u32; WORDS]) {
    let cells = Cell::from_mut(&mut work.sums).as_array_of_cells();
    for ((window, constant), word) in cells.array_windows().zip(constants).zip(&work.words) {
        let [h, g, f, e, d, c, b, a, new] = window;
        let sum = lower([h.get(), g.get(), f.get(), e.get()], *constant, *word);
        d.set(d.get().wrapping_add(sum));
        new.set(sum.wrapping_add(upper([c.get(), b.get(), a.get()])));
    }
    work.sums.copy_within(WORDS.., 0);
}

#[cfg(kpn_eight_registers)]
/// The first sum of a round, T1 in the standard.
fn lower([h, g, f, e]: [u32; 4], constant: u32, word: u32) -> u32 {
    h.wrapping_add(turn(e, [14, 5, 6]))
        .wrapping_add((e & f) ^ (!e & g))
        .wrapping_add(constant)
        .wrapping_add(word)
}

#[cfg(kpn_eight_registers)]
/// The second sum of a round, T2 in the standard.
fn upper([c, b, a]: [u32; 3]) -> u32 {
    turn(a, [9, 11, 2]).wrapping_add((a & b) | ((a | b) & c))
}

/// The sum of three turns: by the first of the distances and the two behind it, by the second and the one behind it, and by the third.
fn turn(word: u32, [first, second, third]: [u32; 3]) -> u32 {
    let two = word.rotate_right(first) ^ word;
    (two.rotate_right(second) ^ word).rotate_right(third)
}

/// Replaces the first sixteen words of the message schedule by the sixteen that follow.
///
/// Each is also written behind them, where the later ones look for it: no index goes around.
#[inline(never)]
fn extend(schedule: &mut [u32; 2 * WORDS]) {
    let words = Cell::from_mut(schedule).as_array_of_cells();
    for window in words.array_windows() {
        let [
            old,
            near,
            _,
            _,
            _,
            _,
            _,
            _,
            _,
            middle,
            _,
            _,
            _,
            _,
            far,
            _,
            new,
        ] = window;
        let (near, far) = (near.get(), far.get());
        let next = old
            .get()
            .wrapping_add(near.rotate_right(7) ^ near.rotate_right(18) ^ (near >> 3))
            .wrapping_add(middle.get())
            .wrapping_add(far.rotate_right(17) ^ far.rotate_right(19) ^ (far >> 10));
        old.set(next);
        new.set(next);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    #[test]
    fn agrees_with_sha2_on_many_blocks() {
        let mut value = 1_u32;
        let mut bytes = || {
            value = value.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            value.to_be_bytes()[0]
        };
        let blocks: Vec<[u8; BLOCK]> = (0..200)
            .map(|_| core::array::from_fn(|_| bytes()))
            .collect();
        let mut ours = [0; 8];
        let mut theirs = [0; 8];
        for blocks in blocks.chunks(7) {
            for block in blocks {
                compress(&mut ours, block);
            }
            sha2::block_api::compress256(&mut theirs, blocks);
            assert_eq!(ours, theirs);
        }
    }
}
