// SPDX-License-Identifier: MIT OR Apache-2.0
//! TLS as on the Internet path, with a self-made certificate.

use std::sync::Arc;

use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::{Ticketer, default_provider};
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// Default names of the certificate: the host of the Internet path, and this machine.
pub const NAMES: [&str; 3] = ["prod.dm.kpnthings.com", "localhost", "127.0.0.1"];

/// Makes a self-signed certificate for `names`; returns what accepts connections, and the
/// certificate in PEM for devices to trust.
pub fn acceptor(names: Vec<String>) -> Result<(TlsAcceptor, String), String> {
    let certified = rcgen::generate_simple_self_signed(names)
        .map_err(|error| format!("no certificate could be made: {error}"))?;
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der())
        .map_err(|error| format!("the key cannot be used: {error}"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![certified.cert.der().clone()], key)
        })
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    // Session tickets, so that devices can resume, as behind the usual load balancers.
    config.ticketer =
        Ticketer::new().map_err(|error| format!("no tickets can be made: {error}"))?;
    Ok((TlsAcceptor::from(Arc::new(config)), certified.cert.pem()))
}
