//! The main job before one's eyes: a C program sends a signed message to the simulator and acts on the downlink.

use std::{
    io::{BufRead as _, BufReader},
    process::{Child, Command, Stdio},
};

use anyhow::Context as _;
use xshell::cmd;

use crate::workspace::Workspace;

const URN: &str = "urn:dev:IMEI:123456789012345:";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";
const DOWNLINK: &str = r#"[{"bn":"urn:dev:IMEI:123456789012345:","n":"valve","vb":true}]"#;

/// Builds all three, runs them, and fails when the message is not accepted.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    println!("== building the library, the C program and the simulator");
    cmd!(
        shell,
        "cargo rustc --quiet --release --crate-type staticlib --features posix"
    )
    .quiet()
    .run()?;
    cmd!(shell, "cargo build --quiet -p kpn-things-simulator")
        .quiet()
        .run()?;
    shell.create_dir("target/demo")?;
    cmd!(
        shell,
        "cc -std=c99 -Wall -Wextra -Werror -Iinclude c-examples/exchange/exchange.c target/release/libkpn_things.a -o target/demo/exchange"
    )
    .quiet()
    .run()?;

    println!("== the platform listens, with one device and one downlink for it");
    let mut simulator = Command::new(workspace.path("target/debug/kpn-things-simulator"))
        .args(["--listen", "127.0.0.1:0", "--exit-after", "1"])
        .args(["--max-seconds", "30", "--device"])
        .arg(format!("{URN}={SECRET}"))
        .arg("--downlink")
        .arg(format!("{URN}={DOWNLINK}"))
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start the simulator")?;
    let exchanged = exchange(workspace, &mut simulator);
    if exchanged.is_err() {
        simulator.kill()?;
    }
    let ended = simulator.wait()?;
    exchanged?;
    anyhow::ensure!(ended.success(), "the simulator ended with {ended}");
    println!("== done: nothing is left running");
    Ok(())
}

fn exchange(workspace: &Workspace, simulator: &mut Child) -> anyhow::Result<()> {
    let output = simulator.stdout.take().context("no output")?;
    let mut line = String::new();
    BufReader::new(output).read_line(&mut line)?;
    let port = line.trim().rsplit(':').next().context("no port")?;
    println!("== the device sends");
    let shell = &workspace.shell;
    cmd!(
        shell,
        "target/demo/exchange c-examples/exchange/device.json 127.0.0.1 {port}"
    )
    .quiet()
    .run()
    .context("the message was not accepted")
}
