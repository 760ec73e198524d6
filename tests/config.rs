// SPDX-License-Identifier: MIT OR Apache-2.0
//! The device's configuration: what it accepts, what it refuses and how it reports that, and that writing loses
//! nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::std_instead_of_core,
    clippy::too_many_lines,
    reason = "a test may panic, and runs on a host; the table of refusals is long"
)]

use core::num::NonZero;
use core::ops::RangeInclusive;
use std::collections::BTreeMap;

mod common {
    pub mod config;
    pub mod status;
}

use common::config::{Config, Problem, field_name};
use common::status::{
    ERR_BUFFER_FULL, ERR_CONFIG, ERR_CONFIG_MISSING, ERR_CONFIG_REPEATED, ERR_CONFIG_TOO_LONG,
    ERR_CONFIG_TYPE, ERR_CONFIG_UNKNOWN, ERR_HEAD_TEXT, ERR_IMEI_CHECK_DIGIT, ERR_JSON_SYNTAX,
    ERR_JSON_TRUNCATED, ERR_NUMBER_RANGE, ERR_SECRET, ERR_SENML_NAME, ERR_STATE, ERR_URN,
};
use fastrand::Rng;
use kpn_things::ffi::config::KPN_CONFIG_TEXT_MAX;
use kpn_things::ffi::config::field::{
    KPN_CONFIG_FIELD_ADDRESS, KPN_CONFIG_FIELD_APN, KPN_CONFIG_FIELD_DOCUMENT,
    KPN_CONFIG_FIELD_ENDPOINT, KPN_CONFIG_FIELD_HOST, KPN_CONFIG_FIELD_IMEI,
    KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT, KPN_CONFIG_FIELD_PATH, KPN_CONFIG_FIELD_PORT,
    KPN_CONFIG_FIELD_SECRET, KPN_CONFIG_FIELD_STATUS_TABLE, KPN_CONFIG_FIELD_URN,
};
use proptest::prelude::*;
use serde_json::{Value, json};

const URN_MAX: usize = 96;
const HOST_MAX: usize = 64;
const PATH_MAX: usize = 64;
const ADDRESS_MAX: usize = 64;
const APN_MAX: usize = 63;

/// Host, path, address, port and whether TLS is needed.
type Endpoint<'a> = (&'a str, &'a str, &'a str, u16, bool);
const M2M: Endpoint<'static> = (
    "m.m",
    "/ingestion/m2m/senml/v1",
    "10.151.236.157",
    80,
    false,
);
const INTERNET: Endpoint<'static> = (
    "prod.dm.kpnthings.com",
    "/ingestion/ip/senml/v1",
    "prod.dm.kpnthings.com",
    443,
    true,
);

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
const URN: &str = "urn:dev:IMEI:490154203237518:";
const FULL: &str = r#"{"imei": "490154203237518",
 "secret": "0123456789abcdefghijklmnopqrstuvwxyzABCD",
 "endpoint": "m2m", "address": "10.151.236.157", "port": 80,
 "apn": "kpnthings.iot", "keepAliveLimit": 100, "statusTable": {"401": "tokenRejected"}}"#;

/// The words of a status table, in the order of the outcomes, from 1 on.
const WORDS: [&str; 6] = [
    "accepted",
    "malformed",
    "tokenRejected",
    "deviceUnknown",
    "retryLater",
    "refused",
];

fn read(text: impl AsRef<[u8]>) -> Result<Config, Problem> {
    Config::loaded(text.as_ref())
}

fn endpoint(config: &Config) -> Endpoint<'_> {
    (
        config.host().unwrap(),
        config.path().unwrap(),
        config.address().unwrap(),
        config.port(),
        config.tls(),
    )
}

/// The smallest accepted text, with one more field or a different value.
fn with(field: &str, value: Value) -> String {
    let mut text = json!({"urn": URN, "secret": SECRET});
    text[field] = value;
    text.to_string()
}

#[test]
fn reads_every_field() {
    let config = read(FULL).unwrap();
    assert_eq!(config.urn(), Some(URN));
    assert_eq!(config.secret(), Some(SECRET));
    assert_eq!(endpoint(&config), M2M);
    assert_eq!(config.apn(), Some("kpnthings.iot"));
    assert_eq!(config.keep_alive_limit(), 100);
    assert_eq!(config.outcome(401), 3);
    assert_eq!(config.outcome_of_nothing(), 0);
}

