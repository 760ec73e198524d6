// SPDX-License-Identifier: MIT OR Apache-2.0
//! One message to the platform: built, signed and framed in one buffer of the caller.

mod access;
pub mod add;
pub mod base;
pub mod configured;
pub mod finish;
pub mod label;

use core::ffi::c_char;

use super::ptr::{self, Given, Object, Region};
use super::status::{kpn_status, status};
use crate::error::Result;
use crate::http::request::Target;
use crate::number;
use crate::senml::{name, unit};
use crate::things::endpoint::{INTERNET, M2M};
use crate::things::uplink::UplinkState;
use crate::things::urn;

pub(super) use access::target;

/// KPN's private network, through a KPN SIM, plain HTTP: `Host: m.m`, `POST /ingestion/m2m/senml/v1`.
pub const KPN_ENDPOINT_M2M: i32 = 1;
/// The Internet; TLS is up to the firmware: `Host: prod.dm.kpnthings.com`, `POST /ingestion/ip/senml/v1`.
pub const KPN_ENDPOINT_INTERNET: i32 = 2;

/// Longest device URN, in bytes, with its ending colon.
pub const KPN_URN_MAX: usize = 96;
/// Longest name of a measurement, in bytes.
pub const KPN_NAME_MAX: usize = 255;
/// Longest unit, in bytes.
pub const KPN_UNIT_MAX: usize = 24;
/// Longest host, and longest path, of a custom endpoint, in bytes.
pub const KPN_HEAD_TEXT_MAX: usize = 255;
/// Largest exponent of a decimal; the smallest is its negative.
pub const KPN_EXPONENT_MAX: i32 = 18;
/// Most decimals of `kpn_uplink_add_double_fixed`.
pub const KPN_FRACTION_DIGITS_MAX: u8 = 20;
/// Longest request head for the two KPN endpoints, in bytes; see `kpn_uplink_begin_with_body`.
pub const KPN_HEAD_MAX: usize = 217;
/// Bytes of the token line, which `kpn_uplink_finish_unsigned` omits.
pub const KPN_TOKEN_LINE_LEN: usize = 88;

const _: () = assert!(KPN_URN_MAX == urn::URN_MAX && KPN_NAME_MAX == name::NAME_MAX);
const _: () = assert!(KPN_UNIT_MAX == unit::UNIT_MAX);
const _: () = assert!(KPN_EXPONENT_MAX == crate::senml::pack::value::EXPONENT_MAX);
const _: () = assert!(KPN_FRACTION_DIGITS_MAX == number::FRACTION_DIGITS_MAX);
const _: () = assert!(KPN_HEAD_TEXT_MAX == crate::http::request::HEAD_TEXT_MAX);
const _: () = assert!(KPN_HEAD_MAX == crate::http::request::POST_HEAD_MAX);

/// A message to the platform: one SenML pack, its token, and the HTTP request around it.
///
/// Call `kpn_uplink_begin`, then add records, with base fields and labels where needed, then call `kpn_uplink_finish`. The message is built
/// in the buffer given to `kpn_uplink_begin`, which holds the request afterwards. 128 bytes on a 32-bit target. It holds pointers: do not
/// store it, and do not copy it while it is in use.
///
/// ~~~{.c}
/// static uint8_t buffer[512];
/// kpn_uplink uplink;
/// kpn_span request;
///
/// kpn_status status = kpn_uplink_begin(&uplink, buffer, sizeof buffer, KPN_ENDPOINT_M2M, "urn:dev:IMEI:490154203237518:");
/// kpn_uplink_add_decimal(&uplink, KPN_TEMPERATURE, 205, -1);
/// status = kpn_uplink_finish(&uplink, secret, &request); // reports the first failure of any call above
/// if (status == KPN_OK) {
///     modem_send(request.ptr, request.len);
/// }
/// ~~~
#[repr(C)]
pub struct kpn_uplink {
    private_tag: u32,
    private_reserved: u32,
    private_buffer: *mut u8,
    private_capacity: usize,
    private_host: *const c_char,
    private_path: *const c_char,
    private_state: UplinkState,
}

// SAFETY: repr(C) with the u32 tag in front; pointers and plain integers behind it.
unsafe impl Object for kpn_uplink {
    const NUMBER: u8 = 2;
}

