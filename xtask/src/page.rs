// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulator's page in a browser, with C examples as devices: `tests/page`.

use anyhow::Context as _;
use xshell::cmd;

use crate::{archive, simulator, target, workspace::Workspace};

/// Examples that act as the device.
const EXAMPLES: [&str; 2] = ["exchange", "firmware"];

/// What a device sends is shown, and what is entered reaches the device. Screenshots of all views are left in
/// `target/page`.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let simulator = simulator::build(workspace)?;
    let archive = archive::build(
        workspace,
        target::find("x86_64-linux")?,
        archive::Options::default(),
    )?;
    let folder = workspace.scratch("page")?;
    let programs = EXAMPLES.map(|name| folder.join(name));
    for (name, program) in EXAMPLES.iter().zip(&programs) {
        cmd!(
            shell,
            "cc -std=c99 -Wall -Iinclude c-examples/{name}/{name}.c {archive} -o {program}"
        )
        .quiet()
        .run()
        .with_context(|| (*name).to_owned())?;
    }
    let python = workspace.target().join("browser/bin/python");
    let device = "c-examples/exchange/device.json";
    cmd!(
        shell,
        "{python} -B tests/page/run.py {simulator} {programs...} {device} {folder}"
    )
    .quiet()
    .run()?;
    Ok(())
}
