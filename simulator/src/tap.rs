// SPDX-License-Identifier: MIT OR Apache-2.0
//! A stream that can be inspected: the first bytes of a message, and the answer.
//!
//! hyper reports a broken head without showing it, and silently accepts line ends other than CRLF. Both matter for the
//! log of a developer's tool. On the way out, answers get what hyper cannot write: a status line without its last
//! space, and faults.

use std::fmt;
use std::future::Future;
use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, ready};
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::time::{Instant, Sleep, sleep_until};

/// What passed over one connection since its last message.
#[derive(Debug, Default)]
struct State {
    /// The first bytes received, up to `limit`.
    first: Vec<u8>,
    /// When the first of them arrived.
    began: Option<Instant>,
    /// How many bytes of a message `first` keeps.
    limit: usize,
    /// Set while a message is being answered: its body is not wanted here.
    paused: bool,
    /// The status of the last answer that was written.
    status: Option<u16>,
    /// What happens to the next answer on its way out.
    rewrite: Option<Rewrite>,
    /// Whether its head has been sent.
    begun: bool,
    /// How the connection was ended early.
    ended: Option<Ending>,
    /// The layer below is not shut down at the end.
    mute: bool,
    /// What to do when everything written so far has been sent.
    left: Vec<Left>,
}

/// Something to do when an answer has been sent.
struct Left(Box<dyn FnOnce() + Send>);

impl fmt::Debug for Left {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Left")
    }
}

/// What happens to the bytes of one answer, in this order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Rewrite {
    /// These bytes are sent instead.
    pub instead: Option<&'static [u8]>,
    /// The status line ends right after the three digits.
    pub spaceless: bool,
    /// Content-Length is too large by this much.
    pub length: i64,
    /// These bytes are sent before it.
    pub before: Vec<u8>,
    /// It ends after this many bytes, and so does the connection.
    pub end: Option<(usize, Ending)>,
    /// This many bytes at a time, with this pause in between.
    pub pace: Option<(usize, Duration)>,
}

/// How a connection is ended in the middle of an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// Closed.
    Close,
    /// Reset.
    Reset,
    /// Closed in one direction: the device may go on sending.
    HalfClose,
}

/// A handle to what passes over one connection.
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

    /// Takes the bytes seen so far, at least the head, and when the first of them arrived; then stops watching until
    /// [`Wire::resume`].
    pub fn take(&self) -> (Vec<u8>, Instant) {
        let mut state = self.lock();
        state.paused = true;
        state.rewrite = None;
        state.begun = false;
        let began = state.began.take().unwrap_or_else(Instant::now);
        (std::mem::take(&mut state.first), began)
    }

    /// Watches for the next message.
    pub fn resume(&self) {
        let mut state = self.lock();
        state.paused = false;
        state.status = None;
    }

    /// Does this once everything written has been sent; drops it if the connection ends before.
    pub fn when_left(&self, then: impl FnOnce() + Send + 'static) {
        self.lock().left.push(Left(Box::new(then)));
    }

    /// Everything has been sent.
    fn flushed(&self) {
        let left = std::mem::take(&mut self.lock().left);
        left.into_iter().for_each(|Left(then)| then());
    }

    /// At the end only TCP is closed, without close_notify of TLS.
    pub fn mute(&self) {
        self.lock().mute = true;
    }

    /// Rewrites the next answer.
    pub fn rewrite(&self, rewrite: Rewrite) {
        self.lock().rewrite = Some(rewrite);
    }

    /// The status of the answer written since the last message.
    pub fn status(&self) -> Option<u16> {
        self.lock().status
    }

    /// How the connection was ended in the middle of an answer.
    pub fn ended(&self) -> Option<Ending> {
        self.lock().ended
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn received(&self, bytes: &[u8]) {
        let mut state = self.lock();
        if !state.paused {
            if !bytes.is_empty() && state.began.is_none() {
                state.began = Some(Instant::now());
            }
            let room = state.limit.saturating_sub(state.first.len());
            state.first.extend(bytes.iter().take(room));
        }
    }

    /// Records what hyper wants to send and returns what is sent instead, if anything.
    fn sending(&self, bytes: &[u8]) -> Option<Outgoing> {
        let status = status_of(bytes);
        let mut guard = self.lock();
        let state = &mut *guard;
        state.status = status.or(state.status);
        let rewrite = state.rewrite.as_mut()?;
        let mut outgoing = Outgoing {
            bytes: match rewrite.instead.take() {
                Some(instead) => instead.to_vec(),
                None if state.begun => bytes.to_vec(),
                None => rewrite.head(bytes),
            },
            pace: rewrite.pace,
            ..Outgoing::default()
        };
        state.begun = true;
        if let Some((left, ending)) = &mut rewrite.end {
            outgoing.bytes.truncate(*left);
            *left -= outgoing.bytes.len();
            if *left == 0 {
                outgoing.last = true;
                state.ended = Some(*ending);
            }
        }
        Some(outgoing)
    }
}

