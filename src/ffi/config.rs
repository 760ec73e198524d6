//! The device's configuration, from one JSON text that a factory writes and a device keeps.

use core::ffi::c_char;
use core::mem::MaybeUninit;

use zeroize::Zeroize;

use super::ptr::{self, Object, Region};
use super::response::{KPN_OUTCOME_NONE, kpn_response};
use super::status::{code, kpn_status, status};
use crate::buf::Buf;
use crate::error::Result;
use crate::things::config::{Config, Field, Problem, TEXT_MAX};

/// The text as a whole: it is no JSON object, or has a field that is not known.
pub const KPN_CONFIG_FIELD_DOCUMENT: i32 = 0;
/// `urn`
pub const KPN_CONFIG_FIELD_URN: i32 = 1;
/// `imei`
pub const KPN_CONFIG_FIELD_IMEI: i32 = 2;
/// `secret`
pub const KPN_CONFIG_FIELD_SECRET: i32 = 3;
/// `endpoint`
pub const KPN_CONFIG_FIELD_ENDPOINT: i32 = 4;
/// `host` within `endpoint`
pub const KPN_CONFIG_FIELD_HOST: i32 = 5;
/// `path` within `endpoint`
pub const KPN_CONFIG_FIELD_PATH: i32 = 6;
/// `address`
pub const KPN_CONFIG_FIELD_ADDRESS: i32 = 7;
/// `port`
pub const KPN_CONFIG_FIELD_PORT: i32 = 8;
/// `apn`
pub const KPN_CONFIG_FIELD_APN: i32 = 9;
/// `keepAliveLimit`
pub const KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT: i32 = 10;
/// `statusTable`
pub const KPN_CONFIG_FIELD_STATUS_TABLE: i32 = 11;

/// Bytes of the longest text that `kpn_config_save` writes.
pub const KPN_CONFIG_TEXT_MAX: usize = 883;

const _: () = assert!(KPN_CONFIG_TEXT_MAX == TEXT_MAX);

const fn field_code(field: Field) -> i32 {
    match field {
        Field::Document => KPN_CONFIG_FIELD_DOCUMENT,
        Field::Urn => KPN_CONFIG_FIELD_URN,
        Field::Imei => KPN_CONFIG_FIELD_IMEI,
        Field::Secret => KPN_CONFIG_FIELD_SECRET,
        Field::Endpoint => KPN_CONFIG_FIELD_ENDPOINT,
        Field::Host => KPN_CONFIG_FIELD_HOST,
        Field::Path => KPN_CONFIG_FIELD_PATH,
        Field::Address => KPN_CONFIG_FIELD_ADDRESS,
        Field::Port => KPN_CONFIG_FIELD_PORT,
        Field::Apn => KPN_CONFIG_FIELD_APN,
        Field::KeepAliveLimit => KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT,
        Field::StatusTable => KPN_CONFIG_FIELD_STATUS_TABLE,
    }
}

/// Bytes of the longest name of a field, with its NUL.
const NAME_CAP: usize = 15;
const NO_NAME: [u8; NAME_CAP] = [0; NAME_CAP];

/// The names of the fields by their numbers, NUL-terminated.
///
/// Not C string literals: the compiler puts all of those of the library into one section, so that whoever links one of them
/// would link the texts of all statuses, 2.2 KB.
static NAMES: [[u8; NAME_CAP]; Field::ALL.len()] = names();

const fn names() -> [[u8; NAME_CAP]; Field::ALL.len()] {
    let mut names = [NO_NAME; Field::ALL.len()];
    let (mut rest, mut free) = (Field::ALL, names.as_mut_slice());
    while let ([field, fields @ ..], [name, next @ ..]) = (rest, free) {
        let mut text = field.name().as_bytes();
        let mut place = name.as_mut_slice();
        while let ([byte, bytes @ ..], [to, places @ ..]) = (text, place) {
            *to = *byte;
            (text, place) = (bytes, places);
        }
        (rest, free) = (fields, next);
    }
    names
}

const _: () = {
    let (mut fields, mut names, mut at) = (Field::ALL, NAMES.as_slice(), 0);
    while let ([field, fields_left @ ..], [name, names_left @ ..]) = (fields, names) {
        assert!(field_code(*field) == at && field.name().len() < name.len());
        (fields, names) = (fields_left, names_left);
        at = at.wrapping_add(1);
    }
};

