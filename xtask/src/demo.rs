// SPDX-License-Identifier: MIT OR Apache-2.0
//! `make demo`, as it runs for someone who has only cargo and a C compiler.

use std::{os::unix::fs::symlink, path::PathBuf};

use anyhow::{Context as _, bail, ensure};
use xshell::cmd;

use crate::workspace::Workspace;

/// Everything that the command may call: Rust, the C compiler with its assembler and linker, make, and make's shell.
const TOOLS: [&str; 8] = ["cargo", "rustc", "cc", "as", "ld", "ar", "make", "sh"];
/// What it would call if a step needed more.
const ABSENT: [&str; 4] = ["sudo", "apt-get", "python3", "cmake"];

/// What the output says, in this order.
const SAYS: [&str; 8] = [
    "device   | measured: 20.5 degrees",
    "device   | POST /ingestion/m2m/senml/v1 HTTP/1.1",
    "device   | Things-Message-Token: ",
    "platform | 202 accepted",
    "platform | downlink in the response: ",
    "device   | response: status 202",
    "device   | the valve is now open",
    "done     | the message was accepted",
];

/// Ends with the message accepted, without packages of the distribution, root or network.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let path = only_these(workspace)?;
    for tool in ABSENT {
        let found = cmd!(shell, "sh -c")
            .arg(format!("command -v {tool}"))
            .env("PATH", &path)
            .quiet()
            .ignore_stdout()
            .run();
        ensure!(found.is_err(), "{tool} is still there");
    }
    let output = cmd!(shell, "make --no-print-directory demo")
        .env("PATH", &path)
        .env("CARGO_NET_OFFLINE", "true")
        .env_remove("MAKEFLAGS")
        .quiet()
        .read()
        .context("the message was not accepted")?;
    println!("{output}");
    let mut rest = output.as_str();
    for said in SAYS {
        let Some((_, after)) = rest.split_once(said) else {
            bail!("`{said}` is missing, or stands in the wrong place");
        };
        rest = after;
    }
    ensure!(!output.contains('\x1b'), "there are colours in a pipe");
    check_can_fail(workspace)
}

/// A folder with links to the tools, to be the whole `PATH`.
fn only_these(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("demo/bin")?;
    for tool in TOOLS {
        let found = cmd!(shell, "sh -c")
            .arg(format!("command -v {tool}"))
            .quiet()
            .read()
            .with_context(|| format!("{tool} is missing"))?;
        let link = folder.join(tool);
        shell.remove_path(&link)?;
        symlink(found, link)?;
    }
    Ok(folder)
}

/// The check itself is tested: a device that sends nothing, or reports a failure, is not a success.
fn check_can_fail(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.target().join("demo");
    let (demo, simulator) = (
        folder.join("examples/demo"),
        folder.join("kpn-things-simulator"),
    );
    for device in ["true", "false", "no-such-program"] {
        let failed = cmd!(
            shell,
            "{demo} {simulator} {device} c-examples/exchange/device.json"
        )
        .quiet()
        .ignore_stderr()
        .ignore_stdout()
        .run();
        ensure!(failed.is_err(), "`{device}` passes for a device");
    }
    Ok(())
}
