// SPDX-License-Identifier: MIT OR Apache-2.0
//! The network behind the modem.

use std::collections::HashMap;
use std::io::{ErrorKind, Read as _, Write as _};
use std::net::{SocketAddrV4, TcpStream};
use std::time::Duration;

/// How many unread bytes stop further reading from a connection.
pub(crate) const UNREAD_MAX: usize = 65_536;

/// Longest wait for a connection to the local machine.
const CONNECT: Duration = Duration::from_secs(5);

/// Connections, identified by the number that the modem gave them.
pub trait Network {
    /// Connects, or returns an error number.
    fn connect(&mut self, id: usize, address: SocketAddrV4, now: u64) -> Result<(), u16>;

    /// Sends everything; false if the connection is gone.
    fn send(&mut self, id: usize, bytes: &[u8], now: u64) -> bool;

    /// What has arrived since the last call.
    fn receive(&mut self, id: usize, now: u64) -> Vec<u8>;

    /// Whether the other side has closed it; what arrived before has been received.
    fn is_closed(&mut self, id: usize, now: u64) -> bool;

    /// Closes it.
    fn close(&mut self, id: usize, now: u64);

    /// The latest time to look again; `None` if only the modem acts.
    fn wake(&self) -> Option<u64>;
}

/// Real sockets.
#[derive(Debug, Default)]
pub struct Tcp(HashMap<usize, Connection>);

#[derive(Debug)]
struct Connection {
    stream: TcpStream,
    closed: bool,
}

impl Network for Tcp {
    fn connect(&mut self, id: usize, address: SocketAddrV4, _now: u64) -> Result<(), u16> {
        let connected = TcpStream::connect_timeout(&address.into(), CONNECT)
            .and_then(|stream| stream.set_nodelay(true).map(|()| stream))
            .and_then(|stream| stream.set_nonblocking(true).map(|()| stream));
        match connected {
            Ok(stream) => {
                self.0.insert(
                    id,
                    Connection {
                        stream,
                        closed: false,
                    },
                );
                Ok(())
            }
            Err(error) => Err(error
                .raw_os_error()
                .and_then(|number| u16::try_from(number).ok())
                .unwrap_or(1)),
        }
    }

    fn send(&mut self, id: usize, mut bytes: &[u8], _now: u64) -> bool {
        let Some(connection) = self.0.get_mut(&id) else {
            return false;
        };
        while !bytes.is_empty() {
            match connection.stream.write(bytes) {
                Ok(count) => bytes = bytes.get(count..).unwrap_or_default(),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    std::thread::sleep(Duration::from_millis(1));
                }
                Err(_) => return false,
            }
        }
        true
    }

    fn receive(&mut self, id: usize, _now: u64) -> Vec<u8> {
        let mut received = Vec::new();
        let Some(connection) = self.0.get_mut(&id) else {
            return received;
        };
        let mut chunk = [0; 2048];
        while !connection.closed && received.len() < UNREAD_MAX {
            match connection.stream.read(&mut chunk) {
                Ok(0) => connection.closed = true,
                Ok(count) => received.extend_from_slice(&chunk[..count]),
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(_) => connection.closed = true,
            }
        }
        received
    }

    fn is_closed(&mut self, id: usize, _now: u64) -> bool {
        self.0.get(&id).is_none_or(|connection| connection.closed)
    }

    fn close(&mut self, id: usize, _now: u64) {
        self.0.remove(&id);
    }

    fn wake(&self) -> Option<u64> {
        Some(0)
    }
}
