// SPDX-License-Identifier: MIT OR Apache-2.0
//! Tables that commands write into texts, each between its own marks.

use anyhow::Context as _;

use crate::workspace::Workspace;

const README: &str = "README.md";

/// The text between the marks of this name in README.md.
pub fn section(workspace: &Workspace, name: &str) -> anyhow::Result<String> {
    section_of(workspace, README, name)
}

/// Replaces the text between the marks.
pub fn write_section(workspace: &Workspace, name: &str, section: &str) -> anyhow::Result<()> {
    write_section_of(workspace, README, name, section)
}

/// The text between the marks of this name in a text of the repository.
pub fn section_of(workspace: &Workspace, file: &str, name: &str) -> anyhow::Result<String> {
    let text = workspace.shell.read_file(file)?;
    let (_, section, _) = split(&text, name).with_context(|| file.to_owned())?;
    Ok(section.to_owned())
}

/// Replaces the text between the marks.
pub fn write_section_of(
    workspace: &Workspace,
    file: &str,
    name: &str,
    section: &str,
) -> anyhow::Result<()> {
    let text = workspace.shell.read_file(file)?;
    let (before, _, after) = split(&text, name).with_context(|| file.to_owned())?;
    workspace
        .shell
        .write_file(file, format!("{before}{section}{after}"))?;
    Ok(())
}

/// The text up to the end of the first mark's line, then up to the second mark, then the rest.
fn split<'a>(text: &'a str, name: &str) -> anyhow::Result<(&'a str, &'a str, &'a str)> {
    let mark = |end| format!("<!-- {name}:{end} -->");
    let (begin, end) = (mark("begin") + "\n", mark("end"));
    let missing = || format!("the marks of {name}");
    let start = text.find(&begin).with_context(missing)? + begin.len();
    let (before, rest) = text.split_at(start);
    let (section, after) = rest.split_at(rest.find(&end).with_context(missing)?);
    Ok((before, section, after))
}

#[cfg(test)]
mod tests {
    use super::split;

    #[test]
    fn finds_what_stands_between_the_marks() {
        let text = "a\n<!-- x:begin -->\nb\n<!-- x:end -->\nc\n";
        let parts = split(text, "x").unwrap();
        assert_eq!(
            parts,
            ("a\n<!-- x:begin -->\n", "b\n", "<!-- x:end -->\nc\n")
        );
        assert!(split(text, "y").is_err());
        assert!(split("<!-- x:end -->\n<!-- x:begin -->\n", "x").is_err());
    }
}
