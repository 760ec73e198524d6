// SPDX-License-Identifier: MIT OR Apache-2.0
//! Malicious peers: many connections, slow ones, endless heads, garbage, large bodies. Other devices are served
//! meanwhile, and memory stays bounded.

mod common;

use std::fs;
use std::io::{ErrorKind, Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};

use common::{
    BODY, PATH, SECRET, Simulator, URN, is_closed, read_answer, request, request_with, token,
};

/// The most memory that the program ever had, in bytes.
fn peak_memory(simulator: &Simulator) -> usize {
    let status = fs::read_to_string(format!("/proc/{}/status", simulator.child.id())).unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))
        .unwrap();
    let kilobytes: usize = line.trim().trim_end_matches(" kB").parse().unwrap();
    kilobytes << 10
}

fn served(simulator: &Simulator) {
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);
}

#[test]
fn thousands_of_connections_that_say_nothing() {
    // The other processes of a test run need some as well.
    let descriptors = rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let count = usize::try_from(descriptors)
        .unwrap()
        .saturating_sub(1000)
        .min(10_500);
    assert!(
        count > 1000,
        "{descriptors} file descriptors are too few for this test"
    );
    if count < 10_000 {
        eprintln!("{count} connections instead of 10,000: no more file descriptors");
    }
    let simulator = Simulator::start(&["--quiet", "--max-seconds", "600"]);
    let begun = request(BODY);
    let mut crowd = Vec::new();
    for number in 0..count {
        let mut stream = simulator.connect();
        // Some hold back the last byte of a request, some the end of a head, and some send nothing.
        let kept = [0, 20, begun.len() - 1][number % 3];
        stream.write_all(&begun[..kept]).unwrap();
        crowd.push(stream);
        if number % 1000 == 0 {
            served(&simulator);
        }
    }
    served(&simulator);
    let peak = peak_memory(&simulator);
    assert!(peak < 300 << 20, "{peak} bytes");
    drop(crowd);
    served(&simulator);
}

#[test]
fn a_crowd_that_trickles_leaves_room_for_others() {
    rlimit::increase_nofile_limit(u64::MAX).unwrap();
    let simulator = Simulator::start(&["--quiet", "--read-timeout", "2", "--max-seconds", "60"]);
    let whole = request(BODY);
    let head = whole.len() - BODY.len();
    // Half of them are in the middle of their head, the others of their body.
    let begins = [20, head + 20];
    let mut crowd: Vec<_> = (0..600)
        .map(|number| {
            let mut stream = simulator.connect();
            let at = begins[number % 2];
            let begun = stream.write_all(&whole[..at]).is_ok();
            (stream, at, begun)
        })
        .collect();
    for _ in 0..20 {
        for (stream, at, open) in &mut crowd {
            *open = *open && stream.write_all(&whole[*at..=*at]).is_ok();
            *at += 1;
        }
        served(&simulator);
        std::thread::sleep(Duration::from_millis(20));
    }
    // None of them gets to its end: the time for it is over before.
    for (stream, ..) in &mut crowd {
        assert!(ends(stream));
    }
    served(&simulator);
    let peak = peak_memory(&simulator);
    assert!(peak < 64 << 20, "{peak} bytes");
}

#[test]
fn the_connection_that_waits_longest_gives_way() {
    let simulator = Simulator::start(&["--max-connections", "3"]);
    let mut used = simulator.connect();
    let mut idle = simulator.connect();
    idle.write_all(b"POST ").unwrap();
    let _other = simulator.connect();
    used.write_all(&request(BODY)).unwrap();
    assert_eq!(read_answer(&mut used).status, 202);
    served(&simulator);
    assert!(is_closed(&mut idle));
    used.write_all(&request(BODY)).unwrap();
    assert_eq!(read_answer(&mut used).status, 202);
}

#[test]
fn a_connection_that_is_being_answered_keeps_its_place() {
    let simulator = Simulator::start(&["--max-connections", "1", "--fault", "delay=300,times=1"]);
    let mut answered = simulator.connect();
    answered.write_all(&request(BODY)).unwrap();
    simulator.event_number(1);
    assert!(is_closed(&mut simulator.connect()));
    assert_eq!(read_answer(&mut answered).status, 202);
    served(&simulator);
}

