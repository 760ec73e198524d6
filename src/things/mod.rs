// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is particular to KPN Things.
#![forbid(unsafe_code)]

pub mod config;
pub mod connection;
pub mod downlink;
pub mod endpoint;
pub mod firmware;
pub mod names;
pub mod outcome;
pub mod pieces;
pub mod queue;
pub mod retry;
pub mod sms;
pub mod stream;
pub mod uplink;
pub mod urn;
