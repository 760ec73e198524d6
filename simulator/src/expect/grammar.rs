// SPDX-License-Identifier: MIT OR Apache-2.0
//! Expectations, as written by users.
//!
//! ```text
//! expectation = ("device" URN | "any" "device") step *( "," "then" step )
//! step        = [ "never" ] ( [ "sends" ] values | "gets" values | "is" "refused" ) [ times ]
//! values      = NAME [ operator value ]
//! operator    = "==" | "!=" | "<" | "<=" | ">" | ">="
//! value       = number | "text" | "true" | "false"
//! times       = "once" | "twice" | number "times"
//! ```

use std::fmt;

/// What one device is expected to do, step by step.
#[derive(Debug, Clone, PartialEq)]
pub struct Expectation {
    /// As it was written.
    pub text: String,
    /// Its URN without the final colon; `None` for any device.
    pub device: Option<String>,
    /// At least one.
    pub steps: Vec<Step>,
}

/// One step.
#[derive(Debug, Clone, PartialEq)]
pub struct Step {
    /// As it was written.
    pub text: String,
    /// It must not happen from here to the end of the steps.
    pub never: bool,
    /// What happens to the byte.
    pub what: What,
    /// How often.
    pub times: usize,
}

/// What happens to the byte.
#[derive(Debug, Clone, PartialEq)]
pub enum What {
    /// The device sends a measurement, and the platform accepts it.
    Sends(Values),
    /// The device receives a downlink with such a record.
    Gets(Values),
    /// The platform refuses a message.
    Refused,
}

/// A name, and what its value is.
#[derive(Debug, Clone, PartialEq)]
pub struct Values {
    /// With or without the base name.
    pub name: String,
    /// Any value if there is no comparison.
    pub compared: Option<(Operator, Value)>,
}

/// How values are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

/// What is compared with.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    Number(f64),
    Text(String),
    Bool(bool),
}

/// Why a text is not an expectation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wrong {
    text: String,
    /// The offset in bytes.
    pub at: usize,
    /// What was expected there.
    pub expected: String,
}

impl fmt::Display for Wrong {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let before = self.text.get(..self.at).unwrap_or_default();
        writeln!(f, "{}", self.text)?;
        writeln!(f, "{}^", " ".repeat(before.chars().count()))?;
        write!(f, "expected {}", self.expected)
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Operator(Operator),
    Comma,
}

struct Reader<'a> {
    text: &'a str,
    /// Each token with where it begins and ends.
    tokens: Vec<(Token, usize, usize)>,
    next: usize,
}

/// Reads one expectation.
pub fn read(text: &str) -> Result<Expectation, Wrong> {
    let text = text.trim();
    let mut reader = Reader {
        text,
        tokens: tokens(text)?,
        next: 0,
    };
    let device = if reader.word("any") {
        reader.expect("device")?;
        None
    } else {
        reader.expect("device")?;
        let urn = reader.name("the URN of a device")?;
        Some(urn.strip_suffix(':').unwrap_or(&urn).to_owned())
    };
    let mut steps = vec![reader.step()?];
    while reader.next < reader.tokens.len() {
        if !reader.take(&Token::Comma) && !reader.is_word("then") {
            return Err(reader.wrong("`, then` and another step, or the end"));
        }
        reader.expect("then")?;
        steps.push(reader.step()?);
    }
    Ok(Expectation {
        text: text.to_owned(),
        device,
        steps,
    })
}

