// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a downlink must read as, and the check that it does: `serde_json` decides what is JSON, a plain resolver of RFC
//! 8428 section 4 gives the meaning, and `base64` decodes the data.
#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::string_slice,
    clippy::std_instead_of_core,
    reason = "each test that takes this file in uses its part of it, and may panic"
)]

use std::fmt;
use std::str;

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use bigdecimal::BigDecimal;
use kpn_things::ffi::record::{
    KPN_FIELD_SUM, KPN_FIELD_TIME, KPN_FIELD_UPDATE_TIME, KPN_FIELD_VALUE, KPN_KIND_BOOL,
    KPN_KIND_DATA, KPN_KIND_NUMBER, KPN_KIND_SUM_ONLY, KPN_KIND_TEXT,
};
use serde::de::{Deserialize, Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use crate::driver::{Downlink, Record, Status};
use crate::status;

/// Random choices.
pub struct Random(pub fastrand::Rng);

impl Random {
    pub fn below(&mut self, limit: usize) -> usize {
        self.0.usize(..limit)
    }

    pub fn one_in(&mut self, count: usize) -> bool {
        self.below(count) == 0
    }

    pub fn of<'a, T: ?Sized>(&mut self, choices: &[&'a T]) -> &'a T {
        choices[self.below(choices.len())]
    }
}

pub const BASE_NAMES: &[&str] = &[
    "urn:dev:IMEI:490154203237518:",
    "urn:dev:IMEI:490154203237518",
    "urn:dev:DEVEUI:0123456789ABCDEF:",
    "a",
    "a:",
    "dev/",
    "x_-./:9",
    "",
];
/// Arrays and objects that may be open at the same time.
pub const DEPTH_MAX: usize = 32;

/// An object with all its members in order, including repeated ones.
struct Members<'a>(Vec<(String, &'a RawValue)>);

impl<'de> Deserialize<'de> for Members<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Visit;
        impl<'de> Visitor<'de> for Visit {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::new();
                while let Some(member) = map.next_entry()? {
                    members.push(member);
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Visit)
    }
}

/// Whether a text is JSON to the last escape. What it nests deeper than `depth` levels is an error too.
fn is_json(text: &str, depth: usize) -> bool {
    let Ok(raw) = serde_json::from_str::<&RawValue>(text) else {
        return false;
    };
    // serde_json looks at the grammar of a raw value, but not at its surrogates.
    match raw.get().as_bytes()[0] {
        b'"' => serde_json::from_str::<String>(raw.get()).is_ok(),
        b'[' => serde_json::from_str::<Vec<&RawValue>>(raw.get()).is_ok_and(|items| {
            depth > 0 && items.iter().all(|item| is_json(item.get(), depth - 1))
        }),
        b'{' => serde_json::from_str::<Members<'_>>(raw.get()).is_ok_and(|members| {
            depth > 0
                && members
                    .0
                    .iter()
                    .all(|(_, value)| is_json(value.get(), depth - 1))
        }),
        _ => true,
    }
}

/// The contents of a resolved record. Numbers are the texts of the record and of its base.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Expected {
    pub index: usize,
    pub base_name: String,
    pub name: String,
    pub unit: String,
    pub kind: i32,
    pub boolean: bool,
    pub text: String,
    pub data: Option<Vec<u8>>,
    /// In the order of `KPN_FIELD_…`.
    pub numbers: [[Option<String>; 2]; 4],
}

/// Where the model refuses a pack, and why.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Refusal {
    pub index: usize,
    pub status: Status,
}

/// The value of each of these labels holds for the records that follow.
const BASES: [&str; 5] = ["bn", "bu", "bt", "bs", "bv"];

#[derive(Default)]
struct Resolver {
    bases: Vec<(String, String)>,
    version: Option<BigDecimal>,
}

fn of<'a>(members: &'a [(String, String)], label: &str) -> Option<&'a String> {
    members
        .iter()
        .find(|(known, _)| known == label)
        .map(|(_, value)| value)
}

