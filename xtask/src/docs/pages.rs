// SPDX-License-Identifier: MIT OR Apache-2.0
//! The pages of the toolchains: their commands, run as a reader runs them.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use super::{all, code};
use crate::{
    dist::{self, Archives},
    target::TARGETS,
    workspace::Workspace,
};

/// Longer than any page takes; anything longer is a hang.
const SECONDS: &str = "900";

/// Runs the fenced `sh` blocks of each page, in their order, in an empty folder outside the repository.
///
/// `$KPN_THINGS` is the repository, `$KPN_DIST` a folder with all packages.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    check_can_fail(workspace)?;
    let packages = workspace.scratch("docs/dist")?;
    let archives = Archives::build(workspace, TARGETS)?;
    dist::pack_into(workspace, &archives, &packages)?;
    let mut ran = 0;
    for page in all(workspace)? {
        let script = commands(&page.text);
        if !script.is_empty() {
            check_ends(&script).with_context(|| page.path.clone())?;
            run(workspace, &script).with_context(|| page.path.clone())?;
            println!("{}: its commands run", page.path);
            ran += 1;
        }
    }
    ensure!(ran > 0, "no page has commands");
    shell.remove_path(&packages)?;
    Ok(())
}

/// The check itself is tested: a command that fails in the middle of a page is noticed.
fn check_can_fail(workspace: &Workspace) -> anyhow::Result<()> {
    let page = "```sh\ntrue\nls no-such-file\n```\n\n```sh\ntrue\n```\n";
    let Err(error) = run(workspace, &commands(page)) else {
        anyhow::bail!("a command that fails is not noticed");
    };
    ensure!(
        format!("{error:#}").contains("no-such-file"),
        "what a command says is lost: {error:#}"
    );
    Ok(())
}

fn run(workspace: &Workspace, script: &str) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = shell.create_temp_dir()?;
    let within = shell.push_dir(folder.path());
    let output = cmd!(shell, "timeout --kill-after=5 {SECONDS} sh -eu -s")
        .env("KPN_THINGS", workspace.path("."))
        .env("KPN_DIST", workspace.scratch("docs/dist")?)
        .stdin(script)
        .quiet()
        .ignore_status()
        .output()?;
    drop(within);
    ensure!(
        output.status.success(),
        "ends with {}:\n{}{}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
}

/// The commands of a page.
fn commands(text: &str) -> String {
    code(text, "sh")
        .iter()
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Refuses loops that would wait for ever for something that has failed.
fn check_ends(script: &str) -> anyhow::Result<()> {
    for line in script.lines() {
        let waits = line
            .split(|letter: char| !letter.is_ascii_alphanumeric())
            .any(|word| ["until", "while"].contains(&word));
        ensure!(
            !waits || line.contains("timeout "),
            "`{line}` may wait without end"
        );
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::check_ends;

    #[test]
    fn a_page_waits_with_a_limit() {
        check_ends("timeout 30 sh -c 'until [ -s port ]; do sleep 0.1; done'\nls\n").unwrap();
        assert!(check_ends("until [ -s port ]; do sleep 0.1; done\n").is_err());
        assert!(check_ends("ls\nwhile true\ndo :; done\n").is_err());
    }
}