impl Rewrite {
    /// The first bytes of an answer, its head at least, as they go out.
    fn head(&self, bytes: &[u8]) -> Vec<u8> {
        let (status, rest) = bytes.split_at_checked(STATUS_LEN).unwrap_or((bytes, b""));
        let rest = if self.spaceless {
            rest.strip_prefix(b" ").unwrap_or(rest)
        } else {
            rest
        };
        let mut all = [&self.before, status, rest].concat();
        if self.length != 0
            && let Some(at) = find(&all, LENGTH).map(|at| at + LENGTH.len())
            && let Some(len) = all.get(at..).and_then(|digits| find(digits, b"\r\n"))
        {
            let digits = all.get(at..at + len).unwrap_or_default();
            let told: u64 = String::from_utf8_lossy(digits).parse().unwrap_or_default();
            let wrong = told.saturating_add_signed(self.length).to_string();
            all.splice(at..at + len, wrong.into_bytes());
        }
        all
    }
}

const LENGTH: &[u8] = b"\r\nContent-Length: ";

fn find(bytes: &[u8], wanted: &[u8]) -> Option<usize> {
    bytes.windows(wanted.len()).position(|at| at == wanted)
}

/// Length of `HTTP/1.1 202`.
const STATUS_LEN: usize = 12;

fn status_of(bytes: &[u8]) -> Option<u16> {
    let digits = bytes.get(..STATUS_LEN)?.strip_prefix(b"HTTP/1.1 ")?;
    std::str::from_utf8(digits).ok()?.parse().ok()
}

/// Rewritten bytes on their way out.
#[derive(Debug, Default)]
struct Outgoing {
    bytes: Vec<u8>,
    sent: usize,
    /// The connection ends after them.
    last: bool,
    pace: Option<(usize, Duration)>,
    /// What the next bytes wait for.
    pause: Option<Pin<Box<Sleep>>>,
}

/// The stream itself.
#[derive(Debug)]
pub struct Tap<S> {
    stream: S,
    wire: Wire,
    outgoing: Outgoing,
}

impl<S: AsyncWrite + Unpin> Tap<S> {
    /// Watches `stream` through `wire`.
    pub fn new(stream: S, wire: Wire) -> Self {
        Self {
            stream,
            wire,
            outgoing: Outgoing::default(),
        }
    }

    /// Sends what was rewritten; returns an error after its end if the connection ends there.
    fn poll_outgoing(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let outgoing = &mut self.outgoing;
        while let Some(mut rest @ [_, ..]) = outgoing.bytes.get(outgoing.sent..) {
            if let Some(pause) = &mut outgoing.pause {
                ready!(pause.as_mut().poll(cx));
            }
            if let Some((most, _)) = outgoing.pace {
                rest = rest.get(..most).unwrap_or(rest);
            }
            match ready!(Pin::new(&mut self.stream).poll_write(cx, rest))? {
                0 => return Poll::Ready(Err(io::ErrorKind::WriteZero.into())),
                sent => outgoing.sent += sent,
            }
            outgoing.pause = outgoing
                .pace
                .map(|(_, time)| Box::pin(sleep_until(Instant::now() + time)));
        }
        if outgoing.last {
            return Poll::Ready(Err(io::ErrorKind::ConnectionAborted.into()));
        }
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Tap<S> {
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

impl<S: AsyncWrite + Unpin> AsyncWrite for Tap<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buf: &[u8],
    ) -> Poll<io::Result<usize>> {
        ready!(self.poll_outgoing(cx))?;
        let Some(outgoing) = self.wire.sending(buf) else {
            return Pin::new(&mut self.stream).poll_write(cx, buf);
        };
        self.outgoing = outgoing;
        Poll::Ready(Ok(buf.len()))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_outgoing(cx))?;
        ready!(Pin::new(&mut self.stream).poll_flush(cx))?;
        self.wire.flushed();
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        if self.wire.lock().mute {
            return Poll::Ready(Ok(()));
        }
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}

/// Length of the head at the start of `bytes`, including its empty line; `None` if that is missing.
pub fn head_length(bytes: &[u8]) -> Option<usize> {
    let mut begin = 0;
    loop {
        let rest = bytes.get(begin..)?;
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        begin += end + 1;
        if matches!(rest.get(..end)?, b"" | b"\r") && begin > 2 {
            return Some(begin);
        }
    }
}

/// Whether a line of the head at the start of `bytes` ends in a line feed alone.
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
    use super::{has_bare_line_feed, head_length};

    #[test]
    fn finds_the_end_of_a_head() {
        for (bytes, length) in [
            (&b"A / B\r\nC: d\r\n\r\nbody\r\n\r\n"[..], Some(15)),
            (b"A\n\nbody", Some(3)),
            // An empty line before the request is skipped (RFC 9112 section 2.2).
            (b"\r\nA\r\n\r\nx", Some(7)),
            (b"A\r\nC: d\r\n", None),
            (b"", None),
        ] {
            assert_eq!(head_length(bytes), length);
        }
    }

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
