//! A device and a file server in one process: bytes in, bytes out, with every fault that a network and a server have.

use super::announcement::{TOKEN_MAX, check_plain, find};
use super::download::{Download, Step, phase};
use super::url::URL_MAX;
use crate::buf::Buf;
use crate::crc32;
use crate::error::{Error, Result};
use crate::things::downlink::Downlink;
use std::format;
use std::string::{String, ToString};
use std::vec;
use std::vec::Vec;

const URN: &[u8] = b"urn:dev:IMEI:123456789012345:";
const URL: &str = "http://10.0.0.1:81/f/v1/12345678";
const TOKEN: &str = "eyJh.eyJz.Sf-l_x";

fn image(len: usize) -> Vec<u8> {
    let mut state = 1_u32;
    let mut next = || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        state.to_le_bytes()[3]
    };
    (0..len).map(|_| next()).collect()
}

fn pack(url: &str, token: &str) -> String {
    let urn = core::str::from_utf8(URN).unwrap();
    format!(
        "[{{\"bn\":\"{urn}\"}},{{\"n\":\"url\",\"vs\":\"{url}\"}},{{\"n\":\"token\",\"vs\":\"{token}\"}}]"
    )
}

/// The download with the memory that it is given, and the flash.
struct Device {
    download: Download,
    memory: Vec<u8>,
    flash: Vec<u8>,
}

impl Device {
    fn new(part_size: u32) -> Self {
        Self {
            download: Download::begin(part_size.try_into().unwrap()),
            memory: vec![0; usize::from(URL_MAX) + TOKEN_MAX],
            flash: Vec::new(),
        }
    }

    fn announced(part_size: u32) -> Self {
        let mut device = Self::new(part_size);
        assert_eq!(device.offer(&pack(URL, TOKEN)), Ok(true));
        assert!(device.download.must_connect());
        assert_eq!(device.download.connected(), Ok(()));
        device
    }

    fn offer(&mut self, text: &str) -> Result<bool> {
        let body = text.as_bytes();
        let mut downlink = Downlink::default();
        downlink.begin(body)?;
        let Some(found) = find(*downlink.ahead(), body, URN)? else {
            return Ok(false);
        };
        self.download.announce(found, &mut self.memory)?;
        Ok(true)
    }

    fn request(&mut self) -> Result<String> {
        let mut memory = vec![0; 2048];
        let mut out = Buf::new(&mut memory, 0);
        self.download.write_request(&self.memory, &mut out)?;
        Ok(String::from_utf8(out.written().to_vec()).unwrap())
    }

    /// Feeds an answer in pieces of `size` bytes, writing what comes out; ends with it, or at a result.
    fn feed(&mut self, answer: &[u8], size: usize) -> Result<Step> {
        for chunk in answer.chunks(size.max(1)) {
            let mut rest = chunk;
            while !rest.is_empty() {
                let fed = self.download.feed(rest)?;
                let start = usize::try_from(fed.offset).unwrap();
                let end = start + fed.piece.len();
                if !fed.piece.is_empty() {
                    self.flash.resize(self.flash.len().max(end), 0xFF);
                    self.flash[start..end].copy_from_slice(fed.piece);
                }
                if fed.step != Step::More {
                    return Ok(fed.step);
                }
                rest = &rest[fed.used..];
            }
        }
        Ok(Step::More)
    }

    /// The next part from a server without faults.
    fn fetch(&mut self, image: &[u8], size: usize) -> Result<Step> {
        if self.download.must_connect() {
            self.download.connected()?;
        }
        let request = self.request()?;
        self.feed(&answer(image, &request), size)
    }

    fn fetch_all(&mut self, image: &[u8]) {
        while self.download.phase() != phase::COMPLETE {
            assert_eq!(self.fetch(image, 300), Ok(Step::Confirmed));
        }
        assert_eq!(self.flash, image);
    }
}

