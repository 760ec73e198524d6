// SPDX-License-Identifier: MIT OR Apache-2.0
//! The platform in the same process: connections in virtual time, for thousands of runs.
//!
//! Counts what arrives. A message counts as accepted if its path and token are right; without a secret, if its body is JSON.

use std::collections::{HashMap, VecDeque};
use std::fmt::Write as _;
use std::net::SocketAddrV4;

use clap::Args;
use sha2::{Digest as _, Sha256};

use crate::network::Network;

/// What the platform knows and does.
#[derive(Debug, Clone, Args)]
pub struct DeskOptions {
    /// Secret of the device; without it no token is required
    #[arg(long)]
    pub secret: Option<String>,

    /// Status of the answer to a correct message
    #[arg(long, default_value = "202")]
    pub status: u16,

    /// Body of the answer to a correct message
    #[arg(long, default_value = "")]
    pub downlink: String,

    /// Serves an image of this many bytes to a GET with a range, without a checksum
    #[arg(long, default_value = "0")]
    pub image: usize,

    /// An answer takes this many milliseconds
    #[arg(long, default_value = "20")]
    pub latency: u64,

    /// An answer comes this many bytes at a time, 5 ms apart
    #[arg(long, default_value = "65535")]
    pub dribble: usize,

    /// Refuses connections
    #[arg(long)]
    pub deaf: bool,

    /// Closes a connection after receiving this many bytes on it
    #[arg(long)]
    pub hang_up_after: Option<usize>,

    /// Closes a connection after this many bytes of the answer
    #[arg(long)]
    pub cut_answer: Option<usize>,

    /// Closes a connection after an answer, which then has no length
    #[arg(long)]
    pub until_close: bool,

    /// Answers with this as soon as something is received, and reads no more from that connection
    #[arg(long)]
    pub early_status: Option<u16>,

    /// Closes the connection after such an answer
    #[arg(long)]
    pub early_close: bool,

    /// Sends an interim response as soon as something is received
    #[arg(long)]
    pub interim: bool,

    /// Repeats the interim response for ever, without a final one
    #[arg(long)]
    pub endless: bool,

    /// Closes a connection on which nothing arrives for this many milliseconds
    #[arg(long)]
    pub idle: Option<u64>,
}

#[derive(Debug, Default)]
struct Connection {
    received: Vec<u8>,
    total: usize,
    answer: VecDeque<(u64, Vec<u8>)>,
    close_at: Option<u64>,
    last: u64,
    /// It has answered, or repeats interim responses for ever.
    deaf: bool,
    greeted: bool,
}

/// The platform, with its counters.
#[derive(Debug)]
pub struct Desk {
    options: DeskOptions,
    connections: HashMap<usize, Connection>,
    bodies: Vec<Vec<u8>>,
    refused: u32,
}

impl Desk {
    /// Nothing has arrived yet.
    #[must_use]
    pub fn new(options: &DeskOptions) -> Self {
        Self {
            options: options.clone(),
            connections: HashMap::new(),
            bodies: Vec::new(),
            refused: 0,
        }
    }

    /// Bodies of the messages that were accepted.
    #[must_use]
    pub fn accepted(&self) -> &[Vec<u8>] {
        &self.bodies
    }

    /// How many messages were not accepted.
    #[must_use]
    pub const fn refused(&self) -> u32 {
        self.refused
    }

    fn judge(&mut self, head: &str, body: &[u8]) -> u16 {
        let token = head
            .lines()
            .find_map(|line| line.strip_prefix("Things-Message-Token: "));
        let right_token = match &self.options.secret {
            None => serde_json::from_slice::<serde_json::Value>(body).is_ok(),
            Some(secret) => token == Some(&token_of(body, secret)),
        };
        let status = if !head.starts_with("POST /ingestion/m2m/senml/v1 HTTP/1.1\r\n") {
            404
        } else if right_token {
            self.options.status
        } else {
            401
        };
        if status == 202 || status == 200 {
            self.bodies.push(body.to_vec());
        } else {
            self.refused += 1;
        }
        status
    }

    /// The part of the image that a GET asks for; byte N of the image is N modulo 128.
    fn part(&self, head: &str) -> Option<String> {
        let range = head
            .lines()
            .find_map(|line| line.strip_prefix("Range: bytes="))?;
        let (first, last) = range.split_once('-')?;
        let size = self.options.image;
        let first: usize = first.parse().ok()?;
        let last = last.parse::<usize>().ok()?.min(size.checked_sub(1)?);
        let body: Vec<u8> = (first..=last)
            .filter_map(|at| u8::try_from(at % 128).ok())
            .collect();
        let len = body.len();
        let body = String::from_utf8(body).ok()?;
        let fields = format!("Content-Range: bytes {first}-{last}/{size}\r\nContent-Length: {len}");
        Some(format!("HTTP/1.1 206 \r\n{fields}\r\n\r\n{body}"))
    }

