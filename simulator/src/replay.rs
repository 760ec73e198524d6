// SPDX-License-Identifier: MIT OR Apache-2.0
//! `replay`: sends what devices once sent, and compares what is answered now with what was answered then.

use std::io::{self, Read, Write};
use std::net::{TcpStream, ToSocketAddrs};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use clap::Args;
use serde::Deserialize;

/// The longest time that a request or its answer may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest head of an answer.
const HEAD_MAX: usize = 64 << 10;

/// Sends recorded requests again and compares the statuses of the answers
#[derive(Debug, Args)]
pub struct Replay {
    /// HTTP archive, as from GET /api/v1/messages.har
    #[arg(value_name = "FILE")]
    file: PathBuf,

    /// A simulator, or the platform if it can be reached without TLS
    #[arg(long, value_name = "HOST:PORT")]
    to: String,
}

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

#[derive(Deserialize)]
struct Entry {
    request: Request,
    response: Response,
    /// The request byte for byte, which other programs do not record.
    #[serde(rename = "_request")]
    bytes: Option<String>,
    #[serde(rename = "_fault")]
    fault: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Request {
    method: String,
    url: String,
    headers: Vec<Header>,
    post_data: Option<PostData>,
    body_size: i64,
}

#[derive(Deserialize)]
struct Header {
    name: String,
    value: String,
}

#[derive(Deserialize)]
struct PostData {
    #[serde(default)]
    text: String,
}

#[derive(Deserialize)]
struct Response {
    status: u16,
}

/// Runs it: 0 if all answers are as recorded, 1 if any differs.
pub fn run(arguments: &Replay) -> Result<ExitCode, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", arguments.file.display());
    let text = std::fs::read_to_string(&arguments.file).map_err(|error| named(&error))?;
    let archive: Archive = serde_json::from_str(&text).map_err(|error| named(&error))?;
    let (mut same, mut different, mut left_out) = (0_usize, 0_usize, 0_usize);
    let mut output = io::stdout();
    let written = |error: io::Error| format!("standard output: {error}");
    for (entry, number) in archive.log.entries.iter().zip(1_usize..) {
        let Some(request) = entry.bytes().filter(|_| entry.is_comparable()) else {
            left_out += 1;
            continue;
        };
        let then = entry.response.status;
        let now = exchange(&arguments.to, &request)
            .map_err(|error| format!("{}, request {number}: {error}", arguments.to))?;
        if now == then {
            same += 1;
        } else {
            different += 1;
            let what = format!("{} {}", entry.request.method, entry.request.url);
            writeln!(output, "request {number}, {what}: {then} then, {now} now")
                .map_err(written)?;
        }
    }
    writeln!(
        output,
        "{same} answered as they were, {different} otherwise, {left_out} left out"
    )
    .map_err(written)?;
    Ok(ExitCode::from(u8::from(different > 0)))
}

impl Entry {
    /// An answer to a complete request, without a deliberate fault.
    fn is_comparable(&self) -> bool {
        self.response.status != 0 && self.fault.is_none() && !self.request.method.is_empty()
    }

    /// The request as it was sent, or as it may have been; `None` if its end is missing.
    fn bytes(&self) -> Option<Vec<u8>> {
        let body = self
            .request
            .post_data
            .as_ref()
            .map(|data| &*data.text)
            .unwrap_or_default();
        if let Some(bytes) = &self.bytes {
            let bytes = STANDARD.decode(bytes).ok()?;
            let length = usize::try_from(self.request.body_size).unwrap_or(0);
            let head = bytes.len().checked_sub(length)?;
            let ends = [&b"\r\n\r\n"[..], b"\n\n"];
            return ends
                .iter()
                .any(|end| bytes.get(..head).is_some_and(|head| head.ends_with(end)))
                .then_some(bytes);
        }
        let behind = self
            .request
            .url
            .split_once("://")
            .map_or(&*self.request.url, |(_, rest)| rest);
        let path = behind
            .find('/')
            .and_then(|at| behind.get(at..))
            .unwrap_or("/");
        let mut head = format!("{} {path} HTTP/1.1\r\n", self.request.method);
        for header in &self.request.headers {
            head.push_str(&format!("{}: {}\r\n", header.name, header.value));
        }
        Some([head.as_bytes(), b"\r\n", body.as_bytes()].concat())
    }
}

/// Sends a request on its own connection and returns the status of the final answer.
fn exchange(to: &str, request: &[u8]) -> Result<u16, String> {
    let text = |error: io::Error| error.to_string();
    let address = to
        .to_socket_addrs()
        .map_err(text)?
        .next()
        .ok_or("no address")?;
    let mut stream = TcpStream::connect_timeout(&address, PATIENCE).map_err(text)?;
    stream.set_read_timeout(Some(PATIENCE)).map_err(text)?;
    stream.set_write_timeout(Some(PATIENCE)).map_err(text)?;
    stream.write_all(request).map_err(text)?;
    loop {
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && !head.ends_with(b"\n\n") {
            stream.read_exact(&mut byte).map_err(text)?;
            head.push(byte[0]);
            if head.len() > HEAD_MAX {
                return Err("the head of the answer is too long".to_owned());
            }
        }
        let digits = head
            .strip_prefix(b"HTTP/1.1 ")
            .and_then(|rest| rest.get(..3));
        let status = digits
            .and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok())
            .ok_or("the answer is no HTTP/1.1")?;
        // 1xx is not the answer yet.
        if status >= 200 {
            return Ok(status);
        }
    }
}
