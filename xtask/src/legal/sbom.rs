// SPDX-License-Identifier: MIT OR Apache-2.0
//! Bills of materials, in SPDX and in CycloneDX: made by cargo-sbom, completed with what the compiler brings, and without what differs
//! from run to run.

use std::path::Path;

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};
use xshell::cmd;

use super::{LIBRARY, LICENCE, linked, tool};
use crate::{archive::Toolchain, dist::Package, target::TARGETS, workspace::Workspace};

const OWNER: &str = "The kpn-things authors";

/// Compilers in full, each with its release.
type Compilers = Vec<(String, String)>;

/// What a bill is about.
pub struct Subject {
    /// The package in this workspace.
    package: &'static str,
    manifest: &'static str,
    /// What it contains besides crates: name and licence.
    of_the_compiler: &'static [(&'static str, &'static str)],
    /// Each compiler that builds it here, and its release.
    compilers: fn(&Workspace) -> anyhow::Result<Compilers>,
}

/// The archives.
pub const ARCHIVES: Subject = Subject {
    package: LIBRARY,
    manifest: "Cargo.toml",
    of_the_compiler: &[
        ("core", LICENCE),
        (
            "compiler_builtins",
            "MIT AND Apache-2.0 WITH LLVM-exception AND (MIT OR Apache-2.0)",
        ),
    ],
    compilers: compilers_of_archives,
};

/// The simulator as a program.
pub const SIMULATOR: Subject = Subject {
    package: "kpn-things-simulator",
    manifest: "simulator/Cargo.toml",
    of_the_compiler: &[("std", LICENCE)],
    compilers: compiler_of_programs,
};

/// Writes both formats into a folder.
pub fn write(
    workspace: &Workspace,
    subject: &Subject,
    folder: &Path,
) -> anyhow::Result<Vec<Package>> {
    let name = format!("{}-{}", subject.package, Workspace::version());
    let files = [
        (format!("{name}.spdx.json"), spdx(workspace, subject)?),
        (format!("{name}.cdx.json"), cyclone_dx(workspace, subject)?),
    ];
    let mut packages = Vec::new();
    for (file, content) in files {
        let text = serde_json::to_string_pretty(&content)? + "\n";
        workspace.shell.write_file(folder.join(&file), text)?;
        packages.push(Package {
            kind: "sbom",
            file,
            targets: Vec::new(),
        });
    }
    Ok(packages)
}

/// External validators accept all; two runs give the same, with every crate in it.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    for subject in [&ARCHIVES, &SIMULATOR] {
        check_subject(workspace, subject).context(subject.package)?;
    }
    println!("SPDX and CycloneDX, taken by validators");
    Ok(())
}

fn check_subject(workspace: &Workspace, subject: &Subject) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("legal")?;
    let python = workspace.path("target/python/bin/python3");
    let files: Vec<_> = write(workspace, subject, &folder)?
        .into_iter()
        .map(|package| folder.join(package.file))
        .collect();
    let all = &files;
    cmd!(shell, "{python} -B xtask/sbom.py {all...}")
        .quiet()
        .run()?;
    for file in &files {
        let text = shell.read_file(file)?;
        for each in linked(workspace, subject.package, None)? {
            // Percent-encoded, as a purl has it.
            let version = each.version.replace('+', "%2B");
            let reference = if each.name.starts_with(LIBRARY) {
                // It comes from this workspace instead of a registry.
                format!("\"name\": \"{}\"", each.name)
            } else {
                format!("pkg:cargo/{}@{version}", each.name)
            };
            ensure!(
                text.contains(&reference),
                "{} lacks {reference}",
                file.display()
            );
        }
        // A test of the test.
        let wrong = folder.join(format!(
            "wrong-{}",
            file.file_name().unwrap_or_default().to_string_lossy()
        ));
        let damaged = text.replace(&format!("\"{LICENCE}\""), "\"MIT OR Nothing\"");
        shell.write_file(&wrong, damaged.replace("\"library\"", "\"libary\""))?;
        let refused = cmd!(shell, "{python} -B xtask/sbom.py {wrong}")
            .quiet()
            .ignore_stdout()
            .ignore_stderr()
            .run();
        ensure!(refused.is_err(), "a damaged {} is taken", file.display());
    }
    let first = [spdx(workspace, subject)?, cyclone_dx(workspace, subject)?];
    ensure!(
        first == [spdx(workspace, subject)?, cyclone_dx(workspace, subject)?],
        "made again, the bills differ"
    );
    Ok(())
}

/// SPDX 2.3.
fn spdx(workspace: &Workspace, subject: &Subject) -> anyhow::Result<Value> {
    let mut bill = made(workspace, subject, "spdx_json_2_3")?;
    // What the specification does not allow: a download location that is not a URL, and an underscore in an identifier.
    for package in array(&mut bill, "packages")? {
        if package["downloadLocation"]
            .as_str()
            .is_some_and(|place| place.starts_with("registry+"))
        {
            package["downloadLocation"] = json!("NOASSERTION");
        }
    }
    let text = bill.to_string();
    let mut bill: Value =
        serde_json::from_str(&text.replace("SPDXRef-File-kpn_things", "SPDXRef-File-kpn-things"))?;
    bill["creationInfo"]["created"] = json!(commit_time(workspace));
    bill["documentNamespace"] = json!(format!(
        "https://spdx.org/spdxdocs/{}-{}",
        subject.package,
        identity(workspace, subject)?
    ));
    let version = Workspace::version();
    let whole = format!("SPDXRef-Package-{}-{version}", subject.package);
    for (name, licence) in subject.of_the_compiler {
        for (compiler, release) in (subject.compilers)(workspace)? {
            let id = format!("SPDXRef-Package-{}-{release}", name.replace('_', "--"));
            array(&mut bill, "packages")?.push(json!({
                "SPDXID": id, "name": name, "versionInfo": release, "comment": format!("of {compiler}"),
                "downloadLocation": "https://github.com/rust-lang/rust", "licenseConcluded": licence, "licenseDeclared": licence,
            }));
            array(&mut bill, "relationships")?.push(json!({
                "spdxElementId": whole, "relationshipType": "DEPENDS_ON", "relatedSpdxElement": id,
            }));
        }
    }
    for (list, key) in [("packages", "SPDXID"), ("relationships", "spdxElementId")] {
        sort(array(&mut bill, list)?, key);
    }
    Ok(bill)
}

