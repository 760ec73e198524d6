// SPDX-License-Identifier: MIT OR Apache-2.0
//! The TLS handshake, and what goes wrong with it on demand.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::places::Place;
use super::{Caller, serve_connection};
use crate::fault::Tls as Fault;
use crate::model::Model;
use crate::platform::Platform;
use crate::tap::Ending;
use crate::tls::Tls;

/// Length of the header of a TLS record (RFC 8446 section 5.1).
const RECORD_HEAD: usize = 5;

/// A ServerHello of TLS 1.1 (RFC 4346) with TLS_RSA_WITH_AES_128_CBC_SHA: what precedes its random bytes, and what follows.
const OLD_HELLO: (&[u8], &[u8]) = (
    b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02",
    b"\x00\x00\x2f\x00",
);

/// The result of a handshake.
enum Shaken<'a> {
    Done(Box<TlsStream<&'a mut TcpStream>>),
    /// A fault has ended it.
    Over,
}

/// Serves a handshake, then requests; returns how to end the connection if not in the usual way.
pub async fn serve(
    platform: &Arc<Platform>,
    stream: &mut TcpStream,
    tls: &Tls,
    peer: SocketAddr,
    place: Place,
) -> Option<Ending> {
    let fault = platform.faults.draw_tls();
    if let Some(fault) = fault {
        tracing::info!("connection from {peer}: {fault}");
        // Its count has changed; an error has been logged.
        let _ = platform.change(Model::faults_changed);
    }
    let shaken = tokio::select! {
        shaken = timeout(platform.config.read_timeout, shake(stream, tls, fault)) => shaken,
        () = place.needed() => {
            tracing::debug!("connection from {peer} gave way to another");
            return None;
        }
    };
    let mut stream = match shaken {
        Ok(Ok(Shaken::Done(stream))) => stream,
        Ok(Ok(Shaken::Over)) => return None,
        Ok(Err(error)) => {
            tracing::warn!("TLS with {peer} failed: {error}");
            return None;
        }
        Err(_) => {
            tracing::warn!("TLS with {peer} took too long");
            return None;
        }
    };
    if fault == Some(Fault::Reset) {
        return Some(Ending::Reset);
    }
    let caller = Caller {
        peer,
        server_name: stream.get_ref().1.server_name().map(str::to_owned),
        cut_short: fault == Some(Fault::NoCloseNotify),
    };
    serve_connection(platform, &mut *stream, caller, place).await
}

async fn shake<'a>(
    stream: &'a mut TcpStream,
    tls: &Tls,
    fault: Option<Fault>,
) -> io::Result<Shaken<'a>> {
    match fault {
        Some(Fault::Silent) => {}
        Some(Fault::Alert(number)) => {
            hello(stream).await?;
            stream.write_all(&[21, 3, 3, 0, 2, 2, number]).await?;
            return Ok(Shaken::Over);
        }
        Some(Fault::OldVersion) => {
            hello(stream).await?;
            let random = [0x20; 32];
            let (before, after) = OLD_HELLO;
            stream.write_all(&[before, &random, after].concat()).await?;
        }
        Some(Fault::Cut(left)) => {
            let cut = Cut { stream, left };
            // An error is most likely the cut itself.
            let _ = tls.acceptor(fault).accept(cut).await;
            return Ok(Shaken::Over);
        }
        _ => {
            let stream = tls.acceptor(fault).accept(stream).await?;
            return Ok(Shaken::Done(Box::new(stream)));
        }
    }
    // Until the device closes the connection.
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(Shaken::Over)
}

/// Reads the first record of the device.
async fn hello(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; RECORD_HEAD];
    stream.read_exact(&mut head).await?;
    let [.., high, low] = head;
    let mut record = vec![0; usize::from(u16::from_be_bytes([high, low]))];
    stream.read_exact(&mut record).await?;
    Ok(())
}

/// A stream that fails after this many more bytes.
struct Cut<'a> {
    stream: &'a mut TcpStream,
    left: usize,
}

impl AsyncRead for Cut<'_> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cut<'_> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = buf.get(..self.left).unwrap_or(buf);
        if taken.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let sent = ready!(Pin::new(&mut *self.stream).poll_write(cx, taken))?;
        self.left -= sent;
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut *self.stream).poll_shutdown(cx)
    }
}
