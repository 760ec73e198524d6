// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file server of firmware over the air: parts of files, each with its CRC.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use hyper::header::{
    AUTHORIZATION, HOST, HeaderMap, HeaderName, IF_MATCH, IF_RANGE, IF_UNMODIFIED_SINCE, RANGE,
};
use hyper::{Method, StatusCode};
use sha2::{Digest, Sha256};

use crate::model::device::key;
use crate::model::event::Part;
use crate::model::verify::TOKEN_HEADER;

/// A file, and who may read it.
#[derive(Debug, Clone)]
struct Served {
    content: Bytes,
    /// The token that must be sent; any token if `None`.
    token: Option<String>,
    /// The device to which it is announced.
    urn: Option<String>,
    changed: SystemTime,
}

/// The validators by which a device can distinguish files under the same URL.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, clap::ValueEnum)]
pub enum Validators {
    /// None, as observed at KPN's server.
    #[default]
    None,
    /// ETag alone.
    Etag,
    /// Last-Modified alone.
    LastModified,
    /// Both, as most file servers do.
    Both,
}

/// How files are served.
#[derive(Debug, Clone, Copy, Default)]
pub struct Manner {
    /// Whether a part's status is 206; otherwise 200, as observed at KPN's server.
    pub partial_status: bool,
    /// What comes with each part.
    pub validators: Validators,
}

/// All files, by path.
#[derive(Debug, Default)]
pub struct Files {
    files: RwLock<BTreeMap<String, Served>>,
    manner: Manner,
}

/// The answer to a request for a file.
#[derive(Debug, PartialEq, Eq)]
pub struct Found {
    /// The status.
    pub status: StatusCode,
    /// Why there is no part.
    pub reason: Option<String>,
    /// The bytes of the part, empty when there is none.
    pub body: Bytes,
    /// The offset of the part in the file.
    pub part: Option<Part>,
    /// The text of `Content-Range`.
    pub content_range: Option<String>,
    /// The CRC-32 of the body.
    pub crc: u32,
    /// The text of `ETag`.
    pub etag: Option<String>,
    /// The text of `Last-Modified`.
    pub last_modified: Option<String>,
    /// The whole file.
    pub file: Bytes,
    /// What is odd but accepted.
    pub notes: Vec<String>,
}

impl Files {
    /// No files yet.
    pub fn new(manner: Manner) -> Self {
        Self {
            files: RwLock::default(),
            manner,
        }
    }

    /// Serves `content` under `path`.
    pub fn add(&self, path: String, content: Bytes, token: Option<String>) {
        self.serve(path, content, token, None);
    }

    fn serve(&self, path: String, content: Bytes, token: Option<String>, urn: Option<&str>) {
        let file = Served {
            content,
            token,
            urn: urn.map(str::to_owned),
            changed: SystemTime::now(),
        };
        self.write().insert(path, file);
    }

    /// Replaces the content under `path`, for the same devices; false if there is no such file.
    pub fn replace(&self, path: &str, content: Bytes) -> bool {
        let mut files = self.write();
        let Some(file) = files.get_mut(path) else {
            return false;
        };
        if file.content != content {
            // A date in a field has whole seconds; the next second makes it differ.
            let next = file.changed + Duration::from_secs(1);
            file.changed = SystemTime::now().max(next);
            file.content = content;
        }
        true
    }

