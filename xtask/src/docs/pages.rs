//! The pages of the toolchains: their commands, run as a reader runs them.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use super::all;
use crate::{
    dist::{self, Archives},
    target::TARGETS,
    workspace::Workspace,
};

/// Longer than any page takes; whoever takes longer hangs.
const SECONDS: &str = "900";

/// Runs the fenced `sh` blocks of each page, in their order, in an empty folder outside of the repository.
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
            run(workspace, &script).with_context(|| page.path.clone())?;
            println!("{}: its commands run", page.path);
            ran += 1;
        }
    }
    ensure!(ran > 0, "no page has commands");
    shell.remove_path(&packages)?;
    Ok(())
}

/// A test of the test: a command that fails in the middle of a page is noticed.
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

/// All blocks of a page that are marked as `sh`, one after the other.
fn commands(text: &str) -> String {
    let mut script = String::new();
    let mut inside = false;
    for line in text.lines() {
        if line.starts_with("```") {
            inside = !inside && line == "```sh";
        } else if inside {
            script.push_str(line);
            script.push('\n');
        }
    }
    script
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn takes_the_blocks_marked_as_sh_in_order() {
        let text = "a\n```sh\nb\n```\n```console\nc\n```\n```\nd\n```\n```sh\ne\n```\nf\n";
        assert_eq!(commands(text), "b\ne\n");
        assert_eq!(commands("```console\na\n```\n"), "");
    }
}
