// SPDX-License-Identifier: MIT OR Apache-2.0
//! The release: packages for compilers and vendor toolchains in `dist/`, with a manifest and checksums.
//!
//! One module per kind of package. Each has a function `pack(workspace, archives, dist)`, which puts one file into
//! `dist` and returns a description of it. [`KINDS`] lists them; nothing else needs to know about a new kind.

pub mod arduino;
pub mod c_source;
pub mod esp_idf;
mod manifest;
mod native;
pub mod pack;
pub mod platformio;
mod reproducible;
mod simulator;
mod zephyr;

use std::path::{Path, PathBuf};

use crate::{
    archive::{self, Options},
    legal::sbom,
    target::{self, TARGETS, Target},
    workspace::Workspace,
};
use anyhow::Context as _;

pub use native::{pack as pack_native, pack_all as pack_native_all};
pub use reproducible::check as check_reproducible;
pub use simulator::check as check_simulator;
pub use zephyr::pack as pack_zephyr;

/// Packs one file into the folder `dist`.
type Pack = fn(workspace: &Workspace, archives: &Archives, dist: &Path) -> anyhow::Result<Package>;

/// Packages with several archives in one file.
const KINDS: &[Pack] = &[
    native::pack_all,
    arduino::pack,
    platformio::pack,
    esp_idf::pack,
    zephyr::pack,
    c_source::pack,
];

/// One file in `dist/`.
#[derive(Debug)]
pub struct Package {
    /// Its kind: `native`, `zephyr`, `arduino`, and so on.
    pub kind: &'static str,
    /// Its name.
    pub file: String,
    /// Short names of the targets for which it has archives.
    pub targets: Vec<&'static str>,
}

/// The archives that ship, per target.
#[derive(Debug)]
pub struct Archives(Vec<(&'static Target, PathBuf)>);

impl Archives {
    /// Builds them for some targets, or for all.
    pub fn build(workspace: &Workspace, targets: &'static [Target]) -> anyhow::Result<Self> {
        let paths = archive::build_all(workspace, targets, Options::default())?;
        Ok(Self(targets.iter().zip(paths).collect()))
    }

    /// The targets for which there are archives.
    pub fn targets(&self) -> impl Iterator<Item = &'static Target> {
        self.0.iter().map(|(target, _)| *target)
    }

    /// Builds them for the targets with these short names.
    pub fn build_some(workspace: &Workspace, names: &[&str]) -> anyhow::Result<Self> {
        let build = |name: &&str| {
            let target = target::find(name)?;
            Ok((
                target,
                archive::build(workspace, target, Options::default())?,
            ))
        };
        Ok(Self(
            names.iter().map(build).collect::<anyhow::Result<_>>()?,
        ))
    }

    /// The archive for a target, by its short name.
    pub fn of(&self, name: &str) -> anyhow::Result<&Path> {
        self.0
            .iter()
            .find(|(target, _)| target.name == name)
            .map(|(_, path)| path.as_path())
            .with_context(|| format!("no archive for `{name}`"))
    }
}

/// Builds all packages, the manifest and the checksums.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let dist = workspace.path("dist");
    shell.remove_path(&dist)?;
    shell.create_dir(&dist)?;
    let archives = Archives::build(workspace, TARGETS)?;
    let mut packages = pack_all(workspace, &archives, &dist)?;
    packages.extend(pack_simulator(workspace, &dist)?);
    let sums = finish(workspace, packages, &dist)?;
    println!("{sums}{} packages in dist/", sums.lines().count());
    Ok(())
}

/// The simulator alone, added to what is in `dist/` already.
pub fn run_simulator(workspace: &Workspace) -> anyhow::Result<()> {
    let dist = workspace.path("dist");
    workspace.shell.create_dir(&dist)?;
    for package in pack_simulator(workspace, &dist)? {
        println!("{} in dist/", package.file);
    }
    Ok(())
}

/// The simulator as a program, and its bills of materials.
fn pack_simulator(workspace: &Workspace, dist: &Path) -> anyhow::Result<Vec<Package>> {
    let program = simulator::pack(workspace, &simulator::build(workspace)?, dist)?;
    let mut packages = vec![program];
    packages.extend(sbom::write(workspace, &sbom::SIMULATOR, dist)?);
    Ok(packages)
}

/// Packs everything that has archives into a folder, with manifest and checksums; returns the latter.
pub fn pack_into(
    workspace: &Workspace,
    archives: &Archives,
    dist: &Path,
) -> anyhow::Result<String> {
    finish(workspace, pack_all(workspace, archives, dist)?, dist)
}

/// Adds what describes all packages: the bills of materials, manifest and checksums; returns the latter.
fn finish(
    workspace: &Workspace,
    mut packages: Vec<Package>,
    dist: &Path,
) -> anyhow::Result<String> {
    packages.extend(sbom::write(workspace, &sbom::ARCHIVES, dist)?);
    manifest::write(workspace, &packages, dist)
}

/// All kinds of packages.
fn pack_all(
    workspace: &Workspace,
    archives: &Archives,
    dist: &Path,
) -> anyhow::Result<Vec<Package>> {
    let mut packages = Vec::new();
    for target in archives.targets() {
        packages.push(native::pack(workspace, archives, target, dist)?);
    }
    for pack in KINDS {
        packages.push(pack(workspace, archives, dist)?);
    }
    Ok(packages)
}
