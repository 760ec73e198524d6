// SPDX-License-Identifier: MIT OR Apache-2.0
//! What came of it: counts, latencies, memory.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

use crate::drive::Plan;
use crate::platform::Memory;

/// Digits of a latency that are kept.
const DIGITS: u8 = 3;
/// The longest latency that is told apart from longer ones, in microseconds: an hour.
const LATENCY_MAX: u64 = 3_600_000_000;

/// Downlinks of all devices.
#[derive(Debug, Default, Serialize)]
pub struct Downlinks {
    /// That were queued.
    pub queued: u64,
    /// That came, each counted once.
    pub taken: u64,
    /// That came again.
    pub twice: u64,
}

/// Memory of the simulator, where it was asked for.
#[derive(Debug, Default)]
pub struct AtTimes {
    /// Before there was a connection.
    pub before: Option<Memory>,
    /// With all devices connected, and nothing sent.
    pub connected: Option<Memory>,
    /// With all messages sent, and all devices connected.
    pub end: Option<Memory>,
}

/// Devices and what came of their messages.
#[derive(Debug, Default, Serialize)]
struct Counts {
    devices: u32,
    messages: u64,
    accepted: u64,
    refused: u64,
    given_up: u64,
    /// Failures of attempts behind which the platform may have the message.
    unsure: u64,
    /// Attempts without success, by kind.
    failures: BTreeMap<String, u64>,
}

/// What came of it.
pub struct Figures {
    counts: Counts,
    /// Microseconds.
    latency: Histogram<u64>,
    /// Connections that were opened.
    pub connections: u64,
    pub downlinks: Downlinks,
    pub memory: AtTimes,
    /// From the first message to the last answer.
    pub seconds: f64,
}

impl Figures {
    /// Nothing yet.
    pub fn new(plan: &Plan) -> Self {
        Self {
            counts: Counts {
                devices: plan.devices,
                messages: u64::from(plan.devices) * u64::from(plan.messages),
                ..Counts::default()
            },
            latency: Histogram::new_with_max(LATENCY_MAX, DIGITS)
                .expect("a histogram of this range and precision"),
            connections: 0,
            downlinks: Downlinks {
                queued: u64::from(plan.devices) * u64::from(plan.downlinks),
                ..Downlinks::default()
            },
            memory: AtTimes::default(),
            seconds: 0.0,
        }
    }

    /// A message was accepted, so long after it was due.
    pub fn accepted(&mut self, latency: Duration) {
        self.counts.accepted += 1;
        let micros = u64::try_from(latency.as_micros()).unwrap_or(u64::MAX);
        self.latency.saturating_record(micros.max(1));
    }

    /// An attempt failed: for a reason that may pass or not, perhaps behind a platform that has the message, and as the last.
    pub fn failed(&mut self, kind: String, again: bool, is_unsure: bool, is_last: bool) {
        *self.counts.failures.entry(kind).or_default() += 1;
        self.counts.unsure += u64::from(is_unsure);
        if is_last && again {
            self.counts.given_up += 1;
        } else if is_last {
            self.counts.refused += 1;
        }
    }

    /// Whether every message was accepted and every downlink came once.
    pub fn all_went_well(&self) -> bool {
        self.counts.accepted == self.counts.messages
            && self.downlinks.taken == self.downlinks.queued
            && self.downlinks.twice == 0
    }

    /// All of it, for a program.
    pub fn summary(&self) -> Summary<'_> {
        let quantile = |quantile| self.latency.value_at_quantile(quantile) as f64 / 1e3;
        let memory = |at: Option<Memory>| at.map(|memory| memory.bytes);
        Summary {
            counts: &self.counts,
            connections: self.connections,
            downlinks: &self.downlinks,
            seconds: self.seconds,
            messages_per_second: self.counts.accepted as f64 / self.seconds.max(1e-9),
            p50_ms: quantile(0.5),
            p99_ms: quantile(0.99),
            max_ms: quantile(1.0),
            memory_before: memory(self.memory.before),
            memory_connected: memory(self.memory.connected),
            memory_end: memory(self.memory.end),
            memory_per_connection: self.per_connection(self.memory.connected),
            memory_per_used_connection: self.per_connection(self.memory.end),
        }
    }

    /// Bytes of the simulator for each device, in comparison with before.
    fn per_connection(&self, at: Option<Memory>) -> Option<u64> {
        let more = at?.bytes.saturating_sub(self.memory.before?.bytes);
        Some(more / u64::from(self.counts.devices))
    }
}

