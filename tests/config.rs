//! The device's configuration: what it accepts, what it refuses and how it says so, and that writing loses nothing.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::std_instead_of_core,
    clippy::too_many_lines,
    reason = "a test may panic, and runs on a host; the table of refusals is long"
)]

use kpn_things::buf::Buf;
use kpn_things::error::Error;
use kpn_things::things::config::{
    ADDRESS_MAX, APN_MAX, Config, Field, HOST_MAX, PATH_MAX, Problem, TEXT_MAX,
};
use kpn_things::things::outcome::Outcome;
use kpn_things::things::urn::URN_MAX;
use kpn_things::things::{endpoint, urn};
use proptest::prelude::*;
use serde_json::{Value, json};

const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
const URN: &str = "urn:dev:IMEI:490154203237518:";
const FULL: &str = r#"{"imei": "490154203237518",
 "secret": "0123456789abcdefghijklmnopqrstuvwxyzABCD",
 "endpoint": "m2m", "address": "10.151.236.157", "port": 80,
 "apn": "kpnthings.iot", "keepAliveLimit": 100, "statusTable": {"401": "tokenRejected"}}"#;

const WORDS: [(&str, Outcome); 7] = [
    ("accepted", Outcome::Accepted),
    ("malformed", Outcome::Malformed),
    ("tokenRejected", Outcome::TokenRejected),
    ("deviceUnknown", Outcome::DeviceUnknown),
    ("retryLater", Outcome::RetryLater),
    ("refused", Outcome::Refused),
    ("unexpected", Outcome::Unexpected),
];

fn read(text: impl AsRef<[u8]>) -> Result<Config, Problem> {
    let mut config = Config::new();
    let result = config.read(text.as_ref());
    assert_eq!(result.is_err(), config == Config::new());
    result.map(|()| config)
}

fn written(config: &Config) -> Vec<u8> {
    let mut memory = [0; TEXT_MAX];
    let mut out = Buf::new(&mut memory, 0);
    config.write(&mut out).unwrap();
    out.written().to_vec()
}

/// The smallest text that is accepted, with one field more or another value.
fn with(field: &str, value: Value) -> String {
    let mut text = json!({"urn": URN, "secret": SECRET});
    text[field] = value;
    text.to_string()
}

#[test]
fn reads_every_field() {
    let config = read(FULL).unwrap();
    assert_eq!(config.urn(), URN);
    assert_eq!(config.secret(), Some(SECRET.as_bytes()));
    assert_eq!(config.endpoint(), endpoint::M2M);
    assert_eq!(config.apn(), Some(endpoint::APN_KPN_THINGS));
    assert_eq!(config.keep_alive_limit(), 100);
    assert_eq!(config.statuses().outcome(401), Outcome::TokenRejected);
    assert_eq!(config.statuses().entries().count(), 1);
}

#[test]
fn fills_in_what_is_left_out() {
    let config = read(json!({"urn": URN, "secret": null}).to_string()).unwrap();
    assert_eq!(config.secret(), None);
    assert_eq!(config.endpoint(), endpoint::M2M);
    assert_eq!(config.apn(), None);
    assert_eq!(config.keep_alive_limit(), 100);
    assert!(config.statuses().entries().next().is_none());

    let config = read(with("endpoint", json!("internet"))).unwrap();
    assert_eq!(config.endpoint(), endpoint::INTERNET);
}

#[test]
fn takes_an_endpoint_of_ones_own() {
    let config = read(
        json!({"urn": URN, "secret": SECRET, "endpoint": {"path": "/p?q=\"1\"", "host": "h:81"},
               "address": "2001:db8::1", "port": 65535})
        .to_string(),
    )
    .unwrap();
    let own = config.endpoint();
    assert_eq!((own.host, own.path), (&b"h:81"[..], &b"/p?q=\"1\""[..]));
    assert_eq!((own.address, own.port), (&b"2001:db8::1"[..], 65535));
    assert!(!own.tls);
}

#[test]
fn the_order_of_fields_white_space_and_escapes_do_not_matter() {
    let text = "\r\n{ \"p\\u006frt\"\t: 81 ,\"endpoint\":{\"path\":\"\\/x\",\"\\u0068ost\":\"\\u006d.m\"},\n\
                \"address\":\"a\",\"secret\":null,\"\\u0075rn\":\"\\u0061\"} ";
    let config = read(text).unwrap();
    assert_eq!(config.urn(), "a");
    let own = config.endpoint();
    assert_eq!((own.host, own.path), (&b"m.m"[..], &b"/x"[..]));
    assert_eq!((own.address, own.port), (&b"a"[..], 81));
}

