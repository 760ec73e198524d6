// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Zephyr module without a Zephyr tree: its manifests, Kconfig and CMake against stand-ins for the tree.

mod page;
mod run;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::{Shell, TempDir, cmd};

use crate::{
    dist::{self, Archives},
    workspace::Workspace,
};

/// Short names of the targets for which the test's package has archives.
const PACKED: [&str; 2] = ["thumbv7m", "x86_64-linux"];

const WARNINGS: [&str; 6] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Wshadow",
    "-Werror",
];

/// Everything: the module in the repository, and the package, unpacked outside it.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let archives = Archives::build_some(workspace, &PACKED)?;
    let outside = workspace.shell.create_temp_dir()?;
    let package = unpack(workspace, &archives, outside.path())?;
    for (module, packaged) in [(workspace.path(""), false), (package.clone(), true)] {
        check_python(workspace, &module, packaged)?;
        check_targets(workspace, &module)?;
    }
    check_cmake(workspace, &package)?;
    page::check(workspace, &package)?;
    check_chip(workspace, &package)?;
    run::check_ztest(workspace, &package)?;
    run::check_exchange(workspace, &package)?;
    run::check_update(workspace, &package)?;
    run::check_store(workspace, &package)?;
    run::check_sample(workspace, &package)
}

fn unpack(workspace: &Workspace, archives: &Archives, to: &Path) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let file = dist::pack_zephyr(workspace, archives, to)?.file;
    let within = shell.push_dir(to);
    cmd!(shell, "tar --extract --file {file}").quiet().run()?;
    drop(within);
    Ok(to.join(file.trim_end_matches(".tar.gz")))
}

/// Manifests and Kconfig.
fn check_python(workspace: &Workspace, module: &Path, packaged: bool) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let python = workspace.path("target/python/bin/python3");
    ensure!(python.exists(), "no {}: `make setup`", python.display());
    for test in ["test_manifests.py", "test_kconfig.py"] {
        cmd!(shell, "{python} -B tests/zephyr/{test} --quiet")
            .env("MODULE", module)
            .env("PACKAGED", if packaged { "yes" } else { "no" })
            .quiet()
            .run()?;
    }
    Ok(())
}

/// The map from cores to Rust targets; a wrong entry must be noticed.
fn check_targets(workspace: &Workspace, module: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let table = "tests/zephyr/targets.cmake";
    cmd!(shell, "cmake -DMODULE={module} -P {table}")
        .quiet()
        .run()?;
    let wrong = cmd!(shell, "cmake -DMODULE={module} -DWRONG=ON -P {table}")
        .quiet()
        .ignore_stderr()
        .run();
    ensure!(wrong.is_err(), "{table} takes any answer");
    Ok(())
}

/// The module's CMake files with one configuration.
struct Configured {
    folder: TempDir,
    failure: Option<String>,
}

impl Configured {
    fn new(workspace: &Workspace, module: &Path, symbols: &[&str]) -> anyhow::Result<Self> {
        let shell = &workspace.shell;
        let folder = shell.create_temp_dir()?;
        let build = folder.path();
        let settings = symbols.iter().map(|symbol| format!("-DCONFIG_{symbol}"));
        let output = cmd!(
            shell,
            "cmake -S tests/zephyr/module -B {build} -DMODULE={module} {settings...}"
        )
        .quiet()
        .ignore_status()
        .output()?;
        let failure = (!output.status.success())
            .then(|| String::from_utf8_lossy(&output.stderr).replace("\n  ", " "));
        Ok(Self { folder, failure })
    }

    /// Lines of what Zephyr was told.
    fn facts(&self, shell: &Shell) -> anyhow::Result<String> {
        ensure!(self.failure.is_none(), "{:?}", self.failure);
        Ok(shell.read_file(self.folder.path().join("facts.txt"))?)
    }

    fn refused_with(&self, part: &str) -> anyhow::Result<()> {
        let failure = self.failure.as_deref().context("not refused")?;
        ensure!(failure.contains(part), "no `{part}` in: {failure}");
        Ok(())
    }
}

