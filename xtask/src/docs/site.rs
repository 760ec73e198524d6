// SPDX-License-Identifier: MIT OR Apache-2.0
//! The manual as a site: the header's subjects, the pages of the toolchains and the cookbook, by doxygen.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};

use anyhow::Context as _;
use xshell::cmd;

use super::{links::headings, pictures};
use crate::workspace::Workspace;

/// The pages, in the order of the table of contents. Other texts are linked as files.
const PAGES: &[&str] = &[
    "README.md",
    "c-examples/cookbook/README.md",
    "c-examples/README.md",
    "simulator/README.md",
    "packaging/cmake/README.md",
    "packaging/native/README.md",
    "zephyr/README.md",
    "packaging/arduino/README.md",
    "packaging/arduino/MIGRATION.md",
    "packaging/platformio/README.md",
    "packaging/esp-idf/README.md",
    "packaging/c-source/README.md",
    "c-examples/bare-metal/README.md",
    "c-examples/at-modem/README.md",
    "ARCHITECTURE.md",
    "SECURITY.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
];

/// Builds the site from what is checked in.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    pictures::check(workspace)?;
    render(workspace)
}

/// A browser opens every page, follows every link and searches.
pub fn check_in_browser(workspace: &Workspace) -> anyhow::Result<()> {
    render(workspace)?;
    let shell = &workspace.shell;
    let python = workspace.target().join("browser/bin/python");
    let html = workspace.path("target/doxygen/html");
    Ok(cmd!(shell, "{python} -B tests/site/run.py {html}")
        .quiet()
        .run()?)
}

/// Draws the pictures and builds the site.
pub fn build(workspace: &Workspace) -> anyhow::Result<()> {
    pictures::write(workspace)?;
    render(workspace)
}

/// Builds the site into `target/doxygen/html`; a doxygen warning is an error.
fn render(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("site")?;
    let html = workspace.path("target/doxygen/html");
    shell.remove_path(&html)?;
    let mut inputs = vec!["include/kpn_things.h".to_owned()];
    let mut files = BTreeSet::new();
    for (number, page) in PAGES.iter().enumerate() {
        let text = shell.read_file(page)?;
        let staged = folder.join(format!("{number:02}.md"));
        shell.write_file(&staged, stage(workspace, number, page, &text, &mut files)?)?;
        inputs.push(staged.display().to_string());
    }
    super::doxygen::render(workspace, &inputs.join(" "), "GENERATE_TREEVIEW = YES\n")?;
    for file in &files {
        let copy = html.join(copy_of(file));
        shell.create_dir(copy.parent().context("a file has a folder")?)?;
        shell.copy_file(file, copy)?;
    }
    println!("{}", html.join("index.html").display());
    Ok(())
}

/// A page for doxygen: its headings get names, its links lead to pages of the site or to copies of files, which are added to `files`; each
/// recipe is inserted where the page names it.
fn stage(
    workspace: &Workspace,
    number: usize,
    page: &str,
    text: &str,
    files: &mut BTreeSet<PathBuf>,
) -> anyhow::Result<String> {
    let folder = Path::new(page).parent().unwrap_or(Path::new(""));
    let mut staged = String::new();
    let mut is_code = false;
    for line in text.lines() {
        is_code ^= line.trim_start().starts_with("```");
        let recipe = line
            .strip_prefix("See [")
            .and_then(|rest| rest.split_once(']'));
        if let (Some((name, _)), true) = (recipe, line.ends_with(".c).")) {
            let source = workspace.shell.read_file(folder.join(name))?;
            staged.push_str(&format!("```c\n{source}```\n"));
        } else if is_code {
            staged.push_str(line);
        } else if let Some(slug) = headings(line).next() {
            let name = if line.starts_with("# ") { "" } else { &slug };
            staged.push_str(&format!("{line} {{#{}}}", label(number, name)));
        } else {
            staged.push_str(&with_links(workspace, page, folder, line, files)?);
        }
        staged.push('\n');
    }
    Ok(staged)
}

fn label(number: usize, heading: &str) -> String {
    let heading = heading.replace('_', "-");
    format!("page-{number}-{heading}")
}

fn with_links(
    workspace: &Workspace,
    page: &str,
    folder: &Path,
    line: &str,
    files: &mut BTreeSet<PathBuf>,
) -> anyhow::Result<String> {
    let mut out = String::new();
    let mut rest = line;
    while let Some((before, after)) = rest.split_once("](") {
        let (target, remainder) = after
            .split_once(')')
            .with_context(|| format!("{page}: a link that does not end: {line}"))?;
        let (path, heading) = target.split_once('#').unwrap_or((target, ""));
        let path = if path.is_empty() {
            PathBuf::from(page)
        } else {
            plain(&folder.join(path))
        };
        let number = PAGES.iter().position(|other| Path::new(other) == path);
        if target.contains("://") {
            out.push_str(&format!("{before}]({target})"));
        } else if let Some(number) = number {
            out.push_str(&format!("{before}](@ref {})", label(number, heading)));
        } else if workspace.path(&path.display().to_string()).is_file() {
            out.push_str(&format!("{before}]({})", copy_of(&path).display()));
            files.insert(path);
        } else {
            // A folder becomes just its name.
            let (text, name) = before.rsplit_once('[').unwrap_or(("", before));
            out.push_str(&format!("{text}{name}"));
        }
        rest = remainder;
    }
    out.push_str(rest);
    Ok(out)
}

/// Where a file is in the site. Doxygen takes every link to Markdown for a page.
fn copy_of(file: &Path) -> PathBuf {
    let name = file.display().to_string().replace(".md", ".txt");
    Path::new("files").join(name)
}

/// Without `..`.
fn plain(path: &Path) -> PathBuf {
    let mut plain = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                plain.pop();
            }
            Component::CurDir => {}
            _ => plain.push(part),
        }
    }
    plain
}
