// SPDX-License-Identifier: MIT OR Apache-2.0
//! What linking the library costs: flash, static RAM, sizes of structs.

use std::{
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionFlags, elf};
use xshell::cmd;

use crate::{
    archive::{self, Options},
    c_source, header,
    report::Line,
    target::{self, Target},
    workspace::Workspace,
};

/// The macros for a firmware with each feature, which is compared with a firmware without any.
pub const FEATURES: &[(&str, &[&str])] = &[
    ("token", &["-DWITH_TOKEN"]),
    ("uplink", &["-DWITH_UPLINK"]),
    ("uplink-float", &["-DWITH_UPLINK", "-DWITH_FLOAT"]),
    ("downlink", &["-DWITH_DOWNLINK"]),
    (
        "all",
        &[
            "-DWITH_TOKEN",
            "-DWITH_UPLINK",
            "-DWITH_DOWNLINK",
            "-DWITH_FLOAT",
        ],
    ),
    ("stream", &["-DWITH_STREAM"]),
    ("queue", &["-DWITH_QUEUE"]),
    ("config", &["-DWITH_CONFIG"]),
    ("firmware", &["-DWITH_FIRMWARE"]),
    ("sms", &["-DWITH_SMS"]),
    (
        "everything",
        &[
            "-DWITH_TOKEN",
            "-DWITH_UPLINK",
            "-DWITH_DOWNLINK",
            "-DWITH_FLOAT",
            "-DWITH_FIRMWARE",
            "-DWITH_SMS",
        ],
    ),
];

/// Each feature's flash.
pub fn add_flash(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let empty = flash(workspace, target, archive, &[])?;
    for (feature, defines) in FEATURES {
        let value = flash(workspace, target, archive, defines)? - empty;
        lines.push(Line {
            name: format!("flash.{feature}.{}", target.name),
            value,
            unit: "bytes",
        });
    }
    Ok(())
}

/// The same with the one C file, and how much that is of the archive's flash if a firmware uses everything.
pub fn add_flash_of_c_source(
    workspace: &Workspace,
    target: &Target,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let object = c_source::object(workspace, target)?;
    let mut own = Vec::new();
    add_flash(workspace, target, &object, &mut own)?;
    let (everything, _) = FEATURES.last().context("a firmware that uses everything")?;
    let name = format!("flash.{everything}.{}", target.name);
    let find = |lines: &[Line]| {
        lines
            .iter()
            .find(|line| line.name == name)
            .map(|line| line.value)
    };
    let (Some(archive), Some(source)) = (find(lines), find(&own)) else {
        bail!("{name} is not measured");
    };
    lines.extend(own.into_iter().map(|line| Line {
        name: line.name.replacen("flash.", "flash.c-source.", 1),
        ..line
    }));
    lines.push(Line {
        name: format!("ratio.c-source.{}", target.name),
        value: (source * 100).div_ceil(archive),
        unit: "hundredths",
    });
    Ok(())
}

/// A user's own build, with `cargo rustc --release` and without our flags, must come near what ships.
pub fn check_plain_build(workspace: &Workspace) -> anyhow::Result<()> {
    // It has a frame pointer in each function, which Rust's description of the Arm targets demands, and Rust's own
    // `memcpy`.
    const PERCENT: u64 = 6;
    let (feature, defines) = FEATURES.last().context("a firmware that uses everything")?;
    for name in ["thumbv6m", "thumbv7m"] {
        let target = target::find(name)?;
        let shipped = archive::build(workspace, target, Options::default())?;
        let shipped =
            flash(workspace, target, &shipped, defines)? - flash(workspace, target, &shipped, &[])?;
        let plain = archive::build_plain(workspace, target)?;
        let plain =
            flash(workspace, target, &plain, defines)? - flash(workspace, target, &plain, &[])?;
        println!("{name}, {feature}: {shipped} bytes as shipped, {plain} by a plain build");
        ensure!(
            plain * 100 <= shipped * (100 + PERCENT),
            "for {name} a plain build takes {plain} bytes, more than {PERCENT} % above {shipped}"
        );
    }
    Ok(())
}

/// What a feature costs, according to the report.
pub fn flash_of(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    feature: &str,
) -> anyhow::Result<u64> {
    let defines = defines(feature)?;
    Ok(flash(workspace, target, archive, defines)? - flash(workspace, target, archive, &[])?)
}

/// The macros that a firmware with this feature is compiled with.
pub fn defines(feature: &str) -> anyhow::Result<&'static [&'static str]> {
    FEATURES
        .iter()
        .find(|(name, _)| *name == feature)
        .map(|(_, defines)| *defines)
        .with_context(|| format!("there is no feature {feature}"))
}

/// Bytes of code and constants of the whole firmware.
fn flash(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    defines: &[&str],
) -> anyhow::Result<u64> {
    loaded(&cost_firmware(workspace, target, archive, defines)?)
}

