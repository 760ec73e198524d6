//! Formatting and lints.

use xshell::cmd;

use crate::workspace::Workspace;

/// rustfmt and clippy over the whole workspace, warnings as errors.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    cmd!(shell, "cargo fmt --all --check").quiet().run()?;
    cmd!(
        shell,
        "cargo clippy --quiet --workspace --all-targets --features kpn-things/posix,kpn-things/header -- --deny warnings"
    )
    .quiet()
    .run()?;
    Ok(())
}
