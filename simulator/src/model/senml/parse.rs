// SPDX-License-Identifier: MIT OR Apache-2.0
//! The JSON of a pack, as written: every label of every record in order, duplicates included.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

/// Above this, doubles do not hold every whole number: 2^53.
const EXACT_INTEGER_MAX: u64 = 1 << 53;

/// A JSON value in place of a SenML value.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<'a> {
    /// A number, as the double that is nearest to the text.
    Number {
        /// The double.
        value: f64,
        /// False for a whole number that a double cannot hold.
        exact: bool,
    },
    /// `true` or `false`.
    Bool(bool),
    /// A string, unescaped.
    Text(Cow<'a, str>),
    /// A value that SenML does not use; the name of its JSON type.
    Other(&'static str),
}

impl Scalar<'_> {
    /// The JSON type, with its article, for messages.
    pub fn kind(&self) -> &'static str {
        match self {
            Scalar::Number { .. } => "a number",
            Scalar::Bool(_) => "a boolean",
            Scalar::Text(_) => "a string",
            Scalar::Other(kind) => kind,
        }
    }
}

/// One record, as in the text.
#[derive(Debug, Clone, PartialEq)]
pub struct Record<'a>(pub Vec<(Cow<'a, str>, Scalar<'a>)>);

impl<'a> Record<'a> {
    /// The first value under `label`.
    pub fn get(&self, label: &str) -> Option<&Scalar<'a>> {
        self.0
            .iter()
            .find(|(name, _)| name == label)
            .map(|(_, value)| value)
    }
}

/// Why a text is not a pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoPack {
    /// A sentence for the log, with line and column.
    pub sentence: String,
    /// The offset at which it shows.
    pub at: usize,
}

/// Reads one strict JSON text: an array of objects and nothing after it.
pub fn parse(body: &[u8]) -> Result<Vec<Record<'_>>, NoPack> {
    if body.is_empty() {
        return Err(NoPack {
            sentence: "the body is empty".to_owned(),
            at: 0,
        });
    }
    let text = std::str::from_utf8(body).map_err(|error| NoPack {
        sentence: format!("the body is not UTF-8 at byte {}", error.valid_up_to()),
        at: error.valid_up_to(),
    })?;
    // Through serde_json's error, since that knows the position in the text.
    serde_json::from_str::<Vec<Record<'_>>>(text).map_err(|error| {
        let lines: usize = text
            .split_inclusive('\n')
            .take(error.line().saturating_sub(1))
            .map(str::len)
            .sum();
        NoPack {
            sentence: format!("the body is not a SenML pack in JSON: {error}"),
            at: (lines + error.column().saturating_sub(1)).min(body.len()),
        }
    })
}

impl<'de> Deserialize<'de> for Record<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Labels;

        impl<'de> Visitor<'de> for Labels {
            type Value = Record<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a SenML record (an object)")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Record<'de>, A::Error> {
                let mut labels = Vec::new();
                while let Some((Label(label), value)) = map.next_entry()? {
                    labels.push((label, value));
                }
                Ok(Record(labels))
            }
        }

        deserializer.deserialize_map(Labels)
    }
}

/// A label, borrowed from the text unless it has escapes.
#[derive(Deserialize)]
struct Label<'a>(#[serde(borrow)] Cow<'a, str>);

impl<'de> Deserialize<'de> for Scalar<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;

        impl<'de> Visitor<'de> for Any {
            type Value = Scalar<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a JSON value")
            }

            fn visit_bool<E>(self, value: bool) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Bool(value))
            }

            fn visit_i64<E>(self, value: i64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Number {
                    value: value as f64,
                    exact: value.unsigned_abs() <= EXACT_INTEGER_MAX,
                })
            }

            fn visit_u64<E>(self, value: u64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Number {
                    value: value as f64,
                    exact: value <= EXACT_INTEGER_MAX,
                })
            }

            fn visit_f64<E>(self, value: f64) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Number { value, exact: true })
            }

            fn visit_borrowed_str<E>(self, value: &'de str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Borrowed(value)))
            }

            fn visit_str<E>(self, value: &str) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Text(Cow::Owned(value.to_owned())))
            }

            fn visit_unit<E>(self) -> Result<Scalar<'de>, E> {
                Ok(Scalar::Other("null"))
            }

            // Nested values are read completely: skipping them would let lone surrogates pass.
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Scalar<'de>, A::Error> {
                Value::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(Scalar::Other("an array"))
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Scalar<'de>, A::Error> {
                Value::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Scalar::Other("an object"))
            }
        }

        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keeps_every_label_in_order() {
        let pack = parse(br#"[{"v":1,"n":"a","v":2}]"#).unwrap();
        let labels: Vec<&str> = pack[0].0.iter().map(|(label, _)| &**label).collect();
        assert_eq!(labels, ["v", "n", "v"]);
    }

    #[test]
    fn refuses_what_is_not_one_strict_json_text() {
        for body in [
            &b""[..],
            b"{}",
            b"[1]",
            b"[{}",
            b"[{}]x",
            b"[{},]",
            b"[{\"a\":01}]",
            b"[{\"a\":+1}]",
            b"[{\"a\":1e999}]",
            b"[{\"a\":NaN}]",
            b"[{\"a\":\"\x01\"}]",
            b"[{\"a\":\"\xff\"}]",
            b"[{\"a\":\"\\ud800\"}]",
            b"[{\"a\":[\"\\ud800\"]}]",
            b"\xef\xbb\xbf[{}]",
            b"[{}]\0",
        ] {
            assert!(parse(body).is_err(), "{}", String::from_utf8_lossy(body));
        }
        let deep = format!("[{{\"a\":{}{}}}]", "[".repeat(5000), "]".repeat(5000));
        assert!(parse(deep.as_bytes()).is_err());
    }

    #[test]
    fn says_where_the_text_goes_wrong() {
        for (body, at) in [
            ("[{\"n\":x}]", 6),
            ("[\n  {\n x", 7),
            ("[{}]x", 4),
            ("[{}", 2),
        ] {
            assert_eq!(parse(body.as_bytes()).unwrap_err().at, at, "{body}");
        }
        assert_eq!(parse(b"[\xff]").unwrap_err().at, 1);
    }

    #[test]
    fn marks_whole_numbers_that_a_double_cannot_hold() {
        let pack = parse(br#"[{"v":9007199254740993,"s":9007199254740992}]"#).unwrap();
        assert!(matches!(
            pack[0].get("v"),
            Some(Scalar::Number { exact: false, .. })
        ));
        assert!(matches!(
            pack[0].get("s"),
            Some(Scalar::Number { exact: true, .. })
        ));
    }
}
