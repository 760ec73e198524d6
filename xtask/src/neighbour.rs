// SPDX-License-Identifier: MIT OR Apache-2.0
//! Two Rust archives in one firmware.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};

use crate::{
    archive::{self, Options},
    machine::{self, PATIENCE},
    workspace::Workspace,
};

const TOKEN: &str = "2a6a85076c72c964dd129541130f080d3afa6927a4a72dde9317d6f23c475ed9";

/// Links ours with a third party's, in both orders, and runs the firmware.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let machine = machine::find("mps2-an385")?;
    let target = machine.target()?;
    let ours = archive::build(workspace, target, Options::default())?;
    let theirs = archive::build_neighbour(workspace, target)?;
    let source = workspace.path("tests/firmware/neighbours.c");
    let orders: [[&PathBuf; 2]; 2] = [[&ours, &theirs], [&theirs, &ours]];
    for (turn, [first, second]) in orders.into_iter().enumerate() {
        let inputs = [source.clone(), first.clone(), second.clone()];
        let elf = machine.build(workspace, &format!("neighbours{turn}"), &[], &inputs)?;
        let printed = machine
            .run(workspace, &elf, None, PATIENCE)
            .context("two Rust archives")?;
        ensure!(printed.trim() == format!("{TOKEN} 8"), "printed {printed}");
    }
    Ok(())
}
