//! What several calls of a subject say alike of an argument or a result: said once for the subject, named at each call.

use std::collections::BTreeMap;

/// From how many calls on a sentence is said once for all.
const CALLS: usize = 2;

/// A result, and whether a sentence says no more of it than the overview.
type Rule = (&'static str, fn(&str) -> bool);

/// What the overview says of these results for every call. An overlap needs no more words than its name.
const RULES: &[Rule] = &[
    ("KPN_OK", |text| !text.contains([';', ',', '`'])),
    ("KPN_ERR_INVALID_ARGUMENT", str::is_empty),
    ("KPN_ERR_OVERLAP", |_| true),
    ("KPN_ERR_STATE", |text| {
        text.ends_with(" not begun.") && !text.contains(" or ")
    }),
];

/// What the overview says of arguments of every call.
fn is_plain_argument(entry: &Entry) -> bool {
    entry.command.starts_with("@param")
        && (entry.text == "Bytes."
            || entry.text == "Need not be initialised."
            || entry.text.starts_with("From `kpn_"))
}

/// What the overview says of accessors, between its two ends.
const OF_ACCESSORS: (&str, &str) = (", or when `", "` is NULL, misaligned or not begun");

/// What the overview says of every invalid argument, in the words of the functions.
const OF_EVERY_POINTER: &[&str] = &[
    "A pointer is NULL or misaligned",
    "the capacity is above `PTRDIFF_MAX`",
    "the length is above `PTRDIFF_MAX`",
    "`cap` is above `PTRDIFF_MAX`",
];

/// A line `@param[in] name text` or `@retval name text`, with its continuation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    command: String,
    name: String,
    text: String,
}

/// The sentences of one subject.
pub struct Shared {
    entries: Vec<Entry>,
}

impl Shared {
    /// The sentence that most calls have on an argument or a result, if they are enough.
    pub fn of<'a>(comments: impl Iterator<Item = &'a [String]>) -> Self {
        let mut counts: BTreeMap<Entry, usize> = BTreeMap::new();
        let mut order = Vec::new();
        for part in comments.flat_map(parts) {
            if let Part::Entry(entry) = part {
                if !counts.contains_key(&entry) {
                    order.push(entry.clone());
                }
                *counts.entry(entry).or_default() += 1;
            }
        }
        let count = |entry: &Entry| counts.get(entry).copied().unwrap_or_default();
        let is_most = |entry: &Entry| {
            order
                .iter()
                .filter(|other| other.name == entry.name)
                .all(|other| count(other) < count(entry) || other == entry)
        };
        let entries = order
            .iter()
            .filter(|entry| count(entry) >= CALLS && is_most(entry) && !is_by_rule(entry))
            .cloned()
            .collect();
        Self { entries }
    }

    /// The sentences, as a list.
    pub fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (is_result, title) in [
            (
                false,
                "Where a call has one of these arguments and says no more of it:",
            ),
            (
                true,
                "Where a call names one of these results and says no more of it:",
            ),
        ] {
            let entries: Vec<_> = self
                .entries
                .iter()
                .filter(|entry| is_result == entry.is_result())
                .collect();
            if !entries.is_empty() {
                lines.extend([String::new(), title.to_owned()]);
                lines.extend(entries.iter().map(|entry| match entry.name.as_str() {
                    "" => format!("- another status: {}", entry.text),
                    name => format!("- `{name}`: {}", entry.text),
                }));
            }
        }
        lines
    }

    /// A comment without what the summary says. The results are named in one line.
    pub fn without(&self, comment: &[String]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut named = Vec::new();
        for part in parts(comment) {
            match part {
                Part::Line(line)
                    if line.is_empty()
                        && lines.last().is_some_and(|last| last.starts_with('@')) => {}
                Part::Line(line) => {
                    let another_empty =
                        line.is_empty() && lines.last().is_none_or(String::is_empty);
                    if !another_empty {
                        lines.push(line);
                    }
                }
                Part::Entry(entry) if is_by_rule(&entry) => {}
                Part::Entry(entry) if self.entries.contains(&entry) => {
                    if entry.is_result() && !entry.name.is_empty() {
                        named.push(entry.name);
                    }
                }
                Part::Entry(entry) => {
                    lines.pop_if(|last| last.is_empty());
                    lines.push(entry.line());
                }
            }
        }
        lines.pop_if(|last| last.is_empty());
        if !named.is_empty() {
            let results: Vec<_> = named
                .iter()
                .map(|name| name.trim_start_matches("KPN_"))
                .collect();
            lines.push(format!("@return {}, as said above.", results.join(", ")));
        }
        lines
    }
}

impl Entry {
    fn is_result(&self) -> bool {
        self.command.starts_with("@ret")
    }

    fn line(&self) -> String {
        let words = [&self.command, &self.name, &self.text].map(String::as_str);
        let words = words.into_iter().filter(|word| !word.is_empty());
        words.collect::<Vec<_>>().join(" ")
    }
}

fn is_by_rule(entry: &Entry) -> bool {
    is_plain_argument(entry)
        || RULES
            .iter()
            .any(|(name, is_said)| entry.name == *name && is_said(&entry.text))
}

/// The text of an invalid argument without what holds for every pointer.
fn without_pointers(text: &str) -> String {
    let mut text = text.to_owned();
    for words in OF_EVERY_POINTER {
        text = text.replace(words, "");
    }
    if text.ends_with("` is NULL or misaligned.") && text.matches('`').count() == 2 {
        return String::new();
    }
    let rest = text.trim_start_matches([' ', ',', '.']);
    let rest = rest.strip_prefix("or ").unwrap_or(rest).trim();
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The text of a result without what holds for every accessor.
fn without_object(text: &str) -> String {
    let (begin, end) = OF_ACCESSORS;
    match text.split_once(begin) {
        Some((before, rest)) => match rest.split_once(end) {
            Some((name, after)) if !name.contains(' ') => format!("{before}{after}"),
            _ => text.to_owned(),
        },
        None => text.to_owned(),
    }
}

enum Part {
    Line(String),
    Entry(Entry),
}

fn parts(comment: &[String]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for line in comment {
        let mut words = line.split_whitespace();
        let command = words.next().unwrap_or_default();
        if command.starts_with("@param") || command == "@retval" || command == "@return" {
            let is_invalid = line.contains("KPN_ERR_INVALID_ARGUMENT");
            let name = if command == "@return" {
                ""
            } else {
                words.next().unwrap_or_default()
            };
            let text = words.collect::<Vec<_>>().join(" ");
            parts.push(Part::Entry(Entry {
                command: command.to_owned(),
                name: name.to_owned(),
                text: if is_invalid {
                    without_pointers(&text)
                } else {
                    without_object(&text)
                },
            }));
        } else if let (Some(Part::Entry(entry)), false) = (parts.last_mut(), line.is_empty()) {
            // A sentence that goes on in the next line.
            entry.text.push(' ');
            entry.text.push_str(line.trim());
        } else {
            parts.push(Part::Line(line.clone()));
        }
    }
    parts
}
