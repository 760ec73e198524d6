// SPDX-License-Identifier: MIT OR Apache-2.0
//! The AT modems of `c-examples/at-modem`: in virtual time with every fault, and through the emulated modem to the simulator.

use std::path::Path;

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{archive, simulator, target, workspace::Workspace};

const FOLDER: &str = "c-examples/at-modem";

/// The files that every project needs.
const COMMON: &[&str] = &["at.c", "kpn_modem.c"];

/// Per modem: its file, and the flash that it may take together with the common files.
const KINDS: &[(&str, u64)] = &[
    ("sara_r4.c", 5888),
    ("quectel_bg96.c", 5632),
    ("simcom.c", 6016),
];

/// Optional files, with the flash that each may take.
const EXTRAS: &[(&str, u64)] = &[
    ("kpn_network.c", 3776),
    ("kpn_modem_sms.c", 1024),
    ("kpn_modem_firmware.c", 384),
];

const TESTS: &[&str] = &[
    "test/run.c",
    "test/cases.c",
    "test/network.c",
    "test/sms.c",
    "test/firmware.c",
    "test/sweep.c",
];

const WARNINGS: &[&str] = &["-Wall", "-Wextra", "-Wconversion", "-Werror"];

const SANITIZE: &[&str] = &[
    "-g",
    "-O1",
    "-Wpedantic",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
];

/// Four times as fast.
const SANITIZE_FAST: &[&str] = &["-O2", "-fsanitize=undefined", "-fno-sanitize-recover=all"];

/// All of it.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    check_chip(workspace)?;
    let target = target::find("x86_64-linux")?;
    let archive = archive::build(workspace, target, archive::Options::default())?;
    check_in_process(workspace, &archive)?;
    check_programs(workspace, &archive)
}

fn sources(names: &[&str]) -> Vec<String> {
    let path = |name: &&str| format!("{FOLDER}/{name}");
    names.iter().map(path).collect()
}

/// The files of the example.
pub fn program_sources() -> Vec<String> {
    all_kinds()
        .into_iter()
        .chain(sources(&["main.c", "serial.c"]))
        .collect()
}

/// Compiles it as old vendor projects do for the smallest core, and as C++, and measures its size.
fn check_chip(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let target = target::find("thumbv6m")?;
    let (gcc, gcc_flags) = (target.gcc(), target.gcc_flags);
    let size = target.tool("size");
    let folder = workspace.scratch("modem")?;
    let board = folder.join("board.o");
    cmd!(
        shell,
        "{gcc} {gcc_flags...} -std=gnu99 -Os {WARNINGS...} -fno-short-enums -I include -c {FOLDER}/board.c -o {board}"
    )
    .quiet()
    .run()?;
    let whole = KINDS
        .iter()
        .map(|(kind, budget)| (*kind, [COMMON, &[*kind]].concat(), *budget));
    let alone = EXTRAS
        .iter()
        .map(|(extra, budget)| (*extra, vec![*extra], *budget));
    for (name, files, budget) in whole.chain(alone) {
        let mut flash = 0;
        for source in sources(&files) {
            let object = folder.join("chip.o");
            cmd!(
                shell,
                "{gcc} {gcc_flags...} -std=gnu99 -Os {WARNINGS...} -fno-short-enums -I include -c {source} -o {object}"
            )
            .quiet()
            .run()?;
            let text = cmd!(shell, "{size} {object}").quiet().read()?;
            let numbers: Vec<u64> = text
                .lines()
                .nth(1)
                .context("size has no second line")?
                .split_whitespace()
                .map_while(|word| word.parse().ok())
                .collect();
            let [code, data, bss, ..] = numbers[..] else {
                anyhow::bail!("size says {text}");
            };
            ensure!(data + bss == 0, "{source} has static memory: {text}");
            flash += code;
            cmd!(
                shell,
                "g++ -std=c++11 -x c++ {WARNINGS...} -Wpedantic -fno-exceptions -fno-rtti -I include -c {source} -o {object}"
            )
            .quiet()
            .run()?;
        }
        println!("{}: {flash} bytes of flash on Cortex-M0", files.join(", "));
        ensure!(flash <= budget, "{name}: {flash} bytes, not {budget}");
    }
    Ok(())
}

fn all_kinds() -> Vec<String> {
    let others = KINDS.iter().chain(EXTRAS);
    let others = others.map(|(name, _)| format!("{FOLDER}/{name}"));
    sources(COMMON).into_iter().chain(others).collect()
}

/// Each case, each fault at each byte.
fn check_in_process(workspace: &Workspace, archive: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    cmd!(
        shell,
        "cargo rustc --quiet --release --package kpn-things-modem --lib --crate-type staticlib"
    )
    .quiet()
    .run()?;
    let emulator = workspace.path("target/release/libkpn_things_modem.a");
    // With AddressSanitizer every eleventh byte is tried, otherwise every byte.
    let runs: [(&str, &[&str], &str); 2] = [
        ("in-process", SANITIZE, "11"),
        ("in-process-fast", SANITIZE_FAST, "1"),
    ];
    for (name, flags, stride) in runs {
        let program = workspace.scratch("modem")?.join(name);
        let sources = all_kinds().into_iter().chain(sources(TESTS));
        cmd!(
            shell,
            "cc -std=c99 {flags...} {WARNINGS...} -I include {sources...} {archive} {emulator} -lpthread -ldl -lm -o {program}"
        )
        .quiet()
        .run()?;
        cmd!(shell, "{program} cases").quiet().run()?;
        cmd!(shell, "{program} sweeps {stride}").quiet().run()?;
    }
    Ok(())
}

/// The example, the emulated modem and the simulator, each as its own program.
fn check_programs(workspace: &Workspace, archive: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let simulator = simulator::build(workspace)?;
    cmd!(shell, "cargo build --quiet --package kpn-things-modem")
        .quiet()
        .run()?;
    let modem = workspace.path("target/debug/kpn-things-modem");
    let example = workspace.scratch("modem")?.join("at-modem");
    let sources = program_sources();
    cmd!(
        shell,
        "cc -std=c99 {SANITIZE...} {WARNINGS...} -I include {sources...} {archive} -o {example}"
    )
    .quiet()
    .run()?;
    cmd!(shell, "sh {FOLDER}/test.sh {example} {simulator} {modem}")
        .quiet()
        .run()?;
    Ok(())
}
