// SPDX-License-Identifier: MIT OR Apache-2.0
//! Who may use the API; and no output shows a secret.

mod common;

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Command, Stdio};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use common::{BODY, SECRET, URN, WithApi, read_answer, request_with, scratch, token};
use serde_json::json;

const OTHER: &str = "urn:dev:IMEI:490154203237518";

#[test]
fn refuses_other_sites_other_types_and_other_paths() {
    let all = WithApi::start(&[]);
    let with = |fields: &str| all.call_with("GET", "/api/v1/devices", fields, b"").0;
    assert_eq!(with("Host: localhost\r\n"), 200);
    assert_eq!(with("Host: evil.example\r\n"), 403);
    assert_eq!(with("Origin: http://evil.example\r\n"), 403);
    let answer = read_answer(&mut all.ask("OPTIONS", "/api/v1/devices", "", b""));
    assert_eq!(answer.status, 405);
    assert!(!answer.head.to_lowercase().contains("access-control"));
    let plain = "Content-Type: text/plain\r\n";
    let body = json!({"urn": OTHER}).to_string();
    assert_eq!(
        all.call_with("POST", "/api/v1/devices", plain, body.as_bytes())
            .0,
        415
    );
    assert_eq!(all.get("/api/v2/devices").0, 404);
}

#[test]
fn other_machines_need_a_token() {
    let output = Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .args(["--listen", "127.0.0.1:0", "--api", "0.0.0.0:0"])
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("--api-token"));
    let mut all = WithApi::start(&["--api-token", "open-sesame"]);
    assert_eq!(all.get("/api/v1/devices").0, 401);
    all.token = Some("open-sesame".to_owned());
    assert_eq!(all.get("/api/v1/devices").0, 200);
}

#[test]
fn no_output_shows_a_secret() {
    let file = scratch("devices.toml");
    std::fs::write(
        &file,
        format!("[[device]]\nurn = \"{URN}\"\nsecret = \"{SECRET}\"\n"),
    )
    .unwrap();
    let log = scratch("stderr");
    let mut child = Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .args([
            "--listen",
            "127.0.0.1:0",
            "--api",
            "127.0.0.1:0",
            "--verbose",
        ])
        .args(["--max-seconds", "20", "--exit-after", "4", "--devices"])
        .arg(&file)
        .arg("--json-log")
        .arg(&log)
        .args([
            "--downlink",
            &format!(r#"{URN}=[{{"n":"a","vs":"{SECRET}"}}]"#),
        ])
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    let mut port = || {
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let digits: String = line
            .rsplit(':')
            .next()
            .unwrap()
            .chars()
            .take_while(char::is_ascii_digit)
            .collect();
        format!("127.0.0.1:{digits}")
    };
    let (device, api) = (port(), port());
    // Firmware that sends its secret by mistake, in every possible place.
    let body = format!(r#"[{{"bn":"{URN}:"}},{{"n":"a","vs":"{SECRET}"}}]"#);
    let right = token(body.as_bytes(), SECRET);
    let mut shown = String::new();
    for request in [
        request_with(common::PATH, &right, &body),
        request_with(common::PATH, SECRET, &body),
        request_with(&format!("/{SECRET}"), &right, BODY),
        format!("{SECRET}\r\n\r\n").into_bytes(),
    ] {
        let mut stream = std::net::TcpStream::connect(&device).unwrap();
        stream.write_all(&request).unwrap();
        stream.shutdown(std::net::Shutdown::Write).unwrap();
        stream.read_to_end(&mut Vec::new()).unwrap();
        for path in [
            "messages",
            "devices",
            &format!("devices/{URN}/downlinks"),
            "sms",
            "firmware",
            "faults",
        ] {
            let Ok(mut stream) = std::net::TcpStream::connect(&api) else {
                continue;
            };
            let _ = write!(
                stream,
                "GET /api/v1/{path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            );
            let mut answer = Vec::new();
            let _ = stream.read_to_end(&mut answer);
            shown.push_str(&String::from_utf8_lossy(&answer));
        }
    }
    let ended = child.wait_with_output().unwrap();
    let stderr = String::from_utf8_lossy(&ended.stderr).into_owned();
    let json = std::fs::read_to_string(&log).unwrap();
    std::fs::remove_file(&file).unwrap();
    std::fs::remove_file(&log).unwrap();
    assert_eq!(json.lines().count(), 4);
    assert!(stderr.contains("********") && shown.contains("secret_fingerprint"));
    let encoded = |text: &str| {
        // Decoded as a client does, since base64 would hide a text from a search.
        text.split('"')
            .filter_map(|part| STANDARD.decode(part).ok())
            .any(|bytes| {
                bytes
                    .windows(SECRET.len())
                    .any(|part| part == SECRET.as_bytes())
            })
    };
    for (place, text) in [("stderr", &stderr), ("JSON log", &json), ("API", &shown)] {
        assert!(!text.contains(SECRET), "{place}: {text}");
        assert!(!encoded(text), "{place}");
    }
}
