// SPDX-License-Identifier: MIT OR Apache-2.0
//! What is refused: each with the field, the reason and the place that are reported.

use kpn_things::ffi::config::field::{
    KPN_CONFIG_FIELD_ADDRESS, KPN_CONFIG_FIELD_APN, KPN_CONFIG_FIELD_DOCUMENT,
    KPN_CONFIG_FIELD_ENDPOINT, KPN_CONFIG_FIELD_HOST, KPN_CONFIG_FIELD_IMEI,
    KPN_CONFIG_FIELD_KEEP_ALIVE_LIMIT, KPN_CONFIG_FIELD_PATH, KPN_CONFIG_FIELD_PORT,
    KPN_CONFIG_FIELD_SECRET, KPN_CONFIG_FIELD_STATUS_TABLE, KPN_CONFIG_FIELD_URN,
};
use serde_json::{Value, json};

use crate::driver::field_name;
use crate::status::{
    ERR_CONFIG, ERR_CONFIG_MISSING, ERR_CONFIG_REPEATED, ERR_CONFIG_TOO_LONG, ERR_CONFIG_TYPE,
    ERR_CONFIG_UNKNOWN, ERR_HEAD_TEXT, ERR_IMEI_CHECK_DIGIT, ERR_JSON_SYNTAX, ERR_JSON_TRUNCATED,
    ERR_NUMBER_RANGE, ERR_SECRET, ERR_SENML_NAME, ERR_URN,
};
use crate::{ADDRESS_MAX, APN_MAX, FULL, HOST_MAX, PATH_MAX, SECRET, URN, URN_MAX, read, with};

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
