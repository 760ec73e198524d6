// SPDX-License-Identifier: MIT OR Apache-2.0
//! SenML packs in JSON (RFC 8428): verified strictly and resolved, without any I/O.
//!
//! In every sentence records count from 1.

mod check;
mod fields;
mod parse;
mod spans;
mod units;

pub use check::{Problem, Resolved, Value, check, first_base_name};
pub use parse::parse;
pub use spans::spans;
