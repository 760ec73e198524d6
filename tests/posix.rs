// SPDX-License-Identifier: MIT OR Apache-2.0
//! The POSIX transport against servers on loopback: which connections it keeps, what it receives before the end of a request, and when it
//! gives up.
#![cfg(unix)]
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::cast_ptr_alignment,
    clippy::multiple_unsafe_ops_per_block,
    clippy::std_instead_of_core,
    reason = "tests"
)]

#[path = "common/response.rs"]
mod driver;

use std::ffi::CStr;
use std::io::{Read as _, Write as _};
use std::mem::MaybeUninit;
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use driver::{Response, status};
use kpn_things::ffi::posix::*;
use kpn_things::ffi::response::{kpn_response, kpn_response_begin};
use kpn_things::ffi::span::kpn_span;
use status::{
    END, ERR_HTTP_TRUNCATED, ERR_INVALID_ARGUMENT, ERR_IO, ERR_OVERLAP, ERR_STATE, ERR_TIMEOUT, OK,
};

const HOST: &CStr = c"127.0.0.1";
const REQUEST: &[u8] = b"POST / HTTP/1.1\r\nContent-Length: 2\r\n\r\n[]";
const ACCEPTED: &str = "HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n";
/// Longest time of a call, unless a test waits for it.
const LONG: u32 = 20_000;
/// More than the buffers of two sockets hold.
const LARGE: usize = 16 * 1024 * 1024;

/// A transport, closed in the end.
struct Posix(Box<MaybeUninit<kpn_posix>>);

impl Posix {
    fn begin(limit: u16, milliseconds: u32) -> Self {
        let mut posix = Self(Box::new(MaybeUninit::uninit()));
        // SAFETY: memory for one.
        let begun = unsafe { kpn_posix_begin(posix.0.as_mut_ptr(), limit, milliseconds) };
        assert_eq!(begun, OK);
        posix
    }

    fn deadline(&mut self, milliseconds: u32) {
        // SAFETY: begun.
        let set = unsafe { kpn_posix_deadline(self.0.as_mut_ptr(), milliseconds) };
        assert_eq!(set, OK);
    }

    fn open(&mut self, port: u16) -> i32 {
        // SAFETY: begun; the host ends in a NUL.
        unsafe { kpn_posix_open(self.0.as_mut_ptr(), HOST.as_ptr(), port) }
    }

    fn send(&mut self, bytes: &[u8]) -> i32 {
        // SAFETY: begun; the bytes are readable.
        unsafe { kpn_posix_send(self.0.as_mut_ptr(), bytes.as_ptr(), bytes.len()) }
    }

    fn write(&mut self, bytes: &[u8], response: &mut Response) -> i32 {
        let (start, len) = (bytes.as_ptr(), bytes.len());
        // SAFETY: both are begun; the bytes are readable and apart from the others.
        unsafe { kpn_posix_write(self.0.as_mut_ptr(), start, len, response.as_mut_ptr()) }
    }

    fn read(&mut self, response: &mut Response) -> i32 {
        // SAFETY: both are begun.
        unsafe { kpn_posix_read(self.0.as_mut_ptr(), response.as_mut_ptr()) }
    }

    fn receive(&mut self, bytes: &mut [u8]) -> Result<usize, i32> {
        let mut len = usize::MAX;
        let (start, cap) = (bytes.as_mut_ptr(), bytes.len());
        // SAFETY: begun; the bytes are writable.
        let received = unsafe { kpn_posix_receive(self.0.as_mut_ptr(), start, cap, &raw mut len) };
        assert_eq!(received == OK, len != usize::MAX);
        if received == OK {
            Ok(len)
        } else {
            Err(received)
        }
    }

    fn exchange(&mut self, port: u16, request: &[u8], response: &mut Response) -> i32 {
        let request = kpn_span {
            ptr: request.as_ptr(),
            len: request.len(),
        };
        let (posix, response) = (self.0.as_mut_ptr(), response.as_mut_ptr());
        // SAFETY: both are begun; host and request as above.
        unsafe { kpn_posix_exchange(posix, HOST.as_ptr(), port, request, response) }
    }

    fn error(&self) -> i32 {
        // SAFETY: begun.
        unsafe { kpn_posix_errno(self.0.as_ptr()) }
    }
}

impl Drop for Posix {
    fn drop(&mut self) {
        // SAFETY: begun.
        unsafe { kpn_posix_close(self.0.as_mut_ptr()) };
    }
}

fn listen() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (listener, port)
}

/// A server for one connection.
fn serve<T: Send + 'static>(
    with: impl FnOnce(TcpStream) -> T + Send + 'static,
) -> (u16, JoinHandle<T>) {
    let (listener, port) = listen();
    let thread = thread::spawn(move || with(listener.accept().unwrap().0));
    (port, thread)
}

