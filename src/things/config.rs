// SPDX-License-Identifier: MIT OR Apache-2.0
//! The device's configuration: who it is and how it connects, as one JSON text that a factory writes and a device keeps.
//!
//! ```json
//! {"imei": "490154203237518",
//!  "secret": "0123456789abcdefghijklmnopqrstuvwxyzABCD",
//!  "endpoint": "m2m", "address": "10.151.236.157", "port": 80,
//!  "apn": "kpnthings.iot", "keepAliveLimit": 100, "statusTable": {"401": "tokenRejected"}}
//! ```
//!
//! | field | value | if it is missing |
//! |---|---|---|
//! | `urn` | device URN of at most 96 bytes that [`urn::check`] accepts | one of `urn` and `imei` is needed |
//! | `imei` | 15 digits, check digit verified | the same |
//! | `secret` | `[0-9a-zA-Z]{30,100}`, or `null` for messages without a token | refused |
//! | `endpoint` | `"m2m"`, `"internet"`, or `{"host": …, "path": …}`, each at most 64 bytes of visible ASCII | `"m2m"` |
//! | `address` | IPv4 or IPv6 address or host name to connect to, at most 64 bytes | that of the endpoint; required with an endpoint of your own |
//! | `port` | 1 to 65535 | 443 for `"internet"`, otherwise 80 |
//! | `apn` | access point name, at most 63 bytes of visible ASCII without `"` and `\` | left to the modem |
//! | `keepAliveLimit` | requests on one connection, 1 to 65535 | 100 |
//! | `statusTable` | the meaning of a response status from 200 to 999 where it differs from [`Outcome::of`]: at most 8 entries with one of `accepted`, `malformed`, `tokenRejected`, `deviceUnknown`, `retryLater`, `refused` | empty |
//!
//! Any other field, and a field that occurs twice, is refused; each refusal names the field and the reason. KPN's documentation leaves the
//! address and the meaning of each status open or subject to change, so they are settings. KPN's access point names are
//! [`super::endpoint::APN_KPN_THINGS`] and [`super::endpoint::APN_KPN_THINGS_PLUS`]; any other is accepted too, for SIMs of other
//! providers.
#![forbid(unsafe_code)]

mod read;
mod write;

use heapless::String;
use heapless::string::StringView;

use super::outcome::{Outcome, StatusTable};
use super::urn;
use crate::error::Error;
use crate::token;

pub use write::TEXT_MAX;

/// Longest host name of a custom endpoint, in bytes.
pub const HOST_MAX: usize = 64;
/// Longest path of a custom endpoint, in bytes.
pub const PATH_MAX: usize = 64;
/// Longest address, in bytes.
pub const ADDRESS_MAX: usize = 64;
/// Longest access point name, in bytes: the limit of a network identifier (3GPP TS 23.003 section 9.1.1).
pub const APN_MAX: usize = 63;
/// Requests on one connection unless configured otherwise: the platform accepts no more.
pub const KEEP_ALIVE_LIMIT: u16 = 100;

/// An ASCII text of fewer than `N` bytes. Once complete, it ends in a NUL, so that C can read it in place.
type Text<const N: usize> = String<N, u8>;

/// A field of the configuration, to say which one is wrong.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Field {
    /// The text as a whole: it is not a JSON object, or has an unknown field.
    Document,
    /// `urn`
    Urn,
    /// `imei`
    Imei,
    /// `secret`
    Secret,
    /// `endpoint`
    Endpoint,
    /// `host` within `endpoint`
    Host,
    /// `path` within `endpoint`
    Path,
    /// `address`
    Address,
    /// `port`
    Port,
    /// `apn`
    Apn,
    /// `keepAliveLimit`
    KeepAliveLimit,
    /// `statusTable`
    StatusTable,
}

