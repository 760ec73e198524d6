//! From the core's causes to the numbers of the ABI.

use core::ffi::{CStr, c_char};

use crate::error::{Error, Result};
use crate::ffi::status_list as list;

/// Result of a call: `KPN_OK` (0), a positive value when something is not done yet, a negative one for a failure.
///
/// The values are stable and only ever appended to. `status < 0` is a failure.
pub type kpn_status = i32;

/// The number of a cause.
pub const fn code(error: Error) -> kpn_status {
    error.number()
}

/// The status of a call that returns nothing else.
pub fn status(result: Result<()>) -> kpn_status {
    match result {
        Ok(()) => list::OK,
        Err(error) => code(error),
    }
}

/// One English sentence for a status, for logs.
///
/// @param[in] status  Any value.
///
/// @return NUL-terminated text in constant memory, never NULL; "unknown status" for a number that is none.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_status_text(status: kpn_status) -> *const c_char {
    list::text_of(status).map_or(c"unknown status".as_ptr(), CStr::as_ptr)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_cause_has_the_status_of_its_name() {
        for &(error, name) in Error::ALL {
            let status = list::STATUSES
                .iter()
                .find(|status| status.value == code(error));
            let ident = status.expect(name).ident;
            assert_eq!(ident.trim_start_matches("ERR_"), name);
        }
    }

    #[test]
    fn every_failure_has_a_cause() {
        for status in list::STATUSES.iter().filter(|status| status.value < 0) {
            let causes = Error::ALL
                .iter()
                .filter(|(error, _)| code(*error) == status.value);
            assert_eq!(causes.count(), 1, "{}", status.ident);
        }
    }

    #[test]
    fn only_the_end_is_a_cause_and_no_failure() {
        for &(error, _) in Error::ALL {
            assert_eq!(code(error) < 0, error != Error::END);
        }
    }
}
