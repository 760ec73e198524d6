// SPDX-License-Identifier: MIT OR Apache-2.0
//! The response to a message.

use super::Downlink;
use crate::error::Result;
use crate::http::response::{self, Method};
use crate::things::outcome::Outcome;

/// The response to one request, read in whatever pieces it arrives.
///
/// ```
/// use kpn_things::{Outcome, Response};
///
/// let mut buffer = [0; 512]; // the one of the uplink will do
/// let mut response = Response::new(&mut buffer);
/// assert!(!response.feed(b"HTTP/1.1 202 Accepted\r\nContent-")?);
/// assert_eq!(response.outcome(), None);
/// assert!(response.feed(b"Length: 0\r\n\r\n")?);
/// assert_eq!((response.status(), response.outcome()), (202, Some(Outcome::Accepted)));
/// assert!(response.downlink()?.next_record()?.is_none());
/// # Ok::<(), kpn_things::Error>(())
/// ```
pub struct Response<'a> {
    state: response::Response,
    buffer: &'a mut [u8],
}

impl<'a> Response<'a> {
    /// Starts to read a response; its body goes into the buffer.
    pub const fn new(buffer: &'a mut [u8]) -> Self {
        let mut state = response::Response::none();
        state.begin_zeroed(Method::Post);
        Self { state, buffer }
    }

    /// Reads the next bytes and returns whether the response is complete. Whatever follows it in `bytes` is ignored.
    ///
    /// An error is final: close the connection.
    pub fn feed(&mut self, mut bytes: &[u8]) -> Result<bool> {
        self.state.collect(&mut bytes, self.buffer)?;
        Ok(self.state.is_complete())
    }

    /// Reports that the connection was closed, which completes a response whose body lasts until then.
    ///
    /// ```
    /// use kpn_things::{Error, Response};
    ///
    /// let mut response = Response::new(&mut []);
    /// response.feed(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n[")?;
    /// assert_eq!(response.end(), Err(Error::HTTP_TRUNCATED));
    /// # Ok::<(), Error>(())
    /// ```
    pub fn end(&mut self) -> Result<()> {
        self.state.end()
    }

    /// The status code as the server sent it; 0 until the status line has been read.
    pub const fn status(&self) -> u16 {
        self.state.status()
    }

    /// What the response means for the message; `None` until it is complete.
    pub fn outcome(&self) -> Option<Outcome> {
        let complete = self.state.is_complete();
        complete.then(|| Outcome::of(self.state.status()))
    }

    /// Checks the body as a pack for the device; an empty body is a downlink without records.
    ///
    /// Fails with [`Error::STATE`](crate::Error::STATE) when the response is not complete, with
    /// [`Error::BODY_TOO_LARGE`](crate::Error::BODY_TOO_LARGE) when the buffer had no room for the body, and otherwise as [`Downlink::new`]
    /// does.
    pub fn downlink(self) -> Result<Downlink<'a>> {
        let len = self.state.body(self.buffer)?.len();
        Downlink::new(self.buffer.get_mut(..len).unwrap_or_default())
    }
}
