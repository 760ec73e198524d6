// SPDX-License-Identifier: MIT OR Apache-2.0
//! The handshake of TLS, and what goes wrong with it on demand.

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

/// Length of what stands before a record of TLS (RFC 8446 section 5.1).
const RECORD_HEAD: usize = 5;

/// A ServerHello of TLS 1.1 (RFC 4346) with TLS_RSA_WITH_AES_128_CBC_SHA, up to its random bytes and from them on.
const OLD_HELLO: (&[u8], &[u8]) = (
    b"\x16\x03\x02\x00\x2a\x02\x00\x00\x26\x03\x02",
    b"\x00\x00\x2f\x00",
);

/// What a handshake has come to.
enum Shaken {
    Done(Box<TlsStream<TcpStream>>),
    /// The fault was all that there was to do.
    Over,
}

/// A handshake, then requests. Tells how the connection is ended when not as usual.
pub async fn serve(
    platform: &Arc<Platform>,
    stream: TcpStream,
    tls: &Tls,
    peer: SocketAddr,
    place: Place,
) -> Option<Ending> {
    let fault = platform.faults.draw_tls();
    if let Some(fault) = fault {
        tracing::info!("connection from {peer}: {fault}");
        // It has come true once more; an error has been told.
        let _ = platform.change(Model::faults_changed);
    }
    let shaken = tokio::select! {
        shaken = timeout(platform.config.read_timeout, shake(stream, tls, fault)) => shaken,
        () = place.needed() => {
            tracing::debug!("connection from {peer} gave way to another");
            return None;
        }
    };
    let stream = match shaken {
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
    serve_connection(platform, stream, caller, place).await
}

async fn shake(mut stream: TcpStream, tls: &Tls, fault: Option<Fault>) -> io::Result<Shaken> {
    match fault {
        Some(Fault::Silent) => {}
        Some(Fault::Alert(number)) => {
            hello(&mut stream).await?;
            stream.write_all(&[21, 3, 3, 0, 2, 2, number]).await?;
            return Ok(Shaken::Over);
        }
        Some(Fault::OldVersion) => {
            hello(&mut stream).await?;
            let random = [0x20; 32];
            let (before, after) = OLD_HELLO;
            stream.write_all(&[before, &random, after].concat()).await?;
        }
        Some(Fault::Cut(left)) => {
            let cut = Cut { stream, left };
            // An error is the cut itself, most likely.
            let _ = tls.acceptor(fault).accept(cut).await;
            return Ok(Shaken::Over);
        }
        _ => {
            let stream = tls.acceptor(fault).accept(stream).await?;
            return Ok(Shaken::Done(Box::new(stream)));
        }
    }
    // Until the device ends it.
    let mut sink = [0; 1024];
    while stream.read(&mut sink).await? > 0 {}
    Ok(Shaken::Over)
}

/// Reads the device's first record.
async fn hello(stream: &mut TcpStream) -> io::Result<()> {
    let mut head = [0; RECORD_HEAD];
    stream.read_exact(&mut head).await?;
    let [.., high, low] = head;
    let mut record = vec![0; usize::from(u16::from_be_bytes([high, low]))];
    stream.read_exact(&mut record).await?;
    Ok(())
}

/// A stream that takes so many bytes more.
struct Cut {
    stream: TcpStream,
    left: usize,
}

impl AsyncRead for Cut {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(cx, buf)
    }
}

impl AsyncWrite for Cut {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let taken = buf.get(..self.left).unwrap_or(buf);
        if taken.is_empty() {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        let sent = ready!(Pin::new(&mut self.stream).poll_write(cx, taken))?;
        self.left -= sent;
        Poll::Ready(Ok(sent))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
