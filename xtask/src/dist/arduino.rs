// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Arduino library: class, header and examples, with an archive per kind of board.

use std::path::Path;

use super::{Archives, Package, pack};
use crate::workspace::Workspace;

/// Name of the package's folder, and so of the library's folder in the user's sketchbook.
pub const FOLDER: &str = "KpnThings";

/// Folder below `src/`, named after `build.mcu`, FPU and float ABI of the boards, and the target whose archive is in
/// it.
pub const FOLDERS: [(&str, &str); 4] = [
    ("cortex-m0plus", "thumbv6m"),
    ("cortex-m4", "thumbv7em"),
    ("cortex-m4/fpv4-sp-d16-hard", "thumbv7em-hf"),
    ("esp32c3", "riscv32imc"),
];

/// What is copied unchanged: from where, and to which folder of the package.
const COPIED: [(&str, &str); 11] = [
    ("packaging/arduino/LICENSE.txt", "."),
    ("packaging/arduino/README.md", "."),
    ("packaging/arduino/MIGRATION.md", "."),
    ("packaging/arduino/keywords.txt", "."),
    ("LICENSE-MIT", "."),
    ("LICENSE-APACHE", "."),
    ("THIRD-PARTY-NOTICES", "."),
    ("CHANGELOG.md", "."),
    ("packaging/arduino/src/KpnThings.h", "src"),
    ("packaging/arduino/src/KpnThings.cpp", "src"),
    ("include/kpn_things.h", "src"),
];

/// Packs the library.
pub fn pack(workspace: &Workspace, archives: &Archives, dist: &Path) -> anyhow::Result<Package> {
    let folder = pack::staging(workspace, "arduino", FOLDER)?;
    pack::copy(workspace, &COPIED, &folder)?;
    pack::manifest(
        workspace,
        "packaging/arduino/library.properties.in",
        &folder,
    )?;
    pack::tree(
        workspace,
        "packaging/arduino/examples",
        &folder.join("examples"),
    )?;
    pack::archives(workspace, archives, FOLDERS, &folder.join("src"))?;
    let file = format!("kpn-things-{}-arduino.zip", Workspace::version());
    pack::zip(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "arduino",
        file,
        targets: FOLDERS.iter().map(|(_, target)| *target).collect(),
    })
}
