// SPDX-License-Identifier: MIT OR Apache-2.0
//! Firmware images, and how far devices have fetched them.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use super::answer::{Json, Problem, expect_type, ok};
use crate::platform::Platform;

/// `GET /firmware`
pub async fn list(State(platform): State<Arc<Platform>>) -> Json<Value> {
    ok(platform.look(|model| json!({"firmware": model.campaigns()})))
}

/// `POST /firmware?device=URN&device=URN&name=NAME` with the image as the body
pub async fn offer(
    State(platform): State<Arc<Platform>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
    image: Bytes,
) -> Result<Json<Value>, Problem> {
    expect_type(&headers, "application/octet-stream")?;
    let mut urns = Vec::new();
    let mut name = String::new();
    for (key, value) in form_urlencoded::parse(query.unwrap_or_default().as_bytes()) {
        match &*key {
            "device" => urns.push(value.into_owned()),
            "name" => name = value.into_owned(),
            other => return Err(Problem::bad(format!("{other:?}: expected device or name"))),
        }
    }
    if urns.is_empty() {
        return Err(Problem::bad("for which device: ?device=URN"));
    }
    if image.is_empty() {
        return Err(Problem::new(
            StatusCode::UNPROCESSABLE_ENTITY,
            "the image is empty",
        ));
    }
    let id = platform.offer(&name, &image, &urns)?;
    let campaign = platform.look(|model| json!(model.campaign(id)));
    Ok(Json(StatusCode::CREATED, campaign))
}