/// Who the device is and how it connects.
///
/// 504 bytes on every target. `kpn_config_load` fills it from a JSON text:
///
///     {"imei": "490154203237518", "secret": "0123456789abcdefghijklmnopqrstuvwxyzABCD",
///      "endpoint": "m2m", "address": "10.151.236.157", "port": 80, "apn": "kpnthings.iot",
///      "keepAliveLimit": 100, "statusTable": {"401": "tokenRejected"}}
///
/// - `urn` or `imei`: one of them is needed. A device URN of at most `KPN_URN_MAX` bytes; or 15 digits with a fitting check digit.
/// - `secret`: needed. `KPN_SECRET_MIN` to `KPN_SECRET_MAX` letters and digits, or `null` for messages without a token.
/// - `endpoint`: `"m2m"` (default), `"internet"`, or `{"host": …, "path": …}` of at most 64 bytes each.
/// - `address`: IP address or host name to connect to, at most 64 bytes. Default: that of the endpoint.
/// - `port`: 1 to 65535. Default: 443 for `"internet"`, otherwise 80.
/// - `apn`: access point name, at most 63 bytes. Default: left to the modem.
/// - `keepAliveLimit`: requests on one connection, 1 to 65535. Default: `KPN_REQUESTS_MAX`.
/// - `statusTable`: what a response status means where it is not as `kpn_response_outcome` says. At most 8 entries with `"accepted"`,
///   `"malformed"`, `"tokenRejected"`, `"deviceUnknown"`, `"retryLater"`, `"refused"` or `"unexpected"`.
///
/// Any other field, and one that is there twice, is refused. 504 bytes. Belongs to one thread at a time, but several may read it while none writes.
/// May be abandoned at any time; it holds the secret, so call `kpn_config_wipe` first. Not for storage: store the JSON text.
///
/// ~~~{.c}
/// static kpn_config config;
/// kpn_config_problem problem;
///
/// if (kpn_config_load(&config, json, json_len, &problem) != KPN_OK) {
///     printf("%s: %s\n", kpn_config_field_name(problem.field), kpn_status_text(problem.reason));
///     return;
/// }
/// modem_connect(kpn_config_apn(&config), kpn_config_address(&config), kpn_config_port(&config));
/// kpn_status status = kpn_uplink_begin_config(&uplink, buffer, sizeof buffer, &config);
/// kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
/// status = kpn_uplink_finish_config(&uplink, &config, &request); // the first failure of all of these
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

/// Why a configuration was refused.
///
/// 12 bytes on a 32-bit target. Plain values of the caller.
#[derive(Clone, Copy)]
#[repr(C)]
pub struct kpn_config_problem {
    /// Which field: `KPN_CONFIG_FIELD_DOCUMENT` and following.
    pub field: i32,
    /// What is wrong with it: one of the statuses that `kpn_config_load` returns.
    pub reason: kpn_status,
    /// Offset in the text behind what was refused, or near it; the end when something is missing.
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
        let text = self.config().terminated(field);
        text.map_or(core::ptr::null(), |text| text.as_ptr().cast())
    }
}

