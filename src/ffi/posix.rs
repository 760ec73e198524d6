//! The POSIX transport: a connection to the platform from a Linux gateway.

use core::ffi::{CStr, c_char};

use super::ptr::{self, Object, Region};
use super::response::kpn_response;
use super::span::kpn_span;
use super::status::{kpn_status, status};
use crate::error::{Error, Result};
use crate::posix::Socket;
use crate::things::connection::Connection;

/// Longest host, in bytes.
pub const KPN_POSIX_HOST_MAX: usize = 255;

/// A TCP connection to the platform, kept open between messages, with the count of its requests.
///
/// In archives built with the feature `posix`; define `KPN_POSIX` to see it. `kpn_posix_begin` once, `kpn_posix_exchange` per message,
/// `kpn_posix_close` in the end, since it holds a file descriptor. What is no whole message goes step by step: `kpn_posix_open`,
/// `kpn_posix_send`, then `kpn_posix_read` for a response or `kpn_posix_receive` for bytes. Every wait is bounded by the time limit; signals
/// are waited out, and no SIGPIPE is raised. 20 bytes on every target. Belongs to one thread at a time. For TLS see c-examples/tls.
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
}

// SAFETY: repr(C) with the u32 tag in front and plain integers behind it.
unsafe impl Object for kpn_posix {
    const NUMBER: u8 = 12;
}

/// Prepares a connection; nothing is opened yet.
///
/// @param[out] posix    Need not be initialised. One that is in use must be closed first.
/// @param[in]  limit    Requests per connection: `KPN_REQUESTS_MAX`, or as configured; at least 1.
/// @param[in]  timeout  Longest wait in milliseconds: for connecting, for sending, and for each piece of a response.
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
        });
        Ok(())
    };
    status(begin())
}

/// Opens a connection, unless one is open that can carry another request.
///
/// A new one is opened when there is none, when the server closed it in the meantime or sent what nobody asked for, and when it has carried
/// its requests. `kpn_posix_close` before it gives a new one in any case. IPv4 and IPv6. RFC 9112 section 9.
///
/// @param[in,out] posix  From `kpn_posix_begin`; always to the same host and port while a connection is open.
/// @param[in]     host   NUL-terminated name or address, at most `KPN_POSIX_HOST_MAX` bytes.
/// @param[in]     port   1 to 65535.
///
/// @retval KPN_OK                    A connection is open.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, `host` is too long, or `port` is 0.
/// @retval KPN_ERR_STATE             `posix` was not begun.
/// @retval KPN_ERR_OVERLAP           `host` lies in `posix`.
/// @retval KPN_ERR_CONNECT           No address of the host took the connection; see `kpn_posix_errno`.
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
        unsafe { ptr::borrow_mut(posix) }?.open(host, port)
    };
    status(open())
}

/// Sends bytes on the open connection, all of them: a request, or a piece of one.
///
/// @param[in,out] posix  From `kpn_posix_begin`, with a connection from `kpn_posix_open`.
/// @param[in]     bytes  NULL when `len` is 0. Not kept.
/// @param[in]     len    Bytes; 0 sends nothing.
///
/// @retval KPN_OK                    The system has taken all of them; whether they arrive, the response tells.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `len` is above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             `posix` was not begun, or no connection is open.
/// @retval KPN_ERR_OVERLAP           `posix` and `bytes` share memory.
/// @retval KPN_ERR_TIMEOUT           The time limit is over; the connection is closed.
/// @retval KPN_ERR_IO                The connection broke and is closed; see `kpn_posix_errno`.
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
        posix.private_socket.send(bytes, posix.private_timeout)
    };
    status(send())
}

