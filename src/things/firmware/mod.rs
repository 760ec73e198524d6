// SPDX-License-Identifier: MIT OR Apache-2.0
//! Firmware over the air: from the `url` and `token` of a downlink to the verified bytes of an image, part by part.
//!
//! The caller has the socket, the clock and the flash; [`download::Download`] says what to request and what the answer
//! means. What the file server does is taken from KPN's Device SDK; its error codes are not documented.
#![forbid(unsafe_code)]

pub mod announcement;
mod answer;
pub mod download;
pub mod image;
mod text;
pub mod url;
pub mod validator;

/// A length as a `usize`, which has at least 32 bits on every target.
fn to_usize(len: u32) -> usize {
    usize::try_from(len).unwrap_or(usize::MAX)
}

/// A length as a `u32`, which suffices for the length of a text and of the input of one call.
fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