#[test]
fn fills_in_what_is_left_out() {
    let config = read(json!({"urn": URN, "secret": null}).to_string()).unwrap();
    assert_eq!(config.secret(), None);
    assert_eq!(endpoint(&config), M2M);
    assert_eq!(config.apn(), None);
    assert_eq!(config.keep_alive_limit(), 100);

    let config = read(with("endpoint", json!("internet"))).unwrap();
    assert_eq!(endpoint(&config), INTERNET);
}

#[test]
fn takes_an_endpoint_of_ones_own() {
    let config = read(
        json!({"urn": URN, "secret": SECRET, "endpoint": {"path": "/p?q=\"1\"", "host": "h:81"},
               "address": "2001:db8::1", "port": 65535})
        .to_string(),
    )
    .unwrap();
    let own = ("h:81", "/p?q=\"1\"", "2001:db8::1", 65535, false);
    assert_eq!(endpoint(&config), own);
}

#[test]
fn the_order_of_fields_white_space_and_escapes_do_not_matter() {
    let text = "\r\n{ \"p\\u006frt\"\t: 81 ,\"endpoint\":{\"path\":\"\\/x\",\"\\u0068ost\":\"\\u006d.m\"},\n\
                \"address\":\"a\",\"secret\":null,\"\\u0075rn\":\"\\u0061\"} ";
    let config = read(text).unwrap();
    assert_eq!(config.urn(), Some("a"));
    assert_eq!(endpoint(&config), ("m.m", "/x", "a", 81, false));
}