fn range_of(request: &str) -> (usize, usize) {
    let line = request.lines().find(|line| line.starts_with("Range: "));
    let range = line.unwrap().strip_prefix("Range: bytes=").unwrap();
    let (first, last) = range.split_once('-').unwrap();
    (first.parse().unwrap(), last.parse().unwrap())
}

fn answer(image: &[u8], request: &str) -> Vec<u8> {
    let (first, last) = range_of(request);
    let last = last.min(image.len() - 1);
    let part = &image[first..=last];
    let head = format!(
        "HTTP/1.1 200\r\nContent-Length: {}\r\nConnection: keep-alive\r\nDigest: crc32={:x}\r\n\
         Content-Range: bytes {first}-{last}/{}\r\n\r\n",
        part.len(),
        crc32::update(0, part),
        image.len()
    );
    [head.as_bytes(), part].concat()
}

/// One answer to the first request, for 100 of 250 bytes.
fn first_answer(text: &str, body: &[u8]) -> Result<Step> {
    let mut device = Device::announced(100);
    device.request().unwrap();
    let step = device.feed(&[text.as_bytes(), b"\r\n\r\n", body].concat(), usize::MAX);
    let confirmed = device.download.confirmed();
    assert_eq!(step == Ok(Step::Confirmed), confirmed > 0, "{text}");
    if let Err(error) = step {
        assert_eq!(device.download.phase(), phase::FAILED);
        assert_eq!(device.request(), Err(error));
        assert_eq!(device.download.feed(b"x"), Err(error));
        assert!(!device.download.must_connect());
    }
    step
}

#[test]
fn the_request_is_the_documented_one() {
    let mut device = Device::announced(256);
    let expected = "GET /f/v1/12345678 HTTP/1.1\r\nHost: m.m\r\nAuthorization: Bearer eyJh.eyJz.Sf-l_x\r\n\
                    Range: bytes=0-255\r\n\r\n";
    assert_eq!(device.request().as_deref(), Ok(expected));
    let mut device = Device::announced(256);
    device.download.set_real_host(true);
    let request = device.request().unwrap();
    assert_eq!(request, expected.replace("m.m", "10.0.0.1:81"));
    assert_eq!(device.request(), Err(Error::STATE));
}

#[test]
fn a_request_without_room_changes_nothing() {
    let mut device = Device::announced(256);
    let need = device.request().unwrap().len();
    for cap in 0..need {
        let mut device = Device::announced(256);
        let mut memory = vec![0xA5; need];
        let mut out = Buf::new(&mut memory[..cap], 0);
        let result = device.download.write_request(&device.memory, &mut out);
        assert_eq!((result, out.len()), (Ok(()), need));
        assert_eq!(device.download.phase(), phase::REQUEST);
        assert!(memory[cap..].iter().all(|&byte| byte == 0xA5));
    }
}

#[test]
fn fetches_an_image_part_by_part_in_any_split() {
    let image = image(1003);
    for part in [1_u32, 100, 256, 1002, 1003, 1004, u32::MAX] {
        let mut device = Device::announced(part);
        device.download.set_request_limit(u16::MAX);
        assert_eq!(device.download.connected(), Ok(()));
        let mut parts = 0;
        while device.download.phase() != phase::COMPLETE {
            assert_eq!(device.fetch(&image, 37), Ok(Step::Confirmed));
            parts += 1;
        }
        assert_eq!(parts, 1003_u32.div_ceil(part));
        assert_eq!(device.flash, image);
        assert_eq!(device.download.total(), 1003);
        assert_eq!(device.request(), Err(Error::STATE));
    }
    for split in 1..500 {
        let mut device = Device::announced(333);
        for _ in 0..4 {
            assert_eq!(device.fetch(&image, split), Ok(Step::Confirmed));
        }
        assert_eq!(device.flash, image);
    }
}

