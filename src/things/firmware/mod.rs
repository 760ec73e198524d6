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

#[cfg(test)]
mod tests;
