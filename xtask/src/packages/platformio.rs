// SPDX-License-Identifier: MIT OR Apache-2.0
//! The PlatformIO library: packed by PlatformIO's own packer, and built against by PlatformIO itself, from a project that names the package
//! and a board. The boards of `tests/platformio` stand in for those of real platforms, which only PlatformIO's registry has.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use xshell::{Shell, cmd};

use super::{archive_listing, place::aloud};
use crate::{
    dist::{self, Archives},
    simulator::{self, Simulator},
    workspace::Workspace,
};

/// Environments of the project whose board has an archive, and finally one that compiles the C file.
const SUPPORTED: [&str; 9] = [
    "native",
    "m0plus",
    "m3",
    "m4-softfp",
    "m4-hard",
    "m33-hard",
    "c3",
    "gd32v",
    "p4",
];
/// One whose board has no archive.
const REFUSED: &str = "avr";

/// Sketches with a project file of their own, and what selects their modem in the stand-in for Arduino.
const SKETCHES: [(&str, &str); 4] = [
    ("MkrNb1500", "SHIM_MKRNB"),
    ("MkrNb1500Sms", "SHIM_MKRNB"),
    ("MkrNb1500Firmware", "SHIM_MKRNB"),
    ("Esp32Sim7000", "SHIM_TINYGSM"),
];
const DEVICE: &str = "urn:dev:IMEI:490154203237518=0123456789abcdefghijklmnopqrstuvwxyzABCD";

/// The packed library, in an empty folder outside of the repository.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let names = dist::platformio::ARCHIVES;
    let names = [&names[..], &[dist::platformio::HOST]].concat();
    let archives = Archives::build_some(workspace, &names)?;
    let outside = shell.create_temp_dir()?;
    let package = dist::platformio::pack(workspace, &archives, outside.path())?;
    let python = workspace.path("target/python/bin");
    let helper = workspace.path("tests/platformio/pio.py");
    let tests = workspace.path("tests/platformio");
    let within = shell.push_dir(outside.path());
    let file = &package.file;

    cmd!(shell, "tar --extract --file {file}").quiet().run()?;
    cmd!(
        shell,
        "{python}/python {helper} pack kpn-things packed.tar.gz"
    )
    .quiet()
    .ignore_stdout()
    .run()?;
    let ours = archive_listing(shell, file, "kpn-things/")?;
    let theirs = archive_listing(shell, "packed.tar.gz", "")?;
    ensure!(
        ours == theirs,
        "PlatformIO packs other files:\n{ours:?}\n{theirs:?}"
    );
    let manifest = shell.read_file("kpn-things/library.json")?;
    shell.write_file(
        "kpn-things/library.json",
        manifest.replace("Apache-2.0", "Apache"),
    )?;
    ensure!(
        cmd!(
            shell,
            "{python}/python {helper} pack kpn-things refused.tar.gz"
        )
        .quiet()
        .ignore_stdout()
        .ignore_stderr()
        .run()
        .is_err(),
        "the packer takes a licence that there is not"
    );

    cmd!(shell, "{python}/python {helper} core core")
        .quiet()
        .run()?;
    shell.create_dir("core/platforms")?;
    cmd!(shell, "cp -r {tests}/bench {tests}/native core/platforms")
        .quiet()
        .run()?;
    cmd!(shell, "cp -r {tests}/project project").quiet().run()?;
    let here = outside.path();
    let project = shell
        .read_file("project/platformio.ini.in")?
        .replace("@PACKAGE@", &here.join(file).to_string_lossy());
    shell.write_file("project/platformio.ini", project)?;
    let run = |environments: &[&str]| {
        let environments = environments.iter().flat_map(|name| ["--environment", name]);
        cmd!(
            shell,
            "{python}/pio run --project-dir project {environments...}"
        )
        .env("PLATFORMIO_CORE_DIR", here.join("core"))
        .env("PLATFORMIO_SETTING_ENABLE_TELEMETRY", "no")
        .env("PLATFORMIO_NO_ANSI", "true")
    };
    aloud(run(&SUPPORTED))?;
    let output = run(&[REFUSED]).quiet().ignore_status().output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(
        !output.status.success() && said.contains("has no archive for"),
        "{REFUSED}: {said}"
    );
    cmd!(shell, "project/.pio/build/native/program")
        .quiet()
        .run()?;
    let pio = Pio {
        shell,
        python: &python,
        here,
    };
    check_unit_tests(&pio)?;
    let shim = workspace.path("tests/arduino/shim");
    drop(within);
    let simulator = simulator::build(workspace)?;
    let within = shell.push_dir(here);
    for (name, modem) in SKETCHES {
        check_sketch(&pio, &shim, &simulator, name, modem).context(name)?;
    }
    drop(within);
    println!(
        "{} boards, one refused; {} sketches; unit tests",
        SUPPORTED.len(),
        SKETCHES.len()
    );
    Ok(())
}

