//! What the library costs: lines `name value unit`, all measured, and the budgets that they must keep.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use anyhow::Context as _;

use crate::{
    archive::{self, Options},
    cost::{FEATURES, add_flash, add_ram, add_sizes},
    firmware, readme, stack,
    target::{TARGETS, Target},
    workspace::Workspace,
};

/// One measured number.
#[derive(Debug)]
pub struct Line {
    /// Dotted: what, of what, for which target.
    pub name: String,
    /// How much.
    pub value: u64,
    /// Of what.
    pub unit: &'static str,
}

/// Prints all lines; with `write`, writes the table of README.md too.
pub fn run(workspace: &Workspace, write: bool) -> anyhow::Result<()> {
    let lines = collect(workspace)?;
    print(&lines);
    if write {
        readme::write_section(workspace, "report", &table(&lines)?)?;
    }
    Ok(())
}

/// Only the instruction counts.
pub fn bench(workspace: &Workspace) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    add_instructions(workspace, &mut lines)?;
    print(&lines);
    Ok(())
}

/// Lines `name value unit`.
pub fn print(lines: &[Line]) {
    for line in lines {
        println!("{} {} {}", line.name, line.value, line.unit);
    }
}

/// Everything that is measured.
pub fn collect(workspace: &Workspace) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let archives = archive::build_all(workspace, TARGETS, Options::default())?;
    for (target, archive) in TARGETS.iter().zip(&archives) {
        if target.is_bare_metal() {
            add_flash(workspace, target, archive, &mut lines)?;
        }
        add_ram(target, archive, &mut lines)?;
        add_stack(workspace, target, archive, &mut lines)?;
        add_sizes(workspace, target, &mut lines)?;
    }
    add_instructions(workspace, &mut lines)?;
    Ok(lines)
}

fn add_stack(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let objects = archive::members(workspace, archive)?;
    let Some(stack) = stack::of_objects(&objects)? else {
        return Ok(());
    };
    let (_, worst) = stack
        .calls
        .iter()
        .max_by_key(|(_, depth)| **depth)
        .context("an exported function")?;
    lines.push(Line {
        name: format!("stack.worst.{}", target.name),
        value: *worst,
        unit: "bytes",
    });
    let frame = stack.largest_frame.0;
    lines.push(Line {
        name: format!("stack.frame.{}", target.name),
        value: frame,
        unit: "bytes",
    });
    if target.name == "thumbv6m" {
        for (function, depth) in stack.calls {
            lines.push(Line {
                name: format!("stack.{function}.thumbv6m"),
                value: depth,
                unit: "bytes",
            });
        }
    }
    Ok(())
}

fn add_instructions(workspace: &Workspace, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let unit_of = |name: &str| {
        if name.starts_with("insn.") {
            "instructions"
        } else {
            "bytes"
        }
    };
    for (name, value) in firmware::measure(workspace, Options::default())? {
        let unit = unit_of(&name);
        let name = match name.as_str() {
            "insn.message" | "insn.message-decimal" => format!("{name}.small-sha"),
            painted if painted.starts_with("stack.") => format!("{painted}.painted"),
            _ => name,
        };
        lines.push(Line { name, value, unit });
    }
    for (name, value) in firmware::measure(
        workspace,
        Options {
            fast_sha: true,
            ..Options::default()
        },
    )? {
        if name == "insn.message" || name == "insn.message-decimal" || name == "insn.token" {
            lines.push(Line {
                name: format!("{name}.fast-sha"),
                value,
                unit: "instructions",
            });
        }
    }
    Ok(())
}

/// Flash per target, then what does not depend on it.
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
    text.push_str("\n| Cortex-M3, exact | instructions |\n|---|---|\n");
    let counted: BTreeSet<_> = lines
        .iter()
        .filter(|line| line.unit == "instructions")
        .map(|line| &line.name)
        .collect();
    for name in counted {
        writeln!(
            text,
            "| {} | {} |",
            name.trim_start_matches("insn."),
            value(name)
        )?;
    }
    Ok(text)
}
