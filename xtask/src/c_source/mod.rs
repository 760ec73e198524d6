// SPDX-License-Identifier: MIT OR Apache-2.0
//! The library as one file of C for compilers that no archive is made for.
//!
//! The crate is compiled to one relocatable object of WebAssembly, whose relocations tell which numbers are addresses. So memory stays
//! the machine's own: constants become objects of C, indices of functions become pointers to functions, and the stack of the object
//! becomes an array in each function that has one. What comes out needs no runtime and no static memory, and is re-entrant as the
//! archives are. The object asks for memory functions only, which shows that nothing in it can panic.

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

/// Writes the file and says where it is.
pub fn run(workspace: &Workspace) -> anyhow::Result<()> {
    let path: PathBuf = build(workspace)?;
    let lines = workspace.shell.read_file(&path)?.lines().count();
    println!("{}: {lines} lines", path.display());
    Ok(())
}
