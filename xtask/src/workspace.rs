//! Where things are, and a shell that stands there.

use std::path::{Path, PathBuf};

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
    /// Finds the repository that this program was built from.
    pub fn open() -> anyhow::Result<Self> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"))
            .parent()
            .context("xtask has a parent folder")?;
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

    /// A folder under `target/` that the named job has for itself.
    pub fn scratch(&self, job: &str) -> anyhow::Result<PathBuf> {
        let folder = self.root.join("target").join("xtask").join(job);
        self.shell.create_dir(&folder)?;
        Ok(folder)
    }
}