/// Whether each of the answers, sent at once, leaves a connection that carries the next request.
fn keeps(answers: &'static [(&str, bool)], limit: u16) {
    let (listener, port) = listen();
    let server = thread::spawn(move || {
        let mut peer: Option<TcpStream> = None;
        let mut new = Vec::new();
        for (answer, _) in answers {
            let mut request = [0; REQUEST.len()];
            // The end of a connection that the client has given up comes first.
            let is_same = peer
                .as_mut()
                .is_some_and(|peer| peer.read_exact(&mut request).is_ok());
            new.push(!is_same);
            if !is_same {
                let mut accepted = listener.accept().unwrap().0;
                accepted.read_exact(&mut request).unwrap();
                peer = Some(accepted);
            }
            assert_eq!(request, REQUEST);
            peer.as_mut().unwrap().write_all(answer.as_bytes()).unwrap();
        }
        new
    });
    let mut posix = Posix::begin(limit, LONG);
    for (answer, _) in answers {
        let mut response = Response::begin(100);
        let result = posix.exchange(port, REQUEST, &mut response);
        assert_eq!((result, response.outcome()), (OK, 1), "{answer}");
    }
    drop(posix);
    let new = server.join().unwrap();
    assert!(new[0]);
    for ((answer, is_kept), is_new) in answers.iter().zip(&new[1..]) {
        assert_eq!(*is_kept, !is_new, "{answer}");
    }
}

#[test]
fn a_connection_is_kept_only_when_nothing_stands_behind_the_response() {
    keeps(
        &[
            (ACCEPTED, true),
            ("HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\nH", false),
            (
                "HTTP/1.1 100 \r\n\r\nHTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n[]",
                true,
            ),
            ("HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\n[]]", false),
            ("HTTP/1.1 204 \r\n\r\n", true),
            ("HTTP/1.1 204 \r\n\r\n\r\n", false),
            (
                "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n",
                true,
            ),
            (
                "HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n0",
                false,
            ),
            // A whole response to nothing would be taken for that of the next request.
            (
                "HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\nHTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n",
                false,
            ),
            (
                "HTTP/1.1 202 \r\nContent-Length: 0\r\nConnection: close\r\n\r\n",
                false,
            ),
            ("HTTP/1.0 202 \r\nContent-Length: 0\r\n\r\n", false),
            (ACCEPTED, false),
        ],
        100,
    );
}

#[test]
fn a_connection_carries_as_many_requests_as_it_may() {
    const EACH: (&str, bool) = (ACCEPTED, true);
    const LAST: (&str, bool) = (ACCEPTED, false);
    keeps(&[EACH, EACH, LAST, EACH, EACH, LAST, EACH], 3);
    keeps(&[LAST, LAST, LAST], 1);
}

#[test]
fn what_arrives_while_a_connection_is_idle_ends_it() {
    for late in [&b""[..], b"H"] {
        let (tell, told) = mpsc::channel();
        let (go, gone) = mpsc::channel();
        let (listener, port) = listen();
        let server = thread::spawn(move || {
            for is_first in [true, false] {
                let mut peer = listener.accept().unwrap().0;
                peer.read_exact(&mut [0; REQUEST.len()]).unwrap();
                peer.write_all(ACCEPTED.as_bytes()).unwrap();
                if is_first {
                    gone.recv().unwrap();
                    peer.write_all(late).unwrap();
                    peer.shutdown(Shutdown::Write).unwrap();
                    tell.send(()).unwrap();
                    assert!(matches!(peer.read(&mut [0]), Ok(0) | Err(_)));
                }
            }
        });
        let mut posix = Posix::begin(100, LONG);
        let mut response = Response::begin(100);
        assert_eq!(posix.exchange(port, REQUEST, &mut response), OK);
        go.send(()).unwrap();
        told.recv().unwrap();
        response.restart();
        assert_eq!(posix.exchange(port, REQUEST, &mut response), OK);
        server.join().unwrap();
    }
}

#[test]
fn an_answer_before_the_end_of_the_request_is_heard_and_ends_the_connection() {
    let large = vec![b' '; LARGE];
    for reads in [0, 100_000] {
        for interim in ["", "HTTP/1.1 103 \r\nLink: a\r\n\r\n"] {
            let (port, server) = serve(move |mut peer| {
                peer.read_exact(&mut vec![0; reads]).unwrap();
                let answer = format!("{interim}HTTP/1.1 401 \r\nContent-Length: 2\r\n\r\nno");
                peer.write_all(answer.as_bytes()).unwrap();
            });
            let mut posix = Posix::begin(100, LONG);
            let mut response = Response::begin(100);
            assert_eq!(posix.exchange(port, &large, &mut response), OK);
            assert_eq!(response.status(), 401);
            assert_eq!(response.body().unwrap(), b"no");
            assert_eq!(posix.send(b"x"), ERR_STATE);
            server.join().unwrap();
        }
    }
}

