// SPDX-License-Identifier: MIT OR Apache-2.0
//! For compilers and build systems in general: one package per target, and one with all of them. Each has archives, the
//! header, and what CMake and pkg-config need to find them.

use std::{fmt::Write as _, path::Path};

use super::{
    Archives, Package,
    pack::{self, COMMON},
};
use crate::{archive, target::Target, workspace::Workspace};

/// Where the CMake files are in a package.
const CMAKE: &str = "lib/cmake/kpn_things";

/// CMake files that are the same in every package.
const CMAKE_FILES: [(&str, &str); 2] = [
    ("packaging/cmake/kpn_things-config.cmake", CMAKE),
    ("packaging/cmake/kpn_things-target.cmake", CMAKE),
];

/// For readers: what the package is, and a first program.
const ABOUT: [(&str, &str); 2] = [
    ("packaging/native/README.md", "."),
    ("c-examples/hello/hello.c", "example"),
];

/// Packs one target's archive, as `lib/libkpn_things.a`.
pub fn pack(
    workspace: &Workspace,
    archives: &Archives,
    target: &Target,
    dist: &Path,
) -> anyhow::Result<Package> {
    let name = format!("kpn-things-{}-{}", Workspace::version(), target.name);
    pack_as(workspace, archives, &name, &[(target, "lib")], dist)
}

/// Packs all archives, each as `lib/<target>/libkpn_things.a`.
pub fn pack_all(
    workspace: &Workspace,
    archives: &Archives,
    dist: &Path,
) -> anyhow::Result<Package> {
    let folders: Vec<_> = archives
        .targets()
        .map(|target| (target, format!("lib/{}", target.name)))
        .collect();
    let folders: Vec<_> = folders
        .iter()
        .map(|(target, folder)| (*target, folder.as_str()))
        .collect();
    let name = format!("kpn-things-{}", Workspace::version());
    pack_as(workspace, archives, &name, &folders, dist)
}

/// Packs archives, each into its folder inside the package.
fn pack_as(
    workspace: &Workspace,
    archives: &Archives,
    name: &str,
    folders: &[(&Target, &str)],
    dist: &Path,
) -> anyhow::Result<Package> {
    let shell = &workspace.shell;
    let root = pack::staging(workspace, "native", name)?;
    pack::copy(workspace, &COMMON, &root)?;
    pack::copy(workspace, &CMAKE_FILES, &root)?;
    pack::copy(workspace, &ABOUT, &root)?;
    shell.copy_file(
        workspace.path("packaging/cmake/package.cmake"),
        root.join("CMakeLists.txt"),
    )?;
    let version = filled(workspace, "kpn_things-config-version.cmake.in", "")?;
    shell.write_file(
        root.join(CMAKE).join("kpn_things-config-version.cmake"),
        version,
    )?;
    for (target, folder) in folders {
        let lib = root.join(folder);
        shell.create_dir(&lib)?;
        shell.copy_file(archives.of(target.name)?, lib.join(archive::FILE_NAME))?;
        let up = "../".repeat(folder.split('/').count());
        let include = format!("${{pcfiledir}}/../{up}include");
        shell.write_file(
            lib.join("pkgconfig/kpn_things.pc"),
            filled(workspace, "kpn_things.pc.in", &include)?,
        )?;
    }
    let targets: Vec<_> = folders.iter().map(|(target, _)| *target).collect();
    shell.write_file(
        root.join(CMAKE).join("kpn_things-archives.cmake"),
        cmake_archives(folders)?,
    )?;
    shell.write_file(root.join("VERSION"), about(&targets)?)?;
    let file = format!("{name}.tar.gz");
    pack::tar_gz(workspace, &root, &dist.join(&file))?;
    Ok(Package {
        kind: "native",
        file,
        targets: targets.iter().map(|target| target.name).collect(),
    })
}

/// For readers: the version, then a line per target.
fn about(targets: &[&Target]) -> anyhow::Result<String> {
    let mut text = format!("{}\n", Workspace::version());
    for target in targets {
        writeln!(text, "{} {} {}", target.name, target.triple, target.cores)?;
    }
    Ok(text)
}

/// The list of archives that `kpn_things-config.cmake` reads.
fn cmake_archives(folders: &[(&Target, &str)]) -> anyhow::Result<String> {
    let root = "${CMAKE_CURRENT_LIST_DIR}/../../..";
    let names: Vec<_> = folders.iter().map(|(target, _)| target.name).collect();
    let mut text = format!(
        "get_filename_component(_kpn_things_include \"{root}/include\" ABSOLUTE)\n\
         set(_kpn_things_targets {})\n",
        names.join(" ")
    );
    for (target, folder) in folders {
        writeln!(
            text,
            "get_filename_component(_kpn_things_archive_{} \"{root}/{folder}/{}\" ABSOLUTE)",
            target.name,
            archive::FILE_NAME
        )?;
    }
    Ok(text)
}

/// A template of `packaging/cmake` with its variables filled in, as CMake's `configure_file` does for `cmake
/// --install`.
fn filled(workspace: &Workspace, template: &str, include: &str) -> anyhow::Result<String> {
    let version = Workspace::version();
    let major = version.split('.').next().unwrap_or_default();
    let text = workspace
        .shell
        .read_file(workspace.path("packaging/cmake").join(template))?;
    Ok(text
        .replace("@KPN_THINGS_VERSION@", version)
        .replace("@KPN_THINGS_MAJOR@", major)
        .replace("@KPN_THINGS_PC_INCLUDE@", include))
}
