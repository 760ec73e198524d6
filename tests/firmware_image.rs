// SPDX-License-Identifier: MIT OR Apache-2.0
//! The image that is kept across a reset, through the C functions.
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

/// The image of a download of which a part is confirmed, and its flash.
fn saved() -> (Vec<u8>, Vec<u8>) {
    let mut device = Device::announced(256);
    assert_eq!(device.fetch(&image(600), 99), OK);
    (device.save().unwrap(), device.flash)
}

/// With a checksum that fits.
fn sealed(mut image: Vec<u8>) -> Vec<u8> {
    image.truncate(image.len() - 4);
    let crc = crc32(&image);
    image.extend(crc.to_le_bytes());
    image
}

fn check_refused(image: &[u8]) {
    let mut device = Device::new(100);
    assert_eq!(device.load(image), ERR_IMAGE);
    assert_eq!(device.state(), KPN_FIRMWARE_IDLE);
    assert_eq!((device.confirmed(), device.total()), (0, 0));
    assert!(device.memory().iter().all(|&byte| byte == 0xA5));
    assert_eq!(device.offer(&pack(URL, TOKEN)), OK);
    assert_eq!(device.confirmed(), 0);
}

#[test]
fn the_bytes_are_the_same_everywhere() {
    let (saved, _) = saved();
    let mut expected = b"KPNF\x03\0\x20\0\x10\0\0\0\0\x01\0\0\x58\x02\0\0".to_vec();
    // The length of the validator, its field, its text.
    expected.extend([0; 68]);
    expected.extend(format!("{URL}{TOKEN}").bytes());
    expected.extend(crc32(&expected).to_le_bytes());
    assert_eq!(saved, expected);
    assert_eq!(
        saved.len(),
        URL.len() + TOKEN.len() + KPN_FIRMWARE_IMAGE_EXTRA
    );
}

#[test]
fn an_image_alone_goes_on_where_the_download_was() {
    let (saved, flash) = saved();
    let mut device = Device::new(100);
    device.flash = flash;
    assert_eq!(device.load(&saved), OK);
    assert_eq!(device.state(), KPN_FIRMWARE_REQUEST);
    assert_eq!((device.confirmed(), device.total()), (256, 600));
    assert_eq!(device.save(), Ok(saved));
    assert!(device.must_connect());
    assert_eq!(device.connected(), OK);
    let request = device.request().unwrap();
    let expected = format!(
        "GET /f/v1/12345678 HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer {TOKEN}\r\nAccept-Encoding: identity\r\nRange: bytes=256-355\r\n\r\n"
    );
    assert_eq!(request, expected);
    assert_eq!(device.feed(&answer(&image(600), &request), 70), OK);
    device.fetch_all(&image(600));
    let saved = device.save().unwrap();
    let mut done = Device::new(100);
    assert_eq!(done.load(&saved), OK);
    assert_eq!(done.state(), KPN_FIRMWARE_COMPLETE);
}

#[test]
fn the_next_announcement_counts_as_ever() {
    let (saved, flash) = saved();
    let mut other = Device::new(100);
    assert_eq!(other.load(&saved), OK);
    assert_eq!(other.offer(&pack(&format!("{URL}x"), TOKEN)), OK);
    assert_eq!(other.confirmed(), 0);
    let mut same = Device::new(100);
    same.flash = flash;
    assert_eq!(same.load(&saved), OK);
    assert_eq!(same.offer(&pack(URL, "t2")), OK);
    assert_eq!(same.confirmed(), 256);
    same.fetch_all(&image(600));
}

#[test]
fn urls_of_one_length_and_one_checksum_are_two() {
    // Both have the same CRC-32: only the texts distinguish them.
    let urls = colliding_urls();
    assert_eq!(crc32(urls[0].as_bytes()), crc32(urls[1].as_bytes()));
    let mut device = Device::new(256);
    assert_eq!(device.start(urls[0].as_bytes(), b"t"), OK);
    assert_eq!(device.fetch(&image(600), 99), OK);
    assert_eq!(device.start(urls[1].as_bytes(), b"t"), OK);
    assert_eq!(device.confirmed(), 0);
}

/// Two URLs of one length with the same CRC-32, by the birthday paradox.
fn colliding_urls() -> [String; 2] {
    let mut seen = std::collections::HashMap::new();
    let mut urls = (0_u32..).map(|number| {
        let number = number.wrapping_mul(0x9E37_79B1);
        format!("http://a/{}/{number:08x}", number.count_ones() % 10)
    });
    let pair = urls.find_map(|url| {
        let other = seen.insert(crc32(url.as_bytes()), url.clone())?;
        Some([other, url])
    });
    pair.unwrap()
}

