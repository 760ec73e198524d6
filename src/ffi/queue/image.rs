// SPDX-License-Identifier: MIT OR Apache-2.0
//! A queue in non-volatile memory.

use super::kpn_queue;
use crate::error::Result;
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};
use crate::things::queue::Since;

/// Writes an image of the queue to keep across a reset: versioned, with a checksum.
///
/// Records on their way are saved like the others. The queue is unchanged. Each image is written whole, which wears flash: save before a
/// reset or a sleep without power, and otherwise only as often as the loss of the latest records matters. A page with 10,000 erase cycles
/// that is erased for every image lasts 69 days at one image every 10 minutes, and a year at one every hour. Alternate between two pages,
/// so that a power failure while writing leaves the older image.
///
/// @param[in]  queue    From `kpn_queue_begin`.
/// @param[in]  uptime   Current uptime of the device, in seconds.
/// @param[out] out      Receives the image; unspecified after a failure.
/// @param[in]  out_cap  Bytes. The size of the queue's memory plus `KPN_QUEUE_IMAGE_EXTRA` is always enough.
/// @param[out] out_len  Receives its length. Written only on success.
///
/// @retval KPN_OK                    `out` holds the image.
/// @retval KPN_ERR_BUFFER_FULL       `out_cap` is too small.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           The arguments and the memory of the queue overlap.
/// @retval KPN_ERR_CLOCK             A record is later than `uptime`.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`; `out` is NULL or points to `out_cap` bytes, `out_len` is NULL or points to memory for a `size_t`,
/// that nobody else uses.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_save(
    queue: *const kpn_queue,
    uptime: u32,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let save = || -> Result<()> {
        // SAFETY: the same contract.
        let queue = unsafe { ptr::borrow(queue) }?;
        let own = Region::of(&raw const *queue);
        let image = Region::new(out, out_cap);
        ptr::check_disjoint(4, &[image, Region::of(out_len), own, queue.memory()])?;
        // SAFETY: the same contract; apart from the others as just checked.
        let out = unsafe { ptr::bytes_mut(out, out_cap) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let out_len = unsafe { ptr::out(out_len) }?;
        // SAFETY: `begin` kept the parts of a slice, which belongs to the library.
        let memory = unsafe { ptr::stored_slice(queue.private_memory, queue.private_capacity) };
        out_len.write(queue.private_state.save(memory, uptime, out)?);
        Ok(())
    };
    status(save())
}

/// Replaces the records of the queue by those of an image.
///
/// The image is checked first; a failure leaves the queue unchanged. Uptimes are converted with `elapsed`; if it is 0, records appear
/// younger by the time that the device was off.
///
/// @param[in,out] queue      From `kpn_queue_begin`.
/// @param[in]     image      From `kpn_queue_save`.
/// @param[in]     image_len  Bytes.
/// @param[in]     uptime     Current uptime of the device, in seconds.
/// @param[in]     elapsed    Seconds since the image was saved; 0 if unknown.
///
/// @retval KPN_OK                    The records of the image wait in the queue, none on its way.
/// @retval KPN_ERR_BUFFER_FULL       The queue's memory is too small for the records.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the length is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             The queue was not begun.
/// @retval KPN_ERR_OVERLAP           `image` overlaps with `queue` or its memory.
/// @retval KPN_ERR_IMAGE             The image is damaged or of another version.
///
/// # Safety
///
/// `queue` as for `kpn_queue_begin`; `image` is NULL or points to `image_len` initialised bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_queue_load(
    queue: *mut kpn_queue,
    image: *const u8,
    image_len: usize,
    uptime: u32,
    elapsed: u32,
) -> kpn_status {
    let load = || -> Result<()> {
        let region = Region::new(image, image_len);
        Region::of(queue).check_disjoint_from(region)?;
        // SAFETY: the same contract; apart from the image as just checked.
        let queue = unsafe { ptr::borrow_mut(queue) }?;
        queue.memory().check_disjoint_from(region)?;
        // SAFETY: the same contract.
        let image = unsafe { ptr::bytes(image, image_len) }?;
        let since = Since { uptime, elapsed };
        // SAFETY: `begin` kept the memory, which belongs to the library.
        unsafe { queue.core() }?.load(image, since)
    };
    status(load())
}
