// SPDX-License-Identifier: MIT OR Apache-2.0
//! Firmware: the response, and how far the download is.

use super::{kpn_firmware, open_mut};
use crate::error::Result;
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{AGAIN, NEED_MORE, OK};
use crate::ffi::status::{code, kpn_status};
use crate::things::firmware::download::{Download, Step};

/// Bytes of firmware within the bytes that were fed. 16 bytes on a 32-bit target.
#[repr(C)]
pub struct kpn_firmware_piece {
    /// Their offset in the firmware, in bytes.
    pub offset: u32,
    /// The first of them, within the bytes that were fed.
    pub ptr: *const u8,
    /// Bytes; often 0.
    pub len: usize,
    /// How many of the bytes that were fed have been used, including these. Feed the rest next.
    pub used: usize,
}

const _: () = assert!(
    Step::More.code() == NEED_MORE && Step::Confirmed.code() == OK && Step::Again.code() == AGAIN
);

/// Reads bytes of the response, in pieces of any size, and hands out the firmware in them.
///
/// Write each piece to flash at its offset at once, since no copy is kept. Pieces are provisional until `KPN_OK` confirms the part,
/// including its last piece. After `KPN_AGAIN` the same part comes again and must be written to the same offsets; erase flash first where
/// needed. After a failure, close the connection.
///
/// Once bytes are confirmed, a response below status 400 without Content-Range that is not this firmware, such as the page of a captive
/// portal or a redirect, does not end the download: the result is `KPN_AGAIN` until the last retry, and only then one of the failures
/// below. RFC 9110 sections 14 and 15.
///
/// @param[in,out] firmware   From `kpn_firmware_begin`, after `kpn_firmware_request`.
/// @param[in]     bytes      NULL when `len` is 0. Not kept.
/// @param[in]     len        Bytes.
/// @param[out]    out_piece  Written with `KPN_OK`, `KPN_NEED_MORE` and `KPN_AGAIN`.
///
/// @retval KPN_OK                          The part is complete and confirmed; `kpn_firmware_state` says whether it was the last.
/// @retval KPN_NEED_MORE                   Feed the rest of the bytes, then whatever arrives next.
/// @retval KPN_AGAIN                       This attempt failed; `kpn_firmware_error` says why. Wait (`kpn_retry_delay_ms`), then request
///                                         again.
/// @retval KPN_ERR_INVALID_ARGUMENT        A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE                   `firmware` was not begun, or its state is not `KPN_FIRMWARE_RESPONSE`.
/// @retval KPN_ERR_OVERLAP                 The arguments and the memory given to `kpn_firmware_begin` share memory.
/// @retval KPN_ERR_FIRMWARE_REFUSED        A permanent status such as 302, 401 or 404, see `kpn_firmware_http_status`.
/// @retval KPN_ERR_FIRMWARE_RANGE          Not the requested bytes, 416, several ranges, or no total size.
/// @retval KPN_ERR_FIRMWARE_SIZE           The size of the firmware has changed; `kpn_firmware_rewind` to 0 accepts the new firmware.
/// @retval KPN_ERR_FIRMWARE_REPLACED       There is different firmware: erase what was written; `kpn_firmware_rewind` to 0 accepts it.
/// @retval KPN_ERR_FIRMWARE_CODING         There is a Content-Encoding, although the request accepts only `identity`. RFC 9110 section 12.5.3.
/// @retval KPN_ERR_FIRMWARE_BUSY           408, 429 or 5xx, after the last retry.
/// @retval KPN_ERR_FIRMWARE_CRC            A wrong CRC-32, after the last retry.
/// @retval KPN_ERR_FIRMWARE_UNEXPECTED     Not what `kpn_firmware_expect` asks for, after the last retry.
/// @retval KPN_ERR_HTTP_SYNTAX             Not HTTP, after the last retry.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH     Content-Length is not a number, is too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING  A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE     The head or the trailer section exceeds 8,192 bytes, or a line of chunked framing 256.
/// @retval KPN_ERR_HTTP_TRUNCATED          Fewer bytes than Content-Range announced, after the last retry.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `bytes` is NULL or points to `len` initialised bytes; `out_piece` is NULL or points to
/// memory for one `kpn_firmware_piece`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_feed(
    firmware: *mut kpn_firmware,
    bytes: *const u8,
    len: usize,
    out_piece: *mut kpn_firmware_piece,
) -> kpn_status {
    let feed = || -> Result<kpn_status> {
        // SAFETY: the same contract.
        let firmware =
            unsafe { open_mut(firmware, Region::new(bytes, len), Region::of(out_piece)) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let out = unsafe { ptr::out(out_piece) }?;
        // SAFETY: the same contract.
        let bytes = unsafe { ptr::bytes(bytes, len) }?;
        let fed = firmware.private_state.feed(bytes)?;
        out.write(kpn_firmware_piece {
            offset: fed.offset,
            ptr: fed.piece.as_ptr(),
            len: fed.piece.len(),
            used: fed.used,
        });
        Ok(fed.step.code())
    };
    feed().unwrap_or_else(code)
}

/// Tells the library that the connection is closed: by the server, by you after a time-out, or because it could not be opened.
///
/// Closing a connection that has brought an answer is not a failure; closing one that has brought none counts as a failure. While
/// `kpn_firmware_must_connect` is true, no connection is left to be closed: the call then means that none could be opened. Results without an
/// explanation here are those of `kpn_firmware_feed`.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
///
/// @retval KPN_OK                       The close ended a part without a length, which is now confirmed.
/// @retval KPN_AGAIN                    Wait (`kpn_retry_delay_ms`), connect and request again.
/// @retval KPN_ERR_INVALID_ARGUMENT     `firmware` is NULL or misaligned.
/// @retval KPN_ERR_STATE                It was not begun, or nothing is being fetched.
/// @retval KPN_ERR_HTTP_TRUNCATED       The connection was lost or not opened, after the last retry.
/// @retval KPN_ERR_FIRMWARE_REFUSED     As for `kpn_firmware_feed`.
/// @retval KPN_ERR_FIRMWARE_RANGE       Not the requested bytes, or the end cannot be distinguished from a lost connection.
/// @retval KPN_ERR_FIRMWARE_SIZE        As for `kpn_firmware_feed`.
/// @retval KPN_ERR_FIRMWARE_REPLACED    As for `kpn_firmware_feed`.
/// @retval KPN_ERR_FIRMWARE_CODING      As for `kpn_firmware_feed`.
/// @retval KPN_ERR_FIRMWARE_BUSY        408, 429 or 5xx, after the last retry.
/// @retval KPN_ERR_FIRMWARE_CRC         A wrong CRC-32, after the last retry.
/// @retval KPN_ERR_FIRMWARE_UNEXPECTED  Not what `kpn_firmware_expect` asks for, after the last retry.
/// @return The failure with which the download ended.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_close(firmware: *mut kpn_firmware) -> kpn_status {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow_mut(firmware) };
    let step = firmware.and_then(|firmware| firmware.private_state.close());
    step.map_or_else(code, Step::code)
}

