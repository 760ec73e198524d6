// SPDX-License-Identifier: MIT OR Apache-2.0
//! The PlatformIO library: header and archives for every framework, and the Arduino class for the Arduino framework.

use std::path::Path;

use super::{
    Archives, Package, c_source,
    pack::{self, COMMON},
};
use crate::workspace::Workspace;

/// Targets whose archives `link.py` chooses from.
pub const ARCHIVES: [&str; 9] = [
    "thumbv6m",
    "thumbv7m",
    "thumbv7em",
    "thumbv7em-hf",
    "thumbv8m.base",
    "thumbv8m.main",
    "thumbv8m.main-hf",
    "riscv32imc",
    "riscv32imac",
];
/// The archive for unit tests on the developer's machine.
pub const HOST: &str = "x86_64-linux";

/// What is copied in addition to what every package has.
const FILES: [(&str, &str); 4] = [
    ("packaging/arduino/src/KpnThings.h", "src"),
    ("packaging/arduino/src/KpnThings.cpp", "src"),
    ("packaging/platformio/link.py", "."),
    ("packaging/platformio/README.md", "."),
];

/// Packs the library.
pub fn pack(workspace: &Workspace, archives: &Archives, dist: &Path) -> anyhow::Result<Package> {
    let version = Workspace::version();
    let folder = pack::staging(workspace, "platformio", "kpn-things")?;
    pack::copy(workspace, &COMMON, &folder)?;
    pack::copy(workspace, &FILES, &folder)?;
    pack::manifest(workspace, "packaging/platformio/library.json.in", &folder)?;
    pack::tree(
        workspace,
        "packaging/arduino/examples",
        &folder.join("examples"),
    )?;
    pack::tree(
        workspace,
        "packaging/platformio/examples",
        &folder.join("examples"),
    )?;
    let targets = || ARCHIVES.into_iter().chain([HOST]);
    let archives_by_target = targets().map(|target| (target, target));
    pack::archives(workspace, archives, archives_by_target, &folder.join("lib"))?;
    c_source::put(workspace, &folder.join("src"))?;
    let file = format!("kpn-things-{version}-platformio.tar.gz");
    pack::tar_gz(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "platformio",
        file,
        targets: targets().collect(),
    })
}
