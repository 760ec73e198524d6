// SPDX-License-Identifier: MIT OR Apache-2.0
//! Firmware over the air: the object, what it fetches, and how it is configured.

pub mod announce;
pub mod answer;
pub mod image;
pub mod request;

use core::num::NonZeroU32;

use super::ptr::{self, Object, Region};
use super::status::{kpn_status, status};
use crate::error::{Error, Result};
use crate::things::firmware::announcement::{TOKEN_MAX, Texts};
use crate::things::firmware::download::{Download, FIRST_BYTES_MAX, Phase};
use crate::things::firmware::validator::TEXT_MAX;
use crate::things::firmware::{image as format, url};

/// Longest URL of firmware, in bytes.
pub const KPN_FIRMWARE_URL_MAX: usize = 256;
/// Longest token of firmware, in bytes.
pub const KPN_FIRMWARE_TOKEN_MAX: usize = 1024;
/// Longest host of a firmware URL, in bytes without NUL.
pub const KPN_FIRMWARE_HOST_MAX: usize = 253;
/// Bytes that are enough for any URL and token.
pub const KPN_FIRMWARE_MEMORY: usize = 1280;
/// Longest entity tag, in bytes including its quotes; a longer one is ignored.
pub const KPN_FIRMWARE_ETAG_MAX: usize = 67;
/// Bytes of an image without URL and token.
pub const KPN_FIRMWARE_IMAGE_EXTRA: usize = 92;
/// Longest image that `kpn_firmware_save` writes, in bytes.
pub const KPN_FIRMWARE_IMAGE_MAX: usize = 1372;
/// Most first bytes that `kpn_firmware_expect` takes.
pub const KPN_FIRMWARE_FIRST_MAX: usize = 8;

/// No firmware was announced: nothing to do.
pub const KPN_FIRMWARE_IDLE: i32 = 0;
/// `kpn_firmware_request` is next.
pub const KPN_FIRMWARE_REQUEST: i32 = 1;
/// `kpn_firmware_feed` is next.
pub const KPN_FIRMWARE_RESPONSE: i32 = 2;
/// All bytes are confirmed.
pub const KPN_FIRMWARE_COMPLETE: i32 = 3;
/// Given up, see `kpn_firmware_error`; a new announcement starts again.
pub const KPN_FIRMWARE_FAILED: i32 = 4;

const _: () = assert!(KPN_FIRMWARE_TOKEN_MAX == TOKEN_MAX);
const _: () = assert!(KPN_FIRMWARE_ETAG_MAX == TEXT_MAX + 1);
const _: () = assert!(KPN_FIRMWARE_FIRST_MAX == FIRST_BYTES_MAX);
const _: () = assert!(
    KPN_FIRMWARE_IMAGE_EXTRA == format::IMAGE_EXTRA && KPN_FIRMWARE_IMAGE_MAX == format::IMAGE_MAX
);
const _: () = assert!(
    KPN_FIRMWARE_URL_MAX == url::URL_MAX as usize
        && KPN_FIRMWARE_HOST_MAX == url::HOST_MAX as usize
        && KPN_FIRMWARE_MEMORY == KPN_FIRMWARE_URL_MAX + KPN_FIRMWARE_TOKEN_MAX
        && KPN_FIRMWARE_IDLE == Phase::Idle.code() as i32
        && KPN_FIRMWARE_REQUEST == Phase::Request.code() as i32
        && KPN_FIRMWARE_RESPONSE == Phase::Response.code() as i32
        && KPN_FIRMWARE_COMPLETE == Phase::Complete.code() as i32
        && KPN_FIRMWARE_FAILED == Phase::Failed.code() as i32
);

