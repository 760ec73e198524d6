// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Arduino library: class, header and examples; archives for some boards, one file of C for all others.

use std::path::Path;

use super::{Archives, Package, pack};
use crate::{c_source, workspace::Workspace};

/// Name of the package's folder, and so of the library's folder in the user's sketchbook.
pub const FOLDER: &str = "KpnThings";

/// Folder below `src/` by `build.mcu` of the boards, and the target whose archive lies there. The boards are those that
/// `packaging/arduino/src/kpn_things.c` compiles nothing for.
pub const FOLDERS: [(&str, &str); 2] = [("cortex-m0plus", "thumbv6m"), ("cortex-m4", "thumbv7em")];

/// What is copied as it is: from where, and the folder inside the package.
const COPIED: [(&str, &str); 12] = [
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
    ("packaging/arduino/src/kpn_things.c", "src"),
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
    // Arduino compiles whatever is called `.c` below `src/`, in each folder.
    let source = folder.join("src/source");
    workspace.shell.create_dir(&source)?;
    workspace
        .shell
        .copy_file(c_source::build(workspace)?, source.join("kpn_things.inc"))?;
    let file = format!("kpn-things-{}-arduino.zip", Workspace::version());
    pack::zip(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "arduino",
        file,
        targets: FOLDERS.iter().map(|(_, target)| *target).collect(),
    })
}
