// SPDX-License-Identifier: MIT OR Apache-2.0
//! An empty folder outside the repository, with the unpacked packages and copies of the consumer projects.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use xshell::{Cmd, TempDir, cmd};

use crate::{
    dist::{self, Archives},
    machine::{self, Machine, PATIENCE},
    target::{Family, TARGETS, Target},
    workspace::Workspace,
};

/// Removed with everything in it when dropped.
pub struct Place {
    /// The repository, for running boards.
    pub workspace: Workspace,
    /// The packages for CMake and pkg-config.
    pub archives: Archives,
    folder: TempDir,
}

impl Place {
    /// Builds the archives, packs them, unpacks them, copies the projects.
    pub fn new(workspace: &Workspace) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        let archives = Archives::build(workspace, TARGETS)?;
        let folder = shell.create_temp_dir()?;
        let place = Self {
            workspace: workspace.clone(),
            archives,
            folder,
        };
        let outside = place.path("");
        let mut packages = vec![dist::pack_native_all(workspace, &place.archives, &outside)?];
        for target in place.archives.targets() {
            packages.push(dist::pack_native(
                workspace,
                &place.archives,
                target,
                &outside,
            )?);
        }
        let projects = workspace.path("tests/packages");
        cmd!(shell, "cp -R {projects} {outside}/projects")
            .quiet()
            .run()?;
        for package in &packages {
            let file = &package.file;
            cmd!(
                shell,
                "tar --extract --file {outside}/{file} --directory {outside}"
            )
            .quiet()
            .run()?;
        }
        Ok(place)
    }

    /// A path in the folder.
    pub fn path(&self, relative: &str) -> PathBuf {
        self.folder.path().join(relative)
    }

    /// The unpacked package for one target, or for all.
    pub fn package(&self, target: Option<&Target>) -> PathBuf {
        let suffix = target.map_or(String::new(), |target| format!("-{}", target.name));
        self.path(&format!("kpn-things-{}{suffix}", Workspace::version()))
    }

    /// Runs a built program, on this machine or on a board; it returns 0 if its message is right.
    pub fn run(&self, target: &Target, program: &Path) -> anyhow::Result<()> {
        let shell = &self.workspace.shell;
        let printed = match board(target)? {
            Some(board) => board.run(&self.workspace, program, None, PATIENCE)?,
            None => {
                let command = target.command(program);
                let (first, rest) = command.split_first().context("a program")?;
                cmd!(shell, "{first} {rest...}").quiet().read()?
            }
        };
        ensure!(
            printed.contains("done: "),
            "{} printed {printed}",
            program.display()
        );
        Ok(())
    }

    /// A toolchain file for a target, with start-up code and linker script of picolibc.
    pub fn toolchain(&self, target: &Target) -> anyhow::Result<PathBuf> {
        let file = self.path(&format!("{}.cmake", target.name));
        let flags = target.gcc_flags.join(" ");
        let text = match board(target)? {
            Some(board) => {
                let processor = if target.family == Family::Arm {
                    "arm"
                } else {
                    "riscv32"
                };
                format!(
                    "set(CMAKE_SYSTEM_NAME Generic)\n\
                     set(CMAKE_SYSTEM_PROCESSOR {processor})\n\
                     set(CMAKE_C_COMPILER {})\n\
                     set(CMAKE_C_FLAGS_INIT \"{flags} --specs=picolibc.specs\")\n\
                     set(CMAKE_EXE_LINKER_FLAGS_INIT \"--crt0=semihost --oslib=semihost {}\")\n\
                     set(CMAKE_TRY_COMPILE_TARGET_TYPE STATIC_LIBRARY)\n",
                    target.gcc(),
                    board.memory(),
                )
            }
            None => format!(
                "set(CMAKE_C_COMPILER {})\nset(CMAKE_C_FLAGS_INIT \"{flags}\")\n",
                target.gcc()
            ),
        };
        self.workspace.shell.write_file(&file, text)?;
        Ok(file)
    }

    /// Runs cmake, which must fail with a message that contains all these words.
    pub fn refused(&self, name: &str, arguments: &[String], words: &[&str]) -> anyhow::Result<()> {
        let shell = &self.workspace.shell;
        let folder = self.path(&format!("refused-{name}"));
        let output = cmd!(shell, "cmake -B {folder} {arguments...}")
            .quiet()
            .ignore_status()
            .output()?;
        // CMake wraps lines.
        let said = String::from_utf8_lossy(&output.stderr)
            .split_whitespace()
            .collect::<Vec<_>>()
            .join(" ");
        if output.status.success() {
            bail!("{name}: taken, although it cannot work");
        }
        for word in words {
            ensure!(said.contains(word), "{name}: no `{word}` in: {said}");
        }
        Ok(())
    }
}

/// A board that runs code for the target; `None` for this machine.
pub fn board(target: &Target) -> anyhow::Result<Option<&'static Machine>> {
    if !target.is_bare_metal() {
        return Ok(None);
    }
    // Each of these cores runs the code of its smaller siblings.
    let name = match target.name {
        "thumbv6m" => "microbit",
        "thumbv7m" => "mps2-an385",
        name if name.starts_with("thumbv7em") => "mps2-an386",
        name if name.starts_with("thumbv8m") => "mps2-an505",
        name if name.starts_with("riscv32") => "virt",
        name => bail!("no board runs {name}"),
    };
    Ok(Some(machine::find(name).context("a board")?))
}

/// Runs a command that must succeed; its output is shown if it does not.
pub fn aloud(command: Cmd) -> anyhow::Result<()> {
    let output = command.quiet().ignore_status().output()?;
    ensure!(
        output.status.success(),
        "{}{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}
