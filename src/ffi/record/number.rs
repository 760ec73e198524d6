// SPDX-License-Identifier: MIT OR Apache-2.0
//! The numbers of a record are converted when asked for, so that a firmware pays only for the types it uses.

use super::{KPN_FIELD_TIME, kpn_record};
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Region};
use crate::ffi::status::{kpn_status, status};
use crate::number::Sum;
use crate::senml::record::is_relative;

/// Reads a number of a record as the nearest double, correctly rounded whatever the length of the text.
///
///
/// @param[in]  record     From `kpn_downlink_next`.
/// @param[in]  field      `KPN_FIELD_VALUE`, `KPN_FIELD_SUM`, `KPN_FIELD_TIME` or `KPN_FIELD_UPDATE_TIME`.
/// @param[out] out_value  Written only on success.
///
/// @retval KPN_OK                    `out_value` is the number, base included.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the record has no such number.
/// @retval KPN_ERR_STATE             `record` does not come from `kpn_downlink_next`.
/// @retval KPN_ERR_OVERLAP           `out_value` lies in `record` or in the buffer of the downlink.
/// @retval KPN_ERR_NUMBER_RANGE      The number is beyond the largest double.
///
/// # Safety
///
/// As for `kpn_record_is`; `out_value` is NULL or points to memory for its type.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_double(
    record: *const kpn_record,
    field: i32,
    out_value: *mut f64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe {
        read(record, field, out_value, |sum| {
            let value = sum.to_f64();
            let exponent_bits = 0x7ff0_0000_0000_0000;
            if value.to_bits() & exponent_bits == exponent_bits {
                return Err(Error::NUMBER_RANGE);
            }
            Ok(value)
        })
    }
}

/// Reads a number of a record exactly, as mantissa and exponent.
///
/// `kpn_record_decimal_rounded` reads numbers that do not fit.
///
/// @param[in]  record        From `kpn_downlink_next`.
/// @param[in]  field         `KPN_FIELD_VALUE`, `KPN_FIELD_SUM`, `KPN_FIELD_TIME` or `KPN_FIELD_UPDATE_TIME`.
/// @param[out] out_mantissa  205 for 20.5. Written only on success.
/// @param[out] out_exponent  -1 for 20.5. Written only on success.
///
/// @retval KPN_OK                    The number, base included, is `out_mantissa` times ten to the power of `out_exponent`.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the record has no such number.
/// @retval KPN_ERR_STATE             `record` does not come from `kpn_downlink_next`.
/// @retval KPN_ERR_OVERLAP           The arguments and the buffer of the downlink share memory.
/// @retval KPN_ERR_NUMBER_RANGE      The mantissa does not fit in 64 bits, or the exponent is beyond 500 million.
///
/// # Safety
///
/// As for `kpn_record_is`; `out_mantissa` and `out_exponent` are NULL or point to memory for their types.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_decimal(
    record: *const kpn_record,
    field: i32,
    out_mantissa: *mut i64,
    out_exponent: *mut i32,
) -> kpn_status {
    let decimal = || -> Result<()> {
        let (mantissa, exponent) = (Region::of(out_mantissa), Region::of(out_exponent));
        ptr::check(out_mantissa)?;
        ptr::check(out_exponent)?;
        mantissa.check_disjoint_from(exponent)?;
        let mut sum = Sum::default();
        // SAFETY: the same contract.
        unsafe { find(record, field, exponent, &mut sum) }?;
        // SAFETY: the same contract.
        unsafe { find(record, field, mantissa, &mut sum) }?;
        let value = sum.to_decimal()?;
        // SAFETY: the same contract; apart from all others as just checked.
        unsafe { ptr::put(out_mantissa, value.mantissa) }?;
        // SAFETY: the same contract; apart from all others as just checked.
        unsafe { ptr::put(out_exponent, value.exponent) }?;
        Ok(())
    };
    status(decimal())
}

/// Reads a number of a record, rounded to a multiple of ten to the power of `exponent`.
///
/// For numbers with more digits than a mantissa holds, or to fix the unit: a time with exponent -3 is in milliseconds. Correctly rounded
/// from the exact number, base included, ties to even.
///
/// @param[in]  record        From `kpn_downlink_next`.
/// @param[in]  field         `KPN_FIELD_VALUE`, `KPN_FIELD_SUM`, `KPN_FIELD_TIME` or `KPN_FIELD_UPDATE_TIME`.
/// @param[in]  exponent      -1 for tenths.
/// @param[out] out_mantissa  205 for 20.5 with exponent -1. Written only on success.
///
/// @retval KPN_OK                    The number, rounded, is `out_mantissa` times ten to the power of `exponent`.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the record has no such number.
/// @retval KPN_ERR_STATE             `record` does not come from `kpn_downlink_next`.
/// @retval KPN_ERR_OVERLAP           `out_mantissa` lies in `record` or in the buffer of the downlink.
/// @retval KPN_ERR_NUMBER_RANGE      The mantissa does not fit in 64 bits at this exponent.
///
/// # Safety
///
/// As for `kpn_record_is`; `out_mantissa` is NULL or points to memory for its type.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_decimal_rounded(
    record: *const kpn_record,
    field: i32,
    exponent: i32,
    out_mantissa: *mut i64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { read(record, field, out_mantissa, |sum| sum.rounded_at(exponent)) }
}

