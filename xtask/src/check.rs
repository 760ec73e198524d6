// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formatting and lints.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

/// rustfmt and clippy over the whole workspace, warnings as errors.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    cmd!(shell, "cargo fmt --all --check").quiet().run()?;
    cmd!(
        shell,
        "cargo clippy --quiet --workspace --all-targets --features kpn-things/posix,kpn-things/header -- --deny warnings"
    )
    .quiet()
    .run()?;
    // As `make demo` builds it.
    cmd!(
        shell,
        "cargo clippy --quiet --package kpn-things-simulator --no-default-features --bins -- --deny warnings"
    )
    .quiet()
    .run()?;
    Ok(())
}

/// C with its own style: generated, or in Zephyr's style.
const OTHER_STYLE: [&str; 4] = ["include/", "zephyr/", "c-examples/zephyr/", "tests/zephyr/"];

/// All other C must follow `.clang-format`.
pub fn c_style(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let files = cmd!(
        shell,
        "git ls-files --cached --others --exclude-standard *.c *.h"
    )
    .quiet()
    .read()?;
    let files: Vec<_> = files
        .lines()
        .filter(|file| !OTHER_STYLE.iter().any(|folder| file.starts_with(folder)))
        .filter(|file| workspace.path(file).is_file())
        .collect();
    let count = files.len();
    cmd!(
        shell,
        "target/python/bin/clang-format --dry-run --Werror --ferror-limit=5 {files...}"
    )
    .quiet()
    .run()
    .context("`target/python/bin/clang-format -i FILE` formats it")?;
    println!("{count} files of C are formatted");
    Ok(())
}

/// A file with more lines has a seam along which it can be split.
const LINES_MAX: usize = 500;

/// What people write, as patterns of git; what programs write is left out.
const WRITTEN: [&str; 11] = [
    "*.rs",
    "*.c",
    "*.h",
    "*.cpp",
    "*.ino",
    "*.S",
    "*.js",
    "*.py",
    "*.sh",
    "*.cmake",
    ":!include/kpn_things.h",
];

/// No file of code is longer than a reader can keep in view.
pub fn lengths(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let files = cmd!(
        shell,
        "git ls-files --cached --others --exclude-standard -- {WRITTEN...}"
    )
    .quiet()
    .read()?;
    let mut lengths = Vec::new();
    for file in files.lines() {
        if workspace.path(file).is_file() {
            lengths.push((file, shell.read_file(file)?.lines().count()));
        }
    }
    let long = too_long(&lengths);
    ensure!(
        long.is_empty(),
        "more than {LINES_MAX} lines: {}",
        long.join(", ")
    );
    println!(
        "{} files of code have at most {LINES_MAX} lines",
        lengths.len()
    );
    Ok(())
}

fn too_long(lengths: &[(&str, usize)]) -> Vec<String> {
    lengths
        .iter()
        .filter(|(_, lines)| *lines > LINES_MAX)
        .map(|(file, lines)| format!("{file} ({lines})"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::too_long;

    #[test]
    fn a_file_may_have_500_lines_and_no_more() {
        let lengths = [("a.rs", 500), ("b.rs", 501), ("c.c", 0), ("d.h", 2000)];
        assert_eq!(too_long(&lengths), ["b.rs (501)", "d.h (2000)"]);
    }
}
