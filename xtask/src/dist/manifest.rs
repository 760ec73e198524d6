// SPDX-License-Identifier: MIT OR Apache-2.0
//! `manifest.json`: what was packed, from which commit, by which compiler; and `SHA256SUMS`.

use std::path::Path;

use anyhow::Context as _;
use serde::Serialize;
use xshell::cmd;

use super::Package;
use crate::{
    archive::Toolchain,
    legal,
    target::{Family, TARGETS, Target},
    workspace::Workspace,
};

/// One package in `manifest.json`.
#[derive(Serialize)]
struct Entry<'a> {
    file: &'a str,
    kind: &'a str,
    targets: &'a [&'a str],
    bytes: usize,
    sha256: &'a str,
}

/// How the archive for one target was built.
#[derive(Serialize)]
struct Built {
    target: &'static str,
    triple: &'static str,
    cores: &'static str,
    compiler: String,
    core: &'static str,
    flags: Vec<String>,
}

impl Built {
    fn new(workspace: &Workspace, target: &Target) -> anyhow::Result<Self> {
        let toolchain = Toolchain::of(workspace, target)?;
        Ok(Self {
            target: target.name,
            triple: target.triple,
            cores: target.cores,
            compiler: toolchain.version(workspace)?,
            core: toolchain.describe(),
            flags: flags(workspace, target)?,
        })
    }
}

#[derive(Serialize)]
struct Manifest<'a> {
    name: &'a str,
    version: &'a str,
    licence: &'a str,
    commit: String,
    archives: Vec<Built>,
    packages: Vec<Entry<'a>>,
}

/// The commit that was packed, and whether anything has changed since.
fn commit(workspace: &Workspace) -> String {
    let shell = &workspace.shell;
    cmd!(shell, "git describe --always --abbrev=40 --match= --dirty")
        .quiet()
        .ignore_stderr()
        .read()
        .unwrap_or_else(|_| "unknown".to_owned())
}

/// Writes `SHA256SUMS` for sha256sum and `manifest.json` for programs; returns the former.
pub fn write(workspace: &Workspace, packages: &[Package], dist: &Path) -> anyhow::Result<String> {
    let shell = &workspace.shell;
    let within = shell.push_dir(dist);
    let files = packages.iter().map(|package| &package.file);
    let sums = cmd!(shell, "sha256sum {files...}").quiet().read()? + "\n";
    drop(within);
    let mut entries = Vec::new();
    for (package, line) in packages.iter().zip(sums.lines()) {
        let (sha256, _) = line.split_once(' ').context("a sum, then a name")?;
        entries.push(Entry {
            file: &package.file,
            kind: package.kind,
            targets: &package.targets,
            bytes: shell.read_binary_file(dist.join(&package.file))?.len(),
            sha256,
        });
    }
    let manifest = Manifest {
        name: "kpn-things",
        version: Workspace::version(),
        licence: legal::LICENCE,
        commit: commit(workspace),
        archives: TARGETS
            .iter()
            .map(|target| Built::new(workspace, target))
            .collect::<anyhow::Result<_>>()?,
        packages: entries,
    };
    shell.write_file(
        dist.join("manifest.json"),
        serde_json::to_string_pretty(&manifest)? + "\n",
    )?;
    shell.write_file(dist.join("SHA256SUMS"), &sums)?;
    Ok(sums)
}
/// How an archive is compiled, according to Cargo.toml, `.cargo/config.toml` and this program; without folder names.
fn flags(workspace: &Workspace, target: &Target) -> anyhow::Result<Vec<String>> {
    let read = |file: &str| -> anyhow::Result<toml::Table> {
        Ok(workspace.shell.read_file(file)?.parse()?)
    };
    let manifest = read("Cargo.toml")?;
    let release = &manifest["profile"]["release"];
    let level = match target.family {
        Family::Linux => "3",
        _ => release["opt-level"].as_str().context("a level")?,
    };
    let mut flags = vec![
        format!("-Copt-level={level}"),
        format!("-Clto={}", release["lto"].as_str().context("lto")?),
        format!(
            "-Ccodegen-units={}",
            release["codegen-units"].as_integer().context("units")?
        ),
        format!("-Cpanic={}", release["panic"].as_str().context("panic")?),
    ];
    let config = read(".cargo/config.toml")?;
    let sections = [
        (target.is_bare_metal(), "cfg(target_os = \"none\")"),
        (true, target.triple),
    ];
    for (_, section) in sections.iter().filter(|(applies, _)| *applies) {
        let more = config["target"]
            .get(section)
            .and_then(|section| section["rustflags"].as_array());
        for flag in more.into_iter().flatten() {
            flags.push(flag.as_str().context("a flag")?.to_owned());
        }
    }
    flags.extend(["-Cforce-unwind-tables=no", "--cfg=kpn_archive"].map(str::to_owned));
    flags.dedup();
    Ok(flags)
}
