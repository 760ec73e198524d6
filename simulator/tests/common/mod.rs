// SPDX-License-Identifier: MIT OR Apache-2.0
//! Runs the real program on a free port and talks to it over plain sockets.
#![allow(dead_code, reason = "each test file uses its own part")]

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde_json::Value;
use sha2::{Digest, Sha256};

pub const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
/// The device of KPN's documentation, on which its published tokens depend; the check digit of its IMEI is wrong.
pub const URN: &str = "urn:dev:IMEI:123456789012345";
/// Both, as an argument.
pub const DEVICE: &str = "urn:dev:IMEI:123456789012345=0123456789abcdefghijklmnopqrstuvwxyzABCD";
pub const PATH: &str = "/ingestion/m2m/senml/v1";
pub const BODY: &str = r#"[{"bn":"urn:dev:IMEI:123456789012345:","bt":1585650750},{"n":"temperature","u":"Cel","v":20.5}]"#;
pub const BODY_TOKEN: &str = "bb9d62f938ab3d05655e214e68c4e1a5a1a1d9cb4513691d430030e2ea8de8e2";

static NEXT: AtomicU32 = AtomicU32::new(0);

/// A separate path for each caller.
pub fn scratch(name: &str) -> PathBuf {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    PathBuf::from(env!("CARGO_TARGET_TMPDIR"))
        .join(format!("{}-{number}-{name}", std::process::id()))
}

/// A running simulator; it is killed when this is dropped, and otherwise ends after 30 seconds.
pub struct Simulator {
    pub child: Child,
    pub address: String,
    log: PathBuf,
}

impl Simulator {
    /// With the usual device.
    pub fn start(more: &[&str]) -> Self {
        Self::start_bare(&[&["--device", DEVICE], more].concat())
    }

    pub fn start_bare(more: &[&str]) -> Self {
        let log = scratch("log.jsonl");
        let mut child = Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
            .args([
                "--listen",
                "127.0.0.1:0",
                "--max-seconds",
                "30",
                "--json-log",
            ])
            .arg(&log)
            .args(more)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap())
            .read_line(&mut line)
            .unwrap();
        let address = line
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("first line is {line:?}"))
            .trim_end()
            .to_owned();
        Self {
            child,
            address,
            log,
        }
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(&self.address).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
            .set_write_timeout(Some(Duration::from_secs(10)))
            .unwrap();
        stream
    }

    /// All messages so far.
    pub fn events(&self) -> Vec<Value> {
        let text = std::fs::read_to_string(&self.log).unwrap();
        // A line without a line end is still being written.
        text.split_inclusive('\n')
            .filter(|line| line.ends_with('\n'))
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// The last message.
    pub fn event(&self) -> Value {
        self.events().pop().expect("an event")
    }

    /// The message with this number, from 1. Anything that is not a request is logged after its answer has been sent.
    pub fn event_number(&self, number: usize) -> Value {
        let end = Instant::now() + Duration::from_secs(10);
        loop {
            if let Some(event) = self.events().get(number - 1) {
                return event.clone();
            }
            assert!(Instant::now() < end, "no message {number} in the log");
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Sends one request on its own connection and returns the whole answer.
    pub fn exchange(&self, request: &[u8]) -> Answer {
        let mut stream = self.connect();
        stream.write_all(request).unwrap();
        read_answer(&mut stream)
    }

    /// Waits for the program to end.
    pub fn wait(&mut self) -> i32 {
        let end = Instant::now() + Duration::from_secs(10);
        while Instant::now() < end {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code().unwrap_or(-1);
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("the program did not end");
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_file(&self.log);
    }
}

/// An answer as it arrived.
#[derive(Debug, Clone, PartialEq)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (field, value) = line.split_once(": ")?;
            field.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

/// Reads one answer and not a byte more.
pub fn read_answer(stream: &mut TcpStream) -> Answer {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") {
        stream
            .read_exact(&mut byte)
            .unwrap_or_else(|error| panic!("{error} after {:?}", String::from_utf8_lossy(&head)));
        head.push(byte[0]);
    }
    let head = String::from_utf8(head).unwrap();
    let status = head[9..12].parse().unwrap();
    let mut answer = Answer {
        status,
        head,
        body: Vec::new(),
    };
    let length: usize = answer
        .header("Content-Length")
        .map_or(0, |length| length.parse().unwrap());
    answer.body.resize(length, 0);
    stream.read_exact(&mut answer.body).unwrap();
    answer
}

/// Whether the other end closes the connection without another byte.
pub fn is_closed(stream: &mut TcpStream) -> bool {
    matches!(stream.read(&mut [0]), Ok(0))
}

pub fn token(body: &[u8], secret: &str) -> String {
    Sha256::new()
        .chain_update(body)
        .chain_update(secret)
        .finalize()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect()
}

/// A request as in the documentation.
pub fn request(body: &str) -> Vec<u8> {
    request_with(PATH, &token(body.as_bytes(), SECRET), body)
}

pub fn request_with(path: &str, token: &str, body: &str) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: m.m\r\nThings-Message-Token: {token}\r\n\
         Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A simulator with its API.
pub struct WithApi {
    pub simulator: Simulator,
    pub api: String,
    pub token: Option<String>,
}

impl WithApi {
    /// With the usual device.
    pub fn start(more: &[&str]) -> Self {
        Self::start_bare(&[&["--device", DEVICE], more].concat())
    }

    pub fn start_bare(more: &[&str]) -> Self {
        let file = scratch("api-port");
        let mut arguments = vec!["--api", "127.0.0.1:0", "--api-port-file"];
        arguments.push(file.to_str().unwrap());
        arguments.extend(more);
        let simulator = Simulator::start_bare(&arguments);
        let port = std::fs::read_to_string(&file).unwrap();
        std::fs::remove_file(&file).unwrap();
        Self {
            simulator,
            api: format!("127.0.0.1:{}", port.trim_end()),
            token: None,
        }
    }

    /// A connection on which a request has been sent.
    pub fn ask(&self, method: &str, path: &str, fields: &str, body: &[u8]) -> TcpStream {
        let mut stream = TcpStream::connect(&self.api).unwrap();
        stream
            .set_read_timeout(Some(Duration::from_secs(20)))
            .unwrap();
        let token = self
            .token
            .as_ref()
            .map(|token| format!("Authorization: Bearer {token}\r\n"))
            .unwrap_or_default();
        let host = if fields.contains("Host:") {
            String::new()
        } else {
            format!("Host: {}\r\n", self.api)
        };
        let head = format!(
            "{method} {path} HTTP/1.1\r\n{host}{token}Connection: close\r\n{fields}Content-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body).unwrap();
        stream
    }

    /// The status, and the body as JSON.
    pub fn call_with(&self, method: &str, path: &str, fields: &str, body: &[u8]) -> (u16, Value) {
        let answer = read_answer(&mut self.ask(method, path, fields, body));
        let body = if answer.body.is_empty() {
            Value::Null
        } else {
            serde_json::from_slice(&answer.body).unwrap()
        };
        (answer.status, body)
    }

    pub fn get(&self, path: &str) -> (u16, Value) {
        self.call_with("GET", path, "", b"")
    }

    /// A request without a body.
    pub fn get_or(&self, method: &str, path: &str) -> (u16, Value) {
        self.call_with(&method.to_uppercase(), path, "", b"")
    }

    /// Sends JSON.
    pub fn send(&self, method: &str, path: &str, body: &Value) -> (u16, Value) {
        self.call_with(
            method,
            path,
            "Content-Type: application/json\r\n",
            body.to_string().as_bytes(),
        )
    }
}
