// SPDX-License-Identifier: MIT OR Apache-2.0
//! What captive portals and proxies answer in place of the file server, through the C functions: no firmware, and no end of a download.
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

const PAGE: &[u8] = b"<!DOCTYPE html><html><body>Please log in</body></html>";

/// An answer with this status that has no Content-Range.
fn page(status: u16, lines: &str, body: &[u8]) -> Vec<u8> {
    let head = format!(
        "HTTP/1.1 {status} \r\nContent-Length: {}\r\n{lines}\r\n",
        body.len()
    );
    [head.as_bytes(), body].concat()
}

/// A whole file in one chunk, so that its length is known only at its end.
fn chunked(body: &[u8]) -> Vec<u8> {
    let head = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let len = format!("{:x}\r\n", body.len());
    [head.as_bytes(), len.as_bytes(), body, b"\r\n0\r\n\r\n"].concat()
}

/// Answers that are no part of any firmware, with the reason for which they are none of the 250 bytes that are fetched.
fn pages() -> Vec<(Vec<u8>, Status)> {
    let long = PAGE.repeat(9);
    let mut pages = vec![
        (
            page(200, "Content-Type: text/html\r\n", PAGE),
            ERR_FIRMWARE_SIZE,
        ),
        (page(200, "Connection: close\r\n", &long), ERR_FIRMWARE_SIZE),
        (page(200, "", b""), ERR_FIRMWARE_RANGE),
        (chunked(PAGE), ERR_HTTP_TRUNCATED),
        (chunked(&long), ERR_FIRMWARE_RANGE),
        (
            page(200, "Content-Encoding: gzip\r\n", PAGE),
            ERR_FIRMWARE_CODING,
        ),
        (b"HTTP/1.1 204 \r\n\r\n".to_vec(), ERR_FIRMWARE_REFUSED),
        (b"HTTP/1.1 304 \r\n\r\n".to_vec(), ERR_FIRMWARE_REFUSED),
        (
            page(
                206,
                "Content-Type: multipart/byteranges; boundary=x\r\n",
                b"--x",
            ),
            ERR_FIRMWARE_RANGE,
        ),
        (page(511, "", PAGE), ERR_FIRMWARE_BUSY),
    ];
    for status in [201, 202, 203, 226, 299, 300, 301, 302, 303, 307, 308, 399] {
        let line = "Location: http://portal.example/login\r\n";
        pages.push((page(status, line, PAGE), ERR_FIRMWARE_REFUSED));
    }
    pages
}

#[test]
fn a_page_in_the_middle_does_not_end_a_download() {
    let image = image(250);
    for (answer, error) in pages() {
        for size in [1, 7, usize::MAX] {
            let mut device = begun(&image, "");
            for failures in 1..=5 {
                if device.must_connect() {
                    assert_eq!(device.connected(), OK);
                }
                let request = device.request().unwrap();
                assert_eq!(range_of(&request), (100, 199));
                let text = answer.escape_ascii();
                assert_eq!(device.feed(&answer, size), AGAIN, "{text}");
                assert_eq!((device.error(), device.failures()), (error, failures));
                assert_eq!((device.confirmed(), device.total()), (100, 250));
            }
            device.fetch_all(&image);
        }
    }
}

#[test]
fn a_page_that_stays_ends_a_download_that_can_go_on() {
    let image = image(250);
    for (answer, error) in pages() {
        let mut device = begun(&image, "");
        device.set_retries(1);
        exchange(&mut device, &answer, AGAIN);
        exchange(&mut device, &answer, error);
        assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
        let saved = device.save().unwrap();
        let flash = core::mem::take(&mut device.flash);
        device = Device::new(100);
        device.flash = flash;
        assert_eq!(device.load(&saved), OK);
        assert_eq!(device.confirmed(), 100);
        exchange(&mut device, &answer, AGAIN);
        device.fetch_all(&image);
    }
}

