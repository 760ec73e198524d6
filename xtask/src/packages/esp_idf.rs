// SPDX-License-Identifier: MIT OR Apache-2.0
//! The ESP-IDF component: checked and packed by ESP-IDF's own component manager, configured and linked for chips with an archive and for
//! chips that compile its C file; its example runs on this machine over a stand-in for ESP-IDF.

pub mod modem;

use std::{
    fmt::Write as _,
    path::{Path, PathBuf},
};

use anyhow::ensure;
use xshell::{Shell, cmd};

use super::{archive_listing, place::aloud};
use crate::{
    archive::{self, Options},
    dist::{self, Archives, esp_idf::NAME},
    header,
    simulator::{self, Simulator},
    target,
    workspace::Workspace,
};

/// Chips with an archive, and the options of their compiler.
const CHIPS: [(&str, &str); 6] = [
    (
        "esp32c2",
        "-march=rv32imc -mabi=ilp32 --specs=picolibc.specs",
    ),
    (
        "esp32c3",
        "-march=rv32imc -mabi=ilp32 --specs=picolibc.specs",
    ),
    (
        "esp32c6",
        "-march=rv32imac -mabi=ilp32 --specs=picolibc.specs",
    ),
    (
        "esp32c5",
        "-march=rv32imac -mabi=ilp32 --specs=picolibc.specs",
    ),
    (
        "esp32c61",
        "-march=rv32imac -mabi=ilp32 --specs=picolibc.specs",
    ),
    (
        "esp32h2",
        "-march=rv32imac -mabi=ilp32 --specs=picolibc.specs",
    ),
];
/// Chips without one: hard float, and Xtensa, for which the compiler of another Xtensa core stands in.
const OTHERS: [(&str, &str, &str); 3] = [
    (
        "esp32p4",
        "riscv64-unknown-elf-gcc",
        "-march=rv32imafc -mabi=ilp32f --specs=picolibc.specs",
    ),
    (
        "esp32",
        "xtensa-lx106-elf-gcc",
        "-mlongcalls --specs=/usr/lib/xtensa-lx106-elf/picolibc.specs",
    ),
    (
        "esp32s3",
        "xtensa-lx106-elf-gcc",
        "-mlongcalls --specs=/usr/lib/xtensa-lx106-elf/picolibc.specs",
    ),
];

const URN: &str = "urn:dev:DVNUUID:89b053c5-7380-4fc3-8fe6-8792e746580f";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

