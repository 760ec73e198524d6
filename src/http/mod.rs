// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP/1.1 (RFC 9112) as a client sees it: request heads and the response parser.
//!
//! # What is read leniently
//!
//! Servers send things that the grammar does not allow. They are accepted where they can change neither framing nor meaning for any reader;
//! whatever two readers could read differently is refused, since a body could then pass for a response.  Each row is a test in
//! `tests/http_leniency.rs`.
//!
//! | what | verdict | why |
//! |---|---|---|
//! | empty lines before the status line | taken | RFC 9112 section 2.2 asks servers to skip one; many senders end a body with one too many |
//! | white space before the status line | refused | no other reader sees a status line there |
//! | more than one space after the version | taken | RFC 9112 section 4 lets a recipient split at white space; the status is the same |
//! | a tab after the version | refused | not seen in the field, and no other reader accepts it |
//! | no reason phrase, with or without the space before it | taken | it has no meaning; KPN's servers send both |
//! | HTTP/1.2 to HTTP/1.9 | taken as HTTP/1.1 | RFC 9110 section 2.5 |
//! | any other version | refused | its framing is not known |
//! | a bare LF as the end of a line in a head or a trailer section | taken | RFC 9112 section 2.2; no reader takes it for a part of the line |
//! | a bare LF as the end of a line of chunked framing | refused | readers disagree about it, and therefore about where the body ends |
//! | a bare CR | refused | to some readers it ends a line; RFC 9112 section 2.2 |
//! | another control character, NUL too | refused | RFC 9110 section 5.5: dangerous in a value |
//! | bytes above 0x7F in a value or reason phrase | taken | RFC 9110 section 5.5: opaque |
//! | a folded line | taken as a space | RFC 9112 section 5.2 requires it of a user agent |
//! | a folded line in front of the first field | refused | it continues nothing; RFC 9112 section 2.2 |
//! | white space before a colon | refused | `Content-Length : 5` is a length to some readers and an unknown field to others; RFC 9112 section 5.1 |
//! | a line without colon or name | refused | it is not a field |
//! | empty elements of a list | taken | RFC 9110 section 5.6.1.2 |
//! | Content-Length or Transfer-Encoding without any element | refused | no length, no coding: the framing is not known |
//! | Content-Length more than once, or a list of lengths | taken if all are equal | RFC 9112 section 6.3 |
//! | Content-Length with a sign, white space or other than decimal digits in it | refused | readers disagree about the number |
//! | Transfer-Encoding together with Content-Length or HTTP/1.0 | refused | readers disagree about which one applies; RFC 9112 section 6.1 |
//! | `Transfer-Encoding: identity` | refused | no longer in RFC 9112: some readers then go by the length, others by the end of the connection |
//! | any coding other than `chunked`, or `chunked` twice | refused | the body could not be read |
//! | white space or an extension after a chunk size | taken | RFC 9112 section 7.1.1; the size is the same |
//! | white space before a chunk size, a sign, `0x` | refused | readers disagree about the number |
//! | a connection that is closed after the last chunk, without the rest of the trailer section | taken as complete | RFC 9112 section 8 |
//! | a connection that is closed anywhere else in a framed body | refused | RFC 9112 section 8: incomplete |
//! | Content-Range, Digest and other fields that a message does not need | ignored, whatever they say | they have no part in framing; firmware checks them |
//! | Retry-After that is neither a number nor a date together with Date | ignored | an unknown wait counts as none |
//! | bytes after a response | left to the caller | they belong to whatever comes next |
//! | a byte order mark in front of a downlink's JSON | taken | RFC 8259 section 8.1 |
//! | one NUL after a downlink's JSON | taken | the end of a C string; the text means the same |
//! | anything else around a downlink's JSON | refused | RFC 8259: not a JSON text |
#![forbid(unsafe_code)]

mod chunked;
mod date;
mod fields;
mod head;
pub mod request;
pub mod response;
