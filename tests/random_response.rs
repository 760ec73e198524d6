// SPDX-License-Identifier: MIT OR Apache-2.0
//! Random responses, through the C functions from begin to the last accessor, against a plain model: httparse reads the
//! heads, and RFC 9112 section 6 is written down for the body, based on its header list.
//!
//! `KPN_SEED` sets the seed, `KPN_CASES` the number of cases.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::cast_possible_truncation,
    clippy::std_instead_of_core,
    reason = "a test may panic, and runs on a host"
)]

#[path = "common/response.rs"]
mod driver;
#[path = "random_response/field_lines.rs"]
mod field_lines;
#[path = "random_response/generator.rs"]
mod generator;
#[path = "random_response/model.rs"]
mod model;
#[path = "common/random.rs"]
mod random;
#[path = "common/shares.rs"]
mod shares;

use driver::{Response, Seen, read, status};
use fastrand::Rng;
use generator::{damage, response};
use model::{Verdict, assess, expect};
use random::{one_in, setting};
use std::fs;
use std::path::Path;

/// Whether the C functions returned what the verdict demands.
fn fits(verdict: &Verdict, seen: &Seen, capacity: usize) -> bool {
    match verdict {
        Ok(whole) => *seen == expect(whole, capacity),
        Err(errors) => {
            errors.contains(&seen.result)
                && seen.outcome == 0
                && !seen.keep_alive
                && seen.body == Err(seen.result)
        }
    }
}

/// Reads a response whole, in pieces and byte by byte, and expects what the model says, or stops with it and `source`.
fn compare(random: &mut Rng, raw: &[u8], verdict: &Verdict, source: &str) {
    let capacity = if one_in(random, 5) {
        random.usize(..50)
    } else {
        700
    };
    let mut response = Response::begin(capacity);
    let expect = |how: &str, seen: &Seen| {
        if !fits(verdict, seen, capacity) {
            let shown = raw.escape_ascii();
            panic!("{source}, {how}\n{shown}\nexpected {verdict:?}\ngot {seen:?}");
        }
    };
    expect("whole", &read(&mut response, [raw]));
    if let Ok(whole) = verdict {
        let len = whole.body.len().min(capacity);
        let (body, behind) = response.buffer().split_at(len);
        assert_eq!(body, &whole.body[..len]);
        assert!(behind.iter().all(|&byte| byte == 0x5A));
    }
    response.restart();
    let mut pieces = Vec::new();
    let mut rest = raw;
    while !rest.is_empty() {
        let most = rest.len().min(60);
        let (piece, behind) = rest.split_at(random.usize(..=most));
        pieces.push(piece);
        rest = behind;
    }
    expect("in pieces", &read(&mut response, pieces));
    if raw.len() < 1500 {
        response.restart();
        expect("byte by byte", &read(&mut response, raw.chunks(1)));
    }
}

/// How many were kept alive, closed and refused; each has to be made often.
#[derive(Default, Debug)]
struct Counts {
    kept: usize,
    closed: usize,
    refused: usize,
}

impl Counts {
    fn count(&mut self, verdict: &Verdict) {
        match verdict {
            Ok(whole) if whole.keep_alive => self.kept += 1,
            Ok(_) => self.closed += 1,
            Err(_) => self.refused += 1,
        }
    }

    fn check(&self) {
        let all = self.kept + self.closed + self.refused;
        let shares = [
            ("kept", self.kept, 12),
            ("closed", self.closed, 12),
            ("refused", self.refused, 12),
        ];
        shares::check(all, &shares);
    }
}

#[test]
fn random_responses_are_read_as_the_model_reads_them() {
    let seed = setting("KPN_SEED", 0x9112);
    let cases = setting("KPN_CASES", 100_000);
    let mut random = Rng::with_seed(seed);
    let mut counts = Counts::default();
    for case in 0..cases {
        let mut raw = response(&mut random);
        let mut verdict = assess(&raw);
        if one_in(&mut random, 4) {
            damage(&mut random, &mut raw);
            verdict = assess(&raw);
        } else if one_in(&mut random, 6) {
            let was_whole = verdict.is_ok();
            raw.truncate(random.usize(..=raw.len()));
            verdict = assess(&raw);
            // Nothing else is wrong with it.
            if was_whole && verdict.is_err() {
                verdict = Err(vec![status::ERR_HTTP_TRUNCATED]);
            }
        }
        counts.count(&verdict);
        let source = format!("KPN_SEED={seed} case {case}");
        compare(&mut random, &raw, &verdict, &source);
    }
    counts.check();
}

/// The vectors that are short enough to be damaged many times.
fn vectors() -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/http");
    let mut paths: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.extension().is_some_and(|end| end == "http"))
        .collect();
    paths.sort();
    let vectors = paths.iter().map(|path| fs::read(path).unwrap());
    vectors.filter(|raw| raw.len() < 1000).collect()
}

#[test]
fn damaged_vectors_are_read_as_the_model_reads_them() {
    let seed = setting("KPN_SEED", 0x9110);
    let cases = setting("KPN_CASES", 100_000);
    let vectors = vectors();
    assert!(vectors.len() > 100);
    let mut random = Rng::with_seed(seed);
    let mut counts = Counts::default();
    for case in 0..cases {
        let mut raw = vectors[random.usize(..vectors.len())].clone();
        match random.u32(..4) {
            0 => {
                // The beginning of one, and the end of another.
                let other = &vectors[random.usize(..vectors.len())];
                raw.truncate(random.usize(..=raw.len()));
                raw.extend_from_slice(&other[random.usize(..=other.len())..]);
            }
            1 => {}
            _ => damage(&mut random, &mut raw),
        }
        let verdict = assess(&raw);
        counts.count(&verdict);
        let source = format!("KPN_SEED={seed} case {case}");
        compare(&mut random, &raw, &verdict, &source);
    }
    counts.check();
}