fn check_cmake(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let repository = workspace.path("");
    let of = |module: &Path, symbols: &[&str]| Configured::new(workspace, module, symbols);
    let m3 = "CPU_CORTEX_M3=y";
    let (on, prebuilt) = ("KPN_THINGS=y", "KPN_THINGS_PREBUILT=y");

    ensure!(
        of(package, &[m3])?.facts(shell)?.is_empty(),
        "not turned on"
    );
    let facts = of(package, &[on, prebuilt, m3])?.facts(shell)?;
    let archive = package.join("zephyr/archives/thumbv7m-none-eabi/libkpn_things.a");
    let root = package.display();
    for line in [
        format!("archive {}", archive.display()),
        format!("zephyr_include_directories {root}/include"),
        "zephyr_link_libraries kpn_things".to_owned(),
    ] {
        ensure!(facts.lines().any(|fact| fact == line), "no {line}: {facts}");
    }
    ensure!(!facts.contains("kpn_zephyr"), "not asked for: {facts}");

    let facts = of(package, &[on, prebuilt, m3, "KPN_THINGS_EXCHANGE=y"])?.facts(shell)?;
    for line in [
        "zephyr_include_directories include",
        "zephyr_library_sources kpn_zephyr.c kpn_zephyr_socket.c",
        "zephyr_library_link_libraries kpn_things",
    ] {
        ensure!(facts.lines().any(|fact| fact == line), "no {line}: {facts}");
    }

    ensure!(!facts.contains("firmware"), "not asked for: {facts}");
    let firmware = ["KPN_THINGS_STORE=y", "KPN_THINGS_FIRMWARE=y"];
    let all = [&[on, prebuilt, m3, "KPN_THINGS_EXCHANGE=y"], &firmware[..]].concat();
    let facts = of(package, &all)?.facts(shell)?;
    let line = "zephyr_library_sources kpn_zephyr.c kpn_zephyr_socket.c kpn_zephyr_store.c kpn_zephyr_firmware.c kpn_zephyr_firmware_fetch.c";
    ensure!(facts.lines().any(|fact| fact == line), "no {line}: {facts}");
    // The parts that need no sockets.
    let stored = [
        "KPN_THINGS_STORE=y",
        "KPN_THINGS_QUEUE=y",
        "KPN_THINGS_CREDENTIALS=y",
    ];
    let all = [&[on, prebuilt, m3, "KPN_THINGS_SHELL=y"], &stored[..]].concat();
    let facts = of(package, &all)?.facts(shell)?;
    let line = "zephyr_library_sources kpn_zephyr_store.c kpn_zephyr_queue.c kpn_zephyr_credentials.c kpn_zephyr_shell.c";
    ensure!(facts.lines().any(|fact| fact == line), "no {line}: {facts}");

    // The user's own archive, whatever the core.
    let own = "KPN_THINGS_ARCHIVE_PATH=CMakeLists.txt";
    let facts = of(package, &[on, prebuilt, "XTENSA=y", own])?;
    facts.refused_with("tests/zephyr/module/application/CMakeLists.txt")?;
    let own = format!("KPN_THINGS_ARCHIVE_PATH={}", archive.display());
    let facts = of(package, &[on, prebuilt, "XTENSA=y", &own])?.facts(shell)?;
    ensure!(facts.contains(&archive.display().to_string()), "{facts}");

    of(package, &[on, prebuilt, "XTENSA=y"])?.refused_with("CONFIG_KPN_THINGS_SOURCE=y")?;
    of(package, &[on, prebuilt, "XTENSA=y"])?.refused_with("not built for Xtensa")?;

    // The C file: no archive and no target, whatever the core.
    let source = "KPN_THINGS_SOURCE=y";
    let all = [on, source, "XTENSA=y", "KPN_THINGS_EXCHANGE=y"];
    let facts = of(package, &all)?.facts(shell)?;
    let file = format!("zephyr_library_sources {root}/zephyr/source/kpn_things.c");
    for line in ["zephyr_library_named kpn_things", file.as_str()] {
        ensure!(facts.lines().any(|fact| fact == line), "no {line}: {facts}");
    }
    ensure!(
        !facts.contains("archive ") && !facts.contains("zephyr_link_libraries"),
        "{facts}"
    );
    let own = "KPN_THINGS_SOURCE_PATH=none.c";
    of(package, &[on, source, own])?.refused_with("application/none.c")?;
    of(&repository, &[on, source])?.refused_with("make c-source")?;
    of(package, &[on, prebuilt, "RISCV=y", "64BIT=y"])?
        .refused_with("not built for RISC-V with 64 bits")?;
    of(package, &[on, prebuilt, "CPU_CORTEX_M23=y"])?
        .refused_with("archives/thumbv8m.base-none-eabi/libkpn_things.a")?;
    of(&repository, &[on, prebuilt, m3])?.refused_with("kpn-things-<version>-zephyr.tar.gz")?;
    check_cargo(workspace)
}