#[test]
fn a_request_in_pieces_ends_with_the_answer() {
    let (port, server) = serve(|mut peer| {
        peer.read_exact(&mut [0; 1]).unwrap();
        peer.write_all(b"HTTP/1.1 403 \r\n\r\nnot this one")
            .unwrap();
        peer.shutdown(Shutdown::Write).unwrap();
        let mut rest = Vec::new();
        peer.read_to_end(&mut rest).unwrap();
    });
    let large = vec![b' '; LARGE];
    let mut posix = Posix::begin(100, LONG);
    let mut response = Response::begin(100);
    assert_eq!(posix.write(b"x", &mut response), ERR_STATE);
    assert_eq!(posix.open(port), OK);
    let written = large
        .chunks(LARGE / 8)
        .map(|piece| posix.write(piece, &mut response))
        .find(|result| *result != OK);
    assert_eq!(written, Some(END));
    assert_eq!(posix.read(&mut response), OK);
    assert_eq!(response.body().unwrap(), b"not this one");
    // It is an earlier one now, and the connection closed.
    assert_eq!(posix.read(&mut response), ERR_STATE);
    server.join().unwrap();
}

#[test]
fn an_earlier_response_is_not_used_again() {
    let (port, server) = serve(|mut peer| {
        peer.read_exact(&mut [0; REQUEST.len()]).unwrap();
        peer.write_all(ACCEPTED.as_bytes()).unwrap();
        assert_eq!(peer.read(&mut [0]).unwrap(), 0);
    });
    let mut posix = Posix::begin(100, LONG);
    let mut response = Response::begin(100);
    assert_eq!(posix.exchange(port, REQUEST, &mut response), OK);
    assert_eq!(posix.read(&mut response), ERR_STATE);
    assert_eq!(posix.write(REQUEST, &mut response), ERR_STATE);
    assert_eq!(posix.exchange(port, REQUEST, &mut response), ERR_STATE);
    assert_eq!(response.status(), 202);
    drop(posix);
    server.join().unwrap();
}

#[test]
fn a_response_that_is_cut_anywhere_is_refused_and_the_next_exchange_works() {
    const WHOLE: &[u8] = b"HTTP/1.1 200 \r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\n\r\n";
    // A last chunk makes the body whole.
    const LAST: usize = WHOLE.len() - 2;
    let (listener, port) = listen();
    let server = thread::spawn(move || {
        for len in 0..=WHOLE.len() {
            let mut peer = listener.accept().unwrap().0;
            peer.read_exact(&mut [0; REQUEST.len()]).unwrap();
            peer.write_all(&WHOLE[..len]).unwrap();
        }
    });
    let mut posix = Posix::begin(1, LONG);
    for len in 0..=WHOLE.len() {
        let mut response = Response::begin(100);
        let result = posix.exchange(port, REQUEST, &mut response);
        let expected = if len < LAST { ERR_HTTP_TRUNCATED } else { OK };
        assert_eq!(result, expected, "{len}");
        assert_eq!(response.outcome() == 0, len < LAST);
    }
    server.join().unwrap();
}

#[test]
fn a_peer_that_goes_on_byte_by_byte_is_given_up_when_the_time_is_over() {
    // Nothing at all, interim responses, and a field that does not end.
    for (front, endless) in [
        ("", ""),
        ("", "HTTP/1.1 102 \r\n\r\n"),
        ("HTTP/1.1 202 \r\nA:", "b"),
    ] {
        for is_in_all in [false, true] {
            let (port, server) = serve(move |mut peer| {
                peer.read_exact(&mut [0; REQUEST.len()]).unwrap();
                // Until the client has closed.
                for byte in front.bytes().chain(endless.bytes().cycle()) {
                    thread::sleep(Duration::from_millis(5));
                    if peer.write_all(&[byte]).is_err() {
                        return;
                    }
                }
                assert!(matches!(peer.read(&mut [0]), Ok(0) | Err(_)));
            });
            let mut posix = Posix::begin(100, if is_in_all { LONG } else { 150 });
            if is_in_all {
                posix.deadline(150);
            }
            let mut response = Response::begin(100);
            let begin = Instant::now();
            assert_eq!(posix.exchange(port, REQUEST, &mut response), ERR_TIMEOUT);
            assert!(begin.elapsed() >= Duration::from_millis(145));
            assert_eq!(posix.send(b"x"), ERR_STATE);
            server.join().unwrap();
        }
    }
}