/// CycloneDX 1.6.
fn cyclone_dx(workspace: &Workspace, subject: &Subject) -> anyhow::Result<Value> {
    let mut bill = made(workspace, subject, "cyclone_dx_json_1_6")?;
    bill["metadata"]["timestamp"] = json!(commit_time(workspace));
    bill["metadata"]["authors"] = json!([{ "name": OWNER }]);
    bill["serialNumber"] = json!(format!("urn:uuid:{}", identity(workspace, subject)?));
    let version = Workspace::version();
    let whole = format!("CycloneDxRef-Component-{}-{version}", subject.package);
    let mut more = Vec::new();
    for (name, licence) in subject.of_the_compiler {
        for (compiler, release) in (subject.compilers)(workspace)? {
            let reference = format!("CycloneDxRef-Component-{name}-{release}");
            array(&mut bill, "components")?.push(json!({
                "bom-ref": reference, "type": "library", "name": name, "version": release, "description": format!("of {compiler}"),
                "licenses": [{ "expression": licence }],
                "externalReferences": [{ "type": "vcs", "url": "https://github.com/rust-lang/rust" }],
            }));
            more.push(json!(reference));
        }
    }
    let dependencies = array(&mut bill, "dependencies")?;
    for each in dependencies.iter_mut() {
        if each["ref"] == whole {
            array(each, "dependsOn")?.append(&mut more);
        }
        sort(array(each, "dependsOn")?, "");
    }
    sort(dependencies, "ref");
    sort(array(&mut bill, "components")?, "bom-ref");
    ensure!(more.is_empty(), "the bill does not know what it is about");
    Ok(bill)
}

fn made(workspace: &Workspace, subject: &Subject, format: &str) -> anyhow::Result<Value> {
    let shell = &workspace.shell;
    let tool = tool(workspace, "cargo-sbom")?;
    let package = subject.package;
    let text = cmd!(
        shell,
        "{tool} --cargo-package {package} --output-format {format}"
    )
    .quiet()
    .read()?;
    Ok(serde_json::from_str(&text)?)
}

fn compiler_of_programs(workspace: &Workspace) -> anyhow::Result<Compilers> {
    let version = cmd!(workspace.shell, "rustc --version").quiet().read()?;
    let release = release(&version)?;
    Ok(vec![(version, release)])
}

fn release(version: &str) -> anyhow::Result<String> {
    let mut words = version.split_whitespace();
    Ok(words.nth(1).context("a version has a number")?.to_owned())
}

fn compilers_of_archives(workspace: &Workspace) -> anyhow::Result<Compilers> {
    let mut all = Compilers::new();
    for target in TARGETS {
        let version = Toolchain::of(workspace, target)?.version(workspace)?;
        let release = release(&version)?;
        if !all.iter().any(|(_, known)| *known == release) {
            all.push((version, release));
        }
    }
    Ok(all)
}

/// In the form of a UUID; the same for the same version and dependencies.
fn identity(workspace: &Workspace, subject: &Subject) -> anyhow::Result<String> {
    let shell = &workspace.shell;
    let manifest = subject.manifest;
    let sum = cmd!(shell, "sha256sum {manifest} Cargo.lock")
        .quiet()
        .read()?;
    let digits: String = sum
        .split_whitespace()
        .step_by(2)
        .map(|sum| sum.get(..16).unwrap_or_default())
        .collect();
    let part = |from: usize, to: usize| digits.get(from..to).context("two sums");
    // Version 8 and variant 2 of RFC 9562: the rest is our own choice.
    Ok(format!(
        "{}-{}-8{}-a{}-{}",
        part(0, 8)?,
        part(8, 12)?,
        part(13, 16)?,
        part(17, 20)?,
        part(20, 32)?
    ))
}

/// When the sources were committed; without git, the epoch.
fn commit_time(workspace: &Workspace) -> String {
    let shell = &workspace.shell;
    cmd!(
        shell,
        "git log -1 --format=%cd --date=format-local:%Y-%m-%dT%H:%M:%SZ"
    )
    .env("TZ", "UTC")
    .quiet()
    .ignore_stderr()
    .read()
    .unwrap_or_else(|_| "1970-01-01T00:00:00Z".to_owned())
}

fn array<'a>(value: &'a mut Value, field: &str) -> anyhow::Result<&'a mut Vec<Value>> {
    value
        .get_mut(field)
        .and_then(Value::as_array_mut)
        .with_context(|| format!("the bill has no `{field}`"))
}

/// Sorts by the text of a field, then by everything.
fn sort(list: &mut [Value], key: &str) {
    list.sort_by_cached_key(|each| {
        let first = each.get(key).and_then(Value::as_str).unwrap_or_default();
        (first.to_owned(), each.to_string())
    });
}
