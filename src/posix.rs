// SPDX-License-Identifier: MIT OR Apache-2.0
//! A TCP connection on a POSIX system, for Linux gateways: feature `posix`, based on `libc`.
//!
//! Sockets are non-blocking, and every wait is a `poll` with the rest of one time limit, so no call can hang, not even if the peer always
//! has another byte. A call that a signal interrupts is repeated, short writes are continued, and a peer that is gone raises no SIGPIPE.
//! What arrived before a write failed can still be received.

use core::ffi::{CStr, c_int};
use core::mem::{MaybeUninit, size_of};
use core::ptr;

use crate::error::{Error, Result};

/// Not a file descriptor.
const NONE: c_int = -1;

/// A connection, or none. It consists of plain integers: dropping it does not close the connection.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(C)]
pub struct Socket {
    fd: i32,
    error: i32,
}

/// A point in time on the monotonic clock, in milliseconds.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Deadline(i64);

impl Deadline {
    /// No time limit: later than any other moment.
    pub const NEVER: Self = Self(i64::MAX);

    /// This long from now.
    pub fn after(milliseconds: u32) -> Self {
        Self(now().saturating_add(i64::from(milliseconds)))
    }

    /// The bytes, for a struct whose layout is the same on every target.
    pub const fn to_bytes(self) -> [u8; 8] {
        self.0.to_ne_bytes()
    }

    /// The inverse of `to_bytes`.
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        Self(i64::from_ne_bytes(bytes))
    }

    fn left(self) -> c_int {
        let left = self.0.saturating_sub(now()).max(0);
        c_int::try_from(left).unwrap_or(c_int::MAX)
    }
}

impl Socket {
    /// No connection.
    pub const fn closed() -> Self {
        Self { fd: NONE, error: 0 }
    }

    /// Whether there is a connection.
    pub const fn is_open(self) -> bool {
        self.fd >= 0
    }

    /// The `errno` of the last failure, 0 when there was none; negative for one of `getaddrinfo`.
    pub const fn error(self) -> i32 {
        self.error
    }

    /// Closes the connection, if there is one.
    pub fn close(&mut self) {
        if self.is_open() {
            // SAFETY: the descriptor is ours, from `socket`, and is forgotten below. Whether closing fails changes nothing.
            unsafe { libc::close(self.fd) };
        }
        self.fd = NONE;
    }

    /// Connects to the first address of `host` (a name, or an IPv4 or IPv6 literal) that answers in time.
    ///
    /// `Error::CONNECT` if there is none, with [`Socket::error`]; `Error::TIMEOUT`. An earlier connection is closed.
    pub fn connect(&mut self, host: &CStr, port: u16, deadline: Deadline) -> Result<()> {
        self.close();
        let mut hints = libc::addrinfo {
            ai_flags: 0,
            ai_family: libc::AF_UNSPEC,
            ai_socktype: libc::SOCK_STREAM,
            ai_protocol: 0,
            ai_addrlen: 0,
            ai_addr: ptr::null_mut(),
            ai_canonname: ptr::null_mut(),
            ai_next: ptr::null_mut(),
        };
        let mut list = ptr::null_mut();
        // SAFETY: `host` ends in a NUL, `hints` is filled in, `list` receives a pointer.
        let status =
            unsafe { libc::getaddrinfo(host.as_ptr(), ptr::null(), &raw mut hints, &raw mut list) };
        if status != 0 {
            self.error = -status.saturating_abs();
            return Err(Error::CONNECT);
        }
        let mut result = Err(Error::CONNECT);
        let mut next = list;
        // SAFETY: each pointer is NULL or an entry of the list, which is freed only below.
        while let Some(entry) = unsafe { next.as_ref() } {
            next = entry.ai_next;
            result = self.connect_to(entry, port, deadline);
            if result != Err(Error::CONNECT) {
                break;
            }
        }
        // SAFETY: the list comes from `getaddrinfo` and is no longer used.
        unsafe { libc::freeaddrinfo(list) };
        result
    }

