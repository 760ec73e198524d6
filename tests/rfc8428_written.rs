// SPDX-License-Identifier: MIT OR Apache-2.0
//! The examples of RFC 8428 section 5.1, written by the C functions from their meaning.
#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "a test may panic"
)]

#[path = "common/uplink.rs"]
mod common;
#[path = "common/resolve.rs"]
mod resolve;
#[path = "common/status.rs"]
mod status;

use std::fs;
use std::path::PathBuf;

use bigdecimal::ToPrimitive;
use common::{Call, Content, SECRET, To, Uplink};
use resolve::{Given, Resolved, resolve};
use status::OK;

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

/// A name's part up to its last separator, which becomes the base name.
fn split(name: &str) -> (&str, &str) {
    let (_, last) = name.rsplit_once([':', '/']).unwrap();
    (name.strip_suffix(last).unwrap(), last)
}

/// Writes resolved records, with the first one's time as base time.
fn write(resolved: &[Resolved], merged: bool) -> Vec<u8> {
    let (mut base, _) = split(&resolved[0].name);
    let (mut uplink, begun) = Uplink::begin(Some(2048), &To::M2m, base);
    assert_eq!(begun, OK);
    let mut make = |call: Call| assert_eq!(uplink.call(&call), OK, "{call:?}");
    if merged {
        make(Call::Merge);
    }
    let decimal = |time: &bigdecimal::BigDecimal| {
        let (mantissa, scale) = time.as_bigint_and_exponent();
        (mantissa.to_i64().unwrap(), i32::try_from(-scale).unwrap())
    };
    let base_time = resolved[0].time.as_ref();
    if let Some((mantissa, exponent)) = base_time.map(decimal) {
        make(Call::BaseTimeDecimal(mantissa, exponent));
    }
    for record in resolved {
        let (front, name) = split(&record.name);
        if front != base {
            base = front;
            make(Call::BaseName(Some(base.to_owned())));
        }
        let time = record.time.as_ref().filter(|time| Some(*time) != base_time);
        if let Some((mantissa, exponent)) = time.map(decimal) {
            make(Call::TimeDecimal(mantissa, exponent));
        }
        make(Call::Add {
            name: Some(name.to_owned()),
            unit: record.unit.clone(),
            content: match &record.value {
                Given::Number(value) => Content::Double(value.to_string().parse().unwrap()),
                Given::Bool(value) => Content::Bool(*value),
                Given::Text(value) => Content::Text(Some(value.clone().into_bytes())),
                Given::Data(value) => Content::Data(value.clone()),
                Given::Nothing => Content::Text(None),
            },
        });
    }
    let request = uplink.request(Some(SECRET)).unwrap();
    let at = request.windows(4).position(|end| end == b"\r\n\r\n");
    request[at.unwrap() + 4..].to_vec()
}

/// White space outside strings.
fn without_white_space(text: &[u8]) -> String {
    let mut in_string = false;
    let kept = text.iter().filter(|&&byte| {
        // No example has an escaped quote.
        in_string ^= byte == b'"';
        in_string || !byte.is_ascii_whitespace()
    });
    kept.map(|&byte| char::from(byte)).collect()
}

#[test]
fn every_example_keeps_its_meaning() {
    let examples = examples();
    assert_eq!(examples.len(), 11);
    for example in examples {
        let records = resolve(&vector(&format!("rfc8428-5.1{example}.resolved.json")));
        let original = resolve(&vector(&format!("rfc8428-5.1{example}.json")));
        assert_eq!(original, records, "{example}");
        for merged in [false, true] {
            assert_eq!(resolve(&write(&records, merged)), records, "{example}");
        }
    }
}

#[test]
fn examples_of_the_form_that_we_write_come_out_byte_for_byte() {
    for (example, merged) in [(".2-a", true), (".5", true), (".7-a", false)] {
        let records = resolve(&vector(&format!("rfc8428-5.1{example}.resolved.json")));
        let original = vector(&format!("rfc8428-5.1{example}.json"));
        let written = String::from_utf8(write(&records, merged)).unwrap();
        assert_eq!(written, without_white_space(&original));
    }
}