fn string(raw: Option<&String>) -> String {
    raw.map(|raw| serde_json::from_str(raw).unwrap())
        .unwrap_or_default()
}

impl Resolver {
    /// Takes one record; `None` if it only sets base fields.
    fn record(&mut self, index: usize, members: &Members<'_>) -> Result<Option<Expected>, Status> {
        let mut own = Vec::new();
        for (label, value) in &members.0 {
            let value = value.get();
            let fits = match label.as_str() {
                "bn" | "bu" | "n" | "u" | "vs" | "vd" => value.starts_with('"'),
                "vb" => value == "true" || value == "false",
                "bver" | "bt" | "bs" | "bv" | "v" | "s" | "t" | "ut" => {
                    value.starts_with(|c: char| c == '-' || c.is_ascii_digit())
                }
                _ if label.ends_with('_') => return Err(status::ERR_SENML_MUST_UNDERSTAND),
                _ => continue,
            };
            if of(&own, label).is_some() {
                return Err(status::ERR_SENML_DUPLICATE);
            }
            if !fits {
                return Err(status::ERR_SENML_TYPE);
            }
            if label == "bver" {
                self.version(index, value)?;
            }
            own.push((label.clone(), value.to_owned()));
            if BASES.contains(&label.as_str()) {
                self.bases.retain(|(known, _)| known != label);
                self.bases.push((label.clone(), value.to_owned()));
            }
        }
        self.resolve(index, &own)
    }

    fn version(&mut self, index: usize, value: &str) -> Result<(), Status> {
        let version = number(value).ok_or(status::ERR_SENML_VERSION)?;
        let known = (1..=10).any(|known| version == known);
        if index == 0 {
            self.version = Some(version.clone());
        }
        let pack = self.version.clone().unwrap_or_else(|| BigDecimal::from(10));
        if known && version == pack {
            Ok(())
        } else {
            Err(status::ERR_SENML_VERSION)
        }
    }

    fn resolve(&self, index: usize, own: &[(String, String)]) -> Result<Option<Expected>, Status> {
        let has = |label| of(own, label).is_some();
        let base = |label| of(&self.bases, label);
        let values = ["v", "vb", "vs", "vd"].map(has);
        match values.iter().filter(|has| **has).count() {
            0 | 1 => {}
            _ => return Err(status::ERR_SENML_VALUE),
        }
        // A base sum makes a sum of any record with a name.
        let has_sum = has("s") || (has("n") && base("bs").is_some());
        if values == [false; 4] && !has_sum {
            return if has("n") {
                Err(status::ERR_SENML_VALUE)
            } else {
                Ok(None)
            };
        }
        let base_name = string(base("bn"));
        let name = string(of(own, "n"));
        let full = base_name.clone() + &name;
        if !full.starts_with(|c: char| c.is_ascii_alphanumeric())
            || full.contains(|c: char| !c.is_ascii_alphanumeric() && !"-:./_".contains(c))
        {
            return Err(status::ERR_SENML_NAME);
        }
        let data = match of(own, "vd") {
            Some(raw) => Some(decode(&string(Some(raw))).ok_or(status::ERR_SENML_BASE64)?),
            None => None,
        };
        let both = |label, with| [of(own, label).cloned(), base(with).cloned()];
        let value = if has("v") {
            both("v", "bv")
        } else {
            [None, None]
        };
        let kinds = [KPN_KIND_NUMBER, KPN_KIND_BOOL, KPN_KIND_TEXT, KPN_KIND_DATA];
        let kind = values.iter().position(|has| *has);
        Ok(Some(Expected {
            index,
            base_name,
            name,
            unit: string(of(own, "u").or(base("bu"))),
            kind: kind.map_or(KPN_KIND_SUM_ONLY, |at| kinds[at]),
            boolean: of(own, "vb").is_some_and(|value| value == "true"),
            text: string(of(own, "vs")),
            data,
            numbers: [value, both("s", "bs"), both("t", "bt"), both("ut", "")],
        }))
    }
}