/// Receives what has arrived on the open connection; waits for at least one byte.
///
/// For what is no response to a message, such as parts of firmware or records of TLS; the requests on the connection are the caller's to count.
///
/// @param[in,out] posix    From `kpn_posix_begin`, with a connection from `kpn_posix_open`.
/// @param[out]    out      Receives the bytes; untouched behind them.
/// @param[in]     out_cap  Bytes, 1 or more.
/// @param[out]    out_len  Receives their number; 0 when the server has closed the connection. Written only with `KPN_OK`.
///
/// @retval KPN_OK                    `out_len` bytes were received.
/// @retval KPN_ERR_INVALID_ARGUMENT  A pointer is NULL or misaligned, or `out_cap` is 0 or above `PTRDIFF_MAX`.
/// @retval KPN_ERR_STATE             `posix` was not begun, or no connection is open.
/// @retval KPN_ERR_OVERLAP           Two of the arguments share memory.
/// @retval KPN_ERR_TIMEOUT           The time limit is over; the connection is closed.
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
        let timeout = posix.private_timeout;
        place.write(posix.private_socket.receive(bytes, timeout)?);
        Ok(())
    };
    status(receive())
}

/// Receives a response on the open connection until it is complete, and counts the request that it answers.
///
/// Closes the connection when it can take no other request, when more arrives than the response, and after every failure.
///
/// @param[in,out] posix     From `kpn_posix_begin`, with a connection on which a request was sent.
/// @param[in,out] response  From `kpn_response_begin`, untouched. Complete when the result is `KPN_OK`.
///
/// @retval KPN_OK                           The response is complete; see `kpn_response_outcome`.
/// @retval KPN_ERR_INVALID_ARGUMENT         A pointer is NULL or misaligned.
/// @retval KPN_ERR_STATE                    `posix` or `response` was not begun, or no connection is open.
/// @retval KPN_ERR_OVERLAP                  `posix` shares memory with `response` or with its buffer.
/// @retval KPN_ERR_TIMEOUT                  The time limit is over.
/// @retval KPN_ERR_IO                       The connection broke; see `kpn_posix_errno`.
/// @retval KPN_ERR_HTTP_SYNTAX              As for `kpn_response_feed`, and so for the following.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH      Content-Length is no number, too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING   A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE      The head or a line of chunked framing is beyond the limit.
/// @retval KPN_ERR_HTTP_TRUNCATED           The server closed the connection before the response was complete.
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
        unsafe { posix.read(response) }
    };
    status(read())
}

/// Sends a request and reads its response, on the open connection or on a new one.
///
/// The same as `kpn_posix_open`, `kpn_posix_send` and `kpn_posix_read`. Nothing is sent twice: when the connection breaks, whether the
/// message arrived is not known, and sending it again is the caller's decision. RFC 9112 section 9.
///
/// @param[in,out] posix     From `kpn_posix_begin`; always to the same host and port.
/// @param[in]     host      NUL-terminated name or address, at most `KPN_POSIX_HOST_MAX` bytes.
/// @param[in]     port      1 to 65535.
/// @param[in]     request   From `kpn_uplink_finish`.
/// @param[in,out] response  From `kpn_response_begin`, untouched. Complete when the result is `KPN_OK`.
///
/// @retval KPN_OK                           The response is complete; see `kpn_response_outcome`.
/// @retval KPN_ERR_INVALID_ARGUMENT         A pointer is NULL or misaligned, the request is empty, `host` is too long, or `port` is 0.
/// @retval KPN_ERR_STATE                    `posix` or `response` was not begun.
/// @retval KPN_ERR_OVERLAP                  The arguments share memory, or `posix` or `host` lies in the buffer of the response; the request may.
/// @retval KPN_ERR_CONNECT                  No address of the host took the connection; see `kpn_posix_errno`.
/// @retval KPN_ERR_TIMEOUT                  The time limit is over; the connection is closed.
/// @retval KPN_ERR_IO                       The connection broke and is closed; see `kpn_posix_errno`.
/// @retval KPN_ERR_HTTP_SYNTAX              As for `kpn_response_feed`, and so for the following; the connection is closed.
/// @retval KPN_ERR_HTTP_CONTENT_LENGTH      Content-Length is no number, too large, or contradicts another.
/// @retval KPN_ERR_HTTP_TRANSFER_ENCODING   A transfer coding other than chunked, or together with Content-Length.
/// @retval KPN_ERR_HTTP_HEAD_TOO_LARGE      The head or a line of chunked framing is beyond the limit.
/// @retval KPN_ERR_HTTP_TRUNCATED           The server closed the connection before the response was complete.
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
        {
            // SAFETY: the same contract; the request may lie in the buffer of the response, which is not touched before it is sent.
            let bytes = unsafe { ptr::bytes(request.ptr, request.len) }?;
            posix.open(host, port)?;
            posix.private_socket.send(bytes, posix.private_timeout)?;
        }
        // SAFETY: the same contract.
        unsafe { posix.read(response) }
    };
    status(exchange())
}

