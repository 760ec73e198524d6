// SPDX-License-Identifier: MIT OR Apache-2.0
//! Firmware: which one is fetched, and from where on.

use core::ffi::c_char;

use super::{KPN_FIRMWARE_TOKEN_MAX, KPN_FIRMWARE_URL_MAX, check, kpn_firmware, open_mut};
use crate::error::{Error, Result};
use crate::ffi::downlink::kpn_downlink;
use crate::ffi::ptr::{self, Given, Region};
use crate::ffi::status::{kpn_status, status};
use crate::things::firmware::announcement;

/// Looks in a downlink for firmware: the text records `url` and `token`, in any order.
///
/// The records of the downlink can still be read afterwards. A new URL starts a new download. The same URL continues the download with the
/// new token, even after a failure or `kpn_firmware_load`; a complete download stays complete. After `KPN_ERR_FIRMWARE_REPLACED` it starts
/// at the first byte. A failure, and a downlink about something else, change nothing.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
/// @param[in]     downlink  From `kpn_downlink_begin`. No record may have been read yet.
/// @param[in]     urn       Device whose records count, with or without the final colon; NULL for any device. Not kept.
///
/// @retval KPN_OK                     Firmware was announced; `kpn_firmware_state` says what comes next.
/// @retval KPN_END                    The downlink is about something else.
/// @retval KPN_ERR_INVALID_ARGUMENT   `firmware` or `downlink` is NULL or misaligned.
/// @retval KPN_ERR_STATE              One of them was not begun, or the downlink was refused.
/// @retval KPN_ERR_OVERLAP            `firmware`, its memory, `downlink` and its bytes share memory, or `urn` lies in one of the first two.
/// @retval KPN_ERR_HEAD_TEXT          The token is empty or is not a bearer token.
/// @retval KPN_ERR_FIRMWARE_URL       Not an `http` or `https` URL with a host name or IPv4 address, or it has a user, a fragment or
///                                    invalid characters.
/// @retval KPN_ERR_FIRMWARE_TOO_LONG  URL or token is above its limit, or they do not fit into the memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `downlink` as for `kpn_downlink_begin`; `urn` is NULL or NUL-terminated.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_offer(
    firmware: *mut kpn_firmware,
    downlink: *const kpn_downlink,
    urn: *const c_char,
) -> kpn_status {
    let offer = || -> Result<()> {
        let place = Region::of(downlink);
        // SAFETY: the same contract.
        let downlink = unsafe { ptr::borrow(downlink) }?;
        // SAFETY: the caller leaves the bytes to the downlink, and this call is no other use of it.
        let (pack, body) = unsafe { downlink.ahead() };
        // SAFETY: the same contract.
        let firmware = unsafe { open_mut(firmware, place, Region::of_bytes(body)) }?;
        let urn = if urn.is_null() {
            &[]
        } else {
            // SAFETY: the same contract.
            unsafe { ptr::text(urn, body.len()) }?
        };
        // SAFETY: the same contract.
        unsafe { check(firmware, Region::of_bytes(urn), Region::none()) }?;
        let texts = announcement::find(*pack, body, urn)?.ok_or(Error::END)?;
        // SAFETY: the caller leaves the memory to the library; apart from the bytes as just checked.
        unsafe { firmware.announce(texts) }
    };
    status(offer())
}

/// Announces firmware whose URL and token came in another way; otherwise as `kpn_firmware_offer`.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
/// @param[in]     url       NUL-terminated, at most `KPN_FIRMWARE_URL_MAX` bytes. Copied.
/// @param[in]     token     NUL-terminated, at most `KPN_FIRMWARE_TOKEN_MAX` bytes. Copied.
///
/// @retval KPN_OK                     Announced.
/// @retval KPN_ERR_INVALID_ARGUMENT   A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE              `firmware` was not begun.
/// @retval KPN_ERR_OVERLAP            The texts lie in `firmware` or in its memory.
/// @retval KPN_ERR_HEAD_TEXT          The token is empty or is not a bearer token.
/// @retval KPN_ERR_FIRMWARE_URL       Not an `http` or `https` URL with a host name or IPv4 address, or it has a user, a fragment or
///                                    invalid characters.
/// @retval KPN_ERR_FIRMWARE_TOO_LONG  URL or token is above its limit, or they do not fit into the memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; the texts are NULL or NUL-terminated.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_start(
    firmware: *mut kpn_firmware,
    url: *const c_char,
    token: *const c_char,
) -> kpn_status {
    // SAFETY: the same contract.
    let url = unsafe { ptr::text(url, KPN_FIRMWARE_URL_MAX) };
    // SAFETY: the same contract.
    let token = unsafe { ptr::text(token, KPN_FIRMWARE_TOKEN_MAX) };
    // SAFETY: the same contract.
    status(unsafe { start(firmware, url, token) })
}

