// SPDX-License-Identifier: MIT OR Apache-2.0
//! Consumers without CMake: pkg-config, and archive and header by hand.

use std::path::Path;

use anyhow::Context as _;
use xshell::cmd;

use super::place::{Place, aloud, board};
use crate::target::{self, Target};

/// pkg-config finds the package of a target, and each folder of the package with all; it also works by hand.
pub fn check(place: &Place) -> anyhow::Result<()> {
    let host = target::find("x86_64-linux")?;
    let all = place.package(None);
    for target in place.archives.targets() {
        let folder = all.join("lib").join(target.name).join("pkgconfig");
        make(place, target, "pkg-config", &folder, &[])?;
    }
    let own = place.package(Some(host)).join("lib/pkgconfig");
    make(place, host, "pkg-config", &own, &[])?;
    let by_hand = [format!("KPN_THINGS={}", all.display())];
    make(
        place,
        target::find("thumbv7em-hf")?,
        "by-hand",
        Path::new(""),
        &by_hand,
    )?;
    println!("pkg-config for every target, and by hand");
    Ok(())
}

fn make(
    place: &Place,
    target: &Target,
    project: &str,
    path: &Path,
    settings: &[String],
) -> anyhow::Result<()> {
    let shell = &place.workspace.shell;
    let folder = place.path("projects").join(project);
    let gcc = target.gcc();
    let mut flags = target.gcc_flags.join(" ");
    let mut link = String::new();
    if let Some(board) = board(target)? {
        flags += " --specs=picolibc.specs";
        link = format!("--crt0=semihost --oslib=semihost {}", board.memory());
    }
    let at = || format!("{project} for {}", target.name);
    aloud(
        cmd!(
            shell,
            "make --always-make --directory {folder} CC={gcc} LDFLAGS={link} {settings...}"
        )
        .env("CFLAGS", flags)
        .env("PKG_CONFIG_PATH", path),
    )
    .with_context(at)?;
    place.run(target, &folder.join("firmware")).with_context(at)
}
