// SPDX-License-Identifier: MIT OR Apache-2.0
//! The history of messages, in order: bounded by count, age and memory.

use std::collections::VecDeque;
use std::sync::Arc;

use serde::Deserialize;

use super::device::key;
use super::event::{Event, Kind};
use super::senml::Resolved;

/// How many bytes of requests and bodies are kept.
const BYTES_MAX: usize = 64 << 20;

/// How much is kept.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Messages.
    pub count: usize,
    /// Seconds.
    pub age: f64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            count: 10_000,
            age: f64::INFINITY,
        }
    }
}

/// A filter for messages; an empty one matches all.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Filter {
    /// From this device.
    pub device: Option<String>,
    /// Accepted ones, or refused ones.
    pub accepted: Option<bool>,
    /// Messages, or parts of files.
    pub kind: Option<Kind>,
    /// With a number above this one.
    pub after: u64,
    /// With a measurement of this name, with or without the device's URN.
    pub name: Option<String>,
    /// The last ones, up to this many.
    pub limit: Option<usize>,
}

impl Filter {
    /// Whether `event` matches.
    pub fn takes(&self, event: &Event) -> bool {
        let device = event.device.as_deref().map(key);
        event.number > self.after
            && self
                .device
                .as_deref()
                .is_none_or(|wanted| device == Some(key(wanted)))
            && self.accepted.is_none_or(|wanted| event.accepted == wanted)
            && self.kind.is_none_or(|wanted| event.kind == wanted)
            && self
                .name
                .as_deref()
                .is_none_or(|name| event.records.iter().any(|record| is_named(record, name)))
    }
}

/// Whether a measurement has this name, with or without its base name.
pub fn is_named(record: &Resolved, name: &str) -> bool {
    record
        .name
        .strip_suffix(name)
        .is_some_and(|before| before.is_empty() || before.ends_with(':'))
}

/// The messages.
#[derive(Debug, Default)]
pub struct History {
    limits: Limits,
    events: VecDeque<Arc<Event>>,
    bytes: usize,
}

impl History {
    /// Empty, with these limits.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            ..Self::default()
        }
    }

    /// Appends a message, and returns the number up to which older ones were dropped.
    pub fn push(&mut self, event: Arc<Event>) -> Option<u64> {
        let now = event.time;
        self.bytes += event.size();
        self.events.push_back(event);
        let mut forgotten = None;
        while let Some(first) = self.events.front()
            && (self.events.len() > self.limits.count
                || first.time < now - self.limits.age
                || (self.bytes > BYTES_MAX && self.events.len() > 1))
        {
            forgotten = Some(first.number);
            self.bytes -= first.size();
            self.events.pop_front();
        }
        forgotten
    }

    /// Drops all messages.
    pub fn clear(&mut self) {
        self.events.clear();
        self.bytes = 0;
    }

    /// The message with this number.
    pub fn get(&self, number: u64) -> Option<&Arc<Event>> {
        let place = self
            .events
            .binary_search_by_key(&number, |event| event.number)
            .ok()?;
        self.events.get(place)
    }

    /// The messages that match a filter, newest last.
    pub fn select(&self, filter: &Filter) -> Vec<Arc<Event>> {
        let begin = self
            .events
            .partition_point(|event| event.number <= filter.after);
        let mut selected: Vec<_> = self
            .events
            .range(begin..)
            .rev()
            .filter(|event| filter.takes(event))
            .take(filter.limit.unwrap_or(usize::MAX))
            .cloned()
            .collect();
        selected.reverse();
        selected
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(number: u64, time: f64) -> Arc<Event> {
        Arc::new(Event {
            number,
            time,
            device: Some(format!("urn:dev:IMEI:{}:", number % 2)),
            accepted: number > 2,
            ..Event::default()
        })
    }

    fn numbers(history: &History, filter: &Filter) -> Vec<u64> {
        let selected = history.select(filter);
        selected.iter().map(|event| event.number).collect()
    }

    #[test]
    fn forgets_by_count_and_by_age() {
        let mut history = History::new(Limits {
            count: 3,
            age: 10.0,
        });
        for number in 1..=3 {
            assert_eq!(history.push(event(number, 0.0)), None);
        }
        assert_eq!(history.push(event(4, 1.0)), Some(1));
        assert_eq!(history.push(event(5, 10.5)), Some(3));
        assert_eq!(numbers(&history, &Filter::default()), [4, 5]);
        assert!(history.get(3).is_none());
        assert_eq!(history.get(5).unwrap().number, 5);
    }

    #[test]
    fn forgets_by_memory_but_keeps_the_last() {
        let mut history = History::default();
        let large = |number| {
            Arc::new(Event {
                number,
                body: "x".repeat(40 << 20),
                ..Event::default()
            })
        };
        assert_eq!(history.push(large(1)), None);
        assert_eq!(history.push(large(2)), Some(1));
    }

    #[test]
    fn selects_by_filter() {
        let mut history = History::default();
        for number in 1..=6 {
            history.push(event(number, 0.0));
        }
        let mut filter = Filter {
            device: Some("urn:dev:IMEI:0".to_owned()),
            ..Filter::default()
        };
        assert_eq!(numbers(&history, &filter), [2, 4, 6]);
        filter.accepted = Some(true);
        assert_eq!(numbers(&history, &filter), [4, 6]);
        filter.limit = Some(1);
        assert_eq!(numbers(&history, &filter), [6]);
        filter.after = 6;
        assert!(numbers(&history, &filter).is_empty());
        assert!(
            numbers(
                &history,
                &Filter {
                    kind: Some(Kind::Part),
                    ..Filter::default()
                }
            )
            .is_empty()
        );
    }

    #[test]
    fn a_name_is_whole() {
        let record = Resolved {
            name: "urn:dev:IMEI:1:temperature".to_owned(),
            unit: None,
            value: None,
            sum: None,
            time: 0.0,
            update_time: None,
        };
        for name in ["temperature", "urn:dev:IMEI:1:temperature", "1:temperature"] {
            assert!(is_named(&record, name), "{name}");
        }
        for name in ["perature", "humidity", "x:temperature"] {
            assert!(!is_named(&record, name), "{name}");
        }
    }
}