/// Reads a number of a record as a signed integer; `1e3` and `10.0` are integers too.
///
/// @param[in]  record     From `kpn_downlink_next`.
/// @param[in]  field      `KPN_FIELD_VALUE`, `KPN_FIELD_SUM`, `KPN_FIELD_TIME` or `KPN_FIELD_UPDATE_TIME`.
/// @param[out] out_value  Written only on success.
///
/// @retval KPN_OK                    `out_value` is the number, base included; `1e3` and `10.0` are integers too.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the record has no such number.
/// @retval KPN_ERR_STATE             `record` does not come from `kpn_downlink_next`.
/// @retval KPN_ERR_OVERLAP           `out_value` lies in `record` or in the buffer of the downlink.
/// @retval KPN_ERR_NUMBER_RANGE      The number has a fraction, or does not fit.
///
/// # Safety
///
/// As for `kpn_record_is`; `out_value` is NULL or points to memory for its type.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_int64(
    record: *const kpn_record,
    field: i32,
    out_value: *mut i64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { read(record, field, out_value, Sum::to_i64) }
}

/// Reads a number of a record as an unsigned integer; `1e3` and `10.0` are integers too.
///
/// @param[in]  record     From `kpn_downlink_next`.
/// @param[in]  field      `KPN_FIELD_VALUE`, `KPN_FIELD_SUM`, `KPN_FIELD_TIME` or `KPN_FIELD_UPDATE_TIME`.
/// @param[out] out_value  Written only on success.
///
/// @retval KPN_OK                    `out_value` is the number, base included; `1e3` and `10.0` are integers too.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the record has no such number.
/// @retval KPN_ERR_STATE             `record` does not come from `kpn_downlink_next`.
/// @retval KPN_ERR_OVERLAP           `out_value` lies in `record` or in the buffer of the downlink.
/// @retval KPN_ERR_NUMBER_RANGE      The number has a fraction, is negative, or does not fit.
///
/// # Safety
///
/// As for `kpn_record_is`; `out_value` is NULL or points to memory for its type.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_uint64(
    record: *const kpn_record,
    field: i32,
    out_value: *mut u64,
) -> kpn_status {
    // SAFETY: the same contract.
    unsafe { read(record, field, out_value, Sum::to_u64) }
}

/// Tells whether the time of a record is relative to now (below 2^28 seconds; negative in the past) or relative to 1970.
///
/// RFC 8428 section 4.5.3.
///
/// @param[in]  record        From `kpn_downlink_next`.
/// @param[out] out_relative  Written only on success. true also for a record without a time, which means now.
///
/// @retval KPN_OK                    `out_relative` is the answer.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             `record` does not come from `kpn_downlink_next`.
/// @retval KPN_ERR_OVERLAP           `out_relative` lies in `record` or in the buffer of the downlink.
///
/// # Safety
///
/// As for `kpn_record_is`; `out_relative` is NULL or points to memory for one `bool`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_record_time_is_relative(
    record: *const kpn_record,
    out_relative: *mut bool,
) -> kpn_status {
    let field = KPN_FIELD_TIME;
    // SAFETY: the same contract.
    unsafe { read(record, field, out_relative, |sum| Ok(is_relative(sum))) }
}

/// # Safety
///
/// As for `kpn_record_double`.
unsafe fn read<'a, T: Copy>(
    record: *const kpn_record,
    field: i32,
    out_value: *mut T,
    evaluate: impl FnOnce(&mut Sum<'a>) -> Result<T>,
) -> kpn_status {
    let mut sum = Sum::default();
    // SAFETY: the same contract.
    let found = unsafe { find(record, field, Region::of(out_value), &mut sum) };
    let write = || -> Result<()> {
        ptr::check(out_value)?;
        found?;
        let value = evaluate(&mut sum)?;
        // SAFETY: the same contract; apart from the record and its bytes, as `find` checked.
        unsafe { ptr::put(out_value, value) }?;
        Ok(())
    };
    status(write())
}

/// Sets up the sum of a number and its base; the result must not overlap the record or its bytes.
///
/// # Safety
///
/// As for `kpn_record_double`.
#[inline(never)]
unsafe fn find<'a>(
    record: *const kpn_record,
    field: i32,
    result: Region,
    sum: &mut Sum<'a>,
) -> Result<()> {
    Region::of(record).check_disjoint_from(result)?;
    // SAFETY: the same contract; nothing is written to the record, as just checked.
    let record: &'a kpn_record = unsafe { ptr::borrow(record) }?;
    Region::new(record.private_bytes, record.private_len).check_disjoint_from(result)?;
    // SAFETY: the same contract.
    unsafe { record.record() }.read_number(super::field(field)?, sum)
}
