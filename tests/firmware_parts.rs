// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which answers are the requested bytes, through the C functions.
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

/// One answer to the first request, for 100 of 250 bytes.
fn first_answer(text: &str, body: &[u8]) -> i32 {
    let mut device = Device::announced(100);
    device.request().unwrap();
    let step = device.feed(&[text.as_bytes(), b"\r\n\r\n", body].concat(), usize::MAX);
    let confirmed = device.confirmed();
    assert_eq!(step == OK, confirmed > 0, "{text}");
    if step < 0 {
        assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
        assert_eq!(device.request(), Err(step));
        assert_eq!(device.feed(b"x", 1), step);
        assert!(!device.must_connect());
    }
    step
}

#[test]
fn the_request_is_the_documented_one() {
    let mut device = Device::announced(256);
    let expected = "GET /f/v1/12345678 HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer eyJh.eyJz.Sf-l_x\r\n\
                    Accept-Encoding: identity\r\nRange: bytes=0-255\r\n\r\n";
    assert_eq!(device.request().as_deref(), Ok(expected));
    let mut device = Device::announced(256);
    device.set_real_host(true);
    let request = device.request().unwrap();
    assert_eq!(request, expected.replace("m.m", "10.0.0.1:81"));
    assert_eq!(device.request(), Err(ERR_STATE));
}

#[test]
fn a_request_without_room_changes_nothing() {
    let mut device = Device::announced(256);
    let need = device.request().unwrap().len();
    for cap in 0..need {
        let mut device = Device::announced(256);
        let mut memory = vec![0xA5; need];
        let result = device.request_into(&mut memory[..cap]);
        assert_eq!(result, Err((ERR_BUFFER_FULL, need)));
        assert_eq!(device.state(), KPN_FIRMWARE_REQUEST);
        assert!(memory[cap..].iter().all(|&byte| byte == 0xA5));
    }
}

#[test]
fn fetches_an_image_part_by_part_in_any_split() {
    let image = image(1003);
    for part in [1_u32, 100, 256, 1002, 1003, 1004, u32::MAX] {
        let mut device = Device::announced(part);
        device.set_request_limit(u16::MAX);
        assert_eq!(device.connected(), OK);
        let mut parts = 0;
        while device.state() != KPN_FIRMWARE_COMPLETE {
            assert_eq!(device.fetch(&image, 37), OK);
            parts += 1;
        }
        assert_eq!(parts, 1003_u32.div_ceil(part));
        assert_eq!(device.flash, image);
        assert_eq!(device.total(), 1003);
        assert_eq!(device.request(), Err(ERR_STATE));
    }
    for split in 1..500 {
        let mut device = Device::announced(333);
        for _ in 0..4 {
            assert_eq!(device.fetch(&image, split), OK);
        }
        assert_eq!(device.flash, image);
    }
}

#[test]
fn asks_for_a_new_connection_when_the_server_will_close_or_has_taken_its_100() {
    let image = image(25_000);
    let mut device = Device::announced(100);
    for count in 1..=250 {
        if count % 100 == 1 && count > 1 {
            assert!(device.must_connect());
            assert_eq!(device.connected(), OK);
        }
        assert!(!device.must_connect());
        assert_eq!(device.fetch(&image, 500), OK);
    }
    assert_eq!(device.flash, image);

    let mut device = Device::announced(100);
    let request = device.request().unwrap();
    let text = String::from_utf8_lossy(&answer(&[b'x'; 250], &request)).into_owned();
    let text = text.replace("keep-alive", "close");
    assert_eq!(device.feed(text.as_bytes(), 500), OK);
    assert!(device.must_connect());
}

#[test]
fn takes_only_bytes_that_come_next() {
    let body = &[7_u8; 250];
    let range = |range: &str, len: usize| {
        let text =
            format!("HTTP/1.1 206 \r\nContent-Length: {len}\r\nContent-Range: bytes {range}");
        first_answer(&text, &body[..len])
    };
    assert_eq!(range("0-99/250", 100), OK);
    assert_eq!(range("0-99/100", 100), OK);
    assert_eq!(range("0-49/50", 50), OK);
    // Fewer or more than requested.
    assert_eq!(range("0-98/250", 99), OK);
    assert_eq!(range("0-0/250", 1), OK);
    assert_eq!(range("0-100/250", 101), OK);
    assert_eq!(range("0-249/250", 250), OK);
    for (text, len) in [
        // A gap.
        ("1-100/250", 100),
        ("100-199/250", 100),
        // Nobody knows how many there are.
        ("0-99/*", 100),
        ("*/250", 100),
        // A contradictory length.
        ("0-99/250", 99),
        ("0-99/250", 101),
    ] {
        assert_eq!(range(text, len), ERR_FIRMWARE_RANGE, "{text} {len}");
    }
    let chunked = |chunks: &str| {
        let head = "HTTP/1.1 206 \r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 0-9/250";
        let mut device = Device::announced(10);
        device.request().unwrap();
        device.feed(format!("{head}\r\n\r\n{chunks}").as_bytes(), usize::MAX)
    };
    assert_eq!(chunked("4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"), OK);
    assert_eq!(chunked("4\r\n0123\r\n0\r\n\r\n"), AGAIN);
    assert_eq!(chunked("b\r\n01234567890\r\n0\r\n\r\n"), ERR_FIRMWARE_RANGE);
}

