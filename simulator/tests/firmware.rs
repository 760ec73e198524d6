// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file server: parts, digests, bearer tokens, and the announcement of a firmware.

mod common;

use std::io::Write;
use std::path::PathBuf;

use common::{Answer, BODY, Simulator, URN, read_answer, request, scratch};
use serde_json::{Value, json};

/// Its CRC-32 is in the documentation of KPN's server.
const LOREM: &[u8] = b"Lorem ipsum dolor sit amet, consectetur adipiscing elit. Praesent et pharetra velit. Donec sed magna dui. Etiam augue dui, accumsan ac lacus vel, sollicitudin finibus augue. Phasellus fermentum sem mauris, ut feugiat lorem mollis eu. In hac habitasse plate";
const SIZE: usize = 3483;

fn image() -> (PathBuf, Vec<u8>) {
    let mut image = LOREM.to_vec();
    image.extend((image.len()..SIZE).map(|at| (at * 7 % 251) as u8));
    let path = scratch("image.bin");
    std::fs::write(&path, &image).unwrap();
    (path, image)
}

fn start(more: &[&str]) -> (Simulator, Vec<u8>) {
    let (path, image) = image();
    let file = format!("/f={}", path.display());
    let mut arguments = vec!["--file", &file, "--file-token", "a.b.c"];
    arguments.extend(more);
    let simulator = Simulator::start(&arguments);
    std::fs::remove_file(path).unwrap();
    (simulator, image)
}

fn get(range: &str) -> Vec<u8> {
    format!("GET /f HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer a.b.c\r\n{range}\r\n")
        .into_bytes()
}

#[test]
fn answers_a_range_byte_for_byte_as_the_file_server() {
    let (simulator, image) = start(&[]);
    let answer = simulator.exchange(&get("Range: bytes=0-255\r\n"));
    let date = answer.header("Date").unwrap();
    assert_eq!(
        answer.head,
        format!(
            "HTTP/1.1 200\r\nDate: {date}\r\nContent-Length: 256\r\nConnection: keep-alive\r\n\
             Digest: crc32=710bbd48\r\nContent-Range: bytes 0-255/3483\r\n\r\n"
        )
    );
    assert_eq!(answer.body, &image[..256]);
    let event = simulator.event();
    assert_eq!(event["kind"], "part");
    assert_eq!(
        event["part"],
        json!({"offset": 0, "length": 256, "size": SIZE})
    );
}

#[test]
fn serves_every_part_on_one_connection() {
    let (simulator, image) = start(&["--partial-content"]);
    let mut stream = simulator.connect();
    let mut whole = Vec::new();
    for offset in (0..SIZE).step_by(256) {
        let range = format!("Range: bytes={offset}-{}\r\n", offset + 255);
        stream.write_all(&get(&range)).unwrap();
        let answer = read_answer(&mut stream);
        assert_eq!(answer.status, 206);
        whole.extend(answer.body);
    }
    assert_eq!(whole, image);
    assert_eq!(simulator.exchange(&get("")).body, image);
}

#[test]
fn refuses_with_a_reason() {
    let (simulator, _) = start(&[]);
    for (request, status, reason) in [
        (
            get("Range: bytes=3483-4000\r\n"),
            416,
            "Range \"bytes=3483-4000\" is outside of the 3483 bytes of the file",
        ),
        (
            get("Range: bytes=5-4\r\n"),
            400,
            "Range: \"bytes=5-4\" ends before it begins",
        ),
        (
            b"GET /f HTTP/1.1\r\nHost: m.m\r\n\r\n".to_vec(),
            401,
            "header Authorization is missing",
        ),
        (
            b"GET /f HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer a\r\n\r\n".to_vec(),
            401,
            "bearer token differs: expected \"a.b.c\", got \"a\"",
        ),
        (
            b"GET /f HTTP/1.1\r\nAuthorization: Bearer a.b.c\r\n\r\n".to_vec(),
            400,
            "header Host must stand in the head once",
        ),
    ] {
        let answer = simulator.exchange(&request);
        assert_eq!(answer.status, status, "{reason}");
        assert!(answer.body.is_empty());
        assert_eq!(simulator.event()["reason"], reason);
        let total = (status == 416).then_some("bytes */3483");
        assert_eq!(answer.header("Content-Range"), total);
    }
}

#[test]
fn announces_a_firmware_and_serves_it() {
    let (path, image) = image();
    let simulator = Simulator::start(&["--firmware", &format!("{URN}={}", path.display())]);
    std::fs::remove_file(path).unwrap();
    let downlink = simulator.exchange(&request(BODY)).body;
    let records: Value = serde_json::from_slice(&downlink).unwrap();
    assert_eq!(records[0]["bn"], format!("{URN}:"));
    assert_eq!(records[1]["n"], "url");
    assert_eq!(records[2]["n"], "token");
    let url = records[1]["vs"].as_str().unwrap();
    let path = url
        .strip_prefix(&format!("http://{}", simulator.address))
        .unwrap();
    let token = records[2]["vs"].as_str().unwrap();
    let get = format!(
        "GET {path} HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer {token}\r\nRange: bytes=0-9999\r\n\r\n"
    );
    let answer = simulator.exchange(get.as_bytes());
    assert_eq!(answer.header("Content-Range"), Some("bytes 0-3482/3483"));
    assert_eq!(answer.body, image);
    let wrong = get.replace(token, "other");
    assert_eq!(simulator.exchange(wrong.as_bytes()).status, 401);
}

#[test]
fn spoils_parts_on_demand() {
    let (simulator, image) = start(&[
        "--fault",
        "wrong-crc,every=2",
        "--fault",
        "size-change,every=3",
        "--fault",
        "cut=100,every=5,on=part",
    ]);
    let ask = || simulator.exchange(&get("Range: bytes=0-255\r\n"));
    let seen = |answer: &Answer| {
        assert_eq!(answer.body, &image[..256]);
        (
            answer.header("Digest").unwrap().to_owned(),
            answer.header("Content-Range").unwrap().to_owned(),
        )
    };
    let right = ("crc32=710bbd48".to_owned(), "bytes 0-255/3483".to_owned());
    assert_eq!(seen(&ask()), right);
    let wrong_crc = seen(&ask());
    assert_ne!(wrong_crc.0, right.0);
    assert_eq!(wrong_crc.1, right.1);
    assert_eq!(
        seen(&ask()),
        (right.0.clone(), "bytes 0-255/3484".to_owned())
    );
    ask();
    assert_eq!(simulator.exchange(&request(BODY)).status, 202);

    let mut stream = simulator.connect();
    stream.write_all(&get("Range: bytes=0-255\r\n")).unwrap();
    let mut cut = Vec::new();
    std::io::Read::read_to_end(&mut stream, &mut cut).unwrap();
    assert_eq!(cut.len(), 100);
    assert!(cut.starts_with(b"HTTP/1.1 200"));
    assert_eq!(simulator.event()["fault"], "answer cut after 100 bytes");
}
