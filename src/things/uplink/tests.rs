// SPDX-License-Identifier: MIT OR Apache-2.0
use super::*;
use crate::http::request::{POST_HEAD_MAX, post_head_len};
use crate::senml::pack::value::Value;
use crate::things::endpoint;
use std::string::String;
use std::vec;
use std::vec::Vec;

const SECRET: &[u8] = b"0123456789abcdefghijklmnopqrstuvwxyzABCD";
const URN: &[u8] = b"urn:dev:IMEI:123456789012345:";
const CANARY: u8 = 0xA5;

const M2M: Target<'static> = Target {
    host: endpoint::M2M.host,
    path: endpoint::M2M.path,
};
const INTERNET: Target<'static> = Target {
    host: endpoint::INTERNET.host,
    path: endpoint::INTERNET.path,
};

/// Adds `count` records of 100 bytes each, comma included; stops at the first failure.
fn fill(uplink: &mut Uplink<'_>, count: usize) -> Result<()> {
    let text = [b'x'; 100 - r#",{"n":"a","vs":""}"#.len()];
    (0..count).try_for_each(|_| pack(uplink)?.add(b"a", None, &Value::text(&text)))
}

/// The pack of a message.
fn pack<'a>(uplink: &'a mut Uplink<'_>) -> Result<Pack<'a>> {
    Uplink::resume(uplink.state, uplink.buffer).into_pack()
}

fn begin_at<'a>(
    state: &'a mut UplinkState,
    buffer: &'a mut [u8],
    is_measuring: bool,
    target: Target<'_>,
    urn: &[u8],
) -> Result<Uplink<'a>> {
    let begun = state.begin(buffer, is_measuring, &target, urn);
    begun.inspect_err(|&error| state.fail(error))?;
    Ok(Uplink::resume(state, buffer))
}

fn begin_with_body<'a>(
    state: &'a mut UplinkState,
    buffer: &'a mut [u8],
    target: Target<'_>,
    start: usize,
    len: usize,
) -> Result<Uplink<'a>> {
    let begun = state.adopt(buffer, &target, start, len);
    begun.inspect_err(|&error| state.fail(error))?;
    Ok(Uplink::resume(state, buffer))
}

fn begin<'a>(state: &'a mut UplinkState, buffer: &'a mut [u8]) -> Result<Uplink<'a>> {
    begin_at(state, buffer, false, M2M, URN)
}

fn hex(bytes: &[u8]) -> String {
    let digits = bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]);
    digits
        .map(|digit| char::from_digit(digit.into(), 16).unwrap())
        .collect()
}

/// Checks head, length and token with code that is not ours.
fn check(request: &[u8], target: Target<'_>, secret: Option<&[u8]>) -> Vec<u8> {
    use sha2::Digest;
    let mut headers = [httparse::EMPTY_HEADER; 8];
    let mut head = httparse::Request::new(&mut headers);
    let at = head.parse(request).unwrap().unwrap();
    let body = &request[at..];
    assert_eq!(head.method, Some("POST"));
    assert_eq!(head.path.unwrap().as_bytes(), target.path);
    assert_eq!(head.version, Some(1));
    let fields: Vec<_> = head
        .headers
        .iter()
        .map(|field| (field.name, String::from_utf8(field.value.to_vec()).unwrap()))
        .collect();
    let mut expected = vec![("Host", String::from_utf8(target.host.to_vec()).unwrap())];
    if let Some(secret) = secret {
        let digest = sha2::Sha256::digest([body, secret].concat());
        expected.push(("Things-Message-Token", hex(&digest)));
    }
    expected.push(("Content-Type", "application/json".into()));
    expected.push(("Content-Length", std::format!("{}", body.len())));
    assert_eq!(fields, expected);
    body.to_vec()
}

#[test]
fn frames_and_signs_in_place() {
    for target in [M2M, INTERNET] {
        for secret in [Some(SECRET), None] {
            let mut memory = [CANARY; 512];
            let mut state = UplinkState::default();
            let mut uplink = begin_at(&mut state, &mut memory, false, target, URN).unwrap();
            let value = Value::double(20.5);
            pack(&mut uplink)
                .unwrap()
                .add(b"temperature", Some(b"Cel"), &value)
                .unwrap();
            let request = uplink.finish(target, secret).unwrap();
            assert_eq!(uplink.finish(target, secret), Err(Error::STATE));
            assert!(pack(&mut uplink).is_err());
            let (front, rest) = memory.split_at(request.start);
            assert!(front.iter().all(|&byte| byte == CANARY));
            let (text, rest) = rest.split_at(request.len);
            assert!(rest.iter().all(|&byte| byte == CANARY));
            let body = check(text, target, secret);
            assert_eq!(
                String::from_utf8(body).unwrap(),
                r#"[{"bn":"urn:dev:IMEI:123456789012345:"},{"n":"temperature","u":"Cel","v":20.5}]"#
            );
        }
    }
}

