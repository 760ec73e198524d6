// SPDX-License-Identifier: MIT OR Apache-2.0
//! What a product that contains the library must state: licences, notices and a bill of materials.

pub mod notices;
pub mod sbom;

use anyhow::Context as _;
use serde_json::Value;
use xshell::cmd;

use crate::workspace::Workspace;

/// Licence of everything in this repository.
pub const LICENCE: &str = "MIT OR Apache-2.0";
/// The package that archives are made from.
const LIBRARY: &str = "kpn-things";

/// Runs the external checkers, whose settings are in the repository: `REUSE.toml` and `deny.toml`.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    cmd!(shell, "target/python/bin/reuse lint --quiet")
        .quiet()
        .run()
        .context("`reuse lint` says which files have no licence")?;
    // Crates of other platforms, which no build needs, are read below without the network.
    cmd!(shell, "cargo fetch --quiet --locked").quiet().run()?;
    let deny = tool(workspace, "cargo-deny")?;
    cmd!(
        shell,
        "{deny} --workspace --offline --log-level error check licenses bans sources"
    )
    .quiet()
    .run()?;
    check_can_fail(workspace, &deny)?;
    check_tags(workspace)?;
    notices::check(workspace)?;
    sbom::check(workspace)
}

/// The check itself is tested: settings that allow no licence must fail.
fn check_can_fail(workspace: &Workspace, deny: &str) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let settings = workspace.scratch("legal")?.join("nothing-allowed.toml");
    shell.write_file(&settings, "[licenses]\nallow = []\n")?;
    let refused = cmd!(
        shell,
        "{deny} --offline --log-level off check --config {settings} licenses"
    )
    .quiet()
    .ignore_stderr()
    .ignore_stdout()
    .run();
    anyhow::ensure!(refused.is_err(), "cargo-deny takes every licence");
    Ok(())
}

/// Extensions and names of source files.
const SOURCES: [&str; 12] = [
    "*.rs",
    "*.c",
    "*.h",
    "*.cpp",
    "*.ino",
    "*.ld",
    "*.S",
    "*.sh",
    "*.py",
    "*.cmake",
    "*CMakeLists.txt",
    "*Makefile",
];

/// A source file that is copied elsewhere keeps its licence.
fn check_tags(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let files = cmd!(
        shell,
        "git ls-files --cached --others --exclude-standard -- {SOURCES...}"
    )
    .quiet()
    .read()?;
    for file in files.lines() {
        let path = workspace.path(file);
        if !path.is_file() {
            continue;
        }
        let text = shell.read_file(&path)?;
        // In two parts, so that it is not taken for a tag of this file.
        let tag = format!("SPDX-License-{}: {LICENCE}", "Identifier");
        anyhow::ensure!(
            text.lines().take(12).any(|line| line.contains(&tag)),
            "{file}: no line `{tag}` at its beginning"
        );
    }
    Ok(())
}

/// A tool that `xtask/setup.sh` has built.
fn tool(workspace: &Workspace, name: &str) -> anyhow::Result<String> {
    let shell = &workspace.shell;
    let script = shell.read_file("xtask/setup.sh")?;
    let variable = format!("{}=", name.replace('-', "_"));
    let version = script
        .lines()
        .find_map(|line| line.strip_prefix(variable.as_str()))
        .with_context(|| format!("xtask/setup.sh has no version of {name}"))?;
    Ok(format!("target/cargo-tools/{version}/bin/{name}"))
}

/// A crate that is compiled into the archive.
struct Crate {
    name: String,
    version: String,
    licence: String,
    authors: Vec<String>,
    repository: String,
    manifest: String,
}

/// All crates that are compiled into a package of this workspace, sorted, for one platform or for any; without those that are only used to
/// build it, such as macros.
fn linked(workspace: &Workspace, into: &str, platform: Option<&str>) -> anyhow::Result<Vec<Crate>> {
    let shell = &workspace.shell;
    let filter: Vec<_> = platform
        .into_iter()
        .flat_map(|platform| ["--filter-platform", platform])
        .collect();
    let text = cmd!(
        shell,
        "cargo metadata --format-version 1 --locked --features kpn-things/posix {filter...}"
    )
    .quiet()
    .read()?;
    let metadata: Value = serde_json::from_str(&text)?;
    let packages = list(&metadata["packages"])?;
    let package = |id: &Value| {
        packages
            .iter()
            .find(|package| package["id"] == *id)
            .context("each node is a package")
    };
    let nodes = list(&metadata["resolve"]["nodes"])?;
    let root = packages
        .iter()
        .find(|package| package["name"] == into)
        .with_context(|| format!("{into} is in the workspace"))?;
    let mut found: Vec<&Value> = Vec::new();
    let mut open = vec![&root["id"]];
    while let Some(id) = open.pop() {
        if found.contains(&id) || list(&package(id)?["targets"])?.iter().any(is_macro) {
            continue;
        }
        found.push(id);
        let node = nodes
            .iter()
            .find(|node| node["id"] == *id)
            .context("each package is a node")?;
        for dependency in list(&node["deps"])? {
            if list(&dependency["dep_kinds"])?
                .iter()
                .any(|kind| kind["kind"].is_null())
            {
                open.push(&dependency["pkg"]);
            }
        }
    }
    let mut crates = Vec::new();
    for id in found.into_iter().filter(|id| **id != root["id"]) {
        let package = package(id)?;
        let text = |field: &str| package[field].as_str().unwrap_or_default().to_owned();
        crates.push(Crate {
            name: text("name"),
            version: text("version"),
            licence: text("license").replace('/', " OR "),
            authors: list(&package["authors"])?
                .iter()
                .filter_map(|author| author.as_str().map(str::to_owned))
                .collect(),
            repository: text("repository"),
            manifest: text("manifest_path"),
        });
    }
    crates.sort_by(|left, right| (&left.name, &left.version).cmp(&(&right.name, &right.version)));
    Ok(crates)
}

fn is_macro(target: &Value) -> bool {
    target["kind"]
        .as_array()
        .is_some_and(|kinds| kinds.iter().any(|kind| kind == "proc-macro"))
}

fn list(value: &Value) -> anyhow::Result<&Vec<Value>> {
    value.as_array().context("cargo metadata has a list here")
}
