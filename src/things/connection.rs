// SPDX-License-Identifier: MIT OR Apache-2.0
//! How many requests one connection may still carry. KPN's server keeps a connection open for at most 100 requests.
#![forbid(unsafe_code)]

use crate::http::response::Response;

/// Requests that KPN's server answers on one connection.
pub const REQUESTS_MAX: u16 = 100;

/// The requests on one connection: plain integers, and every bit pattern is valid.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Connection {
    left: u16,
}

impl Connection {
    /// A connection that was just opened, for `limit` requests. 0 counts as 1, since it was opened for a request.
    pub const fn begin(limit: u16) -> Self {
        Self {
            left: if limit == 0 { 1 } else { limit },
        }
    }

    /// No connection is open.
    pub const fn closed() -> Self {
        Self { left: 0 }
    }

    /// Counts the request that this response answers, and returns how many may follow on this connection.
    ///
    /// 0 means: close it and connect again before the next request. The result is also 0 if the server closes the
    /// connection, or if the response is incomplete, since it is then unknown what comes next on the connection.
    pub const fn record(&mut self, response: &Response) -> u16 {
        self.left = if response.keep_alive() {
            self.left.saturating_sub(1)
        } else {
            0
        };
        self.left
    }

    /// How many requests this connection may still carry.
    pub const fn left(self) -> u16 {
        self.left
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::response::Method;

    fn answer(text: &[u8]) -> Response {
        let mut response = Response::none();
        response.restart(Method::Post);
        assert!(response.collect(&mut &*text, &mut []).is_ok());
        response
    }

    #[test]
    fn the_last_request_asks_for_a_new_connection() {
        let accepted = answer(b"HTTP/1.1 202 \r\nContent-Length: 0\r\n\r\n");
        let mut connection = Connection::begin(REQUESTS_MAX);
        for left in (0..REQUESTS_MAX).rev() {
            assert_eq!(connection.record(&accepted), left);
        }
        assert_eq!(connection.record(&accepted), 0);
    }

    #[test]
    fn a_close_or_a_cut_response_ends_it_at_once() {
        for text in [
            &b"HTTP/1.1 202 \r\nConnection: close\r\nContent-Length: 0\r\n\r\n"[..],
            b"HTTP/1.0 200 OK\r\nContent-Length: 0\r\n\r\n",
            b"HTTP/1.1 202 \r\nContent-Length: 1\r\n\r\n",
            b"HTTP/1.1 202 \r\n\r\n",
            b"",
        ] {
            let mut connection = Connection::begin(REQUESTS_MAX);
            assert_eq!(connection.left(), 100);
            assert_eq!(connection.record(&answer(text)), 0);
            assert_eq!(connection.left(), 0);
        }
    }

    #[test]
    fn a_limit_of_zero_still_carries_the_request_it_was_opened_for() {
        assert_eq!(Connection::begin(0).left(), 1);
    }
}
