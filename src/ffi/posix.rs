// SPDX-License-Identifier: MIT OR Apache-2.0
//! The POSIX transport: a connection to the platform from a Linux gateway.

use core::ffi::c_char;

use super::ptr::{self, Object, Region};
use super::response::kpn_response;
use super::span::kpn_span;
use super::status::{kpn_status, status};
use crate::error::{Error, Result};
use crate::posix::{Deadline, Socket};
use crate::things::connection::Connection;

mod steps;

use steps::{check_peer, check_response};

/// Longest host, in bytes.
pub const KPN_POSIX_HOST_MAX: usize = 255;

/// A TCP connection to the platform, kept open between messages.
///
/// Only in archives built with the feature `posix`; define `KPN_POSIX` to declare it. Call `kpn_posix_begin` once, `kpn_posix_exchange` for
/// each message, and finally `kpn_posix_close`, since it holds a file descriptor. For a request in pieces: `kpn_posix_open`,
/// `kpn_posix_write` for each piece, `kpn_posix_read`. For other bytes: `kpn_posix_send` and `kpn_posix_receive`. No call takes longer than
/// the time limit, whatever the server does, apart from resolving a host name; `kpn_posix_deadline` limits several calls together. Signals
/// do not interrupt a call, and there is no SIGPIPE. 28 bytes on every target. For TLS see c-examples/tls.
///
/// A server may answer before it has the whole request. The rest is then not sent, the response counts, and the connection is closed (RFC
/// 9112 section 9.5). Responses with status 1xx are skipped.
///
/// ~~~{.c}
/// kpn_posix posix;
/// kpn_status status = kpn_posix_begin(&posix, KPN_REQUESTS_MAX, 10000);
///
/// if (status == KPN_OK) {
///     status = kpn_posix_exchange(&posix, "10.151.236.157", 80, request, &response);
/// }
/// kpn_posix_close(&posix);
/// ~~~
#[repr(C)]
pub struct kpn_posix {
    private_tag: u32,
    private_timeout: u32,
    private_socket: Socket,
    private_limit: u16,
    private_connection: Connection,
    private_deadline: [u8; 8],
}

// SAFETY: repr(C) with the u32 tag in front and plain integers behind it.
unsafe impl Object for kpn_posix {
    const NUMBER: u8 = 12;
}

/// Prepares a connection; nothing is opened yet.
///
/// @param[out] posix    Close it first if it is in use.
/// @param[in]  limit    Requests per connection: `KPN_REQUESTS_MAX`, or as configured; at least 1.
/// @param[in]  timeout  Longest time of a call in milliseconds, at least 1: a whole exchange, or one of its steps.
///
/// @retval KPN_OK                    Ready.
/// @retval KPN_ERR_INVALID_ARGUMENT  `posix` is NULL or misaligned, or `limit` or `timeout` is 0.
///
/// # Safety
///
/// `posix` is NULL or points to memory for one `kpn_posix` that nobody else uses until it is closed.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_begin(
    posix: *mut kpn_posix,
    limit: u16,
    timeout: u32,
) -> kpn_status {
    let begin = || -> Result<()> {
        // SAFETY: the same contract.
        let place = unsafe { ptr::out(posix) }?;
        if limit == 0 || timeout == 0 {
            return Err(Error::INVALID_ARGUMENT);
        }
        place.write(kpn_posix {
            private_tag: kpn_posix::TAG,
            private_timeout: timeout,
            private_socket: Socket::closed(),
            private_limit: limit,
            private_connection: Connection::begin(limit),
            private_deadline: Deadline::NEVER.to_bytes(),
        });
        Ok(())
    };
    status(begin())
}

/// Limits the total time of all calls from now on; when it is over, they return `KPN_ERR_TIMEOUT`.
///
/// For streams, TLS or firmware, which take many calls. The limit of each call remains.
///
/// @param[in,out] posix         From `kpn_posix_begin`.
/// @param[in]     milliseconds  0 removes the limit.
///
/// @retval KPN_OK                    The bound holds.
/// @retval KPN_ERR_INVALID_ARGUMENT  `posix` is NULL or misaligned.
/// @retval KPN_ERR_STATE             `posix` was not begun.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_deadline(
    posix: *mut kpn_posix,
    milliseconds: u32,
) -> kpn_status {
    // SAFETY: the same contract.
    let posix = unsafe { ptr::borrow_mut(posix) };
    status(posix.map(|posix| {
        let deadline = match milliseconds {
            0 => Deadline::NEVER,
            _ => Deadline::after(milliseconds),
        };
        posix.private_deadline = deadline.to_bytes();
    }))
}

