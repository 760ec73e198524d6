// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is kept of a download across a reset.

use super::{kpn_firmware, open, open_mut};
use crate::error::Result;
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};

/// Writes an image of the download to keep across a reset, for example after each page of flash.
///
/// The image contains URL, token, progress, a version and a checksum, but no settings such as those of `kpn_firmware_expect`. Write the
/// pieces to flash first.
///
/// @param[in]  firmware  From `kpn_firmware_begin`.
/// @param[out] out       Receives the image, the same on every target.
/// @param[in]  out_cap   Bytes. `KPN_FIRMWARE_IMAGE_EXTRA` plus URL and token is enough, `KPN_FIRMWARE_IMAGE_MAX` always.
/// @param[out] out_len   Receives its length. Written only on success.
///
/// @retval KPN_OK                    `out` holds the image.
/// @retval KPN_ERR_BUFFER_FULL       `out_cap` is too small.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             It was not begun, or none was announced.
/// @retval KPN_ERR_OVERLAP           The arguments and the memory given to `kpn_firmware_begin` share memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `out` is NULL or points to `out_cap` bytes, `out_len` is NULL or points to memory for one
/// `size_t`, that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_save(
    firmware: *const kpn_firmware,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let save = || -> Result<()> {
        let image = Region::new(out, out_cap);
        // SAFETY: the same contract.
        let firmware = unsafe { open(firmware, image, Region::of(out_len)) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let len = unsafe { ptr::out(out_len) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let out = unsafe { ptr::bytes_mut(out, out_cap) }?;
        // SAFETY: the caller leaves the memory to the library.
        let memory = unsafe { firmware.memory() };
        len.write(firmware.private_state.save(memory, out)?);
        Ok(())
    };
    status(save())
}

/// Restores an image, and continues its download where it was before the reset.
///
/// The platform's next announcement applies as usual; see `kpn_firmware_offer`.
///
/// @param[in,out] firmware   From `kpn_firmware_begin`.
/// @param[in]     image      From `kpn_firmware_save`. Not kept. NULL when `image_len` is 0.
/// @param[in]     image_len  Bytes.
///
/// @retval KPN_OK                     Announced; `kpn_firmware_state` says what comes next.
/// @retval KPN_ERR_INVALID_ARGUMENT   A pointer is NULL or misaligned, or the length is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE              It was not begun, or some was announced already.
/// @retval KPN_ERR_OVERLAP            `firmware`, its memory and `image` share memory.
/// @retval KPN_ERR_IMAGE              The image is damaged, truncated or of another version.
/// @retval KPN_ERR_FIRMWARE_TOO_LONG  URL and token do not fit into the memory given to `kpn_firmware_begin`.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `image` is NULL or points to `image_len` initialised bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_load(
    firmware: *mut kpn_firmware,
    image: *const u8,
    image_len: usize,
) -> kpn_status {
    let load = || -> Result<()> {
        // SAFETY: the same contract.
        let firmware =
            unsafe { open_mut(firmware, Region::new(image, image_len), Region::none()) }?;
        // SAFETY: the same contract.
        let image = unsafe { ptr::bytes(image, image_len) }?;
        // SAFETY: the caller leaves the memory to the library; apart from the image as just checked.
        let memory = unsafe { firmware.memory() };
        firmware.private_state.load(image, memory)
    };
    status(load())
}