    /// What is sent before a message is complete.
    fn answer_early(&mut self, id: usize, now: u64) {
        let options = &self.options;
        let Some(connection) = self.connections.get_mut(&id).filter(|it| !it.greeted) else {
            return;
        };
        connection.greeted = true;
        let mut due = now + 1;
        if options.interim {
            let count = if options.endless { 10_000 } else { 1 };
            for _ in 0..count {
                let text = b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
                connection.answer.push_back((due, text.to_vec()));
                due += 1;
            }
            connection.deaf = options.endless;
        }
        if let Some(status) = options.early_status {
            let text = if options.until_close {
                format!("HTTP/1.1 {status} \r\n\r\nno")
            } else {
                format!("HTTP/1.1 {status} \r\nContent-Length: 2\r\n\r\nno")
            };
            for chunk in text.as_bytes().chunks(options.dribble.max(1)) {
                connection.answer.push_back((due, chunk.to_vec()));
                due += 1;
            }
            connection.deaf = true;
            connection.close_at = options.early_close.then_some(due);
            self.refused += 1;
        }
    }

    /// Takes each whole message that has arrived.
    fn answer_all(&mut self, id: usize, now: u64) {
        while let Some((head, body, rest)) = self
            .connections
            .get(&id)
            .and_then(|connection| split(&connection.received))
        {
            let part = head.starts_with("GET ").then(|| self.part(&head));
            if let Some(part) = part.flatten() {
                let due = now + self.options.latency;
                if let Some(connection) = self.connections.get_mut(&id) {
                    connection.received = rest;
                    connection.answer.push_back((due, part.into_bytes()));
                }
                continue;
            }
            let status = self.judge(&head, &body);
            let text = if status == self.options.status {
                self.options.downlink.as_str()
            } else {
                ""
            };
            let mut answer = if self.options.until_close {
                format!("HTTP/1.1 {status} \r\nConnection: close\r\n\r\n{text}")
            } else {
                let len = text.len();
                format!(
                    "HTTP/1.1 {status} \r\nContent-Length: {len}\r\nConnection: keep-alive\r\n\r\n{text}"
                )
            };
            let options = &self.options;
            if let Some(connection) = self.connections.get_mut(&id) {
                connection.received = rest;
                let mut due = now + options.latency;
                if let Some(count) = options.cut_answer {
                    answer.truncate(count);
                }
                for chunk in answer.as_bytes().chunks(options.dribble.max(1)) {
                    connection.answer.push_back((due, chunk.to_vec()));
                    due += 5;
                }
                if options.until_close || options.cut_answer.is_some() {
                    connection.close_at = Some(due);
                }
            }
        }
    }
}

/// Head, body and what follows them; `None` until they are complete. A head without a length has an empty body.
fn split(received: &[u8]) -> Option<(String, Vec<u8>, Vec<u8>)> {
    let end = received.windows(4).position(|four| four == b"\r\n\r\n")? + 4;
    let head = String::from_utf8_lossy(&received[..end]).into_owned();
    let len = head
        .lines()
        .find_map(|line| line.strip_prefix("Content-Length: "))
        .and_then(|len| len.parse::<usize>().ok())
        .unwrap_or(0);
    let (body, rest) = received.get(end..)?.split_at_checked(len)?;
    Some((head, body.to_vec(), rest.to_vec()))
}

fn token_of(body: &[u8], secret: &str) -> String {
    let mut text = String::new();
    for byte in Sha256::new()
        .chain_update(body)
        .chain_update(secret)
        .finalize()
    {
        let _ = write!(text, "{byte:02x}");
    }
    text
}

impl Network for Desk {
    fn connect(&mut self, id: usize, _address: SocketAddrV4, now: u64) -> Result<(), u16> {
        if self.options.deaf {
            return Err(111);
        }
        let connection = Connection {
            last: now,
            ..Connection::default()
        };
        self.connections.insert(id, connection);
        Ok(())
    }

    fn send(&mut self, id: usize, bytes: &[u8], now: u64) -> bool {
        let Some(connection) = self.connections.get_mut(&id) else {
            return false;
        };
        connection.last = now;
        connection.total += bytes.len();
        if self
            .options
            .hang_up_after
            .is_some_and(|limit| connection.total >= limit)
        {
            connection.close_at.get_or_insert(now);
            return true; // the modem accepted it; nobody else did
        }
        if !connection.deaf {
            connection.received.extend_from_slice(bytes);
        }
        self.answer_early(id, now);
        if self.connections.get(&id).is_some_and(|it| !it.deaf) {
            self.answer_all(id, now);
        }
        true
    }

    fn receive(&mut self, id: usize, now: u64) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Some(connection) = self.connections.get_mut(&id) {
            while let Some((due, _)) = connection.answer.front()
                && *due <= now
            {
                if let Some((_, chunk)) = connection.answer.pop_front() {
                    bytes.extend(chunk);
                }
            }
        }
        bytes
    }

    fn is_closed(&mut self, id: usize, now: u64) -> bool {
        let idle = self.options.idle;
        self.connections.get(&id).is_none_or(|connection| {
            connection.close_at.is_some_and(|at| at <= now)
                || idle.is_some_and(|idle| now >= connection.last + idle)
        })
    }

    fn close(&mut self, id: usize, _now: u64) {
        self.connections.remove(&id);
    }

    fn wake(&self) -> Option<u64> {
        let idle = self.options.idle;
        let of_each = self.connections.values().flat_map(|connection| {
            let answer = connection.answer.front().map(|(due, _)| *due);
            let idle = idle.map(|idle| connection.last + idle);
            [answer, connection.close_at, idle]
        });
        of_each.flatten().min()
    }
}
