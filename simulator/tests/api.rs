// SPDX-License-Identifier: MIT OR Apache-2.0
//! The HTTP API: what it does, and what it refuses.

mod common;

use std::io::{BufRead, BufReader, Read};
use std::net::TcpListener;
use std::time::{Duration, Instant};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{BODY, SECRET, URN, WithApi, read_answer, request, request_with, token};
use serde_json::{Value, json};

const OTHER: &str = "urn:dev:IMEI:490154203237518";

fn numbers(list: &Value) -> Vec<u64> {
    let messages = list["messages"].as_array().unwrap().iter();
    messages
        .map(|event| event["number"].as_u64().unwrap())
        .collect()
}

/// A message from a device with this secret.
fn message(urn: &str, secret: &str, record: &str) -> Vec<u8> {
    let body = format!(r#"[{{"bn":"{urn}:"}},{record}]"#);
    request_with(common::PATH, &token(body.as_bytes(), secret), &body)
}

#[test]
fn messages_are_listed_by_filter_and_forgotten() {
    let all = WithApi::start(&["--device", &format!("{OTHER}={SECRET}")]);
    let send = |request: &[u8]| all.simulator.exchange(request).status;
    assert_eq!(send(&request(BODY)), 202);
    assert_eq!(send(&message(URN, "wrong", r#"{"n":"a","v":1}"#)), 401);
    assert_eq!(send(&message(OTHER, SECRET, r#"{"n":"b","v":2}"#)), 202);
    for (query, wanted) in [
        ("", &[1, 2, 3][..]),
        ("?accepted=false", &[2]),
        ("?accepted=true&kind=message", &[1, 3]),
        ("?kind=part", &[]),
        (&format!("?device={URN}"), &[1, 2]),
        (&format!("?device={OTHER}:"), &[3]),
        ("?after=1&limit=1", &[3]),
        ("?name=temperature", &[1]),
    ] {
        let (status, list) = all.get(&format!("/api/v1/messages{query}"));
        assert_eq!((status, numbers(&list)), (200, wanted.to_vec()), "{query}");
    }
    for wrong in ["?accepted=maybe", "?kind=x", "?after=-1", "?color=red"] {
        let (status, body) = all.get(&format!("/api/v1/messages{wrong}"));
        assert_eq!(status, 400, "{wrong}");
        assert!(body["error"].is_string());
    }

    let (status, event) = all.get("/api/v1/messages/1");
    assert_eq!(status, 200);
    let raw = STANDARD.decode(event["request"].as_str().unwrap()).unwrap();
    assert_eq!(raw, request(BODY));
    assert_eq!(event["token"], "right");
    assert!(event["duration"].as_f64().unwrap() >= 0.0);
    assert_eq!(event["marks"], json!([]));
    assert_eq!(event["records"][0]["v"], 20.5);

    assert_eq!(all.call_with("DELETE", "/api/v1/messages", "", b"").0, 204);
    assert_eq!(all.get("/api/v1/messages").1, json!({"messages": []}));
    assert_eq!(all.get("/api/v1/messages/1").0, 404);
    send(&request(BODY));
    assert_eq!(numbers(&all.get("/api/v1/messages").1), [4]);
}

#[test]
fn mistakes_are_marked_in_the_bytes() {
    let all = WithApi::start(&[]);
    let body = format!(r#"[{{"bn":"{URN}:"}},{{"n":"a","v":"1"}},{{"n":"?","v":1}}]"#);
    let good = String::from_utf8(request(&body)).unwrap();
    let bad = good
        .replace("Content-Type: application/json\r\n", "")
        .replace(
            &token(body.as_bytes(), SECRET),
            &token(body.as_bytes(), "x"),
        );
    assert_eq!(all.simulator.exchange(bad.as_bytes()).status, 400);
    let (_, event) = all.get("/api/v1/messages/1");
    assert_eq!(event["token"], "wrong");
    let raw = STANDARD.decode(event["request"].as_str().unwrap()).unwrap();
    assert_eq!(raw, bad.as_bytes());
    let marked: Vec<_> = event["marks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|mark| {
            let at = |name: &str| usize::try_from(mark[name].as_u64().unwrap()).unwrap();
            let bytes = &raw[at("offset")..at("offset") + at("length")];
            assert!(!mark["advice"].as_str().unwrap().is_empty());
            String::from_utf8(bytes.to_vec()).unwrap()
        })
        .collect();
    let token_line = bad
        .lines()
        .find(|line| line.starts_with("Things-Message-Token"))
        .unwrap();
    assert_eq!(marked, ["", r#""v":"1""#, r#""n":"?""#, token_line]);
    assert_eq!(
        event["reasons"].as_array().unwrap().len(),
        event["marks"].as_array().unwrap().len()
    );
}

#[test]
fn waits_until_enough_came_or_the_time_is_over() {
    let all = WithApi::start(&[]);
    all.simulator.exchange(&request(BODY));
    let path = "/api/v1/messages/wait?name=temperature&count=2&accepted=true&within=10s";
    let mut waiting = all.ask("GET", path, "", b"");
    std::thread::sleep(Duration::from_millis(50));
    all.simulator
        .exchange(&message(URN, SECRET, r#"{"n":"other","v":1}"#));
    all.simulator.exchange(&request(BODY));
    let answer = read_answer(&mut waiting);
    assert_eq!(answer.status, 200);
    let list: Value = serde_json::from_slice(&answer.body).unwrap();
    assert_eq!(numbers(&list), [1, 3]);

    let (status, list) = all.get("/api/v1/messages/wait?count=9&within=0.05");
    assert_eq!((status, numbers(&list)), (408, vec![1, 2, 3]));
    assert_eq!(all.get("/api/v1/messages/wait?within=soon").0, 400);
}

#[test]
fn devices_come_change_and_leave() {
    let all = WithApi::start_bare(&[]);
    let (status, device) = all.send(
        "POST",
        "/api/v1/devices",
        &json!({"urn": format!("{URN}:"), "secret": SECRET}),
    );
    assert_eq!(status, 201);
    assert_eq!(device["urn"], URN);
    assert_eq!(device["secret_length"], SECRET.len());
    assert_eq!(device["secret_fingerprint"].as_str().unwrap().len(), 8);
    assert_eq!(device["downlinks"]["pending"], 0);
    let again = all.send("POST", "/api/v1/devices", &json!({"urn": URN}));
    assert_eq!(again.0, 409);
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 202);
    let path = format!("/api/v1/devices/{URN}");
    assert_eq!(all.get(&path).1["messages"], 1);

    let secret = SECRET.replace('0', "1");
    assert_eq!(all.send("PUT", &path, &json!({"secret": secret})).0, 200);
    assert_ne!(
        all.get(&path).1["secret_fingerprint"],
        device["secret_fingerprint"]
    );
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 401);
    assert_eq!(
        all.send("PUT", &format!("/api/v1/devices/{OTHER}"), &json!({}))
            .0,
        201
    );
    let (_, list) = all.get("/api/v1/devices");
    assert_eq!(list["devices"].as_array().unwrap().len(), 2);

    assert_eq!(all.call_with("DELETE", &path, "", b"").0, 204);
    assert_eq!(all.call_with("DELETE", &path, "", b"").0, 404);
    assert_eq!(all.get(&path).0, 404);
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 404);
    for (wrong, status) in [
        (json!({"urn": ""}), 422),
        (json!({"urn": "a", "secret": ""}), 422),
        (json!({"secret": "a"}), 400),
        (json!({"urn": "a", "colour": "red"}), 400),
    ] {
        assert_eq!(all.send("POST", "/api/v1/devices", &wrong).0, status);
    }
}

#[test]
fn devices_are_imported_from_toml() {
    let all = WithApi::start_bare(&[]);
    let import = |text: &str| {
        let toml = "Content-Type: application/toml\r\n";
        all.call_with("POST", "/api/v1/devices/import", toml, text.as_bytes())
    };
    let good = format!(
        "[[device]]\nurn = \"{URN}\"\nsecret = \"{SECRET}\"\ndownlinks = ['[{{\"n\":\"a\",\"v\":1}}]']\n"
    );
    assert_eq!(import(&good), (200, json!({"devices": [URN]})));
    let answer = all.simulator.exchange(&request(BODY));
    assert_eq!(answer.body, br#"[{"n":"a","v":1}]"#);
    let wrong = format!("[[device]]\nurn = \"a\"\nsecret = \"{SECRET}\" x\n");
    let (status, body) = import(&wrong);
    assert_eq!(status, 422);
    assert!(!body.to_string().contains(SECRET));
    assert!(body["error"].as_str().unwrap().contains("line 3"));
}

#[test]
fn a_downlink_goes_through_its_states() {
    let all = WithApi::start(&[]);
    let path = format!("/api/v1/devices/{URN}/downlinks");
    let queue = |body: Value| all.send("POST", &path, &json!({"body": body}));
    let (status, first) = queue(json!(r#"[ {"n":"valve","vb":true} ]"#));
    assert_eq!((status, &first["state"]), (201, &json!("PENDING")));
    let (_, second) = queue(json!([{"bn": format!("{URN}:"), "n": "a", "v": 1}]));
    let (_, third) = queue(json!([{"n": "b", "v": 1}]));
    let cancel = |id: &Value| all.call_with("DELETE", &format!("{path}/{id}"), "", b"").0;
    assert_eq!(cancel(&second["id"]), 204);
    assert_eq!(cancel(&second["id"]), 409);
    assert_eq!(cancel(&json!(99)), 404);

    let bodies: Vec<_> = (0..3)
        .map(|_| all.simulator.exchange(&request(BODY)).body)
        .collect();
    assert_eq!(
        bodies,
        [
            &br#"[ {"n":"valve","vb":true} ]"#[..],
            br#"[{"n":"b","v":1}]"#,
            b""
        ]
    );
    assert_eq!(cancel(&first["id"]), 409);
    let (_, list) = all.get(&path);
    let states: Vec<_> = list["downlinks"]
        .as_array()
        .unwrap()
        .iter()
        .map(|downlink| (downlink["id"].clone(), downlink["state"].as_str().unwrap()))
        .collect();
    assert_eq!(
        states,
        [
            (first["id"].clone(), "DELIVERED"),
            (second["id"].clone(), "CANCELLED"),
            (third["id"].clone(), "DELIVERED"),
        ]
    );
}

#[test]
fn a_downlink_that_is_no_senml_is_refused_with_the_reason() {
    let all = WithApi::start(&[]);
    let path = format!("/api/v1/devices/{URN}/downlinks");
    for (wrong, reason) in [
        (json!("hello"), "not a SenML pack"),
        (json!([]), "no records"),
        (json!("[{]"), "not a SenML pack"),
        (json!([{"n": "a"}]), "without a value"),
        (json!([{"n": "a", "v": "1"}]), "v must be a number"),
        (json!({"n": "a", "v": 1}), "not a SenML pack"),
        (json!(""), "empty"),
    ] {
        let (status, answer) = all.send("POST", &path, &json!({"body": wrong}));
        assert_eq!(status, 422, "{wrong}");
        let error = answer["error"].as_str().unwrap();
        assert!(error.contains(reason), "{wrong}: {error}");
    }
    assert_eq!(all.simulator.exchange(&request(BODY)).body, b"");
    let order = json!({"body": "hello", "unchecked": true});
    assert_eq!(all.send("POST", &path, &order).0, 201);
    assert_eq!(all.simulator.exchange(&request(BODY)).body, b"hello");
    let nobody = format!("/api/v1/devices/{OTHER}/downlinks");
    assert_eq!(
        all.send("POST", &nobody, &json!({"body": [{"n": "a", "v": 1}]}))
            .0,
        404
    );
}

#[test]
fn an_sms_is_sent_and_its_attempts_are_told() {
    let device = TcpListener::bind("127.0.0.1:0").unwrap();
    let to = device.local_addr().unwrap().to_string();
    let all = WithApi::start(&["--sms-to", &to, "--sms-speed", "1"]);
    let (status, sms) = all.send(
        "POST",
        "/api/v1/sms",
        &json!({"urn": URN, "body": "wake up=now"}),
    );
    assert_eq!((status, &sms["state"]), (201, &json!("EXECUTING")));
    assert_eq!(sms["next"], sms["time"]);
    let (mut stream, _) = device.accept().unwrap();
    let mut text = String::new();
    stream.read_to_string(&mut text).unwrap();
    assert_eq!(text, "5277\nwake up=now");
    drop(stream);
    let end = Instant::now() + Duration::from_secs(10);
    let sms = loop {
        let (_, list) = all.get("/api/v1/sms");
        if list["sms"][0]["state"] == "DELIVERED" {
            break list["sms"][0].clone();
        }
        assert!(Instant::now() < end, "{list}");
    };
    assert_eq!(sms["attempts"].as_array().unwrap().len(), 1);
    assert_eq!(sms["next"], Value::Null);
    let other = all.send("POST", "/api/v1/sms", &json!({"urn": OTHER, "body": "x"}));
    assert_eq!(other.0, 404);
    let without = WithApi::start(&[]);
    let refused = without.send("POST", "/api/v1/sms", &json!({"urn": URN, "body": "x"}));
    assert_eq!(refused.0, 409);
}

#[test]
fn an_image_is_offered_and_its_progress_is_told() {
    let all = WithApi::start(&[]);
    let binary = "Content-Type: application/octet-stream\r\n";
    let image = vec![7_u8; 1000];
    let path = format!("/api/v1/firmware?device={URN}&name=v2");
    let (status, campaign) = all.call_with("POST", &path, binary, &image);
    assert_eq!(status, 201);
    assert_eq!(
        (&campaign["name"], &campaign["size"]),
        (&json!("v2"), &json!(1000))
    );
    let downlink: Value =
        serde_json::from_slice(&all.simulator.exchange(&request(BODY)).body).unwrap();
    let url = downlink[1]["vs"].as_str().unwrap();
    let file = url
        .strip_prefix(&format!("http://{}", all.simulator.address))
        .unwrap();
    assert_eq!(campaign["devices"][0]["path"], file);
    let bearer = downlink[2]["vs"].as_str().unwrap();
    for (range, received) in [("0-255", 256), ("0-255", 256), ("256-999", 1000)] {
        let part = all.simulator.exchange(
            format!("GET {file} HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer {bearer}\r\nRange: bytes={range}\r\n\r\n")
                .as_bytes(),
        );
        assert_eq!(part.status, 200);
        let (_, list) = all.get("/api/v1/firmware");
        let progress = &list["firmware"][0]["devices"][0];
        assert_eq!(progress["received"], received);
        assert_eq!(progress["done"], received == 1000);
    }
    let (_, parts) = all.get("/api/v1/messages?kind=part");
    assert_eq!(parts["messages"].as_array().unwrap().len(), 3);
    for (path, status) in [
        ("/api/v1/firmware", 400),
        ("/api/v1/firmware?device=a", 404),
        ("/api/v1/firmware?colour=red", 400),
    ] {
        assert_eq!(
            all.call_with("POST", path, binary, &image).0,
            status,
            "{path}"
        );
    }
    assert_eq!(all.call_with("POST", &path, binary, b"").0, 422);
}

#[test]
fn faults_are_switched_while_it_runs() {
    let all = WithApi::start(&[]);
    let put = |faults: Value| all.send("PUT", "/api/v1/faults", &json!({"faults": faults}));
    assert_eq!(all.get("/api/v1/faults").1, json!({"faults": []}));
    let (status, list) = put(json!([
        {"fault": "status=503,retry-after=7", "device": URN, "count": 1},
        {"fault": "drop", "probability": 0.0, "seed": 5},
    ]));
    assert_eq!(status, 200);
    assert_eq!(list["faults"].as_array().unwrap().len(), 2);
    let answer = all.simulator.exchange(&request(BODY));
    assert_eq!(
        (answer.status, answer.header("Retry-After")),
        (503, Some("7"))
    );
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 202);
    let (_, list) = all.get("/api/v1/faults");
    assert_eq!(list["faults"][0]["applied"], 1);
    // What was listed can be set again.
    assert_eq!(put(list["faults"].clone()).0, 200);
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 503);
    for wrong in [
        json!([{"fault": "earthquake"}]),
        json!([{"fault": "drop", "probability": 2.0}]),
        json!([{"fault": "drop", "device": "a,times=1"}]),
        json!([{"fault": "replaced=/etc/passwd"}]),
    ] {
        assert_eq!(put(wrong).0, 422);
    }
    assert_eq!(put(json!([])).0, 200);
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 202);
}

/// Reads events from the stream until one of this kind.
fn next_event(reader: &mut impl BufRead, kind: &str) -> (String, Value) {
    let (mut id, mut event, mut data) = (String::new(), String::new(), String::new());
    loop {
        let mut line = String::new();
        assert!(reader.read_line(&mut line).unwrap() > 0, "the stream ended");
        let line = line.trim_end();
        if let Some((field, value)) = line.split_once(": ") {
            match field {
                "id" => value.clone_into(&mut id),
                "event" => value.clone_into(&mut event),
                "data" => value.clone_into(&mut data),
                _ => {}
            }
        } else if line.is_empty() && event == kind {
            return (id, serde_json::from_str(&data).unwrap());
        }
    }
}

#[test]
fn changes_are_streamed_and_a_listener_resumes() {
    let all = WithApi::start(&["--downlink", &format!(r#"{URN}=[{{"n":"a","v":1}}]"#)]);
    let mut stream = BufReader::new(all.ask("GET", "/api/v1/events", "", b""));
    let mut line = String::new();
    while stream.read_line(&mut line).unwrap() > 2 {}
    assert!(line.to_lowercase().contains("text/event-stream"), "{line}");
    all.simulator.exchange(&request(BODY));
    let (_, downlink) = next_event(&mut stream, "downlink");
    assert_eq!(downlink["urn"], URN);
    let (first, event) = next_event(&mut stream, "message");
    assert_eq!(event["number"], 1);
    drop(stream);

    all.simulator.exchange(&request(BODY));
    let resume = format!("Last-Event-ID: {first}\r\n");
    let mut stream = BufReader::new(all.ask("GET", "/api/v1/events", &resume, b""));
    assert_eq!(next_event(&mut stream, "message").1["number"], 2);
    all.send("POST", "/api/v1/devices", &json!({"urn": OTHER}));
    assert_eq!(next_event(&mut stream, "device").1["urn"], OTHER);
    all.call_with("DELETE", &format!("/api/v1/devices/{OTHER}"), "", b"");
    assert_eq!(next_event(&mut stream, "device").1["removed"], true);

    let other_run = "Last-Event-ID: 0-99\r\n";
    let mut stream = BufReader::new(all.ask("GET", "/api/v1/events", other_run, b""));
    assert_eq!(next_event(&mut stream, "message").1["number"], 1);
}
