// SPDX-License-Identifier: MIT OR Apache-2.0
//! The inputs found by fuzzing, and the vectors, through the functions that the fuzzer calls.
#![allow(missing_docs, clippy::unwrap_used, reason = "a test may panic")]

#[path = "fuzz/harness/lib.rs"]
mod harness;

use core::cell::RefCell;
use std::fs;
use std::panic;
use std::path::{Path, PathBuf};
use std::sync::Once;

use harness::{TARGETS, status};

thread_local! {
    static INPUT: RefCell<PathBuf> = const { RefCell::new(PathBuf::new()) };
}

/// Says which input it was, even if the panic cannot leave a C function.
fn blame() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(move |info| {
            INPUT.with_borrow(|path| eprintln!("input {}", path.display()));
            usual(info);
        }));
    });
}

/// Gives a target its corpus and the vectors of these folders. Each has some.
fn replay(name: &str, vectors: &[&str]) {
    blame();
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let vectors = vectors
        .iter()
        .map(|folder| tests.join("vectors").join(folder));
    for folder in vectors.chain([tests.join("fuzz/corpus").join(name)]) {
        let files = fs::read_dir(folder)
            .unwrap()
            .map(|file| file.unwrap().path());
        let count = files.map(|path| replay_file(name, path)).count();
        assert!(count > 0);
    }
}

fn replay_file(name: &str, path: PathBuf) {
    let input = fs::read(&path).unwrap();
    INPUT.with_borrow_mut(|current| *current = path);
    harness::run(name, &input);
}

macro_rules! replayed {
    ($($name:ident: $vectors:expr;)*) => {
        $(
            #[test]
            fn $name() {
                replay(stringify!($name), &$vectors);
            }
        )*

        #[test]
        fn every_target_is_replayed() {
            let known: Vec<_> = TARGETS.iter().map(|(name, _)| *name).collect();
            assert_eq!(known, [$(stringify!($name)),*]);
        }
    };
}

replayed! {
    adopt: ["senml"];
    config: [];
    downlink: ["senml"];
    firmware: [];
    forged: [];
    queue: [];
    response: ["http"];
    sms: [];
    stream: [];
    token: [];
    uplink: [];
    urn: [];
}
