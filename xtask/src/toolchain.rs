// SPDX-License-Identifier: MIT OR Apache-2.0
//! Which Rust compiles for a target: rustup's if it has the target installed, otherwise Debian's.

use std::path::Path;

use anyhow::ensure;
use xshell::cmd;

use crate::{target::Target, workspace::Workspace};

/// Where Debian's `rustc-web` puts its compiler and the sources of `core`.
pub const DEBIAN_RUSTC: &str = "/usr/bin/rustc";

/// Which compiler builds for a target.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Toolchain {
    /// The rustup target is installed. On Arm its `core` keeps a frame pointer, and so does everything built for it.
    Rustup,
    /// Debian's compiler, which builds `core` from its sources, on Arm without a frame pointer.
    Debian,
}

impl Toolchain {
    /// The installed rustup target if there is one, otherwise Debian's compiler.
    pub fn of(workspace: &Workspace, target: &Target) -> anyhow::Result<Self> {
        Self::for_triple(workspace, target.triple)
    }

    /// The same, by the Rust name of a target.
    pub fn for_triple(workspace: &Workspace, triple: &str) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        let sysroot = cmd!(shell, "rustc --print sysroot").quiet().read()?;
        if Path::new(&sysroot)
            .join("lib/rustlib")
            .join(triple)
            .join("lib")
            .is_dir()
        {
            return Ok(Self::Rustup);
        }
        ensure!(
            Path::new(DEBIAN_RUSTC).exists(),
            "for {triple}: `rustup target add {triple}`, or install rustc-web and rust-web-src"
        );
        Ok(Self::Debian)
    }

    /// The compiler's own version text.
    pub fn version(self, workspace: &Workspace) -> anyhow::Result<String> {
        let shell = &workspace.shell;
        let compiler = self.compiler();
        Ok(cmd!(shell, "{compiler} --version").quiet().read()?)
    }

    /// The compiler's name or path.
    pub const fn compiler(self) -> &'static str {
        match self {
            Self::Rustup => "rustc",
            Self::Debian => DEBIAN_RUSTC,
        }
    }

    /// For people.
    pub const fn describe(self) -> &'static str {
        match self {
            Self::Rustup => "installed rustup target",
            Self::Debian => "Debian's rustc-web, core built from its sources",
        }
    }
}
