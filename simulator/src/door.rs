// SPDX-License-Identifier: MIT OR Apache-2.0
//! Ports, and how each reports that it is open.

use std::fmt;
use std::net::SocketAddr;
use std::path::Path;

use tokio::net::TcpListener;

use crate::arguments::Arguments;
use crate::http::Security;

/// A port that is open, and the line that says so.
pub struct Door {
    pub listener: TcpListener,
    pub address: SocketAddr,
    label: &'static str,
    pub security: Security,
}

impl Door {
    /// Opens a port.
    pub async fn open(
        wanted: &str,
        label: &'static str,
        security: Security,
    ) -> Result<Self, String> {
        let failed = |error| format!("cannot listen on {wanted}: {error}");
        let listener = TcpListener::bind(wanted).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        Ok(Self {
            listener,
            address,
            label,
            security,
        })
    }

    /// Writes its number to a file.
    pub fn write_port(&self, path: &Path) -> Result<(), String> {
        // Renamed into place, so that a program waiting for the file never reads an empty one.
        let mut unfinished = path.as_os_str().to_owned();
        unfinished.push(".new");
        std::fs::write(&unfinished, format!("{}\n", self.address.port()))
            .and_then(|()| std::fs::rename(&unfinished, path))
            .map_err(|error| format!("{}: {error}", path.display()))
    }
}

impl fmt::Display for Door {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{} {}", self.label, self.address)
    }
}

#[cfg(not(feature = "tls"))]
/// The port with TLS, if it is wanted.
pub async fn tls(_arguments: &Arguments) -> Result<Option<Door>, String> {
    Ok(None)
}

#[cfg(feature = "tls")]
/// The port with TLS, if it is wanted.
pub async fn tls(arguments: &Arguments) -> Result<Option<Door>, String> {
    let Some(wanted) = &arguments.tls_listen else {
        return Ok(None);
    };
    let names = if arguments.tls_name.is_empty() {
        crate::tls::NAMES.map(str::to_owned).to_vec()
    } else {
        arguments.tls_name.clone()
    };
    let (tls, certificate) = crate::tls::Tls::new(&names)?;
    if let Some(path) = &arguments.tls_certificate {
        std::fs::write(path, certificate)
            .map_err(|error| format!("{}: {error}", path.display()))?;
    }
    let door = Door::open(
        wanted,
        "listening with TLS on",
        Security::Tls(std::sync::Arc::new(tls)),
    )
    .await?;
    if let Some(path) = &arguments.tls_port_file {
        door.write_port(path)?;
    }
    Ok(Some(door))
}