/// Opens a connection, unless an open one can carry another request.
///
/// It opens a new one if there is none, if the server has closed it or sent unsolicited bytes, or if it has carried all its requests. Call
/// `kpn_posix_close` first to get a new one in any case. IPv4 and IPv6. RFC 9112 section 9.
///
/// @param[in,out] posix  From `kpn_posix_begin`; always to the same host and port while a connection is open.
/// @param[in]     host   Name or address, at most `KPN_POSIX_HOST_MAX` bytes.
/// @param[in]     port   1 to 65535.
///
/// @retval KPN_OK                    A connection is open.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `host` is too long, or `port` is 0.
/// @retval KPN_ERR_STATE             `posix` was not begun.
/// @retval KPN_ERR_OVERLAP           `host` lies in `posix`.
/// @retval KPN_ERR_CONNECT           No address of the host accepts the connection; see `kpn_posix_errno`.
/// @retval KPN_ERR_TIMEOUT           The time limit is over.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`; `host` is NULL or NUL-terminated.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_open(
    posix: *mut kpn_posix,
    host: *const c_char,
    port: u16,
) -> kpn_status {
    let open = || -> Result<()> {
        // SAFETY: the same contract.
        let host = unsafe { check_peer(posix, host, port) }?;
        // SAFETY: the same contract; apart from the host as just checked.
        let posix = unsafe { ptr::borrow_mut(posix) }?;
        posix.open(host, port, posix.deadline())
    };
    status(open())
}

/// Sends all bytes on the open connection, such as TLS records.
///
/// For requests use `kpn_posix_write`, which notices an early answer.
///
/// @param[in,out] posix  From `kpn_posix_begin`, with a connection from `kpn_posix_open`.
/// @param[in]     bytes  NULL when `len` is 0. Not kept.
/// @param[in]     len    Bytes; 0 sends nothing.
///
/// @retval KPN_OK                    The system has accepted all bytes; only the response tells whether they arrived.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             `posix` was not begun, or no connection is open.
/// @retval KPN_ERR_OVERLAP           `posix` and `bytes` share memory.
/// @retval KPN_ERR_TIMEOUT           The time limit is over. Closed, unless the server has sent something, which can still be received.
/// @retval KPN_ERR_IO                The connection broke; see `kpn_posix_errno`. It is closed as after `KPN_ERR_TIMEOUT`.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`; `bytes` is NULL or points to `len` initialised bytes.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_send(
    posix: *mut kpn_posix,
    bytes: *const u8,
    len: usize,
) -> kpn_status {
    let send = || -> Result<()> {
        Region::of(posix).check_disjoint_from(Region::new(bytes, len))?;
        // SAFETY: the same contract.
        let bytes = unsafe { ptr::bytes(bytes, len) }?;
        // SAFETY: the same contract; apart from the bytes as just checked.
        let posix = unsafe { ptr::borrow_mut(posix) }?;
        posix.check_open()?;
        let deadline = posix.deadline();
        let sent = posix.private_socket.send(bytes, deadline);
        if sent.is_err() {
            posix.private_connection = Connection::closed();
        }
        sent
    };
    status(send())
}

/// Sends all bytes of a request, or of a piece of it, and reads an early answer.
///
/// Call it for each piece with the same response, then call `kpn_posix_read`. After `KPN_END` do not send the rest of the request: an
/// answer has begun, and `kpn_posix_read` reads the rest of it. Closes the connection after a failure.
///
/// @param[in,out] posix     From `kpn_posix_begin`, with a connection from `kpn_posix_open`.
/// @param[in]     bytes     NULL when `len` is 0. Not kept. May lie in the buffer of the response.
/// @param[in]     len       Bytes; 0 sends nothing.
/// @param[in,out] response  From `kpn_response_begin`, untouched before the first piece.
///
/// @retval KPN_OK                          The system has accepted all bytes; only the response tells whether they arrived.
/// @retval KPN_END                         The server has answered: send nothing more of this request.
/// @retval KPN_ERR_INVALID_ARGUMENT        A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE                   `posix` or `response` was not begun, no connection is open, or `response` is already complete.
/// @retval KPN_ERR_OVERLAP                 The arguments share memory, or `posix` lies in the buffer of the response; the bytes may.
/// @retval KPN_ERR_TIMEOUT                 The time limit is over.
/// @retval KPN_ERR_IO                      The connection broke before an answer; see `kpn_posix_errno`.
/// @retval KPN_ERR_HTTP_SYNTAX             As for `kpn_response_feed`.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH     Content-Length is not a number, is too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING  A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE     The head or a line of chunked framing exceeds the limit.
/// @retval KPN_ERR_HTTP_TRUNCATED          The server closed the connection before the response was complete.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`; `bytes` is NULL or points to `len` initialised bytes; `response` as for `kpn_response_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_write(
    posix: *mut kpn_posix,
    bytes: *const u8,
    len: usize,
    response: *mut kpn_response,
) -> kpn_status {
    let write = || -> Result<()> {
        let input = Region::new(bytes, len);
        Region::of(posix).check_disjoint_from(input)?;
        Region::of(response).check_disjoint_from(input)?;
        // SAFETY: the same contract.
        unsafe { check_response(posix, response) }?;
        // SAFETY: the same contract.
        unsafe { ptr::bytes(bytes, len) }?;
        let request = kpn_span { ptr: bytes, len };
        // SAFETY: the same contract; apart from the others as just checked.
        let posix = unsafe { ptr::borrow_mut(posix) }?;
        posix.check_open()?;
        // SAFETY: the same contract.
        unsafe { posix.write(request, response, posix.deadline()) }
    };
    status(write())
}

