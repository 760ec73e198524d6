//! The device side of KPN Things as one small library for C firmware.
#![no_std]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::as_conversions,
        clippy::string_slice,
        reason = "a test may panic; clippy.toml says so for the lints that have a setting"
    )
)]

#[cfg(not(any(target_os = "none", kpn_archive)))]
extern crate std;

pub mod buf;
pub mod error;
pub mod ffi;
pub mod http;
pub mod json;
pub mod scan;
pub mod senml;
pub mod things;
pub mod token;