    /// Sends all of it.
    ///
    /// `Error::TIMEOUT`, or `Error::IO` if the connection is gone, with [`Socket::error`]. The connection is then closed, unless something
    /// has arrived, which can still be received.
    pub fn send(&mut self, mut bytes: &[u8], deadline: Deadline) -> Result<()> {
        while !bytes.is_empty() {
            if self.wait(libc::POLLOUT, deadline)? == 0 {
                return self.fail_to_send(Error::TIMEOUT, libc::ETIMEDOUT);
            }
            match self.try_send(bytes) {
                Ok(sent) => bytes = bytes.get(sent..).unwrap_or_default(),
                Err(error) => return self.fail_to_send(Error::IO, error),
            }
        }
        Ok(())
    }

    /// Sends as many bytes as the system takes at once. `None` if something has arrived, including the end or failure of the connection:
    /// receive first.
    ///
    /// Errors are those of [`Socket::send`]; that something has arrived is not an error.
    pub fn send_or_hear(&mut self, bytes: &[u8], deadline: Deadline) -> Result<Option<usize>> {
        let ready = self.wait(libc::POLLIN | libc::POLLOUT, deadline)?;
        if ready == 0 {
            return self.give_up(Error::TIMEOUT, libc::ETIMEDOUT);
        }
        if ready & libc::POLLIN != 0 {
            return Ok(None);
        }
        match self.try_send(bytes) {
            Ok(sent) => Ok(Some(sent)),
            // Something arrived between the two calls.
            Err(_) if self.has_input() => Ok(None),
            Err(error) => self.give_up(Error::IO, error),
        }
    }

    /// Receives what is there, at least one byte; 0 if the other side has closed the connection.
    ///
    /// `Error::TIMEOUT`, or `Error::IO` if the connection is gone, with [`Socket::error`]; either closes the connection.
    pub fn receive(&mut self, bytes: &mut [u8], deadline: Deadline) -> Result<usize> {
        loop {
            if self.wait(libc::POLLIN, deadline)? == 0 {
                return self.give_up(Error::TIMEOUT, libc::ETIMEDOUT);
            }
            // SAFETY: the bytes are writable; the descriptor is ours.
            let got = unsafe { libc::recv(self.fd, bytes.as_mut_ptr().cast(), bytes.len(), 0) };
            match (usize::try_from(got), errno()) {
                (Ok(got), _) => return Ok(got),
                (Err(_), error) if is_passing(error) => {}
                (Err(_), error) => return self.give_up(Error::IO, error),
            }
        }
    }

    /// Whether an idle connection can be used again: it is open and nothing unexpected has arrived, not even its end.
    pub fn is_idle(&self) -> bool {
        if !self.is_open() {
            return false;
        }
        let mut poll = self.poll_for(libc::POLLIN);
        // SAFETY: one entry, ours.
        unsafe { libc::poll(&raw mut poll, 1, 0) == 0 }
    }

    fn connect_to(&mut self, entry: &libc::addrinfo, port: u16, deadline: Deadline) -> Result<()> {
        // SAFETY: sockaddr_storage is plain integers, for which zero is valid.
        let mut address: libc::sockaddr_storage = unsafe { MaybeUninit::zeroed().assume_init() };
        let len = usize::try_from(entry.ai_addrlen).or(Err(Error::CONNECT))?;
        if len > size_of::<libc::sockaddr_storage>() {
            return Err(Error::CONNECT);
        }
        // SAFETY: `getaddrinfo` gives `len` readable bytes; the storage has room, as just checked, and is our own.
        unsafe {
            ptr::copy_nonoverlapping(entry.ai_addr.cast::<u8>(), (&raw mut address).cast(), len);
        };
        let place = &raw mut address;
        match entry.ai_family {
            // SAFETY: the storage is large enough and aligned for every address; this is an IPv4 address.
            libc::AF_INET => unsafe {
                (*place.cast::<libc::sockaddr_in>()).sin_port = port.to_be();
            },
            // SAFETY: the storage is large enough and aligned for every address; this is an IPv6 address.
            libc::AF_INET6 => unsafe {
                (*place.cast::<libc::sockaddr_in6>()).sin6_port = port.to_be();
            },
            _ => return Err(Error::CONNECT),
        }
        let kind = libc::SOCK_STREAM | libc::SOCK_NONBLOCK | libc::SOCK_CLOEXEC;
        // SAFETY: no memory is involved.
        self.fd = unsafe { libc::socket(entry.ai_family, kind, 0) };
        if !self.is_open() {
            return self.give_up(Error::CONNECT, errno());
        }
        // SAFETY: the address lies in our storage and has this length.
        let status =
            unsafe { libc::connect(self.fd, (&raw const address).cast(), entry.ai_addrlen) };
        if status == 0 {
            return Ok(());
        }
        let error = errno();
        if error != libc::EINPROGRESS && error != libc::EINTR {
            return self.give_up(Error::CONNECT, error);
        }
        if self.wait(libc::POLLOUT, deadline)? == 0 {
            return self.give_up(Error::TIMEOUT, libc::ETIMEDOUT);
        }
        let mut error: c_int = 0;
        let mut size = libc::socklen_t::try_from(size_of::<c_int>()).or(Err(Error::CONNECT))?;
        // SAFETY: the result and its size are our own.
        let status = unsafe {
            let to = (&raw mut error).cast();
            libc::getsockopt(self.fd, libc::SOL_SOCKET, libc::SO_ERROR, to, &raw mut size)
        };
        match (status, error) {
            (0, 0) => Ok(()),
            (0, error) => self.give_up(Error::CONNECT, error),
            _ => self.give_up(Error::CONNECT, errno()),
        }
    }

