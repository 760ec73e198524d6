// SPDX-License-Identifier: MIT OR Apache-2.0
//! Hostile users of the API: none keeps it from the others, nor the platform from devices.

mod common;

use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{BODY, WithApi, is_closed, read_answer, request};
use serde_json::json;

/// More connections than the API has places.
const CROWD: usize = 300;

fn connect(all: &WithApi) -> TcpStream {
    let stream = TcpStream::connect(&all.api).unwrap();
    let patience = Some(Duration::from_secs(20));
    stream.set_read_timeout(patience).unwrap();
    stream.set_write_timeout(patience).unwrap();
    stream
}

fn served(all: &WithApi) {
    assert_eq!(all.get("/api/v1/devices").0, 200);
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 202);
}

fn head(all: &WithApi, line: &str, length: usize) -> Vec<u8> {
    format!(
        "{line} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n",
        all.api
    )
    .into_bytes()
}

#[test]
fn connections_that_say_little_give_way() {
    let all = WithApi::start(&["--max-seconds", "60"]);
    let begun = head(&all, "POST /api/v1/devices", 100);
    let mut crowd = Vec::new();
    for number in 0..CROWD {
        let mut stream = connect(&all);
        // Some say nothing, some begin a head, some lack a body.
        let kept = [0, 20, begun.len()][number % 3];
        stream.write_all(&begun[..kept]).unwrap();
        crowd.push(stream);
        if number % 100 == 0 {
            served(&all);
        }
    }
    served(&all);
    // Closed, with unread bytes or without.
    let end = crowd[0].read(&mut [0; 10]);
    assert!(end.is_err() || end.unwrap() == 0);
    drop(crowd);
    served(&all);
}

#[test]
fn heads_and_bodies_end_in_time() {
    let all = WithApi::start(&["--read-timeout", "0.4"]);
    let whole = head(&all, "POST /api/v1/devices", 10);
    let mut slow_head = connect(&all);
    slow_head.write_all(&whole[..20]).unwrap();
    let mut slow_body = connect(&all);
    slow_body.write_all(&whole).unwrap();
    slow_body.write_all(b"{").unwrap();
    let mut idle = connect(&all);
    served(&all);
    assert!(is_closed(&mut idle));
    let answer = read_answer(&mut slow_body);
    assert_eq!(answer.status, 408);
    assert_eq!(answer.header("Connection"), Some("close"));
    assert!(is_closed(&mut slow_body));
    let mut rest = Vec::new();
    let _ = slow_head.read_to_end(&mut rest);
    assert!(rest.is_empty() || rest.starts_with(b"HTTP/1.1 408"));

    let mut endless = connect(&all);
    let end = Instant::now() + Duration::from_secs(10);
    endless.write_all(b"GET / HTTP/1.1\r\nX: ").unwrap();
    while endless.write_all(&[b'x'; 65_536]).is_ok() {
        assert!(Instant::now() < end, "no end");
    }
    served(&all);
}

#[test]
fn bodies_are_bounded_each_and_together() {
    let all = WithApi::start(&[]);
    let too_long = |line: &str, length: usize| {
        let mut stream = connect(&all);
        stream.write_all(&head(&all, line, length)).unwrap();
        let answer = read_answer(&mut stream);
        assert!(String::from_utf8_lossy(&answer.body).contains("limit"));
        answer.status
    };
    assert_eq!(too_long("POST /api/v1/devices", (4 << 20) + 1), 413);
    assert_eq!(too_long("POST /api/v1/firmware", (64 << 20) + 1), 413);
    // Without a length as well.
    let mut chunked = connect(&all);
    let begin = format!(
        "POST /api/v1/devices HTTP/1.1\r\nHost: {}\r\nTransfer-Encoding: chunked\r\n\r\n500000\r\n",
        all.api
    );
    chunked.write_all(begin.as_bytes()).unwrap();
    let _ = chunked.write_all(&vec![b' '; 5 << 20]);
    assert_eq!(read_answer(&mut chunked).status, 413);

    let piece = vec![0; 48 << 20];
    let mut statuses = Vec::new();
    let mut crowd = Vec::new();
    for _ in 0..3 {
        let mut stream = connect(&all);
        let head = head(&all, "POST /api/v1/firmware", 64 << 20);
        stream.write_all(&head).unwrap();
        // The third is answered, and closed, before all of it is read.
        if stream.write_all(&piece).is_err() {
            statuses.push(503);
        }
        crowd.push(stream);
        served(&all);
    }
    for stream in &mut crowd {
        let wait = Some(Duration::from_millis(300));
        stream.set_read_timeout(wait).unwrap();
        let mut status = [0; 12];
        if stream.read_exact(&mut status).is_ok() {
            assert_eq!(&status, b"HTTP/1.1 503");
            statuses.push(503);
        }
    }
    assert!(!statuses.is_empty(), "all three were kept");
    drop(crowd);
    served(&all);
}