/// Reads a configuration and checks it field by field.
///
/// Nothing of the text is kept in place: it may be overwritten afterwards. When the text is refused, all of `config` is wiped and
/// can only be read anew. RFC 8259.
///
/// @param[out] config       Need not be initialised; what it held before is wiped. As before when an argument is refused.
/// @param[in]  json         UTF-8 without byte order mark. White space is allowed.
/// @param[in]  json_len     Bytes, without NUL.
/// @param[out] out_problem  Receives field, reason and position when the text is refused, and is written only then. May be NULL.
///
/// @retval KPN_OK                    `config` is complete.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `json_len` is above `PTRDIFF_MAX`. No problem is written.
/// @retval KPN_ERR_OVERLAP           `config`, `json` and `out_problem` share memory. No problem is written.
/// @retval KPN_ERR_CONFIG            A value that the field cannot have.
/// @retval KPN_ERR_CONFIG_UNKNOWN    A field that is not known.
/// @retval KPN_ERR_CONFIG_MISSING    A field that is needed is not there.
/// @retval KPN_ERR_CONFIG_REPEATED   A field is there twice, or both `urn` and `imei` are.
/// @retval KPN_ERR_CONFIG_TYPE       A value of the wrong JSON type.
/// @retval KPN_ERR_CONFIG_TOO_LONG   A text or the status table is too long.
/// @retval KPN_ERR_SECRET            The secret is not 30 to 100 letters and digits.
/// @retval KPN_ERR_URN               The URN is too long or lacks identifier or ending colon, or the IMEI is not 15 digits.
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
    let read = || -> Result<()> {
        let own = Region::of(config);
        // SAFETY: the same contract.
        let json = unsafe { ptr::bytes(json.cast(), json_len) }?;
        let input = Region::of_bytes(json);
        own.check_disjoint_from(input)?;
        let out_problem = if out_problem.is_null() {
            None
        } else {
            let result = Region::of(out_problem);
            own.check_disjoint_from(result)?;
            input.check_disjoint_from(result)?;
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
        match state.read(json) {
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
    status(read())
}

/// Writes a configuration as one JSON text without white space, which `kpn_config_load` reads back to the same.
///
/// The secret stands in it in clear: it is for the device's storage, not for logs. An IMEI has become a URN, and defaults are written
/// out. A NULL `buffer` with capacity 0 measures.
///
/// @param[in]  config      From `kpn_config_load`.
/// @param[out] buffer      Receives the text, without NUL. Wiped when the room does not suffice.
/// @param[in]  buffer_cap  Bytes; `KPN_CONFIG_TEXT_MAX` always suffice.
/// @param[out] out_len     Receives the length of the text, also with `KPN_ERR_BUFFER_FULL`. Not written on other failures.
///
/// @retval KPN_OK                    The text is in `buffer`; or `buffer` is NULL and the text was only measured.
/// @retval KPN_ERR_BUFFER_FULL           No room; `out_len` says how many bytes are needed.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             There is no configuration in `config`.
/// @retval KPN_ERR_OVERLAP           `config`, `buffer` and `out_len` share memory.
///
/// # Safety
///
/// `config` is NULL or points to a `kpn_config`; `buffer` is NULL or points to `buffer_cap` bytes, and `out_len` is NULL or points to memory
/// for one `size_t`, that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_save(
    config: *const kpn_config,
    buffer: *mut c_char,
    buffer_cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let write = || -> Result<()> {
        let measuring = buffer.is_null();
        // SAFETY: the same contract.
        let buffer = unsafe { ptr::bytes_mut(buffer.cast(), buffer_cap) }?;
        let (own, memory) = (Region::of(config), Region::of_bytes(buffer));
        let result = Region::of(out_len);
        own.check_disjoint_from(memory)?;
        own.check_disjoint_from(result)?;
        memory.check_disjoint_from(result)?;
        // SAFETY: the same contract; apart from the others as just checked.
        let out_len = unsafe { ptr::out(out_len) }?;
        // SAFETY: the same contract; apart from the buffer as just checked.
        let config = unsafe { ptr::object(config) }?;
        let mut out = Buf::new(buffer, 0);
        let written = config.config().write(&mut out);
        out_len.write(out.len());
        if written.is_err() && !measuring {
            buffer.zeroize();
            return written;
        }
        Ok(())
    };
    status(write())
}

/// Overwrites all of a configuration, the secret first of all.
///
/// @param[in,out] config  Need not hold a configuration.
///
/// @retval KPN_OK                    Every byte is 0; `config` can only be read anew.
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

/// The name that a field has in the text.
///
/// @param[in] field  `KPN_CONFIG_FIELD_DOCUMENT` and following.
///
/// @return NUL-terminated text in constant memory, never NULL; empty for the text as a whole and for a number that is no field.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_config_field_name(field: i32) -> *const c_char {
    let name = usize::try_from(field).ok().and_then(|at| NAMES.get(at));
    name.unwrap_or(&NO_NAME).as_ptr().cast()
}

/// The device URN, ending in a colon.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return NUL-terminated text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
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
/// @return NUL-terminated text inside `config`; NULL when messages go without a token, which `kpn_uplink_finish` refuses (use
/// `kpn_uplink_finish_config`); also NULL when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_secret(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Secret) }
}

/// The host of the endpoint, as it stands in the request. With TLS it is the name to be verified.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return NUL-terminated text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
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
/// @return NUL-terminated text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
///
/// # Safety
///
/// As for `kpn_config_urn`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_config_path(config: *const kpn_config) -> *const c_char {
    // SAFETY: the same contract.
    unsafe { text(config, Field::Path) }
}

/// The IPv4 or IPv6 address or host name to connect to.
///
/// @param[in] config  From `kpn_config_load`.
///
/// @return NUL-terminated text inside `config`; NULL when `config` is NULL, misaligned or holds no configuration.
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
/// @return NUL-terminated text inside `config`; NULL when it is left to the modem, or when `config` is NULL, misaligned or holds no
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
    let config = unsafe { ptr::object(config) };
    config.map_or(0, |config| config.config().port())
}

/// Whether the connection needs TLS, which the firmware brings.
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
    let config = unsafe { ptr::object(config) };
    config.is_ok_and(|config| config.config().tls())
}

/// Requests that one connection takes, for `kpn_connection_begin`.
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
    let config = unsafe { ptr::object(config) };
    config.map_or(0, |config| config.config().keep_alive_limit())
}

/// What a response means for the message, by the status table of the configuration first, then as `kpn_response_outcome`.
///
/// @param[in] config    From `kpn_config_load`.
/// @param[in] response  From `kpn_response_begin`.
///
/// @return `KPN_OUTCOME_ACCEPTED` and following; `KPN_OUTCOME_NONE` until the response is complete, or when a pointer is NULL or
/// misaligned, or one of them was not begun or holds no configuration.
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
    let config = unsafe { ptr::object(config) };
    // SAFETY: the same contract.
    let response = unsafe { ptr::object(response) };
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
    let config = unsafe { ptr::object(config) };
    config.map_or(core::ptr::null(), |config: &kpn_config| config.text(field))
}
