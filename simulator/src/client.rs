// SPDX-License-Identifier: MIT OR Apache-2.0
//! A client of the API, for the commands that query a simulator.

use axum::http::StatusCode;
use bytes::Bytes;
use http_body_util::{BodyExt, Empty};
use hyper::Request;
use hyper::client::conn::http1;
use hyper::header::{AUTHORIZATION, HOST};
use hyper_util::rt::TokioIo;
use serde::Deserialize;
use tokio::net::TcpStream;

use crate::model::event::Event;

/// A simulator's API.
pub struct Client {
    api: String,
    token: Option<String>,
}

/// Why there is no answer.
pub enum Failure {
    /// The simulator may be about to start.
    Again(String),
    /// Trying again will not help.
    Final(String),
}

#[derive(Deserialize)]
struct Messages {
    messages: Vec<Event>,
}

impl Client {
    /// The API at an address and port, and its token.
    pub fn new(api: &str, token: Option<String>) -> Self {
        let api = api.to_owned();
        Self { api, token }
    }

    /// Address and port.
    pub fn api(&self) -> &str {
        &self.api
    }

    /// The messages that `GET /api/v1/messages` returns with this after it; those that are there if the time for them is over.
    pub async fn messages(&self, query: &str) -> Result<Vec<Event>, Failure> {
        let again = |error: &dyn std::fmt::Display| Failure::Again(error.to_string());
        let stream = TcpStream::connect(&self.api)
            .await
            .map_err(|error| again(&error))?;
        let (mut sender, connection) = http1::handshake(TokioIo::new(stream))
            .await
            .map_err(|error| again(&error))?;
        tokio::spawn(connection);
        let mut request = Request::get(format!("/api/v1/messages{query}")).header(HOST, &self.api);
        if let Some(token) = &self.token {
            request = request.header(AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Empty::<Bytes>::new())
            .map_err(|error| Failure::Final(format!("--api or --api-token: {error}")))?;
        let answer = sender
            .send_request(request)
            .await
            .map_err(|error| again(&error))?;
        let status = answer.status();
        let body = answer.into_body().collect().await;
        let body = body.map_err(|error| again(&error))?.to_bytes();
        match status {
            StatusCode::OK | StatusCode::REQUEST_TIMEOUT => {
                let list: Messages = serde_json::from_slice(&body)
                    .map_err(|error| Failure::Final(format!("the API's answer: {error}")))?;
                Ok(list.messages)
            }
            // Other requests that wait will have ended.
            StatusCode::SERVICE_UNAVAILABLE => Err(Failure::Again(format!("it answers {status}"))),
            status => Err(Failure::Final(format!(
                "the API answers {status}: {}",
                String::from_utf8_lossy(&body)
            ))),
        }
    }
}