impl Reader<'_> {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next).map(|(token, ..)| token)
    }

    /// Where the next token begins.
    fn at(&self) -> usize {
        let next = self.tokens.get(self.next);
        next.map_or(self.text.len(), |(_, begin, _)| *begin)
    }

    fn wrong(&self, expected: &str) -> Wrong {
        Wrong {
            text: self.text.to_owned(),
            at: self.at(),
            expected: expected.to_owned(),
        }
    }

    fn take(&mut self, wanted: &Token) -> bool {
        let found = self.peek() == Some(wanted);
        self.next += usize::from(found);
        found
    }

    fn is_word(&self, wanted: &str) -> bool {
        matches!(self.peek(), Some(Token::Word(word)) if word == wanted)
    }

    fn word(&mut self, wanted: &str) -> bool {
        let found = self.is_word(wanted);
        self.next += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: &str) -> Result<(), Wrong> {
        if self.word(wanted) {
            Ok(())
        } else {
            Err(self.wrong(&format!("`{wanted}`")))
        }
    }

    fn name(&mut self, what: &str) -> Result<String, Wrong> {
        match self.peek() {
            Some(Token::Word(word)) => {
                let word = word.clone();
                self.next += 1;
                Ok(word)
            }
            _ => Err(self.wrong(what)),
        }
    }

    fn step(&mut self) -> Result<Step, Wrong> {
        let begin = self.at();
        let never = self.word("never");
        let what = if self.word("is") {
            self.expect("refused")?;
            What::Refused
        } else if self.word("gets") {
            What::Gets(self.values()?)
        } else {
            self.word("sends");
            What::Sends(self.values()?)
        };
        let times = self.times()?;
        if never && times.is_some() {
            self.next -= 1;
            return Err(self.wrong("no number behind `never`"));
        }
        let end = self
            .tokens
            .get(self.next - 1)
            .map_or(begin, |(.., end)| *end);
        Ok(Step {
            text: self.text.get(begin..end).unwrap_or_default().to_owned(),
            never,
            what,
            times: times.unwrap_or(1),
        })
    }

    fn values(&mut self) -> Result<Values, Wrong> {
        let name = self.name("the name of a measurement")?;
        let Some(Token::Operator(operator)) = self.peek() else {
            return Ok(Values {
                name,
                compared: None,
            });
        };
        let operator = *operator;
        self.next += 1;
        let value = match self.peek() {
            Some(Token::Text(text)) => Some(Value::Text(text.clone())),
            Some(Token::Word(word)) => match word.as_str() {
                "true" => Some(Value::Bool(true)),
                "false" => Some(Value::Bool(false)),
                word => number(word).map(Value::Number),
            },
            _ => None,
        };
        let ordered = !matches!(operator, Operator::Equal | Operator::NotEqual);
        match value {
            Some(value) if !ordered || matches!(value, Value::Number(_)) => {
                self.next += 1;
                Ok(Values {
                    name,
                    compared: Some((operator, value)),
                })
            }
            _ if ordered => Err(self.wrong("a number")),
            _ => Err(self.wrong("a number, a text in quotation marks, true or false")),
        }
    }

    fn times(&mut self) -> Result<Option<usize>, Wrong> {
        if self.word("once") {
            return Ok(Some(1));
        }
        if self.word("twice") {
            return Ok(Some(2));
        }
        let Some(Token::Word(word)) = self.peek() else {
            return Ok(None);
        };
        let Ok(times) = word.parse::<usize>() else {
            return Ok(None);
        };
        if times == 0 {
            return Err(self.wrong("a number above 0; `never` is for none"));
        }
        self.next += 1;
        self.expect("times")?;
        Ok(Some(times))
    }
}

fn number(word: &str) -> Option<f64> {
    let digits = word.starts_with(|c: char| c.is_ascii_digit() || c == '-');
    let number: f64 = word.parse().ok()?;
    (digits && number.is_finite()).then_some(number)
}

