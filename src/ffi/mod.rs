// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C ABI: the only unsafe code of the library, and the only C names. One file per noun.
//!
//! Each function checks its pointers (in `ptr`), calls the core once, and maps the result to a status. No decision
//! about the protocol is made here.

#![allow(
    non_camel_case_types,
    clippy::struct_field_names,
    clippy::doc_markdown,
    reason = "names and comments are those of the C header"
)]

pub mod config;
pub mod downlink;
pub mod firmware;
#[cfg(test)]
mod layout;
mod panic;
pub mod pieces;
#[cfg(feature = "posix")]
pub mod posix;
mod ptr;
pub mod queue;
pub mod record;
pub mod response;
pub mod retry;
pub mod sms;
pub mod span;
pub mod status;
mod status_list;
pub mod stream;
pub mod token;
pub mod uplink;
pub mod urn;
pub mod version;
