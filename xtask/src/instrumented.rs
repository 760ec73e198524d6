// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library as instrumented by the compiler, for the C tests: with counters of what ran, or with `AddressSanitizer`.

use std::path::{Path, PathBuf};

use xshell::cmd;

use crate::{archive::FILE_NAME, workspace::Workspace};

/// How the library is built.
pub struct Build<'a> {
    /// A rustup toolchain; the active one if not given.
    pub toolchain: Option<&'a str>,
    /// Flags for every crate.
    pub rust_flags: &'a str,
    /// Where cargo may keep its output.
    pub folder: &'a Path,
}

impl Build<'_> {
    /// The archive with everything that it needs, as cargo makes it; overflow is checked as in every development build.
    pub fn archive(&self, workspace: &Workspace) -> anyhow::Result<PathBuf> {
        let (shell, folder) = (&workspace.shell, self.folder);
        let triple = "x86_64-unknown-linux-gnu";
        // With an explicit target, the flags do not apply to build scripts and procedural macros.
        let mut command = cmd!(
            shell,
            "cargo rustc --quiet --package kpn-things --features posix --lib --crate-type staticlib --locked
             --target {triple} --target-dir {folder}"
        )
        .env("RUSTFLAGS", self.rust_flags);
        if let Some(toolchain) = self.toolchain {
            command = command.env("RUSTUP_TOOLCHAIN", toolchain);
        }
        command.quiet().run()?;
        Ok(folder.join(triple).join("debug").join(FILE_NAME))
    }
}

/// The C tests as one program, linked with this archive.
pub fn c_tests(
    workspace: &Workspace,
    archive: &Path,
    flags: &[&str],
    program: &Path,
) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let mut sources = shell.read_dir("tests/c")?;
    sources.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    cmd!(
        shell,
        "cc -std=c99 -g -O1 {flags...} -DKPN_TEST_EXACT -DKPN_TEST_POSIX -I include -I tests/c -I tests/vectors
         {sources...} {archive} -o {program}"
    )
    .quiet()
    .run()?;
    Ok(())
}
