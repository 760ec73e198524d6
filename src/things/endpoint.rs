// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where messages go: the private network of KPN's SIMs, the Internet, or a host of the caller's own. Source: KPN
//! documentation, "M2M" and "Internet" ingestion; the default port on the private network is that of the Device SDK.
#![forbid(unsafe_code)]

/// Access point name of a regular KPN Things SIM, and of a SIM through Comarch. User, password and PIN are empty.
pub const APN_KPN_THINGS: &str = "kpnthings.iot";
/// Access point name of KPN Things+ (plus, M2M+), of an early-access SIM, and of a SIM through Jasper.
pub const APN_KPN_THINGS_PLUS: &str = "kpnthings2.m2m";

/// What the request head contains, and where to connect unless configured otherwise.
///
/// The texts are bytes because custom ones come from C; they are checked when the head is written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Endpoint<'a> {
    /// Value of the `Host` header.
    pub host: &'a [u8],
    /// Path of the request.
    pub path: &'a [u8],
    /// IPv4 address or host name to connect to, by default: KPN's own examples use other addresses too.
    pub address: &'a [u8],
    /// TCP port to connect to, by default.
    pub port: u16,
    /// Whether the connection needs TLS, which is up to the firmware.
    pub tls: bool,
}

/// Over a KPN SIM into the private network: plain HTTP, no DNS, and a dummy as `Host`.
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
    /// A custom endpoint: connects to `host`, port 80, without TLS, unless configured otherwise.
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
