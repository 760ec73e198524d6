// SPDX-License-Identifier: MIT OR Apache-2.0
//! HTTP archives (HAR 1.2): the parts that matter here.

use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::Deserialize;

#[derive(Deserialize)]
struct Archive {
    log: Log,
}

#[derive(Deserialize)]
struct Log {
    entries: Vec<Entry>,
}

/// A request and its answer.
#[derive(Deserialize)]
pub struct Entry {
    request: Request,
    response: Response,
    /// The request byte for byte, which other programs do not record.
    #[serde(rename = "_request")]
    bytes: Option<String>,
    /// Whether the message was accepted.
    #[serde(rename = "_accepted")]
    pub accepted: Option<bool>,
    /// The mistakes in it.
    #[serde(rename = "_reasons", default)]
    pub reasons: Vec<String>,
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
    #[serde(default)]
    headers: Vec<Header>,
    #[serde(default)]
    content: Content,
}

#[derive(Default, Deserialize)]
struct Content {
    #[serde(default)]
    size: i64,
    text: Option<String>,
    encoding: Option<String>,
}

/// What an archive has of a body.
pub enum Body {
    /// All of it.
    Bytes(Vec<u8>),
    /// Its length.
    Length(usize),
}

/// All entries of a file.
pub fn read(path: &Path) -> Result<Vec<Entry>, String> {
    let named = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let text = std::fs::read_to_string(path).map_err(|error| named(&error))?;
    let archive: Archive = serde_json::from_str(&text).map_err(|error| named(&error))?;
    Ok(archive.log.entries)
}

impl Entry {
    /// Method and URL of the request.
    pub fn name(&self) -> String {
        format!("{} {}", self.request.method, self.request.url)
    }

    /// The status of the answer.
    pub const fn status(&self) -> u16 {
        self.response.status
    }

    /// The value of a field of the answer.
    pub fn field(&self, name: &str) -> Option<&str> {
        let mut headers = self.response.headers.iter();
        let header = headers.find(|header| header.name.eq_ignore_ascii_case(name))?;
        Some(&header.value)
    }

    /// Whether the archive has the fields of the answer.
    pub const fn has_fields(&self) -> bool {
        !self.response.headers.is_empty()
    }

    /// The body of the answer.
    pub fn body(&self) -> Body {
        let content = &self.response.content;
        match (&content.text, content.encoding.as_deref()) {
            (Some(text), Some("base64")) => STANDARD.decode(text).map_or(
                Body::Length(usize::try_from(content.size).unwrap_or(0)),
                Body::Bytes,
            ),
            (Some(text), _) => Body::Bytes(text.clone().into_bytes()),
            (None, _) => Body::Length(usize::try_from(content.size).unwrap_or(0)),
        }
    }

    /// An answer to a complete request, without a deliberate fault.
    pub fn is_comparable(&self) -> bool {
        self.response.status != 0 && self.fault.is_none() && !self.request.method.is_empty()
    }

    /// The request as it was sent, or as it may have been; `None` if its end is missing.
    pub fn bytes(&self) -> Option<Vec<u8>> {
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
