// SPDX-License-Identifier: MIT OR Apache-2.0
//! Sends a request byte for byte and reads its answer, each on its own connection, over TLS if wanted.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::time::{Duration, Instant};

use super::Replay;

/// The longest silence of the other end.
const PATIENCE: Duration = Duration::from_secs(10);

/// The longest time for an answer.
const ANSWER: Duration = Duration::from_secs(60);

/// The longest head of an answer.
const HEAD_MAX: u64 = 64 << 10;

/// The longest body of an answer.
const BODY_MAX: u64 = 16 << 20;

/// Where requests go.
pub struct Target {
    to: String,
    #[cfg(feature = "tls")]
    tls: Option<tls::Client>,
}

/// The final answer to a request.
pub struct Answer {
    pub status: u16,
    fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

/// The result of a request.
pub struct Exchanged {
    /// The answer, or why there is none.
    pub answer: Result<Answer, String>,
    /// Address and port that the request came from.
    pub from: String,
}

impl Answer {
    /// The value of a field.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut fields = self.fields.iter();
        let (_, value) = fields.find(|(field, _)| field.eq_ignore_ascii_case(name))?;
        Some(value)
    }
}

impl Target {
    pub fn new(arguments: &Replay) -> Result<Self, String> {
        Ok(Self {
            to: arguments.to.clone(),
            #[cfg(feature = "tls")]
            tls: match arguments.tls {
                true => Some(tls::Client::new(arguments)?),
                false => None,
            },
        })
    }

    /// Sends a request. An error if there is no connection, or if its certificate is wrong.
    pub fn exchange(&self, request: &[u8]) -> Result<Exchanged, String> {
        let text = |error: io::Error| error.to_string();
        let address = self
            .to
            .to_socket_addrs()
            .map_err(text)?
            .next()
            .ok_or("no address")?;
        let stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(text)?;
        stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
        stream.set_write_timeout(Some(PATIENCE)).map_err(text)?;
        let from = stream.local_addr().map_err(text)?.to_string();
        #[cfg(feature = "tls")]
        let answer = match &self.tls {
            Some(tls) => ask(tls.connect(stream)?, request),
            None => ask(stream, request),
        };
        #[cfg(not(feature = "tls"))]
        let answer = ask(stream, request);
        Ok(Exchanged { answer, from })
    }
}

/// A stream that can be read until this moment.
struct Until<S>(S, Instant);

impl<S: Read> Read for Until<S> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if Instant::now() > self.1 {
            return Err(io::ErrorKind::TimedOut.into());
        }
        self.0.read(buf)
    }
}

fn ask(mut stream: impl Read + Write, request: &[u8]) -> Result<Answer, String> {
    // An answer that came before a write failed is read too.
    let sent = stream.write_all(request).and_then(|()| stream.flush());
    let stream = Until(stream, Instant::now() + ANSWER);
    let is_head = request.starts_with(b"HEAD ");
    read(&mut BufReader::new(stream), is_head)
        .map_err(|error| sent.err().map_or(error, |sent| sent.to_string()))
}

fn read(stream: &mut impl BufRead, is_head: bool) -> Result<Answer, String> {
    loop {
        let (status, fields) = head(stream)?;
        let mut answer = Answer {
            status,
            fields,
            body: Vec::new(),
        };
        // 1xx is not the answer yet.
        if status >= 200 {
            if !is_head && status != 204 && status != 304 {
                answer.body = body(stream, &answer)?;
            }
            return Ok(answer);
        }
    }
}

fn line(stream: &mut impl BufRead, room: &mut u64) -> Result<String, String> {
    let mut line = Vec::new();
    let read = stream
        .take(*room)
        .read_until(b'\n', &mut line)
        .map_err(|error| error.to_string())?;
    *room -= read as u64;
    match line.strip_suffix(b"\n") {
        Some(line) => {
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            Ok(String::from_utf8_lossy(line).into_owned())
        }
        None if *room == 0 => Err("the head of the answer is too long".to_owned()),
        None => Err("the connection ended before the answer did".to_owned()),
    }
}

fn head(stream: &mut impl BufRead) -> Result<(u16, Vec<(String, String)>), String> {
    let mut room = HEAD_MAX;
    let first = line(stream, &mut room)?;
    let status = first
        .strip_prefix("HTTP/1.1 ")
        .and_then(|rest| rest.get(..3)?.parse().ok())
        .ok_or("the answer is no HTTP/1.1")?;
    let mut fields = Vec::new();
    loop {
        let line = line(stream, &mut room)?;
        if line.is_empty() {
            return Ok((status, fields));
        }
        if let Some((name, value)) = line.split_once(':') {
            fields.push((name.to_owned(), value.trim().to_owned()));
        }
    }
}

fn body(stream: &mut impl BufRead, answer: &Answer) -> Result<Vec<u8>, String> {
    let coding = answer.field("Transfer-Encoding");
    if coding.is_some_and(|coding| coding.eq_ignore_ascii_case("chunked")) {
        return chunks(stream);
    }
    let length = match answer.field("Content-Length") {
        Some(length) => Some(length.parse().map_err(|_| "Content-Length is no number")?),
        None => None,
    };
    let mut body = Vec::new();
    let most = BODY_MAX + 1;
    stream
        .take(length.map_or(most, |length: u64| length.min(most)))
        .read_to_end(&mut body)
        .map_err(|error| error.to_string())?;
    match length {
        _ if body.len() as u64 == most => Err("the body of the answer is too long".to_owned()),
        Some(length) if length != body.len() as u64 => {
            Err(format!("{} of {length} bytes of the body came", body.len()))
        }
        _ => Ok(body),
    }
}