#[test]
fn a_wrong_secret_can_be_followed_by_the_right_one() {
    let mut memory = [0; 512];
    let mut state = UplinkState::default();
    let mut uplink = begin(&mut state, &mut memory).unwrap();
    fill(&mut uplink, 1).unwrap();
    assert_eq!(uplink.finish(M2M, Some(b"short")), Err(Error::SECRET));
    fill(&mut uplink, 1).unwrap();
    let request = uplink.finish(M2M, Some(SECRET)).unwrap();
    check(&memory[request.start..][..request.len], M2M, Some(SECRET));
}

#[test]
fn measures_the_capacity_that_is_needed_for_each_number_of_digits() {
    for count in [1, 2, 8, 9, 10, 11, 98, 99, 100] {
        let mut state = UplinkState::default();
        let mut uplink = begin_at(&mut state, &mut [], true, M2M, URN).unwrap();
        fill(&mut uplink, count).unwrap();
        let measured = uplink.finish(M2M, Some(SECRET)).unwrap();
        assert_eq!(measured.start, 0);
        for (capacity, fits) in [(measured.len, true), (measured.len - 1, false)] {
            let mut memory = vec![0; capacity];
            let mut state = UplinkState::default();
            let mut uplink = begin(&mut state, &mut memory).unwrap();
            assert_eq!(fill(&mut uplink, count).is_ok(), fits);
            let request = uplink.finish(M2M, Some(SECRET));
            if fits {
                assert_eq!(request, Ok(measured));
                check(&memory, M2M, Some(SECRET));
            } else {
                assert_eq!(request, Err(Error::BUFFER_FULL));
                assert_eq!(state.missing(capacity), 1);
            }
        }
    }
}

#[test]
fn at_every_capacity_the_missing_is_exact() {
    const COUNT: usize = 11;
    let mut refused = 0;
    for capacity in 0..1500 {
        let mut memory = vec![CANARY; capacity + 8];
        let (buffer, canary) = memory.split_at_mut(capacity);
        let mut state = UplinkState::default();
        let begun = begin(&mut state, buffer).map(drop);
        // How many records fit, -1 when not even the beginning does.
        let attempt = |capacity: usize| {
            let mut memory = vec![0; capacity];
            let mut state = UplinkState::default();
            let Ok(mut uplink) = begin(&mut state, &mut memory) else {
                return -1;
            };
            let fit = (0..COUNT).take_while(|_| fill(&mut uplink, 1).is_ok());
            i32::try_from(fit.count()).unwrap()
        };
        let fit = attempt(capacity);
        let mut uplink = Uplink::resume(&mut state, buffer);
        let filled = begun.and_then(|()| fill(&mut uplink, COUNT));
        if filled.is_err() {
            refused += 1;
            assert_eq!(filled, Err(Error::BUFFER_FULL));
            let missing = state.missing(capacity);
            assert_eq!(attempt(capacity + missing - 1), fit, "{capacity}");
            assert_eq!(attempt(capacity + missing), fit + 1, "{capacity}");
            let mut uplink = Uplink::resume(&mut state, buffer);
            assert_eq!(uplink.finish(M2M, None), Err(Error::BUFFER_FULL));
            if fit > 0 {
                let mut pack = pack(&mut uplink).unwrap();
                assert_eq!(pack.clear_failure(), Err(Error::BUFFER_FULL));
                let request = uplink.finish(M2M, Some(SECRET)).unwrap();
                let text = buffer[request.start..][..request.len].to_vec();
                check(&text, M2M, Some(SECRET));
            }
        } else {
            let request = uplink.finish(M2M, Some(SECRET)).unwrap();
            check(&buffer[request.start..][..request.len], M2M, Some(SECRET));
            assert_eq!(state.records(), 11);
        }
        assert!(canary.iter().all(|&byte| byte == CANARY));
    }
    assert!((1200..1450).contains(&refused), "{refused}");
}

#[test]
fn a_message_that_could_not_be_begun_leaves_the_memory_alone() {
    let wrong = Target {
        host: b"m.m\r\n",
        path: b"/",
    };
    for (target, urn, error) in [
        (wrong, URN, Error::HEAD_TEXT),
        (M2M, b"urn:dev:IMEI:".as_slice(), Error::URN),
        (M2M, b"", Error::SENML_NAME),
    ] {
        let mut memory = [CANARY; 512];
        let mut state = UplinkState::default();
        let begun = begin_at(&mut state, &mut memory, false, target, urn);
        assert_eq!(begun.map(drop), Err(error));
        let mut uplink = Uplink::resume(&mut state, &mut memory);
        assert_eq!(fill(&mut uplink, 1), Err(error));
        assert_eq!(
            pack(&mut uplink).unwrap().set(&Value::base_name(b"a")),
            Err(error)
        );
        assert_eq!(pack(&mut uplink).unwrap().clear_failure(), Err(error));
        assert_eq!(uplink.finish(M2M, None), Err(error));
        assert_eq!(state.missing(512), 0);
        assert_eq!(memory, [CANARY; 512]);
    }
}

