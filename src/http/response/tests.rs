// SPDX-License-Identifier: MIT OR Apache-2.0
//! What no message needs: the fields for firmware. The rest of the parser is tested through the C functions.
use std::format;
use std::vec::Vec;

use super::*;

/// Reads a response to a request for firmware with these field lines.
fn answer(lines: &str) -> (Result<()>, Response) {
    let raw = format!("HTTP/1.1 206 \r\n{lines}\r\nContent-Length: 0\r\n\r\n");
    let whole = answer_in(&raw, raw.len());
    for step in 1..raw.len() {
        let pieces = answer_in(&raw, step);
        assert_eq!(pieces.0.is_ok(), whole.0.is_ok(), "{lines}");
        assert_eq!(facts(&pieces.1), facts(&whole.1), "{lines}");
    }
    whole
}

fn answer_in(raw: &str, step: usize) -> (Result<()>, Response) {
    let mut response = Response::none();
    response.restart(Method::Get);
    let mut last = Err(Error::STATE);
    for piece in raw.as_bytes().chunks(step) {
        last = response.collect(&mut &*piece, &mut []);
        if last.is_err() {
            break;
        }
    }
    (last, response)
}

/// Whether there is a range, the range, its total, and the CRC-32.
type Facts = (bool, Option<[u32; 2]>, Option<u32>, Option<u32>);

fn facts(response: &Response) -> Facts {
    (
        response.has_range(),
        response.range(),
        response.range_total(),
        response.crc32(),
    )
}

#[test]
fn reads_content_range_and_digest() {
    const MAX: u32 = u32::MAX;
    for (line, expected) in [
        ("Server: x", (false, None, None, None)),
        (
            "Content-Range: bytes 0-255/3483",
            (true, Some([0, 255]), Some(3483), None),
        ),
        (
            "CONTENT-RANGE:\tBytes \t 7-7/8 ",
            (true, Some([7, 7]), Some(8), None),
        ),
        (
            "Content-Range: bytes 4294967293-4294967294/4294967295",
            (true, Some([MAX - 2, MAX - 1]), Some(MAX), None),
        ),
        (
            "Content-Range: bytes 5-6/*",
            (true, Some([5, 6]), None, None),
        ),
        (
            "Content-Range: bytes */3483",
            (true, None, Some(3483), None),
        ),
        ("Content-Range: lines 5-6/7", (false, None, None, None)),
        ("Content-Range: byte 5-6/7", (false, None, None, None)),
        ("Content-Range:", (false, None, None, None)),
        (
            "Digest: crc32=710bbd48",
            (false, None, None, Some(0x710B_BD48)),
        ),
        ("Digest: CRC32=A", (false, None, None, Some(10))),
        (
            "Digest: sha-256=47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=, crc32=000bBD48,md5=x",
            (false, None, None, Some(0xBBD48)),
        ),
        ("Digest: crc32c=1", (false, None, None, None)),
        ("Digest: unixsum=30637", (false, None, None, None)),
        (
            "Digest: crc32=1\r\nVary: *\r\nContent-Range: bytes 0-0/1",
            (true, Some([0, 0]), Some(1), Some(1)),
        ),
        (
            "Content-Range: bytes\r\n 0-0/1",
            (true, Some([0, 0]), Some(1), None),
        ),
    ] {
        let (result, response) = answer(line);
        assert!(result.is_ok() && response.is_complete(), "{line}");
        assert_eq!(facts(&response), expected, "{line}");
    }
}

#[test]
fn refuses_a_range_or_digest_that_contradicts_itself_or_another() {
    for line in [
        "Content-Range: bytes 6-5/7",
        "Content-Range: bytes 5-7/7",
        "Content-Range: bytes 4294967296-4294967297/*",
        "Content-Range: bytes 0-4294967295/*",
        "Content-Range: bytes 5-6",
        "Content-Range: bytes 5-6/",
        "Content-Range: bytes 5-6/7x",
        "Content-Range: bytes 5-6/7 8",
        "Content-Range: bytes 5-6/**",
        "Content-Range: bytes -6/7",
        "Content-Range: bytes */*",
        "Content-Range: bytes */",
        "Content-Range: bytes x",
        "Content-Range: bytes 0-0/1\r\nContent-Range: bytes 0-0/1",
        "Content-Range: bytes */9\r\nVary: *\r\nContent-Range: bytes 0-0/9",
        "Content-Range: bytes 0-0/9\r\nContent-Range: bytes */9",
        "Content-Range: bytes */9\r\nContent-Range: bytes */9",
        "Content-Range: bytes 0-0/1, bytes 0-0/1",
        "Digest: crc32=",
        "Digest: crc32=x",
        "Digest: crc32=123456789",
        "Digest: crc32=12345678x",
        "Digest: crc32=1,crc32=2",
        "Digest: crc32=1\r\nDigest: crc32=1",
    ] {
        let (result, response) = answer(line);
        assert_eq!(result, Err(Error::HTTP_SYNTAX), "{line}");
        assert!(!response.is_complete() && !response.keep_alive());
        assert_eq!(response.status(), 206);
    }
}

