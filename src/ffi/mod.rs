//! The C ABI: the only unsafe code of the library, and the only C names. One file per noun.
//!
//! Each function checks its pointers (in `ptr`), calls the core once, and maps the result to a status. No decision
//! about the protocol is made here.

// The C names are what the header shows; Rust callers use the core.
#![allow(non_camel_case_types, reason = "C names")]

mod panic;
mod ptr;
pub mod span;
pub mod status;
pub mod status_list;
pub mod token;
