// SPDX-License-Identifier: MIT OR Apache-2.0
//! The device side of KPN Things: builds SenML packs, signs them, frames the HTTP request, and reads the response and the downlink in it,
//! in buffers that the caller owns, without heap, panics or global state.
//!
//! Rust firmware uses [`Uplink`], [`Response`] and [`Downlink`]:
//!
//! ```
//! use kpn_things::{Uplink, Value, endpoint, names};
//!
//! let mut buffer = [0; 512];
//! let mut up = Uplink::new(&mut buffer, endpoint::M2M, "urn:dev:IMEI:490154203237518:")?;
//! up.add(names::TEMPERATURE, Value::decimal(205, -1))?; // 20.5 Cel, no floating point
//! let request = up.finish("0123456789abcdefghijklmnopqrstuvwxyzABCD")?;
//! # assert!(request.starts_with(b"POST "));
//! # Ok::<(), kpn_things::Error>(())
//! ```
//!
//! C firmware includes `include/kpn_things.h`, which is also the manual, and links an archive built with the feature `capi`.
//!
//! # Layers
//!
//! Each module uses only modules in rows below its own:
//!
//! ```text
//! ┌───────────────────────────────┐
//! │  api   ffi                    │
//! ├───────────────────────────────┤
//! │  things                       │
//! ├───────────────────────────────┤
//! │  senml                        │
//! ├───────────────────────────────┤
//! │  http   json   token          │
//! ├───────────────────────────────┤
//! │  charset   number   posix     │
//! ├───────────────────────────────┤
//! │  buf   crc32   error   words  │
//! └───────────────────────────────┘
//! ```
//!
//! - `ffi`: the C functions. Pointers are checked, one call into the core follows, then a status. This is the only unsafe code besides
//!   `posix`.
//! - `api`: the same for Rust callers.
//! - `things`: what is particular to KPN Things: endpoints, device URNs, uplink, outcome, retry, downlink, firmware, configuration, SMS.
//! - `senml` (RFC 8428), `json` (RFC 8259), `http` (RFC 9112), `token` (SHA-256): formats.
//! - `number`: decimal numbers to text and back, exactly. `buf`: a bounded writer that counts when there is no room.
//!
//! The core knows nothing of C.
//!
//! # What holds everywhere
//!
//! - **Sans-IO**: bytes in, bytes out; the caller has the socket, the modem, the clock.
//! - **State is plain**: `#[repr(C)]` integers without pointers; a view borrows state and buffer for one call. The
//!   C structs embed that state, so nothing is copied and nothing needs to be freed.
//! - **Nothing panics**: no indexing, no unwrapping; arithmetic wraps in a release and is checked in tests. Lints refuse the former in the
//!   source, and the linker check refuses an archive from which the panic handler can be reached.
//! - **Refusal before damage**: a call that fails leaves its object as it was; what must not be lost is reported again
//!   when the message is finished; input is checked whole before the first piece of it is handed out.
//! - **No float code unless asked for**: numbers are decimals; only the functions with double or float in their name link
//!   conversions.
#![no_std]
#![cfg_attr(
    not(feature = "capi"),
    allow(dead_code, unused_imports, reason = "the C functions use the rest")
)]
#![cfg_attr(
    test,
    allow(
        clippy::string_slice,
        reason = "a test may panic; clippy.toml says so for the lints that have a setting"
    )
)]

#[cfg(not(any(target_os = "none", kpn_archive)))]
extern crate std;

mod api;
mod buf;
mod charset;
mod crc32;
mod error;
// The examples in its comments are C; the C tests compile them.
#[cfg(all(feature = "capi", not(doctest)))]
pub mod ffi;
mod http;
mod json;
mod number;
#[cfg(feature = "posix")]
mod posix;
mod senml;
mod things;
mod token;
mod words;

// With `kpn_only_c` the compiler names every function that no C function reaches.
#[cfg(not(kpn_only_c))]
pub use self::{
    api::{Downlink, Field, Number, Record, RecordValue, Response, Uplink},
    error::{Error, Result},
    senml::{pack::value::Value, unit::registry as units},
    things::{endpoint, names, names::Name, outcome::Outcome},
};

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
