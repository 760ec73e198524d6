// SPDX-License-Identifier: MIT OR Apache-2.0
//! The rules of RFC 8428 over a whole pack, and its resolved records (section 4).

use serde::de::{Deserialize, Deserializer, Error as _};
use serde::ser::{Serialize, SerializeMap, Serializer};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::fields::Fields;
pub use super::fields::Value;
use super::parse::{Record, Scalar};
use super::units;

/// A time below this is relative to now: 2^28 seconds.
const RELATIVE_BELOW: f64 = 268_435_456.0;

/// A time above this is milliseconds rather than seconds: the year 5138 in seconds.
const SECONDS_MAX: f64 = 1e11;

/// The version of RFC 8428; RFC 9100 puts feature bits above it, none of which is known here.
const VERSION_MAX: f64 = 10.0;

/// A resolved measurement, which needs no other record.
#[derive(Debug, Clone, PartialEq)]
pub struct Resolved {
    /// Base name and name together.
    pub name: String,
    /// Its own unit or the base unit.
    pub unit: Option<String>,
    /// The value, with the base value added if it is a number.
    pub value: Option<Value>,
    /// The sum, with the base sum added.
    pub sum: Option<f64>,
    /// Seconds since 1970: absolute, never relative.
    pub time: f64,
    /// Seconds until the next update at the latest.
    pub update_time: Option<f64>,
}

impl Serialize for Resolved {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &self.name)?;
        if let Some(unit) = &self.unit {
            map.serialize_entry("u", unit)?;
        }
        match &self.value {
            Some(Value::Number(value)) => map.serialize_entry("v", value)?,
            Some(Value::Bool(value)) => map.serialize_entry("vb", value)?,
            Some(Value::Text(value)) => map.serialize_entry("vs", value)?,
            Some(Value::Data(value)) => {
                map.serialize_entry("vd", &URL_SAFE_NO_PAD.encode(value))?;
            }
            None => {}
        }
        if let Some(sum) = self.sum {
            map.serialize_entry("s", &sum)?;
        }
        map.serialize_entry("t", &self.time)?;
        if let Some(update_time) = self.update_time {
            map.serialize_entry("ut", &update_time)?;
        }
        map.end()
    }
}

/// The JSON form of [`Resolved`].
#[derive(serde::Deserialize)]
struct Written {
    n: String,
    u: Option<String>,
    v: Option<f64>,
    vb: Option<bool>,
    vs: Option<String>,
    vd: Option<String>,
    s: Option<f64>,
    t: f64,
    ut: Option<f64>,
}

impl<'de> Deserialize<'de> for Resolved {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Written::deserialize(deserializer)?;
        let data = written
            .vd
            .map(|text| URL_SAFE_NO_PAD.decode(text).map_err(D::Error::custom))
            .transpose()?;
        Ok(Self {
            name: written.n,
            unit: written.u,
            value: written
                .v
                .map(Value::Number)
                .or(written.vb.map(Value::Bool))
                .or(written.vs.map(Value::Text))
                .or(data.map(Value::Data)),
            sum: written.s,
            time: written.t,
            update_time: written.ut,
        })
    }
}

/// One reason to refuse a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The record, from 0; `None` for the pack as a whole.
    pub record: Option<usize>,
    /// The label in this record.
    pub label: Option<String>,
    /// The sentence, which counts records from 1.
    pub sentence: String,
}

impl Problem {
    fn of_pack(sentence: &str) -> Self {
        Self {
            record: None,
            label: None,
            sentence: sentence.to_owned(),
        }
    }
}

/// What [`check`] found.
#[derive(Debug, Default, PartialEq)]
pub struct Checked {
    /// The measurements; complete only if there are no problems.
    pub records: Vec<Resolved>,
    /// Every reason to refuse the pack, in the order of the records.
    pub problems: Vec<Problem>,
    /// What is odd but accepted.
    pub notes: Vec<String>,
}

/// The base fields in force.
#[derive(Default)]
struct Base {
    name: String,
    time: Option<f64>,
    unit: Option<String>,
    value: Option<f64>,
    sum: Option<f64>,
    version: f64,
}

