// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C tests as firmware, one board per kind of core.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};

use crate::{
    archive::{self, Options},
    machine::{MACHINES, Machine, PATIENCE},
    workspace::Workspace,
};

/// Runs the C tests on every board.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let tests = c_files(workspace, "tests/c")?;
    ensure!(!tests.is_empty(), "no C tests in tests/c");
    for machine in MACHINES {
        let mut inputs = tests.clone();
        inputs.push(archive::build(
            workspace,
            machine.target()?,
            Options::default(),
        )?);
        let elf = machine.build(
            workspace,
            "tests",
            &["-I", "tests/c", "-I", "tests/vectors", "-DKPN_TEST_SMALL"],
            &inputs,
        )?;
        let printed = machine
            .run(workspace, &elf, None, PATIENCE)
            .context("the C tests")?;
        println!(
            "{} ({}): {}",
            machine.name,
            machine.target,
            printed.lines().last().unwrap_or_default()
        );
    }
    Ok(())
}

/// The check itself is tested: a failing status, a crash and a hang must each be noticed, along with what was printed
/// before.
pub fn check_can_fail(workspace: &Workspace) -> anyhow::Result<()> {
    let endings = [("FAIL", "status 3"), ("CRASH", ""), ("HANG", "hangs")];
    for machine in MACHINES {
        for (ending, expected) in endings {
            // A hang takes the full time limit, so one board is enough.
            if ending == "HANG" && machine.name != "microbit" {
                continue;
            }
            expect_failure(workspace, machine, ending, expected)?;
        }
    }
    Ok(())
}

fn expect_failure(
    workspace: &Workspace,
    machine: &Machine,
    ending: &str,
    expected: &str,
) -> anyhow::Result<()> {
    let source = workspace.path("tests/firmware/endings.c");
    let define = format!("-D{ending}");
    let elf = machine.build(
        workspace,
        &format!("ending-{ending}"),
        &[define.as_str()],
        &[source],
    )?;
    let patience = if ending == "HANG" {
        Duration::from_secs(5)
    } else {
        PATIENCE
    };
    match machine.run(workspace, &elf, None, patience) {
        Ok(_) => bail!("{ending} on {} passes for success", machine.name),
        Err(error) => {
            let said = format!("{error:#}");
            ensure!(
                said.contains("printed before the end"),
                "{ending} on {}: the output is lost: {said}",
                machine.name
            );
            ensure!(
                said.contains(expected),
                "{ending} on {} is taken for something else: {said}",
                machine.name
            );
            Ok(())
        }
    }
}

/// All C sources of a folder, in the order of their names.
pub fn c_files(workspace: &Workspace, folder: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = workspace.shell.read_dir(workspace.path(folder))?;
    files.retain(|file| file.extension().is_some_and(|extension| extension == "c"));
    files.sort();
    Ok(files)
}

/// Counts instructions on one of `machine::COUNTERS`; returns lines `name value`.
pub fn count(
    workspace: &Workspace,
    machine: &Machine,
    options: Options,
) -> anyhow::Result<Vec<(String, u64)>> {
    const SHIFT: u32 = 6;
    let archive = archive::build(workspace, machine.target()?, options)?;
    let source = workspace.path("tests/firmware/measure.c");
    let name = match (options.fast_sha, options.strict_align) {
        (true, _) => "measure-fast-sha",
        (false, true) => "measure-strict-align",
        (false, false) => "measure",
    };
    let shift = format!("-DICOUNT_SHIFT={SHIFT}");
    let elf = machine.build(workspace, name, &[shift.as_str()], &[source, archive])?;
    parse(&machine.run(workspace, &elf, Some(SHIFT), PATIENCE)?)
}

/// Paints the stack below each call on one of `machine::PAINTERS`; returns lines `function bytes`.
pub fn paint(
    workspace: &Workspace,
    machine: &Machine,
    archive: &Path,
) -> anyhow::Result<Vec<(String, u64)>> {
    let source = workspace.path("tests/firmware/paint.c");
    let elf = machine.build(workspace, "paint", &[], &[source, archive.to_owned()])?;
    parse(&machine.run(workspace, &elf, None, PATIENCE)?)
}

fn parse(printed: &str) -> anyhow::Result<Vec<(String, u64)>> {
    printed
        .lines()
        .map(|line| {
            let (name, value) = line
                .split_once(' ')
                .with_context(|| format!("no value in `{line}`"))?;
            Ok((name.to_owned(), value.trim().parse()?))
        })
        .collect()
}
