// SPDX-License-Identifier: MIT OR Apache-2.0
//! What several calls of a subject say about an argument or a result is said once for the subject, and only named at each call.

use std::collections::BTreeMap;

/// The number of calls from which on a sentence is said once for all.
const CALLS: usize = 2;

/// How a list of statuses refers to one that an earlier call returned.
const EARLIER: &str = "an earlier failure";

/// What the overview says about the arguments of every call, sentence by sentence.
fn is_said_of_arguments(sentence: &str) -> bool {
    const SENTENCES: &[&str] = &[
        "-1 for 20.5.",
        "-1 for tenths.",
        "205 for 20.5 with exponent -1.",
        "205 for 20.5.",
        "Any value.",
        "At least 1.",
        "Bytes, without NUL.",
        "Bytes.",
        "Copied.",
        "Device URN.",
        "Finite.",
        "Need not be initialised.",
        "Not kept.",
        "Receives its length.",
        "Secret.",
        "The value.",
        "Written only on success.",
        "Written only with `KPN_OK`.",
        "`-KPN_EXPONENT_MAX` to `KPN_EXPONENT_MAX`.",
        "`KPN_ENDPOINT_M2M` or `KPN_ENDPOINT_INTERNET`.",
        "true or false.",
    ];
    SENTENCES.contains(&sentence)
        || is_origin(sentence)
        || (sentence.contains("NULL when `") && sentence.ends_with("` is 0."))
        || (sentence.starts_with("Bytes of `") && sentence.ends_with("`."))
        || (sentence.starts_with("As for `kpn_") && sentence.ends_with("`."))
}

/// Such as "From `kpn_uplink_begin` or a sibling, not yet finished.", which is covered by `KPN_ERR_STATE`.
fn is_origin(sentence: &str) -> bool {
    let rest = sentence.strip_prefix("From `kpn_");
    rest.is_some_and(|rest| rest.matches('`').count() % 2 == 1)
}

/// What the overview says about an invalid argument, clause by clause; the range of an argument is given in its own line.
fn is_said_of_invalid(clause: &str) -> bool {
    const ENDS: &[&str] = &[
        "",
        "NULL",
        "misaligned",
        "out of range",
        "is none",
        "is 0",
        "below 3",
        "too large",
        "too long",
        "with a capacity",
        "not confirmed",
        "no such number",
        "an uptime",
        "above `PTRDIFF_MAX`",
    ];
    ENDS.iter().any(|end| {
        if end.is_empty() {
            clause.is_empty()
        } else {
            clause.ends_with(end)
        }
    }) || (clause.starts_with('`') && clause.ends_with('`'))
}

/// What the overview says about accessors.
const OF_ACCESSORS: &[&str] = &[
    "is NULL, misaligned or not begun",
    "is NULL, misaligned or holds no configuration",
];

/// A line `@param[in] name text` or `@retval name text`, with its continuation.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    command: String,
    name: String,
    text: String,
}

/// The sentences of one subject.
pub struct Shared<'a> {
    entries: Vec<Entry>,
    functions: BTreeMap<&'a str, &'a [String]>,
    /// Statuses that the list of results explains sufficiently.
    explained: &'a [&'a str],
}