/// The component, unpacked in an empty folder outside the repository.
pub fn check_package(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let archives = Archives::build_some(workspace, &dist::esp_idf::ARCHIVES)?;
    let outside = shell.create_temp_dir()?;
    let package = dist::esp_idf::pack(workspace, &archives, outside.path())?;
    let python = workspace.path("target/python/bin");
    let compote = python.join("compote");
    let consumer = workspace.path("tests/esp-idf/consumer");
    let main = workspace.path("tests/platformio/project/src/main.c");
    let xtensa = workspace.path("tests/firmware/xtensa");
    let xtensa = xtensa.display();
    let here = outside.path();
    let within = shell.push_dir(here);
    let file = &package.file;
    cmd!(shell, "tar --extract --file {file}").quiet().run()?;
    manifest(shell, &compote, here, file)?;

    cmd!(shell, "cp -r {consumer} consumer").quiet().run()?;
    cmd!(shell, "cp {main} consumer/main/main.c")
        .quiet()
        .run()?;
    let components = resolve(shell, &python, here)?;
    let configure = |chip: &str, options: &str, more: &str| {
        let gcc = OTHERS.iter().find(|(other, ..)| *other == chip);
        let gcc = gcc.map_or("riscv64-unknown-elf-gcc", |(_, gcc, _)| gcc);
        let mut link = "-nostartfiles -Wl,--entry=main -Wl,--gc-sections".to_owned();
        if gcc.starts_with("xtensa") {
            write!(link, " {xtensa}/arithmetic.c -T {xtensa}/sim.ld")?;
        }
        let build = format!("build-{chip}");
        let arguments = [
            format!("-DCOMPONENTS={}", components.display()),
            format!("-DIDF_TARGET={chip}"),
            "-DCMAKE_SYSTEM_NAME=Generic".to_owned(),
            format!("-DCMAKE_C_COMPILER={gcc}"),
            "-DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY".to_owned(),
            format!("-DCMAKE_C_FLAGS={options} -Os -ffunction-sections -Wall -Wextra -Werror"),
            format!("-DCMAKE_EXE_LINKER_FLAGS={link}"),
            format!("-D{more}"),
        ];
        anyhow::Ok(cmd!(shell, "cmake -S consumer -B {build} {arguments...}"))
    };
    let is_compiled = |chip: &str| -> anyhow::Result<bool> {
        let files = cmd!(shell, "find build-{chip} -name kpn_things.c.*").quiet();
        Ok(!files.read()?.is_empty())
    };
    for (chip, options) in CHIPS {
        aloud(configure(chip, options, "CONFIG_KPN_THINGS_ARCHIVE=")?)?;
        aloud(cmd!(shell, "cmake --build build-{chip}"))?;
        ensure!(!is_compiled(chip)?, "{chip} does not link its archive");
    }
    for (chip, _, options) in OTHERS {
        aloud(configure(chip, options, "CONFIG_KPN_THINGS_ARCHIVE=")?)?;
        aloud(cmd!(shell, "cmake --build build-{chip}"))?;
        ensure!(is_compiled(chip)?, "{chip} has no archive");
    }
    // A chip with an archive may also use the C file, or an archive that the user has built, here in the project's folder.
    let (chip, options) = CHIPS[1];
    cmd!(shell, "rm -r build-{chip}").quiet().run()?;
    aloud(configure(chip, options, "CONFIG_KPN_THINGS_SOURCE=y")?)?;
    aloud(cmd!(shell, "cmake --build build-{chip}"))?;
    ensure!(is_compiled(chip)?, "{chip} was to compile the file");
    let own = archives.of("riscv32imac")?;
    cmd!(shell, "cp {own} consumer/own.a").quiet().run()?;
    let archive = "CONFIG_KPN_THINGS_ARCHIVE=own.a";
    aloud(configure("esp32h4", CHIPS[2].1, archive)?)?;
    aloud(cmd!(shell, "cmake --build build-esp32h4"))?;
    ensure!(!is_compiled("esp32h4")?, "the user's archive was not taken");
    let missing = refused(configure(
        "esp32c3",
        CHIPS[1].1,
        "CONFIG_KPN_THINGS_ARCHIVE=none.a",
    )?)?;
    ensure!(
        missing.contains("there is no") && missing.contains("none.a"),
        "{missing}"
    );
    drop(within);
    println!(
        "{} chips with an archive, {} with one file of C",
        CHIPS.len(),
        OTHERS.len()
    );
    Ok(())
}

/// Espressif's own checks, each also with something that it must refuse.
fn manifest(shell: &Shell, compote: &Path, here: &Path, file: &str) -> anyhow::Result<()> {
    let lint = || {
        cmd!(shell, "{compote} --warnings-as-errors manifest lint {NAME}")
            .env("IDF_TOOLS_PATH", here.join("tools"))
    };
    aloud(lint())?;
    aloud(
        cmd!(
            shell,
            "{compote} component pack --name {NAME} --project-dir {NAME} --dest-dir {here}/packed"
        )
        .env("IDF_TOOLS_PATH", here.join("tools")),
    )?;
    let version = Workspace::version();
    // The registry finds the examples in the component. Examples that the manifest names are packed separately, and then none would be left
    // here.
    ensure!(
        !here
            .join(format!(
                "packed/{NAME}_{}_examples.tgz",
                Workspace::version()
            ))
            .exists(),
        "examples are packed apart"
    );
    let theirs = archive_listing(shell, &format!("packed/{NAME}_{version}.tgz"), "./")?;
    let ours = archive_listing(shell, file, &format!("{NAME}/"))?;
    let manifest = shell.read_file(here.join(NAME).join("idf_component.yml"))?;
    let named = CHIPS.iter().map(|(chip, _)| *chip);
    for chip in named.chain(OTHERS.iter().map(|(chip, ..)| *chip)) {
        ensure!(
            manifest.contains(&format!("  - {chip}\n")),
            "the manifest does not name {chip}"
        );
    }
    ensure!(
        ours == theirs,
        "the component manager packs other files:\n{ours:?}\n{theirs:?}"
    );
    let path = here.join(NAME).join("idf_component.yml");
    let text = shell.read_file(&path)?;
    shell.write_file(&path, text.replace(version, "one"))?;
    refused(lint())?;
    shell.write_file(&path, text)?;
    Ok(())
}

