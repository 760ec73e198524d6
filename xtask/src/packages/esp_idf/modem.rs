// SPDX-License-Identifier: MIT OR Apache-2.0
//! The example with a modem: messages, downlink and firmware, with the power lost at every operation of flash and NVS; over a PPP that
//! is refused, has no address, or loses it.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use crate::{
    archive::{self, Options},
    header,
    simulator::{self, Simulator},
    target,
    workspace::Workspace,
};

const URN: &str = "urn:dev:IMEI:490154203237518";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

/// The exit status of a program when the power is lost.
const POWER_LOST: i32 = 3;

/// The image arrives byte for byte; no more than the parts of one sector are fetched in vain.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("esp-idf-modem")?;
    let library = archive::build(workspace, target::find("x86_64-linux")?, Options::default())?;
    let device = [
        format!("-DCONFIG_DEVICE_URN=\"{URN}:\""),
        format!("-DCONFIG_DEVICE_SECRET=\"{SECRET}\""),
        "-DCONFIG_DEVICE_APN=\"kpnthings.iot\"".to_owned(),
        "-DCONFIG_DEVICE_MODEM_TX=27".to_owned(),
        "-DCONFIG_DEVICE_MODEM_RX=26".to_owned(),
    ];
    let (warnings, main) = (header::WARNINGS, "packaging/esp-idf/examples/modem/main");
    for (program, more) in [
        (folder.join("modem"), None),
        (folder.join("modem-sms"), Some("-DCONFIG_DEVICE_SMS=1")),
    ] {
        let device = &device;
        cmd!(
            shell,
            "cc -std=gnu17 {warnings...} -g -fsanitize=address,undefined -Itests/esp-idf/shim -Iinclude -I{main} {device...} {more...}
             {main}/main.c {main}/link.c {main}/ota.c tests/esp-idf/modem/flash.c tests/esp-idf/modem/ppp.c tests/esp-idf/shim/idf.c
             {library} -o {program}"
        )
        .quiet()
        .run()?;
    }
    let mut image: Vec<u8> = (0..10_001_u32)
        .map(|at| ((at * at) >> 3).to_le_bytes()[0])
        .collect();
    // The description of an application begins with these four bytes.
    image.splice(32..36, 0xABCD_5432_u32.to_le_bytes());
    shell.write_file(folder.join("image"), &image)?;
    clear(shell, &folder)?;
    let simulator = simulator::build(workspace)?;
    let device = format!("{URN}={SECRET}");
    let valve = format!(r#"{URN}=[{{"bn":"{URN}:","n":"valve","vb":true}}]"#);
    let announced = format!("{URN}={}", folder.join("image").display());
    let usual = ["--quiet", "--device", &device];
    let platform = Simulator::start(&simulator, &[&usual[..], &["--downlink", &valve]].concat())?;
    let (_, said) = run(shell, &folder, &platform, 0)?;
    ensure!(
        said.contains("HTTP 202") && said.contains("the valve is now open"),
        "{said}"
    );

    check_sms(shell, &folder, &simulator, &usual)?;

    // What dialling meets, the turns, how often it dials, and how many messages arrive.
    for (met, turns, dials, accepted) in [
        ("", 2, 1, 2),
        ("x-.", 4, 3, 2),
        ("l", 3, 2, 3),
        ("l-x", 4, 4, 2),
    ] {
        let platform = Simulator::start(&simulator, &usual)?;
        let program = folder.join("modem");
        let said = cmd!(shell, "timeout 60 {program}")
            .env("KPN_PORT", platform.port.to_string())
            .env("KPN_FLASH", folder.join("flash"))
            .env("KPN_NVS", folder.join("nvs"))
            .env("KPN_PPP", met)
            .env("KPN_TURNS", turns.to_string())
            .quiet()
            .read()?;
        ensure!(
            said.matches("dials").count() == dials && said.matches("HTTP 202").count() == accepted,
            "PPP meets `{met}`:\n{said}"
        );
    }

    let platform = Simulator::start(
        &simulator,
        &[&usual[..], &["--firmware", &announced]].concat(),
    )?;
    // The state as stored when the firmware was announced.
    clear(shell, &folder)?;
    let (ended, said) = run(shell, &folder, &platform, 2)?;
    ensure!(ended == POWER_LOST, "{said}");
    let state = shell.read_binary_file(folder.join("nvs"))?;
    let mut cuts = 0;
    for operation in 1.. {
        clear(shell, &folder)?;
        shell.write_file(folder.join("nvs"), &state)?;
        let (ended, said) = run(shell, &folder, &platform, operation)?;
        if ended != POWER_LOST {
            ensure!(said.contains("restarts, confirmed"), "{said}");
            break;
        }
        cuts += 1;
        // The image is to start already if the power was lost after that.
        let starts = shell.path_exists(folder.join("flash.boot"));
        let (ended, said) = run(shell, &folder, &platform, 0)?;
        ensure!(
            ended == 0
                && (starts || said.contains("restarts, confirmed"))
                && has_image(shell, &folder, &image)?,
            "after a loss of power at operation {operation}: ended with {ended}\n{said}"
        );
    }
    ensure!(cuts > 20, "only {cuts} operations");
    println!("power lost at each of {cuts} operations");

    // Parts of any size; and a new announcement while a download is known, whose server is gone.
    drop(platform);
    for faults in [
        &["--fault", "short=500"][..],
        &[
            "--fault",
            "short=500,every=2",
            "--fault",
            "overlap=100,every=3",
        ],
        &[],
    ] {
        for known in [false, true] {
            let arguments = [&usual[..], &["--firmware", &announced], faults].concat();
            let platform = Simulator::start(&simulator, &arguments)?;
            clear(shell, &folder)?;
            if known {
                shell.write_file(folder.join("nvs"), &state)?;
            }
            let (ended, said) = run(shell, &folder, &platform, 0)?;
            ensure!(
                ended == 0
                    && said.contains("restarts, confirmed")
                    && has_image(shell, &folder, &image)?,
                "{faults:?}: ended with {ended}\n{said}"
            );
        }
    }
    check_failed(shell, &folder, &simulator, &usual, &image)?;
    check_limits(shell, &folder, &simulator, &usual)
}

