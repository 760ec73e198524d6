// SPDX-License-Identifier: MIT OR Apache-2.0
//! Firmware: where to connect, and what to send.

use core::ffi::c_char;

use super::{KPN_FIRMWARE_IDLE, kpn_firmware, open, open_mut};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};
use crate::things::firmware::url::Url;

/// The state of the download.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return `KPN_FIRMWARE_IDLE` to `KPN_FIRMWARE_FAILED`; `KPN_FIRMWARE_IDLE` also when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_state(firmware: *const kpn_firmware) -> i32 {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow(firmware) };
    firmware.map_or(KPN_FIRMWARE_IDLE, |firmware| {
        i32::from(firmware.private_state.phase())
    })
}

/// Copies the host of the URL, a name or an IPv4 address, with a NUL.
///
/// @param[in]  firmware  From `kpn_firmware_begin`.
/// @param[out] out_host  Written only on success.
/// @param[in]  cap       Bytes of `out_host`. `KPN_FIRMWARE_HOST_MAX` plus one is always enough.
///
/// @retval KPN_OK                    `out_host` holds the host.
/// @retval KPN_ERR_BUFFER_FULL       `cap` is too small for the host and its NUL.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `cap` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             It was not begun, or none was announced.
/// @retval KPN_ERR_OVERLAP           `firmware`, its memory and `out_host` share memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `out_host` is NULL or points to `cap` bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_host(
    firmware: *const kpn_firmware,
    out_host: *mut c_char,
    cap: usize,
) -> kpn_status {
    let host = || -> Result<()> {
        let out = Region::new(out_host.cast_const().cast(), cap);
        // SAFETY: the same contract.
        let firmware = unsafe { open(firmware, out, Region::none()) }?;
        // SAFETY: the same contract; apart from the object and its memory as just checked.
        let out = unsafe { ptr::bytes_mut(out_host.cast(), cap) }?;
        // SAFETY: the caller leaves the memory to the library.
        let memory = unsafe { firmware.memory() };
        let host = firmware.private_state.host(memory)?;
        let Some((text, [nul, ..])) = out.split_at_mut_checked(host.len()) else {
            return Err(Error::BUFFER_FULL);
        };
        text.copy_from_slice(host);
        *nul = 0;
        Ok(())
    };
    status(host())
}

/// The TCP port of the URL.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return As in the URL, or 80 for `http` and 443 for `https`; 0 when none was announced, or `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_port(firmware: *const kpn_firmware) -> u16 {
    // SAFETY: the same contract.
    unsafe { url(firmware) }.map_or(0, |url| url.port)
}

/// Whether the URL is `https`: use TLS, and verify the server's certificate.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return false when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_needs_tls(firmware: *const kpn_firmware) -> bool {
    // SAFETY: the same contract.
    unsafe { url(firmware) }.is_ok_and(Url::tls)
}

/// Whether the host is a name, which needs DNS, and not an IPv4 address.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return false when `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_needs_dns(firmware: *const kpn_firmware) -> bool {
    // SAFETY: the same contract.
    unsafe { url(firmware) }.is_ok_and(|url| url.port != 0 && !url.is_ipv4())
}

/// Whether to close the old connection and open a new one before the next request.
///
/// True at the start, for another URL, after a failure, when the server closes the connection, and when it has served all its requests.
///
/// @param[in] firmware  From `kpn_firmware_begin`.
///
/// @return false also when no request is due, or `firmware` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_must_connect(firmware: *const kpn_firmware) -> bool {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow(firmware) };
    firmware.is_ok_and(|firmware| firmware.private_state.must_connect())
}

/// Tells the library that a new connection to host and port of the URL is open.
///
/// If it cannot be opened, call `kpn_firmware_close` instead.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
///
/// @retval KPN_OK                    `kpn_firmware_request` is next.
/// @retval KPN_ERR_INVALID_ARGUMENT  `firmware` is NULL or misaligned.
/// @retval KPN_ERR_STATE             It was not begun, or its state is not `KPN_FIRMWARE_REQUEST`.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_connected(firmware: *mut kpn_firmware) -> kpn_status {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow_mut(firmware) };
    status(firmware.and_then(|firmware| firmware.private_state.connected()))
}

/// Writes the request for the next part, to be sent as it is: a GET with Range, the token, and If-Range once there is a strong entity tag.
///
/// RFC 9110 sections 13.1.5 and 14.2. It takes some 150 bytes plus path and token, and up to 80 more with If-Range.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
/// @param[out]    buffer    Receives the request. NULL with capacity 0 to ask for the length.
/// @param[in]     cap       Bytes of `buffer`.
/// @param[out]    out_len   Receives the length of the request, also with `KPN_ERR_BUFFER_FULL`.
///
/// @retval KPN_OK                    Send it; `kpn_firmware_feed` is next.
/// @retval KPN_ERR_BUFFER_FULL       `cap` is too small; `out_len` says how much is needed.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `cap` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             It was not begun, its state is not `KPN_FIRMWARE_REQUEST`, or it must connect first.
/// @retval KPN_ERR_OVERLAP           `firmware`, its memory, `buffer` and `out_len` share memory.
/// @retval KPN_ERR_HEAD_TEXT         The memory given to `kpn_firmware_begin` was changed.
/// @return The failure with which the download ended.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `buffer` is NULL or points to `cap` bytes; `out_len` is NULL or points to memory for one
/// `size_t`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_request(
    firmware: *mut kpn_firmware,
    buffer: *mut u8,
    cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let request = || -> Result<()> {
        // SAFETY: the same contract.
        let firmware =
            unsafe { open_mut(firmware, Region::of(out_len), Region::new(buffer, cap)) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let len = unsafe { ptr::out(out_len) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let bytes = unsafe { ptr::bytes_mut(buffer, cap) }?;
        // SAFETY: the caller leaves the memory to the library.
        let memory = unsafe { firmware.memory() };
        let mut out = Buf::new(bytes, 0);
        firmware.private_state.write_request(memory, &mut out)?;
        len.write(out.len());
        if out.fits() {
            Ok(())
        } else {
            Err(Error::BUFFER_FULL)
        }
    };
    status(request())
}

/// The parts of the URL; all zeros before the announcement.
///
/// # Safety
///
/// As for `kpn_firmware_port`.
unsafe fn url<'a>(firmware: *const kpn_firmware) -> Result<&'a Url> {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow(firmware) }?;
    Ok(firmware.private_state.url())
}
