// SPDX-License-Identifier: MIT OR Apache-2.0
//! JSON in and out; errors are JSON too: `{"error": "a sentence"}`.

use axum::body::Bytes;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::model::Refusal;

/// An answer in JSON.
pub struct Json<T>(pub StatusCode, pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        match serde_json::to_vec(&self.1) {
            Ok(body) => {
                let head = [
                    (CONTENT_TYPE, "application/json"),
                    (CACHE_CONTROL, "no-store"),
                ];
                (self.0, head, body).into_response()
            }
            Err(error) => {
                tracing::error!("the API has no answer: {error}");
                StatusCode::INTERNAL_SERVER_ERROR.into_response()
            }
        }
    }
}

/// An answer with status 200.
pub const fn ok<T>(body: T) -> Json<T> {
    Json(StatusCode::OK, body)
}

/// Why a request is not carried out.
#[derive(Debug)]
pub struct Problem(StatusCode, String);

impl Problem {
    /// An error with a status and a sentence.
    pub fn new(status: StatusCode, sentence: impl Into<String>) -> Self {
        Self(status, sentence.into())
    }

    /// The request is not understood.
    pub fn bad(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::BAD_REQUEST, sentence)
    }

    /// What it refers to does not exist.
    pub fn unknown(sentence: impl Into<String>) -> Self {
        Self::new(StatusCode::NOT_FOUND, sentence)
    }

    /// The path allows other methods only.
    pub fn method() -> Self {
        Self::new(
            StatusCode::METHOD_NOT_ALLOWED,
            "the path is there, but not with this method",
        )
    }
}

impl From<Refusal> for Problem {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::Unknown(_) => StatusCode::NOT_FOUND,
            Refusal::Conflict(_) => StatusCode::CONFLICT,
            Refusal::Wrong(_) => StatusCode::UNPROCESSABLE_ENTITY,
        };
        Self(status, refusal.sentence())
    }
}

/// The state could not be written.
impl From<String> for Problem {
    fn from(error: String) -> Self {
        Self(StatusCode::INTERNAL_SERVER_ERROR, error)
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        Json(self.0, json!({"error": self.1})).into_response()
    }
}

/// A body of this type. Browsers send it across sites only after a preflight request, which is not answered.
pub fn expect_type(headers: &HeaderMap, wanted: &str) -> Result<(), Problem> {
    let got = headers
        .get(CONTENT_TYPE)
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default();
    let media_type = got.split(';').next().unwrap_or_default().trim();
    if media_type.eq_ignore_ascii_case(wanted) {
        Ok(())
    } else {
        Err(Problem::new(
            StatusCode::UNSUPPORTED_MEDIA_TYPE,
            format!("Content-Type is {got:?} instead of {wanted}"),
        ))
    }
}

/// The body as JSON.
pub fn read<T: DeserializeOwned>(headers: &HeaderMap, body: &Bytes) -> Result<T, Problem> {
    expect_type(headers, "application/json")?;
    serde_json::from_slice(body).map_err(|error| Problem::bad(format!("the body: {error}")))
}
