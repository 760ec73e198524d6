// SPDX-License-Identifier: MIT OR Apache-2.0
//! What file servers, caches and portals send that is not the firmware, or comes in an unusual way, through the C functions.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test may panic"
)]

#[path = "common/firmware.rs"]
mod common;

use common::status::*;
use common::*;
use kpn_things::ffi::firmware::*;

#[test]
fn a_content_coding_is_not_the_firmware() {
    let image = image(250);
    for coding in [
        "gzip",
        "br",
        "x-gzip",
        "identity, gzip",
        "zstd",
        "aws-chunked",
    ] {
        let line = format!("Content-Encoding: {coding}\r\n");
        for (mut device, answer) in [
            (begun(&image, ""), part(&image, 100, 199, &line)),
            (Device::announced(100), whole(&image, &line)),
        ] {
            let confirmed = device.confirmed();
            exchange(&mut device, &answer, ERR_FIRMWARE_CODING);
            assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
            assert_eq!(device.error(), ERR_FIRMWARE_CODING);
            assert_eq!(device.confirmed(), confirmed);
            // The platform announces it again, when the server is mended.
            assert_eq!(device.offer(&pack(URL, TOKEN)), OK);
            device.fetch_all(&image);
        }
    }
    for line in [
        "Content-Encoding: identity\r\n",
        "Content-Encoding:\r\n",
        "Content-Encoding: ,Identity\r\n",
    ] {
        let mut device = begun(&image, line);
        exchange(&mut device, &part(&image, 100, 199, line), OK);
        device.fetch_all(&image);
    }
    // It says nothing about an error page.
    let busy = b"HTTP/1.1 503 \r\nContent-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx";
    exchange(&mut begun(&image, ""), busy, AGAIN);
}

#[test]
fn what_is_usable_of_a_range_is_used() {
    let image = image(250);
    for (first, last) in [
        (100, 199),
        (100, 100),
        (100, 150),
        (0, 199),
        (99, 100),
        (50, 249),
        (100, 249),
        (0, 249),
    ] {
        for digest in [false, true] {
            let mut device = begun(&image, "");
            let line = format!("Digest: crc32={:x}\r\n", crc32(&image[first..=last]));
            let answer = part(&image, first, last, if digest { &line } else { "" });
            exchange(&mut device, &answer, OK);
            assert_eq!(device.confirmed(), last + 1);
            assert_eq!(device.flash, image[..=last]);
            if last < 249 {
                let request = device.request().unwrap();
                assert_eq!(range_of(&request).0, last + 1);
                assert_eq!(device.feed(&answer_to(&image, &request), 9), OK);
            }
            device.fetch_all(&image);
        }
    }
    // A wrong digest is over all bytes of the part, those that were there before too.
    let mut device = begun(&image, "");
    let answer = part(
        &image,
        50,
        150,
        &format!("Digest: crc32={:x}\r\n", crc32(&image[100..=150])),
    );
    exchange(&mut device, &answer, AGAIN);
    assert_eq!(
        (device.error(), device.confirmed()),
        (ERR_FIRMWARE_CRC, 100)
    );
}

fn answer_to(image: &[u8], request: &str) -> Vec<u8> {
    answer(image, request)
}

#[test]
fn a_size_that_is_known_need_not_be_said_again() {
    let image = image(250);
    for (first, last) in [(100, 199), (60, 230)] {
        let text = String::from_utf8_lossy(&part(&image, first, last, ""))
            .split("\r\n\r\n")
            .next()
            .unwrap()
            .replace("/250", "/*");
        let answer = [text.as_bytes(), b"\r\n\r\n", &image[first..=last]].concat();
        let mut device = begun(&image, "");
        exchange(&mut device, &answer, OK);
        assert_eq!((device.confirmed(), device.total()), (last + 1, 250));
        device.fetch_all(&image);
    }
    // Not beyond it, and not where nothing says where the firmware ends.
    let beyond = b"HTTP/1.1 206 \r\nContent-Range: bytes 100-250/*\r\n\r\nx";
    exchange(&mut begun(&image, ""), beyond, ERR_FIRMWARE_RANGE);
    let first = b"HTTP/1.1 206 \r\nContent-Range: bytes 0-99/*\r\n\r\nx";
    exchange(&mut Device::announced(100), first, ERR_FIRMWARE_RANGE);
}

