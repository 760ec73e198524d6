// SPDX-License-Identifier: MIT OR Apache-2.0
//! The TLS port: a device that trusts the certificate is served, any other is not.
#![cfg(feature = "tls")]

mod common;

use std::sync::Arc;

use common::{SECRET, Simulator, request_with, scratch, token};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring::default_provider;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::version::{TLS12, TLS13};
use tokio_rustls::rustls::{ClientConfig, RootCertStore};

const BODY: &str = r#"[{"bn":"urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:"},{"n":"temperature","u":"Cel","v":20.5}]"#;

#[test]
fn serves_the_internet_path_with_both_versions() {
    let device = format!("urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f={SECRET}");
    let certificate = scratch("certificate.pem");
    let port_file = scratch("tls-port");
    let simulator = Simulator::start_bare(&[
        "--device",
        &device,
        "--tls-listen",
        "127.0.0.1:0",
        "--tls-certificate",
        certificate.to_str().unwrap(),
        "--tls-port-file",
        port_file.to_str().unwrap(),
    ]);
    let port: u16 = std::fs::read_to_string(&port_file)
        .unwrap()
        .trim_end()
        .parse()
        .unwrap();
    let trusted = CertificateDer::from_pem_file(&certificate).unwrap();
    std::fs::remove_file(&port_file).unwrap();
    std::fs::remove_file(&certificate).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    for version in [&TLS12, &TLS13] {
        for trust in [true, false] {
            let mut roots = RootCertStore::empty();
            if trust {
                roots.add(trusted.clone()).unwrap();
            }
            let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
                .with_protocol_versions(&[version])
                .unwrap()
                .with_root_certificates(roots)
                .with_no_client_auth();
            let name = ServerName::try_from("prod.dm.kpnthings.com").unwrap();
            let answer = runtime.block_on(async {
                let stream = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let mut stream = TlsConnector::from(Arc::new(config))
                    .connect(name, stream)
                    .await
                    .ok()?;
                let token = token(BODY.as_bytes(), SECRET);
                let request = request_with("/ingestion/ip/senml/v1", &token, BODY);
                stream.write_all(&request).await.unwrap();
                let mut answer = [0; 97];
                stream.read_exact(&mut answer).await.unwrap();
                Some(answer)
            });
            assert_eq!(answer.is_some(), trust);
            if let Some(answer) = answer {
                assert!(answer.starts_with(b"HTTP/1.1 202 \r\n"));
                assert!(answer.ends_with(b"Connection: keep-alive\r\n\r\n"));
            }
        }
    }
    assert_eq!(simulator.events().len(), 2);
    for event in simulator.events() {
        assert_eq!(event["server_name"], "prod.dm.kpnthings.com");
    }
}
