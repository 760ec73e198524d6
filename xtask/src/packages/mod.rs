//! Projects that use the packages as their users do: unpacked, in an empty folder outside of the repository.

pub mod arduino;
mod cmake;
mod flags;
mod lines;
mod make;
mod place;
mod properties;
pub mod zephyr;

use crate::workspace::Workspace;

/// Every way into a project, for every target.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    lines::check(workspace)?;
    let place = place::Place::new(workspace)?;
    cmake::check(&place)?;
    make::check(&place)?;
    flags::check(&place)
}