#[test]
fn what_the_file_server_says_in_the_middle_is_final() {
    let image = image(250);
    for (answer, error) in [
        (page(400, "", PAGE), ERR_FIRMWARE_REFUSED),
        (page(401, "", PAGE), ERR_FIRMWARE_REFUSED),
        (page(404, "", PAGE), ERR_FIRMWARE_REFUSED),
        (page(416, "", PAGE), ERR_FIRMWARE_RANGE),
        (
            page(206, "Content-Range: bytes */250\r\n", b"x"),
            ERR_FIRMWARE_RANGE,
        ),
        (
            page(200, "Content-Range: bytes 100-199/251\r\n", &image[..100]),
            ERR_FIRMWARE_SIZE,
        ),
        (
            page(
                206,
                "Content-Range: bytes 100-199/250\r\nContent-Encoding: br\r\n",
                &image[..100],
            ),
            ERR_FIRMWARE_CODING,
        ),
        (
            page(302, "Content-Range: bytes 100-199/250\r\n", &image[..100]),
            ERR_FIRMWARE_REFUSED,
        ),
    ] {
        let mut device = begun(&image, "");
        exchange(&mut device, &answer, error);
        assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
        assert_eq!(device.confirmed(), 100);
    }
    // Before anything is confirmed nothing says that there is a file server.
    for (answer, error) in pages() {
        if ![ERR_FIRMWARE_REFUSED, ERR_FIRMWARE_CODING].contains(&error) {
            continue;
        }
        let mut device = Device::announced(100);
        exchange(&mut device, &answer, error);
        assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
    }
}

#[test]
fn a_page_with_a_validator_is_other_firmware_only_if_it_begins_as_firmware() {
    let mut image = image(250);
    image[..8].copy_from_slice(b"firmware");
    let new = [&b"firmware"[..], PAGE].concat();
    let other = "ETag: \"page\"\r\n";
    let until_close = |body: &[u8]| {
        let head = format!("HTTP/1.1 200 OK\r\nConnection: close\r\n{other}\r\n");
        [head.as_bytes(), body].concat()
    };
    for (min_size, first, answer, expected) in [
        // Too small, and with other first bytes, of which the last one tells.
        (
            63,
            &b""[..],
            page(200, other, &new),
            ERR_FIRMWARE_UNEXPECTED,
        ),
        (
            0,
            b"firmwarE",
            page(200, other, &new),
            ERR_FIRMWARE_UNEXPECTED,
        ),
        (
            0,
            b"firmware",
            page(200, other, PAGE),
            ERR_FIRMWARE_UNEXPECTED,
        ),
        (0, b"f", until_close(PAGE), ERR_FIRMWARE_UNEXPECTED),
        (0, b"<!DOCTYQ", until_close(PAGE), ERR_FIRMWARE_UNEXPECTED),
        // Ended before it could be told.
        (
            0,
            b"firmware",
            until_close(b"firm"),
            ERR_FIRMWARE_UNEXPECTED,
        ),
        (
            62,
            b"firmware",
            page(200, other, &new),
            ERR_FIRMWARE_REPLACED,
        ),
        (0, b"f", page(200, other, &new), ERR_FIRMWARE_REPLACED),
        (0, b"firmware", until_close(&new), ERR_FIRMWARE_REPLACED),
        (
            0,
            b"firmware",
            until_close(b"firmware"),
            ERR_FIRMWARE_REPLACED,
        ),
        // Nothing is demanded.
        (0, b"", page(200, other, PAGE), ERR_FIRMWARE_REPLACED),
        (0, b"", page(200, other, b""), ERR_FIRMWARE_REPLACED),
    ] {
        for size in [1, 3, usize::MAX] {
            let mut device = begun(&image, TAG);
            device.expect(min_size, first);
            device.request().unwrap();
            let mut status = device.feed(&answer, size);
            if status == NEED_MORE {
                status = device.close();
            }
            let text = answer.escape_ascii();
            assert_eq!(device.error(), expected, "{text}");
            assert_eq!(device.flash, image[..100]);
            if expected == ERR_FIRMWARE_UNEXPECTED {
                assert_eq!((status, device.confirmed()), (AGAIN, 100));
                assert!(device.must_connect());
                device.expect(0, b"");
                device.fetch_all(&image);
            } else {
                assert_eq!((status, device.confirmed()), (expected, 0));
            }
        }
    }
    // Cut in front of the byte that tells.
    let mut device = begun(&image, TAG);
    device.expect(0, b"firmware");
    device.request().unwrap();
    assert_eq!(device.feed(&until_close(b"firmwar"), 2), NEED_MORE);
    assert_eq!(device.confirmed(), 100);
    // A part says which firmware it is of, whatever it begins with.
    let mut device = begun(&image, TAG);
    device.expect(0, b"firmware");
    exchange(
        &mut device,
        &part(&image, 2, 199, other),
        ERR_FIRMWARE_REPLACED,
    );
}

