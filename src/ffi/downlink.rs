// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the platform says to the device: the records of a downlink, one by one.

use core::ptr::NonNull;

use super::ptr::{self, Object, Region};
use super::record::kpn_record;
use super::response::kpn_response;
use super::status::{kpn_status, status};
use crate::error::{Error, Result};
use crate::senml::reader::PackReader;
use crate::things::downlink::{Downlink, text_of};

/// A downlink, read record by record.
///
/// Call `kpn_downlink_begin` with a complete response, then `kpn_downlink_next` as long as it returns `KPN_OK`. The whole pack is checked
/// before the first record is handed out, so a broken downlink has no effect. Texts and data are decoded in place: leave the buffer of the
/// body alone until the records have been read. 136 bytes on a 32-bit target. It holds a pointer: do not store it.
///
/// ~~~{.c}
/// kpn_downlink downlink;
/// kpn_record record;
///
/// if (kpn_downlink_begin(&downlink, &response) == KPN_OK) {
///     while (kpn_downlink_next(&downlink, &record) == KPN_OK) {
///         if (kpn_record_is(&record, "valve") && record.kind == KPN_KIND_BOOL) {
///             set_valve(record.bool_value);
///         }
///     }
/// }
/// ~~~
#[repr(C)]
pub struct kpn_downlink {
    private_tag: u32,
    private_reserved: u32,
    private_bytes: *mut u8,
    private_len: usize,
    private_state: Downlink,
}

// SAFETY: repr(C) with the u32 tag in front; a pointer and plain integers behind it.
unsafe impl Object for kpn_downlink {
    const NUMBER: u8 = 5;
}

impl kpn_downlink {
    /// The position in the pack, and the pack, for looking ahead.
    ///
    /// # Safety
    ///
    /// The bytes given to `begin` are still there, and nobody writes to them while the slice is used.
    pub(super) unsafe fn ahead(&self) -> (&PackReader, &[u8]) {
        // SAFETY: `begin` checked and kept the bytes; the rest is the same contract.
        let body = unsafe { ptr::stored_slice(self.private_bytes, self.private_len) };
        (self.private_state.ahead(), body)
    }
}

/// Checks the whole body of a complete response; a response without a body is a downlink without records.
///
/// Call it once per response, since reading decodes texts in place. After a failure, `kpn_downlink_index` gives the record that caused it.
/// A byte order mark before the JSON and one NUL after it are ignored. RFC 8428 sections 4 and 5, RFC 9100, RFC 8259.
///
/// @param[out]    downlink  Need not be initialised.
/// @param[in]     response  From `kpn_response_begin`, complete. Its buffer stays in use until the records have been read.
///
/// @retval KPN_OK                         The pack is valid, or there is none.
/// @retval KPN_ERR_INVALID_ARGUMENT       A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE                  The response was not begun, or is not complete.
/// @retval KPN_ERR_OVERLAP                `downlink`, `response` and the body share memory.
/// @retval KPN_ERR_BODY_TOO_LARGE         The body did not fit into the response's buffer.
/// @retval KPN_ERR_SENML_NAME             A name, with its base name, is empty or has a character outside RFC 8428's alphabet.
/// @retval KPN_ERR_SENML_TYPE             Not an array of objects, or a label with a value of the wrong type.
/// @retval KPN_ERR_SENML_MUST_UNDERSTAND  A label ends in `_` and is not known.
/// @retval KPN_ERR_SENML_VERSION          `bver` is not a version up to 10, or differs within the pack.
/// @retval KPN_ERR_SENML_DUPLICATE        A label occurs twice in one record.
/// @retval KPN_ERR_SENML_VALUE            A record has two values, or a name and neither value nor sum.
/// @retval KPN_ERR_SENML_BASE64           Data is not in any of the four base64 forms.
/// @retval KPN_ERR_JSON_SYNTAX            Not JSON.
/// @retval KPN_ERR_JSON_DEPTH             Nested deeper than 32.
/// @retval KPN_ERR_JSON_TRUNCATED         The JSON ends too early.
/// @retval KPN_ERR_JSON_ESCAPE            A string escape stands for no character.
/// @retval KPN_ERR_UTF8                   A string is not UTF-8.
///
/// # Safety
///
/// `downlink` is NULL or points to memory for one `kpn_downlink` that nobody else uses until it is abandoned; `response` as for
/// `kpn_response_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_downlink_begin(
    downlink: *mut kpn_downlink,
    response: *const kpn_response,
) -> kpn_status {
    let begin = || -> Result<()> {
        Region::of(downlink).check_disjoint_from(Region::of(response))?;
        // SAFETY: the same contract.
        let response = unsafe { ptr::borrow(response) };
        // SAFETY: `begin` of the response kept the buffer, which the caller leaves to the library.
        let body = response.and_then(|response| unsafe { response.body_mut() });
        // SAFETY: the same contract; apart from the response as just checked.
        unsafe { start(downlink, body) }
    };
    status(begin())
}