#[test]
fn listeners_are_counted_and_keep_their_places() {
    let all = WithApi::start(&["--max-seconds", "60"]);
    let listen = |path: &str| {
        let mut stream = all.ask("GET", path, "", b"");
        let mut status = [0; 12];
        // A request that waits has no answer yet.
        let wait = Some(Duration::from_secs(20));
        stream.set_read_timeout(wait).unwrap();
        if path.ends_with("events") {
            stream.read_exact(&mut status).unwrap();
        }
        (stream, status)
    };
    let mut listeners = Vec::new();
    for _ in 0..99 {
        let (stream, status) = listen("/api/v1/events");
        assert_eq!(&status, b"HTTP/1.1 200");
        listeners.push(stream);
    }
    let waiting = listen("/api/v1/messages/wait?count=1&within=20s").0;
    let end = Instant::now() + Duration::from_secs(10);
    // It has come when there is no room for another.
    loop {
        let (stream, status) = listen("/api/v1/events");
        if &status == b"HTTP/1.1 503" {
            break;
        }
        drop(stream);
        assert!(Instant::now() < end, "more than a hundred listen");
        std::thread::sleep(Duration::from_millis(20));
    }
    let (status, refused) = all.get("/api/v1/messages/wait?within=0s");
    assert_eq!(status, 503);
    assert!(refused["error"].as_str().unwrap().contains("100 requests"));

    let crowd: Vec<_> = (0..CROWD).map(|_| connect(&all)).collect();
    served(&all);
    let mut waiting = waiting;
    assert_eq!(read_answer(&mut waiting).status, 200);
    for listener in listeners.iter_mut().step_by(49) {
        let mut seen = String::new();
        let mut byte = [0];
        while !seen.contains("event: message") {
            listener.read_exact(&mut byte).unwrap();
            seen.push(char::from(byte[0]));
        }
    }
    drop(crowd);
    drop(listeners);
    let end = Instant::now() + Duration::from_secs(10);
    while all.get("/api/v1/messages/wait?count=0").0 != 200 {
        assert!(Instant::now() < end, "who has left still counts");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert_eq!(
        all.send("PUT", "/api/v1/faults", &json!({"faults": []})).0,
        200
    );
}

#[test]
fn a_request_that_waits_is_answered_when_the_program_ends() {
    let mut all = WithApi::start(&["--exit-after", "1"]);
    let mut waiting = all.ask("GET", "/api/v1/messages/wait?count=2&within=20s", "", b"");
    // The answer to a later request tells that it has come.
    served_one(&all);
    let answer = read_answer(&mut waiting);
    assert_eq!(answer.status, 408);
    assert!(String::from_utf8_lossy(&answer.body).contains(r#""number":1"#));
    assert_eq!(all.simulator.wait(), 0);
}

fn served_one(all: &WithApi) {
    assert_eq!(all.get("/api/v1/devices").0, 200);
    assert_eq!(all.simulator.exchange(&request(BODY)).status, 202);
}
