// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tests of the rules over whole packs.

use super::super::parse::parse;
use super::*;

const NOW: f64 = 1_700_000_000.0;

fn check_text(text: &str) -> Checked {
    check(&parse(text.as_bytes()).unwrap(), NOW)
}

/// The problems of a pack whose base record is correct.
fn problems_of(record: &str) -> Vec<String> {
    sentences(&check_text(&format!(
        r#"[{{"bn":"urn:dev:IMEI:1:"}},{record}]"#
    )))
}

fn sentences(checked: &Checked) -> Vec<String> {
    let problems = checked.problems.iter();
    problems.map(|problem| problem.sentence.clone()).collect()
}

#[test]
fn resolves_the_sample_of_the_documentation() {
    let checked = check_text(
        r#"[
          {"bn": "urn:dev:DEVEUI:0123456789ABCDEF:", "bt": 1.58565075E9},
          {"n": "temperature", "v": 20.5, "u": "Cel"},
          {"n": "batteryVoltage", "v": 3.6, "u": "V", "t": 10},
          {"n": "active", "vb": true},
          {"n": "modus", "vs": "Active"},
          {"n": "image", "vd": "aGFsbG9vb29vISE="}
        ]"#,
    );
    assert_eq!(checked.problems, []);
    assert_eq!(checked.notes.len(), 1);
    let json = serde_json::to_value(&checked.records).unwrap();
    assert_eq!(
        json,
        serde_json::json!([
            {"n":"urn:dev:DEVEUI:0123456789ABCDEF:temperature","u":"Cel","v":20.5,"t":1_585_650_750.0},
            {"n":"urn:dev:DEVEUI:0123456789ABCDEF:batteryVoltage","u":"V","v":3.6,"t":1_585_650_760.0},
            {"n":"urn:dev:DEVEUI:0123456789ABCDEF:active","vb":true,"t":1_585_650_750.0},
            {"n":"urn:dev:DEVEUI:0123456789ABCDEF:modus","vs":"Active","t":1_585_650_750.0},
            {"n":"urn:dev:DEVEUI:0123456789ABCDEF:image","vd":"aGFsbG9vb29vISE","t":1_585_650_750.0}
        ])
    );
}

#[test]
fn fills_in_missing_and_relative_times() {
    let checked = check_text(
        r#"[{"bn":"d:","n":"a","v":1},{"n":"b","v":1,"t":-30.5},{"n":"c","v":1,"t":1585650750}]"#,
    );
    let times: Vec<f64> = checked.records.iter().map(|r| r.time).collect();
    assert_eq!(times, [NOW, NOW - 30.5, 1_585_650_750.0]);
}

#[test]
fn base_fields_hold_until_replaced() {
    let checked = check_text(
        r#"[{"bn":"a:","bu":"Cel","bv":20,"bs":100,"n":"x","v":0.5},
            {"n":"y","u":"V","v":1,"s":5},
            {"bn":"b:","bv":-1,"n":"z","v":1},
            {"n":"flag","vb":false}]"#,
    );
    assert_eq!(checked.problems, []);
    let seen: Vec<_> = checked
        .records
        .iter()
        .map(|r| (r.name.as_str(), r.unit.as_deref(), r.value.clone(), r.sum))
        .collect();
    assert_eq!(
        seen,
        [
            ("a:x", Some("Cel"), Some(Value::Number(20.5)), Some(100.0)),
            ("a:y", Some("V"), Some(Value::Number(21.0)), Some(105.0)),
            ("b:z", Some("Cel"), Some(Value::Number(0.0)), Some(100.0)),
            ("b:flag", Some("Cel"), Some(Value::Bool(false)), Some(100.0)),
        ]
    );
}

