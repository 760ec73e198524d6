// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C functions that read a response, as safe Rust for tests: the only place with `unsafe` in these tests.
#![allow(
    dead_code,
    unused_imports,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "each test takes what it needs, and runs on a host"
)]

use kpn_things::ffi::response::{
    kpn_response, kpn_response_begin, kpn_response_body, kpn_response_end, kpn_response_feed,
    kpn_response_keep_alive, kpn_response_missing, kpn_response_outcome, kpn_response_retry_after,
    kpn_response_status,
};
use kpn_things::ffi::span::kpn_span;
use std::mem::MaybeUninit;

#[path = "status.rs"]
pub mod status;

/// Bytes after the buffer that must not be written.
const CANARY: [u8; 8] = [0xA5; 8];

/// One response with its buffer.
pub struct Response {
    state: Box<MaybeUninit<kpn_response>>,
    memory: Vec<u8>,
    capacity: usize,
}

impl Response {
    /// Begun, with room for a body of this many bytes.
    pub fn begin(capacity: usize) -> Self {
        let mut memory = vec![0x5A; capacity];
        memory.extend_from_slice(&CANARY);
        let mut response = Self {
            state: Box::new(MaybeUninit::uninit()),
            memory,
            capacity,
        };
        response.restart();
        response
    }

    /// Begun again, with the same buffer.
    pub fn restart(&mut self) {
        self.memory[..self.capacity].fill(0x5A);
        // SAFETY: memory for one object and a buffer of this capacity, both ours and kept as long as each other.
        let begun = unsafe {
            kpn_response_begin(
                self.state.as_mut_ptr(),
                self.memory.as_mut_ptr(),
                self.capacity,
            )
        };
        assert_eq!(begun, status::OK);
    }

    /// The status, and how many bytes were used; `None` when that was not written.
    pub fn feed(&mut self, bytes: &[u8]) -> (i32, Option<usize>) {
        let mut used = usize::MAX;
        // SAFETY: the object was begun; the bytes are readable and apart from it and its buffer.
        let fed = unsafe {
            kpn_response_feed(
                self.state.as_mut_ptr(),
                bytes.as_ptr(),
                bytes.len(),
                &raw mut used,
            )
        };
        (fed, (used != usize::MAX).then_some(used))
    }

    /// For functions of other nouns.
    pub fn as_mut_ptr(&mut self) -> *mut kpn_response {
        self.state.as_mut_ptr()
    }

    pub fn end(&mut self) -> i32 {
        // SAFETY: the object was begun.
        unsafe { kpn_response_end(self.state.as_mut_ptr()) }
    }

    pub fn status(&self) -> i32 {
        // SAFETY: the object was begun.
        unsafe { kpn_response_status(self.state.as_ptr()) }
    }

    pub fn outcome(&self) -> i32 {
        // SAFETY: the object was begun.
        unsafe { kpn_response_outcome(self.state.as_ptr()) }
    }

    pub fn missing(&self) -> usize {
        // SAFETY: the object was begun.
        unsafe { kpn_response_missing(self.state.as_ptr()) }
    }

    pub fn keep_alive(&self) -> bool {
        // SAFETY: the object was begun.
        unsafe { kpn_response_keep_alive(self.state.as_ptr()) }
    }

    pub fn retry_after(&self) -> u32 {
        // SAFETY: the object was begun.
        unsafe { kpn_response_retry_after(self.state.as_ptr()) }
    }

    /// The body as `kpn_response_body` gives it, or its status.
    pub fn body(&self) -> Result<Vec<u8>, i32> {
        let mut span = MaybeUninit::<kpn_span>::uninit();
        // SAFETY: the object was begun, and its buffer is still there; the span is ours.
        match unsafe { kpn_response_body(self.state.as_ptr(), span.as_mut_ptr()) } {
            status::OK => {
                // SAFETY: written on success.
                let span = unsafe { span.assume_init() };
                let start = span.ptr.addr() - self.memory.as_ptr().addr();
                assert!(start == 0 && span.len <= self.capacity);
                Ok(self.memory[..span.len].to_vec())
            }
            failure => Err(failure),
        }
    }

    /// The first bytes of the buffer, the body so far.
    pub fn buffer(&self) -> &[u8] {
        &self.memory[..self.capacity]
    }

    /// Whether nothing was written after the buffer.
    pub fn is_canary_whole(&self) -> bool {
        self.memory[self.capacity..] == CANARY
    }
}

/// What a caller learns from a response: the last status, and the result of each accessor.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Seen {
    /// Of the last `kpn_response_feed` or `kpn_response_end`.
    pub result: i32,
    pub status: i32,
    pub outcome: i32,
    pub keep_alive: bool,
    pub retry_after: u32,
    pub missing: usize,
    pub body: Result<Vec<u8>, i32>,
    /// Bytes used; 0 after a refusal, where only the pieces before are known.
    pub used: usize,
}

/// Feeds the pieces until the response is complete or refused; if it is neither, reports that the connection was
/// closed.
pub fn read<'a>(response: &mut Response, pieces: impl IntoIterator<Item = &'a [u8]>) -> Seen {
    let mut used = 0;
    let mut result = status::NEED_MORE;
    for piece in pieces {
        let (fed, taken) = response.feed(piece);
        result = fed;
        assert_eq!(taken.is_none(), fed < 0);
        used += taken.unwrap_or_default();
        if fed != status::NEED_MORE {
            break;
        }
        assert_eq!(taken, Some(piece.len()));
    }
    if result == status::NEED_MORE {
        assert_eq!((response.outcome(), response.keep_alive()), (0, false));
        result = response.end();
    }
    if result < 0 {
        assert_eq!(response.feed(b"x"), (result, None), "a failure is final");
        assert_eq!(response.end(), result);
        used = 0;
    } else {
        assert_eq!(
            response.feed(b"HTTP/1.1 500 \r\n\r\n"),
            (status::OK, Some(0))
        );
    }
    assert!(response.is_canary_whole());
    Seen {
        result,
        status: response.status(),
        outcome: response.outcome(),
        keep_alive: response.keep_alive(),
        retry_after: response.retry_after(),
        missing: response.missing(),
        body: response.body(),
        used,
    }
}
