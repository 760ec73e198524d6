//! What of a download is kept over a reset.

use super::{KPN_FIRMWARE_IMAGE_LEN, kpn_firmware, open, open_mut};
use crate::error::Result;
use crate::ffi::ptr::{self, Region};
use crate::ffi::span::kpn_span;
use crate::ffi::status::{kpn_status, status};

/// URL and token of the firmware, to be kept over a reset beside what `kpn_firmware_save` gives.
///
/// @param[in]  firmware   From `kpn_firmware_begin`.
/// @param[out] out_url    Bytes in the memory given to `kpn_firmware_begin`, without NUL, until the next announcement.
/// @param[out] out_token  Likewise.
///
/// @retval KPN_OK                    Both are written.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             `firmware` was not begun, or none was announced.
/// @retval KPN_ERR_OVERLAP           The arguments and the memory share memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; the others are NULL or point to memory for one `kpn_span`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_texts(
    firmware: *const kpn_firmware,
    out_url: *mut kpn_span,
    out_token: *mut kpn_span,
) -> kpn_status {
    let texts = || -> Result<()> {
        // SAFETY: the same contract.
        let firmware = unsafe { open(firmware, Region::of(out_url), Region::of(out_token)) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let url = unsafe { ptr::out(out_url) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let token = unsafe { ptr::out(out_token) }?;
        // SAFETY: the caller leaves the memory to the library.
        let memory = unsafe { firmware.memory() };
        let (url_text, token_text) = firmware.private_state.texts(memory)?;
        url.write(kpn_span::of(url_text));
        token.write(kpn_span::of(token_text));
        Ok(())
    };
    status(texts())
}

/// Writes what is to be kept over a reset, such as after each part, or after each page of flash.
///
/// A version, which URL it was (by CRC-32 and length), how many bytes are confirmed, and a checksum. Write the pieces to flash before it.
///
/// @param[in]  firmware   From `kpn_firmware_begin`.
/// @param[out] out_image  `KPN_FIRMWARE_IMAGE_LEN` bytes, the same on every target. Written only on success.
///
/// @retval KPN_OK                    Written.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             `firmware` was not begun, or none was announced: there is nothing to keep.
/// @retval KPN_ERR_OVERLAP           `firmware` and `out_image` share memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `out_image` is NULL or points to `KPN_FIRMWARE_IMAGE_LEN` bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_save(
    firmware: *const kpn_firmware,
    out_image: *mut u8,
) -> kpn_status {
    let save = || -> Result<()> {
        let out = Region::new(out_image, KPN_FIRMWARE_IMAGE_LEN);
        // SAFETY: the same contract.
        let firmware = unsafe { open(firmware, out, Region::none()) }?;
        // SAFETY: the same contract; apart from the object as just checked.
        let out = unsafe { ptr::bytes_mut(out_image, KPN_FIRMWARE_IMAGE_LEN) }?;
        firmware.private_state.progress()?.write(out);
        Ok(())
    };
    status(save())
}

/// Takes up what `kpn_firmware_save` wrote before a reset.
///
/// Nothing is fetched until the same URL is announced again, by the platform or with `kpn_firmware_start`; another URL starts from the beginning.
///
/// @param[in,out] firmware   From `kpn_firmware_begin`; nothing was announced yet.
/// @param[in]     image      Not kept. NULL when `image_len` is 0.
/// @param[in]     image_len  Bytes, `KPN_FIRMWARE_IMAGE_LEN` for an image.
///
/// @retval KPN_OK                    Taken up.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the length is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             `firmware` was not begun, or some was announced already.
/// @retval KPN_ERR_OVERLAP           `firmware` and `image` share memory.
/// @retval KPN_ERR_IMAGE             The image is damaged, of another version, or none. Nothing of it is used.
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
        firmware.private_state.resume(image)
    };
    status(load())
}
