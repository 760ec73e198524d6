// SPDX-License-Identifier: MIT OR Apache-2.0
//! The end of a message, and what can be asked about it.

use core::ffi::c_char;

use super::{kpn_uplink, target};
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Bytes, Region};
use crate::ffi::span::kpn_span;
use crate::ffi::status::{kpn_status, status};
use crate::things::uplink::Uplink;
use crate::token::SECRET_MAX;

/// Closes the pack, signs it, writes the head in front of it, and gives the request.
///
/// Send the request as it is: one contiguous part of the buffer, which is yours again from here on. If any call since `kpn_uplink_begin`
/// failed, this returns the first failure, so that no measurement is lost silently; clear it with `kpn_uplink_clear_failure` to send the
/// rest. When measuring, the span has a length and no pointer. KPN documentation "Message token", RFC 9112 section 3.
///
/// @param[in,out] uplink       From `kpn_uplink_begin` or a sibling.
/// @param[in]     secret       Secret. Not kept.
/// @param[out]    out_request  Written only on success. Lies in the buffer given to `kpn_uplink_begin`.
///
/// @retval KPN_OK                    The request is complete.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or a custom host or path has become longer.
/// @retval KPN_ERR_STATE             The uplink was not begun, or is finished.
/// @retval KPN_ERR_OVERLAP           The arguments and the buffer share memory.
/// @retval KPN_ERR_HEAD_TEXT         The host or path given to `kpn_uplink_begin_custom` has changed.
/// @retval KPN_ERR_SECRET            `secret` is not 30 to 100 letters and digits. May be called again with another.
/// @retval KPN_ERR_SENML_EMPTY       The pack has no measurement.
/// @return The first earlier failure that was not cleared.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `secret` is NULL or NUL-terminated; `out_request` is NULL or points to memory for one
/// `kpn_span` that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_finish(
    uplink: *mut kpn_uplink,
    secret: *const c_char,
    out_request: *mut kpn_span,
) -> kpn_status {
    // SAFETY: the same contract.
    let secret = unsafe { ptr::optional_text(secret, SECRET_MAX) };
    status(match secret.get() {
        // SAFETY: the same contract.
        Some(_) => unsafe { finish(uplink, secret, out_request) },
        None => Err(Error::INVALID_ARGUMENT),
    })
}

/// Closes the pack and writes the head without a token, for the device types that need none.
///
/// As `kpn_uplink_finish`. The buffer still needs room for `KPN_TOKEN_LINE_LEN` bytes more.
///
/// @param[in,out] uplink       From `kpn_uplink_begin` or a sibling.
/// @param[out]    out_request  Written only on success. Lies in the buffer given to `kpn_uplink_begin`.
///
/// @retval KPN_OK                    The request is complete.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or a custom host or path has become longer.
/// @retval KPN_ERR_STATE             The uplink was not begun, or is finished.
/// @retval KPN_ERR_OVERLAP           The arguments and the buffer share memory.
/// @retval KPN_ERR_HEAD_TEXT         The host or path given to `kpn_uplink_begin_custom` has changed.
/// @retval KPN_ERR_SENML_EMPTY       The pack has no measurement.
/// @return The first earlier failure that was not cleared.
///
/// # Safety
///
/// As for `kpn_uplink_finish`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_finish_unsigned(
    uplink: *mut kpn_uplink,
    out_request: *mut kpn_span,
) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { finish(uplink, Bytes::none(), out_request) })
}

/// Returns and clears the first failure, so that the pack can be sent without the records that failed.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling.
///
/// @retval KPN_OK                    There was no failure.
/// @retval KPN_ERR_INVALID_ARGUMENT  `uplink` is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the failure was a call in the wrong order.
/// @return The first failure. A failure of `kpn_uplink_begin` is not cleared.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_clear_failure(uplink: *mut kpn_uplink) -> kpn_status {
    let clear = || {
        // SAFETY: the same contract.
        let uplink = unsafe { ptr::borrow_mut(uplink) }?;
        Uplink::resume(&mut uplink.private_state, &mut [])
            .into_pack()?
            .clear_failure()
    };
    status(clear())
}

/// By how many bytes the buffer is too small, after a call returned `KPN_ERR_BUFFER_FULL`.
///
/// All calls since the first such failure are counted: in a buffer larger by this many bytes they all succeed. Counting starts again after
/// `kpn_uplink_clear_failure` or `kpn_stream_take`.
///
/// @param[in] uplink  From `kpn_uplink_begin` or a sibling.
///
/// @return Bytes; 0 when no call lacked room, or when `uplink` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_missing(uplink: *const kpn_uplink) -> usize {
    // SAFETY: the same contract.
    let uplink = unsafe { ptr::borrow(uplink) };
    uplink.map_or(0, |uplink| {
        uplink.private_state.missing(uplink.private_capacity)
    })
}

/// Number of records in the pack, base fields not counted.
///
/// @param[in] uplink  From `kpn_uplink_begin` or a sibling.
///
/// @return Records; 0 when `uplink` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_records(uplink: *const kpn_uplink) -> u32 {
    // SAFETY: the same contract.
    let uplink = unsafe { ptr::borrow(uplink) };
    uplink.map_or(0, |uplink| uplink.private_state.records())
}

/// # Safety
///
/// As for `kpn_uplink_finish`.
pub(super) unsafe fn finish(
    uplink: *mut kpn_uplink,
    secret: Bytes<'_>,
    out_request: *mut kpn_span,
) -> Result<()> {
    // SAFETY: the same contract.
    unsafe { check(uplink, secret, out_request) }?;
    // SAFETY: the same contract.
    let out_request = unsafe { ptr::out(out_request) }?;
    // SAFETY: the same contract.
    let uplink = unsafe { ptr::checked_mut(uplink) };
    // SAFETY: `begin` kept the texts of a custom endpoint, which the caller leaves there until the message is finished.
    let target = unsafe { target(uplink) }?;
    let is_measured = uplink.private_buffer.is_null();
    // SAFETY: `begin` checked and kept the buffer; the caller leaves it to the library until the message is finished.
    let (state, buffer) = unsafe { uplink.parts() }?;
    let request = Uplink::resume(state, buffer).finish(target, secret.get())?;
    out_request.write(if is_measured {
        let (ptr, len) = (core::ptr::null(), request.len);
        kpn_span { ptr, len }
    } else {
        kpn_span::inside(buffer, request.start, request.len)?
    });
    Ok(())
}

/// Whether what `finish` is given is apart from each other. By itself, so that its memory is free when the token is made.
///
/// # Safety
///
/// As for `finish`.
#[inline(never)]
unsafe fn check(
    uplink: *const kpn_uplink,
    secret: Bytes<'_>,
    out_request: *const kpn_span,
) -> Result<()> {
    let (own, result) = (Region::of(uplink), Region::of(out_request));
    // SAFETY: the same contract.
    let memory = unsafe { ptr::borrow(uplink) }?.memory();
    ptr::check_disjoint(3, &[result, own, memory, secret.region()])
}
