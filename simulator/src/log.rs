// SPDX-License-Identifier: MIT OR Apache-2.0
//! The log: readable text on stderr, and one JSON line per message for programs.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use serde_json::json;

use crate::model::event::{Event, Kind};
use crate::model::senml::{Resolved, Value};
use crate::model::sms::{Sms, SmsState};

/// The last second that the calendar of the log can write: the year 9999.
const CALENDAR_MAX: f64 = 253_402_300_799.0;

/// Where events are logged.
#[derive(Debug, Default)]
pub struct Log {
    json: Option<Mutex<File>>,
}

impl Log {
    /// A log that also appends JSON lines to a file.
    pub fn new(json_log: Option<&Path>) -> io::Result<Self> {
        let open = |path| OpenOptions::new().create(true).append(true).open(path);
        let json = json_log.map(open).transpose()?.map(Mutex::new);
        Ok(Self { json })
    }

    /// Writes one event to all logs, before the answer leaves.
    pub fn write(&self, event: &Event) {
        if event.accepted {
            tracing::info!("{}", text(event));
        } else {
            tracing::warn!("{}", text(event));
        }
        self.write_json(event);
    }

    /// Writes the last attempt to deliver an SMS to all logs.
    pub fn write_attempt(&self, sms: &Sms) {
        let Some(attempt) = sms.attempts.last() else {
            return;
        };
        let state = match attempt.state {
            SmsState::Executing => "executing",
            SmsState::Delivered => "delivered",
            SmsState::Failed => "failed",
        };
        let after = attempt.after;
        let (hours, minutes) = (after / 3600, after / 60 % 60);
        tracing::info!(
            "SMS to {} after {hours} h {minutes:02} min: {state}",
            sms.urn
        );
        self.write_json(&json!({
            "kind": "sms",
            "time": attempt.time,
            "device": sms.urn,
            "text": sms.body,
            "after": after,
            "state": state,
        }));
    }

    fn write_json(&self, line: &impl Serialize) {
        if let Some(file) = &self.json
            && let Err(error) = write_line(file, line)
        {
            tracing::error!("the JSON log cannot be written: {error}");
        }
    }
}

fn write_line(file: &Mutex<File>, line: &impl Serialize) -> io::Result<()> {
    let mut line = serde_json::to_vec(line)?;
    line.push(b'\n');
    file.lock()
        .unwrap_or_else(PoisonError::into_inner)
        .write_all(&line)
}

/// Seconds since 1970, now.
pub fn now() -> f64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0.0, |since| since.as_secs_f64())
}

fn text(event: &Event) -> String {
    let (kind, verdict) = match (event.kind, event.accepted) {
        (Kind::Message, true) => ("message", "accepted"),
        (Kind::Message, false) => ("message", "refused"),
        (Kind::Part, true) => ("part", "sent"),
        (Kind::Part, false) => ("part", "refused"),
    };
    let status = match event.status {
        Some(status) => status.to_string(),
        None => "no answer".to_owned(),
    };
    let mut lines = vec![format!(
        "{kind} {} from {}: {verdict}, {status}, {}",
        event.number,
        event.peer,
        match (&event.part, &event.device) {
            (Some(part), _) => format!(
                "{} bytes at {} of the {} of {}",
                part.length, part.offset, part.size, event.path
            ),
            (_, Some(device)) => format!("{} bytes of body, {device}", event.body_len),
            _ => format!("{} bytes of body", event.body_len),
        }
    )];
    lines.extend(
        event
            .reasons
            .iter()
            .map(|reason| format!("  wrong: {reason}")),
    );
    lines.extend(table(&event.records));
    lines.extend(event.notes.iter().map(|note| format!("  note: {note}")));
    if let Some(fault) = &event.fault {
        lines.push(format!("  fault: {fault}"));
    }
    if let Some(downlink) = &event.downlink {
        lines.push(format!("  downlink: {downlink}"));
    }
    lines.join("\n")
}

/// The measurements as aligned lines.
fn table(records: &[Resolved]) -> Vec<String> {
    if records.is_empty() {
        return Vec::new();
    }
    let mut rows = vec![["name", "value", "unit", "time", "more"].map(str::to_owned)];
    rows.extend(records.iter().map(|record| {
        let mut more = Vec::new();
        if let Some(sum) = record.sum {
            more.push(format!("sum {}", number(sum)));
        }
        if let Some(update_time) = record.update_time {
            more.push(format!("update within {} s", number(update_time)));
        }
        [
            record.name.clone(),
            record.value.as_ref().map_or_else(String::new, value),
            record.unit.clone().unwrap_or_default(),
            calendar(record.time),
            more.join(", "),
        ]
    }));
    let mut widths = [0; 5];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    rows.iter()
        .map(|row| {
            let mut line = " ".to_owned();
            for (cell, width) in row.iter().zip(widths) {
                line.push_str(&format!(" {cell:width$} "));
            }
            line.trim_end().to_owned()
        })
        .collect()
}

fn value(value: &Value) -> String {
    match value {
        Value::Number(value) => number(*value),
        Value::Bool(value) => value.to_string(),
        // In debug form, since a text may contain line feeds and terminal escape sequences.
        Value::Text(text) => format!("{text:?}"),
        Value::Data(data) => {
            let hex: String = data.iter().map(|byte| format!("{byte:02x}")).collect();
            format!("hex {hex}")
        }
    }
}

/// The shortest text that reads back to the same double, with an exponent where that is shorter.
fn number(value: f64) -> String {
    let text = serde_json::to_string(&value).unwrap_or_else(|_| value.to_string());
    text.strip_suffix(".0").unwrap_or(&text).replace("e+", "e")
}

/// Seconds since 1970 as date and time of day, as far as the calendar reaches.
fn calendar(seconds: f64) -> String {
    if !(0.0..CALENDAR_MAX).contains(&seconds) {
        return format!("{} s", number(seconds));
    }
    let time = UNIX_EPOCH + Duration::from_secs_f64(seconds);
    if seconds.fract() == 0.0 {
        humantime::format_rfc3339_seconds(time).to_string()
    } else {
        humantime::format_rfc3339_millis(time).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shows_measurements_in_columns() {
        let record = |name: &str, value, unit: Option<&str>, time| Resolved {
            name: name.to_owned(),
            unit: unit.map(str::to_owned),
            value: Some(value),
            sum: None,
            time,
            update_time: None,
        };
        let lines = table(&[
            record(
                "d:temperature",
                Value::Number(20.5),
                Some("Cel"),
                1_585_650_750.0,
            ),
            record("d:x", Value::Text("a\nb".to_owned()), None, 0.5),
        ]);
        assert_eq!(
            lines,
            [
                "  name           value   unit  time                      more",
                "  d:temperature  20.5    Cel   2020-03-31T10:32:30Z",
                "  d:x            \"a\\nb\"        1970-01-01T00:00:00.500Z",
            ]
        );
    }

    #[test]
    fn writes_numbers_short_and_times_that_no_calendar_holds() {
        assert_eq!(number(3.0), "3");
        assert_eq!(number(1e30), "1e30");
        assert_eq!(number(-0.0), "-0");
        assert_eq!(calendar(-1.0), "-1 s");
        assert_eq!(calendar(1e300), "1e300 s");
    }
}