/// Why the last request failed.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return A failure of `kpn_firmware_feed`, final in the state `KPN_FIRMWARE_FAILED`; otherwise `KPN_OK`. `KPN_OK` also when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_error(firmware: *const kpn_firmware) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { state(firmware) }
        .and_then(Download::error)
        .map_or(OK, code)
}

/// Failures in a row, for `kpn_retry_delay_ms`.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return 0 after a part was confirmed, and when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_failures(firmware: *const kpn_firmware) -> u32 {
    // SAFETY: the same contract.
    unsafe { state(firmware) }.map_or(0, |state| u32::from(state.failures()))
}

/// The status code of the last response.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return 200 to 999; 0 before the first, and when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_http_status(firmware: *const kpn_firmware) -> i32 {
    // SAFETY: the same contract.
    unsafe { state(firmware) }.map_or(0, |state| i32::from(state.response().status()))
}

/// How many seconds the file server asks to wait, as for `kpn_response_retry_after`.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return Seconds; 0 if it did not say, and when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_retry_after(firmware: *const kpn_firmware) -> u32 {
    // SAFETY: the same contract.
    unsafe { state(firmware) }.map_or(0, |state| state.response().retry_after())
}

/// How many bytes from the start of the firmware are confirmed.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return Bytes; 0 when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_confirmed(firmware: *const kpn_firmware) -> u32 {
    // SAFETY: the same contract.
    unsafe { state(firmware) }.map_or(0, Download::confirmed)
}

/// Size of the whole firmware in bytes.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return Bytes; 0 before the first part, and when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_total(firmware: *const kpn_firmware) -> u32 {
    // SAFETY: the same contract.
    unsafe { state(firmware) }.map_or(0, Download::total)
}

/// # Safety
///
/// As for `kpn_firmware_begin`.
unsafe fn state<'a>(firmware: *const kpn_firmware) -> Option<&'a Download> {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow(firmware) };
    firmware.ok().map(|firmware| &firmware.private_state)
}
