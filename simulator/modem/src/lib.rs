// SPDX-License-Identifier: MIT OR Apache-2.0
//! A cellular modem on a desk: AT commands on one side, TCP on the other, and everything that can go wrong in between.
//!
//! ```text
//! serial line (pty, TCP, or a C program in the same process)
//!   line      loses, doubles and changes bytes
//!   modem     commands, prompts, URCs, and the clock of all that
//!     sara, bg96, sim7000, sim7080   what is particular to a kind
//!     radio, inbox                   what all have: SIM, network, SMS
//!       core                         sockets and state, on which all of these stand
//!   network   real sockets, or `desk`: a platform without a network, for runs in virtual time
//! ```
//!
//! Nothing here reads a clock: time is passed in as milliseconds, so that runs with the same seed are identical.

mod bg96;
mod core;
pub mod desk;
mod ffi;
mod inbox;
pub mod line;
pub mod modem;
pub mod network;
pub mod options;
mod radio;
pub mod random;
mod sara;
mod sim7000;
mod sim7080;
#[cfg(test)]
mod tests;
