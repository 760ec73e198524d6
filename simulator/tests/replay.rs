// SPDX-License-Identifier: MIT OR Apache-2.0
//! What was recorded is sent again; each difference in what is answered is a line.

mod common;

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use common::{BODY, PATH, SECRET, URN, WithApi, request, request_with, scratch, token};
use serde_json::{Value, json};

fn replay(file: &Path, to: &str, more: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_kpn-things-simulator"))
        .arg("replay")
        .arg(file)
        .args(["--to", to])
        .args(more)
        .stdin(Stdio::null())
        .output()
        .unwrap()
}

fn said(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// Traffic in a file, which is removed in the end.
struct Recorded {
    file: PathBuf,
    archive: Value,
}

impl Recorded {
    /// An accepted message, one with a wrong token, one to nowhere, and one that a fault has answered.
    fn new() -> Self {
        let desk = WithApi::start(&["--fault", "status=503,every=4"]);
        let wrong = request_with(PATH, &token(BODY.as_bytes(), "x"), BODY);
        let nowhere = request_with("/elsewhere", &token(BODY.as_bytes(), SECRET), BODY);
        for request in [&request(BODY), &wrong, &nowhere, &request(BODY)] {
            desk.simulator.exchange(request);
        }
        let (status, archive) = desk.get("/api/v1/messages.har");
        assert_eq!(status, 200);
        let recorded = Self {
            file: scratch("messages.har"),
            archive,
        };
        recorded.write();
        recorded
    }

    fn write(&self) {
        std::fs::write(&self.file, self.archive.to_string()).unwrap();
    }

    fn entries(&mut self) -> &mut Vec<Value> {
        self.archive["log"]["entries"].as_array_mut().unwrap()
    }

    /// Replayed, with its exit status and what it said.
    fn replay(&self, to: &str, more: &[&str]) -> (Option<i32>, String) {
        let output = replay(&self.file, to, more);
        (output.status.code(), said(&output))
    }
}

impl Drop for Recorded {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.file);
    }
}

const ALIKE: &str = "3 answered as they were, 0 otherwise, 1 left out\n";

#[test]
fn is_answered_as_it_was() {
    let mut recorded = Recorded::new();
    assert_eq!(recorded.archive["log"]["version"], "1.2");
    assert_eq!(recorded.entries().len(), 4);
    let first = &recorded.entries()[0];
    assert_eq!(first["request"]["url"], format!("http://m.m{PATH}"));
    assert_eq!(
        first["request"]["headers"][0],
        json!({"name": "Host", "value": "m.m"})
    );
    let alike = WithApi::start(&[]);
    let to = &alike.simulator.address;
    for more in [&[][..], &["--api", &alike.api]] {
        assert_eq!(recorded.replay(to, more), (Some(0), ALIKE.to_owned()));
    }
    assert_eq!(alike.simulator.events().len(), 6);
    assert_eq!(alike.simulator.events()[0]["body"], BODY);

    // As a proxy writes it, without the bytes.
    for entry in recorded.entries() {
        entry.as_object_mut().unwrap().remove("_request");
    }
    recorded.write();
    assert_eq!(recorded.replay(to, &[]), (Some(0), ALIKE.to_owned()));
}

#[test]
fn tells_another_status_and_what_it_comes_from() {
    let recorded = Recorded::new();
    let unlike = WithApi::start_bare(&["--device", &format!("{URN}=x")]);
    let (status, said) = recorded.replay(&unlike.simulator.address, &["--api", &unlike.api]);
    assert_eq!(status, Some(1));
    let begin = "request 1, POST http://m.m/ingestion/m2m/senml/v1";
    for line in [
        format!("{begin}: status: 202 then, 401 now\n"),
        format!("{begin}: verdict: accepted then, refused now\n"),
        format!("{begin}: mistake now only: "),
        "request 2, POST http://m.m/ingestion/m2m/senml/v1: status: 401 then, 202 now\n".to_owned(),
        "request 2, POST http://m.m/ingestion/m2m/senml/v1: mistake then only: ".to_owned(),
        "\n1 answered as they were, 2 otherwise, 1 left out\n".to_owned(),
    ] {
        assert!(said.contains(&line), "{line} is not in {said}");
    }
}

#[test]
fn tells_another_verdict_behind_the_same_status() {
    let recorded = Recorded::new();
    let statuses = ["--status", "token=202", "--status", "malformed=401"];
    let unlike = WithApi::start_bare(&[&["--device", &format!("{URN}=x")], &statuses[..]].concat());
    let to = &unlike.simulator.address;
    let (_, said) = recorded.replay(to, &[]);
    assert!(!said.contains("request 1,"), "{said}");
    let (status, said) = recorded.replay(to, &["--api", &unlike.api]);
    assert_eq!(status, Some(1));
    assert!(said.contains(
        "request 1, POST http://m.m/ingestion/m2m/senml/v1: verdict: accepted then, refused now\n"
    ));
    assert!(!said.contains("request 1, POST http://m.m/ingestion/m2m/senml/v1: status"));
}

