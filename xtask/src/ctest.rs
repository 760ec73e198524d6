//! The C tests: configured, built and run as any user of the CMake project does it.

use anyhow::ensure;
use xshell::cmd;

use crate::{archive, simulator, target, workspace::Workspace};

/// Against the archives that ship for this machine: everything with 64 bits, the C part with 32.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    run_for(workspace, "x86_64-linux", "ON")?;
    run_for(workspace, "i686-linux", "OFF")
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
