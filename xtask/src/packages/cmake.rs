// SPDX-License-Identifier: MIT OR Apache-2.0
//! Projects that use CMake: every way to find the library, every target, and what must be refused.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, ensure};
use xshell::cmd;

use super::place::{Place, aloud};
use crate::target::{self, TARGETS, Target};

/// Every way on this machine; every target through one package, and through its own.
pub fn check(place: &Place) -> anyhow::Result<()> {
    let host = target::find("x86_64-linux")?;
    for target in place.archives.targets() {
        let prefix = place.package(None).display().to_string();
        consume(
            place,
            target,
            "find-package",
            "all",
            &[define("CMAKE_PREFIX_PATH", &prefix)],
        )?;
    }
    let own = place.package(Some(host)).display().to_string();
    consume(
        place,
        host,
        "find-package",
        "own",
        &[define("CMAKE_PREFIX_PATH", &own)],
    )?;
    let package = place.package(None).display().to_string();
    consume(
        place,
        host,
        "subdirectory",
        "package",
        &[define("KPN_THINGS", &package)],
    )?;
    let url = format!("file://{package}.tar.gz");
    consume(
        place,
        host,
        "fetch-content",
        "package",
        &[define("KPN_THINGS_URL", &url)],
    )?;
    from_source(place, host)?;
    for_another_core(place)?;
    refusals(place)?;
    println!(
        "CMake: {} targets, every way, wrong ones refused",
        TARGETS.len()
    );
    Ok(())
}

/// The sources as they are, and as installed.
fn from_source(place: &Place, host: &Target) -> anyhow::Result<()> {
    let shell = &place.workspace.shell;
    let source = place.workspace.path("").display().to_string();
    consume(
        place,
        host,
        "subdirectory",
        "source",
        &[define("KPN_THINGS", &source)],
    )?;
    // FetchContent with a folder instead of a URL, and with what the previous step has built.
    let built =
        place.path("subdirectory-source-x86_64-linux/kpn-things/cargo/release/libkpn_things.a");
    let fetched = [
        define("KPN_THINGS_URL", ""),
        define("FETCHCONTENT_SOURCE_DIR_KPN_THINGS", &source),
        define("KPN_THINGS_ARCHIVE", &built.display().to_string()),
    ];
    consume(place, host, "fetch-content", "source", &fetched)?;

    let build = place.path("install-build");
    let prefix = place.path("installed");
    let archive = define("KPN_THINGS_ARCHIVE", &built.display().to_string());
    aloud(cmd!(
        shell,
        "cmake -S {source} -B {build} --log-level=WARNING -DKPN_THINGS_TESTS=OFF
         -DCMAKE_INSTALL_LIBDIR=lib/of/some/depth {archive}"
    ))?;
    aloud(cmd!(shell, "cmake --build {build}"))?;
    aloud(cmd!(shell, "cmake --install {build} --prefix {prefix}"))?;
    let package = prefix
        .join("lib/of/some/depth/cmake/kpn_things")
        .display()
        .to_string();
    consume(
        place,
        host,
        "find-package",
        "installed",
        &[define("kpn_things_DIR", &package)],
    )
}

/// The sources, cross-compiled: cargo must be called for the target of the compiler. A script stands in for cargo,
/// since `core` takes long to build, and delivers the archive that is there already.
fn for_another_core(place: &Place) -> anyhow::Result<()> {
    let shell = &place.workspace.shell;
    let script = place.path("cargo");
    let archives = place.package(None).join("lib").display().to_string();
    let list: String = TARGETS
        .iter()
        .map(|target| format!("{}) name={} ;;\n", target.triple, target.name))
        .collect();
    shell.write_file(
        &script,
        format!(
            "#!/bin/sh\nset -eu\nwhile [ $# -gt 0 ]; do\ncase $1 in\n--target) triple=$2 ;;\n--target-dir) folder=$2 ;;\nesac\nshift\ndone\n\
             case $triple in\n{list}esac\nmkdir -p \"$folder/$triple/release\"\n\
             cp \"{archives}/$name/libkpn_things.a\" \"$folder/$triple/release/\"\n"
        ),
    )?;
    cmd!(shell, "chmod +x {script}").quiet().run()?;
    let source = place.workspace.path("").display().to_string();
    let cargo = define("KPN_THINGS_CARGO", &script.display().to_string());
    for name in ["thumbv7em-hf", "riscv32imc", "i686-linux", "aarch64-linux"] {
        let target = target::find(name)?;
        consume(
            place,
            target,
            "subdirectory",
            "cross",
            &[define("KPN_THINGS", &source), cargo.clone()],
        )?;
        let built = place.path(&format!(
            "subdirectory-cross-{name}/kpn-things/cargo/{}/release/libkpn_things.a",
            target.triple
        ));
        ensure!(built.exists(), "{name}: cargo was asked for another target");
    }
    Ok(())
}