/// Announces firmware by URL and token given with their lengths; otherwise as `kpn_firmware_start`.
///
/// @param[in,out] firmware   From `kpn_firmware_begin`.
/// @param[in]     url        Copied.
/// @param[in]     url_len    Bytes, 1 to `KPN_FIRMWARE_URL_MAX`.
/// @param[in]     token      Copied.
/// @param[in]     token_len  Bytes, 1 to `KPN_FIRMWARE_TOKEN_MAX`.
///
/// @retval KPN_OK                     Announced.
/// @retval KPN_ERR_INVALID_ARGUMENT   A pointer is NULL or misaligned, or a length is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE              `firmware` was not begun.
/// @retval KPN_ERR_OVERLAP            The texts lie in `firmware` or in its memory.
/// @retval KPN_ERR_HEAD_TEXT          The token is empty or is not a bearer token.
/// @retval KPN_ERR_FIRMWARE_URL       Not an `http` or `https` URL with a host name or IPv4 address, or it has a user, a fragment or
///                                    invalid characters.
/// @retval KPN_ERR_FIRMWARE_TOO_LONG  URL or token is above its limit, or they do not fit into the memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; the texts are NULL or point to that many initialised bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_start_n(
    firmware: *mut kpn_firmware,
    url: *const c_char,
    url_len: usize,
    token: *const c_char,
    token_len: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    let url = unsafe { ptr::bytes(url.cast(), url_len) };
    // SAFETY: the same contract.
    let token = unsafe { ptr::bytes(token.cast(), token_len) };
    // SAFETY: the same contract.
    status(unsafe { start(firmware, url, token) })
}

/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
unsafe fn start(firmware: *mut kpn_firmware, url: Given<&[u8]>, token: Given<&[u8]>) -> Result<()> {
    let (url, token) = (url?, token?);
    for text in [url, token] {
        // SAFETY: the same contract.
        unsafe { check(firmware, Region::of_bytes(text), Region::none()) }?;
    }
    // SAFETY: the same contract; apart from the texts as just checked.
    let firmware = unsafe { ptr::borrow_mut(firmware) }?;
    announcement::check_plain([url, token])?;
    // SAFETY: the caller leaves the memory to the library; apart from the texts as just checked.
    unsafe { firmware.announce([url, token]) }
}

/// Forgets the firmware and what was fetched of it. Close the connection.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
///
/// @retval KPN_OK                    The state is `KPN_FIRMWARE_IDLE`.
/// @retval KPN_ERR_INVALID_ARGUMENT  `firmware` is NULL or misaligned.
/// @retval KPN_ERR_STATE             It was not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_abort(firmware: *mut kpn_firmware) -> kpn_status {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow_mut(firmware) };
    status(firmware.map(|firmware| firmware.private_state.abort()))
}

/// Goes back, to fetch bytes again after a failed flash write, or because a whole page must be erased.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
/// @param[in]     offset    At most `kpn_firmware_confirmed`. 0 also forgets size and entity tag, and so accepts replaced firmware.
///
/// @retval KPN_OK                    `offset` is the next byte to be requested. A failed or complete download continues.
/// @retval KPN_ERR_INVALID_ARGUMENT  `firmware` is NULL or misaligned, or `offset` is not confirmed.
/// @retval KPN_ERR_STATE             It was not begun, or none was announced.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_rewind(
    firmware: *mut kpn_firmware,
    offset: u32,
) -> kpn_status {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow_mut(firmware) };
    status(firmware.and_then(|firmware| firmware.private_state.rewind(offset)))
}