fn tokens(text: &str) -> Result<Vec<(Token, usize, usize)>, Wrong> {
    const OPERATORS: [(&str, Operator); 6] = [
        ("==", Operator::Equal),
        ("!=", Operator::NotEqual),
        ("<=", Operator::LessOrEqual),
        (">=", Operator::GreaterOrEqual),
        ("<", Operator::Less),
        (">", Operator::Greater),
    ];
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text.get(at..).and_then(|rest| rest.chars().next()) {
        let rest = text.get(at..).unwrap_or_default();
        let operator = OPERATORS.iter().find(|(sign, _)| rest.starts_with(sign));
        let (token, length) = if first.is_whitespace() {
            at += first.len_utf8();
            continue;
        } else if let Some((sign, operator)) = operator {
            (Token::Operator(*operator), sign.len())
        } else if first == ',' {
            (Token::Comma, 1)
        } else if first == '"' {
            // As in JSON, including escapes.
            let mut strings = serde_json::Deserializer::from_str(rest).into_iter::<String>();
            match strings.next() {
                Some(Ok(string)) => (Token::Text(string), strings.byte_offset()),
                _ => {
                    return Err(Wrong {
                        text: text.to_owned(),
                        at,
                        expected: "a text that ends in a quotation mark".to_owned(),
                    });
                }
            }
        } else {
            let is_part = |c: char| c.is_ascii_alphanumeric() || "-+:./_".contains(c);
            let length = rest.find(|c| !is_part(c)).unwrap_or(rest.len());
            if length == 0 {
                return Err(Wrong {
                    text: text.to_owned(),
                    at,
                    expected: "a word, an operator such as `==`, or a comma".to_owned(),
                });
            }
            (Token::Word(rest[..length].to_owned()), length)
        };
        tokens.push((token, at, at + length));
        at += length;
    }
    Ok(tokens)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sends(name: &str, compared: Option<(Operator, Value)>) -> What {
        What::Sends(Values {
            name: name.to_owned(),
            compared,
        })
    }

    #[test]
    fn reads_a_device_and_its_steps() {
        let text =
            r#"device urn:dev:IMEI:1: sends temperature > 20 twice, then firmware == "1.1.0""#;
        let read = read(text).unwrap();
        assert_eq!(read.device.as_deref(), Some("urn:dev:IMEI:1"));
        let step = |text: &str, what, times| Step {
            text: text.to_owned(),
            never: false,
            what,
            times,
        };
        let warm = Some((Operator::Greater, Value::Number(20.0)));
        let version = Some((Operator::Equal, Value::Text("1.1.0".to_owned())));
        assert_eq!(
            read.steps,
            [
                step(
                    "sends temperature > 20 twice",
                    sends("temperature", warm),
                    2
                ),
                step("firmware == \"1.1.0\"", sends("firmware", version), 1),
            ]
        );
    }

    #[test]
    fn reads_every_kind_of_step() {
        for (step, never, what, times) in [
            ("sends a", false, sends("a", None), 1),
            ("a", false, sends("a", None), 1),
            ("never a", true, sends("a", None), 1),
            ("sends a 3 times", false, sends("a", None), 3),
            ("is refused twice", false, What::Refused, 2),
            ("never is refused", true, What::Refused, 1),
            (
                "a!=-1.5e3",
                false,
                sends("a", Some((Operator::NotEqual, Value::Number(-1500.0)))),
                1,
            ),
            (
                "a == true once",
                false,
                sends("a", Some((Operator::Equal, Value::Bool(true)))),
                1,
            ),
            (
                r#"a == "x, then \"y\"""#,
                false,
                sends(
                    "a",
                    Some((Operator::Equal, Value::Text("x, then \"y\"".to_owned()))),
                ),
                1,
            ),
        ] {
            let read = read(&format!("any device {step}")).unwrap();
            assert_eq!(read.device, None);
            let found = &read.steps[0];
            assert_eq!(
                (found.never, &found.what, found.times),
                (never, &what, times),
                "{step}"
            );
            assert_eq!(found.text, step);
        }
        let gets = read("any device gets valve == true, then never gets x").unwrap();
        assert!(matches!(gets.steps[0].what, What::Gets(_)));
        assert!(gets.steps[1].never);
    }

    #[test]
    fn says_what_is_wrong_and_where() {
        for (text, at, expected) in [
            ("", 0, "`device`"),
            ("sends a", 0, "`device`"),
            ("device", 6, "the URN of a device"),
            ("device u", 8, "the name of a measurement"),
            ("device u sends", 14, "the name of a measurement"),
            (
                "device u sends a = 1",
                17,
                "a word, an operator such as `==`, or a comma",
            ),
            ("device u a >", 12, "a number"),
            ("device u a > \"x\"", 13, "a number"),
            ("device u a >= true", 14, "a number"),
            (
                "device u a == b",
                14,
                "a number, a text in quotation marks, true or false",
            ),
            (
                "device u a == inf",
                14,
                "a number, a text in quotation marks, true or false",
            ),
            (
                "device u a == \"b",
                14,
                "a text that ends in a quotation mark",
            ),
            (
                "device u a 0 times",
                11,
                "a number above 0; `never` is for none",
            ),
            ("device u a 2", 12, "`times`"),
            ("device u never a twice", 17, "no number behind `never`"),
            ("device u a b", 11, "`, then` and another step, or the end"),
            ("device u a, b", 12, "`then`"),
            ("device u a, then", 16, "the name of a measurement"),
            ("device u is happy", 12, "`refused`"),
            (
                "device u é",
                9,
                "a word, an operator such as `==`, or a comma",
            ),
        ] {
            let wrong = read(text).unwrap_err();
            assert_eq!(
                (wrong.at, wrong.expected.as_str()),
                (at, expected),
                "{text}"
            );
        }
        let shown = read("device u a = 1").unwrap_err().to_string();
        assert_eq!(
            shown.lines().take(2).collect::<Vec<_>>(),
            ["device u a = 1", "           ^"]
        );
    }
}
