//! The same sources give the same bytes, wherever they lie.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{
    archive::{self, Options},
    target,
    workspace::Workspace,
};

/// Two builds in different folders give the same bytes.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let elsewhere = copy_of_sources(workspace)?;
    for name in ["thumbv6m", "x86_64-linux"] {
        let target = target::find(name)?;
        let here = archive::build(workspace, target, Options::default())?;
        let there = archive::build(&elsewhere, target, Options::default())?;
        let same =
            workspace.shell.read_binary_file(&here)? == workspace.shell.read_binary_file(&there)?;
        ensure!(same, "{} and {} differ", here.display(), there.display());
    }
    Ok(())
}

fn copy_of_sources(workspace: &Workspace) -> anyhow::Result<Workspace> {
    let shell = &workspace.shell;
    let root = workspace.scratch("elsewhere/with-a-longer-name")?;
    for part in ["src", "include", "simulator", "xtask", ".cargo"] {
        shell.remove_path(root.join(part))?;
    }
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