/// The figures in JSON. Memory is in bytes.
#[derive(Serialize)]
pub struct Summary<'a> {
    #[serde(flatten)]
    counts: &'a Counts,
    connections: u64,
    downlinks: &'a Downlinks,
    seconds: f64,
    messages_per_second: f64,
    p50_ms: f64,
    p99_ms: f64,
    max_ms: f64,
    memory_before: Option<u64>,
    memory_connected: Option<u64>,
    memory_end: Option<u64>,
    memory_per_connection: Option<u64>,
    memory_per_used_connection: Option<u64>,
}

impl fmt::Display for Figures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = self.summary();
        writeln!(
            f,
            "messages   {} of {} accepted, {} refused, {} given up; {} perhaps taken twice",
            all.counts.accepted,
            all.counts.messages,
            all.counts.refused,
            all.counts.given_up,
            all.counts.unsure
        )?;
        writeln!(
            f,
            "rate       {:.1} messages/s from {} devices over {:.1} s, on {} connections",
            all.messages_per_second, all.counts.devices, all.seconds, all.connections
        )?;
        writeln!(
            f,
            "latency    p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms",
            all.p50_ms, all.p99_ms, all.max_ms
        )?;
        if all.downlinks.queued > 0 {
            writeln!(
                f,
                "downlinks  {} of {} came, {} of them twice",
                all.downlinks.taken, all.downlinks.queued, all.downlinks.twice
            )?;
        }
        if let (Some(before), Some(connected), Some(end)) =
            (all.memory_before, all.memory_connected, all.memory_end)
        {
            writeln!(
                f,
                "memory     {} KiB before, {} KiB connected, {} KiB at the end: {} bytes a connection",
                before >> 10,
                connected >> 10,
                end >> 10,
                all.memory_per_connection.unwrap_or_default()
            )?;
        }
        for (kind, count) in &all.counts.failures {
            writeln!(f, "failure    {count} times: {kind}")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures() -> Figures {
        let plan = Plan {
            address: ([127, 0, 0, 1], 1).into(),
            devices: 2,
            messages: 2,
            rate: None,
            downlinks: 1,
            requests_per_connection: 100,
            attempts: 1,
            timeout: Duration::from_secs(1),
            pid: None,
        };
        Figures::new(&plan)
    }

    #[test]
    fn all_is_well_when_every_message_and_every_downlink_arrived_once() {
        let mut figures = figures();
        for _ in 0..4 {
            assert!(!figures.all_went_well());
            figures.accepted(Duration::from_millis(3));
        }
        assert!(!figures.all_went_well());
        figures.downlinks.taken = 2;
        assert!(figures.all_went_well());
        figures.downlinks.twice = 1;
        assert!(!figures.all_went_well());
    }

    #[test]
    fn tells_failures_apart() {
        let mut figures = figures();
        for (again, is_unsure, is_last) in [
            (true, true, false),
            (true, false, true),
            (false, false, true),
        ] {
            figures.failed("503 later".to_owned(), again, is_unsure, is_last);
        }
        let counts = &figures.counts;
        assert_eq!((counts.refused, counts.given_up, counts.unsure), (1, 1, 1));
        assert!(figures.to_string().contains("3 times: 503 later"));
    }

    #[test]
    fn gives_quantiles_and_memory_for_each_device() {
        let mut figures = figures();
        for millis in 1..=100 {
            figures.accepted(Duration::from_millis(millis));
        }
        figures.memory.before = Some(Memory { bytes: 1000 });
        figures.memory.connected = Some(Memory { bytes: 5000 });
        let all = figures.summary();
        assert!((all.p50_ms - 50.0).abs() < 0.5 && (all.p99_ms - 99.0).abs() < 0.5);
        assert_eq!(all.memory_per_connection, Some(2000));
        assert_eq!(all.memory_per_used_connection, None);
    }
}
