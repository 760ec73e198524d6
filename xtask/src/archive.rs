// SPDX-License-Identifier: MIT OR Apache-2.0
//! The archive that firmware links: one object in which only `kpn_*` is global, and which uses the memory and arithmetic helpers of the
//! chip's own toolchain.

use std::{
    env,
    fs::{self, File},
    hash::{DefaultHasher, Hasher as _},
    path::{Path, PathBuf},
    slice, thread,
};

use anyhow::{Context as _, anyhow, ensure};
use object::read::archive::ArchiveFile;
use xshell::cmd;

use crate::{
    symbols::Symbols,
    target::{self, Family, TARGETS, Target},
    target_spec,
    workspace::Workspace,
};

pub use crate::toolchain::{DEBIAN_RUSTC, Toolchain};

/// File name of every archive.
pub const FILE_NAME: &str = "libkpn_things.a";

/// How many cargo processes run at a time.
const FOLDERS: usize = 2;

/// The options with which an archive may be built.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Options {
    /// An unrolled SHA-256 schedule: 4 % fewer instructions per message, for 0.5 KB more.
    pub fast_sha: bool,
    /// For Arm cores that trap on unaligned words (`CCR.UNALIGN_TRP`): none is loaded or stored.
    pub strict_align: bool,
    /// With a deliberate panic path, to test the archive check.
    pub deliberate_panic: bool,
}

impl Options {
    fn folder(self, target: &Target) -> String {
        let fast = if self.fast_sha { "-fast-sha" } else { "" };
        let panic = if self.deliberate_panic {
            "-deliberate-panic"
        } else {
            ""
        };
        let strict = if self.strict_align {
            "-strict-align"
        } else {
            ""
        };
        format!("archive/{}{fast}{strict}{panic}", target.name)
    }
}

/// Builds for one target, given by name, or for all.
pub fn run(workspace: &Workspace, name: &str, options: Options) -> anyhow::Result<()> {
    let targets = if name == "all" {
        TARGETS
    } else {
        slice::from_ref(target::find(name)?)
    };
    for (target, archive) in targets.iter().zip(build_all(workspace, targets, options)?) {
        let toolchain = Toolchain::of(workspace, target)?.describe();
        println!(
            "{}, for {}, by {toolchain}: {}",
            target.name,
            target.cores,
            archive.display()
        );
    }
    Ok(())
}

/// The archive of a user who calls cargo without our flags, with Cargo.toml alone.
pub fn build_plain(workspace: &Workspace, target: &Target) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let (triple, folder) = (target.triple, workspace.scratch("plain")?);
    let mut command = cmd!(
        shell,
        "cargo rustc --quiet --release --package kpn-things --features capi --lib --crate-type staticlib --locked
         --target {triple} --target-dir {folder}"
    );
    if Toolchain::of(workspace, target)? == Toolchain::Debian {
        command = command
            .arg("-Zbuild-std=core")
            .env("RUSTC", DEBIAN_RUSTC)
            .env("RUSTC_BOOTSTRAP", "1");
    }
    command.quiet().run()?;
    Ok(folder.join(triple).join("release").join(FILE_NAME))
}

/// Builds for several targets, in their order, as many at a time as cargo has folders.
///
/// Building `core` keeps only one processor busy for most of the time, so one cargo after another would leave the others idle.
pub fn build_all<'a>(
    workspace: &Workspace,
    targets: impl IntoIterator<Item = &'a Target>,
    options: Options,
) -> anyhow::Result<Vec<PathBuf>> {
    let targets: Vec<_> = targets.into_iter().collect();
    let targets = &targets;
    thread::scope(|scope| {
        let builds = (0..FOLDERS).map(|turn| {
            let workspace = workspace.clone();
            scope.spawn(move || -> anyhow::Result<()> {
                for target in targets.iter().filter(|target| cargo_folder(target) == turn) {
                    build(&workspace, target, options)?;
                }
                Ok(())
            })
        });
        let builds: Vec<_> = builds.collect();
        builds
            .into_iter()
            .try_for_each(|build| build.join().map_err(|_| anyhow!("a build panicked"))?)
    })?;
    targets
        .iter()
        .map(|target| Ok(workspace.scratch(&options.folder(target))?.join(FILE_NAME)))
        .collect()
}

