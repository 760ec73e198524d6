// SPDX-License-Identifier: MIT OR Apache-2.0
//! Where things are, and a shell in that folder.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use xshell::Shell;

/// The repository, and a shell whose working folder is its root.
#[derive(Clone)]
pub struct Workspace {
    root: PathBuf,
    /// Commands run from the repository's root.
    pub shell: Shell,
}

impl Workspace {
    /// The repository from which this program was built.
    pub fn open() -> anyhow::Result<Self> {
        Self::at(
            Path::new(env!("CARGO_MANIFEST_DIR"))
                .parent()
                .context("xtask has a parent folder")?,
        )
    }

    /// A copy of the repository.
    pub fn at(root: &Path) -> anyhow::Result<Self> {
        let shell = Shell::new()?;
        shell.change_dir(root);
        Ok(Self {
            root: root.to_owned(),
            shell,
        })
    }

    /// A path inside the repository.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// Where cargo puts what it builds.
    pub fn target(&self) -> PathBuf {
        env::var_os("CARGO_TARGET_DIR").map_or_else(|| self.path("target"), PathBuf::from)
    }

    /// A folder under `target/` for the named job alone.
    pub fn scratch(&self, job: &str) -> anyhow::Result<PathBuf> {
        let folder = self.root.join("target").join("xtask").join(job);
        self.shell.create_dir(&folder)?;
        Ok(folder)
    }

    /// Version of the library, from Cargo.toml.
    pub const fn version() -> &'static str {
        env!("CARGO_PKG_VERSION")
    }
}
