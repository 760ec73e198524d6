// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulator as a program for the kind of machine that packs it, so that a C developer needs no Rust.

use std::{
    env::consts,
    path::{Path, PathBuf},
};

use anyhow::ensure;
use xshell::cmd;

use super::{Package, pack};
use crate::{legal::notices, simulator, workspace::Workspace};

const COPIED: [(&str, &str); 5] = [
    ("simulator/README.md", "."),
    ("simulator/devices.toml", "."),
    ("LICENSE-MIT", "."),
    ("LICENSE-APACHE", "."),
    ("CHANGELOG.md", "."),
];
const PROGRAM: &str = "kpn-things-simulator";

/// Builds it for release.
pub fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let folder = workspace.path("target");
    cmd!(
        shell,
        "cargo build --quiet --locked --profile program --package {PROGRAM} --features tls --target-dir {folder}"
    )
    .quiet()
    .run()?;
    Ok(folder.join("program").join(PROGRAM))
}

/// Packs a program with its licences and its page.
pub fn pack(workspace: &Workspace, program: &Path, dist: &Path) -> anyhow::Result<Package> {
    let shell = &workspace.shell;
    let name = format!("{PROGRAM}-{}-{}-linux", Workspace::version(), consts::ARCH);
    let root = pack::staging(workspace, "simulator", &name)?;
    pack::copy(workspace, &COPIED, &root)?;
    shell.write_file(
        root.join("THIRD-PARTY-NOTICES"),
        notices::of_simulator(workspace)?,
    )?;
    shell.copy_file(program, root.join(PROGRAM))?;
    let file = format!("{name}.tar.gz");
    pack::tar_gz(workspace, &root, &dist.join(&file))?;
    Ok(Package {
        kind: "simulator",
        file,
        targets: Vec::new(),
    })
}

/// Unpacked in an empty folder, it starts and answers; here in the tests' build.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = shell.create_temp_dir()?;
    let built = simulator::build(workspace)?;
    let package = pack(workspace, &built, folder.path())?;
    let file = folder.path().join(&package.file);
    let place = folder.path();
    cmd!(
        shell,
        "tar --extract --strip-components 1 --file {file} --directory {place}"
    )
    .quiet()
    .run()?;
    let program = place.join(PROGRAM);
    let version = cmd!(shell, "{program} --version").quiet().read()?;
    ensure!(
        version.ends_with(Workspace::version()),
        "says that it is {version}"
    );
    let running = simulator::Simulator::start(&program, &[])?;
    ensure!(running.port != 0, "listens on no port");
    for (name, least) in [("THIRD-PARTY-NOTICES", 10_000), ("LICENSE-MIT", 500)] {
        let text = shell.read_file(place.join(name))?;
        ensure!(text.len() > least, "{name} has {} bytes", text.len());
    }
    println!("{}: unpacked, it starts", package.file);
    Ok(())
}
