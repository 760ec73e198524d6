// SPDX-License-Identifier: MIT OR Apache-2.0
//! Linked in each way that the pages show, without any flags of the user's own, a feature costs what the table says.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::cmd;

use super::place::{Place, aloud};
use crate::{
    cost,
    target::{self, Target},
};

const FEATURE: &str = "uplink";
const PERCENT: u64 = 5;

/// CMake and pkg-config, on the cores of the table's first rows.
pub fn check(place: &Place) -> anyhow::Result<()> {
    for name in ["thumbv6m", "thumbv7m"] {
        let target = target::find(name)?;
        let table = cost::flash_of(&place.workspace, target, place.archives.of(name)?, FEATURE)?;
        for (way, link) in [
            ("find_package", with_cmake as Way),
            ("pkg-config", with_pkg_config),
        ] {
            let with = cost::loaded(&link(place, target, cost::defines(FEATURE)?)?)?;
            let without = cost::loaded(&link(place, target, &[])?)?;
            let bytes = with - without;
            println!("{name}, {FEATURE} by {way}: {bytes} bytes, {table} in the table");
            ensure!(
                bytes.abs_diff(table) * 100 <= table * PERCENT,
                "more than {PERCENT} % from it"
            );
        }
        check_can_fail(place, target, table)?;
    }
    Ok(())
}

/// Links the firmware of the report with some features, and answers where it is.
type Way = fn(&Place, &Target, &[&str]) -> anyhow::Result<PathBuf>;

fn with_cmake(place: &Place, target: &Target, defines: &[&str]) -> anyhow::Result<PathBuf> {
    let shell = &place.workspace.shell;
    let project = place.path("projects/cost");
    let build = place.path(&format!("cost-{}-{}", target.name, defines.len()));
    let (package, gcc, flags) = (place.package(None), target.gcc(), flags(target).join(" "));
    let sources = place.workspace.path("tests/firmware");
    let features: Vec<_> = defines.iter().map(|define| &define[2..]).collect();
    let features = features.join(";");
    aloud(cmd!(
        shell,
        "cmake -S {project} -B {build} -DCMAKE_SYSTEM_NAME=Generic -DCMAKE_C_COMPILER={gcc} -DCMAKE_C_FLAGS={flags}
         -DCMAKE_TRY_COMPILE_TARGET_TYPE=STATIC_LIBRARY -DCMAKE_PREFIX_PATH={package}
         -DCMAKE_BUILD_TYPE=MinSizeRel -DSOURCES={sources} -DFEATURES={features}"
    ))?;
    aloud(cmd!(shell, "cmake --build {build}"))?;
    Ok(build.join("firmware"))
}

fn with_pkg_config(place: &Place, target: &Target, defines: &[&str]) -> anyhow::Result<PathBuf> {
    let shell = &place.workspace.shell;
    let folder = place
        .package(None)
        .join("lib")
        .join(target.name)
        .join("pkgconfig");
    let words = cmd!(shell, "pkg-config --cflags --libs kpn_things")
        .env("PKG_CONFIG_PATH", folder)
        .quiet()
        .read()?;
    let words: Vec<_> = words.split_whitespace().collect();
    link(place, target, defines, &words)
}

fn link(
    place: &Place,
    target: &Target,
    defines: &[&str],
    library: &[&str],
) -> anyhow::Result<PathBuf> {
    let shell = &place.workspace.shell;
    let elf = place.path(&format!("cost-{}-{}.elf", target.name, defines.len()));
    let (gcc, flags) = (target.gcc(), flags(target));
    cmd!(
        shell,
        "{gcc} {flags...} -Os {defines...} tests/firmware/cost.c {library...} -o {elf}"
    )
    .ignore_stderr()
    .quiet()
    .run()?;
    Ok(elf)
}

/// The flags that a project has for its core and C library anyway: those for newlib, since picolibc's specs
/// garbage-collect sections by default.
fn flags(target: &Target) -> Vec<&'static str> {
    [
        target.gcc_flags,
        &["--specs=nano.specs", "--specs=nosys.specs"],
    ]
    .concat()
}

/// The check itself is tested: an archive that is linked as a whole must be noticed.
fn check_can_fail(place: &Place, target: &Target, table: u64) -> anyhow::Result<()> {
    let package = place.package(None);
    let include = format!("-I{}", package.join("include").display());
    let archive = package
        .join("lib")
        .join(target.name)
        .join("libkpn_things.a");
    let library = [include.as_str(), path(&archive)?];
    let with = cost::loaded(&link(place, target, cost::defines(FEATURE)?, &library)?)?;
    let without = cost::loaded(&link(place, target, &[], &library)?)?;
    ensure!(
        with - without > table * 2,
        "without sections collected, {FEATURE} takes {} bytes",
        with - without
    );
    Ok(())
}

fn path(path: &Path) -> anyhow::Result<&str> {
    path.to_str().context("a path in UTF-8")
}
