//! Faults on messages: what is lost, what is not, and that the log says so.

mod common;

use std::io::{Read, Write};
use std::time::{Duration, Instant};

use common::{BODY, Simulator, URN, request};
use serde_json::json;

/// Everything that comes back on a connection of its own, until its end.
fn raw(simulator: &Simulator) -> Vec<u8> {
    let mut stream = simulator.connect();
    stream.write_all(&request(BODY)).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    answer
}

#[test]
fn a_dropped_message_is_not_taken() {
    let downlink = format!("{URN}=[]");
    let simulator = Simulator::start(&["--downlink", &downlink, "--fault", "drop,every=2"]);
    assert_eq!(simulator.exchange(&request(BODY)).body, b"[]");
    assert_eq!(raw(&simulator), b"");
    let event = simulator.event();
    assert_eq!(event["accepted"], false);
    assert_eq!(event["status"], json!(null));
    assert_eq!(event["fault"], "connection closed without an answer");
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);
}

#[test]
fn a_cut_answer_keeps_its_downlink() {
    let downlink = format!(r#"{URN}=[{{"n":"a","v":1}}]"#);
    let simulator = Simulator::start(&[
        "--downlink",
        &downlink,
        "--fault",
        "cut=0,times=1",
        "--fault",
        "cut=130,times=2",
    ]);
    assert_eq!(raw(&simulator), b"");
    assert_eq!(simulator.event()["accepted"], true);
    let cut = raw(&simulator);
    assert_eq!(cut.len(), 130);
    assert!(cut.starts_with(b"HTTP/1.1 202 \r\n"));
    assert_eq!(
        simulator.exchange(&request(BODY)).body,
        br#"[{"n":"a","v":1}]"#
    );
    assert!(simulator.exchange(&request(BODY)).body.is_empty());
}

#[test]
fn statuses_come_with_retry_after() {
    let simulator = Simulator::start(&["--fault", "status=503,retry-after=30,times=1"]);
    let answer = simulator.exchange(&request(BODY));
    assert_eq!(answer.status, 503);
    assert_eq!(answer.header("Retry-After"), Some("30"));
    let event = simulator.event();
    assert_eq!(event["accepted"], false);
    assert_eq!(event["reason"], "a fault came in between");
    assert_eq!(event["body"], BODY);
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);
}

#[test]
fn garbage_is_no_http_and_ends() {
    let simulator = Simulator::start(&["--fault", "garbage,times=1"]);
    let answer = raw(&simulator);
    assert!(!answer.is_empty());
    assert!(!answer.starts_with(b"HTTP"));
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);
}

#[test]
fn a_late_answer_is_late() {
    let simulator = Simulator::start(&["--fault", "delay=150"]);
    let start = Instant::now();
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);
    assert!(start.elapsed() >= Duration::from_millis(150));
}
