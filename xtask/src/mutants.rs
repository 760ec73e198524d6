// SPDX-License-Identifier: MIT OR Apache-2.0
//! Mutation tests: each function of the core is mutated in turn, and some test must notice. They use cargo-mutants,
//! which is installed into `target/tools` on demand.

use std::fs;

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{tools, workspace::Workspace};

/// The files that are mutated, and parts of the names of the integration tests that must notice, in addition to the
/// unit tests.
const AREAS: &[(&str, &[&str], &[&str])] = &[
    ("json", &["src/json/**"], &["reader", "downlink"]),
    (
        "senml",
        &["src/senml/**"],
        &["reader", "downlink", "uplink", "rfc8428"],
    ),
    ("http", &["src/http/**"], &["http", "response"]),
    (
        "number",
        &["src/number/**"],
        &["number", "downlink", "uplink"],
    ),
    (
        "uplink",
        &["src/things/uplink/**", "src/things/uplink.rs"],
        &["uplink", "rfc8428", "stream"],
    ),
    (
        "queue",
        &["src/things/queue/**", "src/things/queue.rs"],
        &["queue"],
    ),
    (
        "firmware",
        &["src/things/firmware/**", "src/crc32.rs"],
        &["firmware"],
    ),
    ("token", &["src/token/**", "src/token.rs"], &["token"]),
];

/// Random cases per test: a mutation that only the hundred thousandth case notices needs a unit test.
const CASES: &str = "2000";

/// Mutations that no test can notice: under each heading, which gives the reason, one line each, `file: what was replaced`.
const LIST: &str = "tests/mutants.txt";

/// Everyone uses the same version.
const VERSION: &str = "27.1.0";

const PROGRAM: &str = "cargo-mutants";

/// Runs one area, or all; only a part of each if `shard` is `k/n`.
pub fn run(workspace: &Workspace, area: Option<&str>, shard: Option<&str>) -> anyhow::Result<()> {
    tools::install(workspace, PROGRAM, VERSION)?;
    let chosen: Vec<_> = AREAS
        .iter()
        .filter(|(name, ..)| area.is_none_or(|area| area == *name))
        .collect();
    let known: Vec<_> = AREAS.iter().map(|(name, ..)| *name).collect();
    ensure!(!chosen.is_empty(), "there are {}", known.join(", "));
    let mut all = Counts::default();
    for (name, files, tests) in chosen {
        let counts = run_area(workspace, name, files, &tests_of(workspace, tests)?, shard)?;
        println!("{name}: {counts}");
        all.caught += counts.caught;
        all.missed.extend(counts.missed);
    }
    println!("all: {all}");
    let list = workspace.shell.read_file(LIST)?;
    let unexplained = unexplained(&list, &all.missed);
    for missed in &unexplained {
        println!("not noticed: {missed}");
    }
    ensure!(
        unexplained.is_empty(),
        "{} are neither noticed nor listed in {LIST}",
        unexplained.len()
    );
    ensure!(all.share() >= 95, "fewer than 95 % are noticed");
    Ok(())
}

/// The missed mutations that are not in the list, which has no line numbers, since those change.
fn unexplained<'a>(list: &str, missed: &'a [String]) -> Vec<&'a String> {
    let known: Vec<&str> = list.lines().filter(|line| !line.starts_with('#')).collect();
    let is_known = |missed: &&String| {
        let mut parts = missed.splitn(4, ':');
        let (file, what) = (parts.next(), parts.nth(2));
        let entry = file.zip(what).map(|(file, what)| format!("{file}:{what}"));
        entry.is_some_and(|entry| known.contains(&entry.as_str()))
    };
    missed.iter().filter(|missed| !is_known(missed)).collect()
}

/// The integration tests whose names contain one of the parts.
fn tests_of(workspace: &Workspace, parts: &[&str]) -> anyhow::Result<Vec<String>> {
    let mut tests = Vec::new();
    for path in workspace.shell.read_dir(workspace.path("tests"))? {
        let name = path.file_stem().unwrap_or_default().to_string_lossy();
        let is_test = path.extension().is_some_and(|extension| extension == "rs");
        if is_test && parts.iter().any(|part| name.contains(part)) {
            tests.push(name.into_owned());
        }
    }
    Ok(tests)
}

#[derive(Default)]
struct Counts {
    caught: usize,
    missed: Vec<String>,
}

impl Counts {
    fn share(&self) -> usize {
        let all = self.caught + self.missed.len();
        (self.caught * 100).checked_div(all).unwrap_or(100)
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let all = self.caught + self.missed.len();
        write!(
            formatter,
            "{} of {all} noticed, {} %",
            self.caught,
            self.share()
        )
    }
}

fn run_area(
    workspace: &Workspace,
    name: &str,
    files: &[&str],
    tests: &[String],
    shard: Option<&str>,
) -> anyhow::Result<Counts> {
    let shell = &workspace.shell;
    let program = tools::path(workspace, PROGRAM);
    let folder = workspace.scratch(&format!("mutants/{name}"))?;
    let files = files.iter().flat_map(|file| ["--file", file]);
    // For building too: behind `--` they would choose what runs of all tests.
    let tests = tests
        .iter()
        .map(|test| format!("--cargo-arg=--test={test}"));
    let shard = shard.iter().flat_map(|shard| ["--shard", shard]);
    let status = cmd!(
        shell,
        "{program} mutants --package kpn-things {files...} --sharding round-robin {shard...} --profile mutants --jobs 2 --output {folder}
         --cap-lints true --timeout 20 --build-timeout 120 --colors never --no-shuffle
         --cargo-arg=--lib {tests...}"
    )
    .env("KPN_CASES", CASES)
    .quiet()
    .ignore_status()
    .output()?;
    // 2 and 3 mean that some were missed or took too long.
    let code = status.status.code();
    ensure!(
        matches!(code, Some(0 | 2 | 3)),
        "cargo-mutants ends with {code:?}:\n{}{}",
        String::from_utf8_lossy(&status.stdout),
        String::from_utf8_lossy(&status.stderr)
    );
    let lines = |file: &str| -> anyhow::Result<Vec<String>> {
        let path = folder.join("mutants.out").join(file);
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        Ok(text.lines().map(str::to_owned).collect())
    };
    Ok(Counts {
        caught: lines("caught.txt")?.len() + lines("timeout.txt")?.len(),
        missed: lines("missed.txt")?,
    })
}

#[cfg(test)]
mod tests {
    use super::unexplained;

    #[test]
    fn a_listed_mutation_is_known_wherever_it_stands() {
        let list = "# Why: it is the same.\nsrc/a.rs: replace f -> u8 with 0\n";
        let missed = |text: &str| vec![text.to_owned()];
        let known = missed("src/a.rs:12:5: replace f -> u8 with 0");
        assert!(unexplained(list, &known).is_empty());
        for other in [
            "src/b.rs:12:5: replace f -> u8 with 0",
            "src/a.rs:12:5: replace f -> u8 with 1",
            "src/a.rs: replace f -> u8 with 0",
            "# Why: it is the same.",
        ] {
            assert_eq!(unexplained(list, &missed(other)).len(), 1, "{other}");
        }
    }
}