#[test]
fn a_contradiction_is_final() {
    let image = image(250);
    for (lines, body) in [
        ("Content-Range: bytes 101-200/250", 100),
        ("Content-Range: bytes 0-99/250", 100),
        ("Content-Range: bytes 0-0/250", 1),
        ("Content-Range: bytes */250", 1),
        ("Content-Range: bytes 100-199/250\r\nContent-Length: 99", 99),
    ] {
        let mut device = begun(&image, "");
        let head = format!("HTTP/1.1 206 \r\n{lines}\r\n\r\n");
        let answer = [head.as_bytes(), &image[..body]].concat();
        exchange(&mut device, &answer, ERR_FIRMWARE_RANGE);
        assert_eq!(device.confirmed(), 100, "{lines}");
        assert_eq!(device.flash, image[..100]);
    }
}

#[test]
fn a_part_without_length_that_is_cut_is_asked_again() {
    let image = image(250);
    for framing in ["Connection: close\r\n", "Transfer-Encoding: chunked\r\n"] {
        for len in [1, 50, 99] {
            let chunked = framing.contains("chunked");
            let head =
                format!("HTTP/1.1 206 \r\n{framing}Content-Range: bytes 100-199/250\r\n\r\n");
            let mut answer = head.into_bytes();
            if chunked {
                answer.extend(format!("{len:x}\r\n").bytes());
            }
            answer.extend(&image[100..100 + len]);
            if chunked {
                answer.extend(b"\r\n0\r\n\r\n");
            }
            let mut device = begun(&image, "");
            exchange(
                &mut device,
                &answer,
                if chunked { AGAIN } else { NEED_MORE },
            );
            if !chunked {
                assert_eq!(device.close(), AGAIN);
            }
            assert_eq!((device.error(), device.failures()), (ERR_HTTP_TRUNCATED, 1));
            assert_eq!(device.confirmed(), 100);
            assert!(device.must_connect());
            device.fetch_all(&image);
        }
    }
}

#[test]
fn if_range_names_the_entity_tag_of_the_confirmed_bytes() {
    let image = image(250);
    let if_range = |lines: &str| {
        let mut device = begun(&image, lines);
        let request = exchange(&mut device, &part(&image, 100, 199, ""), OK);
        request
            .split_once("Range: bytes=100-199\r\n")
            .unwrap()
            .1
            .to_owned()
    };
    let longest = format!("\"{}\"", "x".repeat(KPN_FIRMWARE_ETAG_MAX - 2));
    for tag in ["\"\"", "\"5e8f-1a3\"", "\"a,b;c=/\"", &longest] {
        for lines in [
            format!("ETag: {tag}\r\n"),
            format!("{DATE}etag:{tag} \r\n"),
            format!("ETAG:\t{tag}\r\n{DATE}"),
        ] {
            assert_eq!(if_range(&lines), format!("If-Range: {tag}\r\n\r\n"));
        }
    }
    // Weak, not quoted, too long, not ASCII, none; and a date might be a weak one.
    let too_long = format!("ETag: \"x{longest}\r\n");
    for lines in [
        "ETag: W/\"a\"\r\n",
        "ETag: a\r\n",
        "ETag:\r\n",
        &too_long,
        "ETag: \"\u{e9}\"\r\n",
        DATE,
        "",
    ] {
        assert_eq!(if_range(lines), "\r\n", "{lines}");
    }
    // Not for the first byte, which may be of any image.
    let mut device = begun(&image, TAG);
    assert_eq!(device.rewind(0), OK);
    assert_eq!(device.connected(), OK);
    assert!(!device.request().unwrap().contains("If-Range"));
}

