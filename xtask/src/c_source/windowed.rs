// SPDX-License-Identifier: MIT OR Apache-2.0
//! The file on Xtensa with register windows, as ESP32, S2 and S3 have them: the C tests and the vectors on QEMU's core dc233c.
//!
//! No compiler in a distribution is made for such a core. LLVM's backend knows them, and its assembler needs the literals of each function
//! moved to where the function is.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use super::build;
use crate::{firmware, machine::PATIENCE, vectors, workspace::Workspace};

/// An ESP32, without what dc233c lacks: floating point, and the upper half of a product.
const CORE: [&str; 2] = ["-mcpu=esp32", "-mattr=-fp,-mul32high"];
/// Where dc233c has its memory, and where it starts.
const MEMORY: [(&str, &str); 2] = [("0x60000000", "0x00100000"), ("0x50000000", "0xFE000000")];
const FOLDER: &str = "tests/firmware/xtensa";

/// Every check of the C tests holds, and the vectors give what they give on this machine.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let core = Core::new(workspace)?;
    let tests = firmware::c_files(workspace, "tests/c")?;
    let printed = core.run("tests", &tests)?;
    println!(
        "with register windows: {}",
        printed.lines().last().unwrap_or_default()
    );
    ensure!(printed.contains(" checks, 0 failed"), "no count of checks");
    let expected = vectors::reference(workspace)?;
    let printed = core.run("vectors", &[workspace.path("tests/firmware/vectors.c")])?;
    vectors::compare(&mut Some(expected), &printed)
}

/// What each program is made of.
struct Core<'a> {
    shell: &'a Shell,
    folder: PathBuf,
    /// Where the vectors are, as arrays of C.
    include: PathBuf,
    /// The start, the library, and what stands in for that of C.
    objects: Vec<PathBuf>,
}

impl<'a> Core<'a> {
    fn new(workspace: &'a Workspace) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        let folder = workspace.scratch("windowed")?;
        let start = folder.join("start.o");
        cmd!(
            shell,
            "llvm-mc-22 -triple=xtensa {CORE...} -filetype=obj {FOLDER}/windowed/start.S -o {start}"
        )
        .quiet()
        .run()?;
        let mut script = shell.read_file(workspace.path(FOLDER).join("sim.ld"))?;
        for (from, to) in MEMORY {
            ensure!(script.contains(from), "{FOLDER}/sim.ld has no {from}");
            script = script.replace(from, to);
        }
        shell.write_file(folder.join("sim.ld"), script)?;
        let mut core = Self {
            shell,
            folder,
            include: vectors::generate(workspace)?,
            objects: vec![start],
        };
        for source in [
            build(workspace)?,
            workspace.path(FOLDER).join("arithmetic.c"),
            workspace.path(FOLDER).join("windowed/windowed.c"),
        ] {
            core.objects.push(core.compile(&source)?);
        }
        Ok(core)
    }

    /// Builds a program and answers what it prints.
    fn run(&self, name: &str, sources: &[PathBuf]) -> anyhow::Result<String> {
        let (shell, folder) = (self.shell, &self.folder);
        let mut objects = self.objects.clone();
        for source in sources {
            objects.push(self.compile(source)?);
        }
        let program = folder.join(name).with_added_extension("elf");
        cmd!(
            shell,
            "xtensa-lx106-elf-ld -T {folder}/sim.ld --gc-sections --no-warn-rwx-segments {objects...} -o {program}"
        )
        .quiet()
        .run()?;
        let seconds = PATIENCE.as_secs().to_string();
        Ok(cmd!(
            shell,
            "timeout --signal=KILL {seconds} qemu-system-xtensa -M sim -cpu dc233c -display none -monitor none -serial stdio
             -semihosting -kernel {program}"
        )
        .quiet()
        .stdin("")
        .read()?)
    }

    /// C to LLVM's own form, that to assembly, and the repaired assembly to an object.
    fn compile(&self, source: &Path) -> anyhow::Result<PathBuf> {
        let (shell, include) = (self.shell, &self.include);
        let name = source.file_name().context("a source has a name")?;
        let [bitcode, assembly, object] =
            ["bc", "s", "o"].map(|end| self.folder.join(name).with_added_extension(end));
        cmd!(
            shell,
            "clang-22 --target=xtensa -std=gnu99 -Os -Wall -Wextra -Werror -fno-builtin -fomit-frame-pointer -DKPN_TEST_SMALL
             -isystem /usr/lib/xtensa-lx106-elf/include -I include -I tests/firmware -I tests/c -I tests/vectors -I {include}
             -I {FOLDER}/windowed -include windowed.h -emit-llvm -c {source} -o {bitcode}"
        )
        .quiet()
        .run()?;
        cmd!(
            shell,
            "llc-22 {CORE...} -function-sections -data-sections -O2 {bitcode} -o {assembly}"
        )
        .quiet()
        .run()?;
        let text = move_literals(&shell.read_file(&assembly)?)?;
        shell.write_file(&assembly, text)?;
        cmd!(
            shell,
            "llvm-mc-22 -triple=xtensa {CORE...} -filetype=obj {assembly} -o {object}"
        )
        .quiet()
        .run()?;
        Ok(object)
    }
}

/// LLVM 22 writes a function's literals in front of the directive for the function's section, so into the section of whatever stood before,
/// perhaps too far away: each group is moved behind the last of the directives that follow.
fn move_literals(assembly: &str) -> anyhow::Result<String> {
    let mut moved = String::new();
    let mut literals = String::new();
    let mut section = None;
    for line in assembly.lines() {
        let directive = line.trim_start();
        if directive.starts_with(".literal") {
            ensure!(
                section.is_none(),
                "literals between directives for sections"
            );
            literals.push_str(line);
            literals.push('\n');
            continue;
        }
        if !literals.is_empty() {
            if directive.starts_with(".section") || directive.starts_with(".text") {
                section = Some(line);
                continue;
            }
            let section = section
                .take()
                .with_context(|| format!("literals and no section after them: {line}"))?;
            moved.push_str(section);
            moved.push('\n');
            moved.push_str(&literals);
            literals.clear();
        }
        moved.push_str(line);
        moved.push('\n');
    }
    ensure!(literals.is_empty(), "literals at the end");
    Ok(moved)
}

#[cfg(test)]
mod tests {
    use super::move_literals;

    #[test]
    fn literals_go_to_the_section_of_their_function() {
        let written = "\t.text\none:\n\tret\n\t.literal_position\n\t.literal .LCPI1_0, 5\n\t.text\n\t.section\t.text.two\ntwo:\n\tret\n";
        let wanted = "\t.text\none:\n\tret\n\t.section\t.text.two\n\t.literal_position\n\t.literal .LCPI1_0, 5\ntwo:\n\tret\n";
        assert_eq!(move_literals(written).unwrap(), wanted);
    }

    #[test]
    fn what_has_no_literals_stays() {
        let written = "\t.text\n\t.section\t.text.one\none:\n\tret\n";
        assert_eq!(move_literals(written).unwrap(), written);
    }

    #[test]
    fn literals_that_belong_to_nothing_are_told() {
        move_literals("\t.literal .LCPI1_0, 5\n\tret\n").unwrap_err();
        move_literals("\tret\n\t.literal .LCPI1_0, 5\n").unwrap_err();
        move_literals("\t.literal a, 5\n\t.text\n").unwrap_err();
    }
}
