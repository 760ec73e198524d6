//! The C tests on this machine, against the archive that ships, through CTest.

use xshell::cmd;

use crate::{
    archive::{self, Options},
    target,
    workspace::Workspace,
};

/// Builds and runs them.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let archive = archive::build(workspace, target::find("x86_64-linux")?, Options::default())?;
    let folder = workspace.scratch("ctest")?;
    cmd!(
        shell,
        "cmake -S . -B {folder} -DKPN_THINGS_ARCHIVE={archive}"
    )
    .quiet()
    .ignore_stdout()
    .run()?;
    cmd!(shell, "cmake --build {folder} --parallel 2")
        .quiet()
        .ignore_stdout()
        .run()?;
    cmd!(shell, "ctest --test-dir {folder} --output-on-failure")
        .quiet()
        .run()?;
    Ok(())
}