impl<'a> Shared<'a> {
    /// The most frequent sentence about an argument or a result, if enough calls share it. Functions are given with their comments.
    pub fn of(
        functions: impl Iterator<Item = (&'a str, &'a [String])>,
        explained: &'a [&'a str],
    ) -> Self {
        let functions: Vec<_> = functions.collect();
        let mut counts: BTreeMap<Entry, usize> = BTreeMap::new();
        let mut order = Vec::new();
        for part in functions.iter().flat_map(|(_, comment)| parts(comment)) {
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
            .filter(|entry| !entry.name.is_empty() || entry.text.contains("earlier"))
            .filter(|entry| count(entry) >= CALLS && is_most(entry) && !entry.text.is_empty())
            .filter(|entry| !explained.contains(&entry.name.as_str()) && !is_by_rule(entry))
            .cloned()
            .collect();
        Self {
            entries,
            functions: functions.into_iter().collect(),
            explained,
        }
    }

    /// The sentences, as a list: arguments first.
    pub fn summary(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for is_result in [false, true] {
            let entries = self.entries.iter().filter(|entry| {
                is_result == entry.is_result() && entry.name != "KPN_OK" && !is_said_by_name(entry)
            });
            lines.extend(entries.map(|entry| match entry.name.as_str() {
                "" => format!("- {EARLIER}: {}", entry.text),
                name => format!("- `{name}`: {}", entry.text),
            }));
        }
        if !lines.is_empty() {
            lines.splice(
                0..0,
                [String::new(), "Unless a call says otherwise:".to_owned()],
            );
        }
        lines
    }

    /// A comment without what is said elsewhere: in the overview, the summary, the list of results, or the call that this one resembles.
    /// Results without anything left to explain are named in one line.
    pub fn without(&self, comment: &[String]) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        let mut entries = Vec::new();
        for part in parts(comment) {
            match part {
                Part::Line(line) => {
                    // One paragraph: the first sentence is the brief one.
                    let is_text = |line: &String| !line.starts_with(['-', '|', '~', ' ', '@']);
                    let follows_text = lines.last().is_none_or(is_text);
                    if !(line.is_empty() && (follows_text || !entries.is_empty())) {
                        lines.push(line);
                    }
                }
                Part::Entry(entry) => entries.push(entry),
            }
        }
        let like = self.like(comment);
        let has_progress = entries
            .iter()
            .any(|entry| ["KPN_NEED_MORE", "KPN_END", "KPN_AGAIN"].contains(&entry.name.as_str()));
        entries.retain(|entry| {
            !is_by_rule(entry)
                && (entry.name != "KPN_OK" || has_progress && !entry.text.starts_with("`out_"))
                && !like.contains(entry)
                && !["Bytes.", "Records.", "Requests.", "Counted from 0."]
                    .contains(&entry.text.as_str())
        });
        let mut named = Vec::new();
        let mut has_earlier = false;
        for entry in entries {
            let is_told = entry.text.is_empty()
                || is_said_by_name(&entry)
                || self.entries.contains(&entry)
                || self.explained.contains(&entry.name.as_str());
            match (is_told, entry.command.as_str()) {
                (true, "@retval") => named.push(entry.name.replace("KPN_", "")),
                (true, "@return") => has_earlier |= !entry.text.is_empty(),
                (true, _) => {}
                (false, _) => lines.push(entry.line()),
            }
        }
        if has_earlier {
            let or = if named.is_empty() { "" } else { "or " };
            named.push(format!("{or}{EARLIER}"));
        }
        if !named.is_empty() {
            lines.push(format!("@return {}.", named.join(", ")));
        }
        lines
    }

    /// Entries of the calls that a comment refers to with "as": they also apply to it.
    fn like(&self, comment: &[String]) -> Vec<Entry> {
        let text = comment.join(" ");
        let mut words = text.split(' ').peekable();
        let mut found = Vec::new();
        while let Some(word) = words.next() {
            let name = words.peek().map_or("", |next| {
                next.trim_matches(|letter: char| !letter.is_alphanumeric())
            });
            let is_as = word == "As" || word == "as";
            if let (true, Some(other)) = (is_as, self.functions.get(name))
                && *other != comment
            {
                let entries = parts(other).into_iter().filter_map(|part| match part {
                    Part::Entry(entry) => Some(entry),
                    Part::Line(_) => None,
                });
                found.extend(entries);
                found.extend(self.like(other));
            }
        }
        found
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

/// The overview says everything; an overlap needs no more explanation than its name.
fn is_by_rule(entry: &Entry) -> bool {
    match entry.name.as_str() {
        "KPN_ERR_OVERLAP" => true,
        "KPN_ERR_INVALID_ARGUMENT" => entry.text.is_empty(),
        "KPN_ERR_STATE" => is_said_of_state(&entry.text),
        _ => entry.command.starts_with("@param") && entry.text.is_empty(),
    }
}

/// What the overview says about objects that were not begun or have ended.
fn is_said_of_state(text: &str) -> bool {
    const ENDS: &[&str] = &[
        " not begun.",
        " not begun, or is finished.",
        " does not come from `kpn_downlink_next`.",
        "There is no configuration in `config`.",
    ];
    ENDS.iter().any(|end| text.ends_with(end)) && !text.contains(" or `")
}

/// A result whose name says everything.
fn is_said_by_name(entry: &Entry) -> bool {
    let text = entry.text.as_str();
    match entry.name.as_str() {
        "KPN_ERR_BUFFER_FULL" => text.contains("cap` is too small") && !text.contains(';'),
        "KPN_END" => text.starts_with("There are no more "),
        _ => text.starts_with("As for `kpn_") && text.ends_with("`."),
    }
}

/// The text of an invalid argument without what holds for every argument.
fn without_ranges(text: &str) -> String {
    let sentences = text.split_inclusive(". ").filter(|sentence| {
        let clauses = sentence.trim_end().trim_end_matches('.');
        !clauses
            .split(", ")
            .flat_map(|clause| clause.split(" or "))
            .all(|clause| is_said_of_invalid(clause.trim_start_matches("or ").trim()))
    });
    let rest: String = sentences.collect();
    // A separate clause after what holds for all.
    let rest = rest
        .strip_prefix("A pointer is NULL or misaligned, ")
        .unwrap_or(&rest);
    let rest = rest.strip_prefix("or ").unwrap_or(rest).trim();
    let mut letters = rest.chars();
    letters.next().map_or_else(String::new, |first| {
        first.to_uppercase().chain(letters).collect()
    })
}

/// The text of an argument without the sentences that hold for every one.
fn without_rules(text: &str) -> String {
    let mut kept = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = rest.find(". ").map_or(rest.len(), |at| at + 1);
        let (sentence, after) = rest.split_at(end);
        if !is_said_of_arguments(sentence) {
            kept.push(sentence);
        }
        rest = after.trim_start();
    }
    kept.join(" ")
}