#[test]
fn cut_at_every_byte_it_goes_on_where_it_was() {
    let image = image(700);
    let whole = answer(&image, "Range: bytes=256-511").len();
    for cut in 0..whole {
        let mut device = Device::announced(256);
        assert_eq!(device.fetch(&image, 999), Ok(Step::Confirmed));
        let request = device.request().unwrap();
        let answer = answer(&image, &request);
        assert_eq!(device.feed(&answer[..cut], 64), Ok(Step::More));
        assert_eq!(device.download.confirmed(), 256);
        assert_eq!(device.download.close(), Ok(Step::Again));
        assert_eq!(device.download.error(), Some(Error::HTTP_TRUNCATED));
        assert!(device.download.must_connect());
        assert_eq!(device.request(), Err(Error::STATE));
        device.fetch_all(&image);
    }
}

#[test]
fn power_lost_at_every_1000th_byte_costs_at_most_a_part() {
    let image = image(100_000);
    let mut device = Device::announced(512);
    device.download.set_request_limit(u16::MAX);
    let mut arrived = 0_usize;
    let mut next_cut = 1000;
    let mut saved = Vec::new();
    loop {
        if device.download.phase() == phase::COMPLETE {
            break;
        }
        if device.download.must_connect() {
            device.download.connected().unwrap();
        }
        let request = device.request().unwrap();
        let answer = answer(&image, &request);
        let body = answer.len() - (range_of(&request).1 + 1 - range_of(&request).0);
        let until = if arrived + answer.len() - body >= next_cut {
            // In the middle of the body: what arrived of it is written, and not confirmed.
            (body + (next_cut - arrived)).min(answer.len() - 1)
        } else {
            answer.len()
        };
        let step = device.feed(&answer[..until], 100).unwrap();
        arrived += until - body;
        if step == Step::Confirmed {
            saved = device.download.progress().unwrap().to_bytes().to_vec();
            continue;
        }
        next_cut += 1000;
        let flash = core::mem::take(&mut device.flash);
        device = Device::new(512);
        device.flash = flash;
        if !saved.is_empty() {
            assert_eq!(device.download.resume(&saved), Ok(()));
        }
        assert_eq!(device.offer(&pack(URL, "another")), Ok(true));
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
            assert_eq!(device.feed(&answer, 50), Ok(Step::Again));
            assert_eq!(device.download.error(), Some(Error::FIRMWARE_CRC));
            assert_eq!(device.download.failures(), round + 1);
            // The connection is none the worse for it.
            assert!(!device.download.must_connect());
        } else {
            assert_eq!(device.fetch(&image, 50), Ok(Step::Confirmed));
            assert_eq!(
                (device.download.failures(), device.download.error()),
                (0, None)
            );
        }
    }
    device.fetch_all(&image);
}

#[test]
fn gives_up_after_the_retries_and_goes_on_with_a_new_announcement() {
    let image = image(600);
    for retries in [0, 1, 5] {
        let mut device = Device::announced(256);
        device.download.set_retries(retries);
        assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
        let busy = b"HTTP/1.1 503 \r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy";
        for failures in 1..=retries {
            device.request().unwrap();
            assert_eq!(device.feed(busy, 10), Ok(Step::Again));
            assert_eq!(device.download.failures(), failures);
            assert_eq!(device.download.response().retry_after(), Some(7));
            assert_eq!(device.download.error(), Some(Error::FIRMWARE_BUSY));
        }
        device.request().unwrap();
        assert_eq!(device.feed(busy, 10), Err(Error::FIRMWARE_BUSY));
        assert_eq!(device.download.phase(), phase::FAILED);
        assert_eq!(device.download.close(), Err(Error::FIRMWARE_BUSY));
        assert_eq!(device.offer(&pack(URL, "new-token")), Ok(true));
        assert_eq!(device.download.confirmed(), 256);
        assert!(device.download.must_connect());
        device.download.connected().unwrap();
        let request = device.request().unwrap();
        assert!(request.contains("Bearer new-token\r\nRange: bytes=256-511\r\n"));
        assert_eq!(
            device.feed(&answer(&image, &request), 9),
            Ok(Step::Confirmed)
        );
        device.fetch_all(&image);
    }
}

