// SPDX-License-Identifier: MIT OR Apache-2.0
//! Every client of the project against hostile servers: `tests/hostile`.

use std::path::Path;

use anyhow::Context as _;
use xshell::cmd;

use crate::{archive, modem, target, workspace::Workspace};

const FLAGS: [&str; 10] = [
    "-std=c99",
    "-D_DEFAULT_SOURCE",
    "-g",
    "-O1",
    "-Wall",
    "-Wextra",
    "-Werror",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
    "-Iinclude",
];

/// Time limits of the glue for Zephyr in milliseconds, and pieces too small for an answer.
const ZEPHYR: [&str; 9] = [
    "-Itests/zephyr/shim",
    "-Izephyr/include",
    "-DCONFIG_KPN_THINGS_LOG_LEVEL=4",
    "-DCONFIG_ARCH_POSIX",
    "-DCONFIG_DNS_RESOLVER",
    "-DCONFIG_KPN_THINGS_EXCHANGE_CHUNK=16",
    "-DCONFIG_KPN_THINGS_EXCHANGE_CONNECT_TIMEOUT=700",
    "-DCONFIG_KPN_THINGS_EXCHANGE_SEND_TIMEOUT=700",
    "-DCONFIG_KPN_THINGS_EXCHANGE_RECEIVE_TIMEOUT=1500",
];

/// Examples that consist of one file.
const EXAMPLES: [&str; 4] = ["exchange", "gateway", "stream", "firmware"];

/// Each ends within its own time limit and reports what happened, and its next exchange works.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let archive = archive::build(
        workspace,
        target::find("x86_64-linux")?,
        archive::Options::default(),
    )?;
    let folder = workspace.scratch("hostile")?;
    let mut programs = Vec::new();
    let mut build = |name: &str, sources: &[&str], more: &[&str], libraries: &[&str]| {
        let program = folder.join(name);
        programs.push(format!("{name}={}", program.display()));
        cmd!(
            shell,
            "cc {FLAGS...} {more...} {sources...} {archive} {libraries...} -o {program}"
        )
        .quiet()
        .run()
        .with_context(|| name.to_owned())
    };
    build("transport", &["tests/hostile/transport.c"], &[], &[])?;
    let zephyr = [
        "tests/zephyr/exchange.c",
        "zephyr/kpn_zephyr.c",
        "zephyr/kpn_zephyr_socket.c",
    ];
    build("zephyr", &zephyr, &ZEPHYR, &[])?;
    for name in EXAMPLES {
        build(name, &[&format!("c-examples/{name}/{name}.c")], &[], &[])?;
    }
    build(
        "tls",
        &["c-examples/tls/tls.c"],
        &[],
        &["-lssl", "-lcrypto"],
    )?;
    let at_modem = modem::program_sources();
    let at_modem: Vec<_> = at_modem.iter().map(String::as_str).collect();
    build("at-modem", &at_modem, &[], &[])?;

    let arduino = folder.join("arduino");
    build_arduino(workspace, &archive, &arduino)?;
    programs.push(format!("arduino={}", arduino.display()));
    cmd!(shell, "cargo build --quiet --package kpn-things-modem")
        .quiet()
        .run()?;
    for (name, path) in [
        ("modem", "target/debug/kpn-things-modem"),
        ("device", "c-examples/exchange/device.json"),
        ("device-tls", "c-examples/tls/device.json"),
    ] {
        programs.push(format!("{name}={}", workspace.path(path).display()));
    }
    cmd!(shell, "python3 -B tests/hostile/run.py {programs...}")
        .quiet()
        .run()?;
    // Over sockets that refuse what the sockets of a modem driver refuse, but report the end of a connection, which decides many of these
    // cases; tests/zephyr/test_sockets.py has those that do not report it.
    let zephyr = format!("zephyr={}", folder.join("zephyr").display());
    cmd!(shell, "python3 -B tests/hostile/run.py {zephyr}")
        .env("SHIM", "no-flags+pollin-only+no-limits+no-option+signed")
        .quiet()
        .run()?;
    Ok(())
}

fn build_arduino(workspace: &Workspace, archive: &Path, program: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let flags = ["-std=gnu++11", "-fno-exceptions", "-fno-rtti", "-g", "-O1"];
    cmd!(
        shell,
        "c++ {flags...} -fsanitize=address,undefined -Itests/arduino/shim -Ipackaging/arduino/src -Iinclude
         tests/arduino/class_test.cpp tests/arduino/shim/shim.cpp packaging/arduino/src/KpnThings.cpp {archive} -o {program}"
    )
    .quiet()
    .run()?;
    Ok(())
}