/// The first base name in the pack, which names the device.
pub fn first_base_name<'a>(pack: &'a [Record<'_>]) -> Option<&'a str> {
    pack.iter().find_map(|record| match record.get("bn") {
        Some(Scalar::Text(name)) => Some(&**name),
        _ => None,
    })
}

/// Checks the whole pack and resolves it; `now` is the moment of reception in seconds since 1970.
pub fn check(pack: &[Record<'_>], now: f64) -> Checked {
    let mut checked = Checked::default();
    if pack.is_empty() {
        checked
            .problems
            .push(Problem::of_pack("the pack has no records"));
        return checked;
    }
    match pack[0].get("bn") {
        Some(_) => {}
        None if first_base_name(pack).is_some() => checked.problems.push(Problem {
            record: Some(0),
            label: None,
            sentence: "record 1: no bn; the first record must name the device".to_owned(),
        }),
        None => checked
            .problems
            .push(Problem::of_pack("no record has a bn")),
    }
    let mut base = Base {
        // The first record's version applies to all records, even if it is absent.
        version: match pack[0].get("bver") {
            Some(Scalar::Number { value, .. }) => *value,
            _ => VERSION_MAX,
        },
        ..Base::default()
    };
    for (record, number) in pack.iter().zip(1_usize..) {
        let mut fields = Fields::read(record);
        base.take(&mut fields);
        if fields.problems.is_empty() {
            checked.records.extend(resolve(&base, &mut fields, now));
        }
        let label = |sentence: &String| format!("record {number}: {sentence}");
        checked
            .problems
            .extend(fields.problems.into_iter().map(|wrong| Problem {
                record: Some(number - 1),
                sentence: label(&wrong.sentence),
                label: wrong.label,
            }));
        checked.notes.extend(fields.notes.iter().map(label));
    }
    if checked.problems.is_empty() && checked.records.is_empty() {
        checked.notes.push("the pack measures nothing".to_owned());
    }
    checked
}

impl Base {
    fn take(&mut self, fields: &mut Fields<'_>) {
        if let Some(name) = fields.base_name.take() {
            if !name.ends_with(':') {
                fields.problem("bn", format!("bn {name:?} does not end in a colon"));
            }
            self.name = name;
        }
        if let Some(version) = fields.version {
            if version.fract() != 0.0 || version < 1.0 {
                fields.problem("bver", format!("bver {version} is not a version"));
            } else if version > VERSION_MAX {
                fields.problem(
                    "bver",
                    format!("bver {version} is above {VERSION_MAX}, the version known here"),
                );
            } else if self.version != version {
                fields.problem(
                    "bver",
                    format!("bver {version} differs from that of the first record"),
                );
            }
        }
        self.time = fields.base_time.or(self.time);
        self.unit = fields.base_unit.take().or_else(|| self.unit.take());
        self.value = fields.base_value.or(self.value);
        self.sum = fields.base_sum.or(self.sum);
    }
}

/// The measurement in `fields`; `None` for a record with only base fields or an invalid one.
fn resolve(base: &Base, fields: &mut Fields<'_>, now: f64) -> Option<Resolved> {
    let measures = fields.value.is_some()
        || fields.sum.is_some()
        || (fields.name.is_some() && base.sum.is_some());
    if fields.labels.is_empty() {
        fields.problem_of_record("the record is empty");
        return None;
    }
    if !fields.has(&["n", "u", "v", "vs", "vb", "vd", "s", "t", "ut"]) {
        return None;
    }
    if !measures {
        let problem = if fields.name.is_some() {
            "a name without a value (v, vb, vs, vd) or a sum (s)"
        } else {
            "neither a name nor a value, but labels that belong to a measurement"
        };
        fields.problem_of_record(problem);
    }
    let local = fields.name.take().unwrap_or_default();
    if measures && local.is_empty() {
        fields.problem_of_record("a value without a name (n)");
    }
    let name = [base.name.as_str(), &local].concat();
    if let Some(problem) = name_problem(&name) {
        fields.problem("n", problem);
    }

    let value = match (fields.value.take(), base.value) {
        (Some(Value::Number(value)), Some(base)) => Some(Value::Number(base + value)),
        (other, _) => other,
    };
    let sum = match (fields.sum, base.sum) {
        (None, None) => None,
        (sum, base) => Some(base.unwrap_or(0.0) + sum.unwrap_or(0.0)),
    };
    let written = base.time.unwrap_or(0.0) + fields.time.unwrap_or(0.0);
    let time = if written < RELATIVE_BELOW {
        now + written
    } else {
        written
    };
    if matches!(value, Some(Value::Number(value)) if !value.is_finite()) {
        fields.problem("v", "v and bv together are beyond a double");
    }
    if sum.is_some_and(|sum| !sum.is_finite()) {
        fields.problem("s", "s and bs together are beyond a double");
    }
    if !time.is_finite() {
        fields.problem("t", "t and bt together are beyond a double");
    }
    if time > SECONDS_MAX {
        fields.notes.push(format!(
            "time {time} is thousands of years away: milliseconds instead of seconds?"
        ));
    }
    let unit = fields.unit.take().or_else(|| base.unit.clone());
    match unit.as_deref() {
        Some("") => fields.problem("u", "the unit is empty"),
        Some(unit) if !units::is_registered(unit) => fields.notes.push(format!(
            "unit {unit:?} is not registered for SenML{}",
            units::similar(unit)
                .map(|meant| format!("; {meant:?} is"))
                .unwrap_or_default()
        )),
        _ => {}
    }
    fields.problems.is_empty().then_some(Resolved {
        name,
        unit,
        value,
        sum,
        time,
        update_time: fields.update_time,
    })
}

/// Why `name` is not a resolved SenML name (RFC 8428 section 4.5.1); `None` if it is.
fn name_problem(name: &str) -> Option<String> {
    let first = name.chars().next()?;
    if !first.is_ascii_alphanumeric() {
        return Some(format!(
            "name {name:?} starts with {first:?} instead of a letter or digit"
        ));
    }
    name.chars()
        .find(|c| !c.is_ascii_alphanumeric() && !"-:./_".contains(*c))
        .map(|other| format!("name {name:?} has {other:?}, which no SenML name may have"))
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
