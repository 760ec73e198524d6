//! A TCP stream that can be looked into: what a message's first bytes were, and what was answered.
//!
//! hyper reports a broken head without showing it, and accepts line ends that are not CRLF without
//! a word. For the log of a developer's tool both matter.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What passed over one connection since its last message.
#[derive(Debug, Default)]
struct State {
    /// The first bytes received, up to `limit`.
    first: Vec<u8>,
    /// How many bytes of a message `first` keeps.
    limit: usize,
    /// Set while a message is being answered: its body is not wanted here.
    paused: bool,
    /// The status of the last answer that was written.
    status: Option<u16>,
}

/// A handle on what passes over one connection.
#[derive(Debug, Clone)]
pub struct Wire(Arc<Mutex<State>>);

impl Wire {
    /// A view that keeps the first `limit` bytes of each message.
    pub fn new(limit: usize) -> Self {
        Self(Arc::new(Mutex::new(State {
            limit,
            ..State::default()
        })))
    }

    /// Takes the bytes seen so far, the head at least, and looks away until [`Wire::resume`].
    pub fn take(&self) -> Vec<u8> {
        let mut state = self.lock();
        state.paused = true;
        std::mem::take(&mut state.first)
    }

    /// Watches for the next message.
    pub fn resume(&self) {
        let mut state = self.lock();
        state.paused = false;
        state.status = None;
    }

    /// The status of the answer that was written since the last message.
    pub fn status(&self) -> Option<u16> {
        self.lock().status
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if !state.paused {
            let room = state.limit.saturating_sub(state.first.len());
            state.first.extend(bytes.iter().take(room));
        }
    }

    fn sent(&self, bytes: &[u8]) {
        let status = bytes
            .strip_prefix(b"HTTP/1.1 ")
            .and_then(|rest| rest.first_chunk::<3>())
            .and_then(|digits| std::str::from_utf8(digits).ok())
            .and_then(|digits| digits.parse().ok());
        if status.is_some() {
            self.lock().status = status;
        }
    }
}

/// The stream itself.
#[derive(Debug)]
pub struct Tap {
    stream: TcpStream,
    wire: Wire,
}

impl Tap {
    /// Looks into `stream` through `wire`.
    pub fn new(stream: TcpStream, wire: Wire) -> Self {
        Self { stream, wire }
    }
}

impl AsyncRead for Tap {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buf.filled().len();
        let result = Pin::new(&mut self.stream).poll_read(cx, buf);
        self.wire
            .received(buf.filled().get(before..).unwrap_or_default());
        result
    }
}

impl AsyncWrite for Tap {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        let result = Pin::new(&mut self.stream).poll_write(cx, buf);
        if let Poll::Ready(Ok(_)) = result {
            self.wire.sent(buf);
        }
        result
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Whether a line of the head that `bytes` begin with ends in a line feed alone.
pub fn has_bare_line_feed(bytes: &[u8]) -> bool {
    let mut rest = bytes;
    while let Some(at) = rest.iter().position(|&byte| byte == b'\n') {
        let (line, after) = rest.split_at(at);
        if line.last() != Some(&b'\r') {
            return true;
        }
        if line.len() == 1 {
            return false;
        }
        rest = after.get(1..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_bare_line_feed;

    #[test]
    fn sees_bare_line_feeds_in_the_head_only() {
        assert!(has_bare_line_feed(b"POST / HTTP/1.1\nHost: m.m\n\n"));
        assert!(has_bare_line_feed(b"POST / HTTP/1.1\r\nHost: m.m\n\r\n"));
        assert!(!has_bare_line_feed(
            b"POST / HTTP/1.1\r\nHost: m.m\r\n\r\nbody\n"
        ));
        assert!(!has_bare_line_feed(b""));
    }
}
