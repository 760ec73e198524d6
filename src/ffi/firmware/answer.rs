//! Firmware: the response, and how far the download is.

use super::{kpn_firmware, open_mut};
use crate::error::Result;
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{AGAIN, NEED_MORE, OK};
use crate::ffi::status::{code, kpn_status};
use crate::things::firmware::download::{Download, Step};

/// Bytes of firmware inside the bytes that were fed.
///
/// 16 bytes on a 32-bit target.
#[repr(C)]
pub struct kpn_firmware_piece {
    /// Where in the firmware they belong, in bytes.
    pub offset: u32,
    /// First of them, inside the bytes that were fed.
    pub ptr: *const u8,
    /// Bytes; often 0.
    pub len: usize,
    /// How many of the bytes that were fed are done with, these included. Feed the rest next.
    pub used: usize,
}

const _: () = assert!(
    Step::More.code() == NEED_MORE && Step::Confirmed.code() == OK && Step::Again.code() == AGAIN
);

/// Reads bytes of the response, in any pieces, and hands out the bytes of firmware in them.
///
/// Write each piece to flash at its offset at once: it lies in `bytes`, and no copy is kept. Pieces are provisional until `KPN_OK` ends the part: then
/// they are confirmed, this last one included, and `kpn_firmware_save` will not ask for them again. After `KPN_AGAIN` the same part
/// comes once more and is to be written over the same offsets; erase flash first where that is needed.
/// RFC 9110 sections 14 and 15.
///
/// @param[in,out] firmware   From `kpn_firmware_begin`, after `kpn_firmware_request`.
/// @param[in]     bytes      NULL when `len` is 0. Not kept.
/// @param[in]     len        Bytes.
/// @param[out]    out_piece  Not written on failure (negative results).
///
/// @retval KPN_OK                           The part is complete and verified: confirmed. `kpn_firmware_state` says whether it was the last.
/// @retval KPN_NEED_MORE                    Feed what is left of the bytes, then what arrives next.
/// @retval KPN_AGAIN                        Not this time, `kpn_firmware_error` says why; wait (`kpn_retry_delay_ms`), then request again.
/// @retval KPN_ERR_INVALID_ARGUMENT         A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE                    `firmware` was not begun, or its state is not `KPN_FIRMWARE_RESPONSE`.
/// @retval KPN_ERR_OVERLAP                  The arguments and the memory given to `kpn_firmware_begin` share memory.
/// @retval KPN_ERR_FIRMWARE_REFUSED         401, 403, 404 or another status that will not change, see `kpn_firmware_http_status`. The download has
///                                          failed, and so for the following: close the connection.
/// @retval KPN_ERR_FIRMWARE_RANGE           None of the bytes that come next, or not what its head says; 416; several ranges; or the first bytes
///                                          without saying of how many.
/// @retval KPN_ERR_FIRMWARE_SIZE            The size of the firmware is not what it was. `kpn_firmware_rewind` to 0 takes the other firmware.
/// @retval KPN_ERR_FIRMWARE_REPLACED        The entity tag, or else Last-Modified, is not what it was, or 412: there is other firmware under this
///                                          URL. Nothing is confirmed any more, erase what was written; `kpn_firmware_rewind` to 0 takes the other
///                                          firmware. RFC 9110 sections 8.8 and 13.1.5.
/// @retval KPN_ERR_FIRMWARE_CODING          Compressed or coded otherwise (Content-Encoding), although the request accepts only `identity`: the
///                                          server will do so again. RFC 9110 sections 8.4 and 12.5.3.
/// @retval KPN_ERR_FIRMWARE_BUSY            408, 429 or 5xx, once more than is tried again.
/// @retval KPN_ERR_FIRMWARE_CRC             A wrong CRC-32, likewise.
/// @retval KPN_ERR_FIRMWARE_UNEXPECTED      Not what `kpn_firmware_expect` demands, likewise.
/// @retval KPN_ERR_HTTP_SYNTAX              No HTTP, likewise, and so for the following.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH      Content-Length is no number, too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING   A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE      The head or a line of chunked framing is beyond the limit (8,192 bytes).
/// @retval KPN_ERR_HTTP_TRUNCATED           Fewer bytes than Content-Range says, although no Content-Length is there, likewise.
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

/// Tells that the connection is closed: by the server, by the caller after waiting too long, or that it could not be opened.
///
/// A connection that has brought an answer may be closed at any time behind it, which counts as no failure. One that has brought none counts.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
///
/// @retval KPN_OK                    The close has ended a part that lasted until then: it is confirmed.
/// @retval KPN_AGAIN                 Connect and request again, after a wait (`kpn_retry_delay_ms`) when `kpn_firmware_failures` is above 0.
/// @retval KPN_ERR_INVALID_ARGUMENT  `firmware` is NULL or misaligned.
/// @retval KPN_ERR_STATE             It was not begun, or nothing is being fetched.
/// @retval KPN_ERR_HTTP_TRUNCATED    Lost, or not opened, once more than is tried again. The download has failed, and so for the following.
/// @retval KPN_ERR_FIRMWARE_REFUSED  As for `kpn_firmware_feed`, and so for the following.
/// @retval KPN_ERR_FIRMWARE_RANGE    None of the bytes that come next, or the end cannot be told from a lost connection.
/// @retval KPN_ERR_FIRMWARE_SIZE     The size of the firmware is not what it was.
/// @retval KPN_ERR_FIRMWARE_REPLACED There is other firmware under this URL.
/// @retval KPN_ERR_FIRMWARE_CODING   Compressed or coded otherwise.
/// @retval KPN_ERR_FIRMWARE_BUSY     408, 429 or 5xx, once more than is tried again.
/// @retval KPN_ERR_FIRMWARE_CRC      A wrong CRC-32, likewise.
/// @retval KPN_ERR_FIRMWARE_UNEXPECTED  Not what `kpn_firmware_expect` demands, likewise.
/// @return Or the failure that the download ended with before.
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

/// Why the last request brought nothing.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return `KPN_OK` when it brought a part, or none was sent; else one of the failures of `kpn_firmware_feed`, final when the state is
/// `KPN_FIRMWARE_FAILED`. `KPN_OK` also when `firmware` is NULL, misaligned or not begun.
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
/// @return 200 to 999; 0 as long as there is none, and when `firmware` is NULL, misaligned or not begun.
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
/// @return Seconds; 0 when it did not say, and when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_retry_after(firmware: *const kpn_firmware) -> u32 {
    // SAFETY: the same contract.
    unsafe { state(firmware) }.map_or(0, |state| state.response().retry_after())
}

/// Bytes from the start of the firmware that are confirmed.
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

/// Bytes of the whole firmware.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return Bytes; 0 until the first part said so, and when `firmware` is NULL, misaligned or not begun.
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
