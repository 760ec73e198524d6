// SPDX-License-Identifier: MIT OR Apache-2.0
//! The bare-metal project, built from the package as its users build it, on its emulated board.

use std::slice;

use xshell::cmd;

use super::place::aloud;
use crate::{
    dist::{self, Archives},
    simulator, target,
    workspace::Workspace,
};

/// What the board prints and does, whatever the platform does.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let target = target::find("thumbv7m")?;
    let archives = Archives::build(workspace, slice::from_ref(target))?;
    let simulator = simulator::build(workspace)?;
    let outside = shell.create_temp_dir()?;
    let folder = outside.path();
    let file = dist::pack_native_all(workspace, &archives, folder)?.file;
    cmd!(
        shell,
        "tar --extract --file {folder}/{file} --directory {folder}"
    )
    .quiet()
    .run()?;
    let package = folder.join(file.trim_end_matches(".tar.gz"));
    cmd!(shell, "cp -R c-examples/bare-metal {folder}/board")
        .quiet()
        .run()?;
    aloud(cmd!(
        shell,
        "make --directory {folder}/board KPN_THINGS={package}"
    ))?;
    cmd!(
        shell,
        "sh c-examples/bare-metal/test.sh {folder}/board/firmware.elf {simulator}"
    )
    .quiet()
    .run()?;
    Ok(())
}
