// SPDX-License-Identifier: MIT OR Apache-2.0
//! Rust's own description of a target, without the frame pointer that it asks for on Arm.
//!
//! A frame pointer takes one of eight registers and an instruction in every function, and only helps with backtraces without other debug
//! information. Leaving it out saves 3 % of a firmware that uses everything on thumbv6m.

use std::path::PathBuf;

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{target::Target, workspace::Workspace};

const ASKED: &str = r#""frame-pointer": "always""#;
const LEFT_OUT: &str = r#""frame-pointer": "may-omit""#;

/// Writes the description and returns its path: a file named after the target, from which cargo takes the target's name.
///
/// Only for a compiler that also builds `core`, since an installed `core` was built for the original description.
pub fn without_frame_pointer(
    workspace: &Workspace,
    target: &Target,
    compiler: &str,
) -> anyhow::Result<PathBuf> {
    let (shell, triple) = (&workspace.shell, target.triple);
    let described = cmd!(
        shell,
        "{compiler} -Zunstable-options --print target-spec-json --target {triple}"
    )
    .env("RUSTC_BOOTSTRAP", "1")
    .quiet()
    .read()?;
    let path = workspace.scratch("targets")?.join(format!("{triple}.json"));
    let changed = changed(&described).with_context(|| format!("the description of {triple}"))?;
    // An unchanged file is not written again, so that cargo rebuilds nothing.
    if shell.read_file(&path).is_ok_and(|known| known == changed) {
        return Ok(path);
    }
    shell.write_file(&path, changed)?;
    Ok(path)
}

fn changed(described: &str) -> anyhow::Result<String> {
    ensure!(
        described.contains(ASKED),
        "it asks for no frame pointer any more: take Rust's own"
    );
    Ok(described.replace(ASKED, LEFT_OUT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_frame_pointer_changes() {
        let described = "{\n  \"arch\": \"arm\",\n  \"frame-pointer\": \"always\"\n}";
        let changed = changed(described).unwrap();
        assert_eq!(changed, described.replace("always", "may-omit"));
    }

    #[test]
    fn a_description_without_it_is_told() {
        changed("{}").unwrap_err();
    }
}
