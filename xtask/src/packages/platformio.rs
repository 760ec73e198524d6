// SPDX-License-Identifier: MIT OR Apache-2.0
//! The PlatformIO library: packed by PlatformIO's own packer, and built against by PlatformIO itself, from a project that names the package
//! and a board. The boards of `tests/platformio` stand in for those of real platforms, which only PlatformIO's registry has.

use anyhow::ensure;
use xshell::cmd;

use super::{archive_listing, place::aloud};
use crate::{
    dist::{self, Archives},
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

/// The packed library, in an empty folder outside the repository.
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
    drop(within);
    println!("{} boards, one refused", SUPPORTED.len());
    Ok(())
}