#[test]
fn a_target_that_outgrew_its_room_is_refused() {
    let mut memory = [0; 512];
    let mut state = UplinkState::default();
    let mut uplink = begin(&mut state, &mut memory).unwrap();
    fill(&mut uplink, 1).unwrap();
    let injected = Target {
        host: b"m\nm",
        ..M2M
    };
    assert_eq!(uplink.finish(injected, None), Err(Error::HEAD_TEXT));
    assert_eq!(uplink.finish(INTERNET, None), Err(Error::INVALID_ARGUMENT));
    let shorter = Target { path: b"/a", ..M2M };
    let request = uplink.finish(shorter, Some(SECRET)).unwrap();
    let text = &memory[request.start..][..request.len];
    check(text, shorter, Some(SECRET));
}

/// Adopts `text` at `start` of a buffer that ends with it.
fn adopt(text: &str, start: usize) -> (Result<Vec<u8>>, usize) {
    let mut memory = [vec![CANARY; start].as_slice(), text.as_bytes()].concat();
    let before = memory.clone();
    let mut state = UplinkState::default();
    let adopted = begin_with_body(&mut state, &mut memory, M2M, start, text.len());
    if let Err(error) = adopted {
        assert_eq!(memory, before);
        let mut uplink = Uplink::resume(&mut state, &mut memory);
        assert_eq!(uplink.finish(M2M, None), Err(error), "again");
        let missing = state.missing(memory.len());
        return (Err(error), missing);
    }
    let mut uplink = Uplink::resume(&mut state, &mut memory);
    assert!(pack(&mut uplink).is_err());
    let request = uplink.finish(M2M, Some(SECRET)).unwrap();
    assert_eq!(uplink.finish(M2M, Some(SECRET)), Err(Error::STATE));
    assert!(memory[..request.start].iter().all(|&byte| byte == CANARY));
    let body = check(&memory[request.start..][..request.len], M2M, Some(SECRET));
    (Ok(body), state.missing(memory.len()))
}

#[test]
fn adopts_json_and_strips_white_space_outside_strings_only() {
    for (text, stripped) in [
        ("[]", "[]"),
        (
            "\t[ {\r\n\"a b\" : 1e5 , \"\\\" \" :[ ]} ] \n",
            r#"[{"a b":1e5,"\" ":[]}]"#,
        ),
        (" \"\u{e9} \\u00e9\" ", "\"\u{e9} \\u00e9\""),
        ("true ", "true"),
    ] {
        let (body, missing) = adopt(text, POST_HEAD_MAX);
        assert_eq!(String::from_utf8(body.unwrap()).unwrap(), stripped);
        assert_eq!(missing, 0);
    }
    for (text, error) in [
        ("", Error::JSON_TRUNCATED),
        ("[1, 2", Error::JSON_TRUNCATED),
        ("[1,\u{a0}2]", Error::JSON_SYNTAX),
        ("[ 1 ] x", Error::JSON_SYNTAX),
        ("[ 01 ]", Error::JSON_SYNTAX),
        (r#"[ "\ud800" ]"#, Error::JSON_ESCAPE),
        ("[ \"a\nb\" ]", Error::JSON_SYNTAX),
    ] {
        assert_eq!(adopt(text, POST_HEAD_MAX), (Err(error), 0), "{text}");
    }
}

#[test]
fn adopts_with_exactly_the_room_that_the_head_needs() {
    for len in [2, 9, 10, 99, 100] {
        let text = std::format!("\"{}\"", "x".repeat(len - 2));
        let head = post_head_len(M2M, true, decimal_digits(len));
        for start in 0..head + 3 {
            let (body, missing) = adopt(&text, start);
            assert_eq!(body.is_ok(), start >= head);
            assert_eq!(missing, head.saturating_sub(start));
        }
    }
    let mut memory = [0; 512];
    for (start, len) in [(300, 213), (513, 0), (usize::MAX, 1), (1, usize::MAX)] {
        let mut state = UplinkState::default();
        let adopted = begin_with_body(&mut state, &mut memory, M2M, start, len);
        assert_eq!(adopted.map(drop), Err(Error::INVALID_ARGUMENT));
    }
}

#[test]
fn one_size_holds_the_head_of_every_endpoint_of_kpn_things() {
    let longest = |target: Target<'_>| {
        assert_eq!(target.check(), Ok(()));
        post_head_len(target, true, BODY_LEN_DIGITS_MAX)
    };
    assert!(longest(M2M) <= POST_HEAD_MAX);
    assert_eq!(longest(INTERNET), POST_HEAD_MAX);
}
