// SPDX-License-Identifier: MIT OR Apache-2.0
//! The package with one C file: unpacked, and its example built by its Makefile and its CMakeLists.txt.

use anyhow::ensure;
use xshell::cmd;

use super::place::aloud;
use crate::{
    c_source,
    dist::{self, Archives},
    workspace::Workspace,
};

/// The example prints what the example of the archive prints.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let expected = shell.read_file("c-examples/hello/expected.txt")?;
    let archives = Archives::build_some(workspace, &[])?;
    let outside = shell.create_temp_dir()?;
    let package = dist::c_source::pack(workspace, &archives, outside.path())?;
    let within = shell.push_dir(outside.path());
    let (file, folder) = (&package.file, package.file.trim_end_matches(".zip"));
    aloud(cmd!(shell, "unzip -q {file}"))?;
    aloud(cmd!(shell, "make --quiet -C {folder}").env("CFLAGS", "-Werror"))?;
    let by_make = cmd!(shell, "{folder}/hello").quiet().read()?;
    aloud(cmd!(
        shell,
        "cmake -S {folder} -B build -DCMAKE_C_FLAGS=-m32 -DCMAKE_BUILD_TYPE=MinSizeRel"
    ))?;
    aloud(cmd!(shell, "cmake --build build"))?;
    let by_cmake = cmd!(shell, "build/hello").quiet().read()?;
    drop(within);
    check_checkout(workspace)?;
    for said in [by_make, by_cmake] {
        ensure!(
            said.replace("\r\n", "\n").trim() == expected.replace("\r\n", "\n").trim(),
            "the example prints\n{said}"
        );
    }
    Ok(())
}

/// A checkout uses the file in place of an archive.
fn check_checkout(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let file = c_source::build(workspace)?;
    let build = shell.create_temp_dir()?;
    let build = build.path();
    aloud(cmd!(
        shell,
        "cmake -S . -B {build} -DCMAKE_C_FLAGS=-m32 -DKPN_THINGS_SOURCE={file}"
    ))?;
    aloud(cmd!(shell, "cmake --build {build} --target kpn_things"))?;
    let missing = cmd!(
        shell,
        "cmake -S . -B {build} -DCMAKE_C_FLAGS=-m32 -DKPN_THINGS_SOURCE={file}.none"
    );
    let output = missing.quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(said.contains("there is no"), "taken: {said}");
    Ok(())
}