/// The text of a result without what holds for every accessor.
fn without_object(text: &str) -> String {
    for end in OF_ACCESSORS {
        if let Some((before, after)) = text.split_once(end) {
            let start = before
                .rfind([',', ';', '.'])
                .map_or("", |at| before.get(..at).unwrap_or_default());
            let is_sentence = before
                .get(start.len()..)
                .is_some_and(|rest| rest.starts_with('.'));
            let rest = if is_sentence || start.is_empty() {
                after.get(1..).unwrap_or_default()
            } else {
                after
            };
            return format!("{start}{}{rest}", if is_sentence { "." } else { "" });
        }
    }
    text.to_owned()
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
            let name = if command == "@return" {
                ""
            } else {
                words.next().unwrap_or_default()
            };
            let text = words.collect::<Vec<_>>().join(" ");
            parts.push(Part::Entry(Entry {
                command: command.to_owned(),
                name: name.to_owned(),
                text,
            }));
        } else if let (Some(Part::Entry(entry)), false) = (parts.last_mut(), line.is_empty()) {
            // A sentence that continues in the next line.
            entry.text.push(' ');
            entry.text.push_str(line.trim());
        } else {
            parts.push(Part::Line(line.clone()));
        }
    }
    for part in &mut parts {
        if let Part::Entry(entry) = part {
            entry.text = match (entry.command.as_str(), entry.name.as_str()) {
                (_, "KPN_ERR_INVALID_ARGUMENT") => without_ranges(&entry.text),
                ("@retval" | "@return", _) => without_object(&entry.text),
                _ => without_rules(&entry.text),
            };
        }
    }
    parts
}