/// Starts a message from one device to a KPN Things endpoint.
///
/// The pack begins with the record `{"bn":urn}`. With a NULL `buffer` and capacity 0 the message is only measured: make the same calls, and
/// `kpn_uplink_finish` gives the length of the request, which is the capacity it needs. After a failure `kpn_uplink_finish` returns that
/// failure too. RFC 8428 section 4.1, KPN documentation "Ingestion".
///
/// @param[out]    uplink      Need not be initialised.
/// @param[in,out] buffer      Belongs to the library until the message is finished or abandoned.
/// @param[in]     buffer_cap  Bytes. 512 hold seven temperatures; see the table at the top of this header.
/// @param[in]     endpoint    `KPN_ENDPOINT_M2M` or `KPN_ENDPOINT_INTERNET`.
/// @param[in]     urn         Device URN. Not kept.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_BUFFER_FULL       Too small for the head and the URN; `kpn_uplink_missing` says by how much.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, the capacity is above `PTRDIFF_MAX`, or `endpoint` is none.
/// @retval KPN_ERR_OVERLAP           `uplink`, `buffer` and `urn` share memory.
/// @retval KPN_ERR_URN               `urn` is too long, or is one of KPN's kinds without its identifier or final colon.
/// @retval KPN_ERR_SENML_NAME        `urn` is empty or has a character outside `A-Z a-z 0-9 - : . / _`.
///
/// # Safety
///
/// `uplink` is NULL or points to memory for one `kpn_uplink` that nobody else uses until the message is finished or
/// abandoned; likewise `buffer` for `buffer_cap` bytes; `urn` is NULL or NUL-terminated.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_begin(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    endpoint: i32,
    urn: *const c_char,
) -> kpn_status {
    let to = Where::known(endpoint);
    // SAFETY: the same contract.
    status(unsafe { begin(uplink, buffer, buffer_cap, to, urn) })
}

/// Starts a message from one device to a host and path of your own.
///
/// As `kpn_uplink_begin`.
///
/// @param[out]    uplink      Need not be initialised.
/// @param[in,out] buffer      Belongs to the library until the message is finished or abandoned.
/// @param[in]     buffer_cap  Bytes.
/// @param[in]     host        NUL-terminated value of the Host header, at most `KPN_HEAD_TEXT_MAX` bytes. Kept until the message is finished.
/// @param[in]     path        NUL-terminated, beginning with `/`, at most `KPN_HEAD_TEXT_MAX` bytes. Kept until the message is finished.
/// @param[in]     urn         Device URN. Not kept.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_BUFFER_FULL       Too small for the head and the URN; `kpn_uplink_missing` says by how much.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `uplink`, `buffer` and the texts share memory.
/// @retval KPN_ERR_HEAD_TEXT         `host` or `path` is empty, too long, or not visible ASCII (no spaces, CR or LF).
/// @retval KPN_ERR_URN               `urn` is too long, or is one of KPN's kinds without its identifier or final colon.
/// @retval KPN_ERR_SENML_NAME        `urn` is empty or has a character outside `A-Z a-z 0-9 - : . / _`.
///
/// # Safety
///
/// As for `kpn_uplink_begin`; `host` and `path` are NULL or NUL-terminated, until the message is finished.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_begin_custom(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    host: *const c_char,
    path: *const c_char,
    urn: *const c_char,
) -> kpn_status {
    let to = Where::custom(host, path);
    // SAFETY: the same contract.
    status(unsafe { begin(uplink, buffer, buffer_cap, to, urn) })
}

/// Uses JSON text that is already in the buffer as the body of a message.
///
/// The text must be strict JSON; its meaning is not checked. White space outside strings is removed in place, since the token is computed
/// over exactly the bytes that are sent. `kpn_uplink_finish` then writes the head in front of it; no records can be added. A failure leaves
/// the text unchanged. RFC 8259, KPN documentation "Message token".
///
/// @param[out]    uplink       Need not be initialised.
/// @param[in,out] buffer       Belongs to the library until the message is finished or abandoned.
/// @param[in]     buffer_cap   Bytes.
/// @param[in]     endpoint     `KPN_ENDPOINT_M2M` or `KPN_ENDPOINT_INTERNET`.
/// @param[in]     body_offset  Where the text begins in `buffer`. `KPN_HEAD_MAX` always leaves enough room for the head.
/// @param[in]     body_len     Bytes of the text, without NUL.
///
/// @retval KPN_OK                    The body is adopted; only the `finish` calls may follow.
/// @retval KPN_ERR_BUFFER_FULL       `body_offset` leaves too little room for the head; `kpn_uplink_missing` says by how much.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the text does not lie in `buffer`.
/// @retval KPN_ERR_OVERLAP           `uplink` and `buffer` share memory.
/// @retval KPN_ERR_JSON_SYNTAX       The text is not JSON.
/// @retval KPN_ERR_JSON_DEPTH        The text is nested deeper than 32.
/// @retval KPN_ERR_JSON_TRUNCATED    The text ends too early.
/// @retval KPN_ERR_JSON_ESCAPE       A string escape stands for no character.
/// @retval KPN_ERR_UTF8              A string is not UTF-8.
///
/// # Safety
///
/// As for `kpn_uplink_begin`; the text is initialised.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_begin_with_body(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    endpoint: i32,
    body_offset: usize,
    body_len: usize,
) -> kpn_status {
    let to = Where::known(endpoint);
    // SAFETY: the same contract.
    status(unsafe { adopt(uplink, buffer, buffer_cap, to, body_offset, body_len) })
}

