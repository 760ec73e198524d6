//! What a user has to write stands between two marks in the consumer projects: at most five lines.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

const MOST: usize = 5;
const BEGIN: &str = "kpn-things: begin";
const END: &str = "kpn-things: end";

/// Every consumer project in the repository has the marks once, with a few lines between them.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let files = cmd!(
        shell,
        "git grep --files-with-matches --untracked --fixed-strings -e {BEGIN} -- tests zephyr packaging c-examples"
    )
    .quiet()
    .read()?;
    let mut longest = 0;
    for file in files.lines() {
        let count = count(&shell.read_file(file)?).with_context(|| file.to_owned())?;
        longest = longest.max(count);
    }
    let ways = files.lines().count();
    ensure!(ways >= 5, "only {ways} consumer projects have the marks");
    println!("{ways} ways into a project, the longest takes {longest} lines");
    Ok(())
}

/// How many lines stand between the marks; blank ones and comments do not count.
fn count(text: &str) -> anyhow::Result<usize> {
    let (_, rest) = text.split_once(BEGIN).context("no begin")?;
    let (lines, rest) = rest.split_once(END).context("no end")?;
    ensure!(!rest.contains(BEGIN), "more than one begin");
    let lines: Vec<_> = lines.lines().map(str::trim).skip(1).collect();
    let count = lines
        .iter()
        .filter(|line| !line.is_empty() && !line.starts_with('#') && !line.starts_with("//"))
        .count();
    ensure!(count > 0, "nothing stands between the marks");
    ensure!(count <= MOST, "takes {count} lines, not at most {MOST}");
    Ok(count)
}

#[cfg(test)]
mod tests {
    use super::count;

    fn of(lines: &str) -> anyhow::Result<usize> {
        count(&format!(
            "a\n# kpn-things: begin\n{lines}# kpn-things: end\nb\n"
        ))
    }

    #[test]
    fn counts_what_a_user_writes() {
        assert_eq!(of("a\nb\n").ok(), Some(2));
        assert_eq!(of("a\n\n# no\nb\nc\nd\ne\n").ok(), Some(5));
    }

    #[test]
    fn refuses_more_than_five_lines_none_and_missing_marks() {
        assert!(of("a\nb\nc\nd\ne\nf\n").is_err());
        assert!(of("\n").is_err());
        assert!(count("a\n# kpn-things: begin\nb\n").is_err());
        assert!(count("a\n").is_err());
    }
}
