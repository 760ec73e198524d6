// SPDX-License-Identifier: MIT OR Apache-2.0
//! Damaged vectors, for any length of time.

use xshell::cmd;

use crate::{
    archive::{self, Options},
    target, vectors,
    workspace::Workspace,
};

/// Runs for this many seconds; the same seed gives the same inputs.
pub fn run(workspace: &Workspace, seconds: u32, seed: Option<u64>) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let archive = archive::build(workspace, target::find("x86_64-linux")?, Options::default())?;
    let include = vectors::generate(workspace)?;
    let program = workspace.scratch("damage")?.join("damage");
    cmd!(
        shell,
        "cc -std=c99 -g -O1 -Wall -Wextra -Werror -fsanitize=address,undefined -fno-sanitize-recover=all
         -I include -I {include} tests/fuzz/damage.c {archive} -o {program}"
    )
    .quiet()
    .run()?;
    let seconds = seconds.to_string();
    let seed = seed.map(|seed| seed.to_string());
    cmd!(shell, "{program} {seconds} {seed...}").quiet().run()?;
    Ok(())
}

/// A few seconds of it, always beginning with the same inputs.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    run(workspace, 5, Some(1))
}
