// SPDX-License-Identifier: MIT OR Apache-2.0
//! A proxy for one connection that counts what TCP carries, in both directions, until both have closed.

use std::{
    io::{ErrorKind, Read as _, Write as _},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use anyhow::anyhow;

/// The sender.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Side {
    Device,
    Platform,
}

/// Bytes of each flight, and the sender of the last one.
type Flights = Arc<Mutex<(Vec<u64>, Option<Side>)>>;

/// Forwards one connection to `port`. Counts bytes in one direction until the direction changes, the device's first.
pub fn carry(listener: &TcpListener, port: u16) -> anyhow::Result<Vec<u64>> {
    let (device, _) = listener.accept()?;
    let platform = TcpStream::connect(("127.0.0.1", port))?;
    let flights = Flights::default();
    let back = {
        let (from, to) = (platform.try_clone()?, device.try_clone()?);
        let flights = Arc::clone(&flights);
        thread::spawn(move || pump(from, to, Side::Platform, &flights))
    };
    pump(device, platform, Side::Device, &flights)?;
    back.join().map_err(|_| anyhow!("a pump panicked"))??;
    let counted = flights.lock().unwrap_or_else(PoisonError::into_inner);
    Ok(counted.0.clone())
}

fn pump(
    mut from: TcpStream,
    mut to: TcpStream,
    side: Side,
    flights: &Flights,
) -> anyhow::Result<()> {
    let mut chunk = [0; 16384];
    loop {
        let len = match from.read(&mut chunk) {
            // A side that closes before it has read everything resets the connection.
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            result => result?,
        };
        if len == 0 {
            break;
        }
        {
            // Counted before it is passed on, so that an answer never comes first.
            let mut flights = flights.lock().unwrap_or_else(PoisonError::into_inner);
            let (counts, last) = &mut *flights;
            match counts.last_mut().filter(|_| *last == Some(side)) {
                Some(count) => *count += u64::try_from(len)?,
                None => counts.push(u64::try_from(len)?),
            }
            *last = Some(side);
        }
        // A device that has sent its closing message does not wait for the answer, which is sent all the same.
        let _ = to.write_all(chunk.get(..len).unwrap_or_default());
    }
    // The other side may have closed already.
    let _ = to.shutdown(Shutdown::Write);
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{
        io::{Read as _, Write as _},
        net::{TcpListener, TcpStream},
        thread,
    };

    use super::carry;

    #[test]
    fn counts_a_conversation_by_its_turns() {
        let platform = TcpListener::bind("127.0.0.1:0").unwrap();
        let proxy = TcpListener::bind("127.0.0.1:0").unwrap();
        let port = platform.local_addr().unwrap().port();
        let address = proxy.local_addr().unwrap();
        let counted = thread::spawn(move || carry(&proxy, port));
        let mut device = TcpStream::connect(address).unwrap();
        let (mut peer, _) = platform.accept().unwrap();
        let mut bytes = [0; 5];
        device.write_all(b"ab").unwrap();
        peer.read_exact(&mut bytes[..2]).unwrap();
        peer.write_all(b"cde").unwrap();
        device.read_exact(&mut bytes[..3]).unwrap();
        device.write_all(b"f").unwrap();
        device.write_all(b"g").unwrap();
        drop(device);
        assert_eq!(peer.read_to_end(&mut Vec::new()).unwrap(), 2);
        drop(peer);
        assert_eq!(counted.join().unwrap().unwrap(), [2, 3, 2]);
    }
}
