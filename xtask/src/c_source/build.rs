// SPDX-License-Identifier: MIT OR Apache-2.0
//! From the crate to the C file: cargo makes the object, and the translator reads it.

use std::{
    fs::{self, File},
    path::PathBuf,
};

use anyhow::{Context as _, ensure};
use object::read::archive::ArchiveFile;
use xshell::cmd;

use super::{FILE_NAME, object as wasm, print};
use crate::{
    archive::{self, Toolchain},
    target::Target,
    workspace::Workspace,
};

/// A machine with 32-bit pointers, whose instructions C has too.
const TRIPLE: &str = "wasm32v1-none";

/// Instructions that are one operator or one cast in C, and several without these features.
const FEATURES: &str = "-Ctarget-feature=+sign-ext,+nontrapping-fptoint";

/// Writes the file below `target/` and returns its path.
pub fn build(workspace: &Workspace) -> anyhow::Result<PathBuf> {
    // Test steps run in parallel.
    let folder = workspace.scratch("c-source")?;
    let lock = File::create(folder.join("lock"))?;
    lock.lock()?;
    let object = compile(workspace)?;
    let text = translate(workspace, &object)?;
    let path = folder.join(FILE_NAME);
    // An unchanged file is not written again: another step may be reading it.
    if fs::read_to_string(&path).is_ok_and(|before| before == text) {
        return Ok(path);
    }
    fs::write(&path, text)?;
    Ok(path)
}

/// The file compiled to an object for one target, as firmware compiles it.
pub fn object(workspace: &Workspace, target: &Target) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let file = build(workspace)?;
    let (gcc, flags) = (target.gcc(), target.gcc_flags);
    let object = workspace
        .scratch("c-source")?
        .join(format!("{}.o", target.name));
    // One section per function, like a C library.
    let specs = ["--specs=picolibc.specs"].repeat(usize::from(target.is_bare_metal()));
    cmd!(
        shell,
        "{gcc} {flags...} {specs...} -std=c99 -Os -ffunction-sections -fdata-sections -I include -c {file} -o {object}"
    )
    .quiet()
    .run()?;
    Ok(object)
}

fn translate(workspace: &Workspace, object: &[u8]) -> anyhow::Result<String> {
    let header = workspace.shell.read_file("include/kpn_things.h")?;
    let head = format!(
        "/*\n * KPN Things {}: the whole library as one file of C99, to compile beside kpn_things.h. Generated from its Rust sources: do not edit.\n \
         * For little-endian machines with pointers of 32 bits. Asks for memcpy, memmove, memset, memcmp and strlen, and has no static memory.\n \
         * SPDX-License-Identifier: MIT OR Apache-2.0\n */\n",
        Workspace::version()
    );
    let object = wasm::read(object).context("the object of the library")?;
    print::file(&object, &header, &head)
}

/// Runs cargo and returns the library's object from the archive.
fn compile(workspace: &Workspace) -> anyhow::Result<Vec<u8>> {
    let shell = &workspace.shell;
    let toolchain = Toolchain::for_triple(workspace, TRIPLE)?;
    let folder = workspace.scratch(&format!("cargo-c-source-{toolchain:?}"))?;
    let mut flags = archive::rust_flags(workspace, toolchain)?;
    flags.push(FEATURES.to_owned());
    // Joined with those of .cargo/config.toml.
    let config = format!("target.'cfg(all())'.rustflags={flags:?}");
    let remap = format!(
        "--remap-path-prefix={}=kpn-things",
        workspace.path("").display()
    );
    let mut command = cmd!(
        shell,
        "cargo rustc --quiet --release --package kpn-things --features capi --lib --crate-type staticlib --locked
         --target {TRIPLE} --target-dir {folder} --config {config}"
    );
    if toolchain == Toolchain::Debian {
        command = command
            .arg("-Zbuild-std=core")
            .env("RUSTC", archive::DEBIAN_RUSTC)
            .env("RUSTC_BOOTSTRAP", "1");
    }
    command
        .args(["--", "--cfg", "kpn_archive", &remap])
        // For the source locations in the comments.
        .env("CARGO_PROFILE_RELEASE_DEBUG", "line-tables-only")
        .env_remove("RUSTFLAGS")
        .env_remove("CARGO_ENCODED_RUSTFLAGS")
        .quiet()
        .run()?;
    let raw = folder.join(TRIPLE).join("release").join(archive::FILE_NAME);
    let bytes = shell.read_binary_file(raw)?;
    let mut own = Vec::new();
    for member in ArchiveFile::parse(bytes.as_slice())?.members() {
        let member = member?;
        if member.name().starts_with(b"kpn_things") {
            own.push(member.data(bytes.as_slice())?.to_vec());
        }
    }
    ensure!(own.len() == 1, "{} objects of the library", own.len());
    Ok(own.remove(0))
}