    /// The device to which the file under `path` is announced.
    pub fn device(&self, path: &str) -> Option<String> {
        self.read().get(path)?.urn.clone()
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, BTreeMap<String, Served>> {
        self.files.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> std::sync::RwLockWriteGuard<'_, BTreeMap<String, Served>> {
        self.files.write().unwrap_or_else(PoisonError::into_inner)
    }

    /// Serves firmware under a path of KPN's form and returns the downlink that announces it.
    ///
    /// Path and token are derived from URN and content, so that a second run announces the same.
    pub fn add_firmware(&self, urn: &str, content: Bytes, origin: &str) -> String {
        let digest: String = Sha256::new()
            .chain_update(urn)
            .chain_update(&content)
            .finalize()
            .iter()
            .map(|byte| format!("{byte:02x}"))
            .collect();
        let mut hex = digest.chars();
        let mut group = |length| hex.by_ref().take(length).collect::<String>();
        let path = format!(
            "/f/v1/{}-{}-4{}-8{}-{}",
            group(8),
            group(4),
            group(3),
            group(3),
            group(12)
        );
        // The form of a JWT; nobody verifies its signature.
        let token = format!(
            "eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.{digest}.{}",
            group(20)
        );
        let records = serde_json::json!([
            {"bn": format!("{}:", key(urn))},
            {"n": "url", "vs": format!("http://{origin}{path}")},
            {"n": "token", "vs": token},
        ]);
        self.serve(path, content, Some(token), Some(key(urn)));
        records.to_string()
    }

    /// Whether there is a file under `path`.
    pub fn has(&self, path: &str) -> bool {
        self.read().contains_key(path)
    }

    /// Answers one request for a file; `None` if there is no file under `path`.
    pub fn find(&self, method: &Method, path: &str, headers: &HeaderMap) -> Option<Found> {
        let file = self.read().get(path)?.clone();
        let mut notes = Vec::new();
        if headers.contains_key(TOKEN_HEADER) {
            notes.push("a request for a part needs no Things-Message-Token".to_owned());
        }
        let known = Known::of(&file, self.manner.validators);
        let mut found = match self.part(&file, &known, method, headers) {
            Ok(found) => found,
            Err((status, reason)) => Found {
                status,
                content_range: (status == StatusCode::RANGE_NOT_SATISFIABLE)
                    .then(|| format!("bytes */{}", file.content.len())),
                reason: Some(reason),
                body: Bytes::new(),
                part: None,
                crc: 0,
                notes: Vec::new(),
                etag: None,
                last_modified: None,
                file: file.content,
            },
        };
        found.notes.splice(0..0, notes);
        // Not with a refusal that is not about the file.
        if found.reason.is_none() || found.status == StatusCode::PRECONDITION_FAILED {
            found.etag = known.etag;
            found.last_modified = known.last_modified;
        }
        Some(found)
    }

    fn part(
        &self,
        file: &Served,
        known: &Known,
        method: &Method,
        headers: &HeaderMap,
    ) -> Result<Found, (StatusCode, String)> {
        if method != Method::GET {
            let reason = format!("method {method} instead of GET");
            return Err((StatusCode::METHOD_NOT_ALLOWED, reason));
        }
        if headers.get_all(HOST).iter().count() != 1 {
            let reason = "header Host must stand in the head once".to_owned();
            return Err((StatusCode::BAD_REQUEST, reason));
        }
        check_bearer(headers, file.token.as_deref())
            .map_err(|reason| (StatusCode::UNAUTHORIZED, reason))?;
        known
            .check_preconditions(headers)
            .map_err(|reason| (StatusCode::PRECONDITION_FAILED, reason))?;
        let mut notes = Vec::new();
        let is_same = headers
            .get(IF_RANGE)
            .is_none_or(|value| known.is(value.as_bytes()));
        if !is_same {
            notes.push(
                "If-Range names another file than there is now: the whole is sent".to_owned(),
            );
        }
        let size = file.content.len();
        let range = match headers.get(RANGE).filter(|_| is_same) {
            None => None,
            Some(value) => {
                let text = value.to_str().unwrap_or_default();
                let range = parse_range(text, size)
                    .map_err(|reason| (StatusCode::BAD_REQUEST, format!("Range: {reason}")))?;
                if range.is_empty() {
                    return Err((
                        StatusCode::RANGE_NOT_SATISFIABLE,
                        format!("Range {text:?} is outside of the {size} bytes of the file"),
                    ));
                }
                Some(range)
            }
        };
        let content_range = range
            .as_ref()
            .map(|range| format!("bytes {}-{}/{size}", range.start, range.end - 1));
        let status = if range.is_some() && self.manner.partial_status {
            StatusCode::PARTIAL_CONTENT
        } else {
            StatusCode::OK
        };
        let range = range.unwrap_or(0..size);
        let body = file.content.slice(range.clone());
        Ok(Found {
            status,
            reason: None,
            part: Some(Part {
                offset: range.start,
                length: body.len(),
                size,
            }),
            content_range,
            crc: crc32fast::hash(&body),
            body,
            notes,
            etag: None,
            last_modified: None,
            file: file.content.clone(),
        })
    }
}

/// The validators of a file (RFC 9110 section 8.8) that are sent.
struct Known {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Known {
    fn of(file: &Served, told: Validators) -> Self {
        let etag = || {
            let digest = Sha256::digest(&file.content);
            let hex: String = digest
                .iter()
                .take(8)
                .map(|byte| format!("{byte:02x}"))
                .collect();
            format!("\"{hex}\"")
        };
        let date = || httpdate::fmt_http_date(file.changed);
        Self {
            etag: matches!(told, Validators::Etag | Validators::Both).then(etag),
            last_modified: matches!(told, Validators::LastModified | Validators::Both).then(date),
        }
    }