#[test]
fn refuses_another_size_than_before() {
    let image = image(600);
    for total in ["599", "601", "4294967295"] {
        let mut device = Device::announced(256);
        assert_eq!(device.fetch(&image, 99), OK);
        let request = device.request().unwrap();
        let answer = answer(&image, &request);
        let text = String::from_utf8_lossy(&answer[..200]).replace("/600", &format!("/{total}"));
        assert_eq!(device.feed(text.as_bytes(), 99), ERR_FIRMWARE_SIZE);
        assert_eq!(device.confirmed(), 256);
        // The caller decides whether it wants the different firmware.
        assert_eq!(device.rewind(0), OK);
        device.flash.clear();
        device.fetch_all(&image);
    }
    // A whole file may be a page of what stands between.
    let mut device = Device::announced(256);
    device.set_retries(1);
    assert_eq!(device.fetch(&image, 99), OK);
    for status in [AGAIN, ERR_FIRMWARE_SIZE] {
        if device.must_connect() {
            assert_eq!(device.connected(), OK);
        }
        device.request().unwrap();
        let answer = b"HTTP/1.1 200 \r\nContent-Length: 601\r\n\r\nx";
        assert_eq!(device.feed(answer, 99), status);
        assert_eq!(
            (device.error(), device.confirmed()),
            (ERR_FIRMWARE_SIZE, 256)
        );
    }
}

#[test]
fn every_status_is_a_part_a_pause_or_the_end() {
    for status in 200..=599 {
        let text = format!("HTTP/1.1 {status} \r\nContent-Length: 0");
        let expected = match status {
            200 | 206 | 416 => ERR_FIRMWARE_RANGE,
            412 => ERR_FIRMWARE_REPLACED,
            408 | 429 | 500.. => AGAIN,
            _ => ERR_FIRMWARE_REFUSED,
        };
        assert_eq!(first_answer(&text, b""), expected, "{status}");
    }
    let range = "HTTP/1.1 416 \r\nContent-Length: 0\r\nContent-Range: bytes */50";
    assert_eq!(first_answer(range, b""), ERR_FIRMWARE_RANGE);
    let image = image(600);
    for (total, error) in [(600, ERR_FIRMWARE_RANGE), (50, ERR_FIRMWARE_SIZE)] {
        let mut device = Device::announced(256);
        assert_eq!(device.fetch(&image, 99), OK);
        device.request().unwrap();
        let answer = format!("{}{total}\r\n\r\n", range.strip_suffix("50").unwrap());
        assert_eq!(device.feed(answer.as_bytes(), 99), error);
        assert_eq!(device.http_status(), 416);
    }
}

#[test]
fn takes_a_whole_file_and_skips_what_is_confirmed() {
    let image = image(600);
    let digest = format!("Digest: crc32={:08X}\r\n", crc32(&image));
    let wrong = "Digest: crc32=1\r\n".to_string();
    let length = "Content-Length: 600\r\n".to_string();
    for (fields, framed) in [
        (format!("{length}{digest}"), true),
        (length.clone(), true),
        (digest.clone(), false),
        (wrong.clone(), false),
        (format!("{wrong}{length}"), true),
        (String::new(), false),
    ] {
        for before in [false, true] {
            let mut device = Device::announced(256);
            if before {
                assert_eq!(device.fetch(&image, 99), OK);
            }
            device.request().unwrap();
            let confirmed = device.confirmed();
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            let mut step = device.feed(&[head.as_bytes(), &image].concat(), 99);
            assert_eq!(step == NEED_MORE, !framed, "{fields}");
            if !framed {
                step = device.close();
            }
            if fields.contains("crc32=1\r") {
                assert_eq!(step, AGAIN);
                assert_eq!(device.confirmed(), confirmed);
            } else if fields.is_empty() && !before {
                // A truncated answer could not be distinguished from a complete one.
                assert_eq!(step, ERR_FIRMWARE_RANGE);
                continue;
            } else {
                assert_eq!(step, OK, "{fields}");
                assert_eq!(device.state(), KPN_FIRMWARE_COMPLETE);
            }
            device.fetch_all(&image);
        }
    }
    for (len, expected) in [(99, OK), (100, ERR_FIRMWARE_RANGE), (101, OK)] {
        let text = format!("HTTP/1.1 200 \r\nContent-Length: {len}");
        assert_eq!(first_answer(&text, &image[..len]), expected);
    }
    let mut device = Device::announced(256);
    assert_eq!(device.fetch(&image, 99), OK);
    device.request().unwrap();
    let cut = [b"HTTP/1.1 200 OK\r\n\r\n", &image[..599]].concat();
    assert_eq!(device.feed(&cut, 99), NEED_MORE);
    assert_eq!(device.close(), AGAIN);
    assert_eq!(device.error(), ERR_HTTP_TRUNCATED);
    device.fetch_all(&image);
}