#[test]
fn each_refusal_names_the_field_and_the_reason() {
    use Error as E;
    use Field as F;
    let long = |max: usize| json!("1".repeat(max + 1));
    let own = |value: Value| with("endpoint", value);
    let statuses = |text: &str| format!(r#"{{"urn":"{URN}","secret":null,"statusTable":{text}}}"#);
    for (text, field, reason) in [
        (String::new(), F::Document, E::JSON_TRUNCATED),
        ("[]".into(), F::Document, E::CONFIG_TYPE),
        ("null".into(), F::Document, E::CONFIG_TYPE),
        ("{}".into(), F::Secret, E::CONFIG_MISSING),
        (
            json!({"urn": URN}).to_string(),
            F::Secret,
            E::CONFIG_MISSING,
        ),
        (
            json!({"secret": SECRET}).to_string(),
            F::Urn,
            E::CONFIG_MISSING,
        ),
        (format!("{FULL}x"), F::Document, E::JSON_SYNTAX),
        (format!("{FULL}{FULL}"), F::Document, E::JSON_SYNTAX),
        (with("x", json!([[[[1]]]])), F::Document, E::CONFIG_UNKNOWN),
        (with("", json!(1)), F::Document, E::CONFIG_UNKNOWN),
        (with("host", json!("h")), F::Document, E::CONFIG_UNKNOWN),
        (with("Port", json!(80)), F::Document, E::CONFIG_UNKNOWN),
        (
            r#"{"port":80,"port":80}"#.into(),
            F::Port,
            E::CONFIG_REPEATED,
        ),
        (
            r#"{"urn":"a","imei":""}"#.into(),
            F::Imei,
            E::CONFIG_REPEATED,
        ),
        (
            r#"{"imei":"490154203237518","urn":"a"}"#.into(),
            F::Urn,
            E::CONFIG_REPEATED,
        ),
        (
            r#"{"secret":null,"secret":null}"#.into(),
            F::Secret,
            E::CONFIG_REPEATED,
        ),
        (with("urn", json!(1)), F::Urn, E::CONFIG_TYPE),
        (with("urn", json!("")), F::Urn, E::SENML_NAME),
        (with("urn", json!("a b")), F::Urn, E::SENML_NAME),
        (with("urn", json!("é")), F::Urn, E::CONFIG),
        (with("urn", json!("urn:dev:IMEI:1")), F::Urn, E::URN),
        (with("urn", long(URN_MAX)), F::Urn, E::CONFIG_TOO_LONG),
        (
            r#"{"imei":"123456789012345"}"#.into(),
            F::Imei,
            E::IMEI_CHECK_DIGIT,
        ),
        (r#"{"imei":"12345678901234"}"#.into(), F::Imei, E::URN),
        (
            r#"{"imei":490154203237518}"#.into(),
            F::Imei,
            E::CONFIG_TYPE,
        ),
        (with("secret", json!("short")), F::Secret, E::SECRET),
        (with("secret", json!("")), F::Secret, E::SECRET),
        (with("secret", json!("-".repeat(30))), F::Secret, E::SECRET),
        (with("secret", long(100)), F::Secret, E::CONFIG_TOO_LONG),
        (with("secret", json!(true)), F::Secret, E::CONFIG_TYPE),
        (own(json!("M2M")), F::Endpoint, E::CONFIG),
        (own(json!(null)), F::Endpoint, E::CONFIG_TYPE),
        (own(json!({})), F::Host, E::CONFIG_MISSING),
        (own(json!({"host": "h"})), F::Path, E::CONFIG_MISSING),
        (own(json!({"path": "/"})), F::Host, E::CONFIG_MISSING),
        (
            own(json!({"host": "h", "path": "/"})),
            F::Address,
            E::CONFIG_MISSING,
        ),
        (
            own(json!({"host": "h", "path": "/", "x": 1})),
            F::Endpoint,
            E::CONFIG_UNKNOWN,
        ),
        (own(json!({"host": "h\r\nX: 1"})), F::Host, E::HEAD_TEXT),
        (own(json!({"host": ""})), F::Host, E::HEAD_TEXT),
        (own(json!({"host": 1})), F::Host, E::CONFIG_TYPE),
        (
            own(json!({"host": "h", "path": "x"})),
            F::Path,
            E::HEAD_TEXT,
        ),
        (
            own(json!({"host": "h", "path": "/ "})),
            F::Path,
            E::HEAD_TEXT,
        ),
        (
            own(json!({"path": "/".repeat(PATH_MAX + 1)})),
            F::Path,
            E::CONFIG_TOO_LONG,
        ),
        (
            own(json!({"host": "h".repeat(HOST_MAX + 1)})),
            F::Host,
            E::CONFIG_TOO_LONG,
        ),
        (
            r#"{"endpoint":{"host":"h","host":"h"}}"#.into(),
            F::Host,
            E::CONFIG_REPEATED,
        ),
        (with("address", json!("10.151.236")), F::Address, E::CONFIG),
        (
            with("address", json!("10.151.236.256")),
            F::Address,
            E::CONFIG,
        ),
        (
            with("address", json!("10.151.236.157.1")),
            F::Address,
            E::CONFIG,
        ),
        (
            with("address", json!("010.151.236.157")),
            F::Address,
            E::CONFIG,
        ),
        (with("address", json!("10.151..157")), F::Address, E::CONFIG),
        (with("address", json!("")), F::Address, E::CONFIG),
        (with("address", json!("a b")), F::Address, E::CONFIG),
        (
            with("address", long(ADDRESS_MAX)),
            F::Address,
            E::CONFIG_TOO_LONG,
        ),
        (with("port", json!("80")), F::Port, E::CONFIG_TYPE),
        (with("port", json!(0)), F::Port, E::NUMBER_RANGE),
        (with("port", json!(65536)), F::Port, E::NUMBER_RANGE),
        (with("port", json!(-1)), F::Port, E::NUMBER_RANGE),
        (with("port", json!(80.0)), F::Port, E::NUMBER_RANGE),
        (r#"{"port":8e1}"#.into(), F::Port, E::NUMBER_RANGE),
        (r#"{"port":080}"#.into(), F::Port, E::NUMBER_RANGE),
        (with("apn", json!("")), F::Apn, E::CONFIG),
        (with("apn", json!(null)), F::Apn, E::CONFIG_TYPE),
        (with("apn", json!("a\"b")), F::Apn, E::CONFIG),
        (with("apn", json!("a b")), F::Apn, E::CONFIG),
        (with("apn", long(APN_MAX)), F::Apn, E::CONFIG_TOO_LONG),
        (
            with("keepAliveLimit", json!(0)),
            F::KeepAliveLimit,
            E::NUMBER_RANGE,
        ),
        (
            with("keepAliveLimit", json!(null)),
            F::KeepAliveLimit,
            E::CONFIG_TYPE,
        ),
        (statuses("[]"), F::StatusTable, E::CONFIG_TYPE),
        (statuses(r#"{"401":1}"#), F::StatusTable, E::CONFIG_TYPE),
        (statuses(r#"{"401":"x"}"#), F::StatusTable, E::CONFIG),
        (
            statuses(r#"{"4 1":"accepted"}"#),
            F::StatusTable,
            E::NUMBER_RANGE,
        ),
        (
            statuses(r#"{"":"accepted"}"#),
            F::StatusTable,
            E::NUMBER_RANGE,
        ),
        (
            statuses(r#"{" 401":"accepted"}"#),
            F::StatusTable,
            E::NUMBER_RANGE,
        ),
        (
            statuses(r#"{"199":"accepted"}"#),
            F::StatusTable,
            E::NUMBER_RANGE,
        ),
        (
            statuses(&format!(
                "{{{}}}",
                (400..409)
                    .map(|status| format!(r#""{status}":"refused""#))
                    .collect::<Vec<_>>()
                    .join(",")
            )),
            F::StatusTable,
            E::CONFIG_TOO_LONG,
        ),
        (
            statuses(r#"{"401":"accepted","401":"accepted"}"#),
            F::StatusTable,
            E::CONFIG_REPEATED,
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
    for field in Field::ALL {
        let unknown = read(format!(r#"{{"{}":[]}}"#, field.name())).unwrap_err();
        let inner = matches!(field, Field::Document | Field::Host | Field::Path);
        let expected = if inner { Field::Document } else { *field };
        assert_eq!(unknown.field, expected);
    }
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
    let text = written(&config);
    assert_eq!(text.len(), TEXT_MAX);
    assert_eq!(read(&text).unwrap(), config);
    config.wipe();
    assert_eq!(config, Config::new());
}

#[test]
fn an_empty_configuration_is_not_written() {
    let mut memory = [0; TEXT_MAX];
    let mut out = Buf::new(&mut memory, 0);
    assert_eq!(Config::new().write(&mut out), Err(Error::STATE));
    assert!(out.is_empty());
}

#[test]
fn a_failed_read_leaves_nothing_of_what_was_there() {
    let mut config = read(FULL).unwrap();
    config.read(b"{").unwrap_err();
    assert_eq!(config, Config::new());
    assert!(config.is_empty());
}

#[test]
fn every_capacity_below_the_need_is_told_and_nothing_behind_it_touched() {
    let config = read(FULL).unwrap();
    let need = written(&config).len();
    for capacity in 0..need {
        let mut memory = [0xA5; TEXT_MAX];
        let mut out = Buf::new(&mut memory[..capacity], 0);
        assert_eq!(config.write(&mut out), Err(Error::BUFFER_FULL));
        assert_eq!(out.len(), need);
        assert!(memory[capacity..].iter().all(|&byte| byte == 0xA5));
    }
    let mut memory = vec![0; need];
    let mut out = Buf::new(&mut memory, 0);
    assert_eq!(config.write(&mut out), Ok(()));
    assert_eq!(out.written(), written(&config));
}

#[test]
fn printing_does_not_show_the_secret() {
    let printed = format!("{:?}", read(FULL).unwrap());
    assert!(printed.contains("***") && !printed.contains(&SECRET[..4]));
}

#[test]
fn configurations_that_differ_in_one_letter_of_the_secret_differ() {
    let config = read(FULL).unwrap();
    for at in 0..SECRET.len() {
        let mut other = SECRET.to_owned();
        other.replace_range(at..=at, "Z");
        assert_ne!(config, read(FULL.replace(SECRET, &other)).unwrap());
    }
    let longer = format!("{SECRET}D");
    assert_ne!(config, read(FULL.replace(SECRET, &longer)).unwrap());
    assert_eq!(config, read(FULL).unwrap());
}

/// What `serde_json` makes of a text, held against what was read.
fn assert_as_serde_json_reads(config: &Config, text: &[u8]) {
    let value: Value = serde_json::from_slice(text).unwrap();
    let string = |value: &Value| value.as_str().unwrap().to_owned();
    match &value["urn"] {
        Value::Null => {
            let imei = string(&value["imei"]);
            assert_eq!(config.urn(), format!("urn:dev:IMEI:{imei}:"));
        }
        given => assert_eq!(config.urn(), string(given)),
    }
    urn::check(config.urn().as_bytes()).unwrap();
    let secret = value["secret"].as_str().map(str::as_bytes);
    assert_eq!(config.secret(), secret);
    let own = config.endpoint();
    let known = match &value["endpoint"] {
        Value::Object(inner) => {
            assert_eq!(own.host, string(&inner["host"]).as_bytes());
            assert_eq!(own.path, string(&inner["path"]).as_bytes());
            own
        }
        Value::String(word) if word == "internet" => endpoint::INTERNET,
        word => {
            assert!(word.is_null() || word == "m2m");
            endpoint::M2M
        }
    };
    assert_eq!(
        (own.host, own.path, own.tls),
        (known.host, known.path, known.tls)
    );
    match &value["address"] {
        Value::Null => assert_eq!(own.address, known.address),
        given => assert_eq!(own.address, string(given).as_bytes()),
    }
    match &value["port"] {
        Value::Null => assert_eq!(own.port, known.port),
        given => assert_eq!(u64::from(own.port), given.as_u64().unwrap()),
    }
    let apn = (!value["apn"].is_null()).then(|| string(&value["apn"]));
    assert_eq!(config.apn(), apn.as_deref());
    let limit = value
        .get("keepAliveLimit")
        .map_or(100, |limit| limit.as_u64().unwrap());
    assert_eq!(u64::from(config.keep_alive_limit()), limit);
    let empty = serde_json::Map::new();
    let statuses = value["statusTable"].as_object().unwrap_or(&empty);
    assert_eq!(config.statuses().entries().count(), statuses.len());
    for (status, word) in statuses {
        let status: u16 = status.parse().unwrap();
        let mut entries = config.statuses().entries();
        let (_, outcome) = entries.find(|(known, _)| *known == status).unwrap();
        assert!(WORDS.contains(&(word.as_str().unwrap(), outcome)));
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
        *field == "imei" || urn::check(text.as_bytes()).is_ok()
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
                        .map(|(status, at)| (status.to_string(), WORDS[at].0.into()))
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
        let stored = written(&config);
        prop_assert_eq!(&read(&stored).unwrap(), &config);
        assert_as_serde_json_reads(&config, &stored);
        prop_assert_eq!(written(&read(&stored).unwrap()), stored);
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
