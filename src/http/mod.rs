// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP/1.1 (RFC 9112) as a client sees it: request heads and the response parser.
//!
//! # What is read leniently
//!
//! Servers send what the grammar does not have. It is taken where it can change neither framing nor meaning, whoever reads it;
//! what two readers would read differently is refused, since between them a body could become a response. Each row is a test
//! in `tests/http_leniency.rs`.
//!
//! | what | verdict | why |
//! |---|---|---|
//! | empty lines before the status line | taken | RFC 9112 section 2.2 asks servers to skip one; many senders end a body with one too many |
//! | white space before the status line | refused | no other reader sees a status line there |
//! | more than one space behind the version | taken | RFC 9112 section 4 lets a recipient split at white space; the status is the same |
//! | a tab behind the version | refused | not seen in the field, and no other reader takes it |
//! | no reason phrase, with or without the space before it | taken | it has no meaning; KPN's servers send both |
//! | HTTP/1.2 to HTTP/1.9 | taken as HTTP/1.1 | RFC 9110 section 2.5 |
//! | any other version | refused | its framing is not known |
//! | a bare LF as the end of a line in a head or a trailer section | taken | RFC 9112 section 2.2; nobody else reads it as a part of the line |
//! | a bare LF as the end of a line of chunked framing | refused | readers disagree about it, and so about where the body ends |
//! | a bare CR | refused | to some readers it ends a line; RFC 9112 section 2.2 |
//! | another control character, NUL too | refused | RFC 9110 section 5.5: dangerous in a value |
//! | bytes above 0x7F in a value or reason phrase | taken | RFC 9110 section 5.5: opaque |
//! | a folded line | taken as a space | RFC 9112 section 5.2: a user agent must |
//! | a folded line in front of the first field | refused | it continues nothing; RFC 9112 section 2.2 |
//! | white space before a colon | refused | `Content-Length : 5` is a length to some readers and an unknown field to others; RFC 9112 section 5.1 |
//! | a line without colon or name | refused | no field |
//! | empty elements of a list | taken | RFC 9110 section 5.6.1.2 |
//! | Content-Length or Transfer-Encoding without any element | refused | no length, no coding: the framing is not known |
//! | Content-Length more than once, or a list of lengths | taken if all are equal | RFC 9112 section 6.3 |
//! | Content-Length with a sign, white space or other than decimal digits in it | refused | readers disagree about the number |
//! | Transfer-Encoding together with Content-Length or HTTP/1.0 | refused | readers disagree about which one holds; RFC 9112 section 6.1 |
//! | `Transfer-Encoding: identity` | refused | RFC 9112 has it no more: to some readers the length holds then, to others the end of the connection |
//! | any other coding but `chunked`, or `chunked` twice | refused | the body could not be read |
//! | white space or an extension behind a chunk size | taken | RFC 9112 section 7.1.1; the size is the same |
//! | white space before a chunk size, a sign, `0x` | refused | readers disagree about the number |
//! | a connection that is closed behind the last chunk, without the rest of the trailer section | taken as whole | RFC 9112 section 8 |
//! | a connection that is closed anywhere else in a framed body | refused | RFC 9112 section 8: not whole |
//! | Content-Range, Digest and other fields that a message does not need | ignored, whatever they say | they frame nothing; firmware judges them |
//! | Retry-After that is no number or no date beside a Date | ignored | a wait that is not known is none |
//! | bytes behind a response | left to the caller | they belong to whatever comes next |
//! | a byte order mark in front of a downlink's JSON | taken | RFC 8259 section 8.1 |
//! | one NUL behind a downlink's JSON | taken | the end of a C string; what the text says is the same |
//! | anything else around a downlink's JSON | refused | RFC 8259: no JSON text |
#![forbid(unsafe_code)]

mod chunked;
mod fields;
mod head;
pub mod request;
pub mod response;
