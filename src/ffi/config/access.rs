// SPDX-License-Identifier: MIT OR Apache-2.0
//! The contents of a configuration.

use core::ffi::c_char;

use super::kpn_config;
use crate::ffi::ptr;
use crate::ffi::response::{KPN_OUTCOME_NONE, kpn_response};
use crate::things::config::Field;

/// The device URN, ending in a colon.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return Text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// `config` is NULL or points to a `kpn_config` that nobody writes to while the text is used.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_urn(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Urn) }
}

/// The secret, for `kpn_uplink_finish` and `kpn_token_finish`.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return NULL for messages without a token, which need `kpn_uplink_finish_config`; also NULL when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_secret(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Secret) }
}

/// The host of the endpoint, as in the request; with TLS, the name to be verified.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return Text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_host(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Host) }
}

/// The path of the endpoint.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return Text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_path(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Path) }
}

/// The address to connect to: IPv4, IPv6 or a host name.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return Text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_address(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Address) }
}

/// The access point name.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return NULL if it is left to the modem, or when `config` is NULL, misaligned or holds no
/// configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_apn(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Apn) }
}

/// The TCP port to connect to.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return 1 to 65535; 0 when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_port(config: *const kpn_config) -> u16 {
    // SAFETY: the same contract.
    let config = unsafe { ptr::borrow(config) };
    config.map_or(0, |config| config.config().port())
}

/// Whether the connection needs TLS, which is up to the firmware.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return true for the endpoint `"internet"`; false also when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_tls(config: *const kpn_config) -> bool {
    // SAFETY: the same contract.
    let config = unsafe { ptr::borrow(config) };
    config.is_ok_and(|config| config.config().tls())
}

/// How many requests one connection accepts, for `kpn_connection_begin`.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return 1 to 65535; 0 when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_keep_alive_limit(config: *const kpn_config) -> u16 {
    // SAFETY: the same contract.
    let config = unsafe { ptr::borrow(config) };
    config.map_or(0, |config| config.config().keep_alive_limit())
}

/// What a response means for the message: from the status table of the configuration, otherwise as `kpn_response_outcome`.
///
/// @param[in] config    From `kpn_config_load`.
/// @param[in] response  From `kpn_response_begin`.
///
/// @return One of `KPN_OUTCOME_…`; `KPN_OUTCOME_NONE` before the response is complete.
///
/// # Safety
///
/// `config` as for `kpn_config_urn`; `response` as for `kpn_response_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_outcome(
    config: *const kpn_config,
    response: *const kpn_response,
) -> i32 {
    // SAFETY: the same contract.
    let config = unsafe { ptr::borrow(config) };
    // SAFETY: the same contract.
    let response = unsafe { ptr::borrow(response) };
    match (config, response.map(kpn_response::complete_status)) {
        (Ok(config), Ok(Some(status))) => config.config().statuses().outcome(status).code(),
        _ => KPN_OUTCOME_NONE,
    }
}

/// # Safety
///
/// As for `kpn_config_urn`.
unsafe fn text(config: *const kpn_config, field: Field) -> *const c_char {
    // SAFETY: the same contract.
    let config = unsafe { ptr::borrow(config) };
    config.map_or(core::ptr::null(), |config: &kpn_config| config.text(field))
}