#[test]
fn a_request_that_nobody_reads_ends_with_the_time_and_a_reset_with_a_failure() {
    let large = vec![b' '; LARGE];
    let (release, released) = mpsc::channel::<()>();
    let (port, server) = serve(move |_peer| released.recv().is_err());
    let mut posix = Posix::begin(100, 150);
    let mut response = Response::begin(100);
    let result = posix.exchange(port, &large, &mut response);
    assert_eq!((result, posix.error()), (ERR_TIMEOUT, libc::ETIMEDOUT));
    drop(release);
    assert!(server.join().unwrap());

    let (port, server) = serve(|mut peer| peer.read_exact(&mut [0; 1]).unwrap());
    let mut posix = Posix::begin(100, LONG);
    let result = posix.exchange(port, &large, &mut response);
    assert_eq!(result, ERR_IO);
    assert!([libc::EPIPE, libc::ECONNRESET].contains(&posix.error()));
    server.join().unwrap();
}

#[test]
fn what_arrived_before_a_send_failed_can_still_be_received() {
    let large = vec![b' '; LARGE];
    for said in [&b"bye"[..], b""] {
        let (listener, port) = listen();
        let mut posix = Posix::begin(100, LONG);
        assert_eq!(posix.open(port), OK);
        let mut peer = listener.accept().unwrap().0;
        peer.write_all(said).unwrap();
        posix.deadline(150);
        let begin = Instant::now();
        assert_eq!(posix.send(&large), ERR_TIMEOUT);
        assert!(begin.elapsed() < Duration::from_millis(u64::from(LONG) / 2));
        posix.deadline(0);
        let mut bytes = [0; 8];
        let heard = posix.receive(&mut bytes);
        if said.is_empty() {
            assert_eq!(heard, Err(ERR_STATE));
        } else {
            assert_eq!((heard, &bytes[..3]), (Ok(3), said));
        }
        // A part of what was sent is on the old connection.
        assert_eq!(posix.open(port), OK);
        listener.set_nonblocking(true).unwrap();
        assert!(listener.accept().is_ok());
    }
}

#[test]
fn bytes_of_the_callers_own_go_both_ways() {
    let (port, server) = serve(|mut peer| {
        let mut got = [0; 5];
        peer.read_exact(&mut got).unwrap();
        peer.write_all(&got).unwrap();
    });
    let mut posix = Posix::begin(100, LONG);
    let mut bytes = [0; 8];
    assert_eq!(posix.receive(&mut bytes), Err(ERR_STATE));
    assert_eq!(posix.open(port), OK);
    assert_eq!(posix.open(port), OK);
    assert_eq!((posix.send(b""), posix.send(b"hello")), (OK, OK));
    assert_eq!(posix.receive(&mut []), Err(ERR_INVALID_ARGUMENT));
    let mut got = Vec::new();
    loop {
        match posix.receive(&mut bytes).unwrap() {
            0 => break,
            len => got.extend_from_slice(&bytes[..len]),
        }
    }
    assert_eq!(got, b"hello");
    server.join().unwrap();
}

#[test]
fn a_transport_in_the_memory_of_the_response_is_refused() {
    const BUFFER_AT: usize = 512;
    const CAP: usize = 256;
    let mut words = [0_u64; (BUFFER_AT + CAP) / 8];
    let start = words.as_mut_ptr().cast::<u8>();
    assert!(size_of::<kpn_response>() < BUFFER_AT);
    // Behind the tag of the response, in its last bytes, and at both ends of its buffer.
    let last = size_of::<kpn_response>() - 4;
    let end = BUFFER_AT + CAP - size_of::<kpn_posix>();
    for at in [8, last, BUFFER_AT, end] {
        let response = start.cast::<kpn_response>();
        let posix = start.wrapping_add(at).cast::<kpn_posix>();
        let buffer = start.wrapping_add(BUFFER_AT);
        // SAFETY: all of it lies in `words`, aligned; that it overlaps is the matter.
        let results = unsafe {
            assert_eq!(kpn_response_begin(response, buffer, CAP), OK);
            assert_eq!(kpn_posix_begin(posix, 1, LONG), OK);
            let request = kpn_span {
                ptr: REQUEST.as_ptr(),
                len: REQUEST.len(),
            };
            [
                kpn_posix_write(posix, REQUEST.as_ptr(), REQUEST.len(), response),
                kpn_posix_read(posix, response),
                kpn_posix_exchange(posix, HOST.as_ptr(), 9, request, response),
            ]
        };
        assert_eq!(results, [ERR_OVERLAP; 3], "{at}");
    }
}