#[test]
fn failed_connections_count_and_idle_closes_do_not() {
    let mut device = Device::announced(256);
    for _ in 0..20 {
        assert_eq!(device.download.close(), Ok(Step::Again));
        device.download.connected().unwrap();
    }
    assert_eq!(device.download.failures(), 0);
    assert_eq!(device.download.close(), Ok(Step::Again));
    for failures in 1..=5 {
        assert_eq!(device.download.close(), Ok(Step::Again));
        assert_eq!(device.download.failures(), failures);
    }
    assert_eq!(device.download.close(), Err(Error::HTTP_TRUNCATED));
    assert_eq!(device.download.connected(), Err(Error::STATE));
}

#[test]
fn asks_for_a_new_connection_when_the_server_will_close_or_has_taken_its_100() {
    let image = image(25_000);
    let mut device = Device::announced(100);
    for count in 1..=250 {
        if count % 100 == 1 && count > 1 {
            assert!(device.download.must_connect());
            device.download.connected().unwrap();
        }
        assert!(!device.download.must_connect());
        assert_eq!(device.fetch(&image, 500), Ok(Step::Confirmed));
    }
    assert_eq!(device.flash, image);

    let mut device = Device::announced(100);
    let request = device.request().unwrap();
    let text = String::from_utf8_lossy(&answer(&[b'x'; 250], &request)).into_owned();
    let text = text.replace("keep-alive", "close");
    assert_eq!(device.feed(text.as_bytes(), 500), Ok(Step::Confirmed));
    assert!(device.download.must_connect());
}

#[test]
fn takes_only_the_bytes_that_were_asked_for() {
    let body = &[7_u8; 250];
    let range = |range: &str, len: usize| {
        let text =
            format!("HTTP/1.1 206 \r\nContent-Length: {len}\r\nContent-Range: bytes {range}");
        first_answer(&text, &body[..len])
    };
    assert_eq!(range("0-99/250", 100), Ok(Step::Confirmed));
    assert_eq!(range("0-99/100", 100), Ok(Step::Confirmed));
    assert_eq!(range("0-49/50", 50), Ok(Step::Confirmed));
    for (text, len) in [
        ("0-98/250", 99),
        ("0-100/250", 101),
        ("1-100/250", 100),
        ("0-99/*", 100),
        ("*/250", 100),
        ("0-99/250", 99),
        ("0-99/250", 101),
        ("0-249/250", 250),
        ("100-199/250", 100),
    ] {
        assert_eq!(range(text, len), Err(Error::FIRMWARE_RANGE), "{text} {len}");
    }
    let chunked = |chunks: &str| {
        let head = "HTTP/1.1 206 \r\nTransfer-Encoding: chunked\r\nContent-Range: bytes 0-9/250";
        let mut device = Device::announced(10);
        device.request().unwrap();
        device.feed(format!("{head}\r\n\r\n{chunks}").as_bytes(), usize::MAX)
    };
    assert_eq!(
        chunked("4\r\n0123\r\n6\r\n456789\r\n0\r\n\r\n"),
        Ok(Step::Confirmed)
    );
    assert_eq!(
        chunked("4\r\n0123\r\n0\r\n\r\n"),
        Err(Error::FIRMWARE_RANGE)
    );
    assert_eq!(
        chunked("b\r\n01234567890\r\n0\r\n\r\n"),
        Err(Error::FIRMWARE_RANGE)
    );
}

