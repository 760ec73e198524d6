//! The examples of RFC 8428 section 5.1, written by our writer from what they mean.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::std_instead_of_core,
    reason = "a test may panic"
)]

use std::fs;
use std::path::PathBuf;

use kpn_things::json::reader::{Span, strip_whitespace};
use kpn_things::number::{self, Decimal};
use kpn_things::senml::pack::{Pack, PackState};
use kpn_things::senml::reader;
use kpn_things::senml::record::Value;
use serde_json::Value as Json;

fn vector(name: &str) -> Vec<u8> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/senml");
    fs::read(folder.join(name)).unwrap()
}

/// The examples of section 5.1, by the part of the file name that tells them apart.
fn examples() -> Vec<String> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/vectors/senml");
    let names = fs::read_dir(folder).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let mut examples: Vec<String> = names
        .filter_map(|name| {
            let name = name.strip_prefix("rfc8428-5.1")?;
            Some(name.strip_suffix(".resolved.json")?.to_owned())
        })
        .collect();
    examples.sort();
    examples
}

fn decimal(json: &Json) -> Decimal {
    number::to_decimal(json.to_string().as_bytes()).unwrap()
}

/// A name's part up to its last separator, which becomes the base name.
fn split(name: &str) -> (&str, &str) {
    let (_, last) = name.rsplit_once([':', '/']).unwrap();
    (name.strip_suffix(last).unwrap(), last)
}

/// Writes resolved records, with the first one's time as base time.
fn write(resolved: &[Json], merged: bool) -> Vec<u8> {
    let mut buffer = vec![0; 2048];
    let mut state = PackState::default();
    let (mut base, _) = split(resolved[0]["n"].as_str().unwrap());
    let mut pack = Pack::begin(&mut state, &mut buffer, 0, false, base.as_bytes()).unwrap();
    if merged {
        pack.set_merged().unwrap();
    }
    let base_time = resolved[0].get("t");
    if let Some(time) = base_time {
        pack.set_base_time(decimal(time)).unwrap();
    }
    for record in resolved {
        let (front, name) = split(record["n"].as_str().unwrap());
        if front != base {
            base = front;
            pack.set_base_name(base.as_bytes()).unwrap();
        }
        if let Some(time) = record.get("t").filter(|time| Some(*time) != base_time) {
            pack.set_time(decimal(time)).unwrap();
        }
        let unit = record
            .get("u")
            .map(|unit| unit.as_str().unwrap().as_bytes());
        let name = name.as_bytes();
        if let Some(value) = record.get("v") {
            let value = value.as_f64().unwrap();
            pack.add_number(name, unit, |out| number::write_f64(out, value))
        } else if let Some(value) = record.get("vb") {
            pack.add_bool(name, unit, value.as_bool().unwrap())
        } else if let Some(value) = record.get("vs") {
            pack.add_text(name, unit, value.as_str().unwrap().as_bytes())
        } else {
            use base64::Engine;
            let engine = base64::engine::general_purpose::URL_SAFE_NO_PAD;
            let data = engine.decode(record["vd"].as_str().unwrap()).unwrap();
            pack.add_data(name, unit, &data)
        }
        .unwrap();
    }
    let len = pack.finish().unwrap();
    buffer[..len].to_vec()
}

/// Name, unit, value and time of each record.
fn read(text: &[u8]) -> Vec<[String; 4]> {
    let mut text = text.to_vec();
    let mut pack = reader::Pack::new();
    pack.validate(&text).unwrap();
    let mut rows = Vec::new();
    while let Some(record) = pack.next(&mut text).unwrap() {
        let string = |span: Span| std::str::from_utf8(span.of(&text)).unwrap().to_owned();
        let value = match record.value {
            Value::Number(num) => format!("{:?}", num.to_decimal(&text).unwrap()),
            Value::Bool(value) => value.to_string(),
            Value::Text(span) => string(span),
            Value::Data(span) => format!("{:?}", span.of(&text)),
            Value::None => "a sum".to_owned(),
        };
        rows.push([
            string(record.base_name) + &string(record.name),
            string(record.unit),
            value,
            format!("{:?}", record.time.to_decimal(&text).unwrap()),
        ]);
    }
    rows
}

#[test]
fn every_example_keeps_its_meaning() {
    let examples = examples();
    assert_eq!(examples.len(), 11);
    for example in examples {
        let resolved = vector(&format!("rfc8428-5.1{example}.resolved.json"));
        let original = vector(&format!("rfc8428-5.1{example}.json"));
        let records: Vec<Json> = serde_json::from_slice(&resolved).unwrap();
        for merged in [false, true] {
            let written = write(&records, merged);
            assert_eq!(read(&written), read(&resolved), "{example}");
            assert_eq!(read(&written), read(&original), "{example}");
        }
    }
}

#[test]
fn examples_of_the_form_that_we_write_come_out_byte_for_byte() {
    for (example, merged) in [(".2-a", true), (".5", true), (".7-a", false)] {
        let resolved = vector(&format!("rfc8428-5.1{example}.resolved.json"));
        let mut original = vector(&format!("rfc8428-5.1{example}.json"));
        let len = strip_whitespace(&mut original).unwrap();
        let records: Vec<Json> = serde_json::from_slice(&resolved).unwrap();
        let written = String::from_utf8(write(&records, merged)).unwrap();
        assert_eq!(written.as_bytes(), &original[..len], "{written}");
    }
}