#[test]
fn a_head_and_a_body_that_trickle_end_in_time() {
    let simulator = Simulator::start(&["--read-timeout", "0.4"]);
    let whole = request(BODY);
    let head = whole.len() - BODY.len();
    for (begin, status) in [(10, None), (head + 3, Some(408))] {
        let mut stream = simulator.connect();
        stream.write_all(&whole[..begin]).unwrap();
        for byte in &whole[begin..begin + 12] {
            std::thread::sleep(Duration::from_millis(50));
            if stream.write_all(&[*byte]).is_err() {
                break;
            }
        }
        match status {
            Some(status) => assert_eq!(read_answer(&mut stream).status, status),
            None => assert!(ends(&mut stream)),
        }
        served(&simulator);
    }
}

#[test]
fn endless_heads_are_cut_off() {
    let simulator = Simulator::start(&[]);
    for piece in [
        &b"x"[..],
        b"X: y\r\n",
        b"\r\n",
        b"\0\xff",
        b"POST / HTTP/1.1\r\nHost: m.m\r\nA: b\r\n",
    ] {
        let mut stream = simulator.connect();
        let block = piece.repeat(65_536 / piece.len());
        // The answer remains readable: what follows the request is discarded for a moment, so that a reset does not
        // destroy the answer.
        let end = Instant::now() + Duration::from_secs(10);
        while stream.write_all(&block).is_ok() {
            assert!(Instant::now() < end, "{piece:?}: no end");
        }
        assert!(ends(&mut stream));
        served(&simulator);
    }
    let peak = peak_memory(&simulator);
    assert!(peak < 64 << 20, "{peak} bytes");
}

#[test]
fn requests_sent_ahead_are_answered_in_order() {
    let simulator = Simulator::start(&[]);
    let good = request(BODY);
    let bad = request_with(PATH, &token(BODY.as_bytes(), "another"), BODY);
    let mut stream = simulator.connect();
    stream
        .write_all(&[&good[..], &bad, &good, &bad].concat())
        .unwrap();
    for status in [202, 401, 202, 401] {
        assert_eq!(read_answer(&mut stream).status, status);
    }
}

#[test]
fn large_bodies_share_their_memory() {
    let simulator = Simulator::start(&["--quiet"]);
    let body = format!(
        r#"[{{"bn":"{URN}:","n":"a","vs":"{}"}}]"#,
        "x".repeat(4_000_000)
    );
    let whole = request_with(PATH, &token(body.as_bytes(), SECRET), &body);
    let mut crowd = Vec::new();
    let mut refused = 0;
    for _ in 0..40 {
        let mut stream = simulator.connect();
        if stream.write_all(&whole[..whole.len() - 1]).is_err() {
            refused += 1;
        }
        crowd.push(stream);
        served(&simulator);
    }
    let peak = peak_memory(&simulator);
    assert!(peak < 200 << 20, "{peak} bytes");
    // The first ones were kept, and end properly.
    assert!(crowd[0].write_all(b"]").is_ok());
    assert_eq!(read_answer(&mut crowd[0]).status, 202);
    assert!(refused > 0 || crowd.iter_mut().skip(1).any(is_refused));
    drop(crowd);
    served(&simulator);
}

/// Whether 503 came, or the connection was closed on what was still being sent.
fn is_refused(stream: &mut TcpStream) -> bool {
    stream
        .set_read_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let mut answer = [0; 12];
    match stream.read_exact(&mut answer) {
        Ok(()) => answer == *b"HTTP/1.1 503",
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

/// Whether the connection ends, with or without an answer.
fn ends(stream: &mut TcpStream) -> bool {
    let mut rest = Vec::new();
    match stream.read_to_end(&mut rest) {
        Ok(_) => true,
        Err(error) => matches!(
            error.kind(),
            ErrorKind::ConnectionReset | ErrorKind::BrokenPipe
        ),
    }
}