#[test]
fn refuses_another_size_than_before() {
    let image = image(600);
    for total in ["599", "601", "4294967295"] {
        let mut device = Device::announced(256);
        assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
        let request = device.request().unwrap();
        let answer = answer(&image, &request);
        let text = String::from_utf8_lossy(&answer[..200]).replace("/600", &format!("/{total}"));
        assert_eq!(device.feed(text.as_bytes(), 99), Err(Error::FIRMWARE_SIZE));
        assert_eq!(device.download.confirmed(), 256);
        // The caller decides whether it wants the other firmware.
        assert_eq!(device.download.rewind(0), Ok(()));
        device.flash.clear();
        device.fetch_all(&image);
    }
    let mut device = Device::announced(256);
    assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
    device.request().unwrap();
    let answer = b"HTTP/1.1 200 \r\nContent-Length: 601\r\n\r\nx";
    assert_eq!(device.feed(answer, 99), Err(Error::FIRMWARE_SIZE));
}

#[test]
fn every_status_is_a_part_a_pause_or_the_end() {
    for status in 200..=599 {
        let text = format!("HTTP/1.1 {status} \r\nContent-Length: 0");
        let expected = match status {
            200 | 206 | 416 => Err(Error::FIRMWARE_RANGE),
            408 | 429 | 500.. => Ok(Step::Again),
            _ => Err(Error::FIRMWARE_REFUSED),
        };
        assert_eq!(first_answer(&text, b""), expected, "{status}");
    }
    let range = "HTTP/1.1 416 \r\nContent-Length: 0\r\nContent-Range: bytes */50";
    assert_eq!(first_answer(range, b""), Err(Error::FIRMWARE_RANGE));
    let image = image(600);
    for (total, error) in [(600, Error::FIRMWARE_RANGE), (50, Error::FIRMWARE_SIZE)] {
        let mut device = Device::announced(256);
        assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
        device.request().unwrap();
        let answer = format!("{}{total}\r\n\r\n", range.strip_suffix("50").unwrap());
        assert_eq!(device.feed(answer.as_bytes(), 99), Err(error));
        assert_eq!(device.download.response().status(), 416);
    }
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
        assert_eq!(device.feed(garbage.as_bytes(), 99), Ok(Step::Again));
        assert!(device.download.must_connect());
        device.fetch_all(&image(250));
    }
}

#[test]
fn takes_a_whole_file_and_skips_what_is_confirmed() {
    let image = image(600);
    let digest = format!("Digest: crc32={:08X}\r\n", crc32::update(0, &image));
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
                assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
            }
            device.request().unwrap();
            let confirmed = device.download.confirmed();
            let head = format!("HTTP/1.1 200 OK\r\n{fields}\r\n");
            let mut step = device.feed(&[head.as_bytes(), &image].concat(), 99);
            assert_eq!(step == Ok(Step::More), !framed, "{fields}");
            if !framed {
                step = device.download.close();
            }
            if fields.contains("crc32=1\r") {
                assert_eq!(step, Ok(Step::Again));
                assert_eq!(device.download.confirmed(), confirmed);
            } else if fields.is_empty() && !before {
                // Nobody could tell a cut one from a whole one.
                assert_eq!(step, Err(Error::FIRMWARE_RANGE));
                continue;
            } else {
                assert_eq!(step, Ok(Step::Confirmed), "{fields}");
                assert_eq!(device.download.phase(), phase::COMPLETE);
            }
            device.fetch_all(&image);
        }
    }
    for (len, expected) in [
        (99, Ok(Step::Confirmed)),
        (100, Err(Error::FIRMWARE_RANGE)),
        (101, Ok(Step::Confirmed)),
    ] {
        let text = format!("HTTP/1.1 200 \r\nContent-Length: {len}");
        assert_eq!(first_answer(&text, &image[..len]), expected);
    }
    let mut device = Device::announced(256);
    assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
    device.request().unwrap();
    let cut = [b"HTTP/1.1 200 OK\r\n\r\n", &image[..599]].concat();
    assert_eq!(device.feed(&cut, 99), Ok(Step::More));
    assert_eq!(device.download.close(), Err(Error::FIRMWARE_RANGE));
}

