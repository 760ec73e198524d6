// SPDX-License-Identifier: MIT OR Apache-2.0
//! Coverage-guided fuzzing: libFuzzer through cargo-fuzz, with `AddressSanitizer` and overflow checks.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs::{self, File},
    path::Path,
    process::Command,
};

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{readme, tools, workspace::Workspace};

/// Everyone uses the same version.
const VERSION: &str = "0.13.2";
const FOLDER: &str = "tests/fuzz";
const TEXT: &str = "tests/fuzz/README.md";
const TABLE: &str = "figures";
/// Longer than the longest head.
const LEN_MAX: &str = "-max_len=9000";
/// Vectors that are inputs without change.
const VECTORS: &[(&str, &str)] = &[
    ("adopt", "tests/vectors/senml"),
    ("downlink", "tests/vectors/senml"),
    ("response", "tests/vectors/http"),
];
/// Of which an input is kept for new code only, not for how often it runs: there are too many calls for each mixture of them.
const FOR_EDGES: &[&str] = &["forged"];
/// Clock ticks of /proc in a second, on Linux.
const TICKS: u64 = 100;

/// What happens with the results of a run.
#[derive(Clone, Copy)]
pub struct After {
    /// Its figures are added to the table.
    pub record: bool,
    /// Its inputs are kept.
    pub keep: bool,
}

/// Runs one target, or all one after another, each for this many seconds.
pub fn run(
    workspace: &Workspace,
    only: Option<&str>,
    seconds: u32,
    after: After,
) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    ensure!(
        cmd!(shell, "cargo +nightly --version")
            .quiet()
            .ignore_stderr()
            .read()
            .is_ok(),
        "fuzzing wants a nightly compiler: rustup toolchain install nightly"
    );
    let known = targets(workspace)?;
    let chosen: Vec<_> = known
        .iter()
        .filter(|name| only.is_none_or(|only| only == *name))
        .collect();
    ensure!(!chosen.is_empty(), "there are {}", known.join(", "));
    build(workspace)?;
    for name in chosen {
        let figures = run_target(workspace, name, seconds)?;
        println!("{name}: {figures}");
        if after.keep {
            keep(workspace, name)?;
        }
        if after.record {
            record(workspace, name, figures)?;
        }
    }
    Ok(())
}

/// The names of the targets, in order.
fn targets(workspace: &Workspace) -> anyhow::Result<Vec<String>> {
    let files = workspace
        .shell
        .read_dir(workspace.path(FOLDER).join("fuzz_targets"))?;
    Ok(files
        .iter()
        .filter_map(|path| Some(path.file_stem()?.to_string_lossy().into_owned()))
        .collect())
}

fn build(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let program = tools::install(workspace, "cargo-fuzz", VERSION)?;
    let folder = workspace.path("target/fuzz");
    cmd!(
        shell,
        "{program} fuzz build --fuzz-dir {FOLDER} --target-dir {folder}"
    )
    .env("RUSTUP_TOOLCHAIN", "nightly")
    .quiet()
    .run()?;
    Ok(())
}

/// The program of a target, with the arguments that all runs have in common.
fn program(workspace: &Workspace, name: &str) -> Command {
    let program = workspace
        .path("target/fuzz/x86_64-unknown-linux-gnu/release")
        .join(name);
    let mut command = Command::new(program);
    command.args([LEN_MAX, "-timeout=20", "-rss_limit_mb=1024"]);
    command
}

/// Where the inputs of this machine are, and those of the repository.
fn folders(workspace: &Workspace, name: &str) -> anyhow::Result<[std::path::PathBuf; 2]> {
    let here = workspace.path("target/fuzz/corpus").join(name);
    let kept = workspace.path(FOLDER).join("corpus").join(name);
    workspace.shell.create_dir(&here)?;
    workspace.shell.create_dir(&kept)?;
    Ok([here, kept])
}

fn vectors(workspace: &Workspace, name: &str) -> Vec<std::path::PathBuf> {
    let folders = VECTORS.iter().filter(|(target, _)| *target == name);
    folders.map(|(_, folder)| workspace.path(folder)).collect()
}

fn run_target(workspace: &Workspace, name: &str, seconds: u32) -> anyhow::Result<Figures> {
    let [here, kept] = folders(workspace, name)?;
    let artifacts = workspace.path("target/fuzz/artifacts").join(name);
    workspace.shell.create_dir(&artifacts)?;
    let log = workspace
        .path("target/fuzz")
        .join(name)
        .with_extension("log");
    let before = children_ticks()?;
    let status = program(workspace, name)
        .arg(&here)
        .arg(&kept)
        .args(vectors(workspace, name))
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-artifact_prefix={}/", artifacts.display()))
        .args(["-print_final_stats=1", "-reload=0"])
        .stderr(File::create(&log)?)
        .stdout(File::create(log.with_extension("out"))?)
        .status()?;
    let ticks = children_ticks()?.saturating_sub(before);
    let text = fs::read_to_string(&log)?;
    ensure!(
        status.success(),
        "{name} found something: {}, the input is in {}\n{}",
        log.display(),
        artifacts.display(),
        last_lines(&text)
    );
    Figures::of(&text, ticks / TICKS).with_context(|| format!("{}", log.display()))
}

fn last_lines(text: &str) -> String {
    let mut lines: Vec<_> = text.lines().rev().take(40).collect();
    lines.reverse();
    lines.join("\n")
}