#[test]
fn a_whole_file_that_may_be_another_one_is_asked_for_again() {
    let image = image(250);
    let mut device = begun(&image, TAG);
    device.set_retries(2);
    exchange(&mut device, &whole(&other(&image), ""), AGAIN);
    exchange(&mut device, &whole(&other(&image), DATE), AGAIN);
    exchange(&mut device, &whole(&other(&image), ""), ERR_FIRMWARE_RANGE);
    // Nothing of it is used, nothing is lost.
    assert_eq!(
        (device.confirmed(), &device.flash[..]),
        (100, &image[..100])
    );
}

const MAGIC: [u8; 4] = [0x3d, 0xb8, 0xf3, 0x96];

/// Asks for 100 bytes, with demands.
fn demanding(min_size: u32, first: &[u8]) -> Device {
    let mut device = Device::announced(100);
    device.expect(min_size, first);
    device
}

#[test]
fn the_page_of_a_captive_portal_is_no_firmware() {
    let mut image = image(5000);
    image[..4].copy_from_slice(&MAGIC);
    let page = &[&b"<!DOCTYPE html><html>"[..], &[b'x'; 2000]].concat();
    let until_close = |body: &[u8]| {
        [
            &b"HTTP/1.0 200 OK\r\nContent-Type: text/html\r\n\r\n"[..],
            body,
        ]
        .concat()
    };
    for (min_size, first) in [
        (4096, &b""[..]),
        (0, &MAGIC),
        (4096, &MAGIC),
        (0, &MAGIC[..1]),
    ] {
        for answer in [
            whole(page, "Content-Type: text/html\r\n"),
            chunked(page),
            part(page, 0, 99, ""),
        ] {
            let mut device = demanding(min_size, first);
            for failures in 1..=5 {
                exchange(&mut device, &answer, AGAIN);
                assert_eq!(
                    (device.error(), device.failures()),
                    (ERR_FIRMWARE_UNEXPECTED, failures)
                );
                assert_eq!((device.confirmed(), device.total()), (0, 0));
                assert!(device.must_connect());
            }
            let mut stuck = Device::announced(100);
            stuck.expect(min_size, first);
            stuck.set_retries(0);
            exchange(&mut stuck, &answer, ERR_FIRMWARE_UNEXPECTED);
            assert_eq!(stuck.state(), KPN_FIRMWARE_FAILED);
            // Someone has logged in at the portal.
            device.flash.clear();
            device.fetch_all(&image);
        }
    }
    let mut device = demanding(0, &MAGIC);
    exchange(&mut device, &until_close(page), AGAIN);
    // Without a demand this cannot be noticed.
    let mut device = Device::announced(100);
    exchange(&mut device, &whole(page, ""), OK);
    assert_eq!(device.state(), KPN_FIRMWARE_COMPLETE);
}

#[test]
fn what_is_demanded_holds_to_the_byte() {
    let mut image = image(250);
    image[..8].copy_from_slice(b"firmware");
    for (min_size, first, expected) in [
        (250, &b"firmware"[..], OK),
        (251, b"firmware", AGAIN),
        (0, b"firmwarf", AGAIN),
        (0, b"Firmware", AGAIN),
        (0, b"f", OK),
        (0, b"", OK),
    ] {
        for part_size in [1, 5, 100] {
            let mut device = Device::announced(part_size);
            device.set_request_limit(u16::MAX);
            device.expect(min_size, first);
            assert_eq!(device.connected(), OK);
            let mut status = OK;
            while status == OK && device.state() == KPN_FIRMWARE_REQUEST {
                status = device.fetch(&image, 3);
            }
            assert_eq!(status, expected, "{min_size} {first:?}");
            let begins = first.iter().zip(&image).take_while(|(a, b)| a == b).count();
            assert!(expected == OK || device.confirmed() <= begins);
        }
    }
    for (min_size, expected) in [(250, OK), (251, AGAIN)] {
        let mut device = demanding(min_size, b"firmware");
        exchange(&mut device, &chunked(&image), expected);
    }
    // A file that is shorter than what it must begin with.
    let mut device = demanding(0, b"firmware");
    exchange(&mut device, &whole(b"firm", ""), AGAIN);
    assert_eq!(device.error(), ERR_FIRMWARE_UNEXPECTED);
    let mut device = Device::announced(100);
    assert_eq!(device.try_expect(0, b"firmware."), ERR_INVALID_ARGUMENT);
    device.expect(0, b"x");
    device.expect(0, b"");
    device.fetch_all(&image);
}
