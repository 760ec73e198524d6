//! What the texts promise: links lead somewhere, commands run, and the header becomes pages without a warning.

mod doxygen;
mod links;
mod pages;

use anyhow::Context as _;
use xshell::cmd;

use crate::workspace::Workspace;

pub use doxygen::check as check_header;
pub use links::check as check_links;
pub use pages::check as check_pages;

/// A text of the repository.
struct Page {
    /// Path from the repository's root.
    path: String,
    text: String,
}

/// All texts of the repository, those not committed yet too.
fn all(workspace: &Workspace) -> anyhow::Result<Vec<Page>> {
    let shell = &workspace.shell;
    let files = cmd!(
        shell,
        "git ls-files --cached --others --exclude-standard *.md"
    )
    .quiet()
    .read()?;
    files
        .lines()
        .filter(|path| workspace.path(path).is_file())
        .map(|path| {
            Ok(Page {
                path: path.to_owned(),
                text: shell
                    .read_file(path)
                    .with_context(|| format!("{path} is no text"))?,
            })
        })
        .collect()
}

/// Lines outside of fenced blocks, with their numbers from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}
