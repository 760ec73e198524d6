// SPDX-License-Identifier: MIT OR Apache-2.0
//! SenML (RFC 8428): the pack writer, and the reader that resolves records.
#![forbid(unsafe_code)]

pub mod name;
pub mod pack;
pub mod reader;
pub mod record;
pub mod unit;
