// SPDX-License-Identifier: MIT OR Apache-2.0
//! Files as on other servers: validators, conditions, changing content, parts other than those requested.

mod common;

use std::path::PathBuf;

use common::{Answer, Simulator, scratch};

const SIZE: usize = 2000;

struct Server {
    simulator: Simulator,
    content: Vec<u8>,
    other: PathBuf,
}

impl Server {
    fn start(more: &[&str]) -> Self {
        let content: Vec<u8> = (0..SIZE).map(|at| (at * 7 % 251) as u8).collect();
        let (path, other) = (scratch("file"), scratch("other"));
        std::fs::write(&path, &content).unwrap();
        std::fs::write(&other, vec![b'x'; SIZE]).unwrap();
        let file = format!("/f={}", path.display());
        let mut arguments = vec!["--file", &file, "--partial-content"];
        let replaced = format!("replaced={},every=2,times=1", other.display());
        let more: Vec<_> = more
            .iter()
            .map(|argument| argument.replace("REPLACED", &replaced))
            .collect();
        arguments.extend(more.iter().map(String::as_str));
        let simulator = Simulator::start(&arguments);
        std::fs::remove_file(path).unwrap();
        Self {
            simulator,
            content,
            other,
        }
    }

    /// Asks for bytes 500 to 999, with more fields.
    fn get(&self, more: &str) -> Answer {
        let request = format!(
            "GET /f HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer a\r\nRange: bytes=500-999\r\n{more}\r\n"
        );
        self.simulator.exchange(request.as_bytes())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.other);
    }
}

#[test]
fn tells_the_validators_that_it_is_to_tell() {
    for (which, etag, date) in [
        ("none", false, false),
        ("etag", true, false),
        ("last-modified", false, true),
        ("both", true, true),
    ] {
        let server = Server::start(&["--validators", which]);
        let answer = server.get("");
        assert_eq!(answer.header("Etag").is_some(), etag, "{which}");
        assert_eq!(answer.header("Last-Modified").is_some(), date, "{which}");
        assert_eq!(server.get("").header("Etag"), answer.header("Etag"));
    }
}

#[test]
fn if_range_gives_the_part_of_the_same_file_and_the_whole_of_another() {
    let server = Server::start(&["--validators", "both", "--fault", "REPLACED"]);
    let first = server.get("");
    assert_eq!(first.status, 206);
    assert_eq!(first.body, &server.content[500..1000]);
    let [etag, date] = ["Etag", "Last-Modified"].map(|name| first.header(name).unwrap());

    // The second request for a part finds another file.
    let whole = server.get(&format!("If-Range: {etag}\r\n"));
    assert_eq!(whole.status, 200);
    assert_eq!(whole.header("Content-Range"), None);
    assert_eq!(whole.body, [b'x'; SIZE]);
    let note = "If-Range names another file than there is now: the whole is sent";
    assert_eq!(server.simulator.event()["notes"][0], note);
    let other = whole.header("Etag").unwrap();
    assert_ne!(other, etag);
    assert_ne!(whole.header("Last-Modified"), Some(date));

    for (validator, status) in [
        (other.to_owned(), 206),
        (whole.header("Last-Modified").unwrap().to_owned(), 206),
        (etag.to_owned(), 200),
        (date.to_owned(), 200),
        (format!("W/{other}"), 200),
    ] {
        let answer = server.get(&format!("If-Range: {validator}\r\n"));
        assert_eq!(answer.status, status, "{validator}");
    }
}

#[test]
fn without_validators_another_file_is_known_by_nothing() {
    let server = Server::start(&["--fault", "REPLACED"]);
    assert_eq!(server.get("").body, &server.content[500..1000]);
    assert_eq!(server.get("").body, [b'x'; 500]);
    assert_eq!(server.get("If-Range: \"a\"\r\n").status, 200);
}

#[test]
fn conditions_that_do_not_hold_are_412() {
    let server = Server::start(&["--validators", "both"]);
    let etag = server.get("").header("Etag").unwrap().to_owned();
    let (past, future) = (
        "Sun, 06 Nov 1994 08:49:37 GMT",
        "Fri, 01 Jan 2100 00:00:00 GMT",
    );
    for (field, status) in [
        (format!("If-Match: {etag}"), 206),
        (format!("If-Match: \"a\", {etag}"), 206),
        ("If-Match: *".to_owned(), 206),
        ("If-Match: \"a\"".to_owned(), 412),
        (format!("If-Match: W/{etag}"), 412),
        (format!("If-Unmodified-Since: {future}"), 206),
        (format!("If-Unmodified-Since: {past}"), 412),
        ("If-Unmodified-Since: nonsense".to_owned(), 206),
    ] {
        let answer = server.get(&format!("{field}\r\n"));
        assert_eq!(answer.status, status, "{field}");
        assert_eq!(answer.body.is_empty(), status == 412);
        assert_eq!(answer.header("Etag"), Some(&*etag));
    }
}

#[test]
fn parts_are_not_always_what_was_asked_for() {
    for (fault, range, from, to) in [
        ("unknown-size", "bytes 500-999/*", 500, 1000),
        ("short=100", "bytes 500-599/2000", 500, 600),
        ("short=1000", "bytes 500-999/2000", 500, 1000),
        ("overlap=100", "bytes 400-999/2000", 400, 1000),
        ("overlap=1000", "bytes 0-999/2000", 0, 1000),
    ] {
        let server = Server::start(&["--fault", fault]);
        let answer = server.get("");
        assert_eq!(answer.header("Content-Range"), Some(range), "{fault}");
        assert_eq!(answer.body, &server.content[from..to], "{fault}");
        let crc = format!("crc32={:x}", crc32fast::hash(&answer.body));
        assert_eq!(answer.header("Digest"), Some(&*crc), "{fault}");
    }
}

#[test]
fn a_part_comes_compressed() {
    let server = Server::start(&["--fault", "gzip"]);
    let answer = server.get("");
    assert_eq!(answer.status, 206);
    assert_eq!(answer.header("Content-Encoding"), Some("gzip"));
    assert_eq!(answer.header("Content-Range"), Some("bytes 500-999/2000"));
    assert_eq!(answer.body[..2], [0x1f, 0x8b]);
    let crc = format!("crc32={:x}", crc32fast::hash(&answer.body));
    assert_eq!(answer.header("Digest"), Some(&*crc));
}

#[test]
fn a_portal_and_a_redirect_meet_parts_too() {
    let faults = ["portal,on=part,times=1", "redirect=/b,on=part"];
    let server = Server::start(&["--fault", faults[0], "--fault", faults[1]]);
    let answer = server.get("");
    assert_eq!((answer.status, answer.header("Digest")), (200, None));
    assert!(answer.body.starts_with(b"<!DOCTYPE html>"));
    let answer = server.get("");
    assert_eq!(
        (answer.status, answer.header("Location")),
        (302, Some("/b"))
    );
}
