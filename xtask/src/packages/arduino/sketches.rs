// SPDX-License-Identifier: MIT OR Apache-2.0
//! Each example of the Arduino library on this machine, over a stand-in for Arduino and its modem's library, against the simulator.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use super::{CXX, SANITIZERS, SECRET, URN};
use crate::{
    archive::{self, Options},
    simulator::{self, Simulator},
    target,
    workspace::Workspace,
};

const UUID_URN: &str = "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f";

/// An example.
struct Sketch {
    folder: &'static str,
    /// What selects its modem in `tests/arduino/shim/modems.cpp`.
    modem: &'static str,
    /// The device that it is.
    urn: &'static str,
    /// The pin of its valve; none where the sketch has no valve.
    pin: Option<u8>,
    sms: bool,
    firmware: bool,
}

const MKR_NB: Sketch = Sketch {
    folder: "MkrNb1500",
    modem: "SHIM_MKRNB",
    urn: URN,
    pin: Some(13),
    sms: false,
    firmware: false,
};

const SKETCHES: [Sketch; 7] = [
    MKR_NB,
    Sketch {
        folder: "MkrNb1500Sms",
        sms: true,
        ..MKR_NB
    },
    Sketch {
        folder: "MkrNb1500Firmware",
        pin: None,
        firmware: true,
        ..MKR_NB
    },
    Sketch {
        folder: "MkrGsm1400",
        modem: "SHIM_MKRGSM",
        ..MKR_NB
    },
    Sketch {
        folder: "SodaqSara",
        modem: "SHIM_SODAQ",
        ..MKR_NB
    },
    Sketch {
        folder: "UnoR4WiFi",
        modem: "SHIM_WIFIS3",
        urn: UUID_URN,
        ..MKR_NB
    },
    Sketch {
        folder: "Esp32Sim7000",
        modem: "SHIM_TINYGSM",
        pin: Some(12),
        sms: true,
        firmware: true,
        ..MKR_NB
    },
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
    for sketch in SKETCHES {
        let (name, modem, urn) = (sketch.folder, sketch.modem, sketch.urn);
        let source = workspace.path(&format!("packaging/arduino/examples/{name}/{name}.ino"));
        let program = build(workspace, &folder, &source, modem, &archive)?;
        if sketch.firmware {
            check_firmware(shell, &folder, &program, &simulator).context(name)?;
        }
        let Some(pin) = sketch.pin else {
            continue;
        };
        if sketch.sms {
            check_sms(shell, &program, &simulator, pin).context(name)?;
        }
        let opens = format!("pin {pin} is 1");
        let valve = format!(r#"{urn}=[{{"bn":"{urn}:","n":"valve","vb":true}}]"#);
        let device = format!("{urn}={SECRET}");
        let platform = Simulator::start(
            &simulator,
            &["--quiet", "--device", &device, "--downlink", &valve],
        )?;
        let said = say(shell, &program, platform.port)?;
        ensure!(
            said.matches("HTTP 202").count() == 2 && said.contains(&opens),
            "{name} with a device that is known:\n{said}"
        );
        let other = format!("{urn}=another{SECRET}");
        let platform = Simulator::start(
            &simulator,
            &["--quiet", "--device", &other, "--downlink", &valve],
        )?;
        let said = say(shell, &program, platform.port)?;
        ensure!(
            said.matches("HTTP 401").count() == 2 && !said.contains(&opens),
            "{name} with another secret:\n{said}"
        );
    }
    println!("{} sketches", SKETCHES.len());
    super::page::check(workspace)
}

/// Whoever sends the SMS, only that of the platform acts; one that is no pack is named, and the next one is taken.
fn check_sms(shell: &Shell, program: &Path, simulator: &PathBuf, pin: u8) -> anyhow::Result<()> {
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
        let last = said
            .lines()
            .rfind(|line| line.starts_with(&format!("pin {pin} is")));
        ensure!(
            (last == Some(format!("pin {pin} is 1").as_str())) == opens
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
            said.contains("the new firmware starts") == starts
                && whole == starts
                && (!said.contains("bytes short") || said.contains(" 0 bytes short")),
            "{faults:?}: {whole}\n{said}"
        );
    }
    check_second_announcement(shell, &sent, &got, &image, program, simulator)
}

/// A download that was given up, with parts in the storage already, is announced again: what starts is the whole image.
fn check_second_announcement(
    shell: &Shell,
    sent: &Path,
    got: &Path,
    image: &[u8],
    program: &Path,
    simulator: &PathBuf,
) -> anyhow::Result<()> {
    let device = format!("{URN}={SECRET}");
    let file = format!("/fw={}", sent.display());
    let announced = format!(
        r#"{URN}=[{{"bn":"{URN}:","n":"url","vs":"http://10.151.236.157/fw"}},{{"n":"token","vs":"t"}}]"#
    );
    let usual = ["--quiet", "--device", &device, "--file", &file];
    let twice = ["--downlink", &announced, "--downlink", &announced];
    // Six failures in a row, from the fourth part on: one more than are retried.
    let faults: Vec<String> = (4..10)
        .map(|part| format!("status=503,on=part,every={part},times=1"))
        .collect();
    let faults = faults.iter().flat_map(|fault| ["--fault", fault.as_str()]);
    let arguments: Vec<&str> = usual.into_iter().chain(twice).chain(faults).collect();
    let platform = Simulator::start(simulator, &arguments)?;
    shell.write_file(got, "")?;
    let said = cmd!(shell, "timeout 60 {program} 3")
        .env("KPN_PORT", platform.port.to_string())
        .env("KPN_IMAGE", got)
        .quiet()
        .read()?;
    ensure!(
        said.contains("could not answer")
            && said.contains("the new firmware starts")
            && shell.read_binary_file(got)? == image,
        "announced again:\n{said}"
    );
    Ok(())
}

/// Compiles a sketch, with what is beside it, as C++ for this machine, over the stand-in for its modem.
pub fn build(
    workspace: &Workspace,
    folder: &Path,
    source: &Path,
    modem: &str,
    archive: &Path,
) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let name = source.file_stem().context("a sketch without a name")?;
    let here = source.parent().context("a sketch without a folder")?;
    let program = folder.join(name);
    let object = program.with_extension("o");
    let include = [
        "-Itests/arduino/shim",
        "-Ipackaging/arduino/src",
        "-Iinclude",
    ];
    cmd!(
        shell,
        "c++ {CXX...} {SANITIZERS...} {include...} -I{here} -include Arduino.h -x c++ -c {source} -o {object}"
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
    Ok(program)
}

/// What a sketch prints in two turns.
pub fn say(shell: &Shell, program: &Path, port: u16) -> anyhow::Result<String> {
    Ok(cmd!(shell, "timeout 60 {program} 2")
        .env("KPN_PORT", port.to_string())
        .quiet()
        .read()?)
}
