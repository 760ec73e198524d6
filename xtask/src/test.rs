// SPDX-License-Identifier: MIT OR Apache-2.0
//! All checks, step by step, each with its time; towards the end two at a time. What a step needs is installed if possible; otherwise the
//! step is left out, and the last lines say so.

use std::{
    collections::BTreeSet,
    env,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Instant,
};

use anyhow::{Context as _, anyhow, ensure};
use xshell::cmd;

use crate::{
    budgets, c_source, check, cost, ctest, damage, demo, dist, docs, firmware, header, hostile,
    legal, link, modem, neighbour, packages, page, sanitized, simulator, snippets, vectors, wire,
    workspace::Workspace,
};

/// Its name, what it needs from `xtask/setup.sh`, and what it does.
type Step = (
    &'static str,
    &'static str,
    fn(&Workspace) -> anyhow::Result<()>,
);

/// One after another: the first ones use both processors, and the following ones need their results.
const FIRST: &[Step] = &[
    ("lints", "lints c", check::run),
    ("style of C", "python", check::c_style),
    ("length of files", "", check::lengths),
    ("rust", "c", rust),
    ("header", "c", header::check),
    ("examples in texts", "c", snippets::check),
    (
        "licences",
        "python cargo-deny cargo-sbom chips pack",
        legal::check,
    ),
    ("links in texts", "pack", docs::check_links),
    ("header as pages", "doxygen", docs::check_header),
    ("manual as a site", "doxygen", docs::check_site),
    (
        "manual in a browser",
        "doxygen chromium",
        docs::check_site_in_browser,
    ),
    ("archives", "c linux chips", link::check),
    ("archives can be refused", "chips", link::check_can_fail),
    (
        "decimals without float code",
        "chips",
        cost::check_decimals_link_no_float_code,
    ),
    (
        "archives are reproducible",
        "linux chips pack cargo-sbom",
        dist::check_reproducible,
    ),
];

/// With the simulator and with external tools: they share ports and folders, so they run one after another.
const WITH_OTHERS: &[Step] = &[
    (
        "packages",
        "c linux chips cmake pack pkg-config",
        packages::check,
    ),
    (
        "bare metal",
        "chips boards pack",
        packages::bare_metal::check,
    ),
    ("arduino class", "c", packages::arduino::check_class),
    ("arduino sketches", "c", packages::arduino::sketches::check),
    (
        "arduino package",
        "chips machines pack",
        packages::arduino::check_package,
    ),
    (
        "platformio",
        "c chips pack python",
        packages::platformio::check,
    ),
    (
        "esp-idf component",
        "chips cmake machines pack python",
        packages::esp_idf::check_package,
    ),
    (
        "description of the API",
        "python",
        simulator::check_description,
    ),
    ("esp-idf example", "c", packages::esp_idf::check_example),
    ("esp-idf firmware", "c", packages::esp_idf::modem::check),
    (
        "package with one file of C",
        "c linux chips cmake pack cargo-sbom",
        packages::c_source::check,
    ),
    (
        "commands on pages",
        "c linux chips boards cmake openssl pack pkg-config python cargo-sbom",
        docs::check_pages,
    ),
    (
        "zephyr module",
        "c linux chips cmake pack python",
        packages::zephyr::check,
    ),
    ("two Rust archives", "chips boards", neighbour::check),
    ("c", "c linux chips cmake openssl valgrind", ctest::check),
    ("library with AddressSanitizer", "c cmake", sanitized::check),
    ("modems", "c chips", modem::check),
    ("hostile peers", "c openssl python", hostile::check),
    ("demo", "c", demo::check),
    ("page of the simulator", "c chromium", page::check),
    ("simulator package", "pack", dist::check_simulator),
    ("bytes on the wire", "c openssl", wire::check),
];

