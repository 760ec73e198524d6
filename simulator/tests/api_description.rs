// SPDX-License-Identifier: MIT OR Apache-2.0
//! The description of the API: everything it names answers, and the answers match it.

mod common;

use std::io::{BufRead, BufReader};
use std::net::TcpListener;

use common::{BODY, SECRET, URN, WithApi, request, request_with, token};
use serde_json::{Value, json};

/// A schema, with its reference followed.
fn resolve<'a>(description: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => description
            .pointer(reference.trim_start_matches('#'))
            .unwrap(),
        None => schema,
    }
}

/// Whether each member of `value` is described, and each required one is present.
fn fits(description: &Value, schema: &Value, value: &Value) -> bool {
    let schema = resolve(description, schema);
    if let Some(choices) = schema["oneOf"].as_array() {
        return choices
            .iter()
            .any(|choice| fits(description, choice, value));
    }
    if let Some(choices) = schema["enum"].as_array() {
        return choices.contains(value);
    }
    let types = match &schema["type"] {
        Value::Array(types) => types.clone(),
        one => vec![one.clone()],
    };
    let is = |name: &str| types.contains(&json!(name));
    match value {
        Value::Null => is("null"),
        Value::Bool(_) => is("boolean"),
        Value::Number(number) => is("number") || (is("integer") && number.is_u64()),
        Value::String(_) => is("string"),
        Value::Array(items) => {
            is("array")
                && items
                    .iter()
                    .all(|item| fits(description, &schema["items"], item))
        }
        Value::Object(members) => {
            let required = schema["required"].as_array().into_iter().flatten();
            let whole = required
                .clone()
                .all(|name| members.contains_key(name.as_str().unwrap()));
            let known = members.iter().all(|(name, member)| {
                let property = &schema["properties"][name];
                !property.is_null() && fits(description, property, member)
            });
            is("object") && whole && known
        }
    }
}

#[test]
fn the_description_names_what_answers_and_answers_fit_it() {
    let device = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = device.local_addr().unwrap().to_string();
    let all = WithApi::start(&["--sms-to", &to]);
    let (status, description) = all.get("/api/v1/openapi.json");
    assert_eq!(status, 200);
    // Something of each kind, so that no list is empty.
    let body = json!({"body": [{"n": "a", "v": 1}]});
    all.send("POST", &format!("/api/v1/devices/{URN}/downlinks"), &body);
    all.simulator.exchange(&request(BODY));
    all.simulator
        .exchange(&request_with(common::PATH, &token(b"", SECRET), "[{}]"));
    all.send("POST", "/api/v1/sms", &json!({"urn": URN, "body": "x"}));
    all.send(
        "PUT",
        "/api/v1/faults",
        &json!({"faults": [{"fault": "drop", "probability": 0.0}]}),
    );
    let binary = "Content-Type: application/octet-stream\r\n";
    all.call_with(
        "POST",
        &format!("/api/v1/firmware?device={URN}"),
        binary,
        b"image",
    );
    let (_, campaigns) = all.get("/api/v1/firmware");
    let path = campaigns["firmware"][0]["devices"][0]["path"]
        .as_str()
        .unwrap();
    all.simulator
        .exchange(format!("GET {path} HTTP/1.1\r\nHost: m.m\r\n\r\n").as_bytes());

    let mut operations = 0;
    for (path, methods) in description["paths"].as_object().unwrap() {
        let real = path
            .replace("{urn}", URN)
            .replace("{number}", "1")
            .replace("{id}", "99");
        for (method, operation) in methods.as_object().unwrap() {
            operations += 1;
            let name = operation["operationId"].as_str().unwrap();
            if path == "/events" {
                let mut stream = BufReader::new(all.ask("GET", "/api/v1/events", "", b""));
                let mut line = String::new();
                stream.read_line(&mut line).unwrap();
                assert!(line.contains("200"), "{line}");
                continue;
            }
            // Requests with a body are refused for its type: this shows that they exist without doing anything.
            let path = format!("/api/v1{real}");
            let (status, answer) = if method == "get" || method == "delete" && path.ends_with("/99")
            {
                all.get_or(method, &path)
            } else if method == "delete" {
                continue;
            } else {
                let (status, answer) = all.call_with(&method.to_uppercase(), &path, "", b"");
                assert_eq!(status, 415, "{name}");
                (status, answer)
            };
            let told = status.to_string();
            let responses = &operation["responses"];
            assert!(
                !responses[&told].is_null(),
                "{name}: {status} is not described"
            );
            let response = resolve(&description, &responses[&told]);
            let wanted = resolve(
                &description,
                &response["content"]["application/json"]["schema"],
            );
            if !["getDescription", "archiveMessages"].contains(&name) {
                assert!(fits(&description, wanted, &answer), "{name}: {answer}");
            }
        }
    }
    assert!(operations > 20, "{operations}");
    assert!(!fits(
        &description,
        &json!({"$ref": "#/components/schemas/Device"}),
        &json!({})
    ));
}