/// Closes the connection; the object can be used again and opens another one then.
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
/// @return An `errno`; negative for an error of `getaddrinfo`; 0 when there was none, or when `posix` is NULL, misaligned or not begun.
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

/// Checks whom to connect to; the text lies apart from `posix`.
///
/// # Safety
///
/// As for `kpn_posix_open`; nobody writes to the text until the reference is gone.
unsafe fn check_peer<'a>(
    posix: *const kpn_posix,
    host: *const c_char,
    port: u16,
) -> Result<&'a CStr> {
    // SAFETY: the same contract.
    let text = unsafe { ptr::text(host, KPN_POSIX_HOST_MAX) }?;
    Region::of(posix).check_disjoint_from(Region::of_bytes(text))?;
    if text.len() > KPN_POSIX_HOST_MAX || port == 0 {
        return Err(Error::INVALID_ARGUMENT);
    }
    // SAFETY: the same contract: not NULL as just checked, and it ends in a NUL.
    Ok(unsafe { CStr::from_ptr(host) })
}

/// Checks a response that is to be read: begun, and with its buffer apart from `posix`.
///
/// # Safety
///
/// As for `kpn_posix_read`.
unsafe fn check_response(posix: *const kpn_posix, response: *const kpn_response) -> Result<()> {
    let own = Region::of(posix);
    own.check_disjoint_from(Region::of(response))?;
    // SAFETY: the same contract.
    own.check_disjoint_from(unsafe { ptr::borrow(response) }?.memory())
}

impl kpn_posix {
    const fn check_open(&self) -> Result<()> {
        if self.private_socket.is_open() {
            Ok(())
        } else {
            Err(Error::STATE)
        }
    }

    fn open(&mut self, host: &CStr, port: u16) -> Result<()> {
        if self.private_connection.left() > 0 && self.private_socket.is_idle() {
            return Ok(());
        }
        self.private_connection = Connection::begin(self.private_limit);
        self.private_socket
            .connect(host, port, self.private_timeout)
    }

    /// Closes the connection when it fails, or when the connection can take no other request.
    ///
    /// # Safety
    ///
    /// `response` as for `kpn_response_begin`.
    unsafe fn read(&mut self, response: *mut kpn_response) -> Result<()> {
        // SAFETY: the same contract.
        let response = unsafe { ptr::borrow_mut(response) }?;
        // SAFETY: the same contract: the buffer is the one it was begun with.
        let result = unsafe { self.collect(response) };
        if result.is_err() || self.private_connection.left() == 0 {
            self.private_socket.close();
        }
        result
    }

    /// # Safety
    ///
    /// The buffer given to `kpn_response_begin` is still there, and nobody else uses it.
    unsafe fn collect(&mut self, response: &mut kpn_response) -> Result<()> {
        // The stack of a gateway has room for a packet; fewer calls are worth it.
        let mut chunk = [0; 1024];
        loop {
            let len = self
                .private_socket
                .receive(&mut chunk, self.private_timeout)?;
            let mut rest = chunk.get(..len).unwrap_or_default();
            if rest.is_empty() {
                response.state().end()?;
            } else {
                // SAFETY: the same contract; the chunk is our own.
                unsafe { response.feed(&mut rest) }?;
                if !response.is_complete() {
                    continue;
                }
            }
            self.private_connection.record(response.state());
            if !rest.is_empty() {
                // Bytes that nobody asked for: what would follow them cannot be told from the next response.
                self.private_connection = Connection::closed();
            }
            return Ok(());
        }
    }
}
