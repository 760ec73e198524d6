// SPDX-License-Identifier: MIT OR Apache-2.0
//! Faults on messages: what is lost, what is not, and what the log says.

mod common;

use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{BODY, Simulator, URN, WithApi, is_closed, read_answer, request};
use serde_json::json;

/// Everything that comes back on a separate connection, until its end.
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

#[test]
fn a_reset_is_a_reset() {
    let simulator = Simulator::start(&["--fault", "reset=20"]);
    let mut stream = simulator.connect();
    stream.write_all(&request(BODY)).unwrap();
    let mut answer = Vec::new();
    let error = stream.read_to_end(&mut answer).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert!(answer.len() <= 20);
    assert_eq!(simulator.event()["accepted"], true);
}

#[test]
fn a_half_closed_connection_still_takes_what_is_sent() {
    let simulator = Simulator::start(&["--fault", "half-close=12"]);
    let mut stream = simulator.connect();
    stream.write_all(&request(BODY)).unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).unwrap();
    assert_eq!(answer, b"HTTP/1.1 202");
    // Longer than a closed connection is kept open.
    std::thread::sleep(Duration::from_millis(400));
    for _ in 0..3 {
        stream.write_all(b"x").unwrap();
        std::thread::sleep(Duration::from_millis(20));
    }
}

#[test]
fn an_answer_trickles_or_is_throttled_and_comes_whole() {
    for (fault, least) in [("trickle=3", 250), ("throttle=200", 350)] {
        let simulator = Simulator::start(&["--fault", &format!("{fault},times=1")]);
        let mut stream = simulator.connect();
        let start = Instant::now();
        stream.write_all(&request(BODY)).unwrap();
        let answer = read_answer(&mut stream);
        assert!(start.elapsed() >= Duration::from_millis(least), "{fault}");
        assert_eq!(answer.status, 202);
        stream.write_all(&request(BODY)).unwrap();
        assert_eq!(read_answer(&mut stream).head.len(), answer.head.len());
    }
}

#[test]
fn interim_responses_come_before_the_answer() {
    let simulator = Simulator::start(&["--fault", "interim=3,times=1"]);
    let mut stream = simulator.connect();
    stream.write_all(&request(BODY)).unwrap();
    for _ in 0..3 {
        assert_eq!(read_answer(&mut stream).head.split(' ').nth(1), Some("103"));
    }
    assert_eq!(read_answer(&mut stream).status, 202);
    stream.write_all(&request(BODY)).unwrap();
    assert_eq!(read_answer(&mut stream).status, 202);
}

#[test]
fn an_early_answer_waits_for_no_body() {
    let simulator = Simulator::start(&["--fault", "early-answer=413,times=1"]);
    let mut stream = simulator.connect();
    let whole = request(BODY);
    stream.write_all(&whole[..whole.len() - 10]).unwrap();
    let answer = read_answer(&mut stream);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("Connection"), Some("close"));
    assert!(is_closed(&mut stream));
    let event = simulator.event();
    assert_eq!(event["accepted"], false);
    assert_eq!(event["fault"], "status 413 before the body was read");
    assert_eq!(simulator.exchange(&whole).status, 202);
}

#[test]
fn what_is_not_the_platform_answers() {
    let faults = ["redirect,times=1", "portal,every=2,times=1"];
    let simulator = Simulator::start(&["--fault", faults[0], "--fault", faults[1]]);
    let answer = simulator.exchange(&request(BODY));
    assert_eq!(answer.status, 302);
    assert_eq!(answer.header("Location"), Some("http://portal.example/"));
    let answer = simulator.exchange(&request(BODY));
    assert_eq!(answer.status, 200);
    assert_eq!(
        answer.header("Content-Type"),
        Some("text/html; charset=utf-8")
    );
    assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
    assert_eq!(simulator.event()["accepted"], false);
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);
}

#[test]
fn a_wrong_length_and_a_compressed_body_spoil_a_downlink() {
    let text = r#"[{"n":"a","v":1}]"#;
    let downlink = format!("{URN}={text}");
    let simulator = Simulator::start(&[
        "--downlink",
        &downlink,
        "--fault",
        "wrong-length=-3,times=1",
        "--fault",
        "gzip,every=2,times=1",
    ]);
    let answer = simulator.exchange(&request(BODY));
    assert_eq!(answer.body, &text.as_bytes()[..text.len() - 3]);
    let answer = simulator.exchange(&request(BODY));
    assert_eq!(answer.header("Content-Encoding"), Some("gzip"));
    assert_eq!(unzip(&answer.body), text.as_bytes());
    assert!(simulator.exchange(&request(BODY)).body.is_empty());
}