/// With archives and emulated boards only: in parallel with the others, each in its own process.
const ON_BOARDS: &[Step] = &[
    (
        "firmware failures are noticed",
        "chips boards",
        firmware::check_can_fail,
    ),
    ("firmware", "chips boards", firmware::check),
    (
        "vectors on every core",
        "c linux chips boards",
        vectors::check,
    ),
    (
        "a core that traps",
        "c linux chips boards",
        vectors::check_trapping,
    ),
    (
        "one file of C",
        "c linux chips boards machines",
        c_source::check,
    ),
    (
        "register windows",
        "c linux chips boards machines windows",
        c_source::check_windowed,
    ),
    ("damaged vectors", "c", damage::check),
    ("plain build", "chips", cost::check_plain_build),
    ("budgets", "chips boards", budgets::check),
];

/// If set, a step that is left out is a failure.
const DEMANDS_ALL: &str = "CI";

/// Runs all steps, or those whose name contains `only`. A failure ends its row, and then the run.
pub fn run(workspace: &Workspace, only: Option<&str>) -> anyhow::Result<()> {
    if let Some(only) = only {
        return run_some(workspace, |name| name.contains(only));
    }
    let start = Instant::now();
    let missing = setup(workspace, [FIRST, WITH_OTHERS, ON_BOARDS].concat())?;
    let mut times = run_here(workspace, FIRST, &missing)?;
    thread::scope(|scope| -> anyhow::Result<()> {
        let on_boards = scope.spawn(|| run_apart(ON_BOARDS, &missing));
        let here = run_here(workspace, WITH_OTHERS, &missing);
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
    let left_out = tell_left_out(&[FIRST, WITH_OTHERS, ON_BOARDS].concat(), &missing);
    let seconds = start.elapsed().as_secs_f32();
    match left_out {
        0 => println!("== all good in {seconds:.0} s"),
        steps => println!("== good in {seconds:.0} s, with {steps} steps left out"),
    }
    Ok(())
}

/// Runs the step with this name, for `run_apart`.
pub fn run_one(workspace: &Workspace, name: &str) -> anyhow::Result<()> {
    run_some(workspace, |other| other == name)
}

fn run_some(workspace: &Workspace, wanted: impl Fn(&str) -> bool) -> anyhow::Result<()> {
    let steps: Vec<_> = [FIRST, WITH_OTHERS, ON_BOARDS]
        .concat()
        .into_iter()
        .filter(|(name, ..)| wanted(name))
        .collect();
    ensure!(!steps.is_empty(), "no step has such a name");
    let missing = setup(workspace, steps.clone())?;
    run_here(workspace, &steps, &missing)?;
    tell_left_out(&steps, &missing);
    Ok(())
}

/// Lines `NEED: PACKAGE` for what is missing and cannot be installed.
type Missing = Vec<(String, String)>;

/// Installs what the steps need, as far as that is possible.
fn setup(workspace: &Workspace, steps: Vec<Step>) -> anyhow::Result<Missing> {
    let needs: BTreeSet<_> = steps
        .iter()
        .flat_map(|(_, needs, _)| needs.split_whitespace())
        .collect();
    let missing = install(&workspace.path("xtask/setup.sh"), &needs)?;
    let strict = env::var_os(DEMANDS_ALL).is_some_and(|value| !value.is_empty());
    ensure!(
        !strict || missing.is_empty(),
        "with {DEMANDS_ALL} set no step may be left out, and these are missing: {missing:?}"
    );
    Ok(missing)
}

/// Asks the script for these needs; returns what it could not install.
fn install(script: &Path, needs: &BTreeSet<&str>) -> anyhow::Result<Missing> {
    let output = Command::new("sh")
        .arg(script)
        .args(needs)
        .stderr(Stdio::inherit())
        .output()?;
    let missing: Missing = String::from_utf8(output.stdout)?
        .lines()
        .filter_map(|line| line.split_once(": "))
        .map(|(need, package)| (need.to_owned(), package.to_owned()))
        .collect();
    ensure!(
        output.status.success() == missing.is_empty(),
        "{} ends with {}, and says that {missing:?} is missing",
        script.display(),
        output.status
    );
    Ok(missing)
}

/// Which of a step's needs are missing, for readers; `None` if it can run.
fn lacks(needs: &str, missing: &Missing) -> Option<String> {
    let packages: BTreeSet<_> = missing
        .iter()
        .filter(|(need, _)| needs.split_whitespace().any(|other| other == need))
        .map(|(_, package)| package.as_str())
        .collect();
    let packages: Vec<_> = packages.into_iter().collect();
    (!packages.is_empty()).then(|| packages.join(", "))
}

/// Reports which steps did not run and why; returns how many.
fn tell_left_out(steps: &[Step], missing: &Missing) -> usize {
    let mut count = 0;
    for (name, needs, _) in steps {
        if let Some(packages) = lacks(needs, missing) {
            println!("== left out: {name}; missing: {packages}");
            count += 1;
        }
    }
    count
}

/// Prints each with its time.
type Times = Vec<(&'static str, f32)>;

fn run_here(workspace: &Workspace, steps: &[Step], missing: &Missing) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for (name, needs, step) in steps {
        if lacks(needs, missing).is_some() {
            continue;
        }
        println!("== {name}");
        let begin = Instant::now();
        step(workspace).with_context(|| format!("step `{name}`"))?;
        let seconds = begin.elapsed().as_secs_f32();
        println!("== {name}: {seconds:.1} s");
        times.push((*name, seconds));
    }
    Ok(times)
}

/// Prints the output of a step when it ends, so that it stays together.
fn run_apart(steps: &[Step], missing: &Missing) -> anyhow::Result<Times> {
    let mut times = Vec::new();
    for (name, needs, _) in steps {
        if lacks(needs, missing).is_some() {
            continue;
        }
        println!("== {name}, beside the others");
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
    cmd!(shell, "cargo test --workspace -- --quiet")
        .quiet()
        .run()?;
    // Once more with the settings of an archive: arithmetic on an overwritten state wraps.
    let config = "profile.dev.package.kpn-things.overflow-checks=false";
    cmd!(
        shell,
        "cargo test --quiet --package kpn-things --features posix --config {config} --test forged"
    )
    .quiet()
    .run()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::{collections::BTreeSet, env, fs, path::Path};

    use super::{FIRST, Missing, ON_BOARDS, WITH_OTHERS, install, lacks};

    fn pair(need: &str, package: &str) -> (String, String) {
        (need.to_owned(), package.to_owned())
    }

    #[test]
    fn leaves_out_what_lacks_a_need() {
        let missing = vec![
            pair("boards", "qemu-system-arm"),
            pair("boards", "qemu-system-misc"),
        ];
        assert_eq!(
            lacks("chips boards", &missing).as_deref(),
            Some("qemu-system-arm, qemu-system-misc")
        );
        assert_eq!(lacks("chips", &missing), None);
        assert_eq!(lacks("board", &missing), None);
        assert_eq!(lacks("", &missing), None);
    }

    #[test]
    fn the_script_knows_every_need() {
        let script = include_str!("../setup.sh");
        for (name, needs, _) in [FIRST, WITH_OTHERS, ON_BOARDS].concat() {
            for need in needs.split_whitespace() {
                assert!(
                    script
                        .lines()
                        .any(|line| line.starts_with(&format!("{need} "))),
                    "{name}: {need}"
                );
            }
        }
    }

    #[test]
    fn the_script_says_what_cannot_be_had() {
        let script = |text: &str| -> anyhow::Result<Missing> {
            let file = env::temp_dir().join(format!("kpn-setup-{}.sh", std::process::id()));
            fs::write(&file, text)?;
            let result = install(Path::new(&file), &BTreeSet::from(["a"]));
            fs::remove_file(file)?;
            result
        };
        assert_eq!(script("exit 0").unwrap(), []);
        assert_eq!(script("echo \"$1: b\"; exit 1").unwrap(), [pair("a", "b")]);
        assert!(script("exit 1").is_err());
        assert!(script("echo \"a: b\"").is_err());
    }
}
