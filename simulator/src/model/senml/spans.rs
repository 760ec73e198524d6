// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where records and their labels are in the text of a pack.

use std::ops::Range;

/// One record in the text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Span {
    /// From its opening to its closing brace.
    pub record: Range<usize>,
    /// Each label, and where it and its value are.
    pub labels: Vec<(String, Range<usize>)>,
}

/// The records of `body`, which is a JSON array of objects; what cannot be followed ends the list.
pub fn spans(body: &[u8]) -> Vec<Span> {
    let mut reader = Reader { body, at: 0 };
    let mut spans = Vec::new();
    if reader.take(b'[').is_none() {
        return spans;
    }
    while let Some(span) = reader.record() {
        spans.push(span);
        if reader.take(b',').is_none() {
            break;
        }
    }
    spans
}

struct Reader<'a> {
    body: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn peek(&mut self) -> Option<u8> {
        while let Some(b' ' | b'\t' | b'\r' | b'\n') = self.body.get(self.at) {
            self.at += 1;
        }
        self.body.get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn record(&mut self) -> Option<Span> {
        self.peek()?;
        let begin = self.at;
        self.take(b'{')?;
        let mut labels = Vec::new();
        if self.peek()? != b'}' {
            loop {
                self.peek()?;
                let first = self.at;
                self.string()?;
                let label = serde_json::from_slice(&self.body[first..self.at]).ok()?;
                self.take(b':')?;
                self.value()?;
                labels.push((label, first..self.at));
                if self.take(b',').is_none() {
                    break;
                }
            }
        }
        self.take(b'}')?;
        Some(Span {
            record: begin..self.at,
            labels,
        })
    }

    fn string(&mut self) -> Option<()> {
        self.take(b'"')?;
        loop {
            match self.body.get(self.at)? {
                b'"' => break,
                b'\\' => self.at += 2,
                _ => self.at += 1,
            }
        }
        self.at += 1;
        Some(())
    }

    /// Skips any value. The depth of nesting does not matter, since only brackets are counted.
    fn value(&mut self) -> Option<()> {
        let mut depth = 0_usize;
        loop {
            match self.peek()? {
                b'"' => self.string()?,
                b'[' | b'{' => {
                    depth += 1;
                    self.at += 1;
                    continue;
                }
                b']' | b'}' if depth > 0 => {
                    depth -= 1;
                    self.at += 1;
                }
                b',' | b':' if depth > 0 => {
                    self.at += 1;
                    continue;
                }
                b',' | b':' | b']' | b'}' => return None,
                _ => {
                    while !matches!(
                        self.body.get(self.at)?,
                        b',' | b':'
                            | b']'
                            | b'}'
                            | b'['
                            | b'{'
                            | b'"'
                            | b' '
                            | b'\t'
                            | b'\r'
                            | b'\n'
                    ) {
                        self.at += 1;
                    }
                }
            }
            if depth == 0 {
                return Some(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::spans;

    #[test]
    fn finds_records_and_labels() {
        let body = br#" [ {"bn":"a:\"]", "bt" : 1.5e3}, {} ,{"x":[{"y":[]},"}"],"\u006e":null}]"#;
        let found = spans(body);
        let text = |range: &std::ops::Range<usize>| {
            std::str::from_utf8(&body[range.clone()])
                .unwrap()
                .to_owned()
        };
        let records: Vec<_> = found.iter().map(|span| text(&span.record)).collect();
        assert_eq!(
            records,
            [
                r#"{"bn":"a:\"]", "bt" : 1.5e3}"#,
                "{}",
                r#"{"x":[{"y":[]},"}"],"\u006e":null}"#
            ]
        );
        let labels: Vec<_> = found
            .iter()
            .flat_map(|span| &span.labels)
            .map(|(label, range)| (label.as_str(), text(range)))
            .collect();
        assert_eq!(
            labels,
            [
                ("bn", r#""bn":"a:\"]""#.to_owned()),
                ("bt", r#""bt" : 1.5e3"#.to_owned()),
                ("x", r#""x":[{"y":[]},"}"]"#.to_owned()),
                ("n", r#""\u006e":null"#.to_owned()),
            ]
        );
    }

    #[test]
    fn ends_where_the_text_cannot_be_followed() {
        for body in [
            "",
            "[",
            "{}",
            "[{",
            "[{\"a",
            "[{\"a\"}",
            "[{\"a\":",
            "[{\"a\":\"\\",
            "[{\"a\":1",
            "[{\"a\":[[[",
            "[{\"a\":,}]",
        ] {
            assert!(spans(body.as_bytes()).is_empty(), "{body}");
        }
        assert_eq!(spans(b"[{},{\"a\"").len(), 1);
    }
}
