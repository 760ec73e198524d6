// SPDX-License-Identifier: MIT OR Apache-2.0
//! Records with a value.

use core::ffi::c_char;

use super::access::{add, add_bytes};
use super::kpn_uplink;
use crate::ffi::ptr;
use crate::ffi::status::kpn_status;
use crate::senml::pack::value::{DATA, TEXT, Value};

/// Appends a record with a number, given as `mantissa` times ten to the power of `exponent`.
///
/// Links no floating-point code. After a failure the pack is as it was before this record, labels set for it are dropped, and
/// `kpn_uplink_finish` reports the first such failure. RFC 8428 section 4.3.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name      NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_decimal(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::decimal(mantissa, exponent)) }
}

/// Appends a record with a signed integer. Otherwise as `kpn_uplink_add_decimal`.
///
/// All digits are written; a platform that reads JSON numbers as doubles keeps them exact up to 2^53. RFC 8428
/// section 4.3.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name    NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit    NUL-terminated SenML unit, or NULL for none.
/// @param[in]     value   Any value.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_int64(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: i64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::int(value)) }
}

/// Appends a record with an unsigned integer.
///
/// As `kpn_uplink_add_int64`.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name    NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit    NUL-terminated SenML unit, or NULL for none.
/// @param[in]     value   Any value.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_uint64(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: u64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::uint(value)) }
}

/// Appends a record with a double, as the shortest text that reads back to the same double.
///
/// 52.3731415926 is written exactly like that; negative zero keeps its sign. RFC 8428 sections 4.3
/// and 5.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name    NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit    NUL-terminated SenML unit, or NULL for none.
/// @param[in]     value   Finite.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_double(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: f64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::double(value)) }
}

/// Appends a record with a float, as the shortest text that reads back to the same float.
///
/// 21.81f is written `21.81`; converted to double first it would be 21.809999465942383. Otherwise as `kpn_uplink_add_double`.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name    NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit    NUL-terminated SenML unit, or NULL for none.
/// @param[in]     value   Finite.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_float(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: f32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::float(value)) }
}

/// Appends a record with a double, rounded to a given number of decimals.
///
/// The result is the decimal nearest to the exact binary value, ties to even. All decimals are written: 20.5 with 2 gives `20.50`.
/// Otherwise as `kpn_uplink_add_double`.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name      NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none.
/// @param[in]     value     Finite.
/// @param[in]     decimals  0 to `KPN_FRACTION_DIGITS_MAX`.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `decimals` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_double_fixed(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: f64,
    decimals: u8,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::fixed(value, decimals)) }
}

/// Appends a record with a Boolean. Otherwise as `kpn_uplink_add_decimal`.
///
/// RFC 8428 section 4.3.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name    NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit    NUL-terminated SenML unit, or NULL for none.
/// @param[in]     value   true or false.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_bool(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: bool,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::bool(value)) }
}

/// Appends a record with a text.
///
/// Escaped as JSON requires. Otherwise as `kpn_uplink_add_decimal`. RFC 8428 section 4.3, RFC 8259 section 7.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name    NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit    NUL-terminated SenML unit, or NULL for none.
/// @param[in]     text    UTF-8 of any length. Not kept.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_UTF8              `text` is not UTF-8.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` and `text` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_text(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    text: *const c_char,
) -> kpn_status {
    // SAFETY: the same contract.
    let bytes = unsafe { ptr::optional_text(text, usize::MAX) };
    // SAFETY: the same contract.
    unsafe { add_bytes(uplink, name, unit, TEXT, bytes) }
}

/// Appends a record with a text of a given length.
///
/// As `kpn_uplink_add_text`; the text may contain NUL characters.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name      NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none.
/// @param[in]     text      UTF-8; NULL when `text_len` is 0. Not kept.
/// @param[in]     text_len  Bytes.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the length is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_UTF8              `text` is not UTF-8.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated; `text` points to `text_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_text_n(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    text: *const c_char,
    text_len: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    let bytes = unsafe { ptr::optional_bytes(text.cast(), text_len) };
    // SAFETY: the same contract.
    unsafe { add_bytes(uplink, name, unit, TEXT, bytes) }
}

/// Appends a record with binary data.
///
/// Written as base64url without padding. Otherwise as `kpn_uplink_add_decimal`. RFC 8428 section 5.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name      NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none.
/// @param[in]     data      NULL when `data_len` is 0. Not kept.
/// @param[in]     data_len  Bytes.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the length is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text or the data lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated; `data` points to `data_len` bytes.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_data(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    data: *const u8,
    data_len: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    let bytes = unsafe { ptr::optional_bytes(data, data_len) };
    // SAFETY: the same contract.
    unsafe { add_bytes(uplink, name, unit, DATA, bytes) }
}

/// Appends a record with a sum and no value, given as `mantissa` times ten to the power of `exponent`.
///
/// A sum is the integral of a value over time, such as energy for power; see also `kpn_uplink_set_sum_decimal`. Otherwise as
/// `kpn_uplink_add_decimal`.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name      NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit      NUL-terminated SenML unit, or NULL for none.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_sum_decimal(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::sum(mantissa, exponent)) }
}

/// Appends a record with a sum and no value, as the shortest text that reads back to the same double.
///
/// As `kpn_uplink_add_sum_decimal`.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     name    NUL-terminated, 1 to `KPN_NAME_MAX` bytes of `A-Z a-z 0-9 - : . / _`.
/// @param[in]     unit    NUL-terminated SenML unit, or NULL for none.
/// @param[in]     value   Finite.
///
/// @retval KPN_OK                    The record is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or its body was adopted.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_NAME        `name` is empty, too long, or has a character outside the alphabet.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
/// @return An earlier base field or label failed, so this record would carry wrong values.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `name` and `unit` are NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_add_sum_double(
    uplink: *mut kpn_uplink,
    name: *const c_char,
    unit: *const c_char,
    value: f64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { add(uplink, name, unit, Value::sum_double(value)) }
}
