// SPDX-License-Identifier: MIT OR Apache-2.0
//! What can go wrong, and how each kind is written.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use bytes::Bytes;
use hyper::StatusCode;
use hyper::header::HeaderValue;

use super::{number, positive};

/// Most interim responses before an answer.
const INTERIM_MAX: usize = 10_000;

/// What goes wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// The connection is closed without an answer, and the message is not accepted.
    Drop,
    /// The answer comes late.
    Delay(Duration),
    /// The message is accepted; the answer ends after this many bytes and the connection is closed.
    Cut(usize),
    /// As [`Kind::Cut`], and the connection is reset.
    Reset(usize),
    /// As [`Kind::Cut`], and only this end's half is closed: the device may go on sending.
    HalfClose(usize),
    /// The message is not accepted; the answer is not HTTP.
    Garbage,
    /// The message is not accepted; the answer has this status.
    Status {
        /// The status.
        code: StatusCode,
        /// Seconds of a Retry-After header.
        retry_after: Option<u32>,
    },
    /// The message is not accepted; the answer comes before its body is read.
    EarlyAnswer(StatusCode),
    /// The message is not accepted; the answer sends the device elsewhere.
    Redirect(HeaderValue),
    /// The message is not accepted; the answer is a page of HTML with status 200.
    Portal,
    /// The answer is sent a byte at a time, with this between them.
    Trickle(Duration),
    /// The answer is sent at this many bytes a second.
    Throttle(usize),
    /// This many 103 responses come before the answer.
    Interim(usize),
    /// Content-Length is too large or too small by this much.
    WrongLength(i64),
    /// The body is compressed.
    Gzip,
    /// The CRC of a part is wrong.
    WrongCrc,
    /// The total size of a file is one byte more than it was.
    SizeChange,
    /// The total size of a file is not given.
    UnknownSize,
    /// A part has this many bytes at most.
    Short(usize),
    /// A part begins this many bytes before what was asked for.
    Overlap(usize),
    /// From this part on the URL has a different file.
    Replaced(Bytes),
    /// A connection with TLS.
    Tls(Tls),
}

/// What goes wrong with a TLS connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tls {
    /// The handshake is never answered.
    Silent,
    /// The connection is closed after this many bytes of the handshake, at the latest when it is complete.
    Cut(usize),
    /// The handshake is answered with this fatal alert.
    Alert(u8),
    /// The handshake is answered with TLS 1.1, as by a server that knows nothing newer.
    OldVersion,
    /// The certificate has expired.
    Expired,
    /// The certificate is for another host.
    OtherName,
    /// The certificate is self-signed.
    SelfSigned,
    /// The certificate is signed by an unknown authority.
    UnknownCa,
    /// The connection is reset after the handshake.
    Reset,
    /// The connection is closed after its first answer, without close_notify.
    NoCloseNotify,
}

/// When a fault strikes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stage {
    /// Before there is a request.
    Handshake,
    /// Before the body of a request is read.
    Head,
    /// When a request is there.
    Request,
}

impl Kind {
    /// When it strikes.
    pub const fn stage(&self) -> Stage {
        match self {
            Kind::Tls(_) => Stage::Handshake,
            Kind::EarlyAnswer(_) => Stage::Head,
            _ => Stage::Request,
        }
    }

