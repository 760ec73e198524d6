// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library as one C file, for compilers without an archive.
//!
//! The crate is compiled to one relocatable WebAssembly object, whose relocations tell which numbers are addresses. The generated C can
//! therefore use the machine's own memory: constants become C objects, function indices become function pointers, and the stack of the
//! object becomes an array in each function that uses it. The result needs no runtime and no static memory, and is re-entrant like the
//! archives. The object imports only memory functions, which shows that nothing in it can panic.

mod build;
mod check;
mod control;
mod data;
mod expression;
mod names;
mod object;
mod operators;
mod origin;
mod print;
mod prototypes;
mod statement;
#[cfg(test)]
mod tests;
mod tidy;
mod translate;
mod windowed;
mod write;

use std::path::PathBuf;

use crate::workspace::Workspace;

pub use build::{build, object};
pub use check::check;
pub use windowed::check as check_windowed;

/// Name of the file.
pub const FILE_NAME: &str = "kpn_things.c";

/// Writes the file and prints its path.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let path: PathBuf = build(workspace)?;
    let lines = workspace.shell.read_file(&path)?.lines().count();
    println!("{}: {lines} lines", path.display());
    Ok(())
}
