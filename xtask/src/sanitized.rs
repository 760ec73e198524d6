// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C tests on a library that is itself instrumented with `AddressSanitizer`, with overflow checks. Only the nightly compiler can do
//! that.

use xshell::cmd;

use crate::{
    instrumented::{self, Build},
    workspace::Workspace,
};

const TOOLCHAIN: &str = "nightly";

/// Builds and runs them; without a nightly compiler it only says so.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let version = cmd!(shell, "cargo +{TOOLCHAIN} --version")
        .quiet()
        .ignore_stderr()
        .read();
    let Ok(version) = version else {
        println!(
            "skipped: there is no nightly compiler to build the library with AddressSanitizer"
        );
        return Ok(());
    };
    let folder = workspace.scratch("sanitized")?;
    let build = Build {
        toolchain: Some(TOOLCHAIN),
        rust_flags: "-Zsanitizer=address -Coverflow-checks=on -Cdebug-assertions=on",
        folder: &folder,
    };
    let archive = build.archive(workspace)?;
    let program = folder.join("c-tests");
    let flags = [
        "-fsanitize=address,undefined",
        "-fno-sanitize-recover=all",
        "-fno-omit-frame-pointer",
    ];
    instrumented::c_tests(workspace, &archive, &flags, &program)?;
    cmd!(shell, "{program}").quiet().ignore_stdout().run()?;
    println!("the C tests pass on a library with AddressSanitizer, built by {version}");
    Ok(())
}
