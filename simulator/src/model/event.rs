// SPDX-License-Identifier: MIT OR Apache-2.0
//! Everything about one request.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::secret::Secrets;
use super::senml::{Resolved, Value};

/// The kind of a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// A message, or something that cannot be answered.
    #[default]
    Message,
    /// A part of a file.
    Part,
}

/// What was found out about the token of a message to a known device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Token {
    /// It belongs to body and secret.
    Right,
    /// It does not.
    Wrong,
    /// There is none, or more than one.
    Missing,
    /// The device has no secret.
    #[serde(rename = "not needed")]
    NotNeeded,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Part {
    /// Offset of the first byte.
    pub offset: usize,
    /// Length in bytes.
    pub length: usize,
    /// Size of the file in bytes.
    pub size: usize,
}

/// A mistake in the bytes of the request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// Offset of the first byte in the request.
    pub offset: usize,
    /// How many bytes; 0 if something is missing.
    pub length: usize,
    /// What is wrong.
    pub reason: String,
    /// What to do about it.
    pub advice: String,
}

/// One request. Its JSON form is one line of the JSON log.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Event {
    /// The kind of request.
    pub kind: Kind,
    /// Counts from 1, over the lifetime of the state.
    pub number: u64,
    /// Moment of reception in seconds since 1970.
    pub time: f64,
    /// Seconds from the first byte until the verdict.
    pub duration: f64,
    /// Address and port of the device.
    pub peer: String,
    /// The host that the device named in its TLS handshake.
    pub server_name: Option<String>,
    /// Position of the request on its connection, from 1; 0 if it was not a request.
    pub place: u32,
    /// Method; empty if there was no readable head.
    pub method: String,
    /// Path; empty if there was no readable head.
    pub path: String,
    /// Status of the answer; `None` if nothing could be answered.
    pub status: Option<u16>,
    /// Whether the platform accepted the message.
    pub accepted: bool,
    /// The first reason to refuse it.
    pub reason: Option<String>,
    /// All reasons to refuse it.
    pub reasons: Vec<String>,
    /// Where they are in the request.
    pub marks: Vec<Mark>,
    /// What is odd but accepted.
    pub notes: Vec<String>,
    /// The first base name of the pack.
    pub device: Option<String>,
    /// What was found out about the token.
    pub token: Option<Token>,
    /// The resolved measurements; empty if the message was refused.
    pub records: Vec<Resolved>,
    /// The downlink in the answer.
    pub downlink: Option<String>,
    /// The part of a file in the answer.
    pub part: Option<Part>,
    /// The fault that was applied.
    pub fault: Option<String>,
    /// Length of the body in bytes.
    pub body_len: usize,
    /// The body as text.
    pub body: String,
    /// The first bytes of the request, as base64 in JSON.
    #[serde(serialize_with = "to_base64", deserialize_with = "from_base64")]
    pub request: Vec<u8>,
}

impl Event {
    /// Bytes that it holds, roughly.
    pub fn size(&self) -> usize {
        // A record is larger in memory than as text.
        1024 + self.body.len() * 2
            + self.request.len()
            + self.records.len() * size_of::<Resolved>()
            + self.downlink.as_ref().map_or(0, String::len)
    }

    /// Overwrites every secret in it with asterisks.
    pub fn blot(&mut self, secrets: &Secrets) {
        let own = [&mut self.path, &mut self.method, &mut self.body];
        let optional = [&mut self.device, &mut self.downlink, &mut self.reason];
        let lists = self.reasons.iter_mut().chain(&mut self.notes);
        let marks = self
            .marks
            .iter_mut()
            .flat_map(|mark| [&mut mark.reason, &mut mark.advice]);
        own.into_iter()
            .chain(optional.into_iter().flatten())
            .chain(lists)
            .chain(marks)
            .for_each(|text| secrets.blot_text(text));
        for record in &mut self.records {
            secrets.blot_text(&mut record.name);
            record
                .unit
                .iter_mut()
                .for_each(|unit| secrets.blot_text(unit));
            match &mut record.value {
                Some(Value::Text(text)) => secrets.blot_text(text),
                Some(Value::Data(data)) => secrets.blot(data),
                _ => {}
            }
        }
        secrets.blot(&mut self.request);
    }
}

fn to_base64<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&STANDARD.encode(bytes))
}

fn from_base64<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    let text = String::deserialize(deserializer)?;
    STANDARD.decode(text).map_err(serde::de::Error::custom)
}
