//! What is particular to KPN Things.
#![forbid(unsafe_code)]

pub mod downlink;
pub mod endpoint;
pub mod names;
pub mod urn;
