//! SHA-256 compression (FIPS 180-4 section 6.2.2) for bare metal, where the rounds of `sha2` are either slow or 6.5 KB larger.
//!
//! A pass is sixteen rounds; three ways to run it, of which a target has one. The schedule is extended between them, sixteen words at a time.
#![forbid(unsafe_code)]

use core::cell::Cell;

use super::BLOCK;

const WORDS: usize = 16;

/// The eight working variables, `a` first.
type Variables = [u32; 8];

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

/// Takes whole blocks into the hash value.
pub fn compress(state: &mut Variables, blocks: &[[u8; BLOCK]]) {
    #[cfg(kpn_eight_registers)]
    compress_by(pass_in_memory, state, blocks);
    #[cfg(not(any(kpn_eight_registers, feature = "fast-sha")))]
    compress_by(pass_by_fours, state, blocks);
    #[cfg(all(not(kpn_eight_registers), feature = "fast-sha"))]
    compress_by(pass_unrolled, state, blocks);
}

fn compress_by(
    pass: impl Fn(&mut Variables, &[u32; WORDS], &[u32; WORDS]),
    state: &mut Variables,
    blocks: &[[u8; BLOCK]],
) {
    // 160 bytes in all: the variables, sixteen words of the message schedule, and room for those that follow.
    let mut words = [0; 2 * WORDS];
    for block in blocks {
        for (word, bytes) in words.iter_mut().zip(block.as_chunks().0) {
            *word = u32::from_be_bytes(*bytes);
        }
        let mut variables = *state;
        let mut passes = ROUNDS.iter();
        while let Some(constants) = passes.next() {
            if let Some(words) = words.first_chunk() {
                pass(&mut variables, constants, words);
            }
            if passes.len() > 0 {
                extend(&mut words);
            }
        }
        for (word, variable) in state.iter_mut().zip(variables) {
            *word = word.wrapping_add(variable);
        }
    }
}

/// One round on variables by name. Instead of moving all by one place, the next round is given the names moved.
///
/// `$ab` is `a ^ b`, which the round before has left, when its `a` was this `b`, as `$bc`.
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

/// Four rounds per turn of a loop: the smallest where the eight variables fit in registers, and nearly as fast as more.
#[cfg(any(test, not(any(kpn_eight_registers, feature = "fast-sha"))))]
#[inline(never)]
fn pass_by_fours(variables: &mut Variables, constants: &[u32; WORDS], words: &[u32; WORDS]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *variables;
    let mut bc = b ^ c;
    let fours = constants.as_chunks().0.iter().zip(words.as_chunks().0);
    for (&[k0, k1, k2, k3], &[w0, w1, w2, w3]) in fours {
        round!(bc, a b d e f g h, k0, w0);
        round!(bc, h a c d e f g, k1, w1);
        round!(bc, g h b c d e f, k2, w2);
        round!(bc, f g a b c d e, k3, w3);
        (a, b, c, d, e, f, g, h) = (e, f, g, h, a, b, c, d);
    }
    *variables = [a, b, c, d, e, f, g, h];
}

/// All sixteen in a row: after eight the names are where they were.
#[cfg(any(test, all(not(kpn_eight_registers), feature = "fast-sha")))]
#[inline(never)]
fn pass_unrolled(variables: &mut Variables, constants: &[u32; WORDS], words: &[u32; WORDS]) {
    let [mut a, mut b, mut c, mut d, mut e, mut f, mut g, mut h] = *variables;
    let mut bc = b ^ c;
    let [
        k0,
        k1,
        k2,
        k3,
        k4,
        k5,
        k6,
        k7,
        k8,
        k9,
        k10,
        k11,
        k12,
        k13,
        k14,
        k15,
    ] = constants;
    let [
        w0,
        w1,
        w2,
        w3,
        w4,
        w5,
        w6,
        w7,
        w8,
        w9,
        w10,
        w11,
        w12,
        w13,
        w14,
        w15,
    ] = words;
    round!(bc, a b d e f g h, *k0, *w0);
    round!(bc, h a c d e f g, *k1, *w1);
    round!(bc, g h b c d e f, *k2, *w2);
    round!(bc, f g a b c d e, *k3, *w3);
    round!(bc, e f h a b c d, *k4, *w4);
    round!(bc, d e g h a b c, *k5, *w5);
    round!(bc, c d f g h a b, *k6, *w6);
    round!(bc, b c e f g h a, *k7, *w7);
    round!(bc, a b d e f g h, *k8, *w8);
    round!(bc, h a c d e f g, *k9, *w9);
    round!(bc, g h b c d e f, *k10, *w10);
    round!(bc, f g a b c d e, *k11, *w11);
    round!(bc, e f h a b c d, *k12, *w12);
    round!(bc, d e g h a b c, *k13, *w13);
    round!(bc, c d f g h a b, *k14, *w14);
    round!(bc, b c e f g h a, *k15, *w15);
    // The last round leaves it for one that does not follow.
    let _ = bc;
    *variables = [a, b, c, d, e, f, g, h];
}

/// One at a time in memory, where the registers do not hold the eight variables.
///
/// What a round moves by one place stays where it is: the variables of the next one begin a place behind those of this one.
#[cfg(any(test, kpn_eight_registers))]
#[inline(never)]
fn pass_in_memory(variables: &mut Variables, constants: &[u32; WORDS], words: &[u32; WORDS]) {
    // 96 bytes: `h` first, and room for those that come up.
    let mut places = [0; 8 + WORDS];
    for (place, variable) in places.iter_mut().zip(variables.iter().rev()) {
        *place = *variable;
    }
    let cells = Cell::from_mut(&mut places).as_array_of_cells();
    for ((window, constant), word) in cells.array_windows().zip(constants).zip(words) {
        let [h, g, f, e, d, c, b, a, new] = window;
        let first = first_sum([h.get(), g.get(), f.get(), e.get()], *constant, *word);
        d.set(d.get().wrapping_add(first));
        new.set(first.wrapping_add(second_sum([c.get(), b.get(), a.get()])));
    }
    for (variable, place) in variables.iter_mut().zip(places.iter().rev()) {
        *variable = *place;
    }
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

/// The sum of three turns: by the first of the distances and the two behind it, by the second and the one behind it, and by the third.
fn turn(word: u32, [first, second, third]: [u32; 3]) -> u32 {
    let two = word.rotate_right(first) ^ word;
    (two.rotate_right(second) ^ word).rotate_right(third)
}

/// Replaces the first sixteen words of the message schedule by the sixteen that follow, two at a time.
///
/// Each is also written behind them, where the later ones look for it: no index goes around.
#[inline(never)]
fn extend(schedule: &mut [u32; 2 * WORDS]) {
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
            let before: Variables = core::array::from_fn(|_| random.u32(..));
            let blocks: Vec<[u8; BLOCK]> = (0..random.usize(..4))
                .map(|_| core::array::from_fn(|_| random.u8(..)))
                .collect();
            let mut theirs = before;
            sha2::block_api::compress256(&mut theirs, &blocks);
            for pass in [pass_by_fours, pass_unrolled, pass_in_memory] {
                let mut ours = before;
                compress_by(pass, &mut ours, &blocks);
                assert_eq!(ours, theirs);
            }
            let mut ours = before;
            compress(&mut ours, &blocks);
            assert_eq!(ours, theirs);
        }
    }
}
