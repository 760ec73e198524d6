// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which announcements are accepted, through the C functions.
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
fn another_url_restarts_the_same_goes_on_and_other_downlinks_change_nothing() {
    let image = image(600);
    let mut device = Device::announced(256);
    assert_eq!(device.fetch(&image, 99), OK);
    let others = [
        String::new(),
        pack(URL, TOKEN).replace("\"token\"", "\"other\""),
        pack(URL, TOKEN).replace("\"url\"", "\"uri\""),
        pack(URL, TOKEN).replace("37518:", "37519:"),
        pack(URL, TOKEN)
            .replace("\"vs\":\"http", "\"vd\":\"http")
            .replace("://10.0.0.1:81/f/v1/12345678", ""),
        "[{\"bn\":\"urn:dev:IMEI:490154203237518:\",\"n\":\"valve\",\"vb\":true}]".to_string(),
    ];
    for other in others {
        assert_eq!(device.offer(&other), END, "{other}");
    }
    for (url, token, error) in [
        ("ftp://a/", TOKEN, ERR_FIRMWARE_URL),
        ("http://a/\\r\\nX: y", TOKEN, ERR_FIRMWARE_URL),
        (URL, "", ERR_HEAD_TEXT),
        (URL, "a b", ERR_HEAD_TEXT),
        (URL, "a\\u0000", ERR_HEAD_TEXT),
        (
            &format!("http://a/{}", "x".repeat(248)),
            TOKEN,
            ERR_FIRMWARE_TOO_LONG,
        ),
        (URL, &"x".repeat(1025), ERR_FIRMWARE_TOO_LONG),
    ] {
        assert_eq!(device.offer(&pack(url, token)), error, "{url} {token}");
    }
    // None of these has affected the download that is in the middle of a response.
    let request = device.request().unwrap();
    let answer = answer(&image, &request);
    assert_eq!(device.feed(&answer[..200], 99), NEED_MORE);
    assert_eq!(device.offer(&pack(&URL.replace('/', "\\/"), "t2")), OK);
    assert_eq!(device.feed(&answer[200..], 99), OK);
    assert_eq!(device.confirmed(), 512);
    assert!(device.request().unwrap().contains("Bearer t2\r\n"));

    assert_eq!(device.offer(&pack(&format!("{URL}9"), TOKEN)), OK);
    assert_eq!((device.confirmed(), device.total()), (0, 0));
    assert!(device.must_connect());
    device.flash.clear();
    device.fetch_all(&image);
    assert_eq!(device.offer(&pack(&format!("{URL}9"), "t3")), OK);
    assert_eq!(device.state(), KPN_FIRMWARE_COMPLETE);
}

#[test]
fn finds_both_records_in_any_order() {
    for text in [
        format!(
            "[{{\"bn\":\"{URN}\",\"n\":\"token\",\"vs\":\"{TOKEN}\"}},{{\"n\":\"x\",\"v\":1}},{{\"n\":\"url\",\"vs\":\"{URL}\"}}]"
        ),
        format!(
            "[{{\"n\":\"{URN}url\",\"vs\":\"{URL}\"}},{{\"n\":\"{URN}token\",\"vs\":\"{TOKEN}\"}}]"
        ),
        format!(
            "[{{\"bn\":\"\\u0075{}\",\"n\":\"\\u0075rl\",\"vs\":\"{URL}\"}},{{\"n\":\"token\",\"vs\":\"{TOKEN}\"}}]",
            URN.strip_prefix('u').unwrap()
        ),
        // The last text of each name counts, and nothing but texts.
        format!(
            "[{{\"bn\":\"{URN}\",\"n\":\"url\",\"vs\":\"ftp://a/\"}},{{\"n\":\"token\",\"vs\":\"t\"}},{{\"n\":\"url\",\"vs\":\"{URL}\"}},\
             {{\"n\":\"token\",\"vs\":\"{TOKEN}\"}},{{\"n\":\"url\",\"v\":1}},{{\"n\":\"token\",\"vd\":\"\"}}]"
        ),
    ] {
        for urn in [Some(URN), URN.strip_suffix(':'), None] {
            let mut device = Device::new(256);
            // A name that contains both URN and label names no device if none is asked for.
            let found = urn.is_some() || !text.contains("[{\"n\"");
            let expected = if found { OK } else { END };
            assert_eq!(device.offer_to(&text, urn), expected, "{text}");
            if found {
                assert_eq!(device.connected(), OK);
                let request = device.request().unwrap();
                let head = format!(
                    "GET /f/v1/12345678 HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer {TOKEN}\r\n"
                );
                assert!(request.starts_with(&head), "{request}");
            }
        }
    }
}

#[test]
fn texts_fit_whole_or_are_refused() {
    let url = format!("http://a/{}", "x".repeat(247));
    let token = "y".repeat(KPN_FIRMWARE_TOKEN_MAX);
    let len = url.len() + token.len();
    assert_eq!(len, KPN_FIRMWARE_MEMORY);
    for cap in 0..len {
        let mut device = Device::with_memory(1, cap);
        let status = device.start(url.as_bytes(), token.as_bytes());
        assert_eq!(status, ERR_FIRMWARE_TOO_LONG);
        assert!(device.memory().iter().all(|&byte| byte == 0xA5));
        assert_eq!(device.state(), KPN_FIRMWARE_IDLE);
    }
    let mut device = Device::with_memory(1, len + 1);
    assert_eq!(device.start(url.as_bytes(), token.as_bytes()), OK);
    assert_eq!(device.memory()[..len], *format!("{url}{token}").as_bytes());
    assert_eq!(device.memory()[len], 0xA5);
    for (url, token) in [(format!("{url}x"), &token), (url, &format!("{token}y"))] {
        let mut device = Device::with_memory(1, len + 1);
        let status = device.start(url.as_bytes(), token.as_bytes());
        assert_eq!(status, ERR_FIRMWARE_TOO_LONG);
    }
}

#[test]
fn plain_texts_have_no_escapes() {
    for (url, token, status) in [
        (URL, TOKEN, OK),
        ("http:\\/\\/a/", TOKEN, ERR_FIRMWARE_URL),
        ("http://a/\"b", TOKEN, ERR_FIRMWARE_URL),
        (URL, "a\\/", ERR_HEAD_TEXT),
        (URL, "a\"b", ERR_HEAD_TEXT),
        (URL, "\"", ERR_HEAD_TEXT),
    ] {
        let mut device = Device::new(1);
        let result = device.start(url.as_bytes(), token.as_bytes());
        assert_eq!(result, status, "{url} {token}");
    }
}