/// Bytes of code and constants in a linked program.
pub fn loaded(elf: &Path) -> anyhow::Result<u64> {
    let bytes = fs::read(elf)?;
    let file = object::File::parse(bytes.as_slice())?;
    let loaded = file.sections().filter(|section| {
        flags(section.flags()) & u64::from(elf::SHF_ALLOC) != 0
            && section.kind() != object::SectionKind::UninitializedData
    });
    Ok(loaded.map(|section| section.size()).sum())
}

/// A firmware with the features that the macros select, linked as users link it.
fn cost_firmware(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    defines: &[&str],
) -> anyhow::Result<PathBuf> {
    let shell = &workspace.shell;
    let (gcc, gcc_flags) = (target.gcc(), target.gcc_flags);
    let elf = workspace
        .scratch("cost")?
        .join(format!("{}{}.elf", target.name, defines.concat()));
    cmd!(
        shell,
        "{gcc} {gcc_flags...} -std=c99 -Os -Wall -Wextra -Werror -I include {defines...} -ffunction-sections
         -fdata-sections --specs=picolibc.specs --crt0=minimal -Wl,--gc-sections
         -Wl,--defsym=__flash=0x10000000,--defsym=__flash_size=0x100000,--defsym=__ram=0x20000000
         -Wl,--defsym=__ram_size=0x10000,--defsym=__stack_size=0x1000 tests/firmware/cost.c {archive} -o {elf}"
    )
    .quiet()
    .run()?;
    Ok(elf)
}

/// Memory that the archive occupies whatever is called.
pub fn add_ram(target: &Target, archive: &Path, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let bytes = fs::read(archive.with_file_name("kpn_things.o"))?;
    let file = object::File::parse(bytes.as_slice())?;
    let written = file
        .sections()
        .filter(|section| flags(section.flags()) & u64::from(elf::SHF_WRITE) != 0);
    let value = written.map(|section| section.size()).sum();
    lines.push(Line {
        name: format!("ram.static.{}", target.name),
        value,
        unit: "bytes",
    });
    Ok(())
}

/// Lengths of arrays, each as long as a struct.
pub fn add_sizes(
    workspace: &Workspace,
    target: &Target,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let (gcc, gcc_flags) = (target.gcc(), target.gcc_flags);
    let folder = workspace.scratch("cost")?;
    let source = folder.join("sizes.c");
    let mut text = String::from(
        "#include \"kpn_things.h\"
",
    );
    for name in header::structs(workspace)? {
        writeln!(text, "const char sizeof_{name}[sizeof({name})] = {{0}};")?;
    }
    shell.write_file(&source, text)?;
    let object = folder.join(format!("sizes-{}.o", target.name));
    cmd!(
        shell,
        "{gcc} {gcc_flags...} -std=c99 -ffreestanding -DKPN_POSIX -I include -c {source} -o {object}"
    )
    .quiet()
    .run()?;
    let bytes = fs::read(object)?;
    for symbol in object::File::parse(bytes.as_slice())?.symbols() {
        if let Some(name) = symbol.name()?.strip_prefix("sizeof_")
            && (!target.is_bare_metal() || !name.starts_with("kpn_posix"))
        {
            let name = format!("sizeof.{name}.{}", target.name);
            lines.push(Line {
                name,
                value: symbol.size(),
                unit: "bytes",
            });
        }
    }
    Ok(())
}

const fn flags(flags: SectionFlags) -> u64 {
    match flags {
        SectionFlags::Elf { sh_flags } => sh_flags,
        _ => 0,
    }
}

/// Decimals link no floating-point code. Floats do, which shows that the check works.
pub fn check_decimals_link_no_float_code(workspace: &Workspace) -> anyhow::Result<()> {
    let target = target::find("thumbv6m")?;
    let archive = archive::build(workspace, target, Options::default())?;
    let decimals = float_symbols(&cost_firmware(
        workspace,
        target,
        &archive,
        &["-DWITH_UPLINK", "-DWITH_TOKEN"],
    )?)?;
    ensure!(
        decimals.is_empty(),
        "an uplink with decimals pulls in {decimals:?}"
    );
    let floats = float_symbols(&cost_firmware(
        workspace,
        target,
        &archive,
        &["-DWITH_UPLINK", "-DWITH_FLOAT"],
    )?)?;
    ensure!(
        !floats.is_empty(),
        "no float code in an uplink with floats: the check looks for the wrong names"
    );
    Ok(())
}

/// Functions whose names show that they deal with floating point: those of libgcc, and the core's number code.
fn float_symbols(elf: &Path) -> anyhow::Result<Vec<String>> {
    const PARTS: &[&str] = &[
        "__aeabi_d",
        "__aeabi_f",
        "f64",
        "f32",
        "float",
        "double",
        "zmij",
        "ryu",
    ];
    let bytes = fs::read(elf)?;
    let file = object::File::parse(bytes.as_slice())?;
    let names = file
        .symbols()
        .filter_map(|symbol| Some(symbol.name().ok()?.to_owned()));
    Ok(names
        .filter(|name| PARTS.iter().any(|part| name.contains(part)))
        .collect())
}