    const fn poll_for(self, events: i16) -> libc::pollfd {
        libc::pollfd {
            fd: self.fd,
            events,
            revents: 0,
        }
    }

    /// Waits until the socket can be read or written, and returns which; 0 when the time is over, even if the socket is ready.
    ///
    /// Errors on the socket count as ready, since the call that follows reports them.
    fn wait(&mut self, events: i16, deadline: Deadline) -> Result<i16> {
        if !self.is_open() {
            return Err(Error::STATE);
        }
        loop {
            let left = deadline.left();
            if left == 0 {
                return Ok(0);
            }
            let mut poll = self.poll_for(events);
            // SAFETY: one entry, ours.
            let ready = unsafe { libc::poll(&raw mut poll, 1, left) };
            if ready > 0 {
                return Ok(poll.revents);
            }
            let error = errno();
            if ready < 0 && !is_passing(error) {
                return self.give_up(Error::IO, error);
            }
        }
    }

    /// Makes one system call, which may send nothing, or returns its error number.
    fn try_send(self, bytes: &[u8]) -> core::result::Result<usize, c_int> {
        let (start, len) = (bytes.as_ptr().cast(), bytes.len());
        // SAFETY: the bytes are readable; the descriptor is ours.
        let sent = unsafe { libc::send(self.fd, start, len, libc::MSG_NOSIGNAL) };
        match (usize::try_from(sent), errno()) {
            (Ok(sent), _) => Ok(sent),
            (Err(_), error) if is_passing(error) => Ok(0),
            (Err(_), error) => Err(error),
        }
    }

    /// Whether a byte has arrived; the end of the connection does not count. Linux keeps what came before a reset.
    fn has_input(self) -> bool {
        let mut byte = 0_u8;
        // SAFETY: there is room for the byte; the descriptor is ours.
        unsafe { libc::recv(self.fd, (&raw mut byte).cast(), 1, libc::MSG_PEEK) > 0 }
    }

    fn fail_to_send(&mut self, cause: Error, error: c_int) -> Result<()> {
        if self.has_input() {
            self.error = error;
            return Err(cause);
        }
        self.give_up(cause, error)
    }

    fn give_up<T>(&mut self, cause: Error, error: c_int) -> Result<T> {
        self.error = error;
        self.close();
        Err(cause)
    }
}

/// Whether a call that failed with this error only needs to be tried again.
const fn is_passing(error: c_int) -> bool {
    matches!(error, libc::EINTR | libc::EAGAIN)
}

fn errno() -> c_int {
    // SAFETY: no memory is involved.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: the C library gives a valid pointer to the thread's own number.
    unsafe { *place }
}

fn now() -> i64 {
    let mut time = libc::timespec {
        tv_sec: 0,
        tv_nsec: 0,
    };
    // SAFETY: the result is our own.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut time) };
    #[allow(clippy::useless_conversion, reason = "32 bits wide on 32-bit machines")]
    let (seconds, nanoseconds) = (i64::from(time.tv_sec), i64::from(time.tv_nsec));
    seconds
        .saturating_mul(1_000)
        .saturating_add(nanoseconds / 1_000_000)
}

#[cfg(test)]
mod tests;
