// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was recorded is sent again, and the answers are as before or not.

mod common;

use std::path::Path;
use std::process::{Command, Output, Stdio};

use common::{BODY, PATH, SECRET, URN, WithApi, request, request_with, scratch, token};
use serde_json::{Value, json};

fn replay(file: &Path, to: &str) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .arg("replay")
        .arg(file)
        .args(["--to", to])
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

#[test]
fn is_answered_as_it_was_or_told() {
    let first = WithApi::start(&["--fault", "status=503,every=4"]);
    first.simulator.exchange(&request(BODY));
    first
        .simulator
        .exchange(&request_with(PATH, &token(BODY.as_bytes(), "x"), BODY));
    first.simulator.exchange(&request_with(
        "/elsewhere",
        &token(BODY.as_bytes(), SECRET),
        BODY,
    ));
    // Answered by a fault, and so left out.
    first.simulator.exchange(&request(BODY));
    let (status, archive) = first.get("/api/v1/messages.har");
    assert_eq!(status, 200);
    assert_eq!(archive["log"]["version"], "1.2");
    let entries = archive["log"]["entries"].as_array().unwrap();
    assert_eq!(entries.len(), 4);
    assert_eq!(entries[0]["request"]["url"], format!("http://m.m{PATH}"));
    assert_eq!(
        entries[0]["request"]["headers"][0],
        json!({"name": "Host", "value": "m.m"})
    );
    let file = scratch("messages.har");
    std::fs::write(&file, archive.to_string()).unwrap();

    let alike = WithApi::start(&[]);
    let output = replay(&file, &alike.simulator.address);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(
        said(&output),
        "3 answered as they were, 0 otherwise, 1 left out\n"
    );
    assert_eq!(alike.simulator.events().len(), 3);
    assert_eq!(alike.simulator.events()[0]["body"], BODY);

    let unlike = WithApi::start_bare(&["--device", &format!("{URN}=x")]);
    let output = replay(&file, &unlike.simulator.address);
    assert_eq!(output.status.code(), Some(1));
    assert!(
        said(&output)
            .contains("request 1, POST http://m.m/ingestion/m2m/senml/v1: 202 then, 401 now")
    );
    assert!(said(&output).contains("1 answered as they were, 2 otherwise, 1 left out"));

    // As a proxy writes it, without the raw bytes.
    let mut foreign: Value = archive;
    for entry in foreign["log"]["entries"].as_array_mut().unwrap() {
        entry.as_object_mut().unwrap().remove("_request");
    }
    std::fs::write(&file, foreign.to_string()).unwrap();
    let output = replay(&file, &alike.simulator.address);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    std::fs::write(&file, "{}").unwrap();
    assert_eq!(
        replay(&file, &alike.simulator.address).status.code(),
        Some(2)
    );
    std::fs::remove_file(&file).unwrap();
    assert_eq!(
        replay(&file, &alike.simulator.address).status.code(),
        Some(2)
    );
}
