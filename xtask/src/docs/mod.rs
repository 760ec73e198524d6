// SPDX-License-Identifier: MIT OR Apache-2.0
//! The texts: links lead somewhere, commands run, and header and pages become a site without a warning.

mod doxygen;
mod links;
mod pages;
mod pictures;
mod site;

use anyhow::Context as _;
use xshell::cmd;

use crate::workspace::Workspace;

pub use doxygen::check as check_header;
pub use links::check as check_links;
pub use pages::check as check_pages;
pub use site::{
    build as build_site, check as check_site, check_in_browser as check_site_in_browser,
};

/// A text of the repository.
struct Page {
    /// Path from the repository's root.
    path: String,
    text: String,
}

/// All texts of the repository, including those not committed yet.
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

/// Lines outside fenced blocks, with their numbers from 1.
fn prose(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut fenced = false;
    text.lines().enumerate().filter_map(move |(index, line)| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        (!fenced && !fence).then_some((index + 1, line))
    })
}

/// Lines of the fenced blocks of one language, one block after another, without the indentation of a list.
///
/// A block without a language has the empty language.
fn code<'a>(text: &'a str, language: &str) -> Vec<&'a str> {
    let mut lines = Vec::new();
    let mut open: Option<(usize, bool)> = None;
    for line in text.lines() {
        let indented = line.len() - line.trim_start().len();
        match (line.trim_start().strip_prefix("```"), open) {
            (Some(name), None) => open = Some((indented, name == language)),
            (Some(_), Some(_)) => open = None,
            (None, Some((indentation, true))) => {
                lines.push(line.get(indentation.min(indented)..).unwrap_or(line));
            }
            (None, _) => {}
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::code;

    #[test]
    fn takes_the_blocks_of_a_language_in_order() {
        let text = "a\n```sh\nb\n```\n```console\nc\n```\n```\nd\n```\n1. e\n\n   ```sh\n   f\n     g\n\n   ```\nh\n";
        assert_eq!(code(text, "sh"), ["b", "f", "  g", ""]);
        assert_eq!(code(text, "console"), ["c"]);
        assert_eq!(code(text, ""), ["d"]);
        assert!(code(text, "c").is_empty());
    }
}