/// A firmware download, part by part.
///
/// Call `kpn_firmware_begin` once and `kpn_firmware_offer` with every downlink. As long as the state is `KPN_FIRMWARE_REQUEST`, call
/// `kpn_firmware_request`, send the request, and pass what arrives to `kpn_firmware_feed`. The pieces it hands out are provisional until
/// the part ends with `KPN_OK`; after `KPN_AGAIN` the same bytes come again, with the same offsets. A part may have fewer or more bytes
/// than requested.
///
/// If the server sends them, a CRC-32 verifies each part, and the entity tag or Last-Modified shows that all parts come from one image.
/// Nothing authenticates the firmware as a whole: let the boot loader verify a signature. After `KPN_ERR_FIRMWARE_REPLACED` there is
/// different firmware at the URL: nothing is confirmed any more, and what was written is void. `kpn_firmware_rewind` to 0, the next
/// announcement or `kpn_firmware_load` fetches the new one from its first byte.
///
/// Report the running version in every uplink: `kpn_uplink_add_text(&uplink, KPN_FIRMWARE, "1.0.0")`. It holds a pointer: to store it, use
/// `kpn_firmware_save`. KPN documentation, "Firmware over the air".
///
/// ~~~{.c}
/// char host[KPN_FIRMWARE_HOST_MAX + 1];
/// kpn_firmware_piece piece = {0, NULL, 0, 0};
/// kpn_status status = KPN_OK;
/// size_t len, used;
///
/// while (status >= 0 && kpn_firmware_state(&firmware) == KPN_FIRMWARE_REQUEST) {
///     if (status == KPN_AGAIN) {
///         uint32_t failures = kpn_firmware_failures(&firmware);
///         sleep_ms(kpn_retry_delay_ms(failures, random32(), 1000, 3600000, kpn_firmware_retry_after(&firmware)));
///     }
///     if (kpn_firmware_must_connect(&firmware)) {
///         modem_close();
///         status = kpn_firmware_host(&firmware, host, sizeof host);
///         if (status == KPN_OK && modem_connect("kpnthings.iot", host, kpn_firmware_port(&firmware))) {
///             status = kpn_firmware_connected(&firmware);
///         } else if (status == KPN_OK) {
///             status = kpn_firmware_close(&firmware); // KPN_AGAIN, or the last failure
///             continue;
///         }
///     }
///     status = kpn_firmware_request(&firmware, buffer, sizeof buffer, &len);
///     if (status != KPN_OK) {
///         break; // the buffer is too small: len says how large it must be
///     }
///     modem_send(buffer, len);
///     do {
///         len = modem_receive(chunk, sizeof chunk); // 0: closed, or too late
///         status = len > 0 ? KPN_NEED_MORE : kpn_firmware_close(&firmware);
///         for (used = 0; used < len && status == KPN_NEED_MORE; used += piece.used) {
///             status = kpn_firmware_feed(&firmware, chunk + used, len - used, &piece);
///             if (status >= 0) {
///                 flash_write(piece.offset, piece.ptr, piece.len);
///             }
///         }
///     } while (status == KPN_NEED_MORE);
/// }
/// ~~~
#[repr(C)]
pub struct kpn_firmware {
    private_tag: u32,
    private_reserved: u32,
    private_memory: *mut u8,
    private_capacity: usize,
    private_state: Download,
}

// SAFETY: repr(C) with the u32 tag in front; a pointer and plain integers behind it.
unsafe impl Object for kpn_firmware {
    const NUMBER: u8 = 10;
}

impl kpn_firmware {
    /// # Safety
    ///
    /// The memory given to `begin` is still there, and nobody else uses it while the slice is used.
    unsafe fn memory<'a>(&self) -> &'a mut [u8] {
        // SAFETY: `begin` kept the memory; the rest is the same contract.
        unsafe { ptr::stored_slice_mut(self.private_memory, self.private_capacity) }
    }

    fn region(&self) -> Region {
        Region::new(self.private_memory, self.private_capacity)
    }

    /// # Safety
    ///
    /// As for `memory`.
    unsafe fn announce(&mut self, texts: Texts<'_>) -> Result<()> {
        // SAFETY: the same contract.
        let memory = unsafe { self.memory() };
        self.private_state.announce(texts, memory)
    }
}

