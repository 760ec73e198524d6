//! A queue in non-volatile memory.

use super::kpn_queue;
use crate::error::Result;
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};
use crate::things::queue::Since;

/// Writes an image of the queue, to be kept over a reset: versioned, with a checksum.
///
/// Records on their way are in it like the others, and count as dropped where they made room, since after a reset nobody knows
/// what became of them. The queue stays as it is.
///
/// @param[in]  queue    From `kpn_queue_begin`.
/// @param[in]  uptime   Seconds since the device started, now.
/// @param[out] out      Receives the image; unspecified after a failure.
/// @param[in]  out_cap  Bytes. `KPN_QUEUE_IMAGE_EXTRA` more than the memory of the queue are always enough.
/// @param[out] out_len  Bytes of the image. Written only on success.
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

/// Puts the records of an image in place of those of the queue.
///
/// The image is checked whole first: after a failure the queue is as before. Times since start go on to count from the same moments,
/// as far as `elapsed` is right: with 0, their records become younger by the time in between.
///
/// @param[in,out] queue      From `kpn_queue_begin`.
/// @param[in]     image      From `kpn_queue_save`.
/// @param[in]     image_len  Bytes.
/// @param[in]     uptime     Seconds since this start of the device, now.
/// @param[in]     elapsed    Seconds since the image was saved; 0 when the device does not know.
///
/// @retval KPN_OK                    The records of the image wait in the queue, none on its way.
/// @retval KPN_ERR_BUFFER_FULL       The memory of the queue is too small for them.
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