#[test]
fn each_refusal_names_the_field_and_the_reason() {
    let long = |max: usize| json!("1".repeat(max + 1));
    let own = |value: Value| with("endpoint", value);
    let statuses = |text: &str| format!(r#"{{"urn":"{URN}","secret":null,"statusTable":{text}}}"#);
    for (text, field, reason) in [
        (String::new(), KPN_CONFIG_FIELD_DOCUMENT, ERR_JSON_TRUNCATED),
        ("[]".into(), KPN_CONFIG_FIELD_DOCUMENT, ERR_CONFIG_TYPE),
        ("null".into(), KPN_CONFIG_FIELD_DOCUMENT, ERR_CONFIG_TYPE),
        ("{}".into(), KPN_CONFIG_FIELD_SECRET, ERR_CONFIG_MISSING),
        (
            json!({"urn": URN}).to_string(),
            KPN_CONFIG_FIELD_SECRET,
            ERR_CONFIG_MISSING,
        ),
        (
            json!({"secret": SECRET}).to_string(),
            KPN_CONFIG_FIELD_URN,
            ERR_CONFIG_MISSING,
        ),
        (
            format!("{FULL}x"),
            KPN_CONFIG_FIELD_DOCUMENT,
            ERR_JSON_SYNTAX,
        ),
        (
            format!("{FULL}{FULL}"),
            KPN_CONFIG_FIELD_DOCUMENT,
            ERR_JSON_SYNTAX,
        ),
        (
            with("x", json!([[[[1]]]])),
            KPN_CONFIG_FIELD_DOCUMENT,
            ERR_CONFIG_UNKNOWN,
        ),
        (
            with("", json!(1)),
            KPN_CONFIG_FIELD_DOCUMENT,
            ERR_CONFIG_UNKNOWN,
        ),
        (
            with("host", json!("h")),
            KPN_CONFIG_FIELD_DOCUMENT,
            ERR_CONFIG_UNKNOWN,
        ),
        (
            with("Port", json!(80)),
            KPN_CONFIG_FIELD_DOCUMENT,
            ERR_CONFIG_UNKNOWN,
        ),
        (
            r#"{"port":80,"port":80}"#.into(),
            KPN_CONFIG_FIELD_PORT,
            ERR_CONFIG_REPEATED,
        ),
        (
            r#"{"urn":"a","imei":""}"#.into(),
            KPN_CONFIG_FIELD_IMEI,
            ERR_CONFIG_REPEATED,
        ),
        (
            r#"{"imei":"490154203237518","urn":"a"}"#.into(),
            KPN_CONFIG_FIELD_URN,
            ERR_CONFIG_REPEATED,
        ),
        (
            r#"{"secret":null,"secret":null}"#.into(),
            KPN_CONFIG_FIELD_SECRET,
            ERR_CONFIG_REPEATED,
        ),
        (with("urn", json!(1)), KPN_CONFIG_FIELD_URN, ERR_CONFIG_TYPE),
        (with("urn", json!("")), KPN_CONFIG_FIELD_URN, ERR_SENML_NAME),
        (
            with("urn", json!("a b")),
            KPN_CONFIG_FIELD_URN,
            ERR_SENML_NAME,
        ),
        (with("urn", json!("é")), KPN_CONFIG_FIELD_URN, ERR_CONFIG),
        (
            with("urn", json!("urn:dev:IMEI:1")),
            KPN_CONFIG_FIELD_URN,
            ERR_URN,
        ),
        (
            with("urn", long(URN_MAX)),
            KPN_CONFIG_FIELD_URN,
            ERR_CONFIG_TOO_LONG,
        ),
        (
            r#"{"imei":"123456789012345"}"#.into(),
            KPN_CONFIG_FIELD_IMEI,
            ERR_IMEI_CHECK_DIGIT,
        ),
        (
            r#"{"imei":"12345678901234"}"#.into(),
            KPN_CONFIG_FIELD_IMEI,
            ERR_URN,
        ),
        (
            r#"{"imei":490154203237518}"#.into(),
            KPN_CONFIG_FIELD_IMEI,
            ERR_CONFIG_TYPE,
        ),
        (
            with("secret", json!("short")),
            KPN_CONFIG_FIELD_SECRET,
            ERR_SECRET,
        ),
        (
            with("secret", json!("")),
            KPN_CONFIG_FIELD_SECRET,
            ERR_SECRET,
        ),
        (
            with("secret", json!("-".repeat(30))),
            KPN_CONFIG_FIELD_SECRET,
            ERR_SECRET,
        ),
        (
            with("secret", long(100)),
            KPN_CONFIG_FIELD_SECRET,
            ERR_CONFIG_TOO_LONG,
        ),
        (
            with("secret", json!(true)),
            KPN_CONFIG_FIELD_SECRET,
            ERR_CONFIG_TYPE,
        ),
        (own(json!("M2M")), KPN_CONFIG_FIELD_ENDPOINT, ERR_CONFIG),
        (own(json!(null)), KPN_CONFIG_FIELD_ENDPOINT, ERR_CONFIG_TYPE),
        (own(json!({})), KPN_CONFIG_FIELD_HOST, ERR_CONFIG_MISSING),
        (
            own(json!({"host": "h"})),
            KPN_CONFIG_FIELD_PATH,
            ERR_CONFIG_MISSING,
        ),
        (
            own(json!({"path": "/"})),
            KPN_CONFIG_FIELD_HOST,
            ERR_CONFIG_MISSING,
        ),
        (
            own(json!({"host": "h", "path": "/"})),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG_MISSING,
        ),
        (
            own(json!({"host": "h", "path": "/", "x": 1})),
            KPN_CONFIG_FIELD_ENDPOINT,
            ERR_CONFIG_UNKNOWN,
        ),
        (
            own(json!({"host": "h\r\nX: 1"})),
            KPN_CONFIG_FIELD_HOST,
            ERR_HEAD_TEXT,
        ),
        (
            own(json!({"host": ""})),
            KPN_CONFIG_FIELD_HOST,
            ERR_HEAD_TEXT,
        ),
        (
            own(json!({"host": 1})),
            KPN_CONFIG_FIELD_HOST,
            ERR_CONFIG_TYPE,
        ),
        (
            own(json!({"host": "h", "path": "x"})),
            KPN_CONFIG_FIELD_PATH,
            ERR_HEAD_TEXT,
        ),
        (
            own(json!({"host": "h", "path": "/ "})),
            KPN_CONFIG_FIELD_PATH,
            ERR_HEAD_TEXT,
        ),
        (
            own(json!({"path": "/".repeat(PATH_MAX + 1)})),
            KPN_CONFIG_FIELD_PATH,
            ERR_CONFIG_TOO_LONG,
        ),
        (
            own(json!({"host": "h".repeat(HOST_MAX + 1)})),
            KPN_CONFIG_FIELD_HOST,
            ERR_CONFIG_TOO_LONG,
        ),
        (
            r#"{"endpoint":{"host":"h","host":"h"}}"#.into(),
            KPN_CONFIG_FIELD_HOST,
            ERR_CONFIG_REPEATED,
        ),
        (
            with("address", json!("10.151.236")),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG,
        ),
        (
            with("address", json!("10.151.236.256")),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG,
        ),
        (
            with("address", json!("10.151.236.157.1")),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG,
        ),
        (
            with("address", json!("010.151.236.157")),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG,
        ),
        (
            with("address", json!("10.151..157")),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG,
        ),
        (
            with("address", json!("")),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG,
        ),
        (
            with("address", json!("a b")),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG,
        ),
        (
            with("address", long(ADDRESS_MAX)),
            KPN_CONFIG_FIELD_ADDRESS,
            ERR_CONFIG_TOO_LONG,
        ),
        (
            with("port", json!("80")),
            KPN_CONFIG_FIELD_PORT,
            ERR_CONFIG_TYPE,
        ),
        (
            with("port", json!(0)),
            KPN_CONFIG_FIELD_PORT,
            ERR_NUMBER_RANGE,
        ),
        (
            with("port", json!(65536)),
            KPN_CONFIG_FIELD_PORT,
            ERR_NUMBER_RANGE,
        ),
        (
            with("port", json!(-1)),
            KPN_CONFIG_FIELD_PORT,
            ERR_NUMBER_RANGE,
        ),
        (
            with("port", json!(80.0)),
            KPN_CONFIG_FIELD_PORT,
            ERR_NUMBER_RANGE,
        ),
        (
            r#"{"port":8e1}"#.into(),
            KPN_CONFIG_FIELD_PORT,
            ERR_NUMBER_RANGE,
        ),
        (
            r#"{"port":080}"#.into(),
            KPN_CONFIG_FIELD_PORT,
            ERR_NUMBER_RANGE,
        ),
        (with("apn", json!("")), KPN_CONFIG_FIELD_APN, ERR_CONFIG),
        (
            with("apn", json!(null)),
            KPN_CONFIG_FIELD_APN,
            ERR_CONFIG_TYPE,
        ),
        (with("apn", json!("a\"b")), KPN_CONFIG_FIELD_APN, ERR_CONFIG),
        (with("apn", json!("a b")), KPN_CONFIG_FIELD_APN, ERR_CONFIG),
        (
            with("apn", long(APN_MAX)),
            KPN_CONFIG_FIELD_APN,
            ERR_CONFIG_TOO_LONG,
        ),
        (
            with("keepAliveLimit", json!(0)),
            KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT,
            ERR_NUMBER_RANGE,
        ),
        (
            with("keepAliveLimit", json!(null)),
            KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT,
            ERR_CONFIG_TYPE,
        ),
        (
            statuses("[]"),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_CONFIG_TYPE,
        ),
        (
            statuses(r#"{"401":1}"#),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_CONFIG_TYPE,
        ),
        (
            statuses(r#"{"401":"x"}"#),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_CONFIG,
        ),
        (
            statuses(r#"{"4 1":"accepted"}"#),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_NUMBER_RANGE,
        ),
        (
            statuses(r#"{"":"accepted"}"#),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_NUMBER_RANGE,
        ),
        (
            statuses(r#"{" 401":"accepted"}"#),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_NUMBER_RANGE,
        ),
        (
            statuses(r#"{"199":"accepted"}"#),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_NUMBER_RANGE,
        ),
        (
            statuses(&format!(
                "{{{}}}",
                (400..409)
                    .map(|status| format!(r#""{status}":"refused""#))
                    .collect::<Vec<_>>()
                    .join(",")
            )),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_CONFIG_TOO_LONG,
        ),
        (
            statuses(r#"{"401":"accepted","401":"accepted"}"#),
            KPN_CONFIG_FIELD_STATUS_TABLE,
            ERR_CONFIG_REPEATED,
        ),
    ] {
        let problem = read(&text).unwrap_err();
        assert_eq!((problem.field, problem.reason), (field, reason), "{text}");
        assert!(problem.position <= text.len());
    }
}

#[test]
fn the_position_stands_behind_what_is_wrong() {
    let text = r#"{"urn":"a","port":99999,"secret":null}"#;
    let problem = read(text).unwrap_err();
    assert_eq!(problem.position, text.find(",\"secret").unwrap());
}

#[test]
fn field_names_are_those_of_the_text() {
    for field in KPN_CONFIG_FIELD_DOCUMENT..=KPN_CONFIG_FIELD_STATUS_TABLE {
        let unknown = read(format!(r#"{{"{}":[]}}"#, field_name(field))).unwrap_err();
        let inner = [
            KPN_CONFIG_FIELD_DOCUMENT,
            KPN_CONFIG_FIELD_HOST,
            KPN_CONFIG_FIELD_PATH,
        ];
        let expected = if inner.contains(&field) {
            KPN_CONFIG_FIELD_DOCUMENT
        } else {
            field
        };
        assert_eq!(unknown.field, expected);
    }
    assert_eq!(field_name(-1), "");
    assert_eq!(field_name(KPN_CONFIG_FIELD_STATUS_TABLE + 1), "");
}

#[test]
fn texts_as_long_as_the_limits_are_accepted_and_written() {
    let text = json!({
        "urn": "a".repeat(URN_MAX), "secret": "s".repeat(100),
        "endpoint": {"host": "\"".repeat(HOST_MAX), "path": format!("/{}", "\\".repeat(PATH_MAX - 1))},
        "address": "a".repeat(ADDRESS_MAX), "port": 65535, "apn": "a".repeat(APN_MAX), "keepAliveLimit": 65535,
        "statusTable": (0..8)
            .map(|at| (format!("99{at}"), "tokenRejected".into()))
            .collect::<serde_json::Map<_, Value>>(),
    });
    let mut config = read(text.to_string()).unwrap();
    let text = config.saved();
    assert_eq!(text.len(), KPN_CONFIG_TEXT_MAX);
    assert_eq!(read(&text).unwrap().saved(), text);
    assert!(config.wipe());
    assert_eq!(config.save(KPN_CONFIG_TEXT_MAX), Err((ERR_STATE, None)));
}

#[test]
fn an_empty_configuration_is_not_written() {
    assert_eq!(
        Config::empty().save(KPN_CONFIG_TEXT_MAX),
        Err((ERR_STATE, None))
    );
}

#[test]
fn a_failed_read_leaves_nothing_of_what_was_there() {
    let mut config = read(FULL).unwrap();
    config.load(b"{").unwrap_err();
    assert_eq!(
        (config.urn(), config.secret(), config.port()),
        (None, None, 0)
    );
    assert_eq!(config.save(KPN_CONFIG_TEXT_MAX), Err((ERR_STATE, None)));
}

#[test]
fn another_text_leaves_nothing_of_the_secret_before() {
    let secret = "0123456789".repeat(10);
    let text = json!({"urn": "a", "secret": secret});
    let mut config = read(text.to_string()).unwrap();
    assert!(config.holds(&secret.as_bytes()[40..]));
    let shorter = "x".repeat(30);
    for other in [json!(shorter), json!(null)] {
        config
            .load(json!({"urn": "a", "secret": other}).to_string().as_bytes())
            .unwrap();
        assert!(!config.holds(&secret.as_bytes()[40..50]));
    }
    assert!(!config.holds(&shorter.as_bytes()[10..20]));
}

#[test]
fn every_capacity_below_the_need_is_told_and_nothing_behind_it_touched() {
    let config = read(FULL).unwrap();
    let text = config.saved();
    for capacity in 0..text.len() {
        assert_eq!(
            config.save(capacity),
            Err((ERR_BUFFER_FULL, Some(text.len())))
        );
    }
    assert_eq!(config.save(text.len()), Ok(text));
}

#[test]
fn the_written_text_has_these_bytes() {
    let all = r#"{"urn":"a","secret":"0123456789012345678901234567890123","endpoint":{"host":"\"","path":"/\\"},"address":"::1","port":7,"apn":"x","keepAliveLimit":10203,"statusTable":{"404":"deviceUnknown","401":"accepted"}}"#;
    assert_eq!(read(all).unwrap().saved(), all.as_bytes());
    let least = r#"{"urn":"a","secret":null,"endpoint":"m2m","address":"10.151.236.157","port":80,"keepAliveLimit":100}"#;
    assert_eq!(
        read(r#"{"urn":"a","secret":null}"#).unwrap().saved(),
        least.as_bytes()
    );
}

/// The result of `serde_json` for a text, compared with what was read.
fn assert_as_serde_json_reads(config: &Config, text: &[u8]) {
    let value: Value = serde_json::from_slice(text).unwrap();
    match &value["urn"] {
        Value::Null => {
            let imei = value["imei"].as_str().unwrap();
            assert_eq!(config.urn(), Some(&*format!("urn:dev:IMEI:{imei}:")));
        }
        given => assert_eq!(config.urn(), given.as_str()),
    }
    assert_eq!(config.secret(), value["secret"].as_str());
    let (host, path, address, port, tls) = match &value["endpoint"] {
        Value::Object(inner) => {
            let text = |name: &str| inner[name].as_str().unwrap();
            (text("host"), text("path"), "", 80, false)
        }
        Value::String(word) if word == "internet" => INTERNET,
        word => {
            assert!(word.is_null() || word == "m2m");
            M2M
        }
    };
    let address = value["address"].as_str().unwrap_or(address);
    let port = value["port"].as_u64().unwrap_or(port.into());
    let expected = (host, path, address, port.try_into().unwrap(), tls);
    assert_eq!(endpoint(config), expected);
    assert_eq!(config.apn(), value["apn"].as_str());
    let limit = value["keepAliveLimit"].as_u64().unwrap_or(100);
    assert_eq!(u64::from(config.keep_alive_limit()), limit);
    if let Some(statuses) = value["statusTable"].as_object() {
        for (status, word) in statuses {
            let at = WORDS.iter().position(|known| *known == word).unwrap();
            let outcome = config.outcome(status.parse().unwrap());
            assert_eq!(usize::try_from(outcome), Ok(at + 1));
        }
    }
}

fn assert_each_corruption_is_refused_or_harmless(
    text: &[u8],
    bytes: &(impl Iterator<Item = u8> + Clone),
) {
    for at in 0..text.len() {
        for byte in bytes.clone() {
            let mut other = text.to_vec();
            other[at] = byte;
            if let Ok(config) = read(&other) {
                assert_as_serde_json_reads(&config, &other);
            }
        }
        read(&text[..at]).unwrap_err();
    }
}

#[test]
fn every_single_wrong_byte_is_refused_or_makes_another_valid_configuration() {
    assert_each_corruption_is_refused_or_harmless(FULL.as_bytes(), &(0..=u8::MAX));
}

fn configuration() -> impl Strategy<Value = Value> {
    let identity = prop_oneof![
        "[a-z0-9][-:./_A-Za-z0-9]{0,95}".prop_map(|urn| ("urn", urn)),
        "urn:dev:IMEI:[0-9]{15}:".prop_map(|urn| ("urn", urn)),
        Just(("imei", "490154203237518".to_owned())),
        Just(("imei", "352099001761481".to_owned())),
    ]
    .prop_filter("KPN's kinds end in a colon", |(field, text)| {
        *field == "imei" || text.ends_with(':') || !text.starts_with("urn:")
    });
    let secret = prop_oneof![
        1 => Just(Value::Null),
        4 => "[0-9a-zA-Z]{30,100}".prop_map(Value::from),
    ];
    let endpoint = prop_oneof![
        Just(Value::from("m2m")),
        Just(Value::from("internet")),
        ("[!-~]{1,64}", "/[!-~]{0,63}")
            .prop_map(|(host, path)| json!({"host": host, "path": path})),
    ];
    let address = prop_oneof![
        any::<[u8; 4]>().prop_map(|octets| std::net::Ipv4Addr::from(octets).to_string()),
        any::<[u8; 16]>().prop_map(|octets| std::net::Ipv6Addr::from(octets).to_string()),
        "[a-z]([-.a-z0-9]{0,63})",
    ];
    let statuses = proptest::collection::btree_map(200..=999_u16, 0..WORDS.len(), 0..=8);
    (
        identity,
        secret,
        endpoint,
        proptest::option::of(address),
        proptest::option::of(1..=u16::MAX),
        proptest::option::of("[!#-\\[\\]-~]{1,63}"),
        proptest::option::of(1..=u16::MAX),
        proptest::option::of(statuses),
    )
        .prop_map(
            |(identity, secret, endpoint, address, port, apn, limit, statuses)| {
                let mut text = json!({"secret": secret, identity.0: identity.1});
                let own = endpoint.is_object();
                if endpoint != "m2m" {
                    text["endpoint"] = endpoint;
                }
                match address {
                    Some(address) => text["address"] = address.into(),
                    None if own => text["address"] = "a".into(),
                    None => {}
                }
                if let Some(port) = port {
                    text["port"] = port.into();
                }
                if let Some(apn) = apn {
                    text["apn"] = apn.into();
                }
                if let Some(limit) = limit {
                    text["keepAliveLimit"] = limit.into();
                }
                if let Some(statuses) = statuses {
                    text["statusTable"] = statuses
                        .into_iter()
                        .map(|(status, at)| (status.to_string(), WORDS[at].into()))
                        .collect::<serde_json::Map<_, Value>>()
                        .into();
                }
                text
            },
        )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 2000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_read_is_written_and_read_back_equal(text in configuration(), pretty: bool) {
        let text = if pretty {
            serde_json::to_string_pretty(&text).unwrap()
        } else {
            text.to_string()
        };
        let config = read(&text).unwrap();
        assert_as_serde_json_reads(&config, text.as_bytes());
        let stored = config.saved();
        assert_as_serde_json_reads(&config, &stored);
        let again = read(&stored).unwrap();
        assert_as_serde_json_reads(&again, text.as_bytes());
        prop_assert_eq!(again.saved(), stored);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 8, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_wrong_byte_anywhere_is_never_read_as_something_else(text in configuration()) {
        let bytes = b"\0 \"\\,:{}[]019-.eEaAnt\x1f\x7f\x80\xc3\xff".iter().copied();
        assert_each_corruption_is_refused_or_harmless(text.to_string().as_bytes(), &bytes);
    }
}

/// The grammar again, as derived by serde.
#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
#[allow(dead_code, reason = "only whether it can be read matters")]
struct Reference {
    urn: Option<String>,
    imei: Option<String>,
    #[serde(deserialize_with = "serde::Deserialize::deserialize")]
    secret: Option<String>,
    endpoint: Option<ReferenceEndpoint>,
    address: Option<String>,
    port: Option<NonZero<u16>>,
    apn: Option<String>,
    keep_alive_limit: Option<NonZero<u16>>,
    status_table: Option<BTreeMap<String, String>>,
}

#[derive(serde::Deserialize)]
#[serde(untagged)]
#[allow(dead_code, reason = "only whether it can be read matters")]
enum ReferenceEndpoint {
    Known(String),
    Custom { host: String, path: String },
}

fn serde_reads(text: &str) -> bool {
    let read: Result<Reference, _> = serde_json::from_str(text);
    read.is_ok_and(|read| read.urn.is_some() != read.imei.is_some())
}

fn text_of(rng: &mut Rng, len: RangeInclusive<usize>, alphabet: &[u8]) -> String {
    let len = rng.usize(len);
    let bytes = (0..len).map(|_| char::from(*rng.choice(alphabet).unwrap()));
    bytes.collect()
}

/// Name, field and JSON text of every member of a configuration that is accepted, in any order.
fn members(rng: &mut Rng) -> Vec<(&'static str, i32, String)> {
    let quoted = |text: String| serde_json::to_string(&text).unwrap();
    let mut members = vec![if rng.bool() {
        let urn = text_of(rng, 1..=95, b"abcXYZ019-./_");
        ("urn", KPN_CONFIG_FIELD_URN, quoted(format!("a{urn}")))
    } else {
        (
            "imei",
            KPN_CONFIG_FIELD_IMEI,
            quoted("490154203237518".to_owned()),
        )
    }];
    let secret = match rng.u8(..4) {
        0 => "null".to_owned(),
        _ => quoted(text_of(rng, 30..=100, b"abcXYZ019")),
    };
    members.push(("secret", KPN_CONFIG_FIELD_SECRET, secret));
    let own = rng.bool();
    if own {
        let host = format!("h{}", text_of(rng, 0..=63, b"abc\"\\:.-"));
        let path = format!("/{}", text_of(rng, 0..=63, b"abc\"\\?=/%"));
        let value = json!({"host": host, "path": path}).to_string();
        members.push(("endpoint", KPN_CONFIG_FIELD_ENDPOINT, value));
    } else if rng.bool() {
        let word = *rng.choice(["m2m", "internet"].as_slice()).unwrap();
        members.push((
            "endpoint",
            KPN_CONFIG_FIELD_ENDPOINT,
            quoted(word.to_owned()),
        ));
    }
    if own || rng.bool() {
        let address = format!("a{}", text_of(rng, 0..=63, b"abc019.-:_"));
        members.push(("address", KPN_CONFIG_FIELD_ADDRESS, quoted(address)));
    }
    for (name, field) in [
        ("port", KPN_CONFIG_FIELD_PORT),
        ("keepAliveLimit", KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT),
    ] {
        if rng.bool() {
            let any = rng.u16(1..);
            let number = *rng.choice([1, 9, 10, 65535, any].as_slice()).unwrap();
            members.push((name, field, number.to_string()));
        }
    }
    if rng.bool() {
        let apn = text_of(rng, 1..=63, b"abc019.-_!~");
        members.push(("apn", KPN_CONFIG_FIELD_APN, quoted(apn)));
    }
    if rng.bool() {
        let entries: serde_json::Map<_, _> = (0..rng.usize(..=8))
            .map(|at| {
                let word = *rng.choice(WORDS.as_slice()).unwrap();
                ((200 + 100 * at).to_string(), word.into())
            })
            .collect();
        let value = Value::from(entries).to_string();
        members.push(("statusTable", KPN_CONFIG_FIELD_STATUS_TABLE, value));
    }
    rng.shuffle(&mut members);
    members
}

/// Puts one fault into the members, and returns what must be reported; `None` if the text must be accepted.
fn spoil(rng: &mut Rng, members: &mut Vec<(&'static str, i32, String)>) -> Option<(i32, i32)> {
    let at = rng.usize(..members.len());
    let (name, field, _) = members[at];
    match rng.u8(..6) {
        0 => {
            let name = *rng
                .choice(["", "x", "Port", "host", "urn ", "secret\\u0000"].as_slice())
                .unwrap();
            let value = *rng
                .choice(["1", "null", "[[[[[[]]]]]]", "{\"port\":1}"].as_slice())
                .unwrap();
            members.insert(at, (name, KPN_CONFIG_FIELD_DOCUMENT, value.to_owned()));
            Some((KPN_CONFIG_FIELD_DOCUMENT, ERR_CONFIG_UNKNOWN))
        }
        1 => {
            let value = members[at].2.clone();
            members.push((name, field, value));
            Some((field, ERR_CONFIG_REPEATED))
        }
        2 => {
            members.retain(|(name, ..)| *name != "secret");
            Some((KPN_CONFIG_FIELD_SECRET, ERR_CONFIG_MISSING))
        }
        3 => {
            let value = *rng
                .choice(["true", "false", "[]", "[1]"].as_slice())
                .unwrap();
            value.clone_into(&mut members[at].2);
            Some((field, ERR_CONFIG_TYPE))
        }
        4 if [KPN_CONFIG_FIELD_PORT, KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT].contains(&field) => {
            let numbers = [
                "0",
                "65536",
                "-1",
                "1.0",
                "1e1",
                "-0",
                "18446744073709551617",
                "1e999",
            ];
            (*rng.choice(numbers.as_slice()).unwrap()).clone_into(&mut members[at].2);
            Some((field, ERR_NUMBER_RANGE))
        }
        4 if name == "urn" || name == "imei" => {
            members.remove(at);
            Some((KPN_CONFIG_FIELD_URN, ERR_CONFIG_MISSING))
        }
        _ => None,
    }
}

#[test]
fn a_random_text_is_read_as_serde_json_reads_it_or_refused_for_its_fault() {
    let number = |name, otherwise| {
        std::env::var(name).map_or(otherwise, |text| text.parse::<u64>().unwrap())
    };
    let seed = number("KPN_SEED", 1);
    for seed in seed..seed + number("KPN_CASES", 100_000) {
        let rng = &mut Rng::with_seed(seed);
        let mut members = members(rng);
        let fault = spoil(rng, &mut members);
        let colon = *rng.choice([":", " : ", ":\n"].as_slice()).unwrap();
        let members = members
            .iter()
            .map(|(name, _, value)| format!("\"{name}\"{colon}{value}"));
        let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        let again = format!("{text}, again with KPN_SEED={seed} KPN_CASES=1");
        assert_eq!(serde_reads(&text), fault.is_none(), "{again}");
        match (read(&text), fault) {
            (Err(problem), Some(fault)) => {
                assert_eq!((problem.field, problem.reason), fault, "{again}");
            }
            (Ok(config), None) => {
                assert_as_serde_json_reads(&config, text.as_bytes());
                let saved = config.saved();
                let reloaded = read(&saved).unwrap();
                assert_as_serde_json_reads(&reloaded, text.as_bytes());
                assert_eq!(reloaded.saved(), saved, "{again}");
            }
            (read, _) => panic!("{read:?} {fault:?} {again}"),
        }
    }
}