#[test]
fn an_image_that_was_replaced_is_noticed_though_its_size_is_the_same() {
    let image = image(250);
    let new = other(&image);
    let new_tag = "ETag: \"5e8f-1a4\"\r\n";
    let new_date = DATE.replace("26", "27");
    let gone = b"HTTP/1.1 412 \r\nContent-Length: 0\r\n\r\n".to_vec();
    for (lines, answer) in [
        (TAG, part(&new, 100, 199, new_tag)),
        (TAG, whole(&new, new_tag)),
        (
            TAG,
            whole(&new, &format!("{new_date}ETag: \"5e8f-1a34\"\r\n")),
        ),
        (TAG, whole(&new, "ETag: \"5e8f-1a\"\r\n")),
        (TAG, gone),
        (DATE, part(&new, 100, 199, &new_date)),
        (&DATE.replace(" GMT", ""), part(&new, 100, 199, DATE)),
        (DATE, part(&new, 100, 199, &DATE.replace(" GMT", ""))),
        (DATE, whole(&new, &DATE.replace("Tue", "Wed"))),
        (&format!("ETag: W/\"1\"\r\n{DATE}"), whole(&new, &new_date)),
    ] {
        for way in 0..3 {
            let mut device = begun(&image, lines);
            if way == 0 {
                let saved = device.save().unwrap();
                let flash = core::mem::take(&mut device.flash);
                device = Device::new(100);
                device.flash = flash;
                assert_eq!(device.load(&saved), OK);
            }
            exchange(&mut device, &answer, ERR_FIRMWARE_REPLACED);
            assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
            assert_eq!(device.error(), ERR_FIRMWARE_REPLACED);
            // No byte of the other one was handed out, and none of the first one counts.
            assert_eq!(device.flash, image[..100]);
            assert_eq!((device.confirmed(), device.total()), (0, 0));
            let saved = device.save().unwrap();
            match way {
                0 => assert_eq!(device.rewind(0), OK),
                1 => assert_eq!(device.offer(&pack(URL, TOKEN)), OK),
                _ => {
                    device = Device::new(100);
                    assert_eq!(device.load(&saved), OK);
                }
            }
            exchange(&mut device, &part(&new, 0, 99, new_tag), OK);
            exchange(&mut device, &part(&new, 100, 199, new_tag), OK);
            exchange(&mut device, &part(&new, 200, 249, new_tag), OK);
            assert_eq!(device.flash, new);
        }
    }
}

#[test]
fn the_same_validator_or_none_goes_on() {
    let image = image(250);
    for (lines, answer) in [
        (TAG, part(&image, 100, 249, TAG)),
        (TAG, whole(&image, TAG)),
        // What comes with If-Range need not have it; a proxy may have weakened it; a date need not be that of the first part.
        (TAG, part(&image, 100, 249, "")),
        (TAG, part(&image, 100, 249, "ETag: W/\"5e8f-1a3\"\r\n")),
        (TAG, part(&image, 100, 249, DATE)),
        (DATE, part(&image, 100, 249, &format!("{TAG}{DATE}"))),
        (DATE, whole(&image, &format!("{DATE}{TAG}"))),
        ("", part(&image, 100, 249, TAG)),
    ] {
        let mut device = begun(&image, lines);
        exchange(&mut device, &answer, OK);
        assert_eq!(device.state(), KPN_FIRMWARE_COMPLETE);
        assert_eq!(device.flash, image);
    }
}

#[test]
fn what_came_with_an_answer_that_does_not_count_is_not_kept() {
    let image = image(250);
    let mut device = Device::announced(100);
    let mut damaged = part(
        &image,
        0,
        99,
        &format!("{TAG}Digest: crc32={:x}\r\n", crc32(&image[..100])),
    );
    *damaged.last_mut().unwrap() ^= 1;
    exchange(&mut device, &damaged, AGAIN);
    assert_eq!(device.total(), 0);
    // In the middle of the tag.
    let cut = b"HTTP/1.1 206 \r\nETag: \"5e";
    exchange(&mut device, cut, NEED_MORE);
    assert_eq!(device.close(), AGAIN);
    let page = b"HTTP/1.1 503 \r\nETag: \"page\"\r\nContent-Length: 0\r\n\r\n";
    exchange(&mut device, page, AGAIN);
    // Meanwhile it was replaced: nothing of the one before was confirmed.
    let new = [&other(&image)[..], b"more"].concat();
    let request = exchange(&mut device, &part(&new, 0, 99, "ETag: \"new\"\r\n"), OK);
    assert!(!request.contains("If-Range"));
    exchange(&mut device, page, AGAIN);
    let request = exchange(&mut device, &part(&new, 100, 253, "ETag: \"new\"\r\n"), OK);
    assert!(request.contains("\r\nIf-Range: \"new\"\r\n"));
    assert_eq!(device.flash, new);
}

#[test]
fn connections_that_bring_no_answer_count() {
    for after_request in [false, true] {
        let image = image(250);
        let mut device = begun(&image, "");
        assert_eq!(device.close(), AGAIN);
        let mut failed = 0;
        for count in 1..=1000 {
            if device.state() != KPN_FIRMWARE_REQUEST {
                break;
            }
            assert!(device.must_connect());
            assert_eq!(device.connected(), OK);
            if after_request {
                device.request().unwrap();
            }
            failed = device.close();
            assert_eq!(device.failures(), count.min(5));
        }
        assert_eq!(failed, ERR_HTTP_TRUNCATED);
        assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
        assert_eq!(device.offer(&pack(URL, TOKEN)), OK);
        device.fetch_all(&image);
    }
}
