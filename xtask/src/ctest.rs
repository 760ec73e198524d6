// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C tests: configured, built and run as by any user of the CMake project.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{
    archive, simulator,
    target::{self, TARGETS, Target},
    workspace::Workspace,
};

/// Against the archives that ship: all tests for this machine in 64 bits, the C tests also in 32 bits and on emulated processors.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    run_for(workspace, "x86_64-linux", "ON")?;
    run_for(workspace, "i686-linux", "OFF")?;
    for target in TARGETS.iter().filter(|target| target.emulator.is_some()) {
        run_emulated(workspace, target).context(target.name)?;
    }
    Ok(())
}

/// All topics of tests/c as one program for Linux on another processor.
fn run_emulated(workspace: &Workspace, target: &Target) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let archive = archive::build(workspace, target, archive::Options::default())?;
    let folder = workspace.scratch("ctest/emulated")?;
    let program = folder.join(target.name);
    let mut sources = shell.read_dir("tests/c")?;
    sources.retain(|path| path.extension().is_some_and(|end| end == "c"));
    let (compiler, flags) = (target.gcc(), target.gcc_flags);
    cmd!(
        shell,
        "{compiler} {flags...} -std=c99 -O1 -Wall -Wextra -Werror -DKPN_TEST_POSIX -DKPN_TEST_SMALL -I include -I tests/vectors
         {sources...} {archive} -o {program}"
    )
    .quiet()
    .run()?;
    let command = target.command(&program);
    let (first, rest) = command.split_first().context("a program")?;
    let printed = cmd!(shell, "timeout 120 {first} {rest...}")
        .quiet()
        .read()?;
    println!(
        "{}: {}",
        target.name,
        printed.lines().last().unwrap_or_default()
    );
    Ok(())
}

fn run_for(workspace: &Workspace, name: &str, host: &str) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let target = target::find(name)?;
    let archive = archive::build(workspace, target, archive::Options::default())?;
    let folder = workspace.scratch(&format!("ctest/{name}"))?;
    let flags = target.gcc_flags.join(" ");
    let simulator = simulator::build(workspace)?;
    let said = cmd!(
        shell,
        "cmake -S . -B {folder} -DKPN_THINGS_ARCHIVE={archive} -DCMAKE_BUILD_TYPE= -DKPN_THINGS_TESTS=ON
         -DKPN_THINGS_TEST_HOST={host} -DKPN_THINGS_SIMULATOR={simulator}
         -DCMAKE_C_FLAGS={flags} -DCMAKE_CXX_FLAGS={flags}"
    )
    .quiet()
    .read()?;
    ensure!(!said.contains("left out"), "{said}");
    cmd!(shell, "cmake --build {folder} --parallel 2")
        .quiet()
        .ignore_stdout()
        .run()?;
    cmd!(
        shell,
        "ctest --test-dir {folder} --output-on-failure --no-tests=error --parallel 2"
    )
    .quiet()
    .run()?;
    Ok(())
}
