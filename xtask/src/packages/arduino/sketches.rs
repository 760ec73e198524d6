// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each example of the Arduino library on this machine, over a stand-in for Arduino and its modem's library, against the simulator.

use std::path::{Path, PathBuf};

use anyhow::ensure;
use xshell::{Shell, cmd};

use super::{CXX, SANITIZERS, SECRET, URN};
use crate::{
    archive::{self, Options},
    simulator::{self, Simulator},
    target,
    workspace::Workspace,
};

const UUID_URN: &str = "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f";

/// Those that do more than send and receive a downlink.
const SMS: &str = "MkrNb1500Sms";
const FIRMWARE: &str = "MkrNb1500Firmware";

/// Folder of the sketch, what selects its modem in `tests/arduino/shim/modems.cpp`, and its device.
const SKETCHES: [(&str, &str, &str); 6] = [
    ("MkrNb1500", "SHIM_MKRNB", URN),
    (SMS, "SHIM_MKRNB", URN),
    (FIRMWARE, "SHIM_MKRNB", URN),
    ("MkrGsm1400", "SHIM_MKRGSM", URN),
    ("SodaqSara", "SHIM_SODAQ", URN),
    ("UnoR4WiFi", "SHIM_WIFIS3", UUID_URN),
];

/// Each example sends two messages that are accepted, acts on a downlink, and reports it when the platform refuses a message.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("arduino")?;
    let archive = archive::build(workspace, target::find("x86_64-linux")?, Options::default())?;
    let mut found = shell.read_dir("packaging/arduino/examples")?;
    found.retain(|path| path.is_dir());
    ensure!(found.len() == SKETCHES.len(), "an example is not tested");
    let simulator = simulator::build(workspace)?;
    for (name, modem, urn) in SKETCHES {
        let program = folder.join(name);
        let here = format!("packaging/arduino/examples/{name}");
        let object = folder.join(format!("{name}.o"));
        let include = [
            "-Itests/arduino/shim",
            "-Ipackaging/arduino/src",
            "-Iinclude",
        ];
        cmd!(
            shell,
            "c++ {CXX...} {SANITIZERS...} {include...} -I{here} -include Arduino.h -x c++ -c {here}/{name}.ino -o {object}"
        )
        .quiet()
        .run()?;
        cmd!(
            shell,
            "c++ {CXX...} {SANITIZERS...} {include...} -D{modem} {object} tests/arduino/shim/modems.cpp tests/arduino/shim/shim.cpp
             packaging/arduino/src/KpnThings.cpp {archive} -o {program}"
        )
        .quiet()
        .run()?;
        if name == FIRMWARE {
            check_firmware(shell, &folder, &program, &simulator)?;
            continue;
        }
        if name == SMS {
            check_sms(shell, &program, &simulator)?;
        }
        let valve = format!(r#"{urn}=[{{"bn":"{urn}:","n":"valve","vb":true}}]"#);
        let device = format!("{urn}={SECRET}");
        let platform = Simulator::start(
            &simulator,
            &["--quiet", "--device", &device, "--downlink", &valve],
        )?;
        let said = say(shell, &program, &platform)?;
        ensure!(
            said.matches("HTTP 202").count() == 2 && said.contains("pin 13 is 1"),
            "{name} with a device that is known:\n{said}"
        );
        let other = format!("{urn}=another{SECRET}");
        let platform = Simulator::start(
            &simulator,
            &["--quiet", "--device", &other, "--downlink", &valve],
        )?;
        let said = say(shell, &program, &platform)?;
        ensure!(
            said.matches("HTTP 401").count() == 2 && !said.contains("pin 13 is 1"),
            "{name} with another secret:\n{said}"
        );
    }
    println!("{} sketches", SKETCHES.len());
    Ok(())
}

/// Only an SMS from the platform has an effect; one that is not a pack is reported, and the next one is read.
fn check_sms(shell: &Shell, program: &Path, simulator: &PathBuf) -> anyhow::Result<()> {
    let pack = |open: bool| format!(r#"[{{"bn":"{URN}:","n":"valve","vb":{open}}}]"#);
    let (open, shut) = (pack(true), pack(false));
    for (messages, opens) in [
        (format!("+31612345678|{open}"), false),
        (format!("+31612345678|{open}|5277|hello|5277|{open}"), true),
        (format!("5277|{open}|5277|{shut}"), false),
    ] {
        let platform = Simulator::start(simulator, &["--quiet", "--device", URN])?;
        let said = cmd!(shell, "timeout 60 {program} 1")
            .env("KPN_PORT", platform.port.to_string())
            .env("KPN_SMS", &messages)
            .quiet()
            .read()?;
        let last = said.lines().rfind(|line| line.starts_with("pin 13 is"));
        ensure!(
            (last == Some("pin 13 is 1")) == opens
                && said.contains("SMS of somebody else") == messages.starts_with('+'),
            "{messages}:\n{said}"
        );
    }
    Ok(())
}

/// The image arrives byte for byte, whatever the network does, and starts; a refusal by the server is reported.
fn check_firmware(
    shell: &Shell,
    folder: &Path,
    program: &Path,
    simulator: &PathBuf,
) -> anyhow::Result<()> {
    let image: Vec<u8> = (0..5000_u32)
        .map(|at| ((at * at) >> 3).to_le_bytes()[0])
        .collect();
    let (sent, got) = (folder.join("image"), folder.join("image-got"));
    shell.write_file(&sent, &image)?;
    let device = format!("{URN}={SECRET}");
    let announced = format!("{URN}={}", sent.display());
    for (faults, starts) in [
        (&[][..], true),
        (
            &[
                "--fault",
                "wrong-crc,every=4",
                "--fault",
                "cut=150,every=5,on=part",
            ],
            true,
        ),
        (&["--fault", "status=403,on=part"], false),
    ] {
        shell.write_file(&got, "")?;
        let usual = ["--quiet", "--device", &device, "--firmware", &announced];
        let platform = Simulator::start(simulator, &[&usual[..], faults].concat())?;
        let said = cmd!(shell, "timeout 60 {program} 1")
            .env("KPN_PORT", platform.port.to_string())
            .env("KPN_FILES", platform.port.to_string())
            .env("KPN_IMAGE", &got)
            .quiet()
            .read()?;
        let whole = shell.read_binary_file(&got)? == image;
        ensure!(
            said.contains("the new firmware starts, 0 bytes short") == starts && whole == starts,
            "{faults:?}: {whole}\n{said}"
        );
    }
    Ok(())
}

/// What a sketch prints in two turns.
fn say(shell: &Shell, program: &Path, platform: &Simulator) -> anyhow::Result<String> {
    Ok(cmd!(shell, "timeout 60 {program} 2")
        .env("KPN_PORT", platform.port.to_string())
        .quiet()
        .read()?)
}
