// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ESP-IDF component: header, archives for some RISC-V chips, one C file for all others, an example.

use std::path::Path;

use super::{
    Archives, Package, c_source,
    pack::{self, COMMON},
};
use crate::workspace::Workspace;

/// Name of the component and of its folder.
pub const NAME: &str = "kpn_things";

/// Targets whose archives `CMakeLists.txt` chooses from.
pub const ARCHIVES: [&str; 2] = ["riscv32imc", "riscv32imac"];

/// What is copied in addition to what every package has.
const FILES: [(&str, &str); 3] = [
    ("packaging/esp-idf/CMakeLists.txt", "."),
    ("packaging/esp-idf/Kconfig", "."),
    ("packaging/esp-idf/README.md", "."),
];

/// Packs the component.
pub fn pack(workspace: &Workspace, archives: &Archives, dist: &Path) -> anyhow::Result<Package> {
    let version = Workspace::version();
    let folder = pack::staging(workspace, "esp-idf", NAME)?;
    pack::copy(workspace, &COMMON, &folder)?;
    pack::copy(workspace, &FILES, &folder)?;
    pack::manifest(workspace, "packaging/esp-idf/idf_component.yml.in", &folder)?;
    pack::tree(
        workspace,
        "packaging/esp-idf/examples",
        &folder.join("examples"),
    )?;
    let archives_by_target = ARCHIVES.map(|target| (target, target));
    pack::archives(workspace, archives, archives_by_target, &folder.join("lib"))?;
    c_source::put(workspace, &folder.join("src"))?;
    let file = format!("kpn-things-{version}-esp-idf.tgz");
    pack::tar_gz(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "esp-idf",
        file,
        targets: ARCHIVES.to_vec(),
    })
}