#[test]
fn tells_downlinks_and_fields() {
    let mut recorded = Recorded::new();
    let fields = json!([{"name": "content-type", "value": "text/plain"}]);
    recorded.entries()[1]["response"]["headers"] = fields;
    // All that is known of the body is its length.
    recorded.entries()[2]["response"]["content"] = json!({"size": 7, "mimeType": "text/plain"});
    recorded.write();
    let pack = r#"[{"n":"a","vs":"\"b\""}]"#;
    let desk = WithApi::start(&["--downlink", &format!("{URN}={pack}")]);
    let (status, said) = recorded.replay(&desk.simulator.address, &[]);
    assert_eq!(status, Some(1));
    let lines: Vec<_> = said.lines().collect();
    let begin = "POST http://m.m";
    assert_eq!(
        lines,
        [
            format!(
                "request 1, {begin}{PATH}: downlink: none then, {} now",
                pack.replace('\\', r"\\")
            ),
            format!("request 2, {begin}{PATH}: Content-Type: text/plain then, none now"),
            format!("request 3, {begin}/elsewhere: body: 7 bytes then, 0 now"),
            "0 answered as they were, 3 otherwise, 1 left out".to_owned(),
        ]
    );
}

#[test]
fn no_answer_is_a_difference_and_no_connection_an_error() {
    let recorded = Recorded::new();
    let desk = WithApi::start(&[
        "--fault",
        "drop,times=1",
        "--fault",
        "cut=20,every=2,times=1",
    ]);
    let (status, said) = recorded.replay(&desk.simulator.address, &["--api", &desk.api]);
    assert_eq!(status, Some(1));
    assert!(
        said.contains("senml/v1: status: 202 then, no answer now: "),
        "{said}"
    );
    assert!(
        said.contains("senml/v1: status: 401 then, no answer now: "),
        "{said}"
    );
    assert!(said.ends_with("1 answered as they were, 2 otherwise, 1 left out\n"));
    let to = desk.simulator.address.clone();
    let other = WithApi::start(&[]);
    let (status, said) = recorded.replay(&to, &["--api", &other.api]);
    assert_eq!(
        (status, &*said),
        (Some(2), ""),
        "the API of another simulator"
    );
    drop(desk);
    assert_eq!(recorded.replay(&to, &[]).0, Some(2));
    std::fs::write(&recorded.file, "{}").unwrap();
    assert_eq!(recorded.replay(&other.simulator.address, &[]).0, Some(2));
    std::fs::remove_file(&recorded.file).unwrap();
    assert_eq!(recorded.replay(&other.simulator.address, &[]).0, Some(2));
}

#[cfg(feature = "tls")]
#[test]
fn goes_over_tls_to_who_shows_the_right_certificate() {
    let recorded = Recorded::new();
    let (ca, port_file) = (scratch("ca.pem"), scratch("tls-port"));
    let ca = ca.to_str().unwrap();
    let desk = WithApi::start(&[
        "--tls-listen",
        "127.0.0.1:0",
        "--tls-certificate",
        ca,
        "--tls-port-file",
        port_file.to_str().unwrap(),
    ]);
    let port = std::fs::read_to_string(&port_file).unwrap();
    std::fs::remove_file(&port_file).unwrap();
    let to = format!("127.0.0.1:{}", port.trim_end());
    let with_ca = ["--tls", "--ca", ca, "--api", &desk.api];
    assert_eq!(recorded.replay(&to, &with_ca), (Some(0), ALIKE.to_owned()));
    let named = ["--tls", "--ca", ca, "--name", "prod.dm.kpnthings.com"];
    assert_eq!(recorded.replay(&to, &named), (Some(0), ALIKE.to_owned()));
    let taken = desk.simulator.events();
    assert_eq!(taken.len(), 6);
    assert_eq!(taken[5]["server_name"], "prod.dm.kpnthings.com");

    let wrong = ["--tls", "--ca", ca, "--name", "prod.dm.kpnthings.example"];
    let output = replay(&recorded.file, &to, &wrong);
    assert_eq!(output.status.code(), Some(2));
    let why = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(why.contains("certificate"), "{why}");
    // The system trusts nobody whom this test has made.
    assert_eq!(recorded.replay(&to, &["--tls"]).0, Some(2));
    assert_eq!(
        recorded.replay(&desk.simulator.address, &with_ca[..3]).0,
        Some(2)
    );
    assert_eq!(recorded.replay(&to, &["--ca", ca]).0, Some(2));
    std::fs::write(ca, "nothing").unwrap();
    assert_eq!(recorded.replay(&to, &with_ca).0, Some(2));
    std::fs::remove_file(ca).unwrap();
    // A handshake on the port without TLS is no request.
    let events = desk.simulator.events();
    assert_eq!(
        events
            .iter()
            .filter(|event| event["method"] == "POST")
            .count(),
        6
    );
}
