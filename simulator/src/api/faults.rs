// SPDX-License-Identifier: MIT OR Apache-2.0
//! The faults, all at once.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Json, Problem, ok, read};
use crate::fault::{Fault, NO_TLS};
use crate::model::Model;
use crate::platform::Platform;

/// The faults in force. `fault` is the whole text, as `--fault` takes it.
pub fn view(platform: &Platform) -> Value {
    let faults = platform.faults.list().into_iter();
    let views: Vec<_> = faults
        .map(|(fault, applied)| json!({"fault": fault.to_string(), "applied": applied}))
        .collect();
    json!({"faults": views})
}

/// `GET /faults`
pub async fn list(State(platform): State<Arc<Platform>>) -> Json<Value> {
    ok(view(&platform))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Faults {
    faults: Vec<Wanted>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    fault: String,
    device: Option<String>,
    probability: Option<f64>,
    seed: Option<u64>,
    count: Option<u64>,
    /// Part of the list, and ignored here.
    #[serde(rename = "applied", default)]
    _applied: Option<u64>,
}

impl Wanted {
    fn read(&self) -> Result<Fault, Problem> {
        let wrong = |error: String| Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error);
        // A file of this machine may only be named on the command line.
        if self.fault.starts_with("replaced=") {
            return Err(wrong("replaced: only on the command line".to_owned()));
        }
        let mut text = self.fault.clone();
        let options = [
            ("device", self.device.clone()),
            ("probability", self.probability.map(|part| part.to_string())),
            ("seed", self.seed.map(|seed| seed.to_string())),
            ("times", self.count.map(|count| count.to_string())),
        ];
        for (name, value) in options {
            if let Some(value) = value {
                if value.contains(',') {
                    return Err(wrong(format!("{name}: no comma")));
                }
                text.push_str(&format!(",{name}={value}"));
            }
        }
        text.parse().map_err(wrong)
    }
}

/// `PUT /faults`
pub async fn replace(
    State(platform): State<Arc<Platform>>,
    headers: HeaderMap,
    body: Bytes,
) -> Result<Json<Value>, Problem> {
    let wanted: Faults = read(&headers, &body)?;
    let faults: Result<Vec<_>, _> = wanted.faults.iter().map(Wanted::read).collect();
    let faults = faults?;
    if !platform.config.tls
        && let Some(fault) = faults.iter().find(|fault| fault.is_of_tls())
    {
        let error = format!("{fault}: {NO_TLS}");
        return Err(Problem::new(StatusCode::UNPROCESSABLE_ENTITY, error));
    }
    platform.faults.replace(faults);
    platform.change(Model::faults_changed)?;
    Ok(ok(view(&platform)))
}
