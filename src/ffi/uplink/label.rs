// SPDX-License-Identifier: MIT OR Apache-2.0
//! Labels that the next record has besides its value.

use super::access::set;
use super::kpn_uplink;
use crate::ffi::status::kpn_status;
use crate::senml::pack::value::Value;

/// Sets when the next record was measured.
///
/// Written relative to the base time if there is one. RFC 8428 section 4.5.3.
///
/// @param[in,out] uplink   From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     seconds  Since 1970-01-01 00:00 UTC, at least 2^28 and below 2^32 - 1.
///
/// @retval KPN_OK                    The next record has the label.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the label is already set.
/// @retval KPN_ERR_SENML_TIME        Below 2^28 seconds, which SenML takes as relative to now, or 2^32 - 1 or more.
/// @retval KPN_ERR_NUMBER_RANGE      The difference from the base time does not fit in 64 bits at this precision.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_time(uplink: *mut kpn_uplink, seconds: i64) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::time(seconds, 0)) }
}

/// Sets when the next record was measured, with exact fractions of a second.
///
/// As `kpn_uplink_set_time`; 1585650750.25 is (158565075025, -2).
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     mantissa  Seconds since 1970-01-01 00:00 UTC, times ten to the power of `-exponent`.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The next record has the label.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the label is already set.
/// @retval KPN_ERR_SENML_TIME        Below 2^28 seconds, which SenML takes as relative to now, or 2^32 - 1 or more.
/// @retval KPN_ERR_NUMBER_RANGE      The difference from the base time does not fit in 64 bits at this precision.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_time_decimal(
    uplink: *mut kpn_uplink,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::time(mantissa, exponent)) }
}

/// Sets how long ago the next record was measured, for devices without a clock.
///
/// Counted back from the base time if there is one, otherwise from the time of reception. RFC 8428 section 4.5.3.
///
/// @param[in,out] uplink   From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     seconds  Below 2^28 (eight and a half years).
///
/// @retval KPN_OK                    The next record has the label.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the label is already set.
/// @retval KPN_ERR_SENML_TIME        Negative, or 2^28 seconds or more, or the base time minus it is below 2^28 seconds.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_time_ago(
    uplink: *mut kpn_uplink,
    seconds: u32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::time_ago(seconds.into(), 0)) }
}

/// Sets how long ago the next record was measured, with exact fractions of a second.
///
/// As `kpn_uplink_set_time_ago`; 0.25 seconds is (25, -2).
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     mantissa  Seconds, times ten to the power of `-exponent`; not negative.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The next record has the label.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the label is already set.
/// @retval KPN_ERR_SENML_TIME        Negative, or 2^28 seconds or more, or the base time minus it is below 2^28 seconds.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_time_ago_decimal(
    uplink: *mut kpn_uplink,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::time_ago(mantissa, exponent)) }
}

/// Sets the update time of the next record (`ut`): its next value follows within this many seconds.
///
/// RFC 8428 section 4.2.
///
/// @param[in,out] uplink   From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     seconds  Any value.
///
/// @retval KPN_OK                    The next record has the label.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the label is already set.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_update_time(
    uplink: *mut kpn_uplink,
    seconds: u32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::update_time(seconds.into(), 0)) }
}

/// Sets the sum to be sent with the value of the next record (`s`), as a decimal.
///
/// RFC 8428 section 4.2.
///
/// @param[in,out] uplink    From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     mantissa  205 for 20.5 with exponent -1.
/// @param[in]     exponent  `-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.
///
/// @retval KPN_OK                    The next record has the label.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `exponent` is out of range.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the label is already set.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_sum_decimal(
    uplink: *mut kpn_uplink,
    mantissa: i64,
    exponent: i32,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::with_sum(mantissa, exponent)) }
}

/// Sets the sum to be sent with the value of the next record (`s`), as a double.
///
/// As `kpn_uplink_set_sum_decimal`.
///
/// @param[in,out] uplink  From `kpn_uplink_begin` or a sibling, not yet finished.
/// @param[in]     value   Finite.
///
/// @retval KPN_OK                    The next record has the label.
/// @retval KPN_ERR_BUFFER_FULL       No room; `kpn_uplink_missing` says how many bytes more are needed. The pack is unchanged.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or the label is already set.
/// @retval KPN_ERR_NOT_FINITE        `value` is NaN or infinite.
///
/// # Safety
///
/// `uplink` as for `kpn_uplink_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_set_sum_double(
    uplink: *mut kpn_uplink,
    value: f64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { set(uplink, Value::with_sum_double(value)) }
}