/// Refuses an object that was not begun, and memory that it, its own memory, `a` and `b` share.
///
/// # Safety
///
/// As for `ptr::borrow`.
// Not inlined: one copy serves all callers.
#[inline(never)]
unsafe fn check(firmware: *const kpn_firmware, a: Region, b: Region) -> Result<()> {
    // SAFETY: the same contract.
    let memory = unsafe { ptr::borrow(firmware) }?.region();
    ptr::check_disjoint(3, &[Region::of(firmware), memory, a, b])
}

/// The object, after `check`.
///
/// # Safety
///
/// As for `ptr::borrow_mut`.
unsafe fn open_mut<'a>(
    firmware: *mut kpn_firmware,
    a: Region,
    b: Region,
) -> Result<&'a mut kpn_firmware> {
    // SAFETY: the same contract.
    unsafe { check(firmware, a, b) }?;
    // SAFETY: the same contract; found begun by `check`.
    Ok(unsafe { ptr::checked_mut(firmware) })
}

/// The object, only to be read, after `check`.
///
/// # Safety
///
/// As for `ptr::borrow`.
unsafe fn open<'a>(
    firmware: *const kpn_firmware,
    a: Region,
    b: Region,
) -> Result<&'a kpn_firmware> {
    // SAFETY: the same contract.
    unsafe { check(firmware, a, b) }?;
    // SAFETY: the same contract; found begun by `check`.
    Ok(unsafe { ptr::checked_ref(firmware) })
}

/// Prepares for firmware; nothing is fetched until some is announced.
///
/// Up to 5 failures in a row are retried, `Host` is `m.m`, and a connection is used for `KPN_REQUESTS_MAX` requests, unless set otherwise.
///
/// @param[out]    firmware    Need not be initialised.
/// @param[in,out] memory      Holds URL and token; in use as long as `firmware` is.
/// @param[in]     memory_cap  Bytes. `KPN_FIRMWARE_MEMORY` is enough for any URL and token.
/// @param[in]     part_size   Bytes per request, at least 1. 512 to 4,096 suit most: each part costs a head, and a lost connection a part.
///
/// @retval KPN_OK                    Begun; the state is `KPN_FIRMWARE_IDLE`.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, the capacity is above `PTRDIFF_MAX`, or `part_size` is 0.
/// @retval KPN_ERR_OVERLAP           `firmware` and `memory` share memory.
///
/// # Safety
///
/// `firmware` is NULL or points to memory for one `kpn_firmware` that nobody else uses until it is abandoned; likewise `memory` for
/// `memory_cap` bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_begin(
    firmware: *mut kpn_firmware,
    memory: *mut u8,
    memory_cap: usize,
    part_size: u32,
) -> kpn_status {
    let begin = || -> Result<()> {
        Region::of(firmware).check_disjoint_from(Region::new(memory, memory_cap))?;
        // SAFETY: the same contract.
        let memory = unsafe { ptr::bytes_mut(memory, memory_cap) }?;
        let part_size = NonZeroU32::new(part_size).ok_or(Error::INVALID_ARGUMENT)?;
        // SAFETY: the same contract; apart from the memory as just checked.
        let firmware = unsafe { ptr::begin(firmware) }?;
        firmware.private_memory = memory.as_mut_ptr();
        firmware.private_capacity = memory.len();
        firmware.private_state.begin(part_size);
        Ok(())
    };
    status(begin())
}

/// Sets how many failures in a row are retried.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
/// @param[in]     retries   0: the first failure is final.
///
/// @retval KPN_OK                    Set.
/// @retval KPN_ERR_INVALID_ARGUMENT  `firmware` is NULL or misaligned.
/// @retval KPN_ERR_STATE             It was not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_set_retries(
    firmware: *mut kpn_firmware,
    retries: u8,
) -> kpn_status {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow_mut(firmware) };
    status(firmware.map(|firmware| firmware.private_state.set_retries(retries)))
}

