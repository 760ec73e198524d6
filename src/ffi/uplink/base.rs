// SPDX-License-Identifier: MIT OR Apache-2.0
//! Base fields: what holds for all records that follow.

use core::ffi::c_char;

use super::access::{merge_base_record, set, set_bytes};
use super::{KPN_UNIT_MAX, KPN_URN_MAX, kpn_uplink};
use crate::ffi::ptr;
use crate::ffi::status::kpn_status;
use crate::senml::pack::value::{BASE_UNIT, Value};
use crate::things::uplink::DEVICE;

/// Puts the base fields into the first measurement instead of a record of their own, which saves two bytes.
///
/// KPN documents the separate base record; its Device SDK sends the merged form. Call it before the first measurement.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
///
/// @retval KPN_OK                    The first measurement will have the base fields.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun, is finished, or has a record or a label already. Then nothing is lost, and
///                                   `kpn_uplink_finish` does not report it.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_merge_base_record(uplink: *mut kpn_uplink) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { merge_base_record(uplink) }
}

/// Sets the device that the following records belong to (`bn`), for gateways that send for several devices.
///
/// The platform verifies the token with the secret of the first device in the pack. RFC 8428 section 4.1.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     urn     Device URN. Not kept.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_URN               `urn` is too long, or is one of KPN's kinds without its identifier or final colon.
/// @retval KPN_ERR_SENML_NAME        `urn` is empty or has a character outside `A-Z a-z 0-9 - : . / _`.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `urn` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_name(
    uplink: *mut kpn_uplink,
    urn: *const c_char,
) -> kpn_status {
    // SAFETY: the same contract.
    let urn = unsafe { ptr::optional_text(urn, KPN_URN_MAX) };
    // SAFETY: the same contract.
    unsafe { set_bytes(uplink, DEVICE, urn) }
}

/// Sets the time from which the times of the following records count (`bt`).
///
/// Leave it out on a device without a clock: the platform then uses the time of reception. A time given in milliseconds by mistake is
/// refused, since it lies beyond the year 2106. RFC 8428 sections 4.1 and 4.5.3.
///
/// @param[in,out] uplink   From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     seconds  Since 1970-01-01 00:00 UTC, at least 2^28 and below 2^32 - 1.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
/// @retval KPN_ERR_SENML_TIME        Below 2^28 seconds, which SenML takes as relative to now, or 2^32 - 1 or more.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_time(
    uplink: *mut kpn_uplink,
    seconds: i64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::base_time(seconds, 0)) }
}

/// Sets the time from which the times of the following records count, with exact fractions of a second.
///
/// As `kpn_uplink_set_base_time`; 1585650750.25 is (158565075025, -2).
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     mantissa  Seconds since 1970-01-01 00:00 UTC, times ten to the power of `-exponent`.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
/// @retval KPN_ERR_SENML_TIME        Below 2^28 seconds, which SenML takes as relative to now, or 2^32 - 1 or more.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_time_decimal(
    uplink: *mut kpn_uplink,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::base_time(mantissa, exponent)) }
}

/// Sets the unit of the following records that have none of their own (`bu`).
///
/// RFC 8428 section 4.1.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     unit    NUL-terminated SenML unit. Not kept.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
/// @retval KPN_ERR_OVERLAP           A text lies in `uplink` or in its buffer.
/// @retval KPN_ERR_SENML_UNIT        `unit` is empty, longer than `KPN_UNIT_MAX` bytes, or not printable ASCII.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`; `unit` is NULL or NUL-terminated.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_unit(
    uplink: *mut kpn_uplink,
    unit: *const c_char,
) -> kpn_status {
    // SAFETY: the same contract.
    let unit = unsafe { ptr::optional_text(unit, KPN_UNIT_MAX) };
    // SAFETY: the same contract.
    unsafe { set_bytes(uplink, BASE_UNIT, unit) }
}

/// Sets what a reader adds to the values of the following records (`bv`), as a decimal.
///
/// Values added afterwards are written as given: a reader sees each of them plus this one. RFC 8428
/// section 4.1.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_value_decimal(
    uplink: *mut kpn_uplink,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::base_value(mantissa, exponent)) }
}

/// Sets what a reader adds to the values of the following records (`bv`), as a double.
///
/// As `kpn_uplink_set_base_value_decimal`.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     value   Finite.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_value_double(
    uplink: *mut kpn_uplink,
    value: f64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::base_value_double(value)) }
}

/// Sets what a reader adds to the sums of the following records (`bs`), as a decimal.
///
/// Sums added afterwards are written as given: a reader sees each of them plus this one. RFC 8428
/// section 4.1.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_sum_decimal(
    uplink: *mut kpn_uplink,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::base_sum(mantissa, exponent)) }
}

/// Sets what a reader adds to the sums of the following records (`bs`), as a double.
///
/// As `kpn_uplink_set_base_sum_decimal`.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     value   Finite.
///
/// @retval KPN_OK                    The field is in the pack.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or a label is set whose record has not followed yet.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_base_sum_double(
    uplink: *mut kpn_uplink,
    value: f64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::base_sum_double(value)) }
}
