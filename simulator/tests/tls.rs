// SPDX-License-Identifier: MIT OR Apache-2.0
//! The TLS port: a device that trusts the certificate is served, any other is not; a fault ends one connection, and the next one works.
#![cfg(feature = "tls")]

mod common;

use std::io::{self, ErrorKind, Read};
use std::net::TcpStream as PlainStream;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use common::{SECRET, WithApi, is_closed, request_with, scratch, token};
use serde_json::json;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{
    AlertDescription, CertificateError, ClientConfig, Error, RootCertStore,
    SupportedProtocolVersion,
};

const DEVICE: &str = "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f";
const BODY: &str = r#"[{"bn":"urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:"},{"n":"temperature","u":"Cel","v":20.5}]"#;

/// A simulator with a port for TLS.
struct Desk {
    all: WithApi,
    port: u16,
    trusted: CertificateDer<'static>,
    runtime: Runtime,
}

impl Desk {
    fn start(more: &[&str]) -> Self {
        let device = format!("{DEVICE}={SECRET}");
        let certificate = scratch("certificate.pem");
        let port_file = scratch("tls-port");
        let mut arguments = vec![
            "--device",
            &device,
            "--tls-listen",
            "127.0.0.1:0",
            "--tls-certificate",
            certificate.to_str().unwrap(),
            "--tls-port-file",
            port_file.to_str().unwrap(),
        ];
        arguments.extend(more);
        let all = WithApi::start_bare(&arguments);
        let port = std::fs::read_to_string(&port_file).unwrap();
        let trusted = CertificateDer::from_pem_file(&certificate).unwrap();
        std::fs::remove_file(&port_file).unwrap();
        std::fs::remove_file(&certificate).unwrap();
        Self {
            all,
            port: port.trim_end().parse().unwrap(),
            trusted,
            runtime: tokio::runtime::Builder::new_current_thread()
                .enable_all()
                .build()
                .unwrap(),
        }
    }

    /// Sends a message, and reads its answer, or all that comes until the end.
    fn send(
        &self,
        version: &'static SupportedProtocolVersion,
        trust: bool,
        to_the_end: bool,
    ) -> (Vec<u8>, io::Result<()>) {
        let mut roots = RootCertStore::empty();
        if trust {
            roots.add(self.trusted.clone()).unwrap();
        }
        let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
            .with_protocol_versions(&[version])
            .unwrap()
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from("prod.dm.kpnthings.com").unwrap();
        let mut answer = Vec::new();
        let exchange = async {
            let stream = TcpStream::connect(("127.0.0.1", self.port)).await?;
            let mut stream = TlsConnector::from(Arc::new(config))
                .connect(name, stream)
                .await?;
            let token = token(BODY.as_bytes(), SECRET);
            let request = request_with("/ingestion/ip/senml/v1", &token, BODY);
            stream.write_all(&request).await?;
            while to_the_end || !answer.ends_with(b"\r\n\r\n") {
                if stream.read_buf(&mut answer).await? == 0 {
                    break;
                }
            }
            Ok(())
        };
        let limited = async { tokio::time::timeout(Duration::from_secs(20), exchange).await };
        let result = self.runtime.block_on(limited).expect("an end");
        (answer, result)
    }

    fn served(&self, version: &'static SupportedProtocolVersion) {
        let (answer, result) = self.send(version, true, false);
        result.unwrap();
        assert!(answer.starts_with(b"HTTP/1.1 202 \r\n"));
        assert!(answer.ends_with(b"Connection: keep-alive\r\n\r\n"));
    }

    fn set_fault(&self, fault: &str) {
        let faults = json!({"faults": [{"fault": fault}]});
        let (status, answer) = self.all.send("PUT", "/api/v1/faults", &faults);
        assert_eq!(status, 200, "{answer}");
    }

    fn messages(&self) -> usize {
        self.all.simulator.events().len()
    }
}

#[test]
fn serves_the_internet_path_with_both_versions() {
    let desk = Desk::start(&[]);
    for version in [&TLS12, &TLS13] {
        desk.served(version);
        let (answer, result) = desk.send(version, false, false);
        assert!(answer.is_empty());
        let error = result.unwrap_err();
        assert!(matches!(
            tls_error(&error),
            Some(Error::InvalidCertificate(CertificateError::UnknownIssuer))
        ));
    }
    assert_eq!(desk.messages(), 2);
    for event in desk.all.simulator.events() {
        assert_eq!(event["server_name"], "prod.dm.kpnthings.com");
    }
}

/// What TLS says is wrong.
fn tls_error(error: &io::Error) -> Option<&Error> {
    error.get_ref()?.downcast_ref()
}

/// Whether an error is what a fault is to lead to.
type Fits = fn(&io::Error) -> bool;

fn is_cut(error: &io::Error) -> bool {
    error.kind() == ErrorKind::UnexpectedEof
}

