// SPDX-License-Identifier: MIT OR Apache-2.0
//! Whatever is read, serde reads the same; whatever serde refuses is refused.

use core::num::NonZero;
use core::ops::RangeInclusive;
use std::collections::BTreeMap;

use fastrand::Rng;
use kpn_things::ffi::config::field::{
    KPN_CONFIG_FIELD_ADDRESS, KPN_CONFIG_FIELD_APN, KPN_CONFIG_FIELD_DOCUMENT,
    KPN_CONFIG_FIELD_ENDPOINT, KPN_CONFIG_FIELD_IMEI, KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT,
    KPN_CONFIG_FIELD_PORT, KPN_CONFIG_FIELD_SECRET, KPN_CONFIG_FIELD_STATUS_TABLE,
    KPN_CONFIG_FIELD_URN,
};
use proptest::prelude::*;
use serde_json::{Value, json};

use crate::driver::Config;
use crate::random::{Blame, pick, setting};
use crate::status::{
    ERR_CONFIG_MISSING, ERR_CONFIG_REPEATED, ERR_CONFIG_TYPE, ERR_CONFIG_UNKNOWN, ERR_NUMBER_RANGE,
};
use crate::{FULL, INTERNET, M2M, WORDS, endpoint, read};

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
    let bytes = (0..len).map(|_| char::from(pick(rng, alphabet)));
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
        let word = pick(rng, &["m2m", "internet"]);
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
            let number = pick(rng, &[1, 9, 10, 65535, any]);
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
                let word = pick(rng, &WORDS);
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
            let name = pick(rng, &["", "x", "Port", "host", "urn ", "secret\\u0000"]);
            let value = pick(rng, &["1", "null", "[[[[[[]]]]]]", "{\"port\":1}"]);
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
            let value = pick(rng, &["true", "false", "[]", "[1]"]);
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
            pick(rng, &numbers).clone_into(&mut members[at].2);
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
    let seed = setting("KPN_SEED", 1);
    for seed in seed..seed + setting("KPN_CASES", 100_000) {
        let _blame = Blame(seed);
        let rng = &mut Rng::with_seed(seed);
        let mut members = members(rng);
        let fault = spoil(rng, &mut members);
        let colon = pick(rng, &[":", " : ", ":\n"]);
        let members = members
            .iter()
            .map(|(name, _, value)| format!("\"{name}\"{colon}{value}"));
        let text = format!("{{{}}}", members.collect::<Vec<_>>().join(","));
        assert_eq!(serde_reads(&text), fault.is_none(), "{text}");
        match (read(&text), fault) {
            (Err(problem), Some(fault)) => {
                assert_eq!((problem.field, problem.reason), fault, "{text}");
            }
            (Ok(config), None) => {
                assert_as_serde_json_reads(&config, text.as_bytes());
                let saved = config.saved();
                let reloaded = read(&saved).unwrap();
                assert_as_serde_json_reads(&reloaded, text.as_bytes());
                assert_eq!(reloaded.saved(), saved, "{text}");
            }
            (read, _) => panic!("{read:?} {fault:?} {text}"),
        }
    }
}
