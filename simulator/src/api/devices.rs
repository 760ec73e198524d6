// SPDX-License-Identifier: MIT OR Apache-2.0
//! Devices and their downlinks.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Json, Problem, expect_type, ok, read};
use crate::config;
use crate::model::device::{self, Device, Downlink, State as Where};
use crate::model::{Model, Refusal, check_downlink};
use crate::platform::{Platform, register};

type Shared = State<Arc<Platform>>;

/// A device in JSON; of its secret only the length and fingerprint.
pub fn device_view(urn: &str, device: &Device) -> Value {
    json!({
        "urn": urn,
        "secret_length": device.secret().map_or(0, |secret| secret.len()),
        "secret_fingerprint": device.secret().map(|secret| secret.fingerprint()),
        "downlinks": {
            "pending": device.count(Where::Pending),
            "executing": device.count(Where::Executing),
            "delivered": device.count(Where::Delivered),
            "failed": device.count(Where::Failed),
            "cancelled": device.count(Where::Cancelled),
        },
        "messages": device.messages,
    })
}

/// A downlink in JSON.
pub fn downlink_view(model: &Model, urn: &str, downlink: &Downlink) -> Value {
    let mut body = String::from_utf8_lossy(&downlink.body).into_owned();
    model.secrets().blot_text(&mut body);
    json!({"id": downlink.id, "urn": device::key(urn), "state": downlink.state, "body": body})
}

fn view(model: &Model, urn: &str) -> Result<Value, Problem> {
    let urn = device::key(urn);
    let device = model.devices().find(urn);
    let device = device.ok_or_else(|| unknown(urn))?;
    Ok(device_view(urn, device))
}

fn unknown(urn: &str) -> Problem {
    Problem::unknown(format!("no such device is registered: {urn}"))
}

/// `GET /devices`
pub async fn list(State(platform): Shared) -> Json<Value> {
    let devices: Vec<Value> = platform.look(|model| {
        let devices = model.devices().iter();
        devices
            .map(|(urn, device)| device_view(urn, device))
            .collect()
    });
    ok(json!({"devices": devices}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDevice {
    urn: String,
    secret: Option<String>,
}

/// `POST /devices`
pub async fn add(
    State(platform): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let new: NewDevice = read(&headers, &body)?;
    let view = platform.change(|model| {
        if model.devices().find(&new.urn).is_some() {
            let sentence = format!("device {} is registered already", new.urn);
            return Err(Problem::from(Refusal::Conflict(sentence)));
        }
        register(model, &new.urn, new.secret)?;
        view(model, &new.urn)
    })??;
    Ok(Json(StatusCode::CREATED, view))
}

/// `POST /devices/import`
pub async fn import(
    State(platform): Shared,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    expect_type(&headers, "application/toml")?;
    let text = std::str::from_utf8(&body).map_err(|_| Problem::bad("the body is not UTF-8"))?;
    let urns = platform
        .change(|model| config::import(model, text, None))?
        .map_err(|error| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error))?;
    Ok(ok(json!({"devices": urns})))
}

/// `GET /devices/{urn}`
pub async fn one(State(platform): Shared, Path(urn): Path<String>) -> Result<Json<Value>, Problem> {
    platform.look(|model| view(model, &urn)).map(ok)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Change {
    secret: Option<String>,
    urn: Option<String>,
}

/// `PUT /devices/{urn}`
pub async fn change(
    State(platform): Shared,
    Path(urn): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let change: Change = read(&headers, &body)?;
    let same = change
        .urn
        .as_deref()
        .is_none_or(|other| device::key(other) == device::key(&urn));
    if !same {
        return Err(Problem::bad("the URN in the body is not that of the path"));
    }
    let (view, new) = platform.change(|model| {
        let new = register(model, &urn, change.secret)?;
        Ok::<_, Problem>((view(model, &urn)?, new))
    })??;
    let status = if new {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok(Json(status, view))
}

/// `DELETE /devices/{urn}`
pub async fn remove(
    State(platform): Shared,
    Path(urn): Path<String>,
) -> Result<StatusCode, Problem> {
    platform.change(|model| model.remove(&urn))??;
    Ok(StatusCode::NO_CONTENT)
}

/// `GET /devices/{urn}/downlinks`
pub async fn downlinks(
    State(platform): Shared,
    Path(urn): Path<String>,
) -> Result<Json<Value>, Problem> {
    platform.look(|model| {
        let device = model.devices().find(&urn).ok_or_else(|| unknown(&urn))?;
        let downlinks = device.downlinks().iter();
        let views: Vec<_> = downlinks
            .map(|downlink| downlink_view(model, &urn, downlink))
            .collect();
        Ok(ok(json!({"downlinks": views})))
    })
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewDownlink {
    body: Value,
    /// Also sends what is not SenML, to see how the firmware handles it.
    #[serde(default)]
    unchecked: bool,
}

/// `POST /devices/{urn}/downlinks`
pub async fn queue(
    State(platform): Shared,
    Path(urn): Path<String>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let new: NewDownlink = read(&headers, &body)?;
    // Text is sent byte for byte; JSON is written anew.
    let body = match new.body {
        Value::String(text) => text,
        other => other.to_string(),
    };
    if !new.unchecked {
        check_downlink(body.as_bytes())?;
    }
    let view = platform.change(|model| {
        let id = model.queue(&urn, body.into())?;
        let downlink = model
            .devices()
            .find(&urn)
            .and_then(|device| device.downlink(id));
        let downlink = downlink.ok_or_else(|| unknown(&urn))?;
        Ok::<_, Problem>(downlink_view(model, &urn, downlink))
    })??;
    tracing::info!("downlink queued for {urn}: {}", view["body"]);
    Ok(Json(StatusCode::CREATED, view))
}

/// `DELETE /devices/{urn}/downlinks/{id}`
pub async fn cancel(
    State(platform): Shared,
    Path((urn, id)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let id = id
        .parse()
        .map_err(|_| Problem::unknown(format!("device {urn} has no downlink {id}")))?;
    platform.change(|model| model.cancel(&urn, id))??;
    Ok(StatusCode::NO_CONTENT)
}
