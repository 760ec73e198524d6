// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library as Rust firmware calls it: messages with every kind of value, responses in pieces, downlinks, and refusals.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use core::fmt::Write as _;

use kpn_things::{
    Downlink, Error, Field, Name, Outcome, RecordValue, Response, Uplink, Value, endpoint,
    endpoint::Endpoint, names,
};
use sha2::{Digest as _, Sha256};

const URN: &str = "urn:dev:IMEI:490154203237518:";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

/// Head and body of a request, whose length the head gives.
fn parts(request: &[u8]) -> (Vec<(String, String)>, &[u8]) {
    let mut headers = [httparse::EMPTY_HEADER; 16];
    let mut parsed = httparse::Request::new(&mut headers);
    let head_len = parsed.parse(request).unwrap().unwrap();
    let fields: Vec<_> = parsed
        .headers
        .iter()
        .map(|field| {
            let value = String::from_utf8(field.value.to_vec()).unwrap();
            (field.name.to_lowercase(), value)
        })
        .collect();
    let body = &request[head_len..];
    let len = fields.iter().find(|(name, _)| name == "content-length");
    assert_eq!(len.unwrap().1, body.len().to_string());
    (fields, body)
}

/// Every kind of value in one pack.
fn fill(up: &mut Uplink<'_>) -> Result<(), Error> {
    up.set(Value::base_time(1_585_650_750, 0))?;
    up.set(Value::base_unit(b"Cel"))?;
    up.set(Value::base_value(20, 0))?;
    up.set(Value::base_sum(1, 0))?;
    up.add(names::TEMPERATURE, Value::decimal(205, -1))?;
    up.add(Name::new("int"), Value::int(i64::MIN))?;
    up.add(Name::new("uint").with_unit("count"), Value::uint(u64::MAX))?;
    up.add(Name::new("double"), Value::double(52.373_141_592_6))?;
    up.add(Name::new("float"), Value::float(0.1))?;
    up.add(Name::new("fixed"), Value::fixed(2.345, 1))?;
    up.add(Name::new("open"), Value::bool(true))?;
    up.add(Name::new("say"), Value::text("a\"\n\u{20ac}".as_bytes()))?;
    up.set(Value::time(1_585_650_690, 0))?;
    up.set(Value::update_time(5, 0))?;
    up.set(Value::with_sum(7, 0))?;
    up.add(Name::new("bytes"), Value::data(&[0xFB, 0xFF]))?;
    up.add(Name::new("sum"), Value::sum(15, -1))?;
    up.add(Name::new("sum3"), Value::sum_double(0.5))?;
    up.set(Value::base_value_double(0.25))?;
    up.set(Value::base_sum_double(0.75))?;
    up.set(Value::base_name(b"urn:dev:IMEI:490154203237518:"))?;
    up.set(Value::time_ago(30, 0))?;
    up.set(Value::with_sum_double(1.5))?;
    up.add(Name::new("other"), Value::int(-1))
}

const BODY: &str = concat!(
    r#"[{"bn":"urn:dev:IMEI:490154203237518:","bt":1585650750,"bu":"Cel","bv":20,"bs":1},"#,
    r#"{"n":"temperature","u":"Cel","v":20.5},{"n":"int","v":-9223372036854775808},"#,
    r#"{"n":"uint","u":"count","v":18446744073709551615},{"n":"double","v":52.3731415926},"#,
    r#"{"n":"float","v":0.1},{"n":"fixed","v":2.3},{"n":"open","vb":true},"#,
    r#"{"n":"say","vs":"a\"\n€"},{"t":-60,"ut":5,"s":7,"n":"bytes","vd":"-_8"},"#,
    r#"{"n":"sum","s":1.5},{"n":"sum3","s":0.5},"#,
    r#"{"bv":0.25,"bs":0.75,"bn":"urn:dev:IMEI:490154203237518:"},"#,
    r#"{"t":-30,"s":1.5,"n":"other","v":-1}]"#,
);

#[test]
fn every_kind_of_value_is_written_signed_and_framed() {
    let mut buffer = [0x5A; 1200];
    let mut up = Uplink::new(&mut buffer, endpoint::M2M, URN).unwrap();
    fill(&mut up).unwrap();
    assert_eq!(up.missing(), 0);
    let request = up.finish(SECRET).unwrap();
    let (fields, body) = parts(request);
    let value = |name: &str| {
        let mut values = fields.iter().filter(|field| field.0 == name);
        let value = values.next().map(|field| field.1.as_str());
        assert_eq!(values.next(), None);
        value
    };
    assert_eq!(str::from_utf8(body).unwrap(), BODY);
    let token = Sha256::digest([body, SECRET.as_bytes()].concat());
    let mut hex = String::new();
    for byte in token {
        write!(hex, "{byte:02x}").unwrap();
    }
    assert_eq!(value("things-message-token"), Some(hex.as_str()));
    assert_eq!(value("host"), Some("m.m"));
}

