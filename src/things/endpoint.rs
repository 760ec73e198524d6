// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where messages go: the private network of KPN's SIMs, the Internet, or a host of the caller's own.
//! KPN documentation, "M2M" and "Internet" ingestion; the default port on the private network is the Device SDK's.
#![forbid(unsafe_code)]

/// Access point name of a regular KPN Things SIM, and of a SIM through Comarch. User, password and PIN are empty.
pub const APN_KPN_THINGS: &str = "kpnthings.iot";
/// Access point name of KPN Things+ (plus, M2M+), of an early-access SIM, and of a SIM through Jasper.
pub const APN_KPN_THINGS_PLUS: &str = "kpnthings2.m2m";

/// What stands in the request head, and where to connect when nothing else is configured.
///
/// The texts are bytes because custom ones come from C; what may stand in them is checked where the head is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint<'a> {
    /// Value of the `Host` header.
    pub host: &'a [u8],
    /// Path of the request.
    pub path: &'a [u8],
    /// IPv4 address or host name to connect to. A default: KPN's own examples use other addresses too.
    pub address: &'a [u8],
    /// TCP port to connect to. A default.
    pub port: u16,
    /// Whether the connection needs TLS, which the firmware brings.
    pub tls: bool,
}

/// Over a KPN SIM into the private network: plain HTTP, no DNS, `Host` is a literal dummy.
pub const M2M: Endpoint<'static> = Endpoint {
    host: b"m.m",
    path: b"/ingestion/m2m/senml/v1",
    address: b"10.151.236.157",
    port: 80,
    tls: false,
};

/// From anywhere else, over TLS.
pub const INTERNET: Endpoint<'static> = Endpoint {
    host: b"prod.dm.kpnthings.com",
    path: b"/ingestion/ip/senml/v1",
    address: b"prod.dm.kpnthings.com",
    port: 443,
    tls: true,
};

impl<'a> Endpoint<'a> {
    /// An endpoint of the caller's own: connects to `host`, port 80, without TLS, until told otherwise.
    pub const fn custom(host: &'a [u8], path: &'a [u8]) -> Self {
        Self {
            host,
            path,
            address: host,
            port: 80,
            tls: false,
        }
    }
}
