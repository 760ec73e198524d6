// SPDX-License-Identifier: MIT OR Apache-2.0
//! Formatting and lints.

use anyhow::Context as _;
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