/// Receives what has arrived on the open connection, waiting for at least one byte.
///
/// For anything except responses to messages, such as firmware or TLS records. Count the requests yourself.
///
/// @param[in,out] posix    From `kpn_posix_begin`, with a connection from `kpn_posix_open`.
/// @param[out]    out      Receives the bytes.
/// @param[in]     out_cap  Bytes, at least 1.
/// @param[out]    out_len  Receives their number; 0 if the server has closed the connection. Written only with `KPN_OK`.
///
/// @retval KPN_OK                    `out_len` bytes were received.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `out_cap` is 0 or above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             `posix` was not begun, or no connection is open.
/// @retval KPN_ERR_OVERLAP           Two of the arguments share memory.
/// @retval KPN_ERR_TIMEOUT           The time limit is over.
/// @retval KPN_ERR_IO                The connection broke and is closed; see `kpn_posix_errno`.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`; `out` is NULL or points to memory for `out_cap` bytes that nobody else uses, likewise `out_len` for
/// one `size_t`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_receive(
    posix: *mut kpn_posix,
    out: *mut u8,
    out_cap: usize,
    out_len: *mut usize,
) -> kpn_status {
    let receive = || -> Result<()> {
        let own = Region::of(posix);
        let output = Region::new(out, out_cap);
        own.check_disjoint_from(output)?;
        own.check_disjoint_from(Region::of(out_len))?;
        output.check_disjoint_from(Region::of(out_len))?;
        // SAFETY: the same contract; apart from the others as just checked.
        let place = unsafe { ptr::out(out_len) }?;
        // SAFETY: the same contract; apart from the others as just checked.
        let bytes = unsafe { ptr::bytes_mut(out, out_cap) }?;
        if bytes.is_empty() {
            return Err(Error::INVALID_ARGUMENT);
        }
        // SAFETY: the same contract; apart from the others as just checked.
        let posix = unsafe { ptr::borrow_mut(posix) }?;
        let deadline = posix.deadline();
        place.write(posix.private_socket.receive(bytes, deadline)?);
        Ok(())
    };
    status(receive())
}

/// Receives a whole response on the open connection, and counts its request.
///
/// Closes the connection if it cannot carry another request, if more than the response arrives, and after a failure.
///
/// @param[in,out] posix     From `kpn_posix_begin`, with a connection on which a request was sent.
/// @param[in,out] response  From `kpn_response_begin`, untouched, or as `kpn_posix_write` left it. Complete when the result is `KPN_OK`.
///
/// @retval KPN_OK                          The response is complete; see `kpn_response_outcome`.
/// @retval KPN_ERR_INVALID_ARGUMENT        A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE                   `posix` or `response` was not begun, no connection is open, or `response` is already complete.
/// @retval KPN_ERR_OVERLAP                 `posix` shares memory with `response` or with its buffer.
/// @retval KPN_ERR_TIMEOUT                 The time limit is over.
/// @retval KPN_ERR_IO                      The connection broke and is closed; see `kpn_posix_errno`.
/// @retval KPN_ERR_HTTP_SYNTAX             As for `kpn_response_feed`.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH     Content-Length is not a number, is too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING  A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE     The head or a line of chunked framing exceeds the limit.
/// @retval KPN_ERR_HTTP_TRUNCATED          The server closed the connection before the response was complete.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`; `response` as for `kpn_response_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_read(
    posix: *mut kpn_posix,
    response: *mut kpn_response,
) -> kpn_status {
    let read = || -> Result<()> {
        // SAFETY: the same contract.
        unsafe { check_response(posix, response) }?;
        // SAFETY: the same contract; apart from the response and its buffer as just checked.
        let posix = unsafe { ptr::borrow_mut(posix) }?;
        posix.check_open()?;
        // SAFETY: the same contract.
        unsafe { posix.read(response, posix.deadline()) }
    };
    status(read())
}

