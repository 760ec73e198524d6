//! The device side of KPN Things as one small library for C firmware.
#![no_std]

#[cfg(not(target_os = "none"))]
extern crate std;

pub mod buf;
pub mod error;
pub mod http;
pub mod json;
pub mod scan;
pub mod senml;
pub mod things;
pub mod token;