/// PlatformIO with the platforms of the tests, in the folder that the package is unpacked in.
struct Pio<'a> {
    shell: &'a Shell,
    python: &'a Path,
    here: &'a Path,
}

impl Pio<'_> {
    fn call(&self, job: &str, project: &Path) -> xshell::Cmd<'_> {
        let (shell, python) = (self.shell, self.python);
        cmd!(shell, "{python}/pio {job} --project-dir {project}")
            .env("PLATFORMIO_CORE_DIR", self.here.join("core"))
            .env("PLATFORMIO_SETTING_ENABLE_TELEMETRY", "no")
            .env("PLATFORMIO_NO_ANSI", "true")
            .quiet()
    }
}

/// `pio test` in the example runs and passes; a test that fails is told.
fn check_unit_tests(pio: &Pio<'_>) -> anyhow::Result<()> {
    let project = pio.here.join("kpn-things/examples/UnitTest");
    let test = project.join("test/test_message/test_message.c");
    let said = pio.call("test", &project).read()?;
    ensure!(said.contains("4 succeeded"), "{said}");
    let good = pio.shell.read_file(&test)?;
    pio.shell.write_file(
        &test,
        good.replace("&record, \"valve\"", "&record, \"vent\""),
    )?;
    let output = pio.call("test", &project).ignore_status().output()?;
    pio.shell.write_file(&test, good)?;
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said);
    ensure!(
        !output.status.success() && said.contains("1 failed"),
        "a test that fails passes: {said}"
    );
    Ok(())
}

/// A sketch as its own project file has it, but on this machine and with the stand-in for what the registry has.
fn check_sketch(
    pio: &Pio<'_>,
    shim: &Path,
    simulator: &PathBuf,
    name: &str,
    modem: &str,
) -> anyhow::Result<()> {
    let project = pio.here.join("kpn-things/examples").join(name);
    let file = project.join("platformio.ini");
    let text = fs::read_to_string(&file)?;
    let here: Vec<_> = text
        .lines()
        .filter_map(|line| match line.split_once(" = ") {
            Some(("platform", _)) => Some("platform = native"),
            Some(("board", _)) => Some("board = arduino"),
            // From the registry: owner and name.
            None if line.starts_with("  ") && !line.contains("://") => None,
            _ => Some(line),
        })
        .collect();
    ensure!(
        here.len() < text.lines().count(),
        "nothing comes from the registry: {text}"
    );
    fs::write(&file, here.join("\n"))?;
    aloud(
        pio.call("run", &project)
            .env("ARDUINO_SHIM", shim)
            .env("PLATFORMIO_BUILD_FLAGS", format!("-D{modem}")),
    )?;
    let environment = text
        .lines()
        .find_map(|line| line.strip_prefix("[env:")?.strip_suffix(']'))
        .context("an environment")?;
    let program = project.join(".pio/build").join(environment).join("program");
    let platform = Simulator::start(simulator, &["--quiet", "--device", DEVICE])?;
    let said = cmd!(pio.shell, "timeout 60 {program} 1")
        .env("KPN_PORT", platform.port.to_string())
        .quiet()
        .read()?;
    ensure!(said.contains("HTTP 202"), "{said}");
    Ok(())
}
