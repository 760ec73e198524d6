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

#[path = "config/against_serde.rs"]
mod against_serde;
#[path = "common/config.rs"]
mod driver;
#[path = "common/random.rs"]
mod random;
#[path = "config/refusals.rs"]
mod refusals;
#[path = "common/status.rs"]
mod status;

use driver::{Config, Problem};
use kpn_things::ffi::config::KPN_CONFIG_TEXT_MAX;
use serde_json::{Value, json};
use status::{ERR_BUFFER_FULL, ERR_STATE};

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