/// Checks a pack that came in another way, such as by SMS or from a file; otherwise as `kpn_downlink_begin`.
///
/// @param[out]    downlink  Need not be initialised.
/// @param[in,out] bytes     JSON text, decoded in place; in use until the records have been read. NULL when
///                          `len` is 0.
/// @param[in]     len       Bytes. 0 is a downlink without records.
///
/// @retval KPN_OK                         The pack is valid, or there is none.
/// @retval KPN_ERR_INVALID_ARGUMENT       A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP                `downlink` and `bytes` share memory.
/// @retval KPN_ERR_SENML_NAME             As for `kpn_downlink_begin`.
/// @retval KPN_ERR_SENML_TYPE             Not an array of objects, or a label with a value of the wrong type.
/// @retval KPN_ERR_SENML_MUST_UNDERSTAND  A label ends in `_` and is not known.
/// @retval KPN_ERR_SENML_VERSION          `bver` is not a version up to 10, or differs within the pack.
/// @retval KPN_ERR_SENML_DUPLICATE        A label occurs twice in one record.
/// @retval KPN_ERR_SENML_VALUE            A record has two values, or a name and neither value nor sum.
/// @retval KPN_ERR_SENML_BASE64           Data is not in any of the four base64 forms.
/// @retval KPN_ERR_JSON_SYNTAX            Not JSON.
/// @retval KPN_ERR_JSON_DEPTH             Nested deeper than 32.
/// @retval KPN_ERR_JSON_TRUNCATED         The JSON ends too early.
/// @retval KPN_ERR_JSON_ESCAPE            A string escape stands for no character.
/// @retval KPN_ERR_UTF8                   A string is not UTF-8.
///
/// # Safety
///
/// `downlink` as for `kpn_downlink_begin`; `bytes` is NULL or points to `len` initialised bytes that nobody else uses until the records
/// were read.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_downlink_begin_bytes(
    downlink: *mut kpn_downlink,
    bytes: *mut u8,
    len: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    let body = unsafe { ptr::bytes_mut(bytes, len) };
    // SAFETY: the same contract.
    status(unsafe { start(downlink, body.map_err(Error::from)) })
}

/// Hands out the next record, with all base fields applied and texts and data decoded.
///
/// If the body has changed since `kpn_downlink_begin`, every failure of that call is possible.
///
/// @param[in,out] downlink    From `kpn_downlink_begin` or its sibling.
/// @param[out]    out_record  Written only with `KPN_OK`. Its texts lie in the buffer of the body.
///
/// @retval KPN_OK                    `out_record` is the next record.
/// @retval KPN_END                   There are no more records.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The downlink was not begun or was refused.
/// @retval KPN_ERR_OVERLAP           `downlink`, `out_record` and the body share memory.
///
/// # Safety
///
/// `downlink` as for `kpn_downlink_begin`; `out_record` is NULL or points to memory for one `kpn_record`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_downlink_next(
    downlink: *mut kpn_downlink,
    out_record: *mut kpn_record,
) -> kpn_status {
    let next = || -> Result<()> {
        // SAFETY: the same contract.
        let downlink = unsafe { ptr::borrow_mut(downlink) }?;
        let bytes = Region::new(downlink.private_bytes, downlink.private_len);
        let record = Region::of(out_record);
        record.check_disjoint_from(Region::of(&raw const *downlink))?;
        record.check_disjoint_from(bytes)?;
        ptr::check(out_record)?;
        // SAFETY: `begin` checked and kept the bytes, which the caller leaves to the library.
        let body = unsafe { ptr::stored_slice_mut(downlink.private_bytes, downlink.private_len) };
        let record = downlink.private_state.next(body)?;
        // SAFETY: the same contract; apart from the others as just checked.
        unsafe { ptr::begin(out_record) }?.fill(record, body);
        Ok(())
    };
    status(next())
}

/// Index of the record that comes next, or that `kpn_downlink_begin` refused; counted from 0.
///
/// @param[in] downlink  From `kpn_downlink_begin` or its sibling, refused ones included.
///
/// @return Counted from 0; 0 also when `downlink` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `downlink` as for `kpn_downlink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_downlink_index(downlink: *const kpn_downlink) -> usize {
    // SAFETY: the same contract.
    let downlink = unsafe { ptr::borrow(downlink) };
    downlink.map_or(0, |downlink| downlink.private_state.index())
}

/// Puts a downlink in place, even a refused one, so that records of an earlier one cannot be taken for its own.
///
/// # Safety
///
/// `downlink` as for `kpn_downlink_begin`.
unsafe fn start(downlink: *mut kpn_downlink, body: Result<&mut [u8]>) -> Result<()> {
    if let Ok(body) = &body {
        Region::of(downlink).check_disjoint_from(Region::of_bytes(body))?;
    }
    // SAFETY: the same contract; apart from the bytes as just checked.
    let downlink = unsafe { ptr::begin(downlink) }?;
    // From now on these are the parts of a slice, refused or not.
    downlink.private_bytes = NonNull::dangling().as_ptr();
    let body = text_of(body?);
    downlink.private_bytes = body.as_mut_ptr();
    downlink.private_len = body.len();
    downlink.private_state.begin(body)
}
