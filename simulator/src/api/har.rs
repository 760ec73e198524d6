// SPDX-License-Identifier: MIT OR Apache-2.0
//! Messages as an HTTP archive (HAR 1.2), which browsers and proxies read, and `replay` sends again.

use axum::http::StatusCode;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::answer::Json;
use crate::model::event::Event;

/// All messages in one archive.
pub fn archive<'a>(events: impl Iterator<Item = &'a Event>) -> Json<Value> {
    let entries: Vec<_> = events.map(entry).collect();
    Json(
        StatusCode::OK,
        json!({"log": {
            "version": "1.2",
            "creator": {"name": "kpn-things-simulator", "version": env!("CARGO_PKG_VERSION")},
            "entries": entries,
        }}),
    )
}

fn entry(event: &Event) -> Value {
    let headers = headers(&event.request);
    let host = headers.iter().find(|header| {
        let name = header["name"].as_str().unwrap_or_default();
        name.eq_ignore_ascii_case("host")
    });
    let host = host
        .and_then(|header| header["value"].as_str())
        .unwrap_or("m.m");
    let started = std::time::UNIX_EPOCH + std::time::Duration::from_secs_f64(event.time.max(0.0));
    let downlink = event.downlink.as_deref().unwrap_or_default();
    let content = match &event.part {
        // The history does not keep its bytes.
        Some(part) => json!({"size": part.length, "mimeType": "application/octet-stream"}),
        None => {
            json!({"size": downlink.len(), "mimeType": "application/json", "text": downlink})
        }
    };
    let milliseconds = event.duration * 1e3;
    json!({
        "startedDateTime": humantime::format_rfc3339_millis(started).to_string(),
        "time": milliseconds,
        "request": {
            "method": event.method,
            "url": format!("http://{host}{}", event.path),
            "httpVersion": "HTTP/1.1",
            "headers": headers,
            "queryString": [],
            "cookies": [],
            "headersSize": -1,
            "bodySize": event.body_len,
            "postData": {"mimeType": "application/json", "text": event.body},
        },
        "response": {
            "status": event.status.unwrap_or(0),
            "statusText": "",
            "httpVersion": "HTTP/1.1",
            "headers": [],
            "cookies": [],
            "redirectURL": "",
            "headersSize": -1,
            "bodySize": content["size"],
            "content": content,
        },
        "cache": {},
        "timings": {"send": 0, "wait": milliseconds, "receive": 0},
        "_request": STANDARD.encode(&event.request),
        "_accepted": event.accepted,
        "_reasons": event.reasons,
        "_fault": event.fault,
    })
}

/// The field lines of a request.
fn headers(request: &[u8]) -> Vec<Value> {
    let text = String::from_utf8_lossy(request);
    text.lines()
        .skip(1)
        .take_while(|line| !line.is_empty())
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| json!({"name": name, "value": value.trim()}))
        .collect()
}
