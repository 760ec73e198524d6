// SPDX-License-Identifier: MIT OR Apache-2.0
//! Device URNs from the identifiers printed on a device or stored in its modem.

use core::ffi::c_char;

use super::ptr::{self, Region};
use super::status::{kpn_status, status};
use crate::buf::Buf;
use crate::error::{Error, Result};
use crate::things::urn::{DEV_EUI_LEN, IMEI_LEN, UUID_LEN, write_dev_eui, write_imei, write_uuid};

/// Bytes, including NUL, of the longest URN from `kpn_urn_from_imei` and its siblings.
pub const KPN_URN_CAP: usize = 54;

/// Makes the device URN `urn:dev:IMEI:<imei>:` of a device with a SIM.
///
/// @param[in]  imei     15 digits, of which the last is a check digit. Not kept.
/// @param[out] out_urn  Receives a NUL-terminated URN. Written only on success.
/// @param[in]  urn_cap  Bytes; at least 30, `KPN_URN_CAP` for any URN.
///
/// @retval KPN_OK                    `out_urn` holds the URN.
/// @retval KPN_ERR_BUFFER_FULL       `urn_cap` is too small.
/// @retval KPN_ERR_INVALID_ARGUMENT  `imei` is NULL, `out_urn` is NULL with a capacity, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `imei` and `out_urn` share memory.
/// @retval KPN_ERR_URN               `imei` is not 15 digits.
/// @retval KPN_ERR_IMEI_CHECK_DIGIT  The last digit does not fit the others (3GPP TS 23.003 annex B).
///
/// # Safety
///
/// `imei` is NULL or NUL-terminated; `out_urn` is NULL or points to `urn_cap` bytes that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_urn_from_imei(
    imei: *const c_char,
    out_urn: *mut c_char,
    urn_cap: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { make(imei, IMEI_LEN, out_urn, urn_cap, write_imei) })
}

/// Makes the device URN `urn:dev:DVNUUID:<uuid>:` of a device on the Internet, in lower case.
///
/// @param[in]  uuid     Version 4 UUID: `8-4-4-4-12` hexadecimal digits of either case. Not kept.
/// @param[out] out_urn  Receives a NUL-terminated URN. Written only on success.
/// @param[in]  urn_cap  Bytes; at least `KPN_URN_CAP`.
///
/// @retval KPN_OK                    `out_urn` holds the URN.
/// @retval KPN_ERR_BUFFER_FULL       `urn_cap` is too small.
/// @retval KPN_ERR_INVALID_ARGUMENT  `uuid` is NULL, `out_urn` is NULL with a capacity, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `uuid` and `out_urn` share memory.
/// @retval KPN_ERR_URN               `uuid` is not a version 4 UUID (RFC 9562 section 5.4).
///
/// # Safety
///
/// As for `kpn_urn_from_imei`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_urn_from_uuid(
    uuid: *const c_char,
    out_urn: *mut c_char,
    urn_cap: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { make(uuid, UUID_LEN, out_urn, urn_cap, write_uuid) })
}

/// Makes the device URN `urn:dev:DEVEUI:<eui>:` of a LoRa device, in upper case.
///
/// @param[in]  dev_eui  16 hexadecimal digits of either case. Not kept.
/// @param[out] out_urn  Receives a NUL-terminated URN. Written only on success.
/// @param[in]  urn_cap  Bytes; at least 33, `KPN_URN_CAP` for any URN.
///
/// @retval KPN_OK                    `out_urn` holds the URN.
/// @retval KPN_ERR_BUFFER_FULL       `urn_cap` is too small.
/// @retval KPN_ERR_INVALID_ARGUMENT  `dev_eui` is NULL, `out_urn` is NULL with a capacity, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `dev_eui` and `out_urn` share memory.
/// @retval KPN_ERR_URN               `dev_eui` is not 16 hexadecimal digits.
///
/// # Safety
///
/// As for `kpn_urn_from_imei`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_urn_from_dev_eui(
    dev_eui: *const c_char,
    out_urn: *mut c_char,
    urn_cap: usize,
) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { make(dev_eui, DEV_EUI_LEN, out_urn, urn_cap, write_dev_eui) })
}

/// # Safety
///
/// As for `kpn_urn_from_imei`.
unsafe fn make(
    identifier: *const c_char,
    identifier_len: usize,
    out_urn: *mut c_char,
    urn_cap: usize,
    write: fn(&mut Buf<'_>, &[u8]) -> Result<()>,
) -> Result<()> {
    // SAFETY: the same contract.
    let identifier = unsafe { ptr::text(identifier, identifier_len) }?;
    let out_urn = out_urn.cast::<u8>();
    Region::of_bytes(identifier).check_disjoint_from(Region::new(out_urn, urn_cap))?;
    // SAFETY: the same contract; apart from the identifier as just checked.
    let out_urn = unsafe { ptr::bytes_mut(out_urn, urn_cap) }?;
    // Built in local memory, so that too small a capacity leaves the caller's memory untouched.
    let mut memory = [0; KPN_URN_CAP];
    let mut urn = Buf::new(&mut memory, 0);
    write(&mut urn, identifier)?;
    urn.put_byte(0);
    let mut out = Buf::new(out_urn, 0);
    out.put(urn.written());
    if out.fits() {
        Ok(())
    } else {
        Err(Error::BUFFER_FULL)
    }
}
