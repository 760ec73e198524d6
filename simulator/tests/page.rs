// SPDX-License-Identifier: MIT OR Apache-2.0
//! The page is served beside the API, complete, and loads nothing from elsewhere.
#![cfg(feature = "api")]

mod common;

use common::{WithApi, read_answer};

#[test]
fn the_page_comes_with_a_strict_policy() {
    let simulator = WithApi::start(&[]);
    for (path, media) in [
        ("/", "text/html; charset=utf-8"),
        ("/app.js", "text/javascript; charset=utf-8"),
        ("/style.css", "text/css; charset=utf-8"),
        ("/icon.svg", "image/svg+xml"),
    ] {
        let answer = read_answer(&mut simulator.ask("GET", path, "", b""));
        assert_eq!(answer.status, 200, "{path}");
        let field = |name: &str| {
            let line = format!("\r\n{name}: ");
            let (_, rest) = answer.head.split_once(&line).unwrap();
            rest.split("\r\n").next().unwrap().to_owned()
        };
        assert_eq!(field("content-type"), media);
        let policy = field("content-security-policy");
        assert!(policy.starts_with("default-src 'none'; "), "{policy}");
        assert!(!policy.contains("unsafe"), "{policy}");
        assert_eq!(field("x-content-type-options"), "nosniff");
        assert!(!answer.head.contains("access-control-"), "{}", answer.head);
    }
}

#[test]
fn the_page_is_read_and_nothing_else() {
    let simulator = WithApi::start(&[]);
    for (method, path, fields, status) in [
        ("POST", "/", "", 405),
        ("GET", "/index.html", "", 404),
        ("GET", "/..%2fCargo.toml", "", 404),
        ("GET", "/", "Host: evil.example\r\n", 403),
    ] {
        let (got, body) = simulator.call_with(method, path, fields, b"");
        assert_eq!(got, status, "{method} {path}: {body}");
        assert!(body["error"].is_string());
    }
}