/// Sends a request and reads its response, on the open connection or on a new one.
///
/// The same as `kpn_posix_open`, `kpn_posix_write` and `kpn_posix_read` within one time limit. Nothing is sent twice: if the connection
/// breaks, the message may have arrived, and you decide whether to send it again. RFC 9112 section 9.
///
/// @param[in,out] posix     From `kpn_posix_begin`; always to the same host and port.
/// @param[in]     host      Name or address, at most `KPN_POSIX_HOST_MAX` bytes.
/// @param[in]     port      1 to 65535.
/// @param[in]     request   From `kpn_uplink_finish`.
/// @param[in,out] response  From `kpn_response_begin`, untouched. Complete when the result is `KPN_OK`.
///
/// @retval KPN_OK                          The response is complete; see `kpn_response_outcome`.
/// @retval KPN_ERR_INVALID_ARGUMENT        A pointer is NULL or misaligned, the request is empty, `host` is too long, or `port` is 0.
/// @retval KPN_ERR_STATE                   `posix` or `response` was not begun, or `response` is already complete.
/// @retval KPN_ERR_OVERLAP                 The arguments share memory, or `posix` or `host` lies in the buffer of the response; the request may.
/// @retval KPN_ERR_CONNECT                 No address of the host accepts the connection; see `kpn_posix_errno`.
/// @retval KPN_ERR_TIMEOUT                 The time limit is over.
/// @retval KPN_ERR_IO                      The connection broke and is closed; see `kpn_posix_errno`.
/// @retval KPN_ERR_HTTP_SYNTAX             As for `kpn_response_feed`.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH     Content-Length is not a number, is too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING  A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE     The head or a line of chunked framing exceeds the limit.
/// @retval KPN_ERR_HTTP_TRUNCATED          The server closed the connection before the response was complete.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`; `host` is NULL or NUL-terminated; `request` names initialised bytes; `response` as for
/// `kpn_response_begin`.
#[must_use]
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_exchange(
    posix: *mut kpn_posix,
    host: *const c_char,
    port: u16,
    request: kpn_span,
    response: *mut kpn_response,
) -> kpn_status {
    let exchange = || -> Result<()> {
        // SAFETY: the same contract.
        let host = unsafe { check_peer(posix, host, port) }?;
        // SAFETY: the same contract.
        unsafe { check_response(posix, response) }?;
        if request.len == 0 {
            return Err(Error::INVALID_ARGUMENT);
        }
        let bytes = Region::new(request.ptr, request.len);
        Region::of(posix).check_disjoint_from(bytes)?;
        Region::of(response).check_disjoint_from(bytes)?;
        // SAFETY: the same contract; found begun by `check_response`.
        unsafe { ptr::checked_ref(response) }
            .check_disjoint_from(Region::of_bytes(host.to_bytes()))?;
        // SAFETY: the same contract; apart from the others as just checked.
        let posix = unsafe { ptr::borrow_mut(posix) }?;
        // SAFETY: the same contract.
        unsafe { ptr::bytes(request.ptr, request.len) }?;
        let deadline = posix.deadline();
        posix.open(host, port, deadline)?;
        // SAFETY: the same contract.
        match unsafe { posix.write(request, response, deadline) } {
            Ok(()) | Err(Error::END) => {}
            failed => return failed,
        }
        // SAFETY: the same contract.
        unsafe { posix.read(response, deadline) }
    };
    status(exchange())
}

/// Closes the connection; the next `kpn_posix_open` or `kpn_posix_exchange` opens another.
///
/// @param[in,out] posix  From `kpn_posix_begin`.
///
/// @retval KPN_OK                    Closed, or it was not open.
/// @retval KPN_ERR_INVALID_ARGUMENT  `posix` is NULL or misaligned.
/// @retval KPN_ERR_STATE             `posix` was not begun.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_close(posix: *mut kpn_posix) -> kpn_status {
    // SAFETY: the same contract.
    let posix = unsafe { ptr::borrow_mut(posix) };
    status(posix.map(|posix| posix.private_socket.close()))
}

/// The system's error number of the last failure.
///
/// @param[in] posix  From `kpn_posix_begin`.
///
/// @return An `errno`, negative for an error of `getaddrinfo`; 0 if there was none, or when `posix` is NULL, misaligned or not begun.
///
/// # Safety
///
/// `posix` as for `kpn_posix_begin`.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn kpn_posix_errno(posix: *const kpn_posix) -> i32 {
    // SAFETY: the same contract.
    let posix = unsafe { ptr::borrow(posix) };
    posix.map_or(0, |posix| posix.private_socket.error())
}
