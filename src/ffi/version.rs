//! Which library this is.

use core::ffi::{CStr, c_char};

const VERSION: &CStr =
    match CStr::from_bytes_with_nul(concat!(env!("CARGO_PKG_VERSION"), "\0").as_bytes()) {
        Ok(version) => version,
        Err(_) => c"",
    };

/// The version of the linked archive, to be compared with `KPN_THINGS_VERSION` of the header.
///
/// @return NUL-terminated text `MAJOR.MINOR.PATCH` in constant memory, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_version() -> *const c_char {
    VERSION.as_ptr()
}
