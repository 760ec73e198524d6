//! Everything that must hold, step by step, each with its time; towards the end two at a time.

use std::{env, process::Command, thread, time::Instant};

use anyhow::{Context as _, anyhow, ensure};
use xshell::cmd;

use crate::{
    budgets, check, cost, ctest, demo, dist, docs, firmware, fuzz, header, link, modem, neighbour,
    packages, snippets, vectors, wire, workspace::Workspace,
};

type Step = (&'static str, fn(&Workspace) -> anyhow::Result<()>);

/// One after the other: the first use both processors, and what follows needs what they leave.
const FIRST: &[Step] = &[
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
];

/// With the simulator and with others' tools: they share ports and folders, so one after the other.
const WITH_OTHERS: &[Step] = &[
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
    ("demo", demo::run),
    ("bytes on the wire", wire::check),
];

/// With archives and emulated boards alone: beside the others, each in a process of its own.
const ON_BOARDS: &[Step] = &[
    ("firmware failures are noticed", firmware::check_can_fail),
    ("firmware", firmware::check),
    ("vectors on every core", vectors::check),
    ("fuzz", fuzz::check),
    ("plain build", cost::check_plain_build),
    ("budgets", budgets::check),
];

/// Runs all steps, or those whose name contains `only`. A failure ends its row, and then the run.
pub fn run(workspace: &Workspace, only: Option<&str>) -> anyhow::Result<()> {
    if let Some(only) = only {
        return run_some(workspace, |name| name.contains(only));
    }
    let start = Instant::now();
    let mut times = run_here(workspace, FIRST)?;
    thread::scope(|scope| -> anyhow::Result<()> {
        let on_boards = scope.spawn(|| run_apart(ON_BOARDS));
        let here = run_here(workspace, WITH_OTHERS);
        let there = on_boards
            .join()
            .map_err(|_| anyhow!("a step panicked"))
            .flatten();
        times.extend(here?);
        times.extend(there?);
        Ok(())
    })?;
    times.sort_by(|left, right| right.1.total_cmp(&left.1));
    println!("== where the time went");
    for (name, seconds) in times {
        println!("{seconds:7.1} s  {name}");
    }
    println!("== all good in {:.0} s", start.elapsed().as_secs_f32());
    Ok(())
}

/// Runs the one step of this name, as `run_apart` asks for it.
pub fn run_one(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    run_some(workspace, |other| other == name)
}

fn run_some(workspace: &Workspace, wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let steps: Vec<_> = [FIRST, WITH_OTHERS, ON_BOARDS]
        .concat()
        .into_iter()
        .filter(|(name, _)| wanted(name))
        .collect();
    ensure!(!steps.is_empty(), "no step has such a name");
    run_here(workspace, &steps)?;
    Ok(())
}

/// Each with its time.
type Times = Vec<(&'static str, f32)>;

fn run_here(workspace: &Workspace, steps: &[Step]) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for (name, step) in steps {
        println!("== {name}");
        let begin = Instant::now();
        step(workspace).with_context(|| format!("step `{name}`"))?;
        let seconds = begin.elapsed().as_secs_f32();
        println!("== {name}: {seconds:.1} s");
        times.push((*name, seconds));
    }
    Ok(times)
}

/// Prints what a step has printed when it ends, so that it stands together.
fn run_apart(steps: &[Step]) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for (name, _) in steps {
        let begin = Instant::now();
        let output = Command::new(env::current_exe()?)
            .args(["test", "--exact", name])
            .output()?;
        print!("{}", String::from_utf8_lossy(&output.stdout));
        eprint!("{}", String::from_utf8_lossy(&output.stderr));
        ensure!(output.status.success(), "step `{name}`, see above");
        times.push((*name, begin.elapsed().as_secs_f32()));
    }
    Ok(times)
}

fn rust(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    cmd!(
        shell,
        "cargo test --quiet --workspace --features kpn-things/posix,kpn-things-simulator/tls"
    )
    .quiet()
    .run()?;
    // Once more as an archive is built: arithmetic on a state that was overwritten wraps.
    let config = "profile.dev.package.kpn-things.overflow-checks=false";
    cmd!(
        shell,
        "cargo test --quiet --package kpn-things --features posix --config {config} --test forged"
    )
    .quiet()
    .run()?;
    Ok(())
}
