// SPDX-License-Identifier: MIT OR Apache-2.0
//! Archive files without any time, owner or order of the machine that made them: the same content gives the same bytes.

use std::path::Path;

use xshell::cmd;

use super::Archives;
use crate::{archive, workspace::Workspace};

/// Files of the repository that every package has: what is copied, and to which folder of the package.
pub const COMMON: [(&str, &str); 5] = [
    ("include/kpn_things.h", "include"),
    ("LICENSE-MIT", "."),
    ("LICENSE-APACHE", "."),
    ("THIRD-PARTY-NOTICES", "."),
    ("CHANGELOG.md", "."),
];

/// Copies files of the repository into folders below `to`, which are created as needed.
pub fn copy(workspace: &Workspace, files: &[(&str, &str)], to: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    for (file, folder) in files {
        let folder = to.join(folder);
        shell.create_dir(&folder)?;
        shell.copy_file(workspace.path(file), folder)?;
    }
    Ok(())
}

/// Copies the archives of some targets, each given with its folder below `to`.
pub fn archives<'a>(
    workspace: &Workspace,
    archives: &Archives,
    folders: impl IntoIterator<Item = (&'a str, &'a str)>,
    to: &Path,
) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    for (folder, target) in folders {
        let to = to.join(folder);
        shell.create_dir(&to)?;
        shell.copy_file(archives.of(target)?, to.join(archive::FILE_NAME))?;
    }
    Ok(())
}

/// Writes a manifest `name.in` of the repository into a package as `name`, with the version filled in.
pub fn manifest(workspace: &Workspace, file: &str, to: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let text = shell.read_file(workspace.path(file))?;
    let name = Path::new(file).file_stem().unwrap_or_default();
    shell.write_file(
        to.join(name),
        text.replace("@VERSION@", Workspace::version()),
    )?;
    Ok(())
}

/// Copies a folder of the repository, with all files in it that git tracks.
pub fn tree(workspace: &Workspace, from: &str, to: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let files = cmd!(
        shell,
        "git ls-files --cached --others --exclude-standard -- {from}"
    )
    .quiet()
    .read()?;
    for file in files.lines() {
        let to = to.join(Path::new(file).strip_prefix(from)?);
        shell.create_dir(to.parent().unwrap_or(&to))?;
        shell.copy_file(workspace.path(file), to)?;
    }
    Ok(())
}

/// An empty folder `name` in which to assemble a package, whatever was there before.
pub fn staging(
    workspace: &Workspace,
    kind: &str,
    name: &str,
) -> anyhow::Result<std::path::PathBuf> {
    let folder = workspace.scratch(&format!("dist/{kind}"))?.join(name);
    workspace.shell.remove_path(&folder)?;
    workspace.shell.create_dir(&folder)?;
    Ok(folder)
}

/// Packs a folder, under its own name, into `file`.
pub fn tar_gz(workspace: &Workspace, folder: &Path, file: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let (parent, name) = split(folder)?;
    let tar = folder.with_added_extension("tar");
    cmd!(
        shell,
        "tar --create --sort=name --mtime=@0 --owner=0 --group=0 --numeric-owner --mode=u=rwX,go=rX --format=ustar
         --file {tar} --directory {parent} {name}"
    )
    .quiet()
    .run()?;
    cmd!(shell, "gzip --no-name --best --force {tar}")
        .quiet()
        .run()?;
    shell.copy_file(tar.with_added_extension("gz"), file)?;
    Ok(())
}

/// Packs a folder, under its own name, into `file`.
pub fn zip(workspace: &Workspace, folder: &Path, file: &Path) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let (parent, name) = split(folder)?;
    shell.remove_path(file)?;
    let within = shell.push_dir(parent);
    // The earliest time that the format can represent.
    cmd!(
        shell,
        "find {name} -exec touch --no-dereference --date=1980-01-01T00:00:00Z"
    )
    .args(["{}", "+"])
    .quiet()
    .run()?;
    cmd!(shell, "chmod -R u=rwX,go=rX {name}").quiet().run()?;
    let files = cmd!(shell, "find {name} -type f").quiet().read()?;
    let mut files: Vec<_> = files.lines().collect();
    files.sort_unstable();
    cmd!(shell, "zip --quiet -X -9 {file} -@")
        .env("TZ", "UTC")
        .stdin(files.join("\n"))
        .quiet()
        .run()?;
    drop(within);
    Ok(())
}

fn split(folder: &Path) -> anyhow::Result<(&Path, &std::ffi::OsStr)> {
    folder
        .parent()
        .zip(folder.file_name())
        .ok_or_else(|| anyhow::anyhow!("{} is no folder in a folder", folder.display()))
}
