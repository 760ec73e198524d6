//! HTTP/1.1 (RFC 9112) as a client sees it: request heads and the response parser.
#![forbid(unsafe_code)]

mod chunked;
mod fields;
mod head;
pub mod request;
pub mod response;
