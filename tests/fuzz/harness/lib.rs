// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a fuzzer calls: one function for each target, which takes any bytes and panics if something is wrong.
//!
//! libFuzzer calls them through `fuzz_targets`, and `tests/fuzz_corpora.rs` replays the kept inputs with every `cargo test`.
#![allow(
    missing_docs,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::panic,
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::cast_precision_loss,
    clippy::cast_lossless,
    clippy::std_instead_of_core,
    clippy::duplicate_mod,
    reason = "a test may panic, and takes its numbers from bytes"
)]

mod adopt;
mod calls;
mod config;
mod downlink;
mod firmware;
mod forged;
mod input;
mod queue;
mod request;
mod response;
mod sms;
mod stream;
mod token;
mod uplink;
mod urn;

/// The drivers of the C functions that all tests share.
#[path = "../../common"]
mod drivers {
    pub mod config;
    pub mod downlink;
    pub mod firmware;
    pub mod queue;
    pub mod response;
    pub mod sms;
    pub mod token;
    pub mod uplink;
}
#[path = "../../common/status.rs"]
pub mod status;

/// A function that takes any bytes.
pub type Target = fn(&[u8]);

/// All targets, under the names of their corpora.
pub const TARGETS: &[(&str, Target)] = &[
    ("adopt", adopt::run),
    ("config", config::run),
    ("downlink", downlink::run),
    ("firmware", firmware::run),
    ("forged", forged::run),
    ("queue", queue::run),
    ("response", response::run),
    ("sms", sms::run),
    ("stream", stream::run),
    ("token", token::run),
    ("uplink", uplink::run),
    ("urn", urn::run),
];

/// Runs the target of this name.
pub fn run(target: &str, input: &[u8]) {
    let (_, run) = TARGETS.iter().find(|(name, _)| *name == target).unwrap();
    run(input);
}