/// Processor time of the processes that have ended, from /proc/self/stat.
fn children_ticks() -> anyhow::Result<u64> {
    let stat = fs::read_to_string("/proc/self/stat")?;
    let (_, fields) = stat.rsplit_once(')').context("a name in brackets")?;
    let fields: Vec<_> = fields.split_whitespace().collect();
    let field = |at: usize| -> anyhow::Result<u64> {
        Ok(fields.get(at).context("fields of a process")?.parse()?)
    };
    Ok(field(13)? + field(14)?)
}

/// Adds the inputs of this machine to the repository, as few as reach the same code. Inputs in the repository stay.
fn keep(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    let [here, kept] = folders(workspace, name)?;
    let merged = workspace.path("target/fuzz/merged").join(name);
    workspace.shell.remove_path(&merged)?;
    workspace.shell.create_dir(&merged)?;
    // Code that the vectors reach needs no further input.
    let mut command = program(workspace, name);
    command
        .args(["-set_cover_merge=1", "-use_value_profile=0"])
        .arg(&merged);
    if FOR_EDGES.contains(&name) {
        command.arg("-use_counters=0");
    }
    let status = command
        .args(vectors(workspace, name))
        .args([&kept, &here])
        .stderr(File::create(merged.with_extension("log"))?)
        .status()?;
    ensure!(status.success(), "{name} cannot be merged");
    for path in workspace.shell.read_dir(&kept)? {
        if !is_finding(&path) {
            workspace.shell.remove_path(path)?;
        }
    }
    let known: Vec<Vec<u8>> = vectors(workspace, name)
        .iter()
        .flat_map(|folder| workspace.shell.read_dir(folder).unwrap_or_default())
        .filter_map(|path| fs::read(path).ok())
        .collect();
    for path in workspace.shell.read_dir(&merged)? {
        let input = fs::read(&path)?;
        if !known.contains(&input) {
            let file = path.file_name().context("a file has a name")?;
            let short: String = file.to_string_lossy().chars().take(10).collect();
            fs::write(kept.join(short), input)?;
        }
    }
    Ok(())
}

/// An input that revealed a fault, and is named after it.
fn is_finding(path: &Path) -> bool {
    path.file_name()
        .is_some_and(|name| name.to_string_lossy().starts_with("found-"))
}

/// What libFuzzer prints at its end.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
struct Figures {
    /// Processor time.
    seconds: u64,
    executions: u64,
    edges: u64,
}

impl Figures {
    fn of(log: &str, seconds: u64) -> anyhow::Result<Self> {
        let executions = log
            .lines()
            .find_map(|line| line.strip_prefix("stat::number_of_executed_units:"))
            .context("no final statistics")?;
        let done = log
            .lines()
            .rfind(|line| line.starts_with('#') && line.contains("cov: "))
            .and_then(|line| line.split_once("cov: "))
            .context("no coverage")?;
        let edges = done.1.split_whitespace().next().context("no number")?;
        Ok(Self {
            seconds,
            executions: executions.trim().parse()?,
            edges: edges.parse()?,
        })
    }

    /// A row of the table, without its name.
    fn row(&self, inputs: usize, findings: usize) -> String {
        let Self {
            seconds,
            executions,
            edges,
        } = self;
        format!("{seconds} | {executions} | {edges} | {inputs} | {findings}")
    }

    fn of_row(row: &str) -> Option<Self> {
        let mut cells = row.split('|').map(str::trim);
        let mut next = || cells.next()?.parse().ok();
        Some(Self {
            seconds: next()?,
            executions: next()?,
            edges: next()?,
        })
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(
            formatter,
            "{} s of processor time, {} executions, {} edges",
            self.seconds, self.executions, self.edges
        )
    }
}

/// Adds the run to the table of all runs.
fn record(workspace: &Workspace, name: &str, figures: Figures) -> anyhow::Result<()> {
    let table = readme::section_of(workspace, TEXT, TABLE)?;
    let mut rows: BTreeMap<String, Figures> = table
        .lines()
        .filter_map(|line| {
            let (name, row) = line.strip_prefix("| `")?.split_once("` | ")?;
            Some((name.to_owned(), Figures::of_row(row)?))
        })
        .collect();
    let sum = rows.entry(name.to_owned()).or_default();
    sum.seconds += figures.seconds;
    sum.executions += figures.executions;
    sum.edges = figures.edges;
    let mut text =
        "| target | seconds of processor time | executions | edges | inputs kept | findings |\n\
                    |---|---|---|---|---|---|\n"
            .to_owned();
    for (name, figures) in &rows {
        let [_, kept] = folders(workspace, name)?;
        let files = workspace.shell.read_dir(kept)?;
        let findings = files.iter().filter(|path| is_finding(path)).count();
        writeln!(
            text,
            "| `{name}` | {} |",
            figures.row(files.len(), findings)
        )?;
    }
    readme::write_section_of(workspace, TEXT, TABLE, &text)
}

#[cfg(test)]
mod tests {
    use super::Figures;

    #[test]
    fn reads_the_last_lines_of_libfuzzer_and_its_own_table() {
        let log = "#2\tINITED cov: 7 ft: 8 corp: 1/1b\n#9\tDONE   cov: 17 ft: 20 corp: 3/9b lim: 4\n\
                   stat::number_of_executed_units: 9\n";
        let figures = Figures::of(log, 3).unwrap();
        let expected = Figures {
            seconds: 3,
            executions: 9,
            edges: 17,
        };
        assert_eq!(figures, expected);
        assert_eq!(Figures::of_row(&figures.row(4, 0)), Some(expected));
        assert!(Figures::of("cov: 3", 1).is_err());
        assert_eq!(Figures::of_row("a | b"), None);
    }
}