/// What the component manager makes of the project's `main/idf_component.yml`: a CMake file that names each component's folder.
///
/// ESP-IDF's build calls it the same way. A version that the component does not accept is refused.
fn resolve(shell: &Shell, python: &Path, here: &Path) -> anyhow::Result<PathBuf> {
    shell.create_dir("idf")?;
    shell.create_dir("resolved")?;
    let resolved = here.join("resolved/components.cmake");
    let prepare = |version: &str| {
        cmd!(
            shell,
            "{python}/python -m idf_component_manager.prepare_components --project_dir {here}/consumer --interface_version 4
             prepare_dependencies --managed_components_list_file {resolved} --build_dir {here}/resolved"
        )
        .env("IDF_PATH", here.join("idf"))
        .env("IDF_VERSION", version)
        .env("IDF_TARGET", "esp32c3")
        .env("IDF_TOOLS_PATH", here.join("tools"))
    };
    let old = refused(prepare("4.4.0"))?;
    ensure!(old.contains("idf"), "refused, but not for ESP-IDF: {old}");
    aloud(prepare("5.0.0"))?;
    let text = shell.read_file(&resolved)?;
    let folder = here.join(NAME);
    ensure!(
        text.contains(&format!("idf_build_component(\"{}\"", folder.display())),
        "the project does not have the component: {text}"
    );
    Ok(resolved)
}

/// The output of a command that must fail, in one line.
fn refused(command: xshell::Cmd) -> anyhow::Result<String> {
    let output = command.quiet().ignore_status().output()?;
    let said =
        [output.stdout, output.stderr].map(|said| String::from_utf8_lossy(&said).into_owned());
    let said = said
        .concat()
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ");
    ensure!(!output.status.success(), "taken: {said}");
    Ok(said)
}

/// The example's message is accepted, and it acts on a downlink; with a wrong secret neither happens.
pub fn check_example(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let program = workspace.scratch("esp-idf")?.join("internet");
    let library = archive::build(workspace, target::find("x86_64-linux")?, Options::default())?;
    let device = [
        format!("-DCONFIG_DEVICE_URN=\"{URN}:\""),
        format!("-DCONFIG_DEVICE_SECRET=\"{SECRET}\""),
    ];
    let warnings = header::WARNINGS;
    cmd!(
        shell,
        "cc -std=gnu17 {warnings...} -g -fsanitize=address,undefined -Itests/esp-idf/shim -Iinclude {device...}
         packaging/esp-idf/examples/internet/main/main.c tests/esp-idf/shim/idf.c {library} -o {program}"
    )
    .quiet()
    .run()?;
    let simulator = simulator::build(workspace)?;
    let valve = format!(r#"{URN}=[{{"bn":"{URN}:","n":"valve","vb":true}}]"#);
    for (secret, status, opens) in [
        (SECRET.to_owned(), "HTTP 202", true),
        (format!("another{SECRET}"), "HTTP 401", false),
    ] {
        let device = format!("{URN}={secret}");
        let platform = Simulator::start(
            &simulator,
            &["--quiet", "--device", &device, "--downlink", &valve],
        )?;
        let said = cmd!(shell, "timeout 60 {program}")
            .env("KPN_PORT", platform.port.to_string())
            .env("KPN_TURNS", "2")
            .quiet()
            .read()?;
        ensure!(
            said.matches(status).count() == 2 && said.contains("the valve is now open") == opens,
            "{said}"
        );
    }
    // A byte now and then, a long wait, and an answer that comes before a write fails. The clock is 10 times as fast in the first.
    let device = format!("{URN}={SECRET}");
    for (fault, writes, haste, text) in [
        ("trickle=100", "99", "10", "exchange: "),
        ("status=503,retry-after=86400", "99", "1", "waits 24 h"),
        ("early-answer=401", "3", "1", "HTTP 401"),
    ] {
        let arguments = ["--quiet", "--device", &device, "--fault", fault];
        let platform = Simulator::start(&simulator, &arguments)?;
        let said = cmd!(shell, "timeout 60 {program}")
            .env("KPN_PORT", platform.port.to_string())
            .env("KPN_HASTE", haste)
            .env("KPN_WRITES", writes)
            .quiet()
            .read()?;
        ensure!(said.contains(text), "{fault}:\n{said}");
    }
    Ok(())
}
