//! The device side of KPN Things for C firmware: builds SenML packs, signs them, frames the HTTP request, reads the
//! response and the downlink in it. In buffers that the caller owns, without heap, panics or global state.
//!
//! C programs include `include/kpn_things.h`, which is the manual. This page is for those who work on the library.
//!
//! # Layers
//!
//! ```text
//!   C firmware
//!       │  include/kpn_things.h, generated from
//!   ┌───▼───┐
//!   │  ffi  │  pointers checked, one core call, a status: the only unsafe code, the only C names
//!   └───┬───┘
//!   ┌───▼────────────────────────────────────────────────────────────────────────┐
//!   │  things   what is particular to KPN Things: endpoints, device URNs, uplink, │
//!   │           outcome, retry, downlink, firmware, configuration, SMS            │
//!   └───┬───────────────────┬───────────────────┬────────────────────────────────┘
//!   ┌───▼───┐           ┌───▼───┐           ┌───▼───┐
//!   │ senml │ RFC 8428  │ http  │ RFC 9112  │ token │ SHA-256     (these do not know each other)
//!   └───┬───┘           └───┬───┘           └───────┘
//!   ┌───▼───┐               │
//!   │ json  │ RFC 8259      │
//!   └───┬───┘               │
//!   ┌───▼───────────────────▼───┐
//!   │ buf (write)   scan (read) │  bounded; beside them charset and crc32, below them only error
//!   └───────────────────────────┘
//! ```
//!
//! Each arrow points to what a layer may use; `error` is below all of them. The core knows nothing of C.
//!
//! # What holds everywhere
//!
//! - **Sans-IO**: bytes in, bytes out; the caller has the socket, the modem, the clock.
//! - **State is plain**: `#[repr(C)]` integers without pointers; a view borrows state and buffer for one call. The
//!   C structs embed that state, so nothing is copied and nothing needs to be freed.
//! - **Nothing panics**: no indexing, no arithmetic that can overflow, no unwrapping. Lints refuse them in the source,
//!   and the linker check refuses an archive from which the panic handler can be reached.
//! - **Refusal before damage**: a call that fails leaves its object as it was; what must not be lost is reported again
//!   at the end (`Pack::finish`); input is checked whole before the first piece of it is handed out.
//! - **No float code unless asked for**: numbers are decimals; only the functions with double or float in their name link
//!   conversions.
#![no_std]
#![cfg_attr(
    test,
    allow(
        clippy::string_slice,
        reason = "a test may panic; clippy.toml says so for the lints that have a setting"
    )
)]

#[cfg(not(any(target_os = "none", kpn_archive)))]
extern crate std;

#[cfg(not(kpn_only_c))]
mod api;
pub mod buf;
pub mod charset;
pub mod crc32;
pub mod error;
// The examples in its comments are C, which the C tests compile.
#[cfg(all(feature = "capi", not(doctest)))]
pub mod ffi;
pub mod http;
pub mod json;
pub mod number;
#[cfg(feature = "posix")]
pub mod posix;
pub mod senml;
pub mod things;
pub mod token;
pub mod words;

#[cfg(not(kpn_only_c))]
pub use api::{Downlink, Field, Number, Record, RecordValue, Response, Uplink};
pub use error::{Error, Result};
#[cfg(not(kpn_only_c))]
pub use senml::{pack::value::Value, unit::registry as units};
#[cfg(not(kpn_only_c))]
pub use things::{endpoint, names, names::Name, outcome::Outcome};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