/// Builds the archive and returns its path.
///
/// Cargo writes the archives of all options to the same file, and test steps run in parallel, so this process holds a lock from cargo's
/// start until the archive has been read. An unchanged archive is not written again, since another step may be reading it.
pub fn build(workspace: &Workspace, target: &Target, options: Options) -> anyhow::Result<PathBuf> {
    let lock = format!("lock-{}", cargo_folder(target));
    let lock = File::create(workspace.scratch("archive")?.join(lock))?;
    lock.lock()?;
    let raw = compile(workspace, target, options)?;
    let folder = workspace.scratch(&options.folder(target))?;
    let (archive, stamp) = (folder.join(FILE_NAME), folder.join("made-of"));
    let made_of = made_of(workspace, &raw)?;
    if archive.exists() && fs::read_to_string(&stamp).is_ok_and(|before| before == made_of) {
        return Ok(archive);
    }
    let archive = finish(workspace, target, options, &raw, &folder)
        .with_context(|| format!("the archive for {}", target.name))?;
    fs::write(stamp, made_of)?;
    Ok(archive)
}

/// Changes with everything that an archive is made of, and with this program.
fn made_of(workspace: &Workspace, raw: &Path) -> anyhow::Result<String> {
    let mut hasher = DefaultHasher::new();
    hasher.write(&fs::read(raw)?);
    hasher.write(&fs::read(workspace.path("xtask/aeabi_mem.c"))?);
    hasher.write(&fs::read(env::current_exe()?)?);
    Ok(format!("{:x}", hasher.finish()))
}

/// Cargo locks its folder. Each target always uses the same folder, so that nothing is built twice.
fn cargo_folder(target: &Target) -> usize {
    TARGETS
        .iter()
        .position(|other| other.name == target.name)
        .unwrap_or_default()
        % FOLDERS
}

/// Runs cargo; the result still contains `compiler_builtins` and global Rust names.
fn compile(workspace: &Workspace, target: &Target, options: Options) -> anyhow::Result<PathBuf> {
    let mut cargo = Cargo::of(workspace, target)?;
    if options.strict_align {
        ensure!(
            target.family == Family::Arm,
            "{}: only Arm cores trap",
            target.name
        );
        // These flags also apply to `core`, which therefore has its own folder.
        cargo
            .flags
            .push("-Ctarget-feature=+strict-align".to_owned());
        cargo.folder = workspace.scratch("cargo-strict-align")?;
    }
    // Here and not for all crates, so that crates from elsewhere need not be recompiled when the repository moves.
    let remap = format!(
        "--remap-path-prefix={}=kpn-things",
        workspace.path("").display()
    );
    let mut flags = vec!["--cfg", "kpn_archive", remap.as_str()];
    if cargo.toolchain == Toolchain::Debian {
        // For the report; the shipped archive does not contain the section.
        flags.push("-Zemit-stack-sizes");
    }
    if options.deliberate_panic {
        flags.extend(["--cfg", "kpn_deliberate_panic"]);
    }
    let mut which = vec!["--package", "kpn-things"];
    let features = match target.family {
        Family::Linux => "posix",
        _ => "capi",
    };
    which.extend(["--features", features]);
    if options.fast_sha {
        which.extend(["--features", "fast-sha"]);
    }
    cargo.run(workspace, target, &which, &flags)?;
    Ok(cargo
        .folder
        .join(target.triple)
        .join("release")
        .join(FILE_NAME))
}

/// A third party's Rust archive, as cargo makes it.
pub fn build_neighbour(workspace: &Workspace, target: &Target) -> anyhow::Result<PathBuf> {
    let cargo = Cargo::of(workspace, target)?;
    cargo.run(
        workspace,
        target,
        &["--manifest-path", "tests/firmware/neighbour/Cargo.toml"],
        &[],
    )?;
    Ok(cargo
        .folder
        .join(target.triple)
        .join("release")
        .join("libneighbour.a"))
}

/// How to call cargo for a target.
struct Cargo {
    toolchain: Toolchain,
    folder: PathBuf,
    flags: Vec<String>,
}

