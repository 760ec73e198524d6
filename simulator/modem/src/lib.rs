//! A cellular modem on a desk: AT commands on one side, TCP on the other, and everything that can go wrong in between.
//!
//! ```text
//! serial line (pty, TCP, or a C program in the same process)
//!   line      loses, doubles and changes bytes
//!   modem     commands, prompts, sockets, URCs
//!     sara, bg96   what is particular to a kind
//!   network   real sockets, or `desk`: a platform without a network, for runs in virtual time
//! ```
//!
//! Nothing here reads a clock: time comes in as milliseconds, so that a run with the same seed is the same run.

mod bg96;
pub mod desk;
mod ffi;
pub mod line;
pub mod modem;
pub mod network;
pub mod options;
pub mod random;
mod sara;
#[cfg(test)]
mod tests;