/// A firmware from which the boot loader went back is not written again; any other one is.
fn check_failed(
    shell: &Shell,
    folder: &Path,
    simulator: &PathBuf,
    usual: &[&str],
    image: &[u8],
) -> anyhow::Result<()> {
    let announced = format!("{URN}={}", folder.join("image").display());
    let arguments = [usual, &["--firmware", &announced]].concat();
    // The hash of the program, the last word of the description, and what is behind it.
    for (at, is_other) in [(32 + 144, true), (32 + 255, true), (32 + 256, false)] {
        for went_back in [false, true] {
            let platform = Simulator::start(simulator, &arguments)?;
            clear(shell, folder)?;
            let mut failed = image.to_vec();
            failed.extend([0xFF; 16]);
            failed[at] ^= 1;
            shell.write_file(folder.join("flash"), &failed)?;
            if went_back {
                shell.write_file(folder.join("flash.invalid"), "")?;
            }
            let (ended, said) = run(shell, folder, &platform, 0)?;
            let is_fetched = !went_back || is_other;
            let flash = shell.read_binary_file(folder.join("flash"))?;
            ensure!(
                ended == 0
                    && said.contains("restarts, confirmed") == is_fetched
                    && has_image(shell, folder, image)? == is_fetched
                    && (is_fetched || flash == failed),
                "byte {at}, {went_back}: ended with {ended}\n{said}"
            );
        }
    }
    Ok(())
}

fn has_image(shell: &Shell, folder: &Path, image: &[u8]) -> anyhow::Result<bool> {
    let flash = shell.read_binary_file(folder.join("flash"))?;
    Ok(flash.get(..image.len()) == Some(image))
}

/// A byte now and then does not keep the device for ever, and a long Retry-After is kept.
fn check_limits(
    shell: &Shell,
    folder: &Path,
    simulator: &PathBuf,
    usual: &[&str],
) -> anyhow::Result<()> {
    for (fault, haste, text) in [
        ("trickle=100", 20, "exchange: "),
        ("status=503,retry-after=86400", 1, "waits 24 h"),
    ] {
        let platform = Simulator::start(simulator, &[usual, &["--fault", fault]].concat())?;
        clear(shell, folder)?;
        let (ended, said) = run_fast(shell, folder, &platform, 0, haste)?;
        ensure!(
            ended == 0 && said.contains(text),
            "{fault}: ended with {ended}\n{said}"
        );
    }
    Ok(())
}

/// Only an SMS of the platform acts; each is deleted, and the modem dials again.
fn check_sms(
    shell: &Shell,
    folder: &Path,
    simulator: &PathBuf,
    usual: &[&str],
) -> anyhow::Result<()> {
    let valve = format!(r#"[{{"bn":"{URN}:","n":"valve","vb":true}}]"#);
    for (messages, deletes, opens) in [
        (format!("+31612345678|{valve}"), 1, 0),
        (
            format!("5277|hello ERROR|+31612345678|{valve}|5277|{valve}"),
            3,
            1,
        ),
        (String::new(), 0, 0),
    ] {
        let platform = Simulator::start(simulator, usual)?;
        let program = folder.join("modem-sms");
        let said = cmd!(shell, "timeout 60 {program}")
            .env("KPN_PORT", platform.port.to_string())
            .env("KPN_FLASH", folder.join("flash"))
            .env("KPN_NVS", folder.join("nvs"))
            .env("KPN_SMS", &messages)
            .env("KPN_TURNS", "2")
            .quiet()
            .read()?;
        ensure!(
            said.matches("the valve is now open").count() == opens
                && said.matches("deleted").count() == deletes
                && said.matches("HTTP 202").count() == 2,
            "{messages}:\n{said}"
        );
    }
    Ok(())
}

fn clear(shell: &Shell, folder: &Path) -> anyhow::Result<()> {
    for name in ["flash", "flash.boot", "flash.invalid", "nvs"] {
        shell.remove_path(folder.join(name))?;
    }
    Ok(())
}

/// How it ends and what it prints; `cut` is the operation at which the power is lost, 0 for none.
fn run(
    shell: &Shell,
    folder: &Path,
    platform: &Simulator,
    cut: u32,
) -> anyhow::Result<(i32, String)> {
    run_fast(shell, folder, platform, cut, 1)
}

/// The same with a clock that is `haste` times as fast.
fn run_fast(
    shell: &Shell,
    folder: &Path,
    platform: &Simulator,
    cut: u32,
    haste: u32,
) -> anyhow::Result<(i32, String)> {
    let program = folder.join("modem");
    let output = cmd!(shell, "timeout 60 {program}")
        .env("KPN_PORT", platform.port.to_string())
        .env("KPN_IMAGE", folder.join("image"))
        .env("KPN_FLASH", folder.join("flash"))
        .env("KPN_NVS", folder.join("nvs"))
        .env("KPN_CUT", cut.to_string())
        .env("KPN_HASTE", haste.to_string())
        .quiet()
        .ignore_status()
        .output()?;
    let said = [output.stdout, output.stderr].concat();
    let ended = output.status.code().context("the example crashed")?;
    Ok((ended, String::from_utf8_lossy(&said).into_owned()))
}