impl Cargo {
    fn of(workspace: &Workspace, target: &Target) -> anyhow::Result<Self> {
        let toolchain = Toolchain::of(workspace, target)?;
        let turn = cargo_folder(target);
        let folder = workspace.scratch(&format!("cargo-{toolchain:?}-{turn}"))?;
        Ok(Self {
            toolchain,
            folder,
            flags: rust_flags(workspace, toolchain)?,
        })
    }

    fn run(
        &self,
        workspace: &Workspace,
        target: &Target,
        which: &[&str],
        flags: &[&str],
    ) -> anyhow::Result<()> {
        let shell = &workspace.shell;
        let folder = &self.folder;
        let described = match self.toolchain {
            Toolchain::Debian if target.family == Family::Arm => Some(
                target_spec::without_frame_pointer(workspace, target, DEBIAN_RUSTC)?,
            ),
            _ => None,
        };
        let which_target = described.unwrap_or_else(|| target.triple.into());
        let mut command = cmd!(
            shell,
            "cargo rustc --quiet --release {which...} --lib --crate-type staticlib --locked --target {which_target}
             --target-dir {folder}"
        );
        if self.toolchain == Toolchain::Debian {
            command = command
                .args(["-Zbuild-std=core", "-Zjson-target-spec"])
                .env("RUSTC", DEBIAN_RUSTC)
                .env("RUSTC_BOOTSTRAP", "1");
        }
        if target.family == Family::Linux {
            // A gateway has room; bare metal uses the level of Cargo.toml.
            command = command.env("CARGO_PROFILE_RELEASE_OPT_LEVEL", "3");
        }
        // Joined with the flags for the target in .cargo/config.toml, which the environment variable would otherwise replace.
        let config = format!("target.'cfg(all())'.rustflags={:?}", self.flags);
        command = command
            .args(["--config", &config])
            .env_remove("RUSTFLAGS")
            .env_remove("CARGO_ENCODED_RUSTFLAGS");
        Ok(command.arg("--").args(flags).quiet().run()?)
    }
}

/// Flags for all crates, in addition to those of .cargo/config.toml.
pub fn rust_flags(workspace: &Workspace, toolchain: Toolchain) -> anyhow::Result<Vec<String>> {
    let shell = &workspace.shell;
    let compiler = toolchain.compiler();
    let sysroot = cmd!(shell, "{compiler} --print sysroot").quiet().read()?;
    let cargo_home = shell
        .var("CARGO_HOME")
        .or_else(|_| shell.var("HOME").map(|home| format!("{home}/.cargo")))?;
    Ok(vec![
        format!("--remap-path-prefix={cargo_home}=cargo"),
        format!("--remap-path-prefix={sysroot}=rust"),
        "-Cforce-unwind-tables=no".to_owned(),
    ])
}

/// One object with what `kpn_*` needs, everything else local. Nothing in it reveals where or when it was built.
fn finish(
    workspace: &Workspace,
    target: &Target,
    options: Options,
    raw: &Path,
    folder: &Path,
) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let exported = Symbols::of_archive(raw)?.defined_with_prefix("kpn_");
    ensure!(!exported.is_empty(), "{} exports nothing", raw.display());

    let objects = extract(workspace, raw, folder)?;
    let (ld, objcopy, ar) = (target.tool("ld"), target.tool("objcopy"), target.tool("ar"));
    let emulation = target.ld_emulation;
    let roots: Vec<_> = exported
        .iter()
        .map(|name| format!("--undefined={name}"))
        .collect();
    let shim = aeabi_shim(workspace, target, options, folder)?;
    let joined = folder.join("joined.o");
    cmd!(
        shell,
        "{ld} -m {emulation} -r --gc-sections {roots...} -o {joined} {objects...} {shim...}"
    )
    .quiet()
    .run()?;

    for renamed in same_in_c(&Symbols::of_object(&joined)?) {
        cmd!(shell, "{objcopy} {renamed...} {joined}")
            .quiet()
            .run()?;
    }
    // One symbol per name again.
    let merged = folder.join("merged.o");
    cmd!(shell, "{ld} -m {emulation} -r -o {merged} {joined}")
        .quiet()
        .run()?;
    let object = folder.join("kpn_things.o");
    // Rust objects declare that they need no executable stack. On bare metal nothing asks for that, and some assembler objects of C
    // libraries declare nothing, which together causes a warning. On Linux the declaration is needed.
    let remove = if target.is_bare_metal() {
        &[
            ".comment",
            ".note.GNU-stack",
            ".stack_sizes",
            ".llvm*",
            ".eh_frame*",
            ".ARM.exidx*",
            ".ARM.extab*",
        ][..]
    } else {
        &[".comment", ".llvm*", ".stack_sizes"][..]
    };
    let remove: Vec<_> = remove
        .iter()
        .flat_map(|section| ["--remove-section", section])
        .collect();
    cmd!(
        shell,
        "{objcopy} --enable-deterministic-archives --strip-debug --discard-locals {remove...}
         --wildcard --keep-global-symbol=kpn_* {merged} {object}"
    )
    .quiet()
    .run()?;

    let archive = folder.join(FILE_NAME);
    shell.remove_path(&archive)?;
    cmd!(shell, "{ar} rcsD {archive} {object}").quiet().run()?;
    Ok(archive)
}

