// SPDX-License-Identifier: MIT OR Apache-2.0
//! The steps of an exchange, after the arguments of the C caller have been checked.

use core::ffi::{CStr, c_char};

use super::{KPN_POSIX_HOST_MAX, kpn_posix};
use crate::error::{Error, Result};
use crate::ffi::ptr::{self, Region};
use crate::ffi::response::kpn_response;
use crate::ffi::span::kpn_span;
use crate::posix::Deadline;
use crate::things::connection::Connection;

/// From this status on a response is not an interim one, RFC 9110 section 15.2.
const FINAL: u16 = 200;

/// Checks the host and port to connect to; the text must not overlap `posix`.
///
/// # Safety
///
/// As for `kpn_posix_open`; nobody writes to the text until the reference is gone.
pub(super) unsafe fn check_peer<'a>(
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

/// Checks a response that is to be read: it must be begun, and its buffer must not overlap `posix`.
///
/// # Safety
///
/// As for `kpn_posix_read`.
pub(super) unsafe fn check_response(
    posix: *const kpn_posix,
    response: *const kpn_response,
) -> Result<()> {
    let own = Region::of(posix);
    own.check_disjoint_from(Region::of(response))?;
    // SAFETY: the same contract.
    own.check_disjoint_from(unsafe { ptr::borrow(response) }?.memory())
}

impl kpn_posix {
    pub(super) const fn check_open(&self) -> Result<()> {
        if self.private_socket.is_open() {
            Ok(())
        } else {
            Err(Error::STATE)
        }
    }

    /// The time by which a call that begins now must be over.
    pub(super) fn deadline(&self) -> Deadline {
        Deadline::after(self.private_timeout).min(Deadline::from_bytes(self.private_deadline))
    }

    pub(super) fn open(&mut self, host: &CStr, port: u16, deadline: Deadline) -> Result<()> {
        if self.private_connection.left() > 0 && self.private_socket.is_idle() {
            return Ok(());
        }
        self.private_connection = Connection::begin(self.private_limit);
        self.private_socket.connect(host, port, deadline)
    }

    /// `Error::END` if the server has answered: the caller then reads the rest of the response, and the connection is closed. A failure
    /// closes it too.
    ///
    /// # Safety
    ///
    /// `request` names initialised bytes, apart from the response but perhaps in its buffer; `response` as for `kpn_response_begin`.
    pub(super) unsafe fn write(
        &mut self,
        mut request: kpn_span,
        response: *mut kpn_response,
        deadline: Deadline,
    ) -> Result<()> {
        // SAFETY: the same contract.
        let response = unsafe { ptr::borrow_mut(response) }?;
        if response.is_complete() {
            // An earlier response: it could not be the answer to anything sent now.
            return Err(Error::STATE);
        }
        while request.len > 0 {
            // SAFETY: the same contract; a reference that ends before the response is read, which may write where the request is.
            let bytes = unsafe { ptr::bytes(request.ptr, request.len) }?;
            if let Some(sent) = self.private_socket.send_or_hear(bytes, deadline)? {
                request.ptr = request.ptr.wrapping_add(sent);
                request.len -= sent;
                continue;
            }
            // SAFETY: the same contract.
            if let Err(error) = unsafe { self.hear(response, deadline) } {
                self.private_socket.close();
                return Err(error);
            }
            if response.state().status() >= FINAL {
                self.private_connection = Connection::closed();
                return Err(Error::END);
            }
        }
        Ok(())
    }

    /// Closes the connection after a failure, or if it cannot take another request.
    ///
    /// # Safety
    ///
    /// `response` as for `kpn_response_begin`.
    pub(super) unsafe fn read(
        &mut self,
        response: *mut kpn_response,
        deadline: Deadline,
    ) -> Result<()> {
        // SAFETY: the same contract.
        let response = unsafe { ptr::borrow_mut(response) }?;
        let mut result = Ok(());
        if response.is_complete() && self.private_connection.left() > 0 {
            // An earlier response.
            return Err(Error::STATE);
        }
        while result.is_ok() && !response.is_complete() {
            // SAFETY: the same contract: the buffer is the one it was begun with.
            result = unsafe { self.hear(response, deadline) };
        }
        // A connection that was given up before the response has no requests left, before or after it.
        if self.private_connection.left() > 0 {
            self.private_connection.record(response.state());
        }
        if result.is_err() || self.private_connection.left() == 0 {
            self.private_socket.close();
        }
        result
    }

    /// Receives once, and feeds it to the response.
    ///
    /// # Safety
    ///
    /// The buffer given to `kpn_response_begin` is still there, and nobody else uses it.
    unsafe fn hear(&mut self, response: &mut kpn_response, deadline: Deadline) -> Result<()> {
        // The stack of a gateway has room for a packet, which saves calls.
        let mut chunk = [0; 1024];
        let len = self.private_socket.receive(&mut chunk, deadline)?;
        let mut rest = chunk.get(..len).unwrap_or_default();
        if rest.is_empty() {
            return response.state().end();
        }
        // SAFETY: the same contract; the chunk is our own.
        unsafe { response.feed(&mut rest) }?;
        if !rest.is_empty() {
            // Unsolicited bytes: what follows them cannot be distinguished from the next response.
            self.private_connection = Connection::closed();
        }
        Ok(())
    }
}
