// SPDX-License-Identifier: MIT OR Apache-2.0
//! The version of the library.

use core::ffi::c_char;

/// Ends in two NULs: the compiler would put a text with one NUL into the section of all string literals, which would
/// then be linked with it.
static VERSION: &str = concat!(env!("CARGO_PKG_VERSION"), "\0\0");

/// The version of the linked archive; compare it with `KPN_THINGS_VERSION`.
///
/// @return Text `MAJOR.MINOR.PATCH` in constant memory, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_version() -> *const c_char {
    VERSION.as_ptr().cast()
}