#[test]
fn a_message_without_secret_has_no_token() {
    let mut buffer = [0; 1200];
    let own = Endpoint::custom(b"platform.example", b"/in?a=b");
    let mut up = Uplink::new(&mut buffer, own, URN).unwrap();
    fill(&mut up).unwrap();
    let request = up.finish(None).unwrap();
    assert!(request.starts_with(b"POST /in?a=b HTTP/1.1\r\n"));
    let (fields, body) = parts(request);
    assert!(
        fields
            .iter()
            .all(|(name, _)| name != "things-message-token")
    );
    assert_eq!(body, BODY.as_bytes());
}

#[test]
fn what_is_missing_is_exact_for_every_buffer_that_is_too_small() {
    let mut buffer = [0; 2000];
    let mut up = Uplink::new(&mut buffer, endpoint::M2M, URN).unwrap();
    fill(&mut up).unwrap();
    let need = up.finish(SECRET).unwrap().len();
    for capacity in 0..need {
        let mut memory = vec![0x5A; capacity + 8];
        let (buffer, canary) = memory.split_at_mut(capacity);
        match Uplink::new(buffer, endpoint::M2M, URN) {
            Err(error) => assert_eq!(error, Error::BUFFER_FULL),
            Ok(mut up) => {
                let mut refused = None;
                // Each failure is one of room, or that of a record whose label had no room.
                if let Err(error) = fill(&mut up) {
                    assert_eq!(error, Error::BUFFER_FULL);
                    refused = Some(error);
                    assert!(up.missing() > 0 && capacity + up.missing() <= need);
                }
                assert_eq!(up.finish(SECRET).err(), refused);
                assert!(refused.is_some());
            }
        }
        assert!(canary.iter().all(|&byte| byte == 0x5A));
    }
    let mut memory = vec![0; need];
    let mut up = Uplink::new(&mut memory, endpoint::M2M, URN).unwrap();
    fill(&mut up).unwrap();
    assert_eq!(up.finish(SECRET).unwrap().len(), need);
}

#[test]
fn what_cannot_be_sent_is_refused_and_reported_in_the_end() {
    let new = |urn: &str, host: &'static [u8]| {
        let endpoint = Endpoint::custom(host, b"/");
        Uplink::new(&mut [0; 500], endpoint, urn).err()
    };
    assert_eq!(new(URN, b"a"), None);
    assert_eq!(new("urn:dev IMEI", b"a"), Some(Error::SENML_NAME));
    assert_eq!(new(URN, b"a\r\nb"), Some(Error::HEAD_TEXT));

    let refusals: &[(&str, Value<'_>, Error)] = &[
        ("not finite", Value::int(1), Error::SENML_NAME),
        ("nan", Value::double(f64::NAN), Error::NOT_FINITE),
        ("inf", Value::float(f32::INFINITY), Error::NOT_FINITE),
        ("utf8", Value::text(b"\xFF"), Error::UTF8),
        ("past", Value::time_ago(-1, 0), Error::SENML_TIME),
    ];
    for &(name, value, error) in refusals {
        let mut buffer = [0; 500];
        let mut up = Uplink::new(&mut buffer, endpoint::M2M, URN).unwrap();
        up.add(Name::new("a"), Value::int(1)).unwrap();
        assert_eq!(up.add(Name::new(name), value), Err(error), "{name}");
        assert_eq!(up.finish(SECRET).err(), Some(error), "{name}");
    }

    let empty = |secret: &str| {
        let mut buffer = [0; 500];
        let up = Uplink::new(&mut buffer, endpoint::M2M, URN).unwrap();
        up.finish(secret).err()
    };
    assert_eq!(empty(SECRET), Some(Error::SENML_EMPTY));
    assert_eq!(empty("short"), Some(Error::SECRET));
}

#[test]
fn a_response_says_the_same_in_any_split() {
    let raw = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 503 \r\nContent-Length: 2\r\n\r\n[]";
    for split in 0..=raw.len() {
        let mut buffer = [0; 8];
        let mut response = Response::new(&mut buffer);
        let (front, back) = raw.split_at(split);
        let is_whole = response.feed(front).unwrap();
        assert_eq!(is_whole, split == raw.len());
        if !is_whole {
            assert_eq!(response.outcome(), None);
            assert!(response.feed(back).unwrap());
        }
        assert_eq!(response.status(), 503);
        assert_eq!(response.outcome(), Some(Outcome::RetryLater));
        assert!(
            response
                .downlink()
                .unwrap()
                .next_record()
                .unwrap()
                .is_none()
        );
    }
}

#[test]
fn a_body_until_the_end_is_whole_there_and_a_cut_one_never() {
    let mut buffer = [0; 64];
    let mut response = Response::new(&mut buffer);
    assert!(
        !response
            .feed(b"HTTP/1.0 200 OK\r\n\r\n[{\"n\":\"a\",\"v\":1}]")
            .unwrap()
    );
    response.end().unwrap();
    assert_eq!(response.outcome(), Some(Outcome::Accepted));
    let mut downlink = response.downlink().unwrap();
    assert!(downlink.next_record().unwrap().unwrap().is("a"));
    assert!(downlink.next_record().unwrap().is_none());

    for cut in [
        &b""[..],
        b"HTTP/1.1 2",
        b"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\n[]",
    ] {
        let mut buffer = [0; 64];
        let mut response = Response::new(&mut buffer);
        assert!(!response.feed(cut).unwrap());
        assert_eq!(response.end(), Err(Error::HTTP_TRUNCATED));
        assert_eq!(response.outcome(), None);
        assert_eq!(response.downlink().err(), Some(Error::HTTP_TRUNCATED));
    }
}