/// Uses JSON text that is already in the buffer as the body of a message to a host and path of your own.
///
/// As `kpn_uplink_begin_with_body`; host and path as for `kpn_uplink_begin_custom`.
///
/// @param[out]    uplink       Need not be initialised.
/// @param[in,out] buffer       Belongs to the library until the message is finished or abandoned.
/// @param[in]     buffer_cap   Bytes.
/// @param[in]     host         As for `kpn_uplink_begin_custom`.
/// @param[in]     path         As for `kpn_uplink_begin_custom`.
/// @param[in]     body_offset  Where the text begins. The head takes 164 bytes, host, path and the digits of Content-Length.
/// @param[in]     body_len     Bytes of the text, without NUL.
///
/// @retval KPN_OK                    The body is adopted; only the `finish` calls may follow.
/// @retval KPN_ERR_BUFFER_FULL       `body_offset` leaves too little room for the head; `kpn_uplink_missing` says by how much.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the text does not lie in `buffer`.
/// @retval KPN_ERR_OVERLAP           `uplink`, `buffer`, `host` and `path` share memory.
/// @retval KPN_ERR_HEAD_TEXT         As for `kpn_uplink_begin_custom`.
/// @retval KPN_ERR_JSON_SYNTAX       The text is not JSON.
/// @retval KPN_ERR_JSON_DEPTH        The text is nested deeper than 32.
/// @retval KPN_ERR_JSON_TRUNCATED    The text ends too early.
/// @retval KPN_ERR_JSON_ESCAPE       A string escape stands for no character.
/// @retval KPN_ERR_UTF8              A string is not UTF-8.
///
/// # Safety
///
/// As for `kpn_uplink_begin_custom`; the text is initialised.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_uplink_begin_with_body_custom(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    host: *const c_char,
    path: *const c_char,
    body_offset: usize,
    body_len: usize,
) -> kpn_status {
    let to = Where::custom(host, path);
    // SAFETY: the same contract.
    status(unsafe { adopt(uplink, buffer, buffer_cap, to, body_offset, body_len) })
}

// Statics, since constants that end in a NUL would be linked together with all other texts of the library: 2.7 KB.
static M2M_HOST: [u8; M2M.host.len() + 1] = terminated(M2M.host);
static M2M_PATH: [u8; M2M.path.len() + 1] = terminated(M2M.path);
static INTERNET_HOST: [u8; INTERNET.host.len() + 1] = terminated(INTERNET.host);
static INTERNET_PATH: [u8; INTERNET.path.len() + 1] = terminated(INTERNET.path);
static NO_TEXT: [u8; 1] = [0];

/// A text with a NUL after it.
const fn terminated<const N: usize>(text: &[u8]) -> [u8; N] {
    let mut terminated = [0; N];
    if let Some((room, _)) = terminated.split_at_mut_checked(text.len()) {
        room.copy_from_slice(text);
    }
    terminated
}

const fn text(terminated: &'static [u8]) -> *const c_char {
    terminated.as_ptr().cast()
}

/// Host and path as C texts: those of a KPN Things endpoint in constant memory, others in the caller's memory.
#[derive(Clone, Copy)]
pub(super) struct Where {
    host: *const c_char,
    path: *const c_char,
}

impl Where {
    /// The endpoint with this number; NULL, which is refused later, for any other number.
    pub(super) fn known(endpoint: i32) -> Self {
        match endpoint {
            KPN_ENDPOINT_M2M => Self::custom(text(&M2M_HOST), text(&M2M_PATH)),
            KPN_ENDPOINT_INTERNET => Self::custom(text(&INTERNET_HOST), text(&INTERNET_PATH)),
            _ => Self::custom(core::ptr::null(), core::ptr::null()),
        }
    }