#[test]
fn another_url_restarts_the_same_goes_on_and_other_downlinks_change_nothing() {
    let image = image(600);
    let mut device = Device::announced(256);
    assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
    let others = [
        String::new(),
        pack(URL, TOKEN).replace("\"token\"", "\"other\""),
        pack(URL, TOKEN).replace("\"url\"", "\"uri\""),
        pack(URL, TOKEN).replace("12345:", "12346:"),
        pack(URL, TOKEN)
            .replace("\"vs\":\"http", "\"vd\":\"http")
            .replace("://10.0.0.1:81/f/v1/12345678", ""),
        "[{\"bn\":\"urn:dev:IMEI:123456789012345:\",\"n\":\"valve\",\"vb\":true}]".to_string(),
    ];
    for other in others {
        assert_eq!(device.offer(&other), Ok(false), "{other}");
    }
    for (url, token, error) in [
        ("ftp://a/", TOKEN, Error::FIRMWARE_URL),
        ("http://a/\\r\\nX: y", TOKEN, Error::FIRMWARE_URL),
        (URL, "", Error::HEAD_TEXT),
        (URL, "a b", Error::HEAD_TEXT),
        (URL, "a\\u0000", Error::HEAD_TEXT),
        (
            &format!("http://a/{}", "x".repeat(248)),
            TOKEN,
            Error::FIRMWARE_TOO_LONG,
        ),
        (URL, &"x".repeat(1025), Error::FIRMWARE_TOO_LONG),
    ] {
        assert_eq!(device.offer(&pack(url, token)), Err(error), "{url} {token}");
    }
    // None of these has touched the download that goes on, in the middle of a response.
    let request = device.request().unwrap();
    let answer = answer(&image, &request);
    assert_eq!(device.feed(&answer[..200], 99), Ok(Step::More));
    assert_eq!(
        device.offer(&pack(&URL.replace('/', "\\/"), "t2")),
        Ok(true)
    );
    assert_eq!(device.feed(&answer[200..], 99), Ok(Step::Confirmed));
    assert_eq!(device.download.confirmed(), 512);
    assert!(device.request().unwrap().contains("Bearer t2\r\n"));

    assert_eq!(device.offer(&pack(&format!("{URL}9"), TOKEN)), Ok(true));
    assert_eq!(
        (device.download.confirmed(), device.download.total()),
        (0, 0)
    );
    assert!(device.download.must_connect());
    device.flash.clear();
    device.fetch_all(&image);
    assert_eq!(device.offer(&pack(&format!("{URL}9"), "t3")), Ok(true));
    assert_eq!(device.download.phase(), phase::COMPLETE);
}

#[test]
fn finds_both_records_in_any_order_and_leaves_the_pack_readable() {
    let urn = core::str::from_utf8(URN).unwrap();
    for text in [
        format!(
            "[{{\"bn\":\"{urn}\",\"n\":\"token\",\"vs\":\"{TOKEN}\"}},{{\"n\":\"x\",\"v\":1}},{{\"n\":\"url\",\"vs\":\"{URL}\"}}]"
        ),
        format!(
            "[{{\"n\":\"{urn}url\",\"vs\":\"{URL}\"}},{{\"n\":\"{urn}token\",\"vs\":\"{TOKEN}\"}}]"
        ),
        format!(
            "[{{\"bn\":\"\\u0075{}\",\"n\":\"\\u0075rl\",\"vs\":\"{URL}\"}},{{\"n\":\"token\",\"vs\":\"{TOKEN}\"}}]",
            &urn[1..]
        ),
    ] {
        let mut body = text.clone().into_bytes();
        let mut downlink = Downlink::default();
        downlink.begin(&body).unwrap();
        for urn in [URN, &URN[..URN.len() - 1]] {
            let found = find(*downlink.ahead(), &body, urn).unwrap();
            assert_eq!(found, Some([URL.as_bytes(), TOKEN.as_bytes()]), "{text}");
        }
        let anyone = find(*downlink.ahead(), &body, b"").unwrap();
        assert_eq!(anyone.is_some(), !text.contains("[{\"n\""), "{text}");
        while downlink.next(&mut body).is_ok() {}
        assert_eq!(find(*downlink.ahead(), &body, URN), Ok(None));
    }
}

