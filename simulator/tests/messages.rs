// SPDX-License-Identifier: MIT OR Apache-2.0
//! Messages: what is accepted, what is refused and why, and the exact bytes of the answers.

mod common;

use std::io::Write;

use common::{BODY, BODY_TOKEN, PATH, SECRET, Simulator, URN, request, request_with, token};
use serde_json::json;

#[test]
fn answers_byte_for_byte_as_the_live_endpoint() {
    let simulator = Simulator::start(&[]);
    let answer = simulator.exchange(&request(BODY));
    let date = answer.header("Date").unwrap().to_owned();
    assert_eq!(date.len(), "Wed, 29 May 2024 12:29:28 GMT".len());
    assert!(date.ends_with(" GMT"));
    assert_eq!(
        answer.head,
        format!(
            "HTTP/1.1 202 \r\nDate: {date}\r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
        )
    );
    assert_eq!(answer.head.len(), 97);

    let event = simulator.event();
    assert_eq!(event["accepted"], true);
    assert_eq!(event["status"], 202);
    assert_eq!(event["device"], format!("{URN}:"));
    assert_eq!(event["body"], BODY);
    assert_eq!(event["body_len"], 95);
    assert_eq!(event["notes"], json!([]));
    assert_eq!(
        event["records"],
        json!([{"n": format!("{URN}:temperature"), "u": "Cel", "v": 20.5, "t": 1_585_650_750.0}])
    );
}

#[test]
fn takes_the_published_tokens() {
    let internet = "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f";
    let simulator = Simulator::start(&["--device", &format!("{internet}={SECRET}")]);
    for (path, body, token) in [
        (PATH, BODY, BODY_TOKEN),
        (
            PATH,
            r#"[{"bn":"urn:dev:IMEI:123456789012345:","n":"temperature","u":"Cel","v":20.5}]"#,
            "2a6a85076c72c964dd129541130f080d3afa6927a4a72dde9317d6f23c475ed9",
        ),
        (
            "/ingestion/ip/senml/v1",
            r#"[{"bn":"urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f:"},{"n":"temperature","u":"Cel","v":20.5}]"#,
            "1b078b8e5e269862b0b379e2af5b4e857a9ce7e4e2ac2c793d09636063a3ee6a",
        ),
    ] {
        assert_eq!(
            simulator.exchange(&request_with(path, token, body)).status,
            202
        );
        assert_eq!(simulator.event()["reason"], json!(null));
    }
}

