// SPDX-License-Identifier: MIT OR Apache-2.0
//! The labels of one record with their types checked.

use base64::Engine;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::parse::{Record, Scalar};

const EITHER_PADDING: GeneralPurposeConfig =
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent);
const URL_SAFE: GeneralPurpose = GeneralPurpose::new(&alphabet::URL_SAFE, EITHER_PADDING);
const STANDARD: GeneralPurpose = GeneralPurpose::new(&alphabet::STANDARD, EITHER_PADDING);

/// The value of a measurement.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// Label `v`.
    Number(f64),
    /// Label `vb`.
    Bool(bool),
    /// Label `vs`.
    Text(String),
    /// Label `vd`, decoded.
    Data(Vec<u8>),
}

/// What is wrong with a record.
#[derive(Debug, PartialEq, Eq)]
pub struct Wrong {
    /// The label at fault; `None` for the record as a whole.
    pub label: Option<String>,
    /// The sentence that describes it.
    pub sentence: String,
}

/// The contents of a record, each label at most once.
#[derive(Debug, Default)]
pub struct Fields<'a> {
    pub base_name: Option<String>,
    pub base_time: Option<f64>,
    pub base_unit: Option<String>,
    pub base_value: Option<f64>,
    pub base_sum: Option<f64>,
    pub version: Option<f64>,
    pub name: Option<String>,
    pub unit: Option<String>,
    pub value: Option<Value>,
    pub sum: Option<f64>,
    pub time: Option<f64>,
    pub update_time: Option<f64>,
    /// The labels in the record, including those with a wrong type.
    pub labels: Vec<&'a str>,
    /// What is wrong, without the number of the record.
    pub problems: Vec<Wrong>,
    /// What is odd but accepted.
    pub notes: Vec<String>,
}

impl<'a> Fields<'a> {
    /// Sorts the labels of `record` and checks the type of each.
    pub fn read(record: &'a Record<'_>) -> Self {
        let mut fields = Fields::default();
        for (label, scalar) in &record.0 {
            if fields.labels.iter().any(|seen| *seen == label) {
                fields.problem(label, format!("label {label} stands twice"));
                continue;
            }
            fields.labels.push(label);
            fields.take(label, scalar);
        }
        let values: Vec<&str> = fields
            .labels
            .iter()
            .copied()
            .filter(|label| matches!(*label, "v" | "vs" | "vb" | "vd"))
            .collect();
        match values.as_slice() {
            [] | [_] => {}
            [one, other] => {
                let sentence = format!("both {one} and {other}");
                fields.problem_of_record(sentence);
            }
            more => {
                let sentence = format!("{} values: {}", more.len(), more.join(", "));
                fields.problem_of_record(sentence);
            }
        }
        fields
    }

    /// Whether the record has a label of a measurement.
    pub fn has(&self, labels: &[&str]) -> bool {
        self.labels.iter().any(|label| labels.contains(label))
    }

    /// Something is wrong with this label or its value.
    pub fn problem(&mut self, label: &str, sentence: impl Into<String>) {
        self.problems.push(Wrong {
            label: Some(label.to_owned()),
            sentence: sentence.into(),
        });
    }

    /// Something is wrong with the record as a whole.
    pub fn problem_of_record(&mut self, sentence: impl Into<String>) {
        self.problems.push(Wrong {
            label: None,
            sentence: sentence.into(),
        });
    }

    fn take(&mut self, label: &str, scalar: &Scalar<'_>) {
        match label {
            "bn" => self.base_name = self.text(label, scalar),
            "bu" => self.base_unit = self.text(label, scalar),
            "n" => self.name = self.text(label, scalar),
            "u" => self.unit = self.text(label, scalar),
            "bt" => self.base_time = self.number(label, scalar),
            "bv" => self.base_value = self.number(label, scalar),
            "bs" => self.base_sum = self.number(label, scalar),
            "bver" => self.version = self.number(label, scalar),
            "s" => self.sum = self.number(label, scalar),
            "t" => self.time = self.number(label, scalar),
            "ut" => self.update_time = self.number(label, scalar),
            "v" => self.value = self.number(label, scalar).map(Value::Number),
            "vs" => self.value = self.text(label, scalar).map(Value::Text),
            "vd" => self.value = self.data(label, scalar).map(Value::Data),
            "vb" => match scalar {
                Scalar::Bool(value) => self.value = Some(Value::Bool(*value)),
                other => self.wrong_type(label, "a boolean", other),
            },
            "i_" => self.problem(
                label,
                "label i_ is ThingsML, which this path does not take: write n and u",
            ),
            other if other.ends_with('_') => self.problem(
                other,
                format!("label {other:?} must be understood (it ends in _) and is not known"),
            ),
            other => self.notes.push(format!("unknown label {other:?} ignored")),
        }
    }

    fn wrong_type(&mut self, label: &str, wanted: &str, got: &Scalar<'_>) {
        self.problem(
            label,
            format!("{label} must be {wanted} and is {}", got.kind()),
        );
    }

    fn number(&mut self, label: &str, scalar: &Scalar<'_>) -> Option<f64> {
        let Scalar::Number { value, exact } = scalar else {
            self.wrong_type(label, "a number", scalar);
            return None;
        };
        if !exact {
            self.notes.push(format!(
                "{label} is a whole number beyond 2^53: a double makes it {value}"
            ));
        }
        Some(*value)
    }

    fn text(&mut self, label: &str, scalar: &Scalar<'_>) -> Option<String> {
        let Scalar::Text(text) = scalar else {
            self.wrong_type(label, "a string", scalar);
            return None;
        };
        Some(text.clone().into_owned())
    }

    fn data(&mut self, label: &str, scalar: &Scalar<'_>) -> Option<Vec<u8>> {
        let text = self.text(label, scalar)?;
        let standard = text.contains(['+', '/']);
        let decoded = if standard {
            STANDARD.decode(&text)
        } else {
            URL_SAFE.decode(&text)
        };
        match decoded {
            Ok(data) => {
                if standard || text.contains('=') {
                    self.notes.push(
                        "vd is base64, but not base64url without padding as RFC 8428 wants it"
                            .to_owned(),
                    );
                }
                Some(data)
            }
            Err(error) => {
                self.problem(label, format!("vd is not base64url: {error}"));
                None
            }
        }
    }
}
