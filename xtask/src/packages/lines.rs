//! What a user has to write stands between two marks in the consumer projects: at most five lines.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

const MOST: usize = 5;
const BEGIN: &str = "kpn-things: begin";
const END: &str = "kpn-things: end";

/// Each way into a project, and the file of a consumer project that goes it.
///
/// Zephyr's lines stand on its page: `packages::zephyr` counts them there.
const WAYS: [(&str, &str); 10] = [
    ("Arduino", "tests/arduino/minimal.ino"),
    (
        "CMake, add_subdirectory",
        "tests/packages/subdirectory/CMakeLists.txt",
    ),
    (
        "CMake, FetchContent",
        "tests/packages/fetch-content/CMakeLists.txt",
    ),
    (
        "CMake, find_package",
        "tests/packages/find-package/CMakeLists.txt",
    ),
    ("ESP-IDF", "tests/esp-idf/consumer/main/idf_component.yml"),
    (
        "ESP-IDF, the example",
        "packaging/esp-idf/examples/internet/main/idf_component.yml",
    ),
    ("make", "tests/packages/by-hand/Makefile"),
    ("make, bare metal", "c-examples/bare-metal/Makefile"),
    ("pkg-config", "tests/packages/pkg-config/Makefile"),
    ("PlatformIO", "tests/platformio/project/platformio.ini.in"),
];

/// Each way has the marks once, with a few lines between them, and there is no other file with marks.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    for (way, file) in WAYS {
        let count = count(&shell.read_file(file)?).with_context(|| format!("{way}: {file}"))?;
        println!("{way}: {count} lines");
    }
    let files = cmd!(
        shell,
        "git grep --files-with-matches --untracked --fixed-strings -e {BEGIN} -- tests zephyr packaging c-examples"
    )
    .quiet()
    .read()?;
    for file in files.lines() {
        ensure!(
            WAYS.iter().any(|(_, known)| *known == file),
            "{file} has the marks and is no known way"
        );
    }
    Ok(())
}

/// How many lines stand between the marks; blank ones and comments do not count. What stands before the first mark starts a comment.
fn count(text: &str) -> anyhow::Result<usize> {
    let (before, rest) = text.split_once(BEGIN).context("no begin")?;
    let (lines, rest) = rest.split_once(END).context("no end")?;
    ensure!(!rest.contains(BEGIN), "more than one begin");
    let comment = before.lines().next_back().unwrap_or_default().trim();
    ensure!(
        ["#", "//", ";"].contains(&comment),
        "`{comment}` starts no comment"
    );
    let lines: Vec<_> = lines.lines().map(str::trim).skip(1).collect();
    let count = lines
        .iter()
        .filter(|line| !line.is_empty() && !line.starts_with(comment))
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
    fn counts_in_the_language_of_the_file() {
        let of = |comment: &str, line: &str| {
            count(&format!(
                "x\n  {comment} kpn-things: begin\n{comment} no\n{line}\n{comment} kpn-things: end\n"
            ))
            .ok()
        };
        assert_eq!(of("//", "#include <KpnThings.h>"), Some(1));
        assert_eq!(of(";", "lib_deps = a"), Some(1));
        assert_eq!(of("#", "a:"), Some(1));
        assert_eq!(of("--", "a"), None);
    }

    #[test]
    fn refuses_more_than_five_lines_none_and_missing_marks() {
        assert!(of("a\nb\nc\nd\ne\nf\n").is_err());
        assert!(of("\n").is_err());
        assert!(count("a\n# kpn-things: begin\nb\n").is_err());
        assert!(count("a\n").is_err());
    }
}
