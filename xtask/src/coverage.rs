// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which lines of the library no test reaches, C tests included. Each must be in a list, with a reason.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{
    instrumented::{self, Build},
    workspace::Workspace,
};

/// Lines that no test reaches: under each heading, which gives the reason, `file: line` with the line's text.
const LIST: &str = "tests/uncovered.txt";
/// Percentage of the lines that tests must reach.
const GOAL: f64 = 97.0;
/// Random cases per test: a line that only the hundred thousandth case reaches counts as not reached.
const CASES: &str = "2000";
/// Only builds the library in other ways, without running it.
const BUILDS: &str = "one_road";
const FLAGS: &str = "-Cinstrument-coverage";

/// For each file of `src`: its lines, and whether each was reached.
type Lines = BTreeMap<String, BTreeMap<usize, bool>>;

/// Runs the tests, and fails for a line that is neither reached nor listed, or if too many are listed.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let tools = Tools::find(workspace)?;
    let folder = workspace.path("target/coverage");
    let profiles = folder.join("profiles");
    workspace.shell.remove_path(&profiles)?;
    workspace.shell.create_dir(&profiles)?;
    let mut programs = rust_tests(workspace, &folder)?;
    programs.push(c_tests(workspace, &folder)?);
    let mut lines = Lines::new();
    for program in &programs {
        // Each with its own profile: programs that were built in other ways have other counters under the same names.
        let profile = tools.merge(&profiles_of(&folder, program))?;
        read_lcov(workspace, &tools.lcov(&profile, program)?, &mut lines);
    }
    judge(workspace, &lines)
}

/// `llvm-cov` and `llvm-profdata` in the compiler's version of LLVM.
struct Tools {
    cov: PathBuf,
    profdata: PathBuf,
}

impl Tools {
    fn find(workspace: &Workspace) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
        let version = cmd!(shell, "rustc -vV").quiet().read()?;
        let major = version
            .lines()
            .find_map(|line| line.strip_prefix("LLVM version: ")?.split('.').next())
            .context("rustc names its LLVM")?;
        let component = Path::new(&sysroot).join("lib/rustlib/x86_64-unknown-linux-gnu/bin");
        let find = |name: &str| {
            let distribution = Path::new("/usr/bin").join(format!("{name}-{major}"));
            let found = [component.join(name), distribution]
                .into_iter()
                .find(|path| path.exists());
            found.with_context(|| {
                format!("no {name} for LLVM {major}: rustup component add llvm-tools, or install llvm-{major}")
            })
        };
        Ok(Self {
            cov: find("llvm-cov")?,
            profdata: find("llvm-profdata")?,
        })
    }

    fn merge(&self, profiles: &Path) -> anyhow::Result<PathBuf> {
        let merged = profiles.with_extension("profdata");
        let raw = fs::read_dir(profiles)?
            .map(|file| Ok(file?.path()))
            .collect::<anyhow::Result<Vec<_>>>()?;
        ensure!(!raw.is_empty(), "no test has written a profile");
        let status = Command::new(&self.profdata)
            .args(["merge", "--sparse", "-o"])
            .arg(&merged)
            .args(raw)
            .status()?;
        ensure!(status.success(), "llvm-profdata cannot merge the profiles");
        Ok(merged)
    }

    fn lcov(&self, profile: &Path, program: &Path) -> anyhow::Result<String> {
        let output = Command::new(&self.cov)
            .args(["export", "--format=lcov", "--skip-functions"])
            .arg(format!("--instr-profile={}", profile.display()))
            .arg(program)
            .output()?;
        ensure!(
            output.status.success(),
            "llvm-cov: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        Ok(String::from_utf8(output.stdout)?)
    }
}

/// Where a program writes its profiles: one file for each process.
fn profiles_of(folder: &Path, program: &Path) -> PathBuf {
    folder
        .join("profiles")
        .join(program.file_name().unwrap_or_default())
}

fn profile_pattern(folder: &Path, program: &Path) -> PathBuf {
    profiles_of(folder, program).join("%p-%m.profraw")
}

