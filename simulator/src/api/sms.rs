// SPDX-License-Identifier: MIT OR Apache-2.0
//! SMS and their attempts.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Json, Problem, ok, read};
use crate::log::now;
use crate::model::Model;
use crate::model::sms::Sms;
use crate::platform::Platform;
use crate::sms::{Route, deliver};

/// An SMS in JSON; `next` is the time of the next attempt, in seconds since 1970.
pub fn view(model: &Model, sms: &Sms, route: Option<&Route>) -> Value {
    let next = sms.due().and_then(|after| Some(route?.moment(sms, after)));
    let mut body = sms.body.clone();
    model.secrets().blot_text(&mut body);
    json!({
        "id": sms.id,
        "urn": sms.urn,
        "body": body,
        "time": sms.time,
        "state": sms.state,
        "attempts": sms.attempts,
        "next": next,
    })
}

/// `GET /sms`
pub async fn list(State(platform): State<Arc<Platform>>) -> Json<Value> {
    let route = platform.route.as_ref();
    let views: Vec<_> = platform.look(|model| {
        let all = model.sms().iter();
        all.map(|sms| view(model, sms, route)).collect()
    });
    ok(json!({"sms": views}))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewSms {
    urn: String,
    body: String,
}

/// `POST /sms`
pub async fn send(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let new: NewSms = read(&headers, &body)?;
    let route = platform.route.clone().ok_or_else(|| {
        Problem::new(
            StatusCode::CONFLICT,
            "there is no --sms-to, so that no SMS can reach a device",
        )
    })?;
    let (id, view) = platform.change(|model| {
        let id = model.queue_sms(&new.urn, &new.body, now())?;
        let sms = model.find_sms(id);
        let view = sms.map(|sms| view(model, sms, Some(&route)));
        Ok::<_, Problem>((id, view))
    })??;
    tokio::spawn(deliver(Arc::clone(&platform), id, route));
    Ok(Json(StatusCode::CREATED, view.unwrap_or_default()))
}