fn has_wrong_name(error: &io::Error) -> bool {
    use CertificateError::{NotValidForName, NotValidForNameContext};
    let Some(Error::InvalidCertificate(wrong)) = tls_error(error) else {
        return false;
    };
    matches!(wrong, NotValidForName | NotValidForNameContext { .. })
}

fn has_expired(error: &io::Error) -> bool {
    use CertificateError::{Expired, ExpiredContext};
    let Some(Error::InvalidCertificate(wrong)) = tls_error(error) else {
        return false;
    };
    matches!(wrong, Expired | ExpiredContext { .. })
}

fn is_from_nobody(error: &io::Error) -> bool {
    matches!(
        tls_error(error),
        Some(Error::InvalidCertificate(CertificateError::UnknownIssuer))
    )
}

#[test]
fn each_fault_ends_one_connection_and_the_next_is_served() {
    let faults: [(&str, Fits); 11] = [
        ("tls-silent", is_cut),
        ("tls-cut=0", is_cut),
        ("tls-cut=100", is_cut),
        // Longer than all of the handshake.
        ("tls-cut=1000000", is_cut),
        ("tls-alert=40", |error| {
            let wanted = Error::AlertReceived(AlertDescription::HandshakeFailure);
            tls_error(error) == Some(&wanted)
        }),
        ("tls-old-version", |error| {
            matches!(tls_error(error), Some(Error::PeerIncompatible(_)))
        }),
        ("tls-expired", has_expired),
        ("tls-other-name", has_wrong_name),
        ("tls-self-signed", is_from_nobody),
        ("tls-unknown-ca", is_from_nobody),
        ("tls-reset", |error| {
            error.kind() == ErrorKind::ConnectionReset
        }),
    ];
    let desk = Desk::start(&["--read-timeout", "1"]);
    for version in [&TLS12, &TLS13] {
        for (fault, fits) in faults {
            let before = desk.messages();
            desk.set_fault(&format!("{fault},times=1"));
            let (answer, result) = desk.send(version, true, false);
            let error = result.expect_err(fault);
            assert!(fits(&error), "{fault}: {error:?}");
            assert!(answer.is_empty());
            assert_eq!(desk.messages(), before, "{fault}: it was taken");
            let (_, list) = desk.all.get("/api/v1/faults");
            assert_eq!(list["faults"][0]["applied"], 1);
            desk.served(version);
        }
    }
}

#[test]
fn an_end_without_close_notify_comes_after_the_whole_answer() {
    let desk = Desk::start(&["--fault", "tls-no-close-notify,times=1"]);
    let (answer, result) = desk.send(&TLS13, true, true);
    assert!(is_cut(&result.unwrap_err()));
    assert!(answer.starts_with(b"HTTP/1.1 202 \r\n"));
    assert!(answer.ends_with(b"Connection: close\r\n\r\n"));
    assert_eq!(desk.all.simulator.event()["accepted"], true);
    // As it should be: the simulator closes, and says so.
    desk.set_fault("early-answer=413,times=1");
    let (answer, result) = desk.send(&TLS13, true, true);
    result.unwrap();
    assert!(answer.starts_with(b"HTTP/1.1 413 \r\n"));
    desk.served(&TLS12);
}

#[test]
fn a_fault_of_tls_needs_tls_and_knows_no_device() {
    let desk = Desk::start(&[]);
    let put = |all: &WithApi, fault: serde_json::Value| {
        let (status, answer) = all.send("PUT", "/api/v1/faults", &json!({"faults": [fault]}));
        (status, answer["error"].to_string())
    };
    let (status, error) = put(&desk.all, json!({"fault": "tls-expired", "device": DEVICE}));
    assert_eq!(status, 422);
    assert!(
        error.contains("there is none yet in a TLS handshake"),
        "{error}"
    );
    let without = WithApi::start(&[]);
    let (status, error) = put(&without, json!({"fault": "tls-reset"}));
    assert_eq!(status, 422);
    assert!(error.contains("--tls-listen"), "{error}");
    let refused = Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .args(["--listen", "127.0.0.1:0", "--fault", "tls-reset"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(refused.status.code(), Some(2));
    let said = String::from_utf8_lossy(&refused.stderr).into_owned();
    assert!(said.contains("--tls-listen"), "{said}");
}

#[test]
fn a_handshake_that_is_not_begun_gives_way() {
    let desk = Desk::start(&["--max-connections", "2"]);
    let connect = || {
        let stream = PlainStream::connect(("127.0.0.1", desk.port)).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    };
    let mut crowd: Vec<_> = (0..4).map(|_| connect()).collect();
    for first in &mut crowd[..2] {
        assert!(is_closed(first));
    }
    desk.served(&TLS13);
    assert!(is_closed(&mut crowd[2]));
    // A plain request is none of TLS: it is answered with an alert.
    let mut last = connect();
    io::Write::write_all(&mut last, b"POST / HTTP/1.1\r\n\r\n").unwrap();
    let mut answer = Vec::new();
    last.read_to_end(&mut answer).unwrap();
    assert_eq!(answer.first(), Some(&21), "{answer:?}");
}
