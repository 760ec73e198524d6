// SPDX-License-Identifier: MIT OR Apache-2.0
//! The figures as tables of Markdown.

use std::fmt::Write as _;

use anyhow::Context as _;

use super::{BARE, CONNECTIONS, Case, Fleet, ROUNDS, Round, SECONDS};

fn median(values: impl Iterator<Item = f64>) -> f64 {
    let mut values: Vec<f64> = values.collect();
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or_default()
}

/// All figures; `others` says on what they were measured.
pub fn write(cases: &[Case], fleets: &[Fleet], others: &str) -> anyhow::Result<String> {
    let bare = cases.get(..BARE).context("bare handlers")?;
    let mut text = format!(
        "\n| `wrk`, {CONNECTIONS} connections | messages/s | of axum, two threads | of axum, one thread | p50 | p99 | processor time of the server |\n\
         |---|---|---|---|---|---|---|\n"
    );
    for case in cases {
        let of = |field: fn(&Round) -> f64| median(case.rounds.iter().map(field));
        let ratio = |bare: &Case| {
            let pairs = case.rounds.iter().zip(&bare.rounds);
            let ratio = median(pairs.map(|(one, bare)| one.per_second / bare.per_second));
            format!("{:.0} %", ratio * 100.0)
        };
        let ratios: Vec<String> = bare.iter().map(ratio).collect();
        writeln!(
            text,
            "| {} | {} | {} | {} | {} | {:.1} µs a message |",
            case.sentence,
            thousands(of(|round| round.per_second)),
            ratios.join(" | "),
            milliseconds(of(|round| round.p50)),
            milliseconds(of(|round| round.p99)),
            of(|round| round.processor)
        )?;
    }
    text.push_str(
        "\n| devices of the library, `fleet` | messages/s | p50 | p99 | memory of the simulator |\n|---|---|---|---|---|\n",
    );
    for (fleet, how) in fleets.iter().zip(["at a rate", "as fast as it goes"]) {
        writeln!(
            text,
            "| {} devices, {how} | {} | {} | {} | {:.1} KiB a connection |",
            thousands(fleet.devices as f64),
            thousands(fleet.messages_per_second),
            milliseconds(fleet.p50_ms * 1e3),
            milliseconds(fleet.p99_ms * 1e3),
            fleet.memory_per_connection as f64 / 1024.0
        )?;
    }
    writeln!(
        text,
        "\nMedians of {ROUNDS} rounds of {SECONDS} s, taken in turns, on {others}. All of it shares them: server, load, and whatever else ran.\n"
    )?;
    Ok(text)
}

/// A whole number with commas.
fn thousands(number: f64) -> String {
    let digits = format!("{number:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

fn milliseconds(microseconds: f64) -> String {
    format!("{:.1} ms", microseconds / 1e3)
}

#[cfg(test)]
mod tests {
    use super::super::{Fleet, Round, cases};
    use super::{thousands, write};

    #[test]
    fn a_ratio_is_one_of_rounds_that_met_the_same() {
        let round = |per_second| Round {
            per_second,
            p50: 1000.0,
            p99: 2500.0,
            processor: 9.5,
        };
        let mut all = cases();
        all.truncate(3);
        all[0].rounds = [100.0, 2000.0, 300.0].map(round).to_vec();
        all[1].rounds = [120.0, 1500.0, 200.0].map(round).to_vec();
        all[2].rounds = [60.0, 1200.0, 150.0].map(round).to_vec();
        let fleet = Fleet {
            devices: 10_000,
            messages: 1,
            accepted: 1,
            messages_per_second: 1999.6,
            p50_ms: 0.25,
            p99_ms: 3.0,
            memory_per_connection: 12_800,
        };
        let text = write(&all, &[fleet], "a desk").unwrap();
        assert!(
            text.contains("one thread | 150 | 60 % | 75 % | 1.0 ms | 2.5 ms | 9.5 µs a message |")
        );
        assert!(
            text.contains(
                "| 10,000 devices, at a rate | 2,000 | 0.2 ms | 3.0 ms | 12.5 KiB a connection |"
            ),
            "{text}"
        );
        assert_eq!(thousands(1_234_567.0), "1,234,567");
    }
}
