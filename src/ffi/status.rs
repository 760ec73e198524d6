// SPDX-License-Identifier: MIT OR Apache-2.0
//! Maps the core's causes to the numbers of the ABI.

use core::ffi::c_char;

use crate::error::causes::for_each_cause;
use crate::error::{Error, Result};
use crate::ffi::status_list::for_each_progress;

macro_rules! constants {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        $(
            #[doc = $text]
            pub const $name: kpn_status = $number;
        )*
    };
}
for_each_progress!(constants);

/// Nothing follows.
pub const END: kpn_status = Error::END.number();

/// Defines a function that finds the text of a number, including its NUL, in one of the lists.
macro_rules! texts {
    ($($name:ident = $number:literal, $text:literal;)*) => {
        const fn find(status: kpn_status) -> Option<&'static str> {
            match status {
                $($number => Some(concat!($text, "\0")),)*
                _ => None,
            }
        }
    };
}

const fn progress_text(status: kpn_status) -> Option<&'static str> {
    for_each_progress!(texts);
    find(status)
}

const fn cause_text(status: kpn_status) -> Option<&'static str> {
    for_each_cause!(texts);
    find(status)
}

/// Result of a call: 0 for success, negative for a failure, positive for anything in between. The values are stable.
pub type kpn_status = i32;

/// The number of a cause.
pub const fn code(error: Error) -> kpn_status {
    error.number()
}

/// The status of a call that returns nothing else.
pub fn status(result: Result<()>) -> kpn_status {
    match result {
        Ok(()) => OK,
        Err(error) => code(error),
    }
}

/// One sentence for a status, for logs.
///
/// @param[in] status  Any value.
///
/// @return Text in constant memory, never NULL; "unknown status" for any other number.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_status_text(status: kpn_status) -> *const c_char {
    progress_text(status)
        .or_else(|| cause_text(status))
        .unwrap_or("unknown status\0")
        .as_ptr()
        .cast()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_text() {
        let both = (-300..300)
            .filter(|&status| progress_text(status).is_some() && cause_text(status).is_some());
        assert_eq!(both.count(), 0);
        assert_eq!(cause_text(END), Some("nothing follows\0"));
        assert_eq!(progress_text(OK), Some("done\0"));
    }
}
