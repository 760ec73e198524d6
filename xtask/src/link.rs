// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the linker can show: no panic is left in the archive, it exports only `kpn_*`, and it links with any C library.

use std::{collections::BTreeSet, fmt::Write as _, path::Path};

use anyhow::{Context as _, bail, ensure};
use xshell::cmd;

use crate::{
    archive::{self, Options},
    header,
    symbols::Symbols,
    target::{self, Family, TARGETS, Target},
    workspace::Workspace,
};

/// Called by the panic handler, but not defined anywhere.
const PANIC: &str = "kpn_panic_reached";

/// What may be needed from the toolchain besides arithmetic helpers.
const FROM_LIBC: [&str; 4] = ["memcpy", "memmove", "memset", "memcmp"];

/// What the POSIX transport needs, and sha2 to detect SHA instructions on Arm; only in the archives for Linux.
const POSIX: [&str; 13] = [
    "clock_gettime",
    "close",
    "connect",
    "freeaddrinfo",
    "getauxval",
    "getaddrinfo",
    "getsockopt",
    "poll",
    "recv",
    "send",
    "socket",
    "strlen",
    "__errno_location",
];

/// Every C library for 32-bit Arm Linux has these.
const EABI: [&str; 6] = [
    "__aeabi_memclr",
    "__aeabi_memclr4",
    "__aeabi_memclr8",
    "__aeabi_memset",
    "__aeabi_memset4",
    "__aeabi_memset8",
];

/// Builds all archives and links a program that refers to every function of the header, three ways.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let core = header::functions(workspace)?;
    let archives = archive::build_all(workspace, TARGETS, Options::default())?;
    for (target, archive) in TARGETS.iter().zip(&archives) {
        let mut functions = core.clone();
        if target.family == Family::Linux {
            functions.extend(header::posix_functions(workspace)?);
        }
        let program = write_program(workspace, &functions)?;
        check_symbols(workspace, target, archive, &functions).with_context(|| target.name)?;
        for library in libraries(target) {
            link(workspace, target, *library, &program, archive)
                .with_context(|| format!("{} with {library:?}", target.name))?;
        }
        println!(
            "{}: links without a panic, {} functions",
            target.name,
            functions.len()
        );
    }
    Ok(())
}

/// The check itself is tested: an archive with a panic path must be refused.
pub fn check_can_fail(workspace: &Workspace) -> anyhow::Result<()> {
    let target = target::find("thumbv6m")?;
    let mut functions = header::functions(workspace)?;
    let deliberate = "kpn_deliberate_panic".to_owned();
    let archive = archive::build(
        workspace,
        target,
        Options {
            deliberate_panic: true,
            ..Options::default()
        },
    )?;
    ensure!(
        Symbols::of_archive(&archive)?.defined.contains(&deliberate),
        "{deliberate} is not in the archive"
    );
    functions.push(deliberate);
    let program = write_program(workspace, &functions)?;
    match link(workspace, target, Library::None, &program, &archive) {
        Ok(()) => bail!("a program with a panic path links: the check sees nothing"),
        Err(error) if format!("{error:#}").contains(PANIC) => Ok(()),
        Err(error) => Err(error.context("the link fails, but not for the panic")),
    }
}

/// The C library that a firmware uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Library {
    Picolibc,
    Newlib,
    /// Four functions, and libgcc.
    None,
    /// The host's.
    Glibc,
}

const fn libraries(target: &Target) -> &'static [Library] {
    match target.family {
        Family::Arm => &[Library::Picolibc, Library::Newlib, Library::None],
        Family::Riscv => &[Library::Picolibc, Library::None],
        Family::Linux => &[Library::Glibc],
    }
}

