// SPDX-License-Identifier: MIT OR Apache-2.0
//! What the page tells users of the module to write: few lines of configuration, and C that compiles and does what it should.

use std::{
    net::{Ipv4Addr, TcpListener},
    path::Path,
};

use anyhow::{Context as _, ensure};
use xshell::cmd;

use super::{WARNINGS, run};
use crate::{simulator::Simulator, workspace::Workspace};

/// The blocks of one language, in their order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let begin = format!("```{language}\n");
    text.split(&begin)
        .skip(1)
        .filter_map(|rest| rest.split("```").next())
        .map(str::to_owned)
        .collect()
}

/// At most five lines of configuration; the first example compiles against the package alone; all of them run.
pub fn check(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let page = shell.read_file(package.join("zephyr/README.md"))?;
    let part = page
        .split("## In your own application")
        .nth(1)
        .and_then(|rest| rest.split("\n## ").next())
        .context("no such part in zephyr/README.md")?;
    let lines = [blocks(part, "cmake"), blocks(part, "ini")]
        .concat()
        .iter()
        .flat_map(|text| text.lines())
        .count();
    ensure!((2..=5).contains(&lines), "{lines} lines for the user");
    let examples = blocks(&page, "c");
    let [message, _, _] = examples.as_slice() else {
        anyhow::bail!("{} examples in C", examples.len());
    };
    cmd!(
        shell,
        "gcc -std=c99 {WARNINGS...} -fsyntax-only -I{package}/include -I{package}/zephyr/include -xc -"
    )
    .stdin(message)
    .quiet()
    .run()?;
    check_runs(workspace, package, &examples.concat())
}

/// The examples against the simulator, which accepts, refuses, cuts and is not there, and with a buffer that is too small.
fn check_runs(workspace: &Workspace, package: &Path, examples: &str) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("zephyr")?;
    let (source, image) = (folder.join("page.h"), folder.join("page.bin"));
    let mut text = examples.to_owned();
    for (told, here) in [
        (r#""10.151.236.157", 80"#, "page_host, page_port"),
        (r#""prod.dm.kpnthings.com", 443"#, "page_host, page_port"),
        ("[512]", "[PAGE_BUFFER]"),
    ] {
        ensure!(text.contains(told), "the examples do not have {told}");
        text = text.replace(told, here);
    }
    shell.write_file(&source, text)?;
    let program = |buffer: &str| -> anyhow::Result<_> {
        let program = folder.join(format!("page-{buffer}"));
        let mut more = vec![
            format!("-DPAGE=\"{}\"", source.display()),
            format!("-DPAGE_BUFFER={buffer}"),
            "-Itests/zephyr".to_owned(),
        ];
        more.extend(run::update_files(workspace, package));
        let main = workspace.path("tests/zephyr/page.c");
        run::compile(workspace, package, &main, &more, &program)?;
        Ok(program)
    };
    let (fits, too_small) = (program("512")?, program("64")?);
    cmd!(shell, "{fits} image {image}").quiet().run()?;
    let file = format!("/new.bin={}", image.display());
    let platform = run::platform(workspace)?;
    let said = |program: &Path, example: &str, port: &str| -> anyhow::Result<String> {
        let run = cmd!(shell, "timeout 30 {program} {example} 127.0.0.1 {port}")
            .quiet()
            .ignore_stderr();
        run.read()
            .with_context(|| format!("the example `{example}`"))
    };
    let mut ran = 0;
    let mut expect = |told: String, wanted: &str, what: &str| {
        ran += 1;
        ensure!(told == wanted, "{what}: `{told}` instead of `{wanted}`");
        Ok(())
    };
    for (fault, message, kept, update) in [
        (
            "",
            "accepted",
            "0 1 99\n0 1 98",
            "state 2, 5000 of 5000 bytes",
        ),
        (
            "status=400",
            "failed",
            "0 2 99\n0 2 98",
            "state 0, 0 of 0 bytes",
        ),
        (
            "cut=30",
            "failed",
            "-44 0 0\n-44 0 0",
            "state 1, 0 of 0 bytes",
        ),
        (
            "drop",
            "failed",
            "-44 0 0\n-44 0 0",
            "state 1, 0 of 0 bytes",
        ),
    ] {
        let mut arguments = vec!["--quiet", "--file", &file];
        let on_parts = format!("{fault},on=part");
        if !fault.is_empty() {
            arguments.extend(["--fault", fault, "--fault", &on_parts]);
        }
        let simulator: Simulator = platform(&arguments)?;
        let port = simulator.port.to_string();
        for (example, wanted) in [("message", message), ("kept", kept), ("update", update)] {
            let what = format!("{example} with the fault `{fault}`");
            expect(said(&fits, example, &port)?, wanted, &what)?;
        }
        if fault.is_empty() {
            expect(said(&too_small, "message", &port)?, "failed", "64 bytes")?;
        }
    }
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?;
    let port = nobody.port().to_string();
    for (example, wanted) in [
        ("message", "failed"),
        ("kept", "-90 0 0\n-90 0 0"),
        ("update", "state 1, 0 of 0 bytes"),
    ] {
        expect(said(&fits, example, &port)?, wanted, example)?;
    }
    println!("zephyr/README.md: its examples end as they should, {ran} runs");
    Ok(())
}
