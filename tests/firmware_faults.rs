// SPDX-License-Identifier: MIT OR Apache-2.0
//! Failures of the network and the server, and calls in the wrong order, through the C functions.
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
fn cut_at_every_byte_it_goes_on_where_it_was() {
    let image = image(700);
    let whole = answer(&image, "Range: bytes=256-511").len();
    for cut in 0..whole {
        let mut device = Device::announced(256);
        assert_eq!(device.fetch(&image, 999), OK);
        let request = device.request().unwrap();
        let answer = answer(&image, &request);
        assert_eq!(device.feed(&answer[..cut], 64), NEED_MORE);
        assert_eq!(device.confirmed(), 256);
        assert_eq!(device.close(), AGAIN);
        assert_eq!(device.error(), ERR_HTTP_TRUNCATED);
        assert!(device.must_connect());
        assert_eq!(device.request(), Err(ERR_STATE));
        device.fetch_all(&image);
    }
}

#[test]
fn power_lost_at_every_1000th_byte_costs_at_most_a_part() {
    let image = image(100_000);
    let mut device = Device::announced(512);
    device.set_request_limit(u16::MAX);
    let mut arrived = 0_usize;
    let mut next_cut = 1000;
    let mut saved = Vec::new();
    loop {
        if device.state() == KPN_FIRMWARE_COMPLETE {
            break;
        }
        if device.must_connect() {
            assert_eq!(device.connected(), OK);
        }
        let request = device.request().unwrap();
        let answer = answer(&image, &request);
        let body = answer.len() - (range_of(&request).1 + 1 - range_of(&request).0);
        let until = if arrived + answer.len() - body >= next_cut {
            // In the middle of the body: what arrived of it is written but not confirmed.
            (body + (next_cut - arrived)).min(answer.len() - 1)
        } else {
            answer.len()
        };
        let step = device.feed(&answer[..until], 100);
        arrived += until - body;
        if step == OK {
            saved = device.save().unwrap();
            continue;
        }
        next_cut += 1000;
        let flash = core::mem::take(&mut device.flash);
        device = Device::new(512);
        device.flash = flash;
        if !saved.is_empty() {
            assert_eq!(device.load(&saved), OK);
        }
        assert_eq!(device.offer(&pack(URL, "another")), OK);
    }
    assert!(next_cut > 100_000);
    assert!(arrived < 100_000 + next_cut / 1000 * 512);
    assert_eq!(device.flash, image);
}

#[test]
fn a_wrong_crc_is_asked_again_and_written_over() {
    let image = image(600);
    let mut device = Device::announced(256);
    for round in 0..3 {
        if round < 2 {
            let request = device.request().unwrap();
            let mut answer = answer(&image, &request);
            *answer.last_mut().unwrap() ^= 1;
            assert_eq!(device.feed(&answer, 50), AGAIN);
            assert_eq!(device.error(), ERR_FIRMWARE_CRC);
            assert_eq!(device.failures(), round + 1);
            // The connection is not affected.
            assert!(!device.must_connect());
        } else {
            assert_eq!(device.fetch(&image, 50), OK);
            assert_eq!((device.failures(), device.error()), (0, OK));
        }
    }
    device.fetch_all(&image);
}

#[test]
fn gives_up_after_the_retries_and_goes_on_with_a_new_announcement() {
    let image = image(600);
    for retries in [0, 1, 5] {
        let mut device = Device::announced(256);
        device.set_retries(retries);
        assert_eq!(device.fetch(&image, 99), OK);
        let busy = b"HTTP/1.1 503 \r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy";
        for failures in 1..=retries {
            device.request().unwrap();
            assert_eq!(device.feed(busy, 10), AGAIN);
            assert_eq!(device.failures(), u32::from(failures));
            assert_eq!(device.retry_after(), 7);
            assert_eq!(device.error(), ERR_FIRMWARE_BUSY);
        }
        device.request().unwrap();
        assert_eq!(device.feed(busy, 10), ERR_FIRMWARE_BUSY);
        assert_eq!(device.state(), KPN_FIRMWARE_FAILED);
        assert_eq!(device.close(), ERR_FIRMWARE_BUSY);
        assert_eq!(device.offer(&pack(URL, "new-token")), OK);
        assert_eq!(device.confirmed(), 256);
        assert!(device.must_connect());
        assert_eq!(device.connected(), OK);
        let request = device.request().unwrap();
        assert!(
            request.contains(
                "Bearer new-token\r\nAccept-Encoding: identity\r\nRange: bytes=256-511\r\n"
            )
        );
        assert_eq!(device.feed(&answer(&image, &request), 9), OK);
        device.fetch_all(&image);
    }
}

#[test]
fn failed_connections_count_and_idle_closes_do_not() {
    // A connection that has brought a part may be closed after it, any number of times.
    let image = image(9000);
    let mut device = Device::announced(256);
    for _ in 0..20 {
        assert_eq!(device.fetch(&image, 300), OK);
        assert_eq!(device.close(), AGAIN);
        assert_eq!(device.failures(), 0);
        assert_eq!(device.connected(), OK);
    }
    assert_eq!(device.fetch(&image, 300), OK);
    assert_eq!(device.close(), AGAIN);
    assert_eq!(device.failures(), 0);
    for failures in 1..=5 {
        assert_eq!(device.close(), AGAIN);
        assert_eq!(device.failures(), failures);
    }
    assert_eq!(device.close(), ERR_HTTP_TRUNCATED);
    assert_eq!(device.connected(), ERR_STATE);
}

#[test]
fn garbage_is_asked_again_on_a_new_connection() {
    for garbage in [
        "\0\u{1}\u{2}",
        "SSH-2.0-x\r\n",
        "HTTP/1.1 200 \r\nContent-Length: x\r\n\r\n",
    ] {
        let mut device = Device::announced(100);
        device.request().unwrap();
        assert_eq!(device.feed(garbage.as_bytes(), 99), AGAIN);
        assert!(device.must_connect());
        device.fetch_all(&image(250));
    }
}

#[test]
fn calls_in_the_wrong_order_are_told() {
    let mut device = Device::new(256);
    assert_eq!(device.request(), Err(ERR_STATE));
    assert_eq!(device.feed(b"x", 1), ERR_STATE);
    assert_eq!(device.close(), ERR_STATE);
    assert_eq!(device.connected(), ERR_STATE);
    assert_eq!(device.save(), Err(ERR_STATE));
    assert_eq!(device.rewind(0), ERR_STATE);
    assert!(!device.must_connect());
    device = Device::announced(256);
    let saved = device.save().unwrap();
    assert_eq!(device.load(&saved), ERR_STATE);
    assert_eq!(device.rewind(1), ERR_INVALID_ARGUMENT);
    assert_eq!(device.feed(b"x", 1), ERR_STATE);
    device.abort();
    assert_eq!(device.state(), KPN_FIRMWARE_IDLE);
    assert_eq!(device.load(&saved[1..]), ERR_IMAGE);
    assert_eq!(device.load(&saved), OK);
}
