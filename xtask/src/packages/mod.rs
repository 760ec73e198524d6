//! Projects that use the packages as their users do: unpacked, in an empty folder outside of the repository.

use std::path::PathBuf;

use xshell::cmd;

use crate::{
    dist::{self, Archives},
    target,
    workspace::Workspace,
};

/// A project outside the repository finds an unpacked package, through CMake and through pkg-config.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let target = target::find("x86_64-linux")?;
    let archives = Archives::build(workspace, std::slice::from_ref(target))?;
    let outside = shell.create_temp_dir()?;
    let file = dist::pack_native(workspace, &archives, target, outside.path())?.file;
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
