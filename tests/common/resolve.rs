// SPDX-License-Identifier: MIT OR Apache-2.0
//! SenML packs resolved with third-party code: `serde_json` reads, `bigdecimal` adds.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    clippy::std_instead_of_core,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

use std::collections::BTreeMap;
use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bigdecimal::BigDecimal;
use serde_json::value::RawValue;

/// What a record has besides a sum.
#[derive(Clone, Debug, PartialEq)]
pub enum Given {
    Nothing,
    Number(BigDecimal),
    Bool(bool),
    Text(String),
    Data(Vec<u8>),
}

/// A record with all base fields in it (RFC 8428 section 4.6), times as they are written.
#[derive(Clone, Debug, PartialEq)]
pub struct Resolved {
    pub name: String,
    pub unit: Option<String>,
    pub value: Given,
    pub sum: Option<BigDecimal>,
    pub time: Option<BigDecimal>,
    pub update_time: Option<BigDecimal>,
}

/// A JSON object whose labels are all different.
struct Record(BTreeMap<String, Box<RawValue>>);

impl<'de> serde::Deserialize<'de> for Record {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Labels;
        impl<'de> serde::de::Visitor<'de> for Labels {
            type Value = Record;

            fn expecting(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
                out.write_str("an object")
            }

            fn visit_map<A: serde::de::MapAccess<'de>>(
                self,
                mut map: A,
            ) -> Result<Record, A::Error> {
                let mut labels = BTreeMap::new();
                while let Some((label, value)) = map.next_entry::<String, Box<RawValue>>()? {
                    assert!(labels.insert(label, value).is_none(), "a label twice");
                }
                Ok(Record(labels))
            }
        }
        deserializer.deserialize_map(Labels)
    }
}

impl Record {
    fn text(&self, label: &str) -> Option<String> {
        let raw = self.0.get(label)?;
        Some(serde_json::from_str(raw.get()).unwrap())
    }

    fn number(&self, label: &str) -> Option<BigDecimal> {
        Some(number(self.0.get(label)?.get()))
    }

    fn value(&self) -> Option<Given> {
        let given: Vec<Given> = [
            self.number("v").map(Given::Number),
            self.text("vs").map(Given::Text),
            self.text("vd")
                .map(|text| Given::Data(URL_SAFE_NO_PAD.decode(text).unwrap())),
            self.0
                .get("vb")
                .map(|raw| Given::Bool(serde_json::from_str(raw.get()).unwrap())),
        ]
        .into_iter()
        .flatten()
        .collect();
        assert!(given.len() < 2, "more than one value");
        given.into_iter().next()
    }
}

/// A JSON number, exactly.
pub fn number(text: &str) -> BigDecimal {
    // That it is one.
    serde_json::from_str::<serde_json::Number>(text).unwrap();
    text.parse::<BigDecimal>().unwrap().normalized()
}

fn sum(own: Option<BigDecimal>, base: Option<&BigDecimal>) -> Option<BigDecimal> {
    match (own, base) {
        (Some(own), Some(base)) => Some((own + base).normalized()),
        (own, base) => own.or_else(|| base.cloned()),
    }
}

/// The records of a pack; a label that SenML does not have is an error.
pub fn resolve(body: &[u8]) -> Vec<Resolved> {
    const LABELS: [&str; 14] = [
        "bn", "bt", "bu", "bv", "bs", "bver", "n", "u", "v", "vs", "vb", "vd", "s", "t",
    ];
    let records: Vec<Record> = serde_json::from_slice(body).unwrap();
    let (mut base_name, mut base_unit) = (String::new(), None);
    let (mut base_time, mut base_value, mut base_sum) = (None, None, None);
    let mut resolved = Vec::new();
    for record in records {
        for label in record.0.keys() {
            assert!(LABELS.contains(&label.as_str()) || label == "ut", "{label}");
        }
        base_name = record.text("bn").unwrap_or(base_name);
        base_unit = record.text("bu").or(base_unit);
        base_time = record.number("bt").or(base_time);
        base_value = record.number("bv").or(base_value);
        base_sum = record.number("bs").or(base_sum);
        let (value, own_sum) = (record.value(), record.number("s"));
        if value.is_none() && own_sum.is_none() {
            for label in ["n", "u", "t", "ut"] {
                assert!(!record.0.contains_key(label), "{label} without a value");
            }
            continue;
        }
        let value = match value {
            Some(Given::Number(own)) => Given::Number(sum(Some(own), base_value.as_ref()).unwrap()),
            other => other.unwrap_or(Given::Nothing),
        };
        resolved.push(Resolved {
            name: base_name.clone() + &record.text("n").unwrap_or_default(),
            unit: record.text("u").or_else(|| base_unit.clone()),
            value,
            sum: sum(own_sum, base_sum.as_ref()),
            time: sum(record.number("t"), base_time.as_ref()),
            update_time: record.number("ut"),
        });
    }
    resolved
}