/// The contents of one stored block (RFC 1952, RFC 1951 section 3.2.4).
fn unzip(file: &[u8]) -> &[u8] {
    assert_eq!(file[..4], [0x1f, 0x8b, 8, 0]);
    let (block, trailer) = file[10..].split_at(file.len() - 18);
    let length = u16::from_le_bytes([block[1], block[2]]);
    assert_eq!([block[0], block[3], block[4]], [1, !block[1], !block[2]]);
    let content = &block[5..];
    assert_eq!(content.len(), usize::from(length));
    assert_eq!(trailer[..4], crc32fast::hash(content).to_le_bytes());
    assert_eq!(trailer[4..], u32::from(length).to_le_bytes());
    content
}

#[test]
fn a_fault_may_meet_one_device_alone() {
    let other = "urn:dev:IMEI:2";
    for (device, status) in [(URN, 503), (other, 202)] {
        let fault = format!("status=503,device={device}");
        let simulator = Simulator::start(&["--device", other, "--fault", &fault]);
        assert_eq!(simulator.exchange(&request(BODY)).status, status);
    }
}

/// A slow answer: read in part, then as a whole.
fn delivered_with_its_last_byte(fault: &str) {
    let downlink = format!(r#"{URN}=[{{"n":"a","v":1}}]"#);
    let path = format!("/api/v1/devices/{URN}/downlinks");
    let fault = format!("{fault},times=2");
    let all = WithApi::start(&["--downlink", &downlink, "--fault", &fault]);
    let state = || all.get(&path).1["downlinks"][0]["state"].clone();
    let wait_for = |wanted: &str| {
        let end = Instant::now() + Duration::from_secs(10);
        while state() != wanted {
            assert!(Instant::now() < end, "{} instead of {wanted}", state());
            std::thread::sleep(Duration::from_millis(5));
        }
    };
    assert_eq!(state(), "PENDING");
    let half = |stream: &mut TcpStream| {
        stream.write_all(&request(BODY)).unwrap();
        let mut half = [0; 50];
        stream.read_exact(&mut half).unwrap();
        assert_eq!(state(), "EXECUTING");
        half
    };
    let mut stream = all.simulator.connect();
    half(&mut stream);
    drop(stream);
    wait_for("PENDING");

    let mut stream = all.simulator.connect();
    let mut answer = half(&mut stream).to_vec();
    while !answer.ends_with(b"]") {
        let mut byte = [0];
        stream.read_exact(&mut byte).unwrap();
        answer.push(byte[0]);
    }
    wait_for("DELIVERED");
    assert!(all.simulator.exchange(&request(BODY)).body.is_empty());
}

#[test]
fn a_downlink_that_trickles_is_delivered_with_its_last_byte() {
    delivered_with_its_last_byte("trickle=30");
}

#[test]
fn a_downlink_that_is_throttled_is_delivered_with_its_last_byte() {
    delivered_with_its_last_byte("throttle=30");
}

#[test]
fn a_downlink_that_a_fault_has_spoilt_is_pending_again() {
    let downlink = format!(r#"{URN}=[{{"n":"a","v":1}}]"#);
    let path = format!("/api/v1/devices/{URN}/downlinks");
    for fault in ["cut=100", "reset=100", "half-close=100", "wrong-length=-3"] {
        let all = WithApi::start(&[
            "--downlink",
            &downlink,
            "--fault",
            &format!("{fault},times=1"),
        ]);
        let mut stream = all.simulator.connect();
        stream.write_all(&request(BODY)).unwrap();
        // What came of it is no matter here.
        let _ = stream.read(&mut [0; 200]);
        drop(stream);
        let end = Instant::now() + Duration::from_secs(10);
        while all.get(&path).1["downlinks"][0]["state"] != "PENDING" {
            assert!(Instant::now() < end, "{fault}");
            std::thread::sleep(Duration::from_millis(5));
        }
        assert_eq!(
            all.simulator.exchange(&request(BODY)).body,
            br#"[{"n":"a","v":1}]"#
        );
    }
}
