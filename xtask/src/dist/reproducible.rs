// SPDX-License-Identifier: MIT OR Apache-2.0
//! The same sources give the same bytes, wherever they are and whenever they are packed.

use std::path::Path;

use anyhow::{Context as _, ensure};
use xshell::cmd;

use super::{Archives, pack_into};
use crate::{
    archive::{self, Options},
    c_source,
    target::{self, TARGETS},
    workspace::Workspace,
};

/// Built from scratch elsewhere. The others reuse the compiled `core` and foreign crates, whose location does not
/// change.
const FROM_NOTHING: [&str; 2] = ["thumbv6m", "x86_64-linux"];

/// Archives built in another folder, and packages packed a second time, have the same bytes.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let here = Archives::build(workspace, TARGETS)?;
    let elsewhere = copy_of_sources(workspace)?;
    copy_of_compiled(workspace, &elsewhere)?;
    for (target, there) in
        TARGETS
            .iter()
            .zip(archive::build_all(&elsewhere, TARGETS, Options::default())?)
    {
        expect_same(workspace, here.of(target.name)?, &there).context(target.name)?;
    }
    let (file, there) = (c_source::build(workspace)?, c_source::build(&elsewhere)?);
    expect_same(workspace, &file, &there).context("one file of C")?;
    check_can_fail(workspace, here.of("thumbv6m")?)?;
    let mut sums = Vec::new();
    for round in ["first", "second"] {
        let folder = workspace.scratch(&format!("dist/{round}"))?;
        sums.push(pack_into(workspace, &here, &folder)?);
        shell.remove_path(folder)?;
    }
    let [first, second] = sums.as_slice() else {
        anyhow::bail!("two rounds");
    };
    for (first, second) in first.lines().zip(second.lines()) {
        ensure!(first == second, "packed again, {first} is {second}");
    }
    println!(
        "{} archives and {} packages, twice the same bytes",
        TARGETS.len(),
        first.lines().count()
    );
    Ok(())
}

fn expect_same(workspace: &Workspace, here: &Path, there: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    ensure!(
        shell.read_binary_file(here)? == shell.read_binary_file(there)?,
        "{} and {} differ",
        here.display(),
        there.display()
    );
    Ok(())
}

/// The check itself is tested: an archive of different code is not taken for the same.
fn check_can_fail(workspace: &Workspace, archive: &Path) -> anyhow::Result<()> {
    let options = Options {
        deliberate_panic: true,
        ..Options::default()
    };
    let other = archive::build(workspace, target::find("thumbv6m")?, options)?;
    ensure!(
        expect_same(workspace, archive, &other).is_err(),
        "two archives that differ pass for the same"
    );
    Ok(())
}

fn copy_of_sources(workspace: &Workspace) -> anyhow::Result<Workspace> {
    let shell = &workspace.shell;
    let root = workspace.scratch("elsewhere/with-a-longer-name")?;
    shell.remove_path(&root)?;
    let files = cmd!(shell, "git ls-files --cached --others --exclude-standard")
        .quiet()
        .read()?;
    for file in files.lines().filter(|file| workspace.path(file).is_file()) {
        let to = root.join(file);
        shell.create_dir(to.parent().context("a file lies in a folder")?)?;
        shell.copy_file(workspace.path(file), to)?;
    }
    Workspace::at(&root)
}

/// The folders of cargo, without the targets that are to be built from scratch.
fn copy_of_compiled(workspace: &Workspace, elsewhere: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let to = elsewhere.scratch("")?;
    for folder in shell.read_dir(workspace.scratch("")?)? {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        if !name.starts_with("cargo-") {
            continue;
        }
        cmd!(shell, "cp -a {folder} {to}").quiet().run()?;
        for target in FROM_NOTHING {
            let triple = target::find(target)?.triple;
            shell.remove_path(to.join(name.as_ref()).join(triple))?;
        }
    }
    Ok(())
}
