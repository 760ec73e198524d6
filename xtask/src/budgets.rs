// SPDX-License-Identifier: MIT OR Apache-2.0
//! Budgets: the limits of what `make report` measures.

use anyhow::{Context as _, ensure};

use crate::{
    report::{self, Line},
    target::TARGETS,
    workspace::Workspace,
};

const BUDGETS: &str = "xtask/budgets.txt";

/// Nothing closer to the stack pointer than this is painted (`NEAR` in tests/firmware/paint.c).
const NEAR: u64 = 64;

/// Fails if a budget is exceeded or names something that is not measured.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let lines = report::collect(workspace, &TARGETS.iter().collect::<Vec<_>>())?;
    check_paint(&lines)?;
    let budgets = parse_budgets(&workspace.shell.read_file(BUDGETS)?)?;
    let exceeded = exceeded(&lines, &budgets)?;
    ensure!(
        exceeded.is_empty(),
        "over budget ({BUDGETS}):\n{}",
        exceeded.join("\n")
    );
    println!("{} budgets are kept", budgets.len());
    Ok(())
}

/// Lines `name limit`, with comments after `#`. A name that ends in `.*` applies to all targets.
fn parse_budgets(text: &str) -> anyhow::Result<Vec<(String, u64)>> {
    let mut budgets = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some((name, limit)) = line.split_once(' ') {
            budgets.push((
                name.to_owned(),
                limit.trim().parse().with_context(|| line.to_owned())?,
            ));
        }
    }
    Ok(budgets)
}

fn exceeded(lines: &[Line], budgets: &[(String, u64)]) -> anyhow::Result<Vec<String>> {
    let mut exceeded = Vec::new();
    for (name, limit) in budgets {
        let mut measured = 0;
        for line in lines.iter().filter(|line| is_meant(name, &line.name)) {
            measured += 1;
            if line.value > *limit {
                exceeded.push(format!(
                    "{} is {}, {} over {limit}",
                    line.name,
                    line.value,
                    line.value - limit
                ));
            }
        }
        ensure!(
            measured > 0,
            "the budget {name} is for nothing that is measured"
        );
    }
    Ok(exceeded)
}

/// Painted stack must stay within what was computed for the same function; otherwise the computation misses a call.
fn check_paint(lines: &[Line]) -> anyhow::Result<()> {
    let mut compared = 0;
    for painted in lines {
        let Some(name) = painted.name.strip_suffix(".painted") else {
            continue;
        };
        let stack = lines
            .iter()
            .find(|line| line.name == name)
            .with_context(|| format!("{name} was painted, but not worked out"))?;
        ensure!(
            painted.value <= stack.value.max(NEAR),
            "{name} is said to be {}, but {} bytes lost their paint",
            stack.value,
            painted.value
        );
        compared += 1;
    }
    ensure!(compared > 0, "no stack was painted");
    Ok(())
}

fn is_meant(budget: &str, name: &str) -> bool {
    match budget.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => budget == name,
    }
}

#[cfg(test)]
mod tests {
    use super::{Line, check_paint, exceeded, parse_budgets};

    #[test]
    fn budgets_are_kept_per_name_and_for_all_targets() {
        let line = |name: &str, value| Line {
            name: name.to_owned(),
            value,
            unit: "bytes",
        };
        let lines = [
            line("flash.token.a", 5),
            line("flash.token.b", 9),
            line("insn.token", 3),
        ];
        let budgets = parse_budgets("# why\nflash.token.* 8 # one\ninsn.token 3\n").unwrap();
        assert_eq!(
            exceeded(&lines, &budgets).unwrap(),
            ["flash.token.b is 9, 1 over 8"]
        );
        assert!(exceeded(&lines, &[("flash.uplink.*".to_owned(), 1)]).is_err());
    }

    #[test]
    fn paint_must_not_be_gone_below_what_was_worked_out() {
        let lines = |painted| {
            [
                ("stack.kpn_a.m", 600),
                ("stack.kpn_a.m.painted", painted),
                ("stack.kpn_b.m", 8),
                ("stack.kpn_b.m.painted", 64),
            ]
            .map(|(name, value)| Line {
                name: name.to_owned(),
                value,
                unit: "bytes",
            })
        };
        check_paint(&lines(600)).unwrap();
        let error = check_paint(&lines(604)).unwrap_err().to_string();
        assert!(error.contains("stack.kpn_a.m is said to be 600"), "{error}");
        assert!(check_paint(&lines(600)[1..]).is_err());
        assert!(check_paint(&lines(600)[..1]).is_err());
    }
}
