// SPDX-License-Identifier: MIT OR Apache-2.0
//! Connections: keep-alive, limits, slow and broken clients, and how the program ends.

mod common;

use std::io::Write;
use std::process::Command;
use std::time::Duration;

use common::{BODY, Simulator, URN, is_closed, read_answer, request, scratch};

#[test]
fn keeps_the_connection_for_the_next_request() {
    let simulator = Simulator::start(&[]);
    let mut stream = simulator.connect();
    for number in 1..=2 {
        stream.write_all(&request(BODY)).unwrap();
        let answer = read_answer(&mut stream);
        assert_eq!(answer.header("Connection"), Some("keep-alive"));
        assert_eq!(simulator.event()["place"], number);
    }
}

#[test]
fn closes_after_a_hundred_requests() {
    let simulator = Simulator::start(&[]);
    let mut stream = simulator.connect();
    let request = request(BODY);
    for number in 1..=100 {
        stream.write_all(&request).unwrap();
        let answer = read_answer(&mut stream);
        assert_eq!(answer.status, 202);
        let expected = if number == 100 { "close" } else { "keep-alive" };
        assert_eq!(answer.header("Connection"), Some(expected), "{number}");
    }
    assert!(is_closed(&mut stream));
}

#[test]
fn the_number_of_requests_is_a_setting() {
    let simulator = Simulator::start(&["--requests-per-connection", "1"]);
    let mut stream = simulator.connect();
    stream.write_all(&request(BODY)).unwrap();
    assert_eq!(read_answer(&mut stream).header("Connection"), Some("close"));
    assert!(is_closed(&mut stream));
}

#[test]
fn closes_when_the_device_asks_for_it() {
    let simulator = Simulator::start(&[]);
    let mut stream = simulator.connect();
    let request = String::from_utf8(request(BODY)).unwrap();
    let request = request.replacen("\r\n", "\r\nConnection: close\r\n", 1);
    stream.write_all(request.as_bytes()).unwrap();
    let answer = read_answer(&mut stream);
    assert_eq!(answer.head.matches("Connection:").count(), 1);
    assert_eq!(answer.header("Connection"), Some("close"));
    assert!(is_closed(&mut stream));
}

#[test]
fn takes_one_byte_at_a_time() {
    let simulator = Simulator::start(&[]);
    let mut stream = simulator.connect();
    stream.set_nodelay(true).unwrap();
    for byte in request(BODY) {
        stream.write_all(&[byte]).unwrap();
        std::thread::sleep(Duration::from_micros(300));
    }
    assert_eq!(read_answer(&mut stream).status, 202);
}

#[test]
fn refuses_garbage_and_closes() {
    let simulator = Simulator::start(&[]);
    for (number, garbage) in [
        &b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\r\n\r\n"[..],
        b"this is no request\r\n\r\n",
        b"POST /ingestion/m2m/senml/v1\r\n\r\n",
        b"POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nHost m.m\r\n\r\n",
        b"POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
        b"POST /ingestion/m2m/senml/v1 HTTP/1.1\r\nContent-Length: -1\r\n\r\n",
    ]
    .into_iter()
    .enumerate()
    {
        let mut stream = simulator.connect();
        stream.write_all(garbage).unwrap();
        assert_eq!(read_answer(&mut stream).status, 400);
        assert!(is_closed(&mut stream));
        let event = simulator.event_number(number + 1);
        assert_eq!(event["status"], 400);
        let reason = event["reason"].as_str().unwrap();
        assert!(reason.starts_with("not an HTTP/1.1 request: "), "{reason}");
    }
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);
}

#[test]
fn refuses_a_head_that_is_too_long() {
    let simulator = Simulator::start(&["--max-head", "8192"]);
    let mut stream = simulator.connect();
    let head = format!(
        "POST / HTTP/1.1\r\nHost: m.m\r\nX: {}\r\n\r\n",
        "x".repeat(20_000)
    );
    stream.write_all(head.as_bytes()).unwrap();
    assert_eq!(read_answer(&mut stream).status, 431);
    assert!(is_closed(&mut stream));
    let reason = simulator.event_number(1)["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reason.starts_with("the head is above the limit of 8192 bytes"),
        "{reason}"
    );
}

