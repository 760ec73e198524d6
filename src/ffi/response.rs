// SPDX-License-Identifier: MIT OR Apache-2.0
//! The response to a message, fed as it arrives.

use core::ffi::c_char;

use super::ptr::{self, Object, Region};
use super::span::kpn_span;
use super::status::{NEED_MORE, OK};
use super::status::{code, kpn_status, status};
use crate::error::Result;
use crate::http::response::{Method, Response};
use crate::things::connection::Connection;
use crate::things::outcome::Outcome;

/// The response is not complete, so it means nothing yet.
pub const KPN_OUTCOME_NONE: i32 = 0;
/// Accepted for further processing (202 and any other 2xx). The body may hold a downlink.
pub const KPN_OUTCOME_ACCEPTED: i32 = 1;
/// A header is missing or the body is wrong (400, unknown 4xx). Do not retry unchanged.
pub const KPN_OUTCOME_MALFORMED: i32 = 2;
/// The message token is wrong (401, 403): check the secret. Do not retry unchanged.
pub const KPN_OUTCOME_TOKEN_REJECTED: i32 = 3;
/// The device is unknown (404): check it in the portal. Do not retry unchanged.
pub const KPN_OUTCOME_DEVICE_UNKNOWN: i32 = 4;
/// The platform is busy (408, 429, 5xx, any code from 600): send the same request later.
pub const KPN_OUTCOME_RETRY_LATER: i32 = 5;
/// Any other registered 4xx, or a redirect (3xx), which is not followed. Do not retry unchanged.
pub const KPN_OUTCOME_REFUSED: i32 = 6;

const _: () = assert!(
    KPN_OUTCOME_ACCEPTED == Outcome::Accepted.code()
        && KPN_OUTCOME_MALFORMED == Outcome::Malformed.code()
        && KPN_OUTCOME_TOKEN_REJECTED == Outcome::TokenRejected.code()
        && KPN_OUTCOME_DEVICE_UNKNOWN == Outcome::DeviceUnknown.code()
        && KPN_OUTCOME_RETRY_LATER == Outcome::RetryLater.code()
        && KPN_OUTCOME_REFUSED == Outcome::Refused.code()
);

/// Requests that KPN's server accepts on one connection.
pub const KPN_REQUESTS_MAX: u16 = 100;
const _: () = assert!(KPN_REQUESTS_MAX == crate::things::connection::REQUESTS_MAX);

/// The response to one request, read as it arrives.
///
/// Call `kpn_response_begin`, then `kpn_response_feed` with whatever arrives, as long as it returns `KPN_NEED_MORE`; when the connection
/// closes, call `kpn_response_end`. The body is collected in the buffer given to `kpn_response_begin`, which may be the buffer of the
/// request. 92 bytes on a 32-bit target. It holds a pointer: do not store it.
///
/// ~~~{.c}
/// kpn_response response;
/// kpn_status status = kpn_response_begin(&response, buffer, sizeof buffer);
/// do {
///     size_t len = modem_receive(chunk, sizeof chunk); // 0: the connection was closed
///     status = len > 0 ? kpn_response_feed(&response, chunk, len, NULL) : kpn_response_end(&response);
/// } while (status == KPN_NEED_MORE);
/// printf("%s\n", kpn_outcome_text(kpn_response_outcome(&response)));
/// ~~~
#[repr(C)]
pub struct kpn_response {
    private_tag: u32,
    private_reserved: u32,
    private_buffer: *mut u8,
    private_capacity: usize,
    private_state: Response,
}

// SAFETY: repr(C) with the u32 tag in front; a pointer and plain integers behind it.
unsafe impl Object for kpn_response {
    const NUMBER: u8 = 3;
}

impl kpn_response {
    /// The body, once the response is complete.
    ///
    /// # Safety
    ///
    /// The buffer given to `begin` is still there, and nobody else uses it while the slice is used.
    pub(super) unsafe fn body_mut<'a>(&self) -> Result<&'a mut [u8]> {
        // SAFETY: `begin` kept the buffer; the rest is the same contract.
        let buffer = unsafe { ptr::stored_slice_mut(self.private_buffer, self.private_capacity) };
        let len = self.private_state.body(buffer)?.len();
        Ok(buffer.get_mut(..len).unwrap_or_default())
    }

    /// The status code of a complete response.
    pub(super) fn complete_status(&self) -> Option<u16> {
        let state = &self.private_state;
        state.is_complete().then(|| state.status())
    }

