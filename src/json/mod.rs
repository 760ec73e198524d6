// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON (RFC 8259): strings, strict tokens, white space, base64 for binary values.
#![forbid(unsafe_code)]

pub mod base64;
pub mod compact;
pub mod reader;
pub mod string;
