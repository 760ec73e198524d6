// SPDX-License-Identifier: MIT OR Apache-2.0
//! SHA-256 compression (FIPS 180-4 section 6.2.2) for bare metal, where the rounds of `sha2` are either slow or 6.5 KB larger.
//!
//! A pass is sixteen rounds; between two passes the schedule is extended by sixteen words. There are two ways for each, of which a target
//! has one: the number of registers decides for the rounds, the feature `fast-sha` for the schedule. On a Cortex-M3 a block takes 2,760
//! instructions; with `fast-sha` it takes 2,550, for 500 bytes more. Sixteen rounds in a row would save another 40 for 900 bytes.
#![forbid(unsafe_code)]
#![expect(
    clippy::many_single_char_names,
    reason = "the variables have the names of FIPS 180-4"
)]

#[cfg(any(test, kpn_eight_registers, not(feature = "fast-sha")))]
use core::cell::Cell;

use super::BLOCK;

const WORDS: usize = 16;

/// Words of variables: eight, plus room for the new ones of `pass_in_memory`.
const PLACES: usize = if cfg!(any(test, kpn_eight_registers)) {
    8 + WORDS
} else {
    8
};

/// The eight working variables, `h` first.
type Variables = [u32; PLACES];

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

/// Compresses whole blocks into the hash value.
pub fn compress(state: &mut [u32; 8], blocks: &[[u8; BLOCK]]) {
    #[cfg(not(feature = "fast-sha"))]
    use extend_by_twos as extend;
    #[cfg(feature = "fast-sha")]
    use extend_unrolled as extend;
    #[cfg(not(kpn_eight_registers))]
    use pass_by_fours as pass;
    #[cfg(kpn_eight_registers)]
    use pass_in_memory as pass;
    compress_by(pass, extend, state, blocks);
}

#[inline]
fn compress_by(
    pass: impl Fn(&mut Variables, &[u32; WORDS], &[u32; WORDS]),
    extend: impl Fn(&mut [u32; 2 * WORDS]),
    state: &mut [u32; 8],
    blocks: &[[u8; BLOCK]],
) {
    // 128 bytes: sixteen words of the message schedule, and room for those that follow.
    let mut words = [0; 2 * WORDS];
    for block in blocks {
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let mut variables = [0; PLACES];
        if let Some(first) = variables.first_chunk_mut() {
            load(first, state);
        }
        let mut passes = ROUNDS.iter();
        while let Some(constants) = passes.next() {
            if let Some(words) = words.first_chunk() {
                pass(&mut variables, constants, words);
            }
            if passes.len() > 0 {
                extend(&mut words);
            }
        }
        if let Some(first) = variables.first_chunk() {
            add(state, first);
        }
    }
}

/// Takes the hash value as variables.
fn load(variables: &mut [u32; 8], state: &[u32; 8]) {
    if cfg!(kpn_eight_registers) {
        for (variable, word) in variables.iter_mut().zip(state.iter().rev()) {
            *variable = *word;
        }
    } else {
        *variables = reversed(*state);
    }
}

/// Adds the variables to the hash value.
fn add(state: &mut [u32; 8], variables: &[u32; 8]) {
    if cfg!(kpn_eight_registers) {
        for (word, variable) in state.iter_mut().zip(variables.iter().rev()) {
            *word = word.wrapping_add(*variable);
        }
    } else {
        for (word, variable) in state.iter_mut().zip(reversed(*variables)) {
            *word = word.wrapping_add(variable);
        }
    }
}

/// By name and not in a loop, so that they need not be in memory.
fn reversed([a, b, c, d, e, f, g, h]: [u32; 8]) -> [u32; 8] {
    [h, g, f, e, d, c, b, a]
}

/// One round on named variables. Instead of moving all variables by one place, the next round gets their names in another order.
///
/// `$ab` is `a ^ b`. The round before, whose `a` was this `b`, left it as `$bc`.
#[cfg(any(test, not(kpn_eight_registers)))]
macro_rules! round {
    ($bc:ident, $a:ident $b:ident $d:ident $e:ident $f:ident $g:ident $h:ident, $constant:expr, $word:expr) => {
        let first = $h
            .wrapping_add(turn($e, [14, 5, 6]))
            .wrapping_add(($f ^ $g) & $e ^ $g)
            .wrapping_add($constant)
            .wrapping_add($word);
        let ab = $a ^ $b;
        $d = $d.wrapping_add(first);
        $h = first
            .wrapping_add(turn($a, [9, 11, 2]))
            .wrapping_add(ab & $bc ^ $b);
        $bc = ab;
    };
}

/// Four rounds per turn of a loop, where the eight variables fit in registers. More rounds in a row are hardly faster.
// Inlined, so that the variables stay in registers from pass to pass.
#[cfg(any(test, not(kpn_eight_registers)))]
#[inline]
fn pass_by_fours(variables: &mut Variables, constants: &[u32; WORDS], words: &[u32; WORDS]) {
    let [mut h, mut g, mut f, mut e, mut d, mut c, mut b, mut a, ..] = *variables;
    let mut bc = b ^ c;
    let fours = constants.as_chunks().0.iter().zip(words.as_chunks().0);
    for (&[k0, k1, k2, k3], &[w0, w1, w2, w3]) in fours {
        round!(bc, a b d e f g h, k0, w0);
        round!(bc, h a c d e f g, k1, w1);
        round!(bc, g h b c d e f, k2, w2);
        round!(bc, f g a b c d e, k3, w3);
        (a, b, c, d, e, f, g, h) = (e, f, g, h, a, b, c, d);
    }
    if let Some(first) = variables.first_chunk_mut() {
        *first = [h, g, f, e, d, c, b, a];
    }
}