/// What cannot work is refused with a message that says why.
fn refusals(place: &Place) -> anyhow::Result<()> {
    let of = |name: &str| target::find(name);
    let package = |name: &str| -> anyhow::Result<String> {
        Ok(define(
            "CMAKE_PREFIX_PATH",
            &place.package(Some(of(name)?)).display().to_string(),
        ))
    };
    let all = define(
        "CMAKE_PREFIX_PATH",
        &place.package(None).display().to_string(),
    );
    let toolchain = |name: &str| -> anyhow::Result<String> {
        Ok(define(
            "CMAKE_TOOLCHAIN_FILE",
            &place.toolchain(of(name)?)?.display().to_string(),
        ))
    };
    let project = format!("-S{}", place.path("projects/find-package").display());
    let is_for = |builds: &str, package: &str| {
        [
            format!("the compiler builds for {builds}"),
            format!("this package is for {package}"),
        ]
    };

    for (builds, has) in [
        ("thumbv7em", "thumbv7em-hf"),
        ("thumbv7em-hf", "thumbv7em"),
        ("thumbv6m", "thumbv7m"),
        ("thumbv7m", "x86_64-linux"),
        ("i686-linux", "x86_64-linux"),
        ("aarch64-linux", "armv7-linux"),
        ("armv7-linux", "thumbv7em-hf"),
        ("riscv32imc", "riscv32imac"),
    ] {
        let words = is_for(builds, has);
        place.refused(
            &format!("{builds}-with-{has}"),
            &[project.clone(), toolchain(builds)?, package(has)?],
            &[&words[0], &words[1]],
        )?;
    }
    let flags = |flags: &str| define("CMAKE_C_FLAGS", flags);
    place.refused(
        "no-core",
        &[
            project.clone(),
            toolchain("thumbv7m")?,
            all.clone(),
            flags("-marm"),
        ],
        &["the flags name no Cortex-M", "-mcpu"],
    )?;
    place.refused(
        "float-registers",
        &[
            project.clone(),
            toolchain("riscv32imc")?,
            all.clone(),
            flags("-march=rv32imfc -mabi=ilp32f"),
        ],
        &["-mabi=ilp32 only"],
    )?;
    place.refused(
        "64-bits",
        &[
            project.clone(),
            toolchain("riscv32imc")?,
            all.clone(),
            flags("-march=rv64imac -mabi=lp64"),
        ],
        &["32-bit RISC-V only"],
    )?;
    place.refused(
        "too-old",
        &[
            format!("-S{}", place.path("projects/too-old").display()),
            all,
        ],
        &["kpn_things", "requested version \"1.0\""],
    )?;
    let source = define(
        "KPN_THINGS",
        &place.workspace.path("").display().to_string(),
    );
    place.refused(
        "source-without-cargo",
        &[
            format!("-S{}", place.workspace.path("").display()),
            define("KPN_THINGS_CARGO", "no-such-cargo"),
        ],
        &["there is no cargo", "KPN_THINGS_ARCHIVE"],
    )?;
    place.refused(
        "source-without-a-core",
        &[
            format!("-S{}", place.path("projects/subdirectory").display()),
            source,
            toolchain("thumbv7m")?,
            flags("-marm"),
        ],
        &["the flags name no Cortex-M", "KPN_THINGS_RUST_TARGET"],
    )
}

/// Configures, builds and runs one consumer project for a target.
fn consume(
    place: &Place,
    target: &Target,
    project: &str,
    way: &str,
    defines: &[String],
) -> anyhow::Result<()> {
    let shell = &place.workspace.shell;
    let source = place.path("projects").join(project);
    let build = place.path(&format!("{project}-{way}-{}", target.name));
    let toolchain: PathBuf = place.toolchain(target)?;
    let at = || format!("{project} from {way} for {}", target.name);
    aloud(cmd!(
        shell,
        "cmake -S {source} -B {build} -DCMAKE_TOOLCHAIN_FILE={toolchain} {defines...}"
    ))
    .with_context(at)?;
    aloud(cmd!(shell, "cmake --build {build}")).with_context(at)?;
    let program: &Path = &build.join("firmware");
    place.run(target, program).with_context(at)
}

fn define(name: &str, value: &str) -> String {
    format!("-D{name}={value}")
}
