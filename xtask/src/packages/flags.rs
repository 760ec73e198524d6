// SPDX-License-Identifier: MIT OR Apache-2.0
//! Compiler flags of vendors' projects: older C, C++ without exceptions and type information, and enumerations of
//! either size, on which the archive must not depend.

use anyhow::{Context as _, bail, ensure};
use xshell::cmd;

use super::place::{Place, aloud, board};
use crate::target::{self, Family, TARGETS, Target};

const WARNINGS: [&str; 3] = ["-Wall", "-Wextra", "-Werror"];

/// Source, language, and the flags of the language.
const LANGUAGES: [(&str, &str, &[&str]); 2] = [
    ("main.c", "c", &["-std=gnu99"]),
    (
        "old-flags/main.cpp",
        "c++",
        &["-std=gnu++11", "-fno-exceptions", "-fno-rtti"],
    ),
];

/// Flags for enumerations, and the size of a small one with them.
const ENUMS: [(&str, &str); 2] = [("-fshort-enums", "1"), ("-fno-short-enums", "4")];

/// On this machine and on boards with and without hard float.
pub fn check(place: &Place) -> anyhow::Result<()> {
    for name in ["x86_64-linux", "thumbv6m", "thumbv7m", "thumbv7em-hf"] {
        let target = target::find(name)?;
        for (source, language, flags) in LANGUAGES {
            for (enums, bytes) in ENUMS {
                let mut all = flags.to_vec();
                all.push(enums);
                build_and_run(place, target, source, language, &all, bytes)
                    .with_context(|| format!("{name}, {language}, {enums}"))?;
            }
        }
    }
    sees_the_size_of_enums(place)?;
    says_nothing_of_enums(place)?;
    println!("gnu99 and C++ without exceptions, enumerations of 1 and 4 bytes");
    Ok(())
}

fn build_and_run(
    place: &Place,
    target: &Target,
    source: &str,
    language: &str,
    flags: &[&str],
    bytes: &str,
) -> anyhow::Result<()> {
    let shell = &place.workspace.shell;
    let projects = place.path("projects");
    let (program, object) = (projects.join("old-flags/firmware"), projects.join("main.o"));
    let package = place.package(None);
    let archive = package
        .join("lib")
        .join(target.name)
        .join("libkpn_things.a");
    let gcc = target.gcc();
    let mut core = target.gcc_flags.to_vec();
    let mut link = Vec::new();
    if let Some(board) = board(target)? {
        core.push("--specs=picolibc.specs");
        link.extend(["--crt0=semihost".to_owned(), "--oslib=semihost".to_owned()]);
        link.push(board.memory());
    }
    let compile = core.clone();
    aloud(cmd!(
        shell,
        "{gcc} {compile...} -x {language} {flags...} {WARNINGS...} -Os -I {package}/include -c {projects}/{source} -o {object}"
    ))?;
    sizes(place, gcc, flags, bytes)?;
    aloud(cmd!(
        shell,
        "{gcc} {core...} {object} {archive} {link...} -o {program}"
    ))?;
    place.run(target, &program)
}

/// Compiles only if a small enumeration has this size.
fn sizes(place: &Place, gcc: &str, flags: &[&str], bytes: &str) -> anyhow::Result<()> {
    let projects = place.path("projects");
    let enums = flags.last().context("the flag for enumerations")?;
    aloud(cmd!(
        place.workspace.shell,
        "{gcc} {enums} -DKPN_TEST_ENUM={bytes} -fsyntax-only {projects}/old-flags/sizes.c"
    ))
}

/// The check itself is tested: wrong sizes must not compile.
fn sees_the_size_of_enums(place: &Place) -> anyhow::Result<()> {
    for (enums, bytes) in [("-fshort-enums", "4"), ("-fno-short-enums", "1")] {
        if sizes(place, "arm-none-eabi-gcc", &[enums], bytes).is_ok() {
            bail!("{enums} passes for {bytes} bytes");
        }
    }
    Ok(())
}

/// The linker compares the attributes of objects for enumerations and `wchar_t`. The archive has none, and fits all.
fn says_nothing_of_enums(place: &Place) -> anyhow::Result<()> {
    let package = place.package(None);
    for target in TARGETS.iter().filter(|target| target.family == Family::Arm) {
        let readelf = target.tool("readelf");
        let archive = package
            .join("lib")
            .join(target.name)
            .join("libkpn_things.a");
        let said = cmd!(place.workspace.shell, "{readelf} --arch-specific {archive}")
            .quiet()
            .read()?;
        ensure!(said.contains("Tag_CPU_arch"), "readelf says {said}");
        for tag in ["Tag_ABI_enum_size", "Tag_ABI_PCS_wchar_t"] {
            ensure!(!said.contains(tag), "{} says {tag}", archive.display());
        }
    }
    Ok(())
}
