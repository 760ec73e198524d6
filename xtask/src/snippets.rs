//! The C in comments of the header and in the README: compiled as it stands there, as C99 and as C++11.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{header::WARNINGS, workspace::Workspace};

/// What a firmware around the examples has; the header's are statements of a function, so variables come from outside too.
const FUNCTIONS: &str = "\
#include <stdio.h>
#include \"kpn_things.h\"
bool modem_connect(const char *apn, const char *address, uint16_t port);
void modem_send(const uint8_t *bytes, size_t len);
size_t modem_receive(uint8_t *bytes, size_t cap);
void modem_log(const char *text);
void set_valve(bool open);
void flash_write(uint32_t offset, const uint8_t *bytes, size_t len);
void sleep_ms(uint32_t ms);
uint32_t random32(void);
uint32_t millis(void);
";
const VARIABLES: &str = "\
extern uint8_t buffer[512], chunk[64];
extern const char *secret, *json, *urn;
extern size_t measurements;
extern int64_t tenths[];
extern size_t json_len;
extern kpn_uplink uplink;
extern kpn_span request;
extern kpn_response response;
extern kpn_firmware firmware;
";

/// Extracts all of them into `target/xtask/snippets` and compiles them with every warning as an error.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("snippets")?;
    let header = shell.read_file("include/kpn_things.h")?;
    let readme = shell.read_file("README.md")?;
    let mut sources = Vec::new();
    for block in blocks(&header, " * ~~~{.c}", " * ~~~") {
        let body: String = block
            .lines()
            .map(|line| line.trim_start_matches(" *").to_owned() + "\n")
            .collect();
        sources.push(format!(
            "{FUNCTIONS}{VARIABLES}void example(void);\nvoid example(void) {{\n{body}}}\n"
        ));
    }
    ensure!(!sources.is_empty(), "the header has no examples");
    let in_header = sources.len();
    for block in blocks(&readme, "```c", "```") {
        sources.push(format!("{FUNCTIONS}{block}"));
    }
    ensure!(sources.len() > in_header, "the README has no example");

    for (number, source) in sources.iter().enumerate() {
        let path = folder.join(format!("{number}.c"));
        shell.write_file(&path, source)?;
        for (compiler, language, standard) in [("cc", "c", "c99"), ("c++", "c++", "c++11")] {
            cmd!(
                shell,
                "{compiler} -x {language} -std={standard} {WARNINGS...} -DKPN_POSIX -I include -fsyntax-only {path}"
            )
            .quiet()
            .run()
            .with_context(|| format!("an example as {standard}:\n{source}"))?;
        }
    }
    println!("{} examples compile", sources.len());
    Ok(())
}

/// The texts between lines that are `begin` and lines that are `end`.
fn blocks(text: &str, begin: &str, end: &str) -> Vec<String> {
    let mut blocks = Vec::new();
    let mut open: Option<String> = None;
    for line in text.lines() {
        match &mut open {
            None if line == begin => open = Some(String::new()),
            None => {}
            Some(_) if line == end => blocks.extend(open.take()),
            Some(block) => {
                block.push_str(line);
                block.push('\n');
            }
        }
    }
    blocks
}

#[cfg(test)]
mod tests {
    use super::blocks;

    #[test]
    fn takes_what_stands_between_the_marks() {
        let text = "a\n```c\nb;\n\nc;\n```\nd\n```sh\ne\n```\n```c\nf;\n```\n```c\nnever closed";
        assert_eq!(blocks(text, "```c", "```"), ["b;\n\nc;\n", "f;\n"]);
    }
}