/// One round at a time in memory, for targets whose registers cannot hold the eight variables.
///
/// Nothing is moved: the variables of the next round begin one place after those of this one.
#[cfg(any(test, kpn_eight_registers))]
#[inline(never)]
fn pass_in_memory(variables: &mut Variables, constants: &[u32; WORDS], words: &[u32; WORDS]) {
    let cells = Cell::from_mut(variables).as_array_of_cells();
    for ((window, constant), word) in cells.array_windows().zip(constants).zip(words) {
        let [h, g, f, e, d, c, b, a, new] = window;
        let first = first_sum([h.get(), g.get(), f.get(), e.get()], *constant, *word);
        d.set(d.get().wrapping_add(first));
        new.set(first.wrapping_add(second_sum([c.get(), b.get(), a.get()])));
    }
    variables.copy_within(WORDS.., 0);
}

/// The first sum of a round, T1 in the standard.
#[cfg(any(test, kpn_eight_registers))]
fn first_sum([h, g, f, e]: [u32; 4], constant: u32, word: u32) -> u32 {
    h.wrapping_add(turn(e, [14, 5, 6]))
        .wrapping_add((e & f) ^ (!e & g))
        .wrapping_add(constant)
        .wrapping_add(word)
}

/// The second sum of a round, T2 in the standard.
#[cfg(any(test, kpn_eight_registers))]
fn second_sum([c, b, a]: [u32; 3]) -> u32 {
    turn(a, [9, 11, 2]).wrapping_add((a & b) | ((a | b) & c))
}

/// The exclusive or of three rotations: by the sum of all three distances, by the sum of the last two, and by the last.
fn turn(word: u32, [first, second, third]: [u32; 3]) -> u32 {
    let two = word.rotate_right(first) ^ word;
    (two.rotate_right(second) ^ word).rotate_right(third)
}

/// Replaces the first sixteen words of the message schedule by the sixteen that follow, two at a time.
///
/// Each is also written after the sixteen, where later words look for it, so no index wraps around.
#[cfg(any(test, not(feature = "fast-sha")))]
#[inline(never)]
fn extend_by_twos(schedule: &mut [u32; 2 * WORDS]) {
    let words = Cell::from_mut(schedule).as_array_of_cells();
    for window in words.as_chunks::<2>().0.array_windows() {
        let [
            [old, next_old],
            [far, _],
            _,
            _,
            [_, middle],
            [next_middle, _],
            _,
            [near, next_near],
            [new, next_new],
        ] = window;
        let word = old
            .get()
            .wrapping_add(small_0(next_old.get()))
            .wrapping_add(middle.get())
            .wrapping_add(small_1(near.get()));
        let next_word = next_old
            .get()
            .wrapping_add(small_0(far.get()))
            .wrapping_add(next_middle.get())
            .wrapping_add(small_1(next_near.get()));
        old.set(word);
        next_old.set(next_word);
        new.set(word);
        next_new.set(next_word);
    }
}

/// The same unrolled, where indexes that wrap around cost nothing.
#[cfg(any(test, feature = "fast-sha"))]
#[inline(never)]
fn extend_unrolled(w: &mut [u32; 2 * WORDS]) {
    macro_rules! replace {
        ($($at:literal)*) => {$(
            w[$at] = w[$at]
                .wrapping_add(small_0(w[($at + 1) % WORDS]))
                .wrapping_add(w[($at + 9) % WORDS])
                .wrapping_add(small_1(w[($at + 14) % WORDS]));
        )*};
    }
    replace!(0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15);
}

/// FIPS 180-4, formula 4.6.
fn small_0(word: u32) -> u32 {
    word.rotate_right(7) ^ word.rotate_right(18) ^ (word >> 3)
}

/// FIPS 180-4, formula 4.7.
fn small_1(word: u32) -> u32 {
    word.rotate_right(17) ^ word.rotate_right(19) ^ (word >> 10)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec::Vec;

    /// All ways to run a pass, whichever this target has, on random values and blocks.
    #[test]
    fn agrees_with_sha2_on_random_blocks() {
        let seed = std::env::var("KPN_SEED").ok();
        let seed = seed.and_then(|text| text.parse().ok()).unwrap_or(0x5A2);
        std::println!("KPN_SEED={seed}");
        let mut random = fastrand::Rng::with_seed(seed);
        for _ in 0..100_000 {
            let before: [u32; 8] = core::array::from_fn(|_| random.u32(..));
            let blocks: Vec<[u8; BLOCK]> = (0..random.usize(..4))
                .map(|_| core::array::from_fn(|_| random.u8(..)))
                .collect();
            let mut theirs = before;
            sha2::block_api::compress256(&mut theirs, &blocks);
            for pass in [pass_by_fours, pass_in_memory] {
                for extend in [extend_by_twos, extend_unrolled] {
                    let mut ours = before;
                    compress_by(pass, extend, &mut ours, &blocks);
                    assert_eq!(ours, theirs);
                }
            }
            let mut ours = before;
            compress(&mut ours, &blocks);
            assert_eq!(ours, theirs);
        }
    }
}
