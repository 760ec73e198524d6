// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the library costs: lines `name value unit`, all measured, and the budgets that they must meet.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use anyhow::{Context as _, ensure};

use crate::{
    archive::{self, Options},
    cost::{FEATURES, add_flash, add_flash_of_c_source, add_ram, add_sizes},
    firmware,
    machine::{COUNTERS, PAINTERS},
    readme, stack,
    target::{self, TARGETS, Target},
    workspace::Workspace,
};

/// Where the one C file is compared with the archive.
const C_SOURCE: [&str; 3] = ["thumbv6m", "thumbv7m", "riscv32imc"];

/// One measured number.
#[derive(Debug)]
pub struct Line {
    /// Dotted: the quantity, its subject, the target.
    pub name: String,
    /// How much.
    pub value: u64,
    /// Of what.
    pub unit: &'static str,
}

/// Prints all lines, or those of some targets; with `write`, writes the table of README.md too.
pub fn run(workspace: &Workspace, names: &[String], write: bool) -> anyhow::Result<()> {
    let named: Vec<_> = names
        .iter()
        .map(|name| target::find(name))
        .collect::<anyhow::Result<_>>()?;
    let chosen: Vec<_> = if named.is_empty() {
        TARGETS.iter().collect()
    } else {
        named
    };
    let lines = collect(workspace, &chosen)?;
    print(&lines);
    if write {
        ensure!(
            names.is_empty(),
            "the table of README.md is for all targets"
        );
        readme::write_section(workspace, "report", &table(&lines)?)?;
    }
    Ok(())
}

/// Only the instruction counts.
pub fn bench(workspace: &Workspace) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    add_instructions(workspace, &TARGETS.iter().collect::<Vec<_>>(), &mut lines)?;
    print(&lines);
    Ok(())
}

/// What strict alignment costs a Cortex-M3: each figure of the usual archive, then of the strict one.
pub fn bench_strict_align(workspace: &Workspace) -> anyhow::Result<()> {
    let strict = Options {
        strict_align: true,
        ..Options::default()
    };
    let (core, machine) = COUNTERS.first().context("a Cortex-M3")?;
    for (name, options) in [("", Options::default()), ("strict.", strict)] {
        let mut lines = Vec::new();
        let target = machine.target()?;
        add_flash(
            workspace,
            target,
            &archive::build(workspace, target, options)?,
            &mut lines,
        )?;
        let counts = firmware::count(workspace, machine, options)?;
        add_counts(core, counts, Vec::new(), &mut lines);
        for line in &mut lines {
            line.name.insert_str(0, name);
        }
        print(&lines);
    }
    Ok(())
}

/// Lines `name value unit`.
pub fn print(lines: &[Line]) {
    for line in lines {
        println!("{} {} {}", line.name, line.value, line.unit);
    }
}

/// All measurements for some targets.
pub fn collect(workspace: &Workspace, targets: &[&Target]) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let archives = archive::build_all(workspace, targets.iter().copied(), Options::default())?;
    for (target, archive) in targets.iter().zip(&archives) {
        if target.is_bare_metal() {
            add_flash(workspace, target, archive, &mut lines)?;
            if C_SOURCE.contains(&target.name) {
                add_flash_of_c_source(workspace, target, &mut lines)?;
            }
            add_stack(workspace, target, archive, &mut lines)?;
        }
        add_ram(target, archive, &mut lines)?;
        add_sizes(workspace, target, &mut lines)?;
    }
    add_instructions(workspace, targets, &mut lines)?;
    Ok(lines)
}

/// Per target the worst call and the largest frame; for targets with a board for painting, also each function, as
/// computed and as painted.
fn add_stack(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let Some(stack) = stack::of_archive(workspace, target, archive)? else {
        return Ok(());
    };
    let mut add = |name: String, value| {
        lines.push(Line {
            name,
            value,
            unit: "bytes",
        });
    };
    let worst = stack.calls.values().max().context("an exported function")?;
    add(format!("stack.worst.{}", target.name), *worst);
    add(
        format!("stack.frame.{}", target.name),
        stack.largest_frame.0,
    );
    for machine in PAINTERS.iter().filter(|it| it.target == target.name) {
        for (function, depth) in &stack.calls {
            add(format!("stack.{function}.{}", target.name), *depth);
        }
        for (function, depth) in firmware::paint(workspace, machine, archive)? {
            add(format!("stack.{function}.{}.painted", target.name), depth);
        }
    }
    Ok(())
}

