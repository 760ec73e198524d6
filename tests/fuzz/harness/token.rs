// SPDX-License-Identifier: MIT OR Apache-2.0
//! A token over bytes in any pieces, against `sha2`; and the same bytes handed out in pieces.

use std::mem::MaybeUninit;

use kpn_things::ffi::pieces::{kpn_pieces, kpn_pieces_begin, kpn_pieces_next, kpn_pieces_next_hex};
use kpn_things::ffi::span::kpn_span;
use sha2::{Digest, Sha256};

use super::calls::SECRETS;
use super::drivers::token::{Token, compare};
use super::input::Input;
use super::status::{END, ERR_SECRET, ERR_STATE, ERR_TOKEN_MISMATCH, OK};

pub fn run(input: &[u8]) {
    let (bytes, mut choices) = Input::behind_text(input);
    let piece_max = usize::from(choices.u8()) + 1;
    let hex_cap = usize::from(choices.u8()) + 3;
    let other = choices.bytes(120);

    let mut token = Token::new();
    let mut rest = bytes;
    while !rest.is_empty() {
        let len = match choices.u8() {
            0 => rest.len(),
            len => usize::from(len).min(rest.len()),
        };
        let (piece, behind) = rest.split_at(len);
        assert_eq!(token.update(piece), OK);
        rest = behind;
    }
    let is_secret =
        (30..=100).contains(&other.len()) && other.iter().all(u8::is_ascii_alphanumeric);
    let secret = if is_secret {
        other
    } else {
        assert_eq!(token.finish(other), Err(ERR_SECRET));
        SECRETS[0].as_bytes()
    };
    let found = token.finish(secret).unwrap();
    assert_eq!(
        found,
        hex(&Sha256::digest([bytes, secret].concat())).to_lowercase()
    );
    assert_eq!(token.update(b"x"), ERR_STATE);

    let mut damaged = found.clone().into_bytes();
    let at = usize::from(choices.u8()) % damaged.len();
    damaged[at] ^= choices.u8() & 1;
    let damaged = String::from_utf8(damaged).unwrap();
    let expected = if damaged == found {
        OK
    } else {
        ERR_TOKEN_MISMATCH
    };
    assert_eq!(compare(&found, &damaged), expected);

    pieces(bytes, piece_max, hex_cap);
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02X}")).collect()
}

fn pieces(bytes: &[u8], max: usize, cap: usize) {
    let mut object = MaybeUninit::<kpn_pieces>::uninit();
    let pieces = object.as_mut_ptr();
    // SAFETY: the bytes have this length and stay.
    let begin = || unsafe { kpn_pieces_begin(pieces, bytes.as_ptr(), bytes.len(), max) };
    assert_eq!(begin(), OK);
    let mut taken = 0;
    loop {
        let mut span = MaybeUninit::<kpn_span>::uninit();
        // SAFETY: begun; memory for one span.
        match unsafe { kpn_pieces_next(pieces, span.as_mut_ptr()) } {
            OK => {}
            end => break assert_eq!(end, END),
        }
        // SAFETY: written.
        let span = unsafe { span.assume_init() };
        assert_eq!(span.ptr.addr(), bytes.as_ptr().addr() + taken);
        assert!((1..=max).contains(&span.len));
        taken += span.len;
    }
    assert_eq!(taken, bytes.len());

    assert_eq!(begin(), OK);
    let mut all = String::new();
    loop {
        let (mut memory, mut len) = (vec![0x5A_u8; cap + 1], 0);
        let text = memory.as_mut_ptr().cast();
        // SAFETY: begun; there are more than `cap` bytes.
        match unsafe { kpn_pieces_next_hex(pieces, text, cap, &raw mut len) } {
            OK => {}
            end => break assert_eq!(end, END),
        }
        assert!((1..=max).contains(&len) && 2 * len < cap && memory[cap] == 0x5A);
        assert_eq!(memory[2 * len], 0);
        memory.truncate(2 * len);
        all += &String::from_utf8(memory).unwrap();
    }
    assert_eq!(all, hex(bytes));
}
