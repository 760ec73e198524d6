// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library for Rust firmware: thin wrappers over what the C functions call, with slices instead of pointers.
#![forbid(unsafe_code)]

mod downlink;
mod response;
mod uplink;

pub use downlink::{Downlink, Field, Number, Record, RecordValue};
pub use response::Response;
pub use uplink::Uplink;