impl Field {
    /// Every field, in the order of declaration.
    pub const ALL: &'static [Self] = &[
        Self::Document,
        Self::Urn,
        Self::Imei,
        Self::Secret,
        Self::Endpoint,
        Self::Host,
        Self::Path,
        Self::Address,
        Self::Port,
        Self::Apn,
        Self::KeepAliveLimit,
        Self::StatusTable,
    ];

    /// The field's name in the JSON text; empty for the text as a whole.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Document => "",
            Self::Urn => "urn",
            Self::Imei => "imei",
            Self::Secret => "secret",
            Self::Endpoint => "endpoint",
            Self::Host => "host",
            Self::Path => "path",
            Self::Address => "address",
            Self::Port => "port",
            Self::Apn => "apn",
            Self::KeepAliveLimit => "keepAliveLimit",
            Self::StatusTable => "statusTable",
        }
    }
}

/// Why a configuration was refused.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Problem {
    /// The field at fault.
    pub field: Field,
    /// What is wrong with the field.
    pub reason: Error,
    /// Offset in the text after what was refused, or near it; the end if something is missing.
    pub position: usize,
}

/// The name of an outcome in the text.
const fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Accepted => "accepted",
        Outcome::Malformed => "malformed",
        Outcome::TokenRejected => "tokenRejected",
        Outcome::DeviceUnknown => "deviceUnknown",
        Outcome::RetryLater => "retryLater",
        Outcome::Refused => "refused",
    }
}

/// The endpoint that was chosen.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Choice {
    M2m,
    Internet,
    Custom,
}

/// A configuration, empty until [`load`](Self::load) has accepted a text.
///
/// At most 496 bytes on every target. Holds the secret: overwrite it before releasing the memory.
pub struct Config {
    urn: Text<{ urn::URN_MAX + 1 }>,
    secret: Text<{ token::SECRET_MAX + 1 }>,
    choice: Choice,
    host: Text<{ HOST_MAX + 1 }>,
    path: Text<{ PATH_MAX + 1 }>,
    address: Text<{ ADDRESS_MAX + 1 }>,
    port: u16,
    apn: Text<{ APN_MAX + 1 }>,
    keep_alive_limit: u16,
    statuses: StatusTable,
}

const _: () = assert!(size_of::<Config>() <= 496);

impl Config {
    /// An empty configuration.
    pub(crate) const fn new() -> Self {
        Self {
            urn: Text::new(),
            secret: Text::new(),
            choice: Choice::M2m,
            host: Text::new(),
            path: Text::new(),
            address: Text::new(),
            port: 0,
            apn: Text::new(),
            keep_alive_limit: KEEP_ALIVE_LIMIT,
            statuses: StatusTable::new(),
        }
    }

    /// Whether no text has been read.
    pub fn is_empty(&self) -> bool {
        self.urn.is_empty()
    }

    /// The secret; `None` if messages are sent without a token.
    pub fn secret(&self) -> Option<&[u8]> {
        Some(self.text(Field::Secret)).filter(|secret| !secret.is_empty())
    }

    /// The TCP port to connect to.
    pub const fn port(&self) -> u16 {
        self.port
    }

    /// Whether the connection needs TLS.
    pub const fn tls(&self) -> bool {
        matches!(self.choice, Choice::Internet)
    }

    /// The text of a field including its NUL; no bytes at all for a field that has no text.
    fn terminated(&self, field: Field) -> &[u8] {
        let text: &StringView<u8> = match field {
            Field::Urn => &self.urn,
            Field::Secret => &self.secret,
            Field::Host => &self.host,
            Field::Path => &self.path,
            Field::Address => &self.address,
            Field::Apn => &self.apn,
            _ => return &[],
        };
        text.as_bytes()
    }

    /// The text of a field, which a NUL follows; empty if there is none.
    pub fn text(&self, field: Field) -> &[u8] {
        let text = self.terminated(field).split_last();
        text.map_or(&[], |(_, text)| text)
    }

    /// How many requests one connection takes.
    pub const fn keep_alive_limit(&self) -> u16 {
        self.keep_alive_limit
    }

    /// What the response statuses mean.
    pub const fn statuses(&self) -> &StatusTable {
        &self.statuses
    }
}
