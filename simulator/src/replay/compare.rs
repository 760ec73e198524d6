// SPDX-License-Identifier: MIT OR Apache-2.0
//! The differences between then and now.

use super::Answer;
use super::archive::{Body, Entry};
use crate::model::event::Event;

/// Fields of an answer that a device acts on.
const FIELDS: [&str; 3] = ["Content-Type", "Location", "Retry-After"];

/// Characters of a text that are shown.
const SHOWN: usize = 200;

/// Differences in the answers.
pub fn answers(entry: &Entry, answer: &Result<Answer, String>) -> Vec<String> {
    let then = entry.status();
    let answer = match answer {
        Ok(answer) => answer,
        Err(error) => return vec![format!("status: {then} then, no answer now: {error}")],
    };
    let mut all = Vec::new();
    if answer.status != then {
        all.push(format!("status: {then} then, {} now", answer.status));
    }
    let what = if (200..300).contains(&then) && (200..300).contains(&answer.status) {
        "downlink"
    } else {
        "body"
    };
    all.extend(
        bodies(&entry.body(), &answer.body).map(|difference| format!("{what}: {difference}")),
    );
    for name in FIELDS.into_iter().filter(|_| entry.has_fields()) {
        let (then, now) = (entry.field(name), answer.field(name));
        if then != now {
            let (then, now) = (then.unwrap_or("none"), now.unwrap_or("none"));
            all.push(format!("{name}: {then} then, {now} now"));
        }
    }
    all
}

fn bodies(then: &Body, now: &[u8]) -> Option<String> {
    match then {
        Body::Bytes(then) if then != now => {
            Some(format!("{} then, {} now", shown(then), shown(now)))
        }
        Body::Length(then) if *then != now.len() => {
            Some(format!("{then} bytes then, {} now", now.len()))
        }
        _ => None,
    }
}

/// A body on one line.
fn shown(body: &[u8]) -> String {
    if body.is_empty() {
        return "none".to_owned();
    }
    let text = String::from_utf8_lossy(body);
    let mut short: String = text
        .chars()
        .take(SHOWN)
        .collect::<String>()
        .escape_debug()
        .to_string()
        .replace("\\\"", "\"");
    if short.len() < text.len() {
        short.push_str(&format!("… ({} bytes)", body.len()));
    }
    short
}

/// Differences in the verdict on a message.
pub fn verdicts(entry: &Entry, event: &Event) -> Vec<String> {
    let word = |accepted| if accepted { "accepted" } else { "refused" };
    let mut all = Vec::new();
    if let Some(then) = entry.accepted
        && then != event.accepted
    {
        all.push(format!(
            "verdict: {} then, {} now",
            word(then),
            word(event.accepted)
        ));
    }
    let only = |here: &[String], there: &[String], when: &str| -> Vec<String> {
        let missing = here.iter().filter(|reason| !there.contains(reason));
        missing
            .map(|reason| format!("mistake {when} only: {reason}"))
            .collect()
    };
    if entry.accepted.is_some() {
        all.extend(only(&entry.reasons, &event.reasons, "then"));
        all.extend(only(&event.reasons, &entry.reasons, "now"));
    }
    all
}