/// The value of one text, in whatever notation; `None` beyond what the model can represent.
pub fn number(text: &str) -> Option<BigDecimal> {
    let exponent = text.split_once(['e', 'E']).map_or("0", |(_, after)| after);
    let exponent: i64 = exponent.parse().ok()?;
    (exponent.abs() <= 1000).then(|| text.parse().unwrap())
}

fn decode(text: &str) -> Option<Vec<u8>> {
    let config =
        GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
    [&alphabet::STANDARD, &alphabet::URL_SAFE]
        .iter()
        .find_map(|alphabet| GeneralPurpose::new(alphabet, config).decode(text).ok())
        // The crate takes one sign of two.
        .filter(|_| !text.contains('=') || text.len().is_multiple_of(4))
}

/// The expected result for a text. `Err(None)`: refused, for one of several reasons.
pub fn model(text: &[u8]) -> Result<Vec<Expected>, Option<Refusal>> {
    if text.is_empty() {
        return Ok(Vec::new());
    }
    let text = str::from_utf8(text).map_err(|_| None)?;
    if !is_json(text, DEPTH_MAX) {
        return Err(None);
    }
    let refused = |index, status| Err(Some(Refusal { index, status }));
    let Ok(items) = serde_json::from_str::<Vec<&RawValue>>(text) else {
        return refused(0, status::ERR_SENML_TYPE);
    };
    let mut resolver = Resolver::default();
    let mut records = Vec::new();
    for (index, item) in items.iter().enumerate() {
        let Ok(members) = serde_json::from_str(item.get()) else {
            return refused(index, status::ERR_SENML_TYPE);
        };
        match resolver.record(index, &members) {
            Ok(record) => records.extend(record),
            Err(status) => return refused(index, status),
        }
    }
    Ok(records)
}

/// What is expected of a text beyond the model.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Wanted {
    Model,
    Refused(Status),
}

/// Reads a text through the C functions, and returns whether it was accepted.
pub fn check(random: &mut Random, text: &[u8], wanted: Wanted) -> bool {
    let expected = model(text);
    // A leading byte order mark and one trailing NUL are not part of the text.
    let is_bare = !text.starts_with(b"\xEF\xBB\xBF") && !text.ends_with(b"\0");
    let [mark, nul] = [(); 2].map(|()| !is_bare || random.one_in(8));
    let before: &[u8] = if mark { b"\xEF\xBB\xBF" } else { b"" };
    let behind: &[u8] = if nul { b"\0" } else { b"" };
    let (mut downlink, begun) = if random.one_in(8) {
        let step = 1 + random.below(text.len() + 40);
        Downlink::of_response(before, text, behind, step)
    } else {
        Downlink::of_bytes(before, text, behind)
    };
    if let Wanted::Refused(wanted) = wanted {
        // A truncated version may be a different one.
        let is_cut_version = wanted == status::ERR_JSON_TRUNCATED
            && begun == status::ERR_SENML_VERSION
            && text.last().is_some_and(u8::is_ascii_digit);
        assert!(begun == wanted || is_cut_version, "{begun}, not {wanted}");
        assert!(expected.is_err(), "the model takes it");
    }
    let expected = match expected {
        Ok(expected) => expected,
        Err(refusal) => {
            if let Some(refusal) = refusal {
                assert_eq!((begun, downlink.index()), (refusal.status, refusal.index));
            }
            assert!((-34..=-20).contains(&begun), "{begun} for what is no pack");
            assert_eq!(downlink.body(), text, "a refused text is not changed");
            assert!(downlink.is_whole());
            assert_eq!(downlink.next().err(), Some(status::ERR_STATE));
            return false;
        }
    };
    assert_eq!(begun, status::OK);
    assert_eq!(downlink.body(), text, "checking changes nothing");
    let mut records = Vec::new();
    for expected in &expected {
        let record = downlink.next().expect("one more record");
        assert_eq!(downlink.index(), expected.index + 1);
        compare(random, &record, expected);
        records.push(record);
    }
    assert_eq!(downlink.next().err(), Some(status::END));
    assert_eq!(downlink.next().err(), Some(status::END));
    assert!(downlink.is_whole(), "written outside of the body");
    // What was handed out first is there until the last.
    for (record, expected) in records.iter().zip(&expected) {
        compare(random, record, expected);
    }
    true
}

