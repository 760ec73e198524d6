// SPDX-License-Identifier: MIT OR Apache-2.0
//! A message whose sender, endpoint and secret stand in a configuration.

use super::finish::finish;
use super::{Where, begin, kpn_uplink};
use crate::error::Result;
use crate::ffi::config::kpn_config;
use crate::ffi::ptr::{self, Region};
use crate::ffi::span::kpn_span;
use crate::ffi::status::{kpn_status, status};
use crate::things::config::Field;

/// Starts a message from the configured device to the configured endpoint.
///
/// Otherwise as `kpn_uplink_begin`.
///
/// @param[out]    uplink      Need not be initialised.
/// @param[in,out] buffer      Belongs to the library until the message is finished or abandoned.
/// @param[in]     buffer_cap  Bytes. 512 hold seven temperatures; see the table at the top of this header.
/// @param[in]     config      From `kpn_config_load`. Kept until the message is finished: do not change or move it.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_BUFFER_FULL       Too small for the head and the URN; `kpn_uplink_missing` says by how much.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             There is no configuration in `config`.
/// @retval KPN_ERR_OVERLAP           `uplink`, `buffer` and `config` share memory.
///
/// # Safety
///
/// As for `kpn_uplink_begin`; `config` is NULL or points to a `kpn_config` that nobody writes to until the message is finished.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_begin_config(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    config: *const kpn_config,
) -> kpn_status {
    let begin = || -> Result<()> {
        let taken = Region::of(config);
        taken.check_disjoint_from(Region::of(uplink))?;
        taken.check_disjoint_from(Region::new(buffer, buffer_cap))?;
        // SAFETY: the same contract.
        let config: Result<&kpn_config> = unsafe { ptr::borrow(config) };
        let text = |field| {
            let config = config.as_ref();
            config.map_or(core::ptr::null(), |config| config.text(field))
        };
        let to = Where::custom(text(Field::Host), text(Field::Path));
        // Without a configuration the texts are NULL, which leaves an unusable message behind.
        // SAFETY: the same contract; the texts are NUL-terminated and stay as long as the configuration does.
        let begun = unsafe { begin(uplink, buffer, buffer_cap, to, text(Field::Urn)) };
        config.and(begun)
    };
    status(begin())
}

/// Finishes a message with the configured secret, or without a token if the configuration says `"secret": null`.
///
/// Otherwise as `kpn_uplink_finish`.
///
/// @param[in,out] uplink       From `kpn_uplink_begin_config` or a sibling.
/// @param[in]     config       From `kpn_config_load`: the one given to `kpn_uplink_begin_config`.
/// @param[out]    out_request  Written only on success. Lies in the buffer given to `kpn_uplink_begin_config`.
///
/// @retval KPN_OK                    The request is complete.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The uplink was not begun or is finished, or there is no configuration in `config`.
/// @retval KPN_ERR_OVERLAP           The arguments and the buffer share memory.
/// @retval KPN_ERR_HEAD_TEXT         The configuration given to `kpn_uplink_begin_config` was wiped or changed.
/// @retval KPN_ERR_SENML_EMPTY       The pack has no measurement.
/// @return The first earlier failure that was not cleared.
///
/// # Safety
///
/// As for `kpn_uplink_finish`; `config` as for `kpn_uplink_begin_config`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_finish_config(
    uplink: *mut kpn_uplink,
    config: *const kpn_config,
    out_request: *mut kpn_span,
) -> kpn_status {
    let finish = || -> Result<()> {
        let taken = Region::of(config);
        taken.check_disjoint_from(Region::of(uplink))?;
        taken.check_disjoint_from(Region::of(out_request))?;
        // SAFETY: the same contract.
        let config: &kpn_config = unsafe { ptr::borrow(config) }?;
        // SAFETY: the same contract.
        unsafe { finish(uplink, config.config().secret().into(), out_request) }
    };
    status(finish())
}
