// SPDX-License-Identifier: MIT OR Apache-2.0
//! The server: connections, the request around a message, and the answer's exact bytes.
//!
//! hyper does the framing. The live endpoint's `HTTP/1.1 202 ` results from an empty reason phrase, its header names
//! from title case, and its order from the order in which headers are inserted.

mod answer;
mod body;
mod places;
#[cfg(feature = "tls")]
mod secure;
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
#[cfg(feature = "api")]
pub use body::Kept;
#[cfg(feature = "api")]
pub use places::Answering;
pub use places::{Place, Places};
use session::Session;

/// How long open connections may take to end when the program stops.
const GRACE: Duration = Duration::from_millis(500);

/// How long a closed connection still discards what the other end sends, so that a reset does not destroy the answer.
pub const LINGER: Duration = Duration::from_millis(250);

/// How a port's connections are secured.
#[derive(Clone)]
pub enum Security {
    /// Not at all, as in the private network.
    Plain,
    /// With TLS.
    #[cfg(feature = "tls")]
    Tls(Arc<crate::tls::Tls>),
}

/// The other end of a connection.
pub struct Caller {
    pub peer: SocketAddr,
    /// The name of the platform in the device's TLS handshake.
    pub server_name: Option<String>,
    /// The connection is closed after one answer, without close_notify.
    pub cut_short: bool,
}

/// Serves devices until [`Platform::stop`], then gives open connections a moment to end.
pub async fn serve(listener: TcpListener, security: Security, platform: Arc<Platform>) {
    let places = Arc::clone(&platform.places);
    accept(listener, &places, &platform, |stream, peer, place| {
        connection(Arc::clone(&platform), stream, security.clone(), peer, place)
    })
    .await;
}

/// Accepts connections, each with a place, until [`Platform::stop`], then gives open ones a moment to end.
pub async fn accept<F>(
    listener: TcpListener,
    places: &Arc<Places>,
    platform: &Platform,
    serve: impl Fn(TcpStream, SocketAddr, Place) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let mut stop = platform.stopping();
    let mut connections = JoinSet::new();
    while !*stop.borrow() {
        tokio::select! {
            _ = stop.changed() => {}
            Some(_) = connections.join_next(), if !connections.is_empty() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => match places.take() {
                    Some(place) => {
                        connections.spawn(serve(stream, peer, place));
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
    mut stream: TcpStream,
    security: Security,
    peer: SocketAddr,
    place: Place,
) -> io::Result<()> {
    stream.set_nodelay(true)?;
    // Lent, so that the end of the connection can be watched when all else is done with it.
    let ended = match security {
        Security::Plain => {
            let caller = Caller {
                peer,
                server_name: None,
                cut_short: false,
            };
            serve_connection(platform, &mut stream, caller, place).await
        }
        #[cfg(feature = "tls")]
        Security::Tls(tls) => secure::serve(platform, &mut stream, &tls, peer, place).await,
    };
    if ended == Some(Ending::Reset) {
        return stream.set_zero_linger();
    }
    stream.shutdown().await?;
    let linger = match ended {
        Some(Ending::HalfClose) => platform.config.read_timeout,
        _ => LINGER,
    };
    // On the heap, since an array would lie in the memory of each connection from its start.
    let mut sink = vec![0; 4096];
    let swallow = async {
        while stream.read(&mut sink).await? > 0 {}
        Ok(())
    };
    timeout(linger, swallow).await.unwrap_or(Ok(()))
}

async fn serve_connection<S>(
    platform: &Arc<Platform>,
    stream: &mut S,
    caller: Caller,
    place: Place,
) -> Option<Ending>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let config = &platform.config;
    let wire = Wire::new(config.max_head);
    if caller.cut_short {
        wire.mute();
    }
    let peer = caller.peer;
    let session = Arc::new(Session::new(
        Arc::clone(platform),
        caller,
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
