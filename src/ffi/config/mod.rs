// SPDX-License-Identifier: MIT OR Apache-2.0
//! The device's configuration, from one JSON text that a factory writes and a device keeps.

pub mod access;
pub mod field;

use core::ffi::c_char;
use core::mem::MaybeUninit;

use field::field_code;
use zeroize::Zeroize;

use super::ptr::{self, Object, Region};
use super::status::{code, kpn_status, status};
use crate::buf::Buf;
use crate::error::Result;
use crate::things::config::{Config, Field, Problem, TEXT_MAX};

/// Bytes of the longest text that `kpn_config_save` writes.
pub const KPN_CONFIG_TEXT_MAX: usize = 883;

const _: () = assert!(KPN_CONFIG_TEXT_MAX == TEXT_MAX);

/// Who the device is and how it connects, read from a JSON text. 504 bytes on every target.
///
///
///     {"imei": "490154203237518", "secret": "0123456789abcdefghijklmnopqrstuvwxyzABCD",
///      "endpoint": "m2m", "address": "10.151.236.157", "port": 80, "apn": "kpnthings.iot",
///      "keepAliveLimit": 100, "statusTable": {"401": "tokenRejected"}}
///
/// - `urn` or `imei`: one of them is required: a device URN of at most `KPN_URN_MAX` bytes, or 15 digits with the right check digit.
/// - `secret`: required. `KPN_SECRET_MIN` to `KPN_SECRET_MAX` letters and digits, or `null` for messages without a token.
/// - `endpoint`: `"m2m"` (default), `"internet"`, or `{"host": …, "path": …}` of at most 64 bytes each.
/// - `address`: IP address or host name to connect to, at most 64 bytes. Default: that of the endpoint.
/// - `port`: 1 to 65535. Default: 443 for `"internet"`, otherwise 80.
/// - `apn`: access point name, at most 63 bytes. Default: left to the modem.
/// - `keepAliveLimit`: requests on one connection, 1 to 65535. Default: `KPN_REQUESTS_MAX`.
/// - `statusTable`: exceptions to `kpn_response_outcome`, at most 8: the meaning of a status is `"accepted"`,
///   `"malformed"`, `"tokenRejected"`, `"deviceUnknown"`, `"retryLater"` or `"refused"`.
///
/// Unknown and repeated fields are refused. Several threads may read it while none writes. It holds the secret: call `kpn_config_wipe`
/// before abandoning it. Do not store it; store the JSON text.
///
/// ~~~{.c}
/// static kpn_config config;
/// kpn_config_problem problem;
///
/// if (kpn_config_load(&config, json, json_len, &problem) != KPN_OK) {
///     printf("%s: %s\n", kpn_config_field_name(problem.field), kpn_status_text(problem.reason));
///     return;
/// }
/// if (!modem_connect(kpn_config_apn(&config), kpn_config_address(&config), kpn_config_port(&config))) {
///     return;
/// }
/// kpn_status status = kpn_uplink_begin_config(&uplink, buffer, sizeof buffer, &config);
/// kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
/// status = kpn_uplink_finish_config(&uplink, &config, &request); // reports the first failure of any call above
/// if (status == KPN_OK) {
///     modem_send(request.ptr, request.len);
/// }
/// ~~~
#[repr(C)]
pub struct kpn_config {
    private_tag: u32,
    private_reserved: u32,
    /// A `Config`, whose layout Rust owns.
    private_state: [MaybeUninit<u32>; 124],
}

// SAFETY: repr(C) with the u32 tag in front, which stands there only while the state is a valid `Config`.
unsafe impl Object for kpn_config {
    const NUMBER: u8 = 11;
}

const _: () = assert!(size_of::<kpn_config>() == 504);

/// Why a configuration was refused. 12 bytes on a 32-bit target.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct kpn_config_problem {
    /// Which field: one of `KPN_CONFIG_FIELD_…`.
    pub field: i32,
    /// What is wrong: a status of `kpn_config_load`.
    pub reason: kpn_status,
    /// Offset in the text after or near what was refused; the end if something is missing.
    pub position: usize,
}

impl kpn_config_problem {
    fn of(problem: Problem) -> Self {
        Self {
            field: field_code(problem.field),
            reason: code(problem.reason),
            position: problem.position,
        }
    }
}

impl kpn_config {
    pub(super) fn config(&self) -> &Config {
        // SAFETY: the tag of a borrowed object shows that `kpn_config_load` put a `Config` here.
        unsafe { ptr::inside(&self.private_state) }
    }

    /// The text of a field, NUL-terminated; NULL when it is empty.
    pub(super) fn text(&self, field: Field) -> *const c_char {
        let text = self.config().text(field);
        if text.is_empty() {
            core::ptr::null()
        } else {
            text.as_ptr().cast()
        }
    }
}

