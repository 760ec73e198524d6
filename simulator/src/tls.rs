// SPDX-License-Identifier: MIT OR Apache-2.0
//! TLS as on the Internet path, with self-made certificates: a correct one, and those that faults present.

use std::sync::Arc;

use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose,
    date_time_ymd,
};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring::{Ticketer, default_provider};
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};

use crate::fault::Tls as Fault;

/// Default names of the certificate: the host of the Internet path, and this machine.
pub const NAMES: [&str; 3] = ["prod.dm.kpnthings.com", "localhost", "127.0.0.1"];

/// The host of the certificate that is for a different host.
const OTHER_NAME: &str = "other.example";

/// One acceptor for each certificate.
pub struct Tls {
    right: TlsAcceptor,
    expired: TlsAcceptor,
    other_name: TlsAcceptor,
    self_signed: TlsAcceptor,
    unknown_ca: TlsAcceptor,
}

impl Tls {
    /// Makes an authority and certificates for `names`; returns the authority's certificate in PEM too, for devices to trust.
    pub fn new(names: &[String]) -> Result<(Self, String), String> {
        let known = authority("kpn-things-simulator")?;
        let unknown = authority("unknown authority")?;
        let key = KeyPair::generate().map_err(not_made)?;
        let signed = |params: CertificateParams, authority: &CertifiedIssuer<'_, KeyPair>| {
            let certificate = params.signed_by(&key, authority).map_err(not_made)?;
            acceptor(certificate.der(), &key)
        };
        let mut expired = leaf(names)?;
        expired.not_before = date_time_ymd(2019, 1, 1);
        expired.not_after = date_time_ymd(2020, 1, 1);
        let self_signed = leaf(names)?.self_signed(&key).map_err(not_made)?;
        let tls = Self {
            right: signed(leaf(names)?, &known)?,
            expired: signed(expired, &known)?,
            other_name: signed(leaf(&[OTHER_NAME.to_owned()])?, &known)?,
            self_signed: acceptor(self_signed.der(), &key)?,
            unknown_ca: signed(leaf(names)?, &unknown)?,
        };
        Ok((tls, known.pem()))
    }

    /// The acceptor for a connection with this fault.
    pub const fn acceptor(&self, fault: Option<Fault>) -> &TlsAcceptor {
        match fault {
            Some(Fault::Expired) => &self.expired,
            Some(Fault::OtherName) => &self.other_name,
            Some(Fault::SelfSigned) => &self.self_signed,
            Some(Fault::UnknownCa) => &self.unknown_ca,
            _ => &self.right,
        }
    }
}

fn not_made(error: rcgen::Error) -> String {
    format!("no certificate could be made: {error}")
}

/// An authority with this name.
fn authority(name: &str) -> Result<CertifiedIssuer<'static, KeyPair>, String> {
    let mut params = CertificateParams::default();
    params.distinguished_name.push(DnType::CommonName, name);
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    KeyPair::generate()
        .and_then(|key| CertifiedIssuer::self_signed(params, key))
        .map_err(not_made)
}

/// A certificate for these hosts.
fn leaf(names: &[String]) -> Result<CertificateParams, String> {
    let mut params = CertificateParams::new(names).map_err(not_made)?;
    let name = names.first().map_or("", String::as_str);
    params.distinguished_name.push(DnType::CommonName, name);
    params.use_authority_key_identifier_extension = true;
    Ok(params)
}

/// An acceptor that presents this certificate.
fn acceptor(certificate: &CertificateDer<'static>, key: &KeyPair) -> Result<TlsAcceptor, String> {
    let key = PrivateKeyDer::try_from(key.serialize_der())
        .map_err(|error| format!("the key cannot be used: {error}"))?;
    let mut config = ServerConfig::builder_with_provider(Arc::new(default_provider()))
        .with_safe_default_protocol_versions()
        .and_then(|builder| {
            builder
                .with_no_client_auth()
                .with_single_cert(vec![certificate.clone()], key)
        })
        .map_err(|error| format!("TLS cannot be set up: {error}"))?;
    // Session tickets, so that devices can resume, as behind the usual load balancers.
    config.ticketer =
        Ticketer::new().map_err(|error| format!("no tickets can be made: {error}"))?;
    Ok(TlsAcceptor::from(Arc::new(config)))
}
