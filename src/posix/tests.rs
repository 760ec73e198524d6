// SPDX-License-Identifier: MIT OR Apache-2.0
//! The POSIX transport against real sockets on loopback.
#![allow(clippy::std_instead_of_core, reason = "they run on a host")]

use std::{
    eprintln,
    io::{Read as _, Write as _},
    net::{TcpListener, TcpStream},
    thread::{self, JoinHandle},
    time::{Duration, Instant},
    vec,
    vec::Vec,
};

use super::{Deadline, Socket};
use crate::error::Error;

fn soon() -> Deadline {
    Deadline::after(5_000)
}

/// A server for one connection.
fn serve(host: &str, with: impl FnOnce(TcpStream) + Send + 'static) -> (u16, JoinHandle<()>) {
    let listener = TcpListener::bind((host, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let thread = thread::spawn(move || with(listener.accept().unwrap().0));
    (port, thread)
}

#[test]
fn carries_more_than_one_packet_both_ways() {
    let (port, server) = serve("127.0.0.1", |mut peer| {
        let mut all = vec![0; 3_000_000];
        // Slower than the sender, so that writes are short.
        for part in all.chunks_mut(200_000) {
            thread::sleep(Duration::from_millis(2));
            peer.read_exact(part).unwrap();
        }
        peer.write_all(&all).unwrap();
    });
    let sent: Vec<u8> = (0..3_000_000_u32).map(|at| at.to_le_bytes()[1]).collect();
    let mut socket = Socket::closed();
    socket.connect(c"localhost", port, soon()).unwrap();
    socket.send(&sent, soon()).unwrap();
    let mut received = Vec::new();
    let mut chunk = [0; 4096];
    loop {
        match socket.receive(&mut chunk, soon()).unwrap() {
            0 => break,
            len => received.extend_from_slice(&chunk[..len]),
        }
    }
    socket.close();
    server.join().unwrap();
    assert!(sent == received);
}

#[test]
fn takes_literals_of_both_families() {
    for (host, literal) in [("127.0.0.1", c"127.0.0.1"), ("::1", c"::1")] {
        if TcpListener::bind((host, 0)).is_err() {
            eprintln!("no {host} on this machine");
            continue;
        }
        let (port, server) = serve(host, drop);
        let mut socket = Socket::closed();
        socket.connect(literal, port, soon()).unwrap();
        assert!(socket.is_open());
        socket.close();
        server.join().unwrap();
    }
}

#[test]
fn says_why_there_is_no_connection() {
    // A port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0")
        .unwrap()
        .local_addr()
        .unwrap()
        .port();
    let mut socket = Socket::closed();
    assert_eq!(
        socket.connect(c"127.0.0.1", port, soon()),
        Err(Error::CONNECT)
    );
    assert_eq!(
        (socket.error(), socket.is_open()),
        (libc::ECONNREFUSED, false)
    );
    assert_eq!(
        socket.connect(c"256.1.1.1.", port, soon()),
        Err(Error::CONNECT)
    );
    assert!(socket.error() < 0);
    assert_eq!(socket.send(b"x", soon()), Err(Error::STATE));
    assert_eq!(socket.receive(&mut [0], soon()), Err(Error::STATE));
}

#[test]
fn gives_up_when_the_time_is_over() {
    let (port, server) = serve("127.0.0.1", |mut peer| {
        // Until the client has closed.
        assert_eq!(peer.read(&mut [0; 8]).unwrap(), 0);
    });
    let mut socket = Socket::closed();
    socket.connect(c"127.0.0.1", port, soon()).unwrap();
    let begin = Instant::now();
    assert_eq!(
        socket.receive(&mut [0; 8], Deadline::after(50)),
        Err(Error::TIMEOUT)
    );
    assert!(begin.elapsed() >= Duration::from_millis(45));
    assert!(!socket.is_open());
    server.join().unwrap();
}

#[test]
fn a_peer_that_is_gone_raises_no_signal() {
    let (port, server) = serve("127.0.0.1", drop);
    let mut socket = Socket::closed();
    socket.connect(c"127.0.0.1", port, soon()).unwrap();
    server.join().unwrap();
    let more = vec![0; 65_536];
    let failure = (0..1_000).find_map(|_| socket.send(&more, soon()).err());
    assert_eq!(failure, Some(Error::IO));
    assert!(!socket.is_open());
    assert!([libc::EPIPE, libc::ECONNRESET].contains(&socket.error()));
}

#[test]
fn notices_that_an_idle_connection_was_closed() {
    let (port, server) = serve("127.0.0.1", |mut peer| {
        peer.read_exact(&mut [0]).unwrap();
    });
    let mut socket = Socket::closed();
    assert!(!socket.is_idle());
    socket.connect(c"127.0.0.1", port, soon()).unwrap();
    assert!(socket.is_idle());
    socket.send(b"x", soon()).unwrap();
    server.join().unwrap();
    let deadline = Instant::now() + Duration::from_secs(5);
    while socket.is_idle() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(!socket.is_idle());
    socket.close();
}