/// Reads a configuration and checks every field.
///
/// The text is copied. If it is refused, `config` is wiped. RFC 8259.
///
/// @param[out] config       What it held before is wiped, unless an argument is invalid.
/// @param[in]  json         UTF-8 without a byte order mark.
/// @param[in]  json_len     Bytes, without NUL.
/// @param[out] out_problem  Written only if the text is refused. May be NULL.
///
/// @retval KPN_OK                    `config` is complete.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `json_len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `config`, `json` and `out_problem` share memory.
/// @retval KPN_ERR_CONFIG            A value is not allowed for its field.
/// @retval KPN_ERR_CONFIG_UNKNOWN    A field is unknown.
/// @retval KPN_ERR_CONFIG_MISSING    A required field is missing.
/// @retval KPN_ERR_CONFIG_REPEATED   A field is repeated, or there are both `urn` and `imei`.
/// @retval KPN_ERR_CONFIG_TYPE       A value has the wrong JSON type.
/// @retval KPN_ERR_CONFIG_TOO_LONG   A text or the status table is too long.
/// @retval KPN_ERR_SECRET            The secret is not 30 to 100 letters and digits.
/// @retval KPN_ERR_URN               The URN is too long or lacks its identifier or final colon, or the IMEI is not 15 digits.
/// @retval KPN_ERR_IMEI_CHECK_DIGIT  The check digit of the IMEI does not fit.
/// @retval KPN_ERR_SENML_NAME        The URN is empty or has a character outside `A-Z a-z 0-9 - : . / _`.
/// @retval KPN_ERR_HEAD_TEXT         `host` or `path` is empty or has a character that a request head cannot carry.
/// @retval KPN_ERR_NUMBER_RANGE      A number is 0, a fraction or above 65535; or a status is not from 200 to 999.
/// @retval KPN_ERR_JSON_SYNTAX       Not JSON.
/// @retval KPN_ERR_JSON_TRUNCATED    The JSON ends too early.
/// @retval KPN_ERR_JSON_ESCAPE       A string escape stands for no character.
/// @retval KPN_ERR_UTF8              A string is not UTF-8.
///
/// # Safety
///
/// `config` is NULL or points to memory for one `kpn_config` that nobody else uses during the call; `json` is NULL or points to
/// `json_len` initialised bytes; `out_problem` is NULL or points to memory for one `kpn_config_problem`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_load(
    config: *mut kpn_config,
    json: *const c_char,
    json_len: usize,
    out_problem: *mut kpn_config_problem,
) -> kpn_status {
    let load = || -> Result<()> {
        // SAFETY: the same contract.
        let json = unsafe { ptr::bytes(json.cast(), json_len) }?;
        let (own, input) = (Region::of(config), Region::of_bytes(json));
        ptr::check_disjoint(3, &[own, input, Region::of(out_problem)])?;
        let out_problem = if out_problem.is_null() {
            None
        } else {
            // SAFETY: the same contract; apart from the others as just checked.
            Some(unsafe { ptr::out(out_problem) }?)
        };
        // SAFETY: the same contract.
        unsafe { ptr::wipe(config) }?;
        // SAFETY: the same contract.
        let place = unsafe { ptr::out(config) }?.write(kpn_config {
            private_tag: 0,
            private_reserved: 0,
            private_state: [MaybeUninit::uninit(); 124],
        });
        let state = ptr::room(&mut place.private_state).write(Config::new());
        match state.load(json) {
            Ok(()) => {
                place.private_tag = kpn_config::TAG;
                Ok(())
            }
            Err(problem) => {
                // SAFETY: the same contract; what was made of it above is not used any more.
                unsafe { ptr::wipe(config) }?;
                if let Some(out_problem) = out_problem {
                    out_problem.write(kpn_config_problem::of(problem));
                }
                Err(problem.reason)
            }
        }
    };
    status(load())
}

/// Writes a configuration as JSON text that `kpn_config_load` reads back unchanged, with the secret in plain text.
///
/// An IMEI has become a URN, and defaults are written out. A NULL `buffer` with capacity 0 measures.
///
/// @param[in]  config      From `kpn_config_load`.
/// @param[out] buffer      Receives the text, without NUL. Wiped if it is too small.
/// @param[in]  buffer_cap  `KPN_CONFIG_TEXT_MAX` is always enough.
/// @param[out] out_len     Receives the length of the text, also with `KPN_ERR_BUFFER_FULL`.
///
/// @retval KPN_OK                    The text is in `buffer`; or `buffer` is NULL and the text was only measured.
/// @retval KPN_ERR_BUFFER_FULL       No room; `out_len` says how many bytes are needed.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             There is no configuration in `config`.
/// @retval KPN_ERR_OVERLAP           `config`, `buffer` and `out_len` share memory.
///
/// # Safety
///
/// `config` is NULL or points to a `kpn_config`; `buffer` is NULL or points to `buffer_cap` bytes, and `out_len` is NULL or points to
/// memory for one `size_t`, that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_save(
    config: *const kpn_config,
    buffer: *mut c_char,
    buffer_cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let save = || -> Result<()> {
        let measuring = buffer.is_null();
        // SAFETY: the same contract.
        let buffer = unsafe { ptr::bytes_mut(buffer.cast(), buffer_cap) }?;
        let (own, memory) = (Region::of(config), Region::of_bytes(buffer));
        ptr::check_disjoint(3, &[own, memory, Region::of(out_len)])?;
        // SAFETY: the same contract; apart from the others as just checked.
        let out_len = unsafe { ptr::out(out_len) }?;
        // SAFETY: the same contract; apart from the buffer as just checked.
        let config = unsafe { ptr::borrow(config) }?;
        let mut out = Buf::new(buffer, 0);
        let saved = config.config().save(&mut out);
        out_len.write(out.len());
        if saved.is_err() && !measuring {
            buffer.zeroize();
            return saved;
        }
        Ok(())
    };
    status(save())
}

/// Overwrites all of a configuration, the secret first.
///
/// @param[in,out] config  Need not hold a configuration.
///
/// @retval KPN_OK                    Every byte is 0; `config` can only be loaded again.
/// @retval KPN_ERR_INVALID_ARGUMENT  `config` is NULL or misaligned.
///
/// # Safety
///
/// `config` is NULL or points to memory for one `kpn_config` that nobody else uses during the call.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_wipe(config: *mut kpn_config) -> kpn_status {
    // SAFETY: the same contract.
    status(unsafe { ptr::wipe(config) })
}
