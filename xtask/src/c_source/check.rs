// SPDX-License-Identifier: MIT OR Apache-2.0
//! The requirements on the file: compilers accept it without a warning, it refuses machines that it does not support, it has no static
//! memory, and on every kind of machine the C tests and the vectors give the same results as with the archives.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionKind};
use xshell::cmd;

use super::{build, object::IMPORTS};
use crate::{
    firmware,
    machine::{self, PATIENCE},
    vectors,
    workspace::Workspace,
};

/// As in the strictest project.
const WARNINGS: [&str; 4] = ["-pedantic", "-Wall", "-Wextra", "-Werror"];

/// Compilers and their flags. The file must also work with standard C alone.
const COMPILERS: &[&str] = &[
    "gcc -m32 -std=c99 -O2",
    "gcc -m32 -std=c99 -O2 -DKPN_PLAIN_C",
    "g++ -m32 -x c++ -std=c++11 -Os",
    "clang -m32 -std=c99 -Os",
    "clang -m32 -x c++ -std=c++11 -O2",
    "arm-none-eabi-gcc -mcpu=cortex-m0 -mthumb -std=c99 -O3",
    "riscv64-unknown-elf-gcc -march=rv32imac -mabi=ilp32 -std=c11 -O2 -ffreestanding -isystem /usr/lib/picolibc/riscv64-unknown-elf/include",
];

/// Machines that it must refuse, and what the compiler's message then names.
const REFUSED: &[(&str, &str)] = &[
    (
        "gcc -m64 -std=c99",
        "kpn_things_c_is_for_pointers_of_32_bits",
    ),
    (
        "gcc -m32 -std=c99 -U__BYTE_ORDER__ -D__BYTE_ORDER__=__ORDER_BIG_ENDIAN__",
        "kpn_things.c is for little-endian machines",
    ),
];

/// Where a program runs.
struct Place {
    name: &'static str,
    /// The compiler, with its flags for this machine.
    compiler: &'static str,
    /// The command that runs the program.
    runner: &'static str,
    /// Arguments after all sources.
    libraries: &'static str,
}

/// Machines for which `machine` has no boards.
const PLACES: &[Place] = &[
    Place {
        name: "i386, with sanitizers",
        compiler: "gcc -m32 -O1 -g -fsanitize=address,undefined -fno-sanitize-recover=all",
        runner: "",
        libraries: "",
    },
    Place {
        name: "i386, standard C",
        compiler: "gcc -m32 -O2 -DKPN_PLAIN_C",
        runner: "",
        libraries: "",
    },
    Place {
        name: "MIPS32r2",
        // Debian's gcc for MIPS conflicts with its gcc for i386.
        compiler: "clang --target=mipsel-linux-gnu -march=mips32r2 -Os -static -isystem /usr/mipsel-linux-gnu/include \
                   -B/usr/mipsel-linux-gnu/lib -L/usr/mipsel-linux-gnu/lib",
        runner: "qemu-mipsel",
        libraries: "",
    },
    Place {
        name: "Xtensa lx106",
        compiler: "xtensa-lx106-elf-gcc -mlongcalls -Os -ffunction-sections -fdata-sections --specs=/usr/lib/xtensa-lx106-elf/picolibc.specs \
                   -nostartfiles -T tests/firmware/xtensa/sim.ld -Wl,--gc-sections -Wl,-z,noexecstack -Wl,--no-warn-rwx-segments \
                   tests/firmware/xtensa/start.S tests/firmware/xtensa/output.c tests/firmware/xtensa/arithmetic.c",
        runner: "qemu-system-xtensa -M sim -cpu lx106 -display none -monitor none -serial stdio -semihosting -kernel",
        libraries: "-Wl,--start-group -lc -lgcc -Wl,--end-group",
    },
];

/// Boards, and the optimisation level for each.
const BOARDS: &[(&str, &str)] = &[("mps2-an385", "-O3"), ("virt", "-Os")];

/// Builds a program from its name, arguments and sources, runs it, and returns its output.
type Run<'a> = dyn Fn(&str, &[&str], &[PathBuf]) -> anyhow::Result<String> + 'a;

/// Checks all requirements.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let file = build(workspace)?;
    for compiler in COMPILERS {
        let object = compile(workspace, compiler, &file, &WARNINGS)?;
        check_object(&object).with_context(|| (*compiler).to_owned())?;
    }
    check_refusals(workspace, &file)?;
    println!("{} compilers take the file without a word", COMPILERS.len());
    run_everywhere(workspace, &file)
}