    /// Whether it is meaningful only for parts of files.
    pub const fn is_of_parts(&self) -> bool {
        matches!(
            self,
            Kind::WrongCrc
                | Kind::SizeChange
                | Kind::UnknownSize
                | Kind::Short(_)
                | Kind::Overlap(_)
                | Kind::Replaced(_)
        )
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let (name, value) = text
            .split_once('=')
            .map_or((text, None), |(name, value)| (name, Some(value)));
        match (name, value) {
            ("drop", None) => Ok(Kind::Drop),
            ("garbage", None) => Ok(Kind::Garbage),
            ("portal", None) => Ok(Kind::Portal),
            ("gzip", None) => Ok(Kind::Gzip),
            ("wrong-crc", None) => Ok(Kind::WrongCrc),
            ("size-change", None) => Ok(Kind::SizeChange),
            ("unknown-size", None) => Ok(Kind::UnknownSize),
            ("delay", Some(value)) => Ok(Kind::Delay(Duration::from_millis(number(value)?))),
            ("cut", Some(value)) => Ok(Kind::Cut(bytes(value)?)),
            ("reset", Some(value)) => Ok(Kind::Reset(bytes(value)?)),
            ("half-close", Some(value)) => Ok(Kind::HalfClose(bytes(value)?)),
            ("trickle", Some(value)) => Ok(Kind::Trickle(Duration::from_millis(positive(value)?))),
            ("throttle", Some(value)) => Ok(Kind::Throttle(bytes(value)?.max(1))),
            ("interim", Some(value)) => Ok(Kind::Interim(bytes(value)?.clamp(1, INTERIM_MAX))),
            ("short", Some(value)) => positive(value).and(bytes(value)).map(Kind::Short),
            ("overlap", Some(value)) => positive(value).and(bytes(value)).map(Kind::Overlap),
            ("wrong-length", Some(value)) => value
                .parse()
                .ok()
                .filter(|more| *more != 0)
                .map(Kind::WrongLength)
                .ok_or_else(|| format!("wrong-length {value:?} is no number of bytes, such as -1")),
            ("status", Some(value)) => Ok(Kind::Status {
                code: status(value)?,
                retry_after: None,
            }),
            ("early-answer", Some(value)) => status(value).map(Kind::EarlyAnswer),
            ("tls-silent", None) => Ok(Kind::Tls(Tls::Silent)),
            ("tls-cut", Some(value)) => Ok(Kind::Tls(Tls::Cut(bytes(value)?))),
            ("tls-alert", Some(value)) => value
                .parse()
                .ok()
                .filter(|number| *number != 0)
                .map(|number| Kind::Tls(Tls::Alert(number)))
                .ok_or_else(|| {
                    format!("tls-alert {value:?} is no number from 1 to 255, such as 40")
                }),
            ("tls-old-version", None) => Ok(Kind::Tls(Tls::OldVersion)),
            ("tls-expired", None) => Ok(Kind::Tls(Tls::Expired)),
            ("tls-other-name", None) => Ok(Kind::Tls(Tls::OtherName)),
            ("tls-self-signed", None) => Ok(Kind::Tls(Tls::SelfSigned)),
            ("tls-unknown-ca", None) => Ok(Kind::Tls(Tls::UnknownCa)),
            ("tls-reset", None) => Ok(Kind::Tls(Tls::Reset)),
            ("tls-no-close-notify", None) => Ok(Kind::Tls(Tls::NoCloseNotify)),
            ("redirect", value) => HeaderValue::from_str(value.unwrap_or("http://portal.example/"))
                .map(Kind::Redirect)
                .map_err(|error| format!("redirect: {error}")),
            ("replaced", Some(name)) => std::fs::read(name)
                .map(|content| Kind::Replaced(content.into()))
                .map_err(|error| format!("{name}: {error}")),
            _ => Err(format!(
                "{text:?}: expected drop, status=CODE, early-answer=CODE, redirect[=URL], portal, garbage, \
             delay=MS, cut=BYTES, reset=BYTES, half-close=BYTES, trickle=MS, throttle=BYTES, interim=N, \
             wrong-length=BYTES, gzip, wrong-crc, size-change, unknown-size, short=BYTES, overlap=BYTES, \
             replaced=FILE, tls-silent, tls-cut=BYTES, tls-alert=NUMBER, tls-old-version, tls-expired, \
             tls-other-name, tls-self-signed, tls-unknown-ca, tls-reset or tls-no-close-notify"
            )),
        }
    }
}

fn bytes(text: &str) -> Result<usize, String> {
    number(text).map(|number| usize::try_from(number).unwrap_or(usize::MAX))
}

fn status(text: &str) -> Result<StatusCode, String> {
    text.parse()
        .ok()
        .filter(|code: &StatusCode| (200..600).contains(&code.as_u16()))
        .ok_or_else(|| format!("status {text:?} is no number from 200 to 599"))
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Kind::Drop => f.write_str("connection closed without an answer"),
            Kind::Delay(time) => write!(f, "answer {} ms late", time.as_millis()),
            Kind::Cut(length) => write!(f, "answer cut after {length} bytes"),
            Kind::Reset(length) => write!(f, "connection reset after {length} bytes"),
            Kind::HalfClose(length) => write!(f, "answer half-closed after {length} bytes"),
            Kind::Garbage => f.write_str("answer is garbage"),
            Kind::Status { code, .. } => write!(f, "answer is status {}", code.as_u16()),
            Kind::EarlyAnswer(code) => {
                write!(f, "status {} before the body was read", code.as_u16())
            }
            Kind::Redirect(to) => write!(f, "redirect to {}", to.to_str().unwrap_or_default()),
            Kind::Portal => f.write_str("answer is the page of a captive portal"),
            Kind::Trickle(time) => write!(f, "a byte each {} ms", time.as_millis()),
            Kind::Throttle(rate) => write!(f, "{rate} bytes a second"),
            Kind::Interim(count) => write!(f, "{count} responses 103 before the answer"),
            Kind::WrongLength(more) => write!(f, "Content-Length is off by {more}"),
            Kind::Gzip => f.write_str("body compressed"),
            Kind::WrongCrc => f.write_str("wrong CRC"),
            Kind::SizeChange => f.write_str("total size changed"),
            Kind::UnknownSize => f.write_str("total size not told"),
            Kind::Short(length) => write!(f, "at most {length} bytes of the part"),
            Kind::Overlap(length) => write!(f, "part begins {length} bytes too early"),
            Kind::Replaced(_) => f.write_str("another file under the URL from now on"),
            Kind::Tls(tls) => tls.fmt(f),
        }
    }
}

impl fmt::Display for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Tls::Silent => f.write_str("TLS handshake not answered"),
            Tls::Cut(length) => write!(f, "TLS handshake cut after {length} bytes"),
            Tls::Alert(number) => write!(f, "TLS alert {number}"),
            Tls::OldVersion => f.write_str("TLS 1.1"),
            Tls::Expired => f.write_str("certificate has expired"),
            Tls::OtherName => f.write_str("certificate is for another host"),
            Tls::SelfSigned => f.write_str("certificate is self-signed"),
            Tls::UnknownCa => f.write_str("certificate of an unknown authority"),
            Tls::Reset => f.write_str("connection reset after the TLS handshake"),
            Tls::NoCloseNotify => f.write_str("connection closed without close_notify"),
        }
    }
}