fn compare(random: &mut Random, record: &Record, expected: &Expected) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    let seen = Expected {
        index: record.index(),
        base_name: text(record.base_name()),
        name: text(record.name()),
        unit: text(record.unit()),
        kind: record.kind(),
        boolean: record.bool_value(),
        text: text(record.text()),
        data: record.data().map(<[u8]>::to_vec),
        numbers: expected.numbers.clone(),
    };
    assert_eq!(&seen, expected);
    let full = format!("{}{}", expected.base_name, expected.name);
    names(random, record, &expected.name, &full);
    let [_, has @ ..] = [
        KPN_FIELD_VALUE,
        KPN_FIELD_SUM,
        KPN_FIELD_TIME,
        KPN_FIELD_UPDATE_TIME,
    ]
    .map(|field| {
        let at = usize::try_from(field).unwrap();
        compare_number(record, field, &expected.numbers[at]);
        expected.numbers[at] != [None, None]
    });
    assert_eq!(record.has(), has);
}

fn names(random: &mut Random, record: &Record, name: &str, full: &str) {
    let mut others = vec![
        String::new(),
        name.to_owned(),
        full.to_owned(),
        format!("{full}:"),
        full.to_ascii_uppercase(),
        full[..random.below(full.len())].to_owned(),
        full[random.below(full.len())..].to_owned(),
    ];
    others.push(format!("{}{name}", random.of(BASE_NAMES)));
    for other in &others {
        let is = !other.is_empty() && (other == name || other == full);
        assert_eq!(record.is(other), is, "{other:?} for {full:?}");
        let rest = full.strip_prefix(other.as_str());
        let is_for = !other.is_empty()
            && rest.is_some_and(|rest| {
                other.ends_with(':') || rest.is_empty() || rest.starts_with(':')
            });
        assert_eq!(record.is_for(other), is_for, "{other:?} for {full:?}");
    }
    let cap = random.below(full.len() + 3);
    let (copied, memory, len) = record.full_name(cap);
    assert_eq!(len, full.len());
    if cap > len {
        assert_eq!(copied, status::OK);
        assert_eq!(memory[..=len], *[full.as_bytes(), b"\0"].concat());
    } else {
        assert_eq!(copied, status::ERR_BUFFER_FULL);
        assert!(
            memory.iter().all(|byte| *byte == 0xA5),
            "a name that does not fit"
        );
    }
}

/// Near the exact sum: rounding is covered by another test.
fn compare_number(record: &Record, field: i32, [own, base]: &[Option<String>; 2]) {
    let seen = record.double(field);
    if own.is_none() && base.is_none() && field != KPN_FIELD_TIME {
        assert_eq!(seen, Err(status::ERR_INVALID_ARGUMENT));
        assert_eq!(record.int64(field), Err(status::ERR_INVALID_ARGUMENT));
        return;
    }
    let part = |text: &Option<String>| text.as_ref().map_or(Some(0.into()), |text| number(text));
    let (Some(own), Some(base)) = (part(own), part(base)) else {
        return;
    };
    let largest = own.abs().max(base.abs());
    let sum: BigDecimal = own + base;
    let nearest: f64 = sum.to_string().parse().unwrap();
    if nearest.is_infinite() {
        assert_eq!(seen, Err(status::ERR_NUMBER_RANGE));
        return;
    }
    let seen = seen.expect("a double");
    let largest: f64 = largest.to_string().parse().unwrap();
    assert!(
        (seen - nearest).abs() <= largest * 1e-15 + f64::MIN_POSITIVE,
        "{seen} for {nearest}"
    );
    if let Ok(whole) = record.int64(field)
        && seen.abs() < 1e15
    {
        assert_eq!(BigDecimal::from(whole), sum);
    }
}
