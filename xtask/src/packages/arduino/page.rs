// SPDX-License-Identifier: MIT OR Apache-2.0
//! The sketch of `packaging/arduino/README.md`, run as the examples are.

use std::net::{Ipv4Addr, TcpListener};

use anyhow::{Context as _, ensure};

use super::{SECRET, URN, sketches};
use crate::{
    archive::{self, Options},
    simulator::{self, Simulator},
    target,
    workspace::Workspace,
};

const PAGE: &str = "packaging/arduino/README.md";
const BUFFER: &str = "KpnThingsBuffer<1024>";

/// Two messages are accepted and a downlink is acted on; a refusal, a lost connection and a buffer that is too small are reported.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("arduino")?;
    let archive = archive::build(workspace, target::find("x86_64-linux")?, Options::default())?;
    let simulator = simulator::build(workspace)?;
    let page = shell.read_file(PAGE)?;
    let mut sketches = page
        .split("```cpp\n")
        .skip(1)
        .filter_map(|rest| rest.split("```").next());
    let sketch = sketches.next().context("the page has no sketch")?;
    ensure!(
        sketches.next().is_none() && sketch.contains(BUFFER),
        "{PAGE}: another sketch, or without {BUFFER}"
    );
    let build = |name: &str, text: &str| -> anyhow::Result<_> {
        let source = folder.join(format!("{name}.ino"));
        shell.write_file(&source, text)?;
        sketches::build(workspace, &folder, &source, "SHIM_MKRNB", &archive)
    };
    let fits = build("page", sketch)?;
    let too_small = build(
        "page-small",
        &sketch.replace(BUFFER, "KpnThingsBuffer<128>"),
    )?;
    let device = format!("{URN}={SECRET}");
    let other = format!("{URN}=another{SECRET}");
    let valve = format!(r#"{URN}=[{{"bn":"{URN}:","n":"valve","vb":true}}]"#);
    for (program, device, fault, wanted, times) in [
        (&fits, &device, None, "HTTP", 0),
        (&fits, &other, None, "HTTP 401", 2),
        (&fits, &device, Some("cut=30"), "status -44", 2),
        (&too_small, &device, None, "missing bytes", 2),
    ] {
        let mut arguments = vec!["--quiet", "--device", device, "--downlink", &valve];
        if let Some(fault) = fault {
            arguments.extend(["--fault", fault]);
        }
        let platform = Simulator::start(&simulator, &arguments)?;
        let said = sketches::say(shell, program, platform.port)?;
        ensure!(
            said.matches(wanted).count() == times && said.contains("pin 13 is 1") == (times == 0),
            "{PAGE}: {times} times `{wanted}` was wanted:\n{said}"
        );
    }
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?
        .local_addr()?
        .port();
    let said = sketches::say(shell, &fits, nobody)?;
    ensure!(
        said.matches("status -90").count() == 2,
        "{PAGE} without a platform:\n{said}"
    );
    println!("{PAGE}: its sketch ends as it should, 5 runs");
    Ok(())
}
