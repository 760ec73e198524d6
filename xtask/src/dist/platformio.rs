//! The PlatformIO library: header and archives for every framework, Arduino's class where there is Arduino.

use std::path::Path;

use super::{Archives, Package, pack};
use crate::{archive, workspace::Workspace};

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

const COPIED: [(&str, &str); 8] = [
    ("include/kpn_things.h", "include"),
    ("packaging/arduino/src/KpnThings.h", "src"),
    ("packaging/arduino/src/KpnThings.cpp", "src"),
    ("packaging/platformio/link.py", "."),
    ("packaging/platformio/README.md", "."),
    ("LICENSE-MIT", "."),
    ("LICENSE-APACHE", "."),
    ("CHANGELOG.md", "."),
];

/// Packs the library.
pub fn pack(workspace: &Workspace, archives: &Archives, dist: &Path) -> anyhow::Result<Package> {
    let shell = &workspace.shell;
    let version = Workspace::version();
    let folder = pack::staging(workspace, "platformio", "kpn-things")?;
    pack::copy(workspace, &COPIED, &folder)?;
    pack::manifest(workspace, "packaging/platformio/library.json.in", &folder)?;
    pack::tree(
        workspace,
        "packaging/arduino/examples",
        &folder.join("examples"),
    )?;
    let targets = || ARCHIVES.into_iter().chain([HOST]);
    for target in targets() {
        let to = folder.join("lib").join(target);
        shell.create_dir(&to)?;
        shell.copy_file(archives.of(target)?, to.join(archive::FILE_NAME))?;
    }
    let file = format!("kpn-things-{version}-platformio.tar.gz");
    pack::tar_gz(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "platformio",
        file,
        targets: targets().collect(),
    })
}