/// Sets how many requests the file server accepts on one connection, from the next connection on.
///
/// @param[in,out] firmware  From `kpn_firmware_begin`.
/// @param[in]     limit     At least 1.
///
/// @retval KPN_OK                    Set.
/// @retval KPN_ERR_INVALID_ARGUMENT  `firmware` is NULL or misaligned, or `limit` is 0.
/// @retval KPN_ERR_STATE             It was not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_set_request_limit(
    firmware: *mut kpn_firmware,
    limit: u16,
) -> kpn_status {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow_mut(firmware) };
    status(firmware.and_then(|firmware| {
        if limit == 0 {
            return Err(Error::INVALID_ARGUMENT);
        }
        firmware.private_state.set_request_limit(limit);
        Ok(())
    }))
}

/// Sets the `Host` field of requests.
///
/// @param[in,out] firmware   From `kpn_firmware_begin`.
/// @param[in]     real_host  false: the dummy `m.m`, as KPN's Device SDK sends it. true: host and port of the URL, as in RFC 9110.
///
/// @retval KPN_OK                    Set.
/// @retval KPN_ERR_INVALID_ARGUMENT  `firmware` is NULL or misaligned.
/// @retval KPN_ERR_STATE             It was not begun.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_set_real_host(
    firmware: *mut kpn_firmware,
    real_host: bool,
) -> kpn_status {
    // SAFETY: the same contract.
    let firmware = unsafe { ptr::borrow_mut(firmware) };
    status(firmware.map(|firmware| firmware.private_state.set_real_host(real_host)))
}

/// Sets what firmware must look like, so that nothing else, such as the page of a captive portal or an empty file, is taken for firmware.
///
/// Choose a size that all of your images reach, and the first bytes of your image format, such as `3d b8 f3 96` for MCUboot or `e9` for
/// ESP-IDF. Anything else is refused before a byte is confirmed: first with `KPN_AGAIN`, since a portal may be gone next time, finally with
/// `KPN_ERR_FIRMWARE_UNEXPECTED`. Without this call, whatever comes first with status 200 counts as firmware, and a page with an ETag
/// in the middle of a download as different firmware (`KPN_ERR_FIRMWARE_REPLACED`). Call it after each
/// `kpn_firmware_begin`; `kpn_firmware_save` does not keep it.
///
/// ~~~{.c}
/// static const uint8_t mcuboot[4] = {0x3d, 0xb8, 0xf3, 0x96};
/// kpn_firmware_expect(&firmware, 16384, mcuboot, sizeof mcuboot);
/// ~~~
///
/// @param[in,out] firmware   From `kpn_firmware_begin`.
/// @param[in]     min_size   Smallest size of firmware, in bytes; 0 for any.
/// @param[in]     first      What it begins with. Copied. NULL when `first_len` is 0.
/// @param[in]     first_len  Bytes, at most `KPN_FIRMWARE_FIRST_MAX`; 0 for any.
///
/// @retval KPN_OK                    Set, replacing what was expected before.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `first_len` is too large.
/// @retval KPN_ERR_STATE             `firmware` was not begun.
/// @retval KPN_ERR_OVERLAP           `firmware`, its memory and `first` share memory.
///
/// # Safety
///
/// `firmware` as for `kpn_firmware_begin`; `first` is NULL or points to `first_len` initialised bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_firmware_expect(
    firmware: *mut kpn_firmware,
    min_size: u32,
    first: *const u8,
    first_len: usize,
) -> kpn_status {
    let expect = || -> Result<()> {
        // SAFETY: the same contract.
        let firmware =
            unsafe { open_mut(firmware, Region::new(first, first_len), Region::none()) }?;
        // SAFETY: the same contract.
        let first = unsafe { ptr::bytes(first, first_len) }?;
        firmware.private_state.expect_content(min_size, first)
    };
    status(expect())
}
