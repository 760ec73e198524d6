// SPDX-License-Identifier: MIT OR Apache-2.0
//! Third-party cargo subcommands, each in a fixed version, installed into `target/tools` on demand.

use std::path::PathBuf;

use xshell::cmd;

use crate::workspace::Workspace;

/// Where it is once installed.
pub fn path(workspace: &Workspace, name: &str) -> PathBuf {
    workspace.path("target/tools/bin").join(name)
}

/// Installs it if necessary, and returns its path.
pub fn install(workspace: &Workspace, name: &str, version: &str) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let program = path(workspace, name);
    if program.exists() {
        return Ok(program);
    }
    let root = workspace.path("target/tools");
    let build = root.join("build").join(name);
    cmd!(
        shell,
        "cargo install --locked --quiet {name} --version {version} --root {root} --target-dir {build}"
    )
    .quiet()
    .run()?;
    shell.remove_path(build)?;
    Ok(program)
}
