//! What is handed out: one package per target, with checksums over all, in `dist/`.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{
    archive::{self, Options},
    target::{self, TARGETS, Target},
    workspace::Workspace,
};

/// Files of the repository that every package has.
const COPIED: [(&str, &str); 4] = [
    ("include/kpn_things.h", "include"),
    ("LICENSE-MIT", "."),
    ("LICENSE-APACHE", "."),
    ("CHANGELOG.md", "."),
];

/// Builds all packages and the checksums.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let dist = workspace.path("dist");
    shell.remove_path(&dist)?;
    shell.create_dir(&dist)?;
    let archives = archive::build_all(workspace, TARGETS, Options::default())?;
    let mut packages = Vec::new();
    for (target, archive) in TARGETS.iter().zip(&archives) {
        packages.push(pack(workspace, target, archive, &dist)?);
    }
    let within = shell.push_dir(&dist);
    let files = &packages;
    let sums = cmd!(shell, "sha256sum {files...}").quiet().read()?;
    drop(within);
    shell.write_file(dist.join("SHA256SUMS"), format!("{sums}\n"))?;
    println!("{sums}\n{} packages in dist/", packages.len());
    Ok(())
}

/// Builds one package and answers its file name.
fn pack(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    dist: &Path,
) -> anyhow::Result<String> {
    let shell = &workspace.shell;
    let version = Workspace::version();
    let name = format!("kpn-things-{version}-{}", target.name);
    let staging = workspace.scratch("dist")?;
    let folder = staging.join(&name);
    shell.remove_path(&folder)?;
    for part in ["include", "lib/cmake/kpn_things", "lib/pkgconfig"] {
        shell.create_dir(folder.join(part))?;
    }
    shell.copy_file(archive, folder.join("lib").join(archive::FILE_NAME))?;
    for (file, to) in COPIED {
        shell.copy_file(workspace.path(file), folder.join(to))?;
    }
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

    // No times, owners or order of this machine: the same sources give the same bytes.
    let tar = staging.join(format!("{name}.tar"));
    cmd!(
        shell,
        "tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=ustar
         --file {tar} --directory {staging} {name}"
    )
    .quiet()
    .run()?;
    cmd!(shell, "gzip --no-name --best --force {tar}")
        .quiet()
        .run()?;
    let file = format!("{name}.tar.gz");
    shell.copy_file(staging.join(&file), dist.join(&file))?;
    Ok(file)
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

/// Two builds in different folders give the same bytes.
pub fn check_reproducible(workspace: &Workspace) -> anyhow::Result<()> {
    let elsewhere = copy_of_sources(workspace)?;
    for name in ["thumbv6m", "x86_64-linux"] {
        let target = target::find(name)?;
        let here = archive::build(workspace, target, Options::default())?;
        let there = archive::build(&elsewhere, target, Options::default())?;
        let same =
            workspace.shell.read_binary_file(&here)? == workspace.shell.read_binary_file(&there)?;
        ensure!(same, "{} and {} differ", here.display(), there.display());
    }
    Ok(())
}

fn copy_of_sources(workspace: &Workspace) -> anyhow::Result<Workspace> {
    let shell = &workspace.shell;
    let root = workspace.scratch("elsewhere/with-a-longer-name")?;
    for part in ["src", "include", "simulator", "xtask", ".cargo"] {
        shell.remove_path(root.join(part))?;
    }
    let files = cmd!(shell, "git ls-files --cached --others --exclude-standard")
        .quiet()
        .read()?;
    for file in files.lines().filter(|file| workspace.path(file).is_file()) {
        let to = root.join(file);
        shell.create_dir(to.parent().context("a file lies in a folder")?)?;
        shell.copy_file(workspace.path(file), to)?;
    }
    Workspace::at(&root)
}

/// A project outside the repository finds an unpacked package, through CMake and through pkg-config.
pub fn check_packages(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let target = target::find("x86_64-linux")?;
    let archive = archive::build(workspace, target, Options::default())?;
    let outside = shell.create_temp_dir()?;
    let file = pack(workspace, target, &archive, outside.path())?;
    let within = shell.push_dir(outside.path());
    cmd!(shell, "tar --extract --file {file}").quiet().run()?;
    shell.write_file(
        "main.c",
        "#include <stdio.h>\n#include \"kpn_things.h\"\nint main(void) { return puts(kpn_status_text(KPN_OK)) < 0; }\n",
    )?;
    shell.write_file(
        "CMakeLists.txt",
        "cmake_minimum_required(VERSION 3.16)\nproject(consumer C)\nfind_package(kpn_things 0.1 REQUIRED)\n\
         add_executable(consumer main.c)\ntarget_link_libraries(consumer PRIVATE kpn_things::kpn_things)\n",
    )?;
    let prefix = PathBuf::from(file.trim_end_matches(".tar.gz"));
    cmd!(shell, "cmake -S . -B build -DCMAKE_PREFIX_PATH={prefix}")
        .quiet()
        .ignore_stdout()
        .run()?;
    cmd!(shell, "cmake --build build")
        .quiet()
        .ignore_stdout()
        .run()?;
    cmd!(shell, "build/consumer")
        .quiet()
        .ignore_stdout()
        .run()?;
    // pkg-config itself may be missing; its file says no more than this.
    cmd!(
        shell,
        "cc main.c -I{prefix}/include -L{prefix}/lib -lkpn_things -o by-hand"
    )
    .quiet()
    .run()?;
    cmd!(shell, "./by-hand").quiet().ignore_stdout().run()?;
    drop(within);
    Ok(())
}