#[test]
fn a_body_without_room_has_an_outcome_but_is_no_downlink() {
    let mut buffer = [0; 3];
    let mut response = Response::new(&mut buffer);
    let raw = b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n[{}]";
    assert!(response.feed(raw).unwrap());
    assert_eq!(response.outcome(), Some(Outcome::Accepted));
    assert_eq!(response.downlink().err(), Some(Error::BODY_TOO_LARGE));

    let mut buffer = [0; 9];
    let mut response = Response::new(&mut buffer);
    assert_eq!(response.feed(b"HTCPCP/1.0 418"), Err(Error::HTTP_SYNTAX));
    assert_eq!(response.downlink().err(), Some(Error::HTTP_SYNTAX));
}

#[test]
fn a_downlink_gives_every_kind_with_its_base_fields() {
    let text = br#"[{"bn":"urn:dev:IMEI:1:","bt":1714000000,"bu":"Cel","bv":20,"n":"t","v":0.5,"t":-3,"s":2},
        {"n":"on","vb":true},{"n":"say","vs":"a\u0041"},{"n":"key","vd":"-_8="},{"n":"sum","s":1e3},
        {"bt":0,"n":"later","v":1.8446744073709551615e19,"t":60,"ut":2}]"#;
    // A byte order mark and a NUL have no meaning.
    let mut body = [&b"\xEF\xBB\xBF"[..], text, b"\0"].concat();
    let mut downlink = Downlink::new(&mut body).unwrap();

    let record = downlink.next_record().unwrap().unwrap();
    assert!(record.is("t") && record.is("urn:dev:IMEI:1:t") && !record.is("u"));
    assert!(record.is_for("urn:dev:IMEI:1:") && !record.is_for("urn:dev:IMEI:2:"));
    let texts = (record.base_name(), record.name(), record.unit());
    assert_eq!(texts, ("urn:dev:IMEI:1:", "t", "Cel"));
    assert_eq!(record.value(), RecordValue::Number);
    let value = || record.number(Field::Value).unwrap();
    assert_eq!(value().to_decimal(), Ok((205, -1)));
    assert_eq!(value().to_f64().unwrap().to_bits(), 20.5_f64.to_bits());
    assert_eq!(value().to_i64(), Err(Error::NUMBER_RANGE));
    assert_eq!(value().to_u64(), Err(Error::NUMBER_RANGE));
    let time = || record.number(Field::Time).unwrap();
    assert_eq!(time().to_u64(), Ok(1_713_999_997));
    assert!(!time().is_relative_time());
    assert_eq!(record.number(Field::Sum).unwrap().to_i64(), Ok(2));

    let values = [
        ("on", RecordValue::Bool(true)),
        ("say", RecordValue::Text("aA")),
        ("key", RecordValue::Data(&[0xFB, 0xFF])),
        ("sum", RecordValue::None),
    ];
    for (name, value) in values {
        let record = downlink.next_record().unwrap().unwrap();
        assert_eq!((record.name(), record.value()), (name, value));
        let number = record.number(Field::Value).err();
        assert_eq!(number, Some(Error::INVALID_ARGUMENT));
    }
    let record = downlink.next_record().unwrap().unwrap();
    let value = || record.number(Field::Value).unwrap();
    // With the base value it is just too large.
    assert_eq!(value().to_u64(), Err(Error::NUMBER_RANGE));
    assert_eq!(value().to_decimal().err(), Some(Error::NUMBER_RANGE));
    assert!(record.number(Field::Time).unwrap().is_relative_time());
    let update = record.number(Field::UpdateTime).unwrap();
    assert_eq!(update.to_i64(), Ok(2));
    assert!(downlink.next_record().unwrap().is_none());
    assert!(downlink.next_record().unwrap().is_none());
}

#[test]
fn a_broken_downlink_gives_no_record_and_a_double_has_a_largest() {
    for (body, error) in [
        (&br#"[{"n":"a","v":1},{"n":"b"}]"#[..], Error::SENML_VALUE),
        (br#"[{"n":"a","v":1}"#, Error::JSON_TRUNCATED),
        (br#"[{"n":"a","v":1,"x_":2}]"#, Error::SENML_MUST_UNDERSTAND),
    ] {
        assert_eq!(Downlink::new(&mut body.to_vec()).err(), Some(error));
    }
    let mut body = *br#"[{"n":"a","v":1e309}]"#;
    let mut downlink = Downlink::new(&mut body).unwrap();
    let record = downlink.next_record().unwrap().unwrap();
    let value = record.number(Field::Value).unwrap();
    assert_eq!(value.to_f64(), Err(Error::NUMBER_RANGE));
}