#[test]
fn texts_fit_whole_or_are_refused() {
    let url = format!("http://a/{}", "x".repeat(247));
    let token = "y".repeat(TOKEN_MAX);
    let text = format!("{url}{token}");
    let found = [url.as_bytes(), token.as_bytes()];
    let mut download = Download::begin(core::num::NonZeroU32::MIN);
    for len in 0..text.len() {
        let mut memory = vec![0xA5; len];
        let result = download.announce(found, &mut memory);
        assert_eq!(result, Err(Error::FIRMWARE_TOO_LONG));
        assert!(memory.iter().all(|&byte| byte == 0xA5));
        assert_eq!(download.phase(), phase::IDLE);
    }
    let mut memory = vec![0xA5; text.len() + 1];
    assert_eq!(download.announce(found, &mut memory), Ok(()));
    assert_eq!(memory[..text.len()], *text.as_bytes());
    assert_eq!(memory[text.len()], 0xA5);
}

#[test]
fn plain_texts_have_no_escapes() {
    let take = |url: &str, token: &str| {
        let texts = [url.as_bytes(), token.as_bytes()];
        check_plain(texts)?;
        let mut device = Device::new(1);
        device.download.announce(texts, &mut device.memory)
    };
    assert_eq!(take(URL, TOKEN), Ok(()));
    for (url, token, error) in [
        ("http:\\/\\/a/", TOKEN, Error::FIRMWARE_URL),
        ("http://a/\"b", TOKEN, Error::FIRMWARE_URL),
        (URL, "a\\/", Error::HEAD_TEXT),
        (URL, "a\"b", Error::HEAD_TEXT),
        (URL, "\"", Error::HEAD_TEXT),
    ] {
        assert_eq!(take(url, token), Err(error), "{url} {token}");
    }
}

#[test]
fn calls_in_the_wrong_order_are_told() {
    let mut device = Device::new(256);
    assert_eq!(device.request(), Err(Error::STATE));
    assert_eq!(device.download.feed(b"x"), Err(Error::STATE));
    assert_eq!(device.download.close(), Err(Error::STATE));
    assert_eq!(device.download.connected(), Err(Error::STATE));
    assert_eq!(device.download.progress(), Err(Error::STATE));
    assert_eq!(device.download.rewind(0), Err(Error::STATE));
    assert!(!device.download.must_connect());
    device = Device::announced(256);
    let saved = device.download.progress().unwrap().to_bytes();
    assert_eq!(device.download.resume(&saved), Err(Error::STATE));
    assert_eq!(device.download.rewind(1), Err(Error::INVALID_ARGUMENT));
    assert_eq!(device.download.feed(b"x"), Err(Error::STATE));
    device.memory.clear();
    assert_eq!(device.request(), Err(Error::STATE));
    device.download.abort();
    assert_eq!(device.download.phase(), phase::IDLE);
    assert_eq!(device.download.resume(&saved[1..]), Err(Error::IMAGE));
    assert_eq!(device.download.resume(&saved), Ok(()));
}