fn compile(
    workspace: &Workspace,
    compiler: &str,
    file: &Path,
    warnings: &[&str],
) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let mut words = compiler.split_whitespace();
    let program = words.next().context("a compiler")?;
    let object = workspace.scratch("c-source")?.join("checked.o");
    let output = cmd!(
        shell,
        "{program} {words...} {warnings...} -I include -c {file} -o {object}"
    )
    .quiet()
    .ignore_status()
    .output()?;
    ensure!(
        output.status.success(),
        "{compiler}:\n{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(object)
}

fn check_refusals(workspace: &Workspace, file: &Path) -> anyhow::Result<()> {
    for (compiler, named) in REFUSED {
        match compile(workspace, compiler, file, &[]) {
            Ok(_) => anyhow::bail!("{compiler} takes a file that cannot serve it"),
            Err(error) => ensure!(
                format!("{error:#}").contains(named),
                "refused, but not for {named}: {error:#}"
            ),
        }
    }
    Ok(())
}

/// No writable memory, and no external symbols except memory functions and arithmetic.
fn check_object(path: &Path) -> anyhow::Result<()> {
    let bytes = fs::read(path)?;
    let file = object::File::parse(bytes.as_slice())?;
    for section in file.sections() {
        let is_memory = matches!(
            section.kind(),
            SectionKind::Data | SectionKind::UninitializedData | SectionKind::Common
        );
        let name = section.name()?;
        // Addresses that a loader fills in, where code is position-independent.
        let is_memory = is_memory && !name.starts_with(".data.rel.ro");
        ensure!(
            !is_memory || section.size() == 0,
            "{} bytes of static memory in {name}",
            section.size()
        );
    }
    for symbol in file.symbols().filter(|symbol| symbol.is_undefined()) {
        let name = symbol.name()?;
        // A compiler may recognise that a loop is `strlen`, or that only equality is asked of `memcmp`.
        ensure!(
            name.is_empty()
                || IMPORTS.contains(&name)
                || ["strlen", "bcmp"].contains(&name)
                || name.starts_with('_'),
            "asks for {name}"
        );
        ensure!(!name.contains("panic"), "asks for {name}");
    }
    Ok(())
}

fn run_everywhere(workspace: &Workspace, file: &Path) -> anyhow::Result<()> {
    let expected = vectors::reference(workspace)?;
    let folder = vectors::generate(workspace)?.display().to_string();
    let tests = firmware::c_files(workspace, "tests/c")?;
    let vectors = vec![workspace.path("tests/firmware/vectors.c")];
    let for_tests = ["-I", "tests/c", "-I", "tests/vectors", "-DKPN_TEST_SMALL"];
    let for_vectors = ["-I", folder.as_str()];
    let run = |name: &str, go: &Run<'_>| -> anyhow::Result<()> {
        let with_file = |sources: &[PathBuf]| [sources, &[file.to_owned()]].concat();
        let printed = go("c-source-tests", &for_tests, &with_file(&tests))?;
        println!("{name}: {}", printed.lines().last().unwrap_or_default());
        ensure!(printed.contains(" checks, 0 failed"), "no count of checks");
        let printed = go("c-source-vectors", &for_vectors, &with_file(&vectors))?;
        vectors::compare(&mut Some(expected.clone()), &printed)
    };
    for (name, level) in BOARDS {
        let board = machine::find(name)?;
        run(board.name, &|program, arguments, sources| {
            let arguments = [arguments, &[*level]].concat();
            let elf = board.build(workspace, program, &arguments, sources)?;
            board.run(workspace, &elf, None, PATIENCE)
        })
        .with_context(|| format!("one file of C on {name}"))?;
    }
    for place in PLACES {
        run(place.name, &|program, arguments, sources| {
            place.run(workspace, program, arguments, sources)
        })
        .with_context(|| format!("one file of C on {}", place.name))?;
    }
    Ok(())
}

impl Place {
    fn run(
        &self,
        workspace: &Workspace,
        name: &str,
        arguments: &[&str],
        sources: &[PathBuf],
    ) -> anyhow::Result<String> {
        let shell = &workspace.shell;
        let program = workspace.scratch("c-source")?.join(name);
        let mut compiler = self.compiler.split_whitespace();
        let gcc = compiler.next().context("a compiler")?;
        let libraries = self.libraries.split_whitespace();
        cmd!(
            shell,
            "{gcc} {compiler...} -std=gnu99 -Wall -Wextra -Werror -I include -I tests/firmware {arguments...} {sources...}
             {libraries...} -o {program}"
        )
        .quiet()
        .run()?;
        let runner = self.runner.split_whitespace();
        let seconds = PATIENCE.as_secs().to_string();
        let output = cmd!(
            shell,
            "timeout --signal=KILL {seconds} {runner...} {program}"
        )
        .quiet()
        .stdin("")
        .read()?;
        Ok(output)
    }
}