/// RFC 9112 section 7.1.
fn chunks(stream: &mut impl BufRead) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    loop {
        let size = line(stream, &mut { HEAD_MAX })?;
        let digits = size.split(';').next().unwrap_or_default().trim();
        let size = u64::from_str_radix(digits, 16).map_err(|_| "a chunk has no length")?;
        if body.len() as u64 + size > BODY_MAX {
            return Err("the body of the answer is too long".to_owned());
        }
        let read = stream
            .take(size)
            .read_to_end(&mut body)
            .map_err(|error| error.to_string())?;
        if read as u64 != size {
            return Err("the connection ended in a chunk".to_owned());
        }
        // After the last chunk come trailers, up to an empty line.
        while !line(stream, &mut { HEAD_MAX })?.is_empty() {
            if size != 0 {
                return Err("a chunk is longer than it says".to_owned());
            }
        }
        if size == 0 {
            return Ok(body);
        }
    }
}

#[cfg(feature = "tls")]
mod tls {
    use std::net::TcpStream;
    use std::path::Path;
    use std::sync::Arc;

    use tokio_rustls::rustls::crypto::ring::default_provider;
    use tokio_rustls::rustls::pki_types::pem::PemObject;
    use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
    use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};

    use super::Replay;

    /// The settings of TLS connections.
    pub struct Client {
        config: Arc<ClientConfig>,
        name: ServerName<'static>,
    }

    impl Client {
        pub fn new(arguments: &Replay) -> Result<Self, String> {
            let host = arguments
                .to
                .rsplit_once(':')
                .map_or(&*arguments.to, |(host, _)| host);
            let host = host.trim_start_matches('[').trim_end_matches(']');
            let name = arguments.name.as_deref().unwrap_or(host).to_owned();
            let name = ServerName::try_from(name.clone())
                .map_err(|error| format!("--name {name}: {error}"))?;
            let roots = match &arguments.ca {
                Some(path) => of_file(path)?,
                None => of_system()?,
            };
            let config = ClientConfig::builder_with_provider(Arc::new(default_provider()))
                .with_safe_default_protocol_versions()
                .map_err(|error| format!("TLS cannot be set up: {error}"))?
                .with_root_certificates(roots)
                .with_no_client_auth();
            Ok(Self {
                config: Arc::new(config),
                name,
            })
        }

        /// A connection with a correct certificate.
        pub fn connect(
            &self,
            mut stream: TcpStream,
        ) -> Result<StreamOwned<ClientConnection, TcpStream>, String> {
            let mut connection = ClientConnection::new(Arc::clone(&self.config), self.name.clone())
                .map_err(|error| error.to_string())?;
            while connection.is_handshaking() {
                connection
                    .complete_io(&mut stream)
                    .map_err(|error| format!("TLS: {error}"))?;
            }
            Ok(StreamOwned::new(connection, stream))
        }
    }

    fn of_file(path: &Path) -> Result<RootCertStore, String> {
        let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(path).map_err(|error| named(&error))? {
            let certificate = certificate.map_err(|error| named(&error))?;
            roots.add(certificate).map_err(|error| named(&error))?;
        }
        if roots.is_empty() {
            return Err(named(&"there is no certificate in it"));
        }
        Ok(roots)
    }

    fn of_system() -> Result<RootCertStore, String> {
        let found = rustls_native_certs::load_native_certs();
        let mut roots = RootCertStore::empty();
        let (added, _) = roots.add_parsable_certificates(found.certs);
        match added {
            0 => Err("this system trusts no authority: --ca names some".to_owned()),
            _ => Ok(roots),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(mut bytes: &[u8]) -> Result<Answer, String> {
        read(&mut bytes, false)
    }

    #[test]
    fn reads_answers_of_each_framing() {
        for (answer, body) in [
            ("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[]more", "[]"),
            (
                "HTTP/1.1 103 \r\n\r\nHTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n",
                "",
            ),
            ("HTTP/1.1 204\r\n\r\nmore", ""),
            ("HTTP/1.1 200 \n\nuntil the end", "until the end"),
            (
                "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1\r\n1;x=y\r\n]\r\n0\r\nX: y\r\n\r\n",
                "[1]",
            ),
        ] {
            let read = whole(answer.as_bytes()).unwrap();
            assert_eq!(String::from_utf8(read.body).unwrap(), body, "{answer}");
        }
        for wrong in [
            "",
            "HTTP/1.0 200 OK\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n[",
            "HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n",
            "HTTP/1.1 200 OK\r\nContent-Length: 99999999999\r\n\r\n[]",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[1]\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n[1",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
            "HTTP/1.1 103 \r\n\r\n",
        ] {
            assert!(whole(wrong.as_bytes()).is_err(), "{wrong}");
        }
    }
}
