// SPDX-License-Identifier: MIT OR Apache-2.0
//! The interface for programs and people: HTTP and JSON. `openapi.json` describes it.
//!
//! It only translates; everything is done by the model.

mod answer;
mod devices;
mod events;
mod faults;
mod firmware;
mod guard;
mod har;
mod limits;
mod messages;
mod sms;

use std::net::SocketAddr;
use std::sync::Arc;

use axum::extract::DefaultBodyLimit;
use axum::http::header::CONTENT_TYPE;
use axum::http::{Method, Uri};
use axum::middleware;
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post};
use axum::{Extension, Router};
use tokio::net::TcpListener;

use crate::arguments::Arguments;
use crate::door::Door;
use crate::http::{self, Places, Security};
use crate::page;
use crate::platform::Platform;
use answer::Problem;
use guard::Guard;
use limits::Limits;

/// Its description for programs.
const OPENAPI: &str = include_str!("openapi.json");

/// The open port.
pub struct Api {
    listener: TcpListener,
    /// Its address.
    pub address: SocketAddr,
    token: Option<String>,
}

/// Opens the port, if it is wanted.
pub async fn open(arguments: &Arguments) -> Result<Option<Api>, String> {
    let Some(wanted) = &arguments.api else {
        return Ok(None);
    };
    let token = arguments
        .api_token
        .clone()
        .filter(|token| !token.is_empty());
    let door = Door::open(wanted, "API on", Security::Plain).await?;
    if !door.address.ip().is_loopback() {
        if token.is_none() {
            return Err(format!(
                "--api {}: other machines can reach this address, so that --api-token is needed",
                door.address
            ));
        }
        tracing::warn!("other machines can reach the API on {}", door.address);
    }
    if let Some(path) = &arguments.api_port_file {
        door.write_port(path)?;
    }
    Ok(Some(Api {
        listener: door.listener,
        address: door.address,
        token,
    }))
}

/// Serves until [`Platform::stop`].
pub async fn serve(api: Api, platform: Arc<Platform>) {
    let guard = Arc::new(Guard {
        loopback: api.address.ip().is_loopback(),
        token: api.token,
    });
    let limits = Limits::new(Arc::clone(&platform));
    let app = router(Arc::clone(&platform))
        .layer(middleware::from_fn_with_state(
            Arc::clone(&limits),
            limits::check,
        ))
        .layer(Extension(limits))
        .layer(DefaultBodyLimit::disable())
        .layer(middleware::from_fn_with_state(guard, guard::check));
    let places = Places::new(platform.config.max_api_connections);
    http::accept(api.listener, &places, &platform, |stream, _, place| {
        limits::connection(app.clone(), Arc::clone(&platform), stream, place)
    })
    .await;
}

fn router(platform: Arc<Platform>) -> Router {
    Router::new()
        .route("/api/v1/openapi.json", get(openapi))
        .route(
            "/api/v1/messages",
            get(messages::list).delete(messages::forget),
        )
        .route("/api/v1/messages.har", get(messages::archive))
        .route("/api/v1/messages/wait", get(messages::wait))
        .route("/api/v1/messages/{number}", get(messages::one))
        .route("/api/v1/events", get(events::stream))
        .route("/api/v1/devices", get(devices::list).post(devices::add))
        .route("/api/v1/devices/import", post(devices::import))
        .route(
            "/api/v1/devices/{urn}",
            get(devices::one)
                .put(devices::change)
                .delete(devices::remove),
        )
        .route(
            "/api/v1/devices/{urn}/downlinks",
            get(devices::downlinks).post(devices::queue),
        )
        .route(
            "/api/v1/devices/{urn}/downlinks/{id}",
            delete(devices::cancel),
        )
        .route("/api/v1/sms", get(sms::list).post(sms::send))
        .route(
            "/api/v1/firmware",
            get(firmware::list).post(firmware::offer),
        )
        .route("/api/v1/faults", get(faults::list).put(faults::replace))
        .fallback(show)
        .method_not_allowed_fallback(|| async { Problem::method() })
        .with_state(platform)
}

/// A file of the page.
async fn show(method: Method, uri: Uri) -> Response {
    match page::find(uri.path()) {
        Some(_) if method != Method::GET => Problem::method().into_response(),
        Some(asset) => (
            page::FIELDS,
            [(CONTENT_TYPE, asset.content_type)],
            asset.content,
        )
            .into_response(),
        None => Problem::unknown("there is nothing at this path").into_response(),
    }
}

async fn openapi() -> ([(axum::http::HeaderName, &'static str); 1], &'static str) {
    ([(CONTENT_TYPE, "application/json")], OPENAPI)
}