/// Functions that C has under another name: if only the name differs, the call goes to the C function. One list of arguments per call of
/// objcopy, which renames to a name only once.
fn same_in_c(joined: &Symbols) -> Vec<Vec<String>> {
    let asked = |name: &str| joined.undefined.contains(name);
    let redefine = |names: &[(&str, &str)]| -> Vec<String> {
        let asked = names.iter().filter(|(name, _)| asked(name));
        asked
            .map(|(name, in_c)| format!("--redefine-sym={name}={in_c}"))
            .collect()
    };
    vec![
        redefine(&[
            ("bcmp", "memcmp"),
            ("__aeabi_memcpy", "memcpy"),
            ("__aeabi_memmove", "memmove"),
        ]),
        redefine(&[
            ("__aeabi_memcpy4", "memcpy"),
            ("__aeabi_memmove4", "memmove"),
        ]),
        redefine(&[
            ("__aeabi_memcpy8", "memcpy"),
            ("__aeabi_memmove8", "memmove"),
        ]),
    ]
}

/// The members other than `compiler_builtins`, as files beside the archive.
fn extract(workspace: &Workspace, raw: &Path, folder: &Path) -> anyhow::Result<Vec<PathBuf>> {
    for stale in members(workspace, &folder.join(FILE_NAME))? {
        workspace.shell.remove_path(stale)?;
    }
    let bytes = workspace.shell.read_binary_file(raw)?;
    let mut count = 0;
    for member in ArchiveFile::parse(bytes.as_slice())?.members() {
        let member = member?;
        if !member.name().starts_with(b"compiler_builtins-") {
            let path = folder.join(format!("member{count}.o"));
            workspace
                .shell
                .write_file(path, member.data(bytes.as_slice())?)?;
            count += 1;
        }
    }
    members(workspace, &folder.join(FILE_NAME))
}

/// The objects that an archive was made from, as the compiler wrote them.
pub fn members(workspace: &Workspace, archive: &Path) -> anyhow::Result<Vec<PathBuf>> {
    let folder = archive.parent().context("an archive lies in a folder")?;
    let mut files = workspace.shell.read_dir(folder)?;
    files.retain(|file| {
        file.file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with("member"))
    });
    Ok(files)
}

/// Rust calls `__aeabi_memset` and its siblings, which not every bare-metal C library for Arm has, so they are included as local functions.
fn aeabi_shim(
    workspace: &Workspace,
    target: &Target,
    options: Options,
    folder: &Path,
) -> anyhow::Result<Option<PathBuf>> {
    if target.family != Family::Arm {
        return Ok(None);
    }
    let shell = &workspace.shell;
    let (gcc, flags) = (target.gcc(), target.gcc_flags);
    let strict = options.strict_align.then_some("-mno-unaligned-access");
    let object = folder.join("aeabi_mem.o");
    cmd!(
        shell,
        "{gcc} {flags...} {strict...} -std=c99 -Os -ffreestanding -fno-builtin -fno-tree-loop-distribute-patterns -ffunction-sections
         -Wa,--noexecstack -c xtask/aeabi_mem.c -o {object}"
    )
    .quiet()
    .run()?;
    // The attributes that gcc writes for enumerations and `wchar_t` would cause a warning in firmware with other settings.
    let objcopy = target.tool("objcopy");
    cmd!(shell, "{objcopy} --remove-section .ARM.attributes {object}")
        .quiet()
        .run()?;
    Ok(Some(object))
}
