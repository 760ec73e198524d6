// SPDX-License-Identifier: MIT OR Apache-2.0
//! Firmware over the air: from the `url` and `token` of a downlink to the verified bytes of an image, part by part.
//!
//! The caller has the socket, the clock and the flash; [`download::Download`] says what to ask and what the answer is
//! worth. KPN's Device SDK is the source of what the file server does; error codes of that server are not documented.
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

/// A length in a `u32`, which holds the length of a text, and of what one call is given.
fn to_u32(len: usize) -> u32 {
    u32::try_from(len).unwrap_or(u32::MAX)
}