#[test]
fn every_damage_every_cut_and_every_older_image_is_refused() {
    let (saved, _) = saved();
    for bit in 0..saved.len() * 8 {
        let mut damaged = saved.clone();
        damaged[bit / 8] ^= 1 << (bit % 8);
        check_refused(&damaged);
    }
    for len in 0..saved.len() {
        check_refused(&saved[..len]);
    }
    check_refused(&[&saved[..], &[0]].concat());
    for blank in [0x00, 0xFF] {
        check_refused(&[blank; 100]);
    }
    // Version 1 had a CRC-32 in place of the texts, version 2 no validator.
    let old = b"KPNF\x01\0\x20\0\x01\x02\x03\x04\xe8\x03\0\0\x9b\x0d\0\0crc!";
    check_refused(&sealed(old.to_vec()));
    let mut old = saved;
    old[4] = 2;
    check_refused(&sealed(old.clone()));
    old.drain(20..88);
    check_refused(&sealed(old));
}

#[test]
fn what_contradicts_itself_is_refused_though_its_checksum_fits() {
    let (saved, _) = saved();
    check_refused(&sealed([&saved[..], &[0]].concat()));
    check_refused(&sealed(saved[..saved.len() - 1].to_vec()));
    for (at, value) in [
        (0, b'k'),
        (4, 1),
        (4, 2),
        (4, 4),
        (5, 1),
        // A length of the URL that splits the text elsewhere, or exceeds all of it.
        (6, 7),
        (7, 1),
        (8, 17),
        (10, 1),
        (11, 1),
        // More confirmed than there is.
        (13, 3),
        (15, 1),
        (17, 0),
        // No URL, no token, an escape.
        (88, b'x'),
        (95, b'\\'),
        (88 + URL.len(), b' '),
        (88 + URL.len(), b'\\'),
    ] {
        let mut wrong = saved.clone();
        wrong[at] = value;
        check_refused(&sealed(wrong));
    }
}

#[test]
fn nothing_is_written_without_room() {
    let (saved, _) = saved();
    let mut device = Device::new(1);
    assert_eq!(device.load(&saved), OK);
    for cap in 0..saved.len() {
        let mut out = vec![0xC3; saved.len()];
        assert_eq!(device.save_into(&mut out[..cap]), Err(ERR_BUFFER_FULL));
        assert!(out.iter().all(|&byte| byte == 0xC3));
    }
    for cap in 0..URL.len() + TOKEN.len() {
        let mut small = Device::with_memory(1, cap);
        assert_eq!(small.load(&saved), ERR_FIRMWARE_TOO_LONG);
        assert_eq!(small.state(), KPN_FIRMWARE_IDLE);
        assert!(small.memory().iter().all(|&byte| byte == 0xA5));
    }
}

#[test]
fn offsets_at_the_end_of_32_bits_do_not_wrap() {
    const TOTAL: u32 = u32::MAX;
    let (mut image, _) = saved();
    image[12..16].copy_from_slice(&(TOTAL - 5).to_le_bytes());
    image[16..20].copy_from_slice(&TOTAL.to_le_bytes());
    let image = sealed(image);
    for (len, arriving, expected) in [
        (1, 1, OK),
        (4, 4, OK),
        (4, 5, ERR_FIRMWARE_RANGE),
        // Up to an offset of which nobody could tell whether more follows.
        (5, 5, ERR_FIRMWARE_RANGE),
        (5, 6, ERR_FIRMWARE_RANGE),
    ] {
        let mut device = Device::new(u32::MAX);
        assert_eq!(device.load(&image), OK);
        assert_eq!(device.connected(), OK);
        let request = device.request().unwrap();
        assert!(request.contains("Range: bytes=4294967290-4294967294\r\n"));
        let answer = format!(
            "HTTP/1.1 206 \r\nTransfer-Encoding: chunked\r\n\
             Content-Range: bytes {}-{}/{TOTAL}\r\n\r\n{arriving}\r\n{}\r\n0\r\n\r\n",
            TOTAL - 5,
            TOTAL - 6 + len,
            "x".repeat(arriving)
        );
        let mut status = NEED_MORE;
        let mut rest = answer.as_bytes();
        while status == NEED_MORE && !rest.is_empty() {
            let fed = device.feed_once(rest);
            (status, rest) = (fed.status, &rest[fed.used..]);
        }
        assert_eq!(status, expected, "{arriving} of {len}");
    }
}