#[test]
fn refuses_a_body_that_is_too_long() {
    let simulator = Simulator::start(&["--max-body", "1000"]);
    let mut stream = simulator.connect();
    let body = format!(
        r#"[{{"bn":"{URN}:","n":"a","vs":"{}"}}]"#,
        "x".repeat(100_000)
    );
    stream.write_all(&request(&body)).unwrap();
    let answer = read_answer(&mut stream);
    assert_eq!(answer.status, 413);
    assert_eq!(answer.header("Connection"), Some("close"));
    assert!(is_closed(&mut stream));
    assert_eq!(
        simulator.event()["reason"],
        format!(
            "the body of {} bytes is above the limit of 1000",
            body.len()
        )
    );
}

#[test]
fn waits_for_a_body_no_longer_than_told() {
    let simulator = Simulator::start(&["--read-timeout", "0.2"]);
    let mut stream = simulator.connect();
    let request = request(BODY);
    stream.write_all(&request[..request.len() - 1]).unwrap();
    assert_eq!(read_answer(&mut stream).status, 408);
    assert!(is_closed(&mut stream));
    assert_eq!(
        simulator.event()["reason"],
        "94 of 95 bytes of the body came within 200ms"
    );

    let mut stream = simulator.connect();
    stream.write_all(&request[..20]).unwrap();
    assert!(is_closed(&mut stream));
    let reason = simulator.event_number(2)["reason"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(
        reason.starts_with("the head did not come to its end within 200ms"),
        "{reason}"
    );
}

#[test]
fn reports_a_device_that_hangs_up_in_the_middle() {
    let simulator = Simulator::start(&["--exit-after", "2"]);
    let request = request(BODY);
    for (number, kept, reason) in [
        (1, 30, "the connection ended in the middle of a head"),
        (2, request.len() - 5, "the body ended after 90 of 95 bytes"),
    ] {
        let mut stream = simulator.connect();
        stream.write_all(&request[..kept]).unwrap();
        drop(stream);
        let event = simulator.event_number(number);
        assert!(
            event["reason"].as_str().unwrap().starts_with(reason),
            "{event}"
        );
    }
}

#[test]
fn ends_after_the_messages_it_was_told_to_take() {
    let mut simulator = Simulator::start(&["--exit-after", "2"]);
    let mut stream = simulator.connect();
    for _ in 0..2 {
        stream.write_all(&request(BODY)).unwrap();
        let answer = read_answer(&mut stream);
        assert_eq!(answer.header("Connection"), Some("keep-alive"));
    }
    assert!(is_closed(&mut stream));
    assert_eq!(simulator.wait(), 0);
}

#[test]
fn ends_in_time() {
    let mut late = Simulator::start(&["--exit-after", "1", "--max-seconds", "0.2"]);
    assert_eq!(late.wait(), 1);
    let mut done = Simulator::start(&["--max-seconds", "0.2"]);
    let _idle = done.connect();
    assert_eq!(done.wait(), 0);
}

#[test]
fn ends_on_a_signal() {
    let port_file = scratch("port");
    let mut simulator = Simulator::start(&["--port-file", port_file.to_str().unwrap()]);
    let port = std::fs::read_to_string(&port_file).unwrap();
    assert!(
        simulator
            .address
            .ends_with(&format!(":{}", port.trim_end()))
    );
    std::fs::remove_file(&port_file).unwrap();
    let _idle = simulator.connect();
    let sent = Command::new("kill")
        .args(["-TERM", &simulator.child.id().to_string()])
        .status()
        .unwrap();
    assert!(sent.success());
    assert_eq!(simulator.wait(), 0);
}