    /// Reads on from the front of bytes that do not overlap the buffer; what is left of them comes after the response.
    ///
    /// # Safety
    ///
    /// The buffer given to `begin` is still there, and nobody else uses it.
    pub(super) unsafe fn feed(&mut self, bytes: &mut &[u8]) -> Result<()> {
        // SAFETY: `begin` kept the buffer; the rest is the same contract.
        let store = unsafe { ptr::stored_slice_mut(self.private_buffer, self.private_capacity) };
        self.private_state.collect(bytes, store)
    }

    /// Whether the response is complete.
    pub(super) const fn is_complete(&self) -> bool {
        self.private_state.is_complete()
    }

    /// Refuses memory that overlaps with the object or its buffer.
    // Not inlined: one copy serves all callers.
    #[inline(never)]
    pub(super) fn check_disjoint_from(&self, other: Region) -> Result<()> {
        Region::of(self).check_disjoint_from(other)?;
        self.memory().check_disjoint_from(other)
    }

    /// Where the buffer is.
    pub(super) fn memory(&self) -> Region {
        Region::new(self.private_buffer, self.private_capacity)
    }

    /// The parser's own state.
    #[cfg(feature = "posix")]
    pub(super) const fn state(&mut self) -> &mut Response {
        &mut self.private_state
    }
}

/// Starts reading a response.
///
/// @param[out]    response    Need not be initialised.
/// @param[in,out] buffer      Receives the body; in use until the response and its downlink have been read. NULL with capacity 0 to ignore it.
/// @param[in]     buffer_cap  Bytes. A downlink is as large as your application makes it; 1,024 hold one with a firmware token.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or the capacity is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_OVERLAP           `response` and `buffer` share memory.
///
/// # Safety
///
/// `response` is NULL or points to memory for one `kpn_response` that nobody else uses until it is abandoned; likewise `buffer`
/// for `buffer_cap` bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_begin(
    response: *mut kpn_response,
    buffer: *mut u8,
    buffer_cap: usize,
) -> kpn_status {
    let begin = || -> Result<()> {
        Region::of(response).check_disjoint_from(Region::new(buffer, buffer_cap))?;
        // SAFETY: the same contract.
        let buffer = unsafe { ptr::bytes_mut(buffer, buffer_cap) }?;
        // SAFETY: the same contract; apart from the buffer as just checked.
        let response = unsafe { ptr::begin(response) }?;
        response.private_buffer = buffer.as_mut_ptr();
        response.private_capacity = buffer.len();
        response.private_state.begin_zeroed(Method::Post);
        Ok(())
    };
    status(begin())
}

/// Reads bytes of the response, in pieces of any size.
///
/// Stops at the end of the response. A body that is larger than the buffer is still read to its end, so that the outcome is known and the
/// connection stays usable; `kpn_response_body` then fails. An error is final: close the connection.
/// RFC 9112.
///
/// @param[in,out] response  From `kpn_response_begin`.
/// @param[in]     bytes     NULL when `len` is 0. Not kept.
/// @param[in]     len       Bytes.
/// @param[out]    out_used  Receives how many of the bytes belong to this response. May be NULL.
///
/// @retval KPN_OK                          The response is complete.
/// @retval KPN_NEED_MORE                   All bytes were used; feed the next ones.
/// @retval KPN_ERR_INVALID_ARGUMENT        A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE                   The response was not begun.
/// @retval KPN_ERR_OVERLAP                 The arguments and the buffer share memory.
/// @retval KPN_ERR_HTTP_SYNTAX             Not HTTP/1.0 to HTTP/1.9, or characters where none may be.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH     Content-Length is not a number, is too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING  A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE     The head or the trailer section exceeds 8,192 bytes, or a line of chunked framing 256.
/// @return The failure of an earlier `kpn_response_feed` or `kpn_response_end`.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`; `bytes` is NULL or points to `len` initialised bytes; `out_used` is NULL or points to
/// memory for one `size_t`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_feed(
    response: *mut kpn_response,
    bytes: *const u8,
    len: usize,
    out_used: *mut usize,
) -> kpn_status {
    let feed = || -> Result<kpn_status> {
        // SAFETY: the same contract; what the caller gave beside it is not touched before it is checked to lie apart.
        let response = unsafe { ptr::borrow_mut(response) }?;
        let input = Region::new(bytes, len);
        response.check_disjoint_from(input)?;
        if !out_used.is_null() {
            let out = Region::of(out_used);
            response.check_disjoint_from(out)?;
            input.check_disjoint_from(out)?;
        }
        // SAFETY: the same contract.
        let mut rest = unsafe { ptr::bytes(bytes, len) }?;
        let used = if out_used.is_null() {
            None
        } else {
            // SAFETY: the same contract; apart from the others as just checked.
            Some(unsafe { ptr::out(out_used) }?)
        };
        // SAFETY: the caller leaves the buffer to the library; apart from the input as just checked.
        unsafe { response.feed(&mut rest) }?;
        if let Some(used) = used {
            used.write(len - rest.len());
        }
        Ok(if response.is_complete() {
            OK
        } else {
            NEED_MORE
        })
    };
    feed().unwrap_or_else(code)
}