fn check_symbols(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    functions: &[String],
) -> anyhow::Result<()> {
    let from_linux: Vec<_> = match target.family {
        Family::Linux => POSIX.into_iter().chain(EABI).collect(),
        _ => Vec::new(),
    };
    let symbols = Symbols::of_archive(archive)?;
    let declared: BTreeSet<_> = functions.iter().cloned().collect();
    let hidden: Vec<_> = declared.difference(&symbols.defined).collect();
    ensure!(
        hidden.is_empty(),
        "declared in the header but not exported: {hidden:?}"
    );
    let extra: Vec<_> = symbols.defined.difference(&declared).collect();
    ensure!(
        extra.is_empty(),
        "exported but not in the header: {extra:?}"
    );
    let foreign: Vec<_> = symbols
        .undefined
        .iter()
        .filter(|name| !is_helper(name) && !from_linux.contains(&name.as_str()))
        .collect();
    ensure!(foreign.is_empty(), "asks for {foreign:?}");

    let bytes = workspace.shell.read_binary_file(archive)?;
    let root = workspace.path("").display().to_string();
    ensure!(
        !contains(&bytes, root.as_bytes()),
        "the archive names the folder {root}"
    );
    Ok(())
}

/// The C memory functions, and libgcc's arithmetic.
fn is_helper(name: &str) -> bool {
    FROM_LIBC.contains(&name)
        || name == "_GLOBAL_OFFSET_TABLE_"
        || (name.starts_with("__") && !name.contains("rust") && !name.contains("mem"))
}

fn contains(bytes: &[u8], text: &[u8]) -> bool {
    bytes.windows(text.len()).any(|window| window == text)
}

/// A C program that refers to every function.
fn write_program(
    workspace: &Workspace,
    functions: &[String],
) -> anyhow::Result<std::path::PathBuf> {
    let mut text = String::from(
        "/* Generated: refers to every function, so that the linker must resolve all they need. */\n\
         #define KPN_POSIX\n#include \"kpn_things.h\"\n\nunsigned char kpn_deliberate_panic(size_t index);\n\
         typedef void (*function)(void);\n\
         function const volatile functions[] = {\n",
    );
    for name in functions {
        writeln!(text, "    (function)&{name},")?;
    }
    text.push_str("};\n\nint main(void)\n{\n    return functions[0] == 0;\n}\n");
    let folder = workspace.scratch("link")?;
    let path = folder.join(format!("all-{}.c", functions.len()));
    workspace.shell.write_file(&path, text)?;
    Ok(path)
}

fn link(
    workspace: &Workspace,
    target: &Target,
    library: Library,
    program: &Path,
    archive: &Path,
) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let (gcc, flags) = (target.gcc(), target.gcc_flags);
    let elf = workspace
        .scratch("link")?
        .join(format!("{}-{library:?}.elf", target.name));
    let library_flags: &[&str] = match library {
        Library::Picolibc => &[
            "--specs=picolibc.specs",
            "-Wl,--defsym=__flash_size=0x40000",
        ],
        Library::Newlib => &["--specs=nano.specs", "-nostartfiles", "-Wl,--entry=main"],
        Library::None => &[
            "-nostdlib",
            "-fno-tree-loop-distribute-patterns",
            "-Wl,--entry=main",
            "xtask/mem.c",
            "-lgcc",
        ],
        Library::Glibc => &[],
    };
    let output = cmd!(
        shell,
        "{gcc} {flags...} -std=c99 -ffreestanding -Os -Wall -Wextra -Werror -I include -ffunction-sections -fdata-sections
         -Wl,--gc-sections -Wl,--fatal-warnings -Wl,--no-warn-rwx-segments
         {program} {archive} {library_flags...} -o {elf}"
    )
    .quiet()
    .ignore_status()
    .output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        output.status.success(),
        "the linker refuses:\n{}",
        said.trim_end()
    );
    ensure!(
        said.trim().is_empty(),
        "the linker warns:\n{}",
        said.trim_end()
    );
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::{contains, is_helper};

    #[test]
    fn helpers_are_arithmetic_and_memory_and_nothing_of_rust() {
        for name in ["memcpy", "__aeabi_uldivmod", "__muldi3"] {
            assert!(is_helper(name), "{name}");
        }
        for name in [
            "kpn_panic_reached",
            "__aeabi_memcpy",
            "rust_eh_personality",
            "__rust_alloc",
            "strlen",
        ] {
            assert!(!is_helper(name), "{name}");
        }
    }

    #[test]
    fn finds_a_text_among_bytes() {
        assert!(contains(b"\0/work/x\0", b"/work"));
        assert!(!contains(b"\0work", b"/work"));
    }
}
