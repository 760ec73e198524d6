// SPDX-License-Identifier: MIT OR Apache-2.0
//! `THIRD-PARTY-NOTICES`, which is in every package: which parts of an archive others have written, with their
//! licences.

use std::{
    collections::BTreeMap,
    env::consts,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};

use super::{Crate, LIBRARY, linked};
use crate::workspace::Workspace;

const FILE: &str = "THIRD-PARTY-NOTICES";

const HEAD: &str = "\
Third-party notices of kpn-things
=================================

An archive of kpn-things has code of these projects in it; which of it depends on the target: libc and cpufeatures, for
instance, are for hosts. Where a project may be used under one of several licences, the text is that of the first one in
the list of its files. The Apache License 2.0 stands in LICENSE-APACHE.

core and compiler_builtins, of the Rust compiler that built the archive
  https://github.com/rust-lang/rust
  core: MIT OR Apache-2.0
  compiler_builtins: MIT AND Apache-2.0 WITH LLVM-exception AND (MIT OR Apache-2.0)
  Copyright (c) The Rust Project Contributors; parts copyright (c) the LLVM project contributors

";

const SIMULATOR_HEAD: &str = "\
Third-party notices of the KPN Things simulator
===============================================

The program has code of these projects in it; which of it depends on the target. Where a project may be used under one
of several licences, the text is that of the first one in the list of its files. The Apache License 2.0 stands in
LICENSE-APACHE.

Rust's standard library, of the compiler that built the program
  https://github.com/rust-lang/rust
  MIT OR Apache-2.0
  Copyright (c) The Rust Project Contributors

";

/// Licence files of a crate, the shortest text first, since one is enough.
const TEXTS: [&str; 6] = [
    "LICENSE-MIT",
    "LICENSE",
    "LICENSE.md",
    "LICENSE.txt",
    "LICENSE-BOOST",
    "LICENSE-APACHE",
];

/// Regenerates it.
pub fn write(workspace: &Workspace) -> anyhow::Result<()> {
    Ok(workspace.shell.write_file(FILE, of_archives(workspace)?)?)
}

/// Checks that it names what cargo links, in the versions of Cargo.lock.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    ensure!(
        workspace.shell.read_file(FILE)? == of_archives(workspace)?,
        "{FILE} is stale: `make notices` writes it anew"
    );
    of_simulator(workspace)?;
    Ok(())
}

fn of_archives(workspace: &Workspace) -> anyhow::Result<String> {
    notices(workspace, LIBRARY, None, HEAD)
}

/// The same for the simulator, whose package has it beside the program.
pub fn of_simulator(workspace: &Workspace) -> anyhow::Result<String> {
    let here = format!("{}-unknown-linux-gnu", consts::ARCH);
    notices(
        workspace,
        "kpn-things-simulator",
        Some(&here),
        SIMULATOR_HEAD,
    )
}

fn notices(
    workspace: &Workspace,
    into: &str,
    platform: Option<&str>,
    head: &str,
) -> anyhow::Result<String> {
    let mut text = head.to_owned();
    let mut by_licence: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for each in linked(workspace, into, platform)? {
        let Crate {
            name,
            version,
            licence,
            repository,
            ..
        } = &each;
        if name.starts_with(LIBRARY) {
            continue;
        }
        ensure!(!licence.is_empty(), "{name} names no licence");
        writeln!(text, "{name} {version}\n  {repository}\n  {licence}")?;
        if !each.authors.is_empty() {
            writeln!(text, "  {}", each.authors.join(", "))?;
        }
        text.push('\n');
        let file = licence_file(&each)?;
        if !file.ends_with("LICENSE-APACHE") {
            by_licence
                .entry(normal(&fs::read_to_string(file)?))
                .or_default()
                .push(name.clone());
        }
    }
    for (licence, names) in by_licence {
        writeln!(
            text,
            "{}\n{}\n\n{licence}",
            "-".repeat(78),
            names.join(", ")
        )?;
    }
    Ok(text)
}

fn licence_file(each: &Crate) -> anyhow::Result<PathBuf> {
    let folder = Path::new(&each.manifest).parent().context("a folder")?;
    TEXTS
        .iter()
        .map(|name| folder.join(name))
        .find(|path| path.is_file())
        .with_context(|| format!("{} has no licence file", each.name))
}

/// Normalises white space at the ends of lines and of the file.
fn normal(text: &str) -> String {
    let lines: Vec<_> = text.trim().lines().map(str::trim_end).collect();
    lines.join("\n") + "\n"
}
