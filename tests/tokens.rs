// SPDX-License-Identifier: MIT OR Apache-2.0
//! The message token through the C functions: KPN's examples, and `sha2`'s own digest as the oracle.
#![expect(
    clippy::unwrap_used,
    clippy::multiple_unsafe_ops_per_block,
    reason = "a test may panic; memory that cannot be read is made step by step"
)]

#[path = "common/token.rs"]
mod common;
#[path = "common/random.rs"]
mod random;

use common::status::{ERR_SECRET, ERR_STATE, ERR_TOKEN_MISMATCH, OK};
use common::{Token, compare};
use kpn_things::ffi::token::{KPN_SECRET_MAX, KPN_SECRET_MIN};
use random::setting;
use sha2::{Digest, Sha256};

/// Body, secret and token of each line of the list that the C tests also use.
fn vectors() -> Vec<[String; 3]> {
    let list = include_str!("vectors/token.inc");
    let lines = list
        .lines()
        .filter_map(|line| line.strip_prefix("TOKEN_VECTOR(")?.strip_suffix(')'));
    lines
        .map(|line| serde_json::from_str(&format!("[{line}]")).unwrap())
        .collect()
}

fn token(pieces: &[&[u8]], secret: &[u8]) -> String {
    let mut token = Token::new();
    for piece in pieces {
        assert_eq!(token.update(piece), OK);
    }
    token.finish(secret).unwrap()
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

fn oracle(body: &[u8], secret: &[u8]) -> String {
    hex(&Sha256::digest([body, secret].concat()))
}

#[test]
fn every_vector_gives_its_token_for_every_split() {
    let vectors = vectors();
    assert!(vectors.len() >= 3);
    for [body, secret, expected] in vectors {
        let (body, secret) = (body.as_bytes(), secret.as_bytes());
        assert_eq!(oracle(body, secret), expected);
        for split in 0..=body.len() {
            let (front, back) = body.split_at(split);
            assert_eq!(token(&[front, back], secret), expected, "split at {split}");
        }
        let single: Vec<&[u8]> = body.chunks(1).collect();
        assert_eq!(token(&single, secret), expected);
    }
}

#[test]
fn every_length_of_body_and_secret_agrees_with_the_digest() {
    let bytes: Vec<u8> = (0..=255_u8).cycle().take(300).collect();
    let secret = [b'k'; KPN_SECRET_MAX];
    for body_len in 0..bytes.len() {
        for secret_len in [KPN_SECRET_MIN, 31, 55, 56, 63, 64, 65, KPN_SECRET_MAX] {
            let (body, secret) = (&bytes[..body_len], &secret[..secret_len]);
            assert_eq!(token(&[body], secret), oracle(body, secret));
        }
    }
}

#[test]
fn random_bodies_in_random_pieces_agree_with_the_digest() {
    let seed = setting("KPN_SEED", 0x70_6B_65_6E);
    println!("KPN_SEED={seed}");
    let mut random = fastrand::Rng::with_seed(seed);
    let bytes: Vec<u8> = (0..4096).map(|_| random.u8(..)).collect();
    let mut object = Token::new();
    for _ in 0..setting("KPN_CASES", 100_000) {
        // Mostly a message, sometimes one of many blocks; mostly a few pieces, sometimes many small ones.
        let longest = [300, 300, 300, 3000][random.usize(..4)];
        let len = random.usize(..longest);
        let start = random.usize(..bytes.len() - len);
        let body = &bytes[start..start + len];
        let secret: String = (0..random.usize(KPN_SECRET_MIN..=KPN_SECRET_MAX))
            .map(|_| random.alphanumeric())
            .collect();
        let largest = [1, 7, 64, 65, 130, 3000][random.usize(..6)];
        let mut rest = body;
        while !rest.is_empty() {
            let (piece, behind) = rest.split_at(random.usize(1..=largest).min(rest.len()));
            assert_eq!(object.update(piece), OK);
            rest = behind;
        }
        let made = object.finish(secret.as_bytes());
        assert_eq!(made, Ok(oracle(body, secret.as_bytes())));
        assert_eq!(object.begin(), OK);
    }
}

#[test]
fn a_secret_is_30_to_100_letters_and_digits() {
    let long = [b'z'; KPN_SECRET_MAX + 1];
    let mut object = Token::new();
    let mut takes = |secret: &[u8]| {
        assert_eq!(object.update(b"body"), OK);
        let made = object.finish(secret);
        if made == Err(ERR_SECRET) {
            // As before: the right secret gives the right token.
            let made = object.finish(&long[..30]);
            assert_eq!(made, Ok(oracle(b"body", &long[..30])));
        }
        assert_eq!(object.begin(), OK);
        made.is_ok()
    };
    for len in 0..=long.len() {
        assert_eq!(takes(&long[..len]), (30..=100).contains(&len), "{len}");
    }
    for byte in 1..=u8::MAX {
        for at in [0, 15, 29] {
            let mut secret = [b'0'; 30];
            secret[at] = byte;
            assert_eq!(takes(&secret), byte.is_ascii_alphanumeric());
        }
    }
}

#[test]
fn nothing_is_left_of_what_was_hashed() {
    let [body, secret, expected] = vectors().remove(0);
    let mut token = Token::new();
    assert_eq!(token.update(body.as_bytes()), OK);
    assert_eq!(token.wipe(), OK);
    assert!(token.wiped().iter().all(|&byte| byte == 0));
    assert_eq!(token.update(b"x"), ERR_STATE);
    assert_eq!(token.wipe(), ERR_STATE);
    assert_eq!(token.begin(), OK);
    assert_eq!(token.update(body.as_bytes()), OK);
    assert_eq!(token.finish(secret.as_bytes()), Ok(expected));
    assert!(token.wiped().iter().all(|&byte| byte == 0));
    assert_eq!(token.finish(secret.as_bytes()), Err(ERR_STATE));
}

#[test]
fn tells_equal_tokens_from_those_that_differ_in_one_bit() {
    let [_, _, token] = vectors().remove(0);
    assert_eq!(compare(&token, &token), OK);
    for at in 0..token.len() {
        for bit in 0..7 {
            let mut other = token.clone().into_bytes();
            other[at] ^= 1 << bit;
            let other = String::from_utf8(other).unwrap();
            assert_eq!(compare(&token, &other), ERR_TOKEN_MISMATCH);
        }
    }
}

#[test]
fn differences_do_not_cancel_each_other() {
    let token = "0".repeat(64);
    for count in 2..=token.len() {
        let other = "1".repeat(count) + &"0".repeat(token.len() - count);
        assert_eq!(compare(&token, &other), ERR_TOKEN_MISMATCH, "{count}");
        assert_eq!(compare(&other, &token), ERR_TOKEN_MISMATCH, "{count}");
    }
}

/// How a process ends that compares a token with one that differs in its first byte and of which only some bytes can be read: 0 if it
/// returns, otherwise the signal.
fn compares_with(readable: usize) -> i32 {
    let page = 4096;
    let (read_write, private) = (
        libc::PROT_READ | libc::PROT_WRITE,
        libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
    );
    // SAFETY: new memory, wherever there is room.
    let start = unsafe { libc::mmap(core::ptr::null_mut(), 2 * page, read_write, private, -1, 0) };
    assert_ne!(start, libc::MAP_FAILED);
    let start: *mut u8 = start.cast();
    let end = start.wrapping_add(page);
    // SAFETY: the second of the two pages.
    let protected = unsafe { libc::mprotect(end.cast(), page, libc::PROT_NONE) };
    assert_eq!(protected, 0);
    let left = [b'a'; 64];
    let right = end.wrapping_sub(readable);
    // SAFETY: the child calls nothing but the comparison, which reads what it must; the parent waits for it.
    unsafe {
        right.write_bytes(b'b', readable);
        let child = libc::fork();
        if child == 0 {
            let _ = kpn_things::ffi::token::kpn_token_compare(left.as_ptr().cast(), right.cast());
            libc::_exit(0);
        }
        let mut status = 0;
        assert_eq!(libc::waitpid(child, &raw mut status, 0), child);
        libc::munmap(start.cast(), 2 * page);
        if libc::WIFSIGNALED(status) {
            libc::WTERMSIG(status)
        } else {
            libc::WEXITSTATUS(status)
        }
    }
}

#[test]
fn a_comparison_reads_tokens_to_their_end_wherever_they_differ() {
    assert_eq!(compares_with(64), 0);
    for readable in [1, 8, 32, 48, 63] {
        let end = compares_with(readable);
        assert!(
            [libc::SIGSEGV, libc::SIGBUS].contains(&end),
            "{readable}: {end}"
        );
    }
}