/// The arguments of cargo, recorded by a stand-in.
fn check_cargo(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let temporary = shell.create_temp_dir()?;
    let (fake, log) = (
        temporary.path().join("cargo"),
        temporary.path().join("called"),
    );
    shell.write_file(
        &fake,
        format!("#!/bin/sh\necho \"$RUSTFLAGS\" \"$@\" >{}\n", log.display()),
    )?;
    cmd!(shell, "chmod +x {fake}").quiet().run()?;
    let command = format!("KPN_THINGS_CARGO_COMMAND={}", fake.display());
    let call = |symbols: &[&str]| -> anyhow::Result<String> {
        let mut all = vec!["KPN_THINGS=y", "KPN_THINGS_CARGO=y", command.as_str()];
        all.extend(symbols);
        let configured = Configured::new(workspace, &workspace.path(""), &all)?;
        let facts = configured.facts(shell)?;
        let build = configured.folder.path();
        cmd!(shell, "cmake --build {build} --target kpn_things_cargo")
            .quiet()
            .ignore_stdout()
            .run()?;
        Ok(format!("{facts}called {}", shell.read_file(&log)?))
    };
    let has = |text: &str, parts: &[&str], lacks: &[&str]| -> anyhow::Result<()> {
        for part in parts {
            ensure!(text.contains(part), "no `{part}` in: {text}");
        }
        for part in lacks {
            ensure!(!text.contains(part), "`{part}` in: {text}");
        }
        Ok(())
    };

    has(
        &call(&["CPU_CORTEX_M3=y"])?,
        &[
            "/cargo/thumbv7m-none-eabi/release/libkpn_things.a",
            "--target thumbv7m-none-eabi",
            "--features capi",
            "zephyr_ld_options -Wl,-z,noexecstack",
        ],
        &["build-std", "fast-sha"],
    )?;
    has(
        &call(&[
            "XTENSA=y",
            "KPN_THINGS_RUST_TARGET=xtensa-esp32-none-elf",
            "KPN_THINGS_FAST_SHA=y",
            "KPN_THINGS_CARGO_ARGUMENTS=-Zbuild-std=core --offline",
        ])?,
        &[
            "--target xtensa-esp32-none-elf",
            "-Zbuild-std=core --offline",
            "--features capi --features fast-sha",
        ],
        &[],
    )?;
    has(
        &call(&["ARCH_POSIX=y", "64BIT=y"])?,
        &["--target x86_64-unknown-linux-gnu"],
        &["noexecstack"],
    )?;
    Configured::new(
        workspace,
        &workspace.path(""),
        &["KPN_THINGS=y", "KPN_THINGS_CARGO=y", "XTENSA=y"],
    )?
    .refused_with("CONFIG_KPN_THINGS_RUST_TARGET")
}

/// The package's archive links with the chip's compiler, with linker warnings as errors.
fn check_chip(workspace: &Workspace, package: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let temporary = shell.create_temp_dir()?;
    let within = shell.push_dir(temporary.path());
    shell.write_file(
        "main.c",
        "#include \"kpn_things.h\"\nint main(void) { kpn_response r; return kpn_response_end(&r) == KPN_OK; }\n",
    )?;
    let library = package.join("zephyr/archives/thumbv7m-none-eabi/libkpn_things.a");
    cmd!(
        shell,
        "arm-none-eabi-gcc -mcpu=cortex-m3 -mthumb -Os -Wall -Wextra -Werror --specs=picolibc.specs
         -I{package}/include main.c {library} -Wl,--gc-sections,--fatal-warnings -o firmware.elf"
    )
    .quiet()
    .run()?;
    drop(within);
    Ok(())
}
