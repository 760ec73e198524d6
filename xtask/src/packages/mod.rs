// SPDX-License-Identifier: MIT OR Apache-2.0
//! Projects that use the packages as their users do: unpacked, in an empty folder outside the repository.

pub mod arduino;
pub mod bare_metal;
pub mod c_source;
mod cmake;
pub mod esp_idf;
mod flags;
mod make;
mod place;
pub mod platformio;
mod properties;
mod weight;
pub mod zephyr;

use xshell::{Shell, cmd};

use crate::workspace::Workspace;

/// Every way to use the library in a project, for every target.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let place = place::Place::new(workspace)?;
    weight::check(&place)?;
    cmake::check(&place)?;
    make::check(&place)?;
    flags::check(&place)
}

/// Names of the files in an archive, without the folder that contains them all.
fn archive_listing(shell: &Shell, file: &str, folder: &str) -> anyhow::Result<Vec<String>> {
    let names = cmd!(shell, "tar --list --file {file}").quiet().read()?;
    let mut names: Vec<_> = names
        .lines()
        .filter(|name| !name.ends_with('/'))
        .filter_map(|name| name.strip_prefix(folder))
        .map(str::to_owned)
        .collect();
    names.sort();
    Ok(names)
}
