// SPDX-License-Identifier: MIT OR Apache-2.0
//! For every other compiler: the library as one C file, with header, licences and an example.

use std::path::Path;

use super::{Archives, Package, pack};
use crate::{c_source, legal::sbom, workspace::Workspace};

/// What is copied unchanged; everything is in one folder, ready for a project.
const COPIED: [(&str, &str); 9] = [
    ("include/kpn_things.h", "."),
    ("LICENSE-MIT", "."),
    ("LICENSE-APACHE", "."),
    ("THIRD-PARTY-NOTICES", "."),
    ("CHANGELOG.md", "."),
    ("packaging/c-source/README.md", "."),
    ("packaging/c-source/Makefile", "."),
    ("packaging/c-source/CMakeLists.txt", "."),
    ("c-examples/hello/hello.c", "."),
];

/// Packs the file.
pub fn pack(workspace: &Workspace, _: &Archives, dist: &Path) -> anyhow::Result<Package> {
    let name = format!("kpn-things-{}-c", Workspace::version());
    let folder = pack::staging(workspace, "c-source", &name)?;
    pack::copy(workspace, &COPIED, &folder)?;
    put(workspace, &folder)?;
    sbom::write(workspace, &sbom::ARCHIVES, &folder)?;
    let file = format!("{name}.zip");
    pack::zip(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "c-source",
        file,
        targets: Vec::new(),
    })
}

/// Puts the file into a folder of a package.
pub fn put(workspace: &Workspace, folder: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    shell.create_dir(folder)?;
    shell.copy_file(c_source::build(workspace)?, folder)?;
    Ok(())
}
