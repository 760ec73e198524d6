//! The ESP-IDF component: header, archives for the RISC-V chips, an example.

use std::path::Path;

use super::{Archives, Package, pack};
use crate::{archive, workspace::Workspace};

/// Name of the component and of its folder.
pub const NAME: &str = "kpn_things";

/// Targets whose archives `CMakeLists.txt` chooses from.
pub const ARCHIVES: [&str; 2] = ["riscv32imc", "riscv32imac"];

const COPIED: [(&str, &str); 7] = [
    ("include/kpn_things.h", "include"),
    ("packaging/esp-idf/CMakeLists.txt", "."),
    ("packaging/esp-idf/Kconfig", "."),
    ("packaging/esp-idf/README.md", "."),
    ("LICENSE-MIT", "."),
    ("LICENSE-APACHE", "."),
    ("CHANGELOG.md", "."),
];

/// Packs the component.
pub fn pack(workspace: &Workspace, archives: &Archives, dist: &Path) -> anyhow::Result<Package> {
    let shell = &workspace.shell;
    let version = Workspace::version();
    let folder = pack::staging(workspace, "esp-idf", NAME)?;
    pack::copy(workspace, &COPIED, &folder)?;
    pack::manifest(workspace, "packaging/esp-idf/idf_component.yml.in", &folder)?;
    pack::tree(
        workspace,
        "packaging/esp-idf/examples",
        &folder.join("examples"),
    )?;
    for target in ARCHIVES {
        let to = folder.join("lib").join(target);
        shell.create_dir(&to)?;
        shell.copy_file(archives.of(target)?, to.join(archive::FILE_NAME))?;
    }
    let file = format!("kpn-things-{version}-esp-idf.tgz");
    pack::tar_gz(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "esp-idf",
        file,
        targets: ARCHIVES.to_vec(),
    })
}