#[test]
fn says_what_is_wrong_with_a_record() {
    for (record, problem) in [
        (r#"{"n":"a","v":1,"vs":"x"}"#, "record 2: both v and vs"),
        (r#"{"n":"a","v":1,"v":1}"#, "record 2: label v stands twice"),
        (
            r#"{"n":"a","v":"1"}"#,
            "record 2: v must be a number and is a string",
        ),
        (
            r#"{"n":"a","vb":1}"#,
            "record 2: vb must be a boolean and is a number",
        ),
        (
            r#"{"n":"a","vs":null}"#,
            "record 2: vs must be a string and is null",
        ),
        (
            r#"{"n":"a","vs":["x"]}"#,
            "record 2: vs must be a string and is an array",
        ),
        (
            r#"{"n":"a"}"#,
            "record 2: a name without a value (v, vb, vs, vd) or a sum (s)",
        ),
        (r#"{"v":1}"#, "record 2: a value without a name (n)"),
        (r#"{"n":"","v":1}"#, "record 2: a value without a name (n)"),
        (r#"{}"#, "record 2: the record is empty"),
        (
            r#"{"n":"a b","v":1}"#,
            "record 2: name \"urn:dev:IMEI:1:a b\" has ' ', which no SenML name may have",
        ),
        (
            r#"{"n":"a","v":1,"x_":1}"#,
            "record 2: label \"x_\" must be understood (it ends in _) and is not known",
        ),
        (
            r#"{"bver":11,"n":"a","v":1}"#,
            "record 2: bver 11 is above 10, the version known here",
        ),
        (
            r#"{"bver":1.5,"n":"a","v":1}"#,
            "record 2: bver 1.5 is not a version",
        ),
        (
            r#"{"bn":"x","n":"a","v":1}"#,
            "record 2: bn \"x\" does not end in a colon",
        ),
        (
            r#"{"bv":1e308,"n":"a","v":1e308}"#,
            "record 2: v and bv together are beyond a double",
        ),
    ] {
        assert_eq!(problems_of(record), [problem], "{record}");
    }
    assert_eq!(
        problems_of(r#"{"bver":5,"n":"a","v":1}"#),
        ["record 2: bver 5 differs from that of the first record"]
    );
    assert_eq!(
        problems_of(r#"{"n":"a","u":"","v":1}"#),
        ["record 2: the unit is empty"]
    );
    assert_eq!(problems_of(r#"{"n":"a","vd":"a"}"#).len(), 1);
    assert_eq!(problems_of(r#"{"n":"a","vd":"_-+/"}"#).len(), 1);
    assert_eq!(problems_of(r#"{"n":"a","vd":"aGk"}"#), Vec::<String>::new());
    assert_eq!(problems_of(r#"{"i_":-24,"v":1}"#).len(), 1);
    assert_eq!(problems_of(r#"{"n":"a","s":1}"#), Vec::<String>::new());
}

#[test]
fn a_base_sum_alone_makes_a_sum() {
    let checked = check_text(r#"[{"bn":"d:","bs":7},{"n":"a"},{"n":"b","s":-2}]"#);
    assert_eq!(checked.problems, []);
    let sums: Vec<_> = checked.records.iter().map(|record| record.sum).collect();
    assert_eq!(sums, [Some(7.0), Some(5.0)]);
}

#[test]
fn odd_packs_are_accepted_with_a_note() {
    for (text, note) in [
        (r#"[{"bn":"d:","bver":5}]"#, "the pack measures nothing"),
        (
            r#"[{"bn":"d:","n":"a","u":"°C","v":1}]"#,
            "record 1: unit \"°C\" is not registered for SenML; \"Cel\" is",
        ),
        (
            r#"[{"bn":"d:","n":"a","v":1,"t":1700000000000}]"#,
            "record 1: time 1700000000000 is thousands of years away: milliseconds instead of seconds?",
        ),
        (
            r#"[{"bn":"d:","n":"a","v":1,"color":{}}]"#,
            "record 1: unknown label \"color\" ignored",
        ),
    ] {
        let checked = check_text(text);
        assert_eq!(checked.problems, []);
        assert_eq!(checked.notes, [note]);
    }
}

#[test]
fn all_four_forms_of_base64_are_read() {
    for text in ["_-8", "_-8=", "/+8", "/+8="] {
        let checked = check_text(&format!(r#"[{{"bn":"d:","n":"a","vd":"{text}"}}]"#));
        assert_eq!(
            checked.records[0].value,
            Some(Value::Data(vec![0xff, 0xef])),
            "{text}"
        );
    }
}

#[test]
fn the_device_must_be_named_first() {
    assert_eq!(sentences(&check_text("[]")), ["the pack has no records"]);
    assert_eq!(
        sentences(&check_text(r#"[{"n":"a","v":1}]"#)),
        ["no record has a bn"]
    );
    assert_eq!(
        sentences(&check_text(r#"[{"n":"a","v":1},{"bn":"d:"}]"#)),
        ["record 1: no bn; the first record must name the device"]
    );
}

#[test]
fn every_problem_is_reported() {
    let checked = check_text(r#"[{"bn":"d"},{"n":"a","v":1,"vb":true},{"n":"?","v":1}]"#);
    assert_eq!(checked.problems.len(), 3);
}