/// Tells the library that the server closed the connection, which completes a response whose body lasts until then.
///
/// Do not call it after a time-out: a response without a length would count as complete although its rest is missing. Abandon the response,
/// whose outcome stays `KPN_OUTCOME_NONE`, and close the connection.
///
/// @param[in,out] response  From `kpn_response_begin`.
///
/// @retval KPN_OK                    The response is complete.
/// @retval KPN_ERR_INVALID_ARGUMENT  `response` is NULL or misaligned.
/// @retval KPN_ERR_STATE             The response was not begun.
/// @retval KPN_ERR_HTTP_TRUNCATED    The connection ended before the response did.
/// @return The failure of an earlier `kpn_response_feed` or `kpn_response_end`.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_end(response: *mut kpn_response) -> kpn_status {
    // SAFETY: the same contract.
    let response = unsafe { ptr::borrow_mut(response) };
    status(response.and_then(|response| response.private_state.end()))
}

/// The status code as the server sent it; it means nothing until the response is complete.
///
/// @param[in] response  From `kpn_response_begin`.
///
/// @return 200 to 999; 0 before the status line was read and after one with a status 1xx, which is skipped, or when `response` is NULL,
/// misaligned or not begun.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_status(response: *const kpn_response) -> i32 {
    // SAFETY: the same contract.
    let response = unsafe { ptr::borrow(response) };
    response.map_or(0, |response| i32::from(response.private_state.status()))
}

/// What the response means for the message.
///
/// An unknown status means the same as the first of its class: 499 counts as 400 (RFC 9110 section 15). If the numbers on your platform
/// differ, use `kpn_response_status`, or a status table in the configuration (`kpn_config_outcome`).
///
/// @param[in] response  From `kpn_response_begin`.
///
/// @return One of `KPN_OUTCOME_…`; `KPN_OUTCOME_NONE` until the response is complete, or when `response` is NULL,
/// misaligned or not begun.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_outcome(response: *const kpn_response) -> i32 {
    // SAFETY: the same contract.
    let response = unsafe { ptr::borrow(response) };
    let status = response.map(kpn_response::complete_status);
    match status {
        Ok(Some(status)) => Outcome::of(status).code(),
        _ => KPN_OUTCOME_NONE,
    }
}

/// One sentence of advice for an outcome, for logs.
///
/// @param[in] outcome  From `kpn_response_outcome`.
///
/// @return Text in constant memory, never NULL.
#[unsafe(no_mangle)]
pub extern "C" fn kpn_outcome_text(outcome: i32) -> *const c_char {
    Outcome::from_code(outcome)
        .map_or(c"The response is not complete.", Outcome::advice)
        .as_ptr()
}

/// The body of a complete response, in the buffer given to `kpn_response_begin`.
///
/// To read a downlink, use `kpn_downlink_begin` instead.
///
/// @param[in]  response  From `kpn_response_begin`.
/// @param[out] out_body  Written only on success. Empty if there was no body.
///
/// @retval KPN_OK                    `out_body` is the whole body.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             The response was not begun, or is not complete.
/// @retval KPN_ERR_OVERLAP           `out_body` lies in `response` or in its buffer.
/// @retval KPN_ERR_BODY_TOO_LARGE    The body did not fit; `kpn_response_missing` says by how much.
/// @return The failure of an earlier `kpn_response_feed` or `kpn_response_end`.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`; `out_body` is NULL or points to memory for one `kpn_span`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_body(
    response: *const kpn_response,
    out_body: *mut kpn_span,
) -> kpn_status {
    let body = || -> Result<()> {
        // SAFETY: the same contract.
        let response = unsafe { ptr::borrow(response) }?;
        response.check_disjoint_from(Region::of(out_body))?;
        // SAFETY: the same contract; apart from the response and its buffer as just checked.
        let out_body = unsafe { ptr::out(out_body) }?;
        // SAFETY: `begin` kept the buffer, which the caller leaves to the library.
        let body = unsafe { response.body_mut() }?;
        out_body.write(kpn_span::of(body));
        Ok(())
    };
    status(body())
}