fn add_instructions(
    workspace: &Workspace,
    targets: &[&Target],
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    for (core, machine) in COUNTERS {
        if !targets.iter().any(|target| target.name == machine.target) {
            continue;
        }
        let small = firmware::count(workspace, machine, Options::default())?;
        let fast = firmware::count(
            workspace,
            machine,
            Options {
                fast_sha: true,
                ..Options::default()
            },
        )?;
        add_counts(core, small, fast, lines);
    }
    let value = |name: &str| {
        let found = lines.iter().find(|line| line.name == name);
        found.map(|line| line.value)
    };
    if let (Some(whole), Some(bytewise)) = (value("insn.response"), value("insn.response-bytewise"))
    {
        lines.push(Line {
            name: "ratio.response-bytewise".to_owned(),
            value: (bytewise * 100).div_ceil(whole),
            unit: "hundredths",
        });
    }
    Ok(())
}

/// Jobs that hash have a line for each of the two implementations; one is enough for the rest.
fn add_counts(
    core: &str,
    small: Vec<(String, u64)>,
    fast: Vec<(String, u64)>,
    lines: &mut Vec<Line>,
) {
    const HASHES: [&str; 3] = ["message", "message-decimal", "token"];
    for (counts, sha) in [(small, "small-sha"), (fast, "fast-sha")] {
        for (name, value) in counts {
            let hashes = HASHES.contains(&name.as_str());
            let (name, unit) = if name.starts_with("wire.") {
                (name, "bytes")
            } else if hashes {
                (format!("{core}.{name}.{sha}"), "instructions")
            } else {
                (format!("{core}.{name}"), "instructions")
            };
            let is_new = lines.iter().all(|line| line.name != name);
            if is_new && (hashes || sha == "small-sha") {
                lines.push(Line { name, value, unit });
            }
        }
    }
}

/// Flash per target, then what does not depend on the target.
fn table(lines: &[Line]) -> anyhow::Result<String> {
    let value = |name: &str| {
        lines
            .iter()
            .find(|line| line.name == name)
            .map_or(0, |line| line.value)
    };
    let names: Vec<_> = FEATURES.iter().map(|(feature, _)| *feature).collect();
    let mut text = format!("\n| flash, bytes | {} | worst stack |\n", names.join(" | "));
    writeln!(text, "|{}", "---|".repeat(names.len() + 2))?;
    for target in TARGETS.iter().filter(|target| target.is_bare_metal()) {
        write!(text, "| {} ({})", target.name, target.cores)?;
        for (feature, _) in FEATURES {
            write!(
                text,
                " | {}",
                value(&format!("flash.{feature}.{}", target.name))
            )?;
        }
        writeln!(
            text,
            " | {} |",
            value(&format!("stack.worst.{}", target.name))
        )?;
    }
    text.push_str("\n| instructions, exact | Cortex-M3 | Cortex-M0+ |\n|---|---|---|\n");
    let counted: BTreeSet<_> = lines
        .iter()
        .filter_map(|line| line.name.strip_prefix("insn."))
        .collect();
    for name in counted {
        writeln!(
            text,
            "| {name} | {} | {} |",
            value(&format!("insn.{name}")),
            value(&format!("insn-m0.{name}"))
        )?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use super::add_counts;

    #[test]
    fn only_what_hashes_is_counted_with_both_implementations() {
        let counts = |message, response| {
            vec![
                ("message".to_owned(), message),
                ("response".to_owned(), response),
                ("wire.message".to_owned(), 405),
            ]
        };
        let mut lines = Vec::new();
        add_counts("insn", counts(9, 5), counts(7, 5), &mut lines);
        add_counts("insn-m0", counts(19, 15), counts(17, 15), &mut lines);
        let lines: Vec<_> = lines
            .iter()
            .map(|line| format!("{} {}", line.name, line.value))
            .collect();
        assert_eq!(
            lines,
            [
                "insn.message.small-sha 9",
                "insn.response 5",
                "wire.message 405",
                "insn.message.fast-sha 7",
                "insn-m0.message.small-sha 19",
                "insn-m0.response 15",
                "insn-m0.message.fast-sha 17",
            ]
        );
    }
}