    /// Whether a validator belongs to this file, by the comparison of If-Range (section 13.1.5). A weak tag never does.
    fn is(&self, validator: &[u8]) -> bool {
        [&self.etag, &self.last_modified]
            .into_iter()
            .flatten()
            .any(|known| known.as_bytes() == validator)
    }

    /// Sections 13.1.1 and 13.1.4.
    fn check_preconditions(&self, headers: &HeaderMap) -> Result<(), String> {
        let text = |name: &HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
        if let Some(tags) = text(&IF_MATCH) {
            let fits = tags.split(',').map(str::trim);
            if !fits
                .into_iter()
                .any(|tag| tag == "*" || self.is(tag.as_bytes()))
            {
                return Err(format!("If-Match {tags}: the file has another tag"));
            }
        } else if let Some(date) = text(&IF_UNMODIFIED_SINCE)
            && let Some(changed) = &self.last_modified
            && let (Ok(date), Ok(changed)) = (
                httpdate::parse_http_date(date),
                httpdate::parse_http_date(changed),
            )
            && changed > date
        {
            return Err("the file was changed after If-Unmodified-Since".to_owned());
        }
        Ok(())
    }
}

fn check_bearer(headers: &HeaderMap, wanted: Option<&str>) -> Result<(), String> {
    let mut values = headers.get_all(AUTHORIZATION).iter();
    let value = values
        .next()
        .ok_or("header Authorization is missing")?
        .to_str()
        .map_err(|_| "header Authorization has bytes outside of ASCII")?;
    if values.next().is_some() {
        return Err("header Authorization stands twice".to_owned());
    }
    let token = value
        .strip_prefix("Bearer ")
        .ok_or_else(|| format!("Authorization is {value:?} instead of Bearer and a token"))?;
    match wanted {
        Some(wanted) if wanted != token => Err(format!(
            "bearer token differs: expected {wanted:?}, got {token:?}"
        )),
        _ => Ok(()),
    }
}

/// The bytes that `text` asks for; empty if the file has none of them.
fn parse_range(text: &str, size: usize) -> Result<Range<usize>, String> {
    let number = |digits: &str| {
        let digits = Some(digits).filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
        digits
            .and_then(|digits| digits.parse::<usize>().ok())
            .ok_or_else(|| format!("{text:?} is not bytes=FIRST-LAST"))
    };
    let (first, last) = text
        .strip_prefix("bytes=")
        .and_then(|range| range.split_once('-'))
        .ok_or_else(|| format!("{text:?} is not bytes=FIRST-LAST"))?;
    if first.is_empty() {
        return Ok(size.saturating_sub(number(last)?)..size);
    }
    let first = number(first)?;
    let end = if last.is_empty() {
        size
    } else {
        let last = number(last)?;
        if last < first {
            return Err(format!("{text:?} ends before it begins"));
        }
        last.saturating_add(1).min(size)
    };
    Ok(first.min(end)..end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_ranges() {
        assert_eq!(parse_range("bytes=0-255", 3483), Ok(0..256));
        assert_eq!(parse_range("bytes=3328-3583", 3483), Ok(3328..3483));
        assert_eq!(parse_range("bytes=10-", 20), Ok(10..20));
        assert_eq!(parse_range("bytes=-5", 20), Ok(15..20));
        assert_eq!(parse_range("bytes=0-18446744073709551615", 20), Ok(0..20));
        assert!(parse_range("bytes=20-30", 20).unwrap().is_empty());
        for wrong in [
            "",
            "0-5",
            "bytes=5",
            "bytes=5-4",
            "bytes=a-b",
            "bytes=+1-2",
            "bytes=0-1,3-4",
        ] {
            assert!(parse_range(wrong, 20).is_err(), "{wrong}");
        }
    }

    #[test]
    fn announces_a_firmware_the_same_way_every_time() {
        let announce = |urn| {
            let files = Files::new(Manner::default());
            let downlink = files.add_firmware(urn, Bytes::from_static(b"image"), "10.0.0.1:80");
            let records: serde_json::Value = serde_json::from_str(&downlink).unwrap();
            let url = records[1]["vs"].as_str().unwrap().to_owned();
            let path = url.strip_prefix("http://10.0.0.1:80").unwrap();
            assert!(files.has(path));
            assert_eq!(
                path.len(),
                "/f/v1/12345678-1234-5678-1234-567812345678".len()
            );
            assert_eq!(records[0]["bn"], "urn:dev:IMEI:1:");
            downlink
        };
        assert_eq!(announce("urn:dev:IMEI:1"), announce("urn:dev:IMEI:1"));
    }
}