/// The texts of a head that comes in pieces of `step` bytes, and what they are of in front.
fn texts(raw: &str, step: usize) -> Vec<u8> {
    let mut response = Response::none();
    response.restart(Method::Get);
    let mut texts = Vec::new();
    for mut piece in raw.as_bytes().chunks(step) {
        loop {
            response.take(&mut piece, &mut &[][..]).unwrap();
            match response.text() {
                0 => break,
                byte => texts.push(byte),
            }
        }
    }
    assert!(response.is_complete(), "{raw}");
    texts
}

#[test]
fn hands_out_strong_entity_tags_and_dates() {
    for (lines, expected) in [
        ("Server: x", &b""[..]),
        ("ETag: \"a,b/=;\"", b"\x1fa,b/=;\""),
        ("etag:\"\"  ", b"\x1f\""),
        ("ETAG:\r\n\t\"a\r\n b\"", b"\x1fab\""),
        ("ETag: \"\u{e9}\"", b"\x1f\xc3\xa9\""),
        ("ETag: W/\"a\"", b""),
        ("ETag: a", b""),
        ("ETag:", b""),
        ("ETags: \"a\"", b""),
        (
            "Last-Modified: Tue, 15 Nov 1994 12:45:26 GMT",
            b"\x1eTue,15Nov199412:45:26GMT",
        ),
        (
            "Last-Modified: now\r\nX: \"\"\r\nETag: \"b\"",
            b"\x1enow\x1fb\"",
        ),
    ] {
        let raw = format!("HTTP/1.1 206 \r\n{lines}\r\nContent-Length: 0\r\n\r\n");
        for step in 1..=raw.len() {
            assert_eq!(texts(&raw, step), expected, "{lines} {step}");
        }
    }
}

#[test]
fn what_is_not_identity_is_coded() {
    for (lines, coded) in [
        ("Vary: Accept-Encoding", false),
        ("Content-Encoding: identity", false),
        ("content-encoding:IDENTITY", false),
        ("Content-Encoding:", false),
        (
            "Content-Encoding: , ,\r\nContent-Encoding: identity,",
            false,
        ),
        ("Content-Encoding: gzip", true),
        ("Content-Encoding: br", true),
        ("Content-Encoding: identity, gzip", true),
        ("Content-Encoding: gzip\r\nContent-Encoding: identity", true),
        ("Content-Encoding: identit", true),
        ("Content-Encoding: identity2", true),
        ("Content-Encoding: identity;q=1", true),
    ] {
        let (result, response) = answer(lines);
        assert!(result.is_ok(), "{lines}");
        assert_eq!(response.is_coded(), coded, "{lines}");
    }
}

#[test]
fn a_length_or_a_checksum_vouches_for_the_end_of_a_body() {
    for (lines, verifiable) in [
        ("Content-Length: 5", true),
        ("Transfer-Encoding: chunked", true),
        ("Digest: crc32=1", true),
        ("Digest: sha-256=1", false),
        ("Content-Range: bytes 0-4/9", false),
        ("Content-Type: text/plain", false),
    ] {
        let (_, response) = answer_in(&format!("HTTP/1.1 200 OK\r\n{lines}\r\n\r\n"), 9);
        assert_eq!(response.is_verifiable(), verifiable, "{lines}");
        let length = response.content_length();
        assert_eq!(length, lines.contains("Length").then_some(5), "{lines}");
    }
}

#[test]
fn memory_that_was_never_begun_is_a_wrong_state() {
    for garbage in [0x00, 0x0a, 0x14, 0x25, 0x36, 0x40, 0x67, 0x6D, 0xA5, 0xFF] {
        let mut response = Response::none();
        response.phase = garbage;
        assert_eq!(
            response.collect(&mut &b"HTTP"[..], &mut []),
            Err(Error::STATE)
        );
        assert_eq!(response.body(&[]), Err(Error::STATE));
        assert_eq!(response.end(), Err(Error::STATE));
        assert!(!response.is_complete() && !response.keep_alive());
    }
}

#[test]
fn a_state_overwritten_from_outside_ends_the_loop() {
    let mut response = Response::none();
    response.restart(Method::Post);
    response.phase = phase::BODY;
    let mut rest = &b"abc"[..];
    assert_eq!(response.collect(&mut rest, &mut []), Ok(()));
    assert!(rest == b"abc" && !response.is_complete());
}

#[test]
fn a_body_as_long_as_a_length_can_be_is_counted_down() {
    for head in [
        "HTTP/1.1 200 OK\r\nContent-Length: 4294967295\r\n\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
    ] {
        let (_, mut response) = answer_in(head, 200);
        response.collect(&mut &b"12345"[..], &mut []).unwrap();
        assert_eq!(response.body.remaining, u32::MAX - 5);
        assert_eq!(response.end(), Err(Error::HTTP_TRUNCATED));
    }
}

#[test]
fn the_state_is_no_larger_than_its_parts() {
    assert_eq!(size_of::<Response>(), 76);
}
