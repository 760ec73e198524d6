// SPDX-License-Identifier: MIT OR Apache-2.0
//! The vectors on every core: the library's results must be the same everywhere, byte for byte.

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use xshell::cmd;

use crate::{
    archive::{self, Options},
    machine::{MACHINES, PATIENCE, find},
    target::{self, Family, TARGETS, Target},
    workspace::Workspace,
};

/// Runs one program on this machine and on every board, and compares the output.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = generate(workspace)?;
    let include = folder.display().to_string();
    let source = workspace.path("tests/firmware/vectors.c");
    let mut expected: Option<String> = None;
    let mut linux = 0;
    for target in TARGETS
        .iter()
        .filter(|target| target.family == Family::Linux)
    {
        linux += 1;
        let printed = run_here(workspace, target, &folder, &source)?;
        compare(&mut expected, &printed).context(target.name)?;
    }
    for machine in MACHINES {
        let archive = archive::build(workspace, machine.target()?, Options::default())?;
        let elf = machine.build(
            workspace,
            "vectors",
            &["-I", &include],
            &[source.clone(), archive],
        )?;
        let printed = machine
            .run(workspace, &elf, None, PATIENCE)
            .context("the vectors")?;
        compare(&mut expected, &printed).context(machine.name)?;
    }
    let lines = expected.unwrap_or_default().lines().count();
    ensure!(
        lines > 100,
        "only {lines} lines: the program does not see the vectors"
    );
    println!(
        "{lines} lines are the same on {} machines",
        MACHINES.len() + linux
    );
    Ok(())
}

/// On a core that traps on unaligned words, the archive with strict alignment gives the same results, and the usual one, which loads
/// unaligned words, faults.
pub fn check_trapping(workspace: &Workspace) -> anyhow::Result<()> {
    let folder = generate(workspace)?;
    let include = folder.display().to_string();
    let machine = find("mps2-an385")?;
    let run = |name: &str, options: Options| {
        let archive = archive::build(workspace, machine.target()?, options)?;
        let sources =
            ["vectors.c", "trap.c"].map(|file| workspace.path("tests/firmware").join(file));
        let inputs: Vec<_> = sources.into_iter().chain([archive]).collect();
        let arguments = ["-I", &include, "-mno-unaligned-access", "-fno-builtin"];
        let elf = machine.build(workspace, name, &arguments, &inputs)?;
        machine.run(workspace, &elf, None, PATIENCE)
    };
    let strict = Options {
        strict_align: true,
        ..Options::default()
    };
    let printed = run("vectors-strict", strict).context("with strict alignment")?;
    compare(&mut Some(reference(workspace)?), &printed)?;
    ensure!(
        run("vectors-trap", Options::default()).is_err(),
        "nothing traps: does this QEMU know CCR.UNALIGN_TRP?"
    );
    println!("the strict archive runs where the usual one traps");
    Ok(())
}

/// The results of the archive for this machine.
pub fn reference(workspace: &Workspace) -> anyhow::Result<String> {
    let folder = generate(workspace)?;
    let target = target::find("x86_64-linux")?;
    let source = workspace.path("tests/firmware/vectors.c");
    Ok(run_here(workspace, target, &folder, &source)?
        .trim_end()
        .to_owned())
}

fn run_here(
    workspace: &Workspace,
    target: &Target,
    include: &Path,
    source: &Path,
) -> anyhow::Result<String> {
    let shell = &workspace.shell;
    let archive = archive::build(workspace, target, Options::default())?;
    let (gcc, flags) = (target.gcc(), target.gcc_flags);
    let program = include.join(target.name);
    cmd!(
        shell,
        "{gcc} {flags...} -std=c99 -O1 -Wall -Wextra -Werror -I include -I tests/firmware -I {include} {source} {archive}
         -o {program}"
    )
    .quiet()
    .run()?;
    let command = target.command(&program);
    let (first, rest) = command.split_first().context("a program")?;
    Ok(cmd!(shell, "{first} {rest...}").quiet().read()?)
}

/// Fails at the first line that differs from the first machine's output.
pub fn compare(expected: &mut Option<String>, printed: &str) -> anyhow::Result<()> {
    // Semihosting may convert line ends to those of the terminal.
    let printed = printed.replace("\r\n", "\n");
    let printed = printed.trim_end();
    let Some(expected) = expected else {
        *expected = Some(printed.to_owned());
        return Ok(());
    };
    for (here, there) in expected.lines().zip(printed.lines()) {
        ensure!(
            here == there,
            "prints\n{there}\nwhere the first machine prints\n{here}"
        );
    }
    if expected.lines().count() != printed.lines().count() {
        bail!(
            "prints {} lines instead of {}",
            printed.lines().count(),
            expected.lines().count()
        );
    }
    Ok(())
}

/// The vectors as C arrays, in a folder for includes.
pub fn generate(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let mut text = String::from("/* Generated from tests/vectors. */\n");
    add_array(
        workspace,
        &mut text,
        "responses",
        &files(workspace, "tests/vectors/http", "http")?,
    )?;
    let packs = files(workspace, "tests/vectors/senml", "json")?;
    let packs: Vec<_> = packs
        .into_iter()
        .filter(|path| !path.to_string_lossy().contains(".resolved."))
        .collect();
    add_array(workspace, &mut text, "packs", &packs)?;
    // Any bytes have a token; the packs are used.
    add_array(workspace, &mut text, "tokens", &packs)?;
    let folder = workspace.scratch("vectors")?;
    workspace
        .shell
        .write_file(folder.join("vectors.inc"), text)?;
    Ok(folder)
}

fn files(workspace: &Workspace, folder: &str, extension: &str) -> anyhow::Result<Vec<PathBuf>> {
    let mut files = workspace.shell.read_dir(workspace.path(folder))?;
    files.retain(|path| path.extension().is_some_and(|end| end == extension));
    files.sort();
    Ok(files)
}

fn add_array(
    workspace: &Workspace,
    text: &mut String,
    array: &str,
    files: &[PathBuf],
) -> anyhow::Result<()> {
    let mut entries = String::new();
    for (at, path) in files.iter().enumerate() {
        let bytes = workspace.shell.read_binary_file(path)?;
        let name = path
            .file_stem()
            .context("a file has a name")?
            .to_string_lossy()
            .into_owned();
        write!(text, "static const uint8_t {array}_{at}[] = {{")?;
        for byte in &bytes {
            write!(text, "{byte},")?;
        }
        // An empty file still needs an array.
        text.push_str("0};\n");
        writeln!(
            entries,
            "    {{\"{name}\", {array}_{at}, {}}},",
            bytes.len()
        )?;
    }
    writeln!(text, "static const vector {array}[] = {{\n{entries}}};")?;
    Ok(())
}
