// SPDX-License-Identifier: MIT OR Apache-2.0
//! Relative links of the texts as they are in the repository: each must lead to an existing file, and to an existing heading in it. The
//! links of the site are followed by a browser, in `tests/site`. Of the known tools, lychee is not packaged and takes minutes to compile,
//! and linkchecker reads only HTML.

use anyhow::ensure;

use super::{all, prose};
use crate::workspace::Workspace;

/// Every relative link of every text.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let mut broken = Vec::new();
    let mut count = 0;
    for page in all(workspace)? {
        for (line, target) in links(&page.text) {
            if target.contains("://") || target.starts_with("mailto:") {
                continue;
            }
            count += 1;
            if let Err(why) = follow(workspace, &page.path, target) {
                broken.push(format!("{}:{line}: {target}: {why}", page.path));
            }
        }
    }
    ensure!(broken.is_empty(), "{}", broken.join("\n"));
    ensure!(count > 0, "no links were found");
    println!("{count} links lead somewhere");
    Ok(())
}

fn follow(workspace: &Workspace, page: &str, target: &str) -> anyhow::Result<()> {
    let (path, heading) = target.split_once('#').unwrap_or((target, ""));
    let file = if path.is_empty() {
        workspace.path(page)
    } else {
        workspace
            .path(page)
            .parent()
            .map(|folder| folder.join(path))
            .unwrap_or_default()
    };
    ensure!(file.exists(), "there is no such file");
    if !heading.is_empty() {
        let text = workspace.shell.read_file(&file)?;
        ensure!(
            headings(&text).any(|slug| slug == heading),
            "there is no such heading"
        );
    }
    Ok(())
}

/// Targets of `[text](target)`, with the number of their line.
fn links(text: &str) -> Vec<(usize, &str)> {
    let mut found = Vec::new();
    for (number, line) in prose(text) {
        let mut rest = line;
        while let Some((_, after)) = rest.split_once("](") {
            let end = after.find([')', ' ']).unwrap_or(after.len());
            let (target, remainder) = after.split_at(end);
            found.push((number, target));
            rest = remainder;
        }
    }
    found
}

/// Headings, as links name them.
pub(super) fn headings(text: &str) -> impl Iterator<Item = String> {
    prose(text)
        .filter(|(_, line)| line.starts_with('#'))
        .map(|(_, line)| {
            line.trim_start_matches('#')
                .trim()
                .to_lowercase()
                .chars()
                .filter_map(|letter| match letter {
                    ' ' => Some('-'),
                    '-' | '_' => Some(letter),
                    _ => letter.is_alphanumeric().then_some(letter),
                })
                .collect()
        })
}

#[cfg(test)]
mod tests {
    use super::{follow, headings, links};
    use crate::workspace::Workspace;

    #[test]
    fn finds_links_outside_of_code() {
        let text = "see [a](b.md) and [c](d#e \"f\")\n```\n[no](no)\n```\n[g](#h)";
        assert_eq!(links(text), [(1, "b.md"), (1, "d#e"), (5, "#h")]);
    }

    #[test]
    fn headings_become_what_links_name() {
        let slugs: Vec<_> =
            headings("# What it costs, now\nx\n```\n# no\n```\n## `a_b` c").collect();
        assert_eq!(slugs, ["what-it-costs-now", "a_b-c"]);
    }

    #[test]
    fn refuses_files_and_headings_that_are_not_there() -> anyhow::Result<()> {
        let workspace = Workspace::open()?;
        assert!(follow(&workspace, "README.md", "c-examples/README.md").is_ok());
        assert!(follow(&workspace, "README.md", "#licence").is_ok());
        assert!(follow(&workspace, "README.md", "c-examples/no.md").is_err());
        assert!(follow(&workspace, "README.md", "c-examples/README.md#no").is_err());
        Ok(())
    }
}
