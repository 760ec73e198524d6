//! Everything that must hold, step by step, each with its time.

use std::time::Instant;

use anyhow::{Context as _, ensure};
use xshell::cmd;

use crate::{
    budgets, check, cost, ctest, demo, dist, docs, firmware, fuzz, header, link, modem, neighbour,
    packages, snippets, vectors, wire, workspace::Workspace,
};

type Step = (&'static str, fn(&Workspace) -> anyhow::Result<()>);

const STEPS: &[Step] = &[
    ("lints", check::run),
    ("rust", rust),
    ("header", header::check),
    ("examples in texts", snippets::check),
    ("links in texts", docs::check_links),
    ("header as pages", docs::check_header),
    ("archives", link::check),
    ("archives can be refused", link::check_can_fail),
    (
        "decimals without float code",
        cost::check_decimals_link_no_float_code,
    ),
    ("archives are reproducible", dist::check_reproducible),
    ("packages", packages::check),
    ("bare metal", packages::bare_metal::check),
    ("arduino class", packages::arduino::check_class),
    ("arduino sketches", packages::arduino::check_sketches),
    ("arduino package", packages::arduino::check_package),
    ("platformio", packages::platformio::check),
    ("esp-idf component", packages::esp_idf::check_package),
    ("esp-idf example", packages::esp_idf::check_example),
    ("commands on pages", docs::check_pages),
    ("zephyr module", packages::zephyr::check),
    ("two Rust archives", neighbour::check),
    ("c", ctest::check),
    ("modems", modem::check),
    ("fuzz", fuzz::check),
    ("demo", demo::run),
    ("bytes on the wire", wire::check),
    ("firmware failures are noticed", firmware::check_can_fail),
    ("firmware", firmware::check),
    ("vectors on every core", vectors::check),
    ("budgets", budgets::check),
];

/// Runs the steps in order; the first failure ends the run.
pub fn run(workspace: &Workspace, only: Option<&str>) -> anyhow::Result<()> {
    let start = Instant::now();
    let mut ran = 0;
    for (name, step) in STEPS {
        if only.is_some_and(|part| !name.contains(part)) {
            continue;
        }
        ran += 1;
        println!("== {name}");
        let begin = Instant::now();
        step(workspace).with_context(|| format!("step `{name}`"))?;
        println!("== {name}: {:.1} s", begin.elapsed().as_secs_f32());
    }
    ensure!(
        ran > 0,
        "no step has `{}` in its name",
        only.unwrap_or_default()
    );
    println!("== all good in {:.0} s", start.elapsed().as_secs_f32());
    Ok(())
}

fn rust(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    cmd!(
        shell,
        "cargo test --quiet --workspace --features kpn-things/posix,kpn-things-simulator/tls"
    )
    .quiet()
    .run()?;
    Ok(())
}