/// Unit and integration tests, run; their programs.
fn rust_tests(workspace: &Workspace, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let shell = &workspace.shell;
    // Build scripts run with counters too; their profiles are not wanted.
    let built = cmd!(
        shell,
        "cargo test --quiet --package kpn-things --features posix --locked --lib --tests --target-dir {folder}
         --no-run --message-format=json"
    )
    .env("RUSTFLAGS", FLAGS)
    .env("LLVM_PROFILE_FILE", "/dev/null")
    .quiet()
    .read()?;
    let programs: Vec<PathBuf> = built
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter_map(|message| Some(message.get("executable")?.as_str()?.into()))
        .filter(|program: &PathBuf| !is_named(program, BUILDS))
        .collect();
    ensure!(programs.len() > 10, "cargo names only {programs:?}");
    for program in &programs {
        let output = cmd!(shell, "{program} --quiet")
            .env("KPN_CASES", CASES)
            .env("LLVM_PROFILE_FILE", profile_pattern(folder, program))
            .quiet()
            .ignore_status()
            .output()?;
        ensure!(
            output.status.success(),
            "{}\n{}",
            String::from_utf8_lossy(&output.stdout),
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(programs)
}

fn is_named(program: &Path, name: &str) -> bool {
    let file = program.file_name().unwrap_or_default();
    file.to_string_lossy().starts_with(name)
}

fn c_tests(workspace: &Workspace, folder: &Path) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let build = Build {
        toolchain: None,
        rust_flags: FLAGS,
        folder,
    };
    let archive = build.archive(workspace)?;
    let program = folder.join("c-tests");
    // Nothing else links the part of the archive that writes the profile.
    let flags = ["-Wl,-u,__llvm_profile_runtime"];
    instrumented::c_tests(workspace, &archive, &flags, &program)?;
    cmd!(shell, "{program}")
        .env("LLVM_PROFILE_FILE", profile_pattern(folder, &program))
        .quiet()
        .ignore_stdout()
        .run()?;
    Ok(program)
}

/// Adds what one program reached: a line counts when any program reached it.
fn read_lcov(workspace: &Workspace, lcov: &str, lines: &mut Lines) {
    let root = workspace.path("");
    let mut file = None;
    for line in lcov.lines() {
        if let Some(path) = line.strip_prefix("SF:") {
            let path = Path::new(path).strip_prefix(&root).ok();
            file = path
                .filter(|path| path.starts_with("src"))
                .map(|path| path.display().to_string());
        } else if let (Some(file), Some(data)) = (&file, line.strip_prefix("DA:"))
            && let Some((number, count)) = data.split_once(',')
            && let Ok(number) = number.parse()
        {
            let is_reached = lines
                .entry(file.clone())
                .or_default()
                .entry(number)
                .or_default();
            *is_reached |= count != "0";
        }
    }
}

fn judge(workspace: &Workspace, lines: &Lines) -> anyhow::Result<()> {
    let listed = listed(&workspace.shell.read_file(LIST)?);
    let mut used = BTreeSet::new();
    let (mut all, mut reached, mut unexplained) = (0_u32, 0_u32, Vec::new());
    for (file, lines) in lines {
        let source = workspace.shell.read_file(file)?;
        let source: Vec<&str> = source.lines().collect();
        let end = tests_begin(file, &source);
        for (&number, &is_reached) in lines.range(..end) {
            all += 1;
            if is_reached {
                reached += 1;
                continue;
            }
            let text = source.get(number - 1).copied().unwrap_or_default().trim();
            let entry = (file.clone(), text.to_owned());
            if listed.contains(&entry) {
                used.insert(entry);
            } else {
                unexplained.push(format!("{file}:{number}: {text}"));
            }
        }
    }
    for (file, text) in listed.difference(&used) {
        println!("reached now, and listed in {LIST}: {file}: {text}");
    }
    for line in &unexplained {
        println!("not reached: {line}");
    }
    let share = 100.0 * f64::from(reached) / f64::from(all.max(1));
    println!("{share:.2} % of {all} lines are reached");
    ensure!(
        unexplained.is_empty(),
        "{} lines are neither reached nor listed in {LIST}",
        unexplained.len()
    );
    ensure!(share >= GOAL, "that is less than {GOAL} %");
    Ok(())
}

/// The entries of the list, without the reasons.
fn listed(list: &str) -> BTreeSet<(String, String)> {
    list.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(": "))
        .map(|(file, text)| (file.to_owned(), text.trim().to_owned()))
        .collect()
}

/// The line at which the unit tests of a file begin, which are not measured.
fn tests_begin(file: &str, source: &[&str]) -> usize {
    if file.ends_with("tests.rs") || file.ends_with("/layout.rs") {
        return 0;
    }
    let is_begin =
        |pair: &[&str]| pair[0].trim() == "#[cfg(test)]" && pair[1].contains("mod tests {");
    source
        .windows(2)
        .position(is_begin)
        .map_or(usize::MAX, |at| at + 1)
}

#[cfg(test)]
mod tests {
    use super::{listed, tests_begin};

    #[test]
    fn unit_tests_are_not_counted() {
        let source = ["fn a() {}", "#[cfg(test)]", "mod tests {", "}"];
        assert_eq!(tests_begin("src/a.rs", &source), 2);
        assert_eq!(tests_begin("src/a.rs", &source[..1]), usize::MAX);
        assert_eq!(tests_begin("src/a/tests.rs", &source), 0);
    }

    #[test]
    fn a_list_has_reasons_and_lines() {
        let list = listed("# Why.\nsrc/a.rs: Err(Error::STATE)\n\nsrc/b.rs: match: {\n");
        let entries: Vec<_> = list
            .iter()
            .map(|(file, text)| (file.as_str(), text.as_str()))
            .collect();
        assert_eq!(
            entries,
            [("src/a.rs", "Err(Error::STATE)"), ("src/b.rs", "match: {")]
        );
    }
}