#[test]
fn a_kept_image_of_another_url_is_not_gone_on_with() {
    let image = image(600);
    let mut device = Device::announced(256);
    assert_eq!(device.fetch(&image, 99), Ok(Step::Confirmed));
    let saved = device.download.progress().unwrap().to_bytes();
    let mut other = Device::new(100);
    other.download.resume(&saved).unwrap();
    assert_eq!(other.download.progress().unwrap().to_bytes(), saved);
    assert_eq!(other.offer(&pack(&format!("{URL}x"), TOKEN)), Ok(true));
    assert_eq!(other.download.confirmed(), 0);
    let mut same = Device::new(100);
    same.flash = device.flash.clone();
    same.download.resume(&saved).unwrap();
    assert_eq!(same.offer(&pack(URL, TOKEN)), Ok(true));
    assert_eq!(same.download.confirmed(), 256);
    same.fetch_all(&image);
    let saved = same.download.progress().unwrap().to_bytes();
    let mut done = Device::new(100);
    done.download.resume(&saved).unwrap();
    assert_eq!(done.offer(&pack(URL, TOKEN)), Ok(true));
    assert_eq!(done.download.phase(), phase::COMPLETE);
}

/// The same numbers in every run.
struct Random(u32);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        usize::try_from(self.0).unwrap() % limit
    }
}

/// Feeds an answer in random pieces; nothing may be handed out that was not asked for.
fn feed_checked(
    device: &mut Device,
    answer: &[u8],
    end: usize,
    random: &mut Random,
) -> Result<Step> {
    let confirmed = device.download.confirmed();
    let mut rest = answer;
    while !rest.is_empty() {
        let len = 1 + random.below(rest.len());
        let fed = device.download.feed(&rest[..len])?;
        assert!(fed.used <= len && fed.offset >= confirmed);
        let start = usize::try_from(fed.offset).unwrap();
        let piece = fed.piece;
        assert!(piece.is_empty() || start + piece.len() <= end);
        if !piece.is_empty() {
            device
                .flash
                .resize(device.flash.len().max(start + piece.len()), 0xFF);
            device.flash[start..start + piece.len()].copy_from_slice(piece);
        }
        if fed.step != Step::More {
            return Ok(fed.step);
        }
        rest = &rest[fed.used..];
    }
    Ok(Step::More)
}

#[test]
fn whatever_the_network_does_the_image_arrives_whole() {
    let mut random = Random(2_463_534_242);
    for round in 0..500 {
        let image = image(700 + round);
        let mut device = Device::announced(128);
        device.download.set_retries(2);
        while device.download.phase() != phase::COMPLETE {
            if device.download.phase() == phase::FAILED {
                // Another announcement; firmware that seems to have changed is fetched anew.
                if device.download.error() == Some(Error::FIRMWARE_SIZE) {
                    device.download.rewind(0).unwrap();
                }
                assert_eq!(device.offer(&pack(URL, TOKEN)), Ok(true));
            }
            if device.download.must_connect() {
                if random.below(9) == 0 {
                    let _ = device.download.close();
                    continue;
                }
                device.download.connected().unwrap();
            }
            let request = device.request().unwrap();
            let mut answer = answer(&image, &request);
            let body = answer
                .windows(4)
                .position(|four| four == b"\r\n\r\n")
                .unwrap()
                + 4;
            let bit = 1 << random.below(8);
            match random.below(8) {
                0 => answer.truncate(random.below(answer.len())),
                1 => answer[random.below(body)] ^= bit,
                2 => {
                    let at = body + random.below(answer.len() - body);
                    answer[at] ^= bit;
                }
                3 => answer = b"HTTP/1.1 429 \r\nContent-Length: 3\r\n\r\nno!".to_vec(),
                _ => {}
            }
            let end = image.len().min(range_of(&request).1 + 1);
            let before = device.download.confirmed();
            // Framing that is broken may wait for more than the server sends.
            if feed_checked(&mut device, &answer, image.len(), &mut random) == Ok(Step::More) {
                let _ = device.download.close();
            }
            let confirmed = device.download.confirmed();
            assert!(
                confirmed == before || usize::try_from(confirmed) == Ok(end),
                "{confirmed}"
            );
        }
        assert_eq!(device.flash, image);
    }
}
