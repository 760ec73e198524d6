//! From the core's causes to the numbers of the ABI.

use core::ffi::{CStr, c_char};

use crate::error::{Error, Result};
use crate::ffi::status_list as list;

/// Result of a call: `KPN_OK` (0), a positive value when something is not done yet, a negative one for a failure.
///
/// The values are stable and only ever appended to. `status < 0` is a failure.
pub type kpn_status = i32;

/// The one place that gives each cause its number.
const fn number(error: Error) -> kpn_status {
    match error {
        Error::InvalidArgument => list::ERR_INVALID_ARGUMENT,
        Error::State => list::ERR_STATE,
        Error::Overlap => list::ERR_OVERLAP,
        Error::Secret => list::ERR_SECRET,
        Error::HeadText => list::ERR_HEAD_TEXT,
        Error::BufferFull => list::BUFFER_FULL,
        Error::BodyTooLarge => list::ERR_BODY_TOO_LARGE,
        Error::SenmlName => list::ERR_SENML_NAME,
        Error::SenmlUnit => list::ERR_SENML_UNIT,
        Error::NotFinite => list::ERR_NOT_FINITE,
        Error::NumberRange => list::ERR_NUMBER_RANGE,
        Error::Utf8 => list::ERR_UTF8,
        Error::SenmlType => list::ERR_SENML_TYPE,
        Error::SenmlMustUnderstand => list::ERR_SENML_MUST_UNDERSTAND,
        Error::SenmlVersion => list::ERR_SENML_VERSION,
        Error::SenmlDuplicate => list::ERR_SENML_DUPLICATE,
        Error::SenmlValue => list::ERR_SENML_VALUE,
        Error::SenmlEmpty => list::ERR_SENML_EMPTY,
        Error::Base64 => list::ERR_SENML_BASE64,
        Error::SenmlTime => list::ERR_SENML_TIME,
        Error::JsonSyntax => list::ERR_JSON_SYNTAX,
        Error::JsonDepth => list::ERR_JSON_DEPTH,
        Error::JsonTruncated => list::ERR_JSON_TRUNCATED,
        Error::JsonEscape => list::ERR_JSON_ESCAPE,
        Error::HttpSyntax => list::ERR_HTTP_SYNTAX,
        Error::HttpContentLength => list::ERR_HTTP_CONTENT_LENGTH,
        Error::HttpTransferEncoding => list::ERR_HTTP_TRANSFER_ENCODING,
        Error::HttpHeadTooLarge => list::ERR_HTTP_HEAD_TOO_LARGE,
        Error::HttpTruncated => list::ERR_HTTP_TRUNCATED,
        Error::Urn => list::ERR_URN,
        Error::ImeiCheckDigit => list::ERR_IMEI_CHECK_DIGIT,
        Error::Config => list::ERR_CONFIG,
        Error::Connect => list::ERR_CONNECT,
        Error::Timeout => list::ERR_TIMEOUT,
        Error::Io => list::ERR_IO,
        Error::ConfigUnknown => list::ERR_CONFIG_UNKNOWN,
        Error::ConfigMissing => list::ERR_CONFIG_MISSING,
        Error::ConfigRepeated => list::ERR_CONFIG_REPEATED,
        Error::ConfigType => list::ERR_CONFIG_TYPE,
        Error::ConfigTooLong => list::ERR_CONFIG_TOO_LONG,
        Error::TokenMismatch => list::ERR_TOKEN_MISMATCH,
        Error::PassDiffers => list::ERR_PASS_DIFFERS,
        Error::FirmwareUrl => list::ERR_FIRMWARE_URL,
        Error::FirmwareTooLong => list::ERR_FIRMWARE_TOO_LONG,
        Error::FirmwareRefused => list::ERR_FIRMWARE_REFUSED,
        Error::FirmwareBusy => list::ERR_FIRMWARE_BUSY,
        Error::FirmwareRange => list::ERR_FIRMWARE_RANGE,
        Error::FirmwareSize => list::ERR_FIRMWARE_SIZE,
        Error::FirmwareCrc => list::ERR_FIRMWARE_CRC,
        Error::Image => list::ERR_IMAGE,
    }
}

/// The numbers by the order of the causes: a table of bytes, where `match` would make one of words.
static NUMBERS: [i8; Error::ALL.len()] = numbers();

#[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
const fn numbers() -> [i8; Error::ALL.len()] {
    let mut numbers = [0; Error::ALL.len()];
    let mut at = 0;
    while at < numbers.len() {
        let [low, ..] = number(Error::ALL[at]).to_le_bytes();
        numbers[at] = i8::from_le_bytes([low]);
        at = at.wrapping_add(1);
    }
    numbers
}

/// The number of a cause.
#[inline(never)]
pub fn code(error: Error) -> kpn_status {
    let at = usize::from(error.code()).wrapping_sub(1);
    NUMBERS
        .get(at)
        .map_or(list::ERR_STATE, |&number| i32::from(number))
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
    fn every_cause_has_a_status_of_its_own_with_a_text() {
        for (at, &error) in Error::ALL.iter().enumerate() {
            assert_eq!(code(error), number(error));
            assert!(list::text_of(code(error)).is_some(), "{error:?}");
            for &other in &Error::ALL[at + 1..] {
                assert_ne!(code(error), code(other));
            }
        }
        assert!(list::text_of(-9999).is_none());
    }

    #[test]
    fn only_no_room_is_a_cause_that_is_not_negative() {
        for &error in Error::ALL {
            assert_eq!(code(error) < 0, error != Error::BufferFull);
        }
    }
}
