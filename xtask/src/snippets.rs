// SPDX-License-Identifier: MIT OR Apache-2.0
//! The C examples in comments of the header and in the README: compiled unchanged, as C99 and as C++11, and run against the scripted
//! platform of the cookbook, which also refuses, cuts off and is busy, with a buffer that is large enough and with one that is not.

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{archive, header::WARNINGS, target, workspace::Workspace};

/// The folder of the scripted platform.
const COOKBOOK: &str = "c-examples/cookbook";

/// What precedes an example of the header, which consists of statements of a function.
const HEADS: &str = "\
#include <stdio.h>
#include \"kpn_things.h\"
#include \"modem.h\"
";
const VARIABLES: &str = "\
extern uint8_t buffer[BUFFER], chunk[64];
extern const char *secret, *json, *urn;
extern size_t measurements;
extern int64_t tenths[];
extern size_t json_len;
extern kpn_uplink uplink;
extern kpn_span request;
extern kpn_response response;
extern kpn_firmware firmware;
";

/// Buffer sizes in which everything fits, and nothing.
const BUFFERS: [&str; 2] = ["512", "64"];

/// An example: its text, and how its end is checked.
struct Example {
    source: String,
    /// The case of `run.c` that checks how it ends.
    case: &'static str,
}

/// Extracts all of them into `target/xtask/snippets`, compiles them with every warning as an error, and runs them.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("snippets")?;
    let header = shell.read_file("include/kpn_things.h")?;
    let readme = shell.read_file("README.md")?;
    let archive = archive::build(
        workspace,
        target::find("x86_64-linux")?,
        archive::Options::default(),
    )?;
    let mut examples = Vec::new();
    for block in blocks(&header, " * ~~~{.c}", " * ~~~") {
        let body: String = block
            .lines()
            .map(|line| line.trim_start_matches(" *").to_owned() + "\n")
            .collect();
        examples.push(Example {
            case: case(&body),
            source: format!(
                "{HEADS}{VARIABLES}void example(void);\nvoid example(void) {{\n{body}}}\n"
            ),
        });
    }
    ensure!(!examples.is_empty(), "the header has no examples");
    let in_header = examples.len();
    for block in blocks(&readme, "```c", "```") {
        let call = "void example(void);\nvoid example(void) { report(SECRET); }\n";
        examples.push(Example {
            case: "README",
            source: format!("{HEADS}{block}{call}"),
        });
    }
    ensure!(examples.len() > in_header, "the README has no example");

    let mut ran = 0;
    for (number, example) in examples.iter().enumerate() {
        let source = example.source.replace("[512]", "[BUFFER]");
        let path = folder.join(format!("{number}.c"));
        shell.write_file(&path, &source)?;
        for (compiler, language, standard) in [("cc", "c", "c99"), ("c++", "c++", "c++11")] {
            cmd!(
                shell,
                "{compiler} -x {language} -std={standard} {WARNINGS...} -DKPN_POSIX -DBUFFER=512 -I include -I {COOKBOOK} -fsyntax-only {path}"
            )
            .quiet()
            .run()
            .with_context(|| format!("an example as {standard}:\n{source}"))?;
        }
        if example.case == "POSIX" {
            // It uses an address outside this machine.
            continue;
        }
        for buffer in BUFFERS {
            let program = folder.join(format!("{number}-{buffer}"));
            let case = example.case;
            cmd!(
                shell,
                "cc -std=c99 {WARNINGS...} -g -fsanitize=address,undefined -fno-sanitize-recover=all -DBUFFER={buffer} -DCASE={case} -I include
                 -I {COOKBOOK} -I {COOKBOOK}/test {path} xtask/src/snippets/run.c {COOKBOOK}/test/desk.c {archive} -o {program}"
            )
            .quiet()
            .run()?;
            cmd!(shell, "timeout 30 {program}")
                .quiet()
                .ignore_stdout()
                .run()
                .with_context(|| format!("with a buffer of {buffer} bytes:\n{source}"))?;
            ran += 1;
        }
    }
    println!(
        "{} examples compile, {ran} programs with them end as they should",
        examples.len()
    );
    Ok(())
}

/// How the end of an example is checked.
fn case(body: &str) -> &'static str {
    let kinds = [
        ("kpn_posix", "POSIX"),
        ("kpn_firmware_request", "FIRMWARE"),
        ("next < measurements", "SPLIT"),
        ("kpn_stream_begin", "STREAM"),
        ("kpn_response_feed", "RESPONSE"),
        ("kpn_downlink_next", "DOWNLINK"),
        ("kpn_config_load", "CONFIG"),
        ("kpn_retry_delay_ms", "RETRY"),
        ("kpn_uplink_finish", "UPLINK"),
    ];
    kinds
        .iter()
        .find(|(call, _)| body.contains(call))
        .map_or("OTHER", |(_, case)| case)
}

/// The texts between lines equal to `begin` and lines equal to `end`.
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
