// SPDX-License-Identifier: MIT OR Apache-2.0
//! The simulator as a child process: built, started on free loopback ports, and ended.

use std::{
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::Context as _;
use xshell::cmd;

use crate::workspace::Workspace;

/// An external validator accepts the description of its API, and refuses a spoilt one.
pub fn check_description(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let python = workspace.path("target/python/bin/python3");
    let description = workspace.path("simulator/src/api/openapi.json");
    cmd!(shell, "{python} -m openapi_spec_validator {description}")
        .quiet()
        .run()?;
    let text = shell.read_file(&description)?;
    let spoilt = workspace.scratch("openapi")?.join("spoilt.json");
    shell.write_file(&spoilt, text.replacen("\"responses\"", "\"response\"", 1))?;
    let taken = cmd!(shell, "{python} -m openapi_spec_validator {spoilt}")
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run();
    anyhow::ensure!(taken.is_err(), "a spoilt description passes");
    Ok(())
}

/// Builds it with all features and returns its path.
pub fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    cmd!(shell, "cargo build --quiet --package kpn-things-simulator")
        .quiet()
        .run()?;
    Ok(workspace.path("target/debug/kpn-things-simulator"))
}

/// A running simulator. It is killed when this is dropped, and otherwise ends after two minutes.
pub struct Simulator {
    child: Child,
    output: BufReader<ChildStdout>,
    /// The port for plain HTTP.
    pub port: u16,
}

impl Simulator {
    /// Starts it on a free port, with more arguments.
    pub fn start(program: &PathBuf, arguments: &[&str]) -> anyhow::Result<Self> {
        let mut child = Command::new(program)
            .args(["--listen", "127.0.0.1:0", "--max-seconds", "120"])
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start the simulator")?;
        let output = child.stdout.take().context("no output")?;
        let mut simulator = Self {
            child,
            output: BufReader::new(output),
            port: 0,
        };
        simulator.port = simulator.next_port()?;
        Ok(simulator)
    }

    /// The port in its next line of output: that for TLS, if requested.
    pub fn next_port(&mut self) -> anyhow::Result<u16> {
        let mut line = String::new();
        self.output.read_line(&mut line)?;
        let port = line.trim().rsplit(':').next().unwrap_or_default();
        port.parse()
            .with_context(|| format!("the simulator says {line:?} instead of a port"))
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        // Either it has ended already, or nothing can be done about it.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
