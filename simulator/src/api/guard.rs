// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may use the API.
//!
//! On loopback everyone on this machine may use it, but a web page from another site in a browser here must not. Such a
//! page can make the browser send requests to its own name, resolved to loopback, or across sites; Host reveals the
//! former, Origin the latter.

use std::net::IpAddr;
use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HOST, ORIGIN};
use axum::http::{HeaderMap, HeaderName, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use sha2::{Digest, Sha256};

use super::answer::Problem;

/// The request.
pub struct Guard {
    /// Whether only this machine can reach it.
    pub loopback: bool,
    /// The bearer token.
    pub token: Option<String>,
}

/// Lets a request pass, or answers it with a refusal.
pub async fn check(State(guard): State<Arc<Guard>>, request: Request, next: Next) -> Response {
    match guard.refuse(
        request.uri().path(),
        request.uri().query(),
        request.headers(),
    ) {
        Some(problem) => problem.into_response(),
        None => next.run(request).await,
    }
}

impl Guard {
    fn refuse(&self, path: &str, query: Option<&str>, headers: &HeaderMap) -> Option<Problem> {
        let Some(host) = text(headers, &HOST) else {
            return Some(Problem::bad("header Host is missing"));
        };
        if self.loopback && !is_here(name_of(host)) {
            return Some(Problem::new(
                StatusCode::FORBIDDEN,
                format!("Host is {host:?}; here it is localhost, or an address of loopback"),
            ));
        }
        if let Some(origin) = text(headers, &ORIGIN)
            && origin.split_once("://").map(|(_, rest)| rest) != Some(host)
        {
            return Some(Problem::new(
                StatusCode::FORBIDDEN,
                format!("Origin is {origin:?}: only the page that is served here may ask"),
            ));
        }
        let token = self
            .token
            .as_deref()
            .filter(|_| path.starts_with("/api/"))?;
        let bearer = text(headers, &AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        // Browsers cannot send custom headers with an EventSource.
        let in_query = query
            .filter(|_| path == "/api/v1/events")
            .and_then(|query| {
                query
                    .split('&')
                    .find_map(|pair| pair.strip_prefix("access_token="))
            });
        if bearer.or(in_query).is_some_and(|got| same(got, token)) {
            return None;
        }
        Some(Problem::new(
            StatusCode::UNAUTHORIZED,
            "header Authorization: Bearer and the token of --api-token",
        ))
    }
}

/// Compares digests, whose first difference reveals nothing.
fn same(left: &str, right: &str) -> bool {
    Sha256::digest(left) == Sha256::digest(right)
}

/// The only value of a header.
fn text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    let mut values = headers.get_all(name).iter();
    let first = values.next()?;
    if values.next().is_some() {
        return Some("");
    }
    Some(first.to_str().unwrap_or_default())
}

/// A host without its port.
fn name_of(host: &str) -> &str {
    match host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, _)) => address,
        None => host.split(':').next().unwrap_or_default(),
    }
}

fn is_here(name: &str) -> bool {
    name.eq_ignore_ascii_case("localhost")
        || name
            .parse()
            .is_ok_and(|address: IpAddr| address.is_loopback())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(HeaderName, &str)]) -> HeaderMap {
        let pairs = pairs.iter();
        pairs
            .map(|(name, value)| (name.clone(), value.parse().unwrap()))
            .collect()
    }

    fn refused(guard: &Guard, pairs: &[(HeaderName, &str)]) -> bool {
        guard.refuse("/api/v1/sms", None, &headers(pairs)).is_some()
    }

    #[test]
    fn knows_this_machine_by_its_names() {
        let guard = Guard {
            loopback: true,
            token: None,
        };
        for host in [
            "localhost:80",
            "LOCALHOST",
            "127.0.0.1:8081",
            "[::1]:1",
            "127.9.9.9",
        ] {
            assert!(!refused(&guard, &[(HOST, host)]), "{host}");
        }
        for host in [
            "",
            "evil.example",
            "localhost.evil.example",
            "10.0.0.1",
            "[::2]",
            "[::1",
        ] {
            assert!(refused(&guard, &[(HOST, host)]), "{host}");
        }
        assert!(refused(&guard, &[]));
    }

    #[test]
    fn other_sites_may_not_ask() {
        let guard = Guard {
            loopback: true,
            token: None,
        };
        let from = |origin| [(HOST, "localhost:1"), (ORIGIN, origin)];
        assert!(!refused(&guard, &from("http://localhost:1")));
        for origin in ["http://localhost:2", "https://evil.example", "null"] {
            assert!(refused(&guard, &from(origin)), "{origin}");
        }
    }

    #[test]
    fn asks_for_the_token() {
        let guard = Guard {
            loopback: false,
            token: Some("open".to_owned()),
        };
        let host = (HOST, "10.0.0.1");
        let with = |value| [host.clone(), (AUTHORIZATION, value)];
        assert!(!refused(&guard, &with("Bearer open")));
        for value in ["Bearer opem", "open", "Bearer ", "Basic open"] {
            assert!(refused(&guard, &with(value)), "{value}");
        }
        assert!(refused(&guard, std::slice::from_ref(&host)));
        let query = Some("x=1&access_token=open");
        let only_host = headers(&[host]);
        assert!(guard.refuse("/api/v1/events", query, &only_host).is_none());
        assert!(guard.refuse("/api/v1/sms", query, &only_host).is_some());
        assert!(guard.refuse("/", None, &only_host).is_none());
    }
}