/// By how many bytes the buffer is too small for the part of the body that has arrived.
///
/// @param[in] response  From `kpn_response_begin`.
///
/// @return Bytes; 0 when it fits, or when `response` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_missing(response: *const kpn_response) -> usize {
    // SAFETY: the same contract.
    let response = unsafe { ptr::borrow(response) };
    response.map_or(0, |response| {
        let len = response.private_state.body_len();
        usize::try_from(len)
            .unwrap_or(usize::MAX)
            .saturating_sub(response.private_capacity)
    })
}

/// Whether the connection can take another request.
///
/// @param[in] response  From `kpn_response_begin`.
///
/// @return false if the server closes the connection, before the response is complete, and after a failure, or when `response` is
/// NULL, misaligned or not begun.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_keep_alive(response: *const kpn_response) -> bool {
    // SAFETY: the same contract.
    let response = unsafe { ptr::borrow(response) };
    response.is_ok_and(|response| response.private_state.keep_alive())
}

/// How many seconds the server asks to wait before the next request (Retry-After, RFC 9110 section 10.2.3); the longest of several.
///
/// A date is taken relative to the Date field of the same response, so no clock is needed. It is ignored if it is past, if it is not in the
/// form `Wed, 29 May 2024 12:29:28 GMT` with a year from 1968 to 2099, if there is no Date, or if the status is 2xx. No upper limit.
///
/// @param[in] response  From `kpn_response_begin`.
///
/// @return Seconds; 0 if the server did not say, or when `response` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `response` as for `kpn_response_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_response_retry_after(response: *const kpn_response) -> u32 {
    // SAFETY: the same contract.
    let response = unsafe { ptr::borrow(response) };
    response.map_or(0, |response| response.private_state.retry_after())
}

/// Counts the requests on one connection, which KPN's server closes after `KPN_REQUESTS_MAX` of them.
///
/// Call `kpn_connection_begin` for each new connection and `kpn_connection_record` after every response. 8 bytes.
#[repr(C)]
pub struct kpn_connection {
    private_tag: u32,
    private_state: Connection,
}

// SAFETY: repr(C) with the u32 tag in front and plain integers behind it.
unsafe impl Object for kpn_connection {
    const NUMBER: u8 = 4;
}

/// Starts counting the requests on a new connection.
///
/// @param[out] connection  Need not be initialised.
/// @param[in]  limit       Requests that the server accepts: `KPN_REQUESTS_MAX`, or as configured; at least 1.
///
/// @retval KPN_OK                    Begun.
/// @retval KPN_ERR_INVALID_ARGUMENT  `connection` is NULL or misaligned, or `limit` is 0.
///
/// # Safety
///
/// `connection` is NULL or points to memory for one `kpn_connection` that nobody else uses during the call.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_connection_begin(
    connection: *mut kpn_connection,
    limit: u16,
) -> kpn_status {
    if limit == 0 {
        return code(crate::error::Error::INVALID_ARGUMENT);
    }
    // SAFETY: the same contract.
    let place = unsafe { ptr::out(connection) };
    status(place.map_err(crate::error::Error::from).map(|place| {
        place.write(kpn_connection {
            private_tag: kpn_connection::TAG,
            private_state: Connection::begin(limit),
        });
    }))
}

/// Counts one request, by its response.
///
/// @param[in,out] connection  From `kpn_connection_begin`.
/// @param[in]     response    Complete or failed.
///
/// @retval KPN_OK                    Counted; `kpn_connection_left` is up to date.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE             One of them was not begun.
/// @retval KPN_ERR_OVERLAP           They share memory.
///
/// # Safety
///
/// As for `kpn_connection_begin`; `response` as for `kpn_response_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_connection_record(
    connection: *mut kpn_connection,
    response: *const kpn_response,
) -> kpn_status {
    let record = || -> Result<()> {
        Region::of(connection).check_disjoint_from(Region::of(response))?;
        // SAFETY: the same contract; apart from the response as just checked.
        let connection = unsafe { ptr::borrow_mut(connection) }?;
        // SAFETY: the same contract.
        let response = unsafe { ptr::borrow(response) }?;
        connection.private_state.record(&response.private_state);
        Ok(())
    };
    status(record())
}

/// How many more requests the connection accepts; 0: close it and open another.
///
/// @param[in] connection  From `kpn_connection_begin`.
///
/// @return Requests; 0 when `connection` is NULL, misaligned or not begun.
///
/// # Safety
///
/// As for `kpn_connection_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_connection_left(connection: *const kpn_connection) -> u16 {
    // SAFETY: the same contract.
    let connection = unsafe { ptr::borrow(connection) };
    connection.map_or(0, |connection| connection.private_state.left())
}
