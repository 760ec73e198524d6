//! The main job before one's eyes: a C program sends a signed message to the simulator and acts on the downlink.

use anyhow::Context as _;
use xshell::cmd;

use crate::{simulator::Simulator, workspace::Workspace};

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
    let simulator = Simulator::start(
        &workspace.path("target/debug/kpn-things-simulator"),
        &[
            "--exit-after",
            "1",
            "--device",
            &format!("{URN}={SECRET}"),
            "--downlink",
            &format!("{URN}={DOWNLINK}"),
        ],
    )?;
    println!("== the device sends");
    let port = simulator.port.to_string();
    cmd!(
        shell,
        "target/demo/exchange c-examples/exchange/device.json 127.0.0.1 {port}"
    )
    .quiet()
    .run()
    .context("the message was not accepted")?;
    let ended = simulator.wait()?;
    anyhow::ensure!(ended.success(), "the simulator ended with {ended}");
    println!("== done: nothing is left running");
    Ok(())
}
