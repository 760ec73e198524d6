// SPDX-License-Identifier: MIT OR Apache-2.0
//! The server: connections, the request around a message, and the answer's exact bytes.
//!
//! hyper does the framing. The live endpoint's `HTTP/1.1 202 ` results from an empty reason phrase, its header names
//! from title case, and its order from the order in which headers are inserted.

mod answer;
mod body;
mod places;
mod session;
mod spoil;

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;
use tokio::time::timeout;

use crate::platform::Platform;
use crate::tap::{Ending, Tap, Wire};
use places::Place;
pub use places::Places;
use session::Session;

/// How long open connections may take to end when the program stops.
const GRACE: Duration = Duration::from_millis(500);

/// How long a closed connection still discards what the device sends, so that a reset does not destroy the answer.
const LINGER: Duration = Duration::from_millis(250);

/// How a port's connections are secured.
#[derive(Clone)]
pub enum Security {
    /// Not at all, as in the private network.
    Plain,
    /// With TLS.
    #[cfg(feature = "tls")]
    Tls(tokio_rustls::TlsAcceptor),
}

/// Serves connections until [`Platform::stop`], then lets open ones end within a moment.
pub async fn serve(listener: TcpListener, security: Security, platform: Arc<Platform>) {
    let mut stop = platform.stopping();
    let mut connections = JoinSet::new();
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => {}
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match platform.places.take() {
                    Some(place) => {
                        let platform = Arc::clone(&platform);
                        connections.spawn(connection(platform, stream, security.clone(), peer, place));
                    }
                    None => tracing::warn!("connection from {peer} closed: all others are being answered"),
                },
                Err(error) => {
                    // Most likely out of file descriptors; all we can do is wait.
                    tracing::error!("no connection could be taken: {error}");
                    tokio::time::sleep(Duration::from_millis(50)).await;
                }
            },
        }
    }
    drop(listener);
    let ended = timeout(GRACE, async {
        while connections.join_next().await.is_some() {}
    });
    if ended.await.is_err() {
        tracing::debug!("{} connections were still open", connections.len());
    }
}

async fn connection(
    platform: Arc<Platform>,
    stream: TcpStream,
    security: Security,
    peer: SocketAddr,
    place: Place,
) {
    tracing::debug!("connection from {peer}");
    if let Err(error) = secure_connection(&platform, stream, security, peer, place).await {
        tracing::debug!("connection from {peer}: {error}");
    }
}

async fn secure_connection(
    platform: &Arc<Platform>,
    stream: TcpStream,
    security: Security,
    peer: SocketAddr,
    place: Place,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    let stream = stream.into_std()?;
    let mut spare = TcpStream::from_std(stream.try_clone()?)?;
    let stream = TcpStream::from_std(stream)?;
    let ended = match security {
        Security::Plain => serve_connection(platform, stream, peer, None, place).await,
        #[cfg(feature = "tls")]
        Security::Tls(acceptor) => {
            match timeout(platform.config.read_timeout, acceptor.accept(stream)).await {
                Ok(Ok(stream)) => {
                    let name = stream.get_ref().1.server_name().map(str::to_owned);
                    serve_connection(platform, stream, peer, name, place).await
                }
                Ok(Err(error)) => {
                    tracing::warn!("TLS with {peer} failed: {error}");
                    None
                }
                Err(_) => {
                    tracing::warn!("TLS with {peer} took too long");
                    None
                }
            }
        }
    };
    if ended == Some(Ending::Reset) {
        return spare.set_zero_linger();
    }
    spare.shutdown().await?;
    let linger = match ended {
        Some(Ending::HalfClose) => platform.config.read_timeout,
        _ => LINGER,
    };
    let mut sink = [0; 4096];
    let swallow = async {
        while spare.read(&mut sink).await? > 0 {}
        Ok(())
    };
    timeout(linger, swallow).await.unwrap_or(Ok(()))
}

async fn serve_connection<S>(
    platform: &Arc<Platform>,
    stream: S,
    peer: SocketAddr,
    server_name: Option<String>,
    place: Place,
) -> Option<Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = &platform.config;
    let wire = Wire::new(config.max_head);
    let session = Arc::new(Session::new(
        Arc::clone(platform),
        peer,
        server_name,
        wire.clone(),
        place,
    ));
    let service = service_fn(|request| {
        let session = Arc::clone(&session);
        async move { session.answer(request).await }
    });
    let http = http1::Builder::new()
        .title_case_headers(true)
        .half_close(true)
        .max_buf_size(config.max_head)
        .timer(TokioTimer::new())
        .header_read_timeout(config.read_timeout)
        .serve_connection(TokioIo::new(Tap::new(stream, wire.clone())), service);
    let mut http = std::pin::pin!(http);
    let mut stop = platform.stopping();
    let mut stopping = false;
    let result = loop {
        // In this order, so that an answer's head is written before the stop that it causes is noticed.
        tokio::select! {
            biased;
            result = http.as_mut() => break result,
            () = session.needed() => {
                tracing::debug!("connection from {peer} gave way to another");
                break Ok(());
            }
            _ = stop.wait_for(|stop| *stop), if !stopping => {
                stopping = true;
                http.as_mut().graceful_shutdown();
            }
        }
    };
    if let Err(error) = result {
        session.broken(&error);
    }
    wire.ended()
}