    pub(super) const fn custom(host: *const c_char, path: *const c_char) -> Self {
        Self { host, path }
    }

    /// # Safety
    ///
    /// `host` and `path` are NULL or NUL-terminated until the target is gone.
    unsafe fn target<'a>(self) -> Given<Target<'a>> {
        // SAFETY: the same contract.
        let host = unsafe { ptr::text(self.host, KPN_HEAD_TEXT_MAX) }?;
        // SAFETY: the same contract.
        let path = unsafe { ptr::text(self.path, KPN_HEAD_TEXT_MAX) }?;
        Ok(Target { host, path })
    }
}

/// The texts of a message that is being begun, which must not overlap the memory that is written.
///
/// # Safety
///
/// As for `kpn_uplink_begin_custom`.
#[expect(
    clippy::inline_always,
    reason = "it fills a structure that its caller would otherwise have to copy: 50 bytes of flash"
)]
#[inline(always)]
pub(super) unsafe fn check<'a>(
    own: Region,
    memory: Region,
    to: Where,
    urn: *const c_char,
) -> Result<(Target<'a>, &'a [u8])> {
    // SAFETY: the same contract.
    let target = unsafe { to.target() }?;
    // SAFETY: the same contract.
    let urn = unsafe { ptr::text(urn, KPN_URN_MAX) }?;
    let regions = [
        own,
        memory,
        Region::of_bytes(target.host),
        Region::of_bytes(target.path),
        Region::of_bytes(urn),
    ];
    ptr::check_disjoint(2, &regions)?;
    Ok((target, urn))
}

/// Puts a new message in place and starts it. A message that cannot be started still replaces an earlier one, and `finish` reports its
/// failure again.
///
/// # Safety
///
/// As for `kpn_uplink_begin_custom`; `texts` comes from `check` with the same arguments.
pub(super) unsafe fn start(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    to: Where,
    texts: &Result<(Target<'_>, &[u8])>,
    start: impl FnOnce(&mut UplinkState, &mut [u8], &Target<'_>, &[u8]) -> Result<()>,
) -> Result<()> {
    // SAFETY: the same contract; apart from the uplink and the texts as `check` found, or not used.
    let bytes = unsafe { ptr::bytes_mut(buffer, buffer_cap) };
    // SAFETY: the same contract.
    let uplink = unsafe { ptr::begin(uplink) }?;
    uplink.private_host = to.host;
    uplink.private_path = to.path;
    let state = &mut uplink.private_state;
    let begun = texts
        .as_ref()
        .map_err(|&error| error)
        .and_then(|(target, urn)| {
            let bytes = bytes?;
            uplink.private_buffer = buffer;
            uplink.private_capacity = buffer_cap;
            start(state, bytes, target, urn)
        });
    begun.inspect_err(|&error| state.fail(error))
}

/// # Safety
///
/// As for `kpn_uplink_begin_custom`.
unsafe fn begin(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    to: Where,
    urn: *const c_char,
) -> Result<()> {
    let measuring = buffer.is_null();
    let (own, memory) = (Region::of(uplink), Region::new(buffer, buffer_cap));
    // SAFETY: the same contract.
    let texts = unsafe { check(own, memory, to, urn) };
    let begin = |state: &mut UplinkState, buffer: &mut [u8], target: &Target<'_>, urn: &[u8]| {
        state.begin(buffer, measuring, target, urn)
    };
    // SAFETY: the same contract.
    unsafe { start(uplink, buffer, buffer_cap, to, &texts, begin) }
}

/// # Safety
///
/// As for `kpn_uplink_begin_with_body_custom`.
unsafe fn adopt(
    uplink: *mut kpn_uplink,
    buffer: *mut u8,
    buffer_cap: usize,
    to: Where,
    body_offset: usize,
    body_len: usize,
) -> Result<()> {
    let (own, memory) = (Region::of(uplink), Region::new(buffer, buffer_cap));
    // SAFETY: the same contract.
    let texts = unsafe { check(own, memory, to, text(&NO_TEXT)) };
    let adopt = |state: &mut UplinkState, buffer: &mut [u8], target: &Target<'_>, _: &[u8]| {
        state.adopt(buffer, target, body_offset, body_len)
    };
    // SAFETY: the same contract.
    unsafe { start(uplink, buffer, buffer_cap, to, &texts, adopt) }
}