#[test]
fn fills_in_the_time_of_reception() {
    let simulator = Simulator::start(&[]);
    let body = format!(r#"[{{"bn":"{URN}:","n":"a","v":1}},{{"n":"b","v":1,"t":-60}}]"#);
    simulator.exchange(&request(&body));
    let event = simulator.event();
    let now = event["time"].as_f64().unwrap();
    assert!(now > 1.7e9);
    assert_eq!(event["records"][0]["t"], now);
    assert_eq!(event["records"][1]["t"], now - 60.0);
}

/// The answer's status and the first reason.
fn refusal(simulator: &Simulator, request: &[u8]) -> (u16, String) {
    let answer = simulator.exchange(request);
    let event = simulator.event();
    assert_eq!(event["status"], answer.status);
    assert_eq!(event["accepted"], false);
    assert_eq!(event["records"], json!([]));
    assert_eq!(event["downlink"], json!(null));
    assert!(answer.body.is_empty());
    (
        answer.status,
        event["reason"].as_str().unwrap_or_default().to_owned(),
    )
}

#[test]
fn refuses_wrong_headers() {
    let simulator = Simulator::start(&[]);
    let good = String::from_utf8(request(BODY)).unwrap();
    for (from, to, reason) in [
        ("Host: m.m\r\n", "", "header Host is missing"),
        ("Host: m.m", "Host: ", "header Host is empty"),
        (
            "Host: m.m\r\n",
            "Host: m.m\r\nHost: m.m\r\n",
            "header Host stands twice",
        ),
        (
            "Content-Type: application/json\r\n",
            "",
            "header Content-Type is missing",
        ),
        (
            "application/json",
            "application/senml+json",
            "Content-Type is \"application/senml+json\" instead of application/json",
        ),
        (
            "Content-Length: 95",
            "Transfer-Encoding: chunked",
            "header Transfer-Encoding: the platform takes Content-Length only",
        ),
        (
            "Content-Length: 95\r\n",
            "",
            "header Content-Length is missing",
        ),
    ] {
        let request = good.replacen(from, to, 1);
        assert_ne!(request, good);
        assert_eq!(
            refusal(&simulator, request.as_bytes()),
            (400, reason.to_owned())
        );
    }
    let bare = good.replacen("\r\n", "\n", 6);
    assert_eq!(simulator.exchange(bare.as_bytes()).status, 202);
    assert_eq!(
        simulator.event()["notes"],
        json!(["lines of the head end in LF alone instead of CRLF"])
    );
}

#[test]
fn refuses_wrong_tokens_and_says_why() {
    let simulator = Simulator::start(&[]);
    let (status, reason) = refusal(&simulator, &request_with(PATH, &"0".repeat(64), BODY));
    assert_eq!(status, 401);
    assert_eq!(
        reason,
        format!(
            "token differs: expected {BODY_TOKEN}, got {}; the body hashed is 95 bytes: {BODY}",
            "0".repeat(64)
        )
    );
    for (sent, part) in [
        (BODY_TOKEN.to_uppercase(), "upper case"),
        (BODY_TOKEN[..63].to_owned(), "63 characters instead of 64"),
        (
            BODY_TOKEN.replacen('b', "x", 1),
            "'x', which is no hex digit",
        ),
        (
            token(format!("{BODY}\0").as_bytes(), SECRET),
            "a NUL byte after the body was hashed too",
        ),
        (
            token(SECRET.as_bytes(), BODY),
            "the secret was hashed before the body",
        ),
    ] {
        let (status, reason) = refusal(&simulator, &request_with(PATH, &sent, BODY));
        assert_eq!(status, 401);
        assert!(reason.contains(part), "{reason}");
    }
    let good = String::from_utf8(request(BODY)).unwrap();
    let line = format!("Things-Message-Token: {BODY_TOKEN}\r\n");
    assert_eq!(
        refusal(&simulator, good.replacen(&line, "", 1).as_bytes()),
        (400, "header Things-Message-Token is missing".to_owned())
    );
}

#[test]
fn refuses_unknown_devices_and_paths_and_methods() {
    let simulator = Simulator::start(&[]);
    let body = r#"[{"bn":"urn:dev:IMEI:356938035643809:","n":"a","v":1}]"#;
    assert_eq!(
        refusal(&simulator, &request(body)),
        (
            404,
            "device urn:dev:IMEI:356938035643809: is not registered".to_owned()
        )
    );
    assert_eq!(
        refusal(&simulator, &request_with("/other", BODY_TOKEN, BODY)),
        (404, "no such path: /other".to_owned())
    );
    let get = format!("GET {PATH} HTTP/1.1\r\nHost: m.m\r\n\r\n");
    assert_eq!(
        refusal(&simulator, get.as_bytes()),
        (405, "method GET instead of POST".to_owned())
    );
}

#[test]
fn refuses_wrong_packs_with_every_reason() {
    let simulator = Simulator::start(&[]);
    for (body, reason) in [
        (
            format!(r#"[{{"bn":"{URN}:"}},{{"n":"a","v":1,"vs":"x"}}]"#),
            "record 2: both v and vs",
        ),
        (
            format!(r#"[{{"bn":"{URN}:"}},{{"n":"a","v":1,"n":"b"}}]"#),
            "record 2: label n stands twice",
        ),
        (
            format!(r#"[{{"bn":"{URN}","n":"a","v":1}}]"#),
            "record 1: bn \"urn:dev:IMEI:123456789012345\" does not end in a colon",
        ),
        (r#"[{"n":"a","v":1}]"#.to_owned(), "no record has a bn"),
        (String::new(), "the body is empty"),
    ] {
        assert_eq!(
            refusal(&simulator, &request(&body)),
            (400, reason.to_owned())
        );
    }
    let body = format!("{BODY}\0");
    let (status, reason) = refusal(&simulator, &request(&body));
    assert_eq!(status, 400);
    assert!(
        reason.contains("there is a NUL byte at offset 95"),
        "{reason}"
    );

    let body = format!(r#"[{{"bn":"{URN}:","n":"?","v":1,"x_":0}}]"#);
    refusal(&simulator, &request_with(PATH, BODY_TOKEN, &body));
    let reasons = simulator.event()["reasons"].clone();
    assert_eq!(reasons.as_array().unwrap().len(), 2, "{reasons}");
}

#[test]
fn statuses_are_settings() {
    let simulator = Simulator::start(&[
        "--status",
        "token=403",
        "--status",
        "accepted=200",
        "--status",
        "device=410",
        "--status",
        "malformed=422",
    ]);
    assert_eq!(simulator.exchange(&request(BODY)).status, 200);
    assert_eq!(
        simulator
            .exchange(&request_with(PATH, &"0".repeat(64), BODY))
            .status,
        403
    );
    assert_eq!(simulator.exchange(&request("[]")).status, 422);
    assert_eq!(
        simulator
            .exchange(&request(r#"[{"bn":"x:","n":"a","v":1}]"#))
            .status,
        410
    );
}

#[test]
fn a_device_without_secret_needs_no_token() {
    let simulator = Simulator::start_bare(&["--device", URN]);
    let good = String::from_utf8(request(BODY)).unwrap();
    let line = format!("Things-Message-Token: {BODY_TOKEN}\r\n");
    assert_eq!(
        simulator
            .exchange(good.replacen(&line, "", 1).as_bytes())
            .status,
        202
    );
    assert_eq!(simulator.event()["notes"], json!([]));
}

#[test]
fn hands_out_one_downlink_at_a_time_and_each_once() {
    let folder = common::scratch("devices");
    std::fs::create_dir(&folder).unwrap();
    let file = folder.join("devices.toml");
    let mut devices = std::fs::File::create(&file).unwrap();
    writeln!(
        devices,
        "[[device]]\nurn = \"{URN}:\"\nsecret = \"{SECRET}\"\n\
         downlinks = ['[{{\"n\":\"valve\",\"vb\":true}}]', \"@second.json\"]"
    )
    .unwrap();
    std::fs::write(folder.join("second.json"), "[{\"n\":\"b\",\"v\":2}]").unwrap();

    let simulator = Simulator::start_bare(&["--devices", file.to_str().unwrap()]);
    let refused = simulator.exchange(&request_with(PATH, &"0".repeat(64), BODY));
    assert!(refused.body.is_empty());
    let first = simulator.exchange(&request(BODY));
    let date = first.header("Date").unwrap().to_owned();
    assert_eq!(
        first.head,
        format!(
            "HTTP/1.1 202 \r\nDate: {date}\r\nContent-Type: application/json\r\n\
             Content-Length: 25\r\nConnection: keep-alive\r\n\r\n"
        )
    );
    assert_eq!(first.body, br#"[{"n":"valve","vb":true}]"#);
    assert_eq!(
        simulator.event()["downlink"],
        r#"[{"n":"valve","vb":true}]"#
    );
    let second = simulator.exchange(&request(BODY));
    assert_eq!(second.body, br#"[{"n":"b","v":2}]"#);
    assert!(simulator.exchange(&request(BODY)).body.is_empty());
    assert_eq!(simulator.event()["downlink"], json!(null));
    std::fs::remove_dir_all(&folder).unwrap();
}
