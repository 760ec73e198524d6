//! One package per target for compilers and build systems that know nothing of KPN Things: archive, header, files for
//! CMake and pkg-config.

use std::path::Path;

use super::{
    Archives, Package,
    pack::{self, COMMON},
};
use crate::{archive, target::Target, workspace::Workspace};

/// Packs one target's archive.
pub fn pack(
    workspace: &Workspace,
    archives: &Archives,
    target: &Target,
    dist: &Path,
) -> anyhow::Result<Package> {
    let shell = &workspace.shell;
    let version = Workspace::version();
    let name = format!("kpn-things-{version}-{}", target.name);
    let folder = pack::staging(workspace, "native", &name)?;
    for part in ["lib/cmake/kpn_things", "lib/pkgconfig"] {
        shell.create_dir(folder.join(part))?;
    }
    let archive = archives.of(target.name)?;
    shell.copy_file(archive, folder.join("lib").join(archive::FILE_NAME))?;
    pack::copy(workspace, &COMMON, &folder)?;
    shell.write_file(
        folder.join("VERSION"),
        format!("{version}\n{}\n{}\n", target.name, target.triple),
    )?;
    shell.write_file(
        folder.join("lib/cmake/kpn_things/kpn_things-config.cmake"),
        cmake_config(target),
    )?;
    shell.write_file(
        folder.join("lib/cmake/kpn_things/kpn_things-config-version.cmake"),
        cmake_version(),
    )?;
    shell.write_file(folder.join("lib/pkgconfig/kpn_things.pc"), pkg_config())?;
    let file = format!("{name}.tar.gz");
    pack::tar_gz(workspace, &folder, &dist.join(&file))?;
    Ok(Package {
        kind: "native",
        file,
        targets: vec![target.name],
    })
}
fn cmake_config(target: &Target) -> String {
    format!(
        "# find_package(kpn_things), then target_link_libraries(<yours> PRIVATE kpn_things::kpn_things).\n\
         # This package is for {cores} ({triple}).\n\
         if(NOT TARGET kpn_things::kpn_things)\n  \
           get_filename_component(_kpn_things_prefix \"${{CMAKE_CURRENT_LIST_DIR}}/../../..\" ABSOLUTE)\n  \
           add_library(kpn_things::kpn_things STATIC IMPORTED)\n  \
           set_target_properties(kpn_things::kpn_things PROPERTIES\n    \
             IMPORTED_LOCATION \"${{_kpn_things_prefix}}/lib/{file}\"\n    \
             INTERFACE_INCLUDE_DIRECTORIES \"${{_kpn_things_prefix}}/include\")\n  \
           unset(_kpn_things_prefix)\n\
         endif()\n",
        cores = target.cores,
        triple = target.triple,
        file = archive::FILE_NAME,
    )
}

/// Compatible within a major version. CMake's own template compares the size of pointers as well, which a package for
/// one target need not.
fn cmake_version() -> String {
    let version = Workspace::version();
    let major = version.split('.').next().unwrap_or_default();
    format!(
        "set(PACKAGE_VERSION {version})\n\
         if(PACKAGE_FIND_VERSION VERSION_GREATER PACKAGE_VERSION OR NOT PACKAGE_FIND_VERSION_MAJOR STREQUAL \"{major}\")\n  \
           set(PACKAGE_VERSION_COMPATIBLE FALSE)\n\
         else()\n  \
           set(PACKAGE_VERSION_COMPATIBLE TRUE)\n\
         endif()\n\
         if(PACKAGE_FIND_VERSION VERSION_EQUAL PACKAGE_VERSION)\n  \
           set(PACKAGE_VERSION_EXACT TRUE)\n\
         endif()\n"
    )
}

fn pkg_config() -> String {
    format!(
        "prefix=${{pcfiledir}}/../..\n\n\
         Name: kpn-things\n\
         Description: The device side of KPN Things for C firmware\n\
         Version: {}\n\
         Cflags: -I${{prefix}}/include\n\
         Libs: -L${{prefix}}/lib -lkpn_things\n",
        Workspace::version()
    )
}
