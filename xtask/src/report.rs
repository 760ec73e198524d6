//! What the library costs: lines `name value unit`, all measured, and the budgets that they must keep.

use std::{
    collections::BTreeSet,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use object::{Object as _, ObjectSection as _, ObjectSymbol as _, SectionFlags, elf};
use xshell::cmd;

use crate::{
    archive::{self, Options},
    firmware, stack,
    target::{self, TARGETS, Target},
    workspace::Workspace,
};

const BUDGETS: &str = "xtask/budgets.txt";
const README: &str = "README.md";
const BEGIN: &str = "<!-- report:begin -->";
const END: &str = "<!-- report:end -->";

/// What a firmware with a feature is compiled with; the one without any is what they are compared with.
const FEATURES: &[(&str, &[&str])] = &[
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
];

/// One measured number.
#[derive(Debug)]
pub struct Line {
    name: String,
    value: u64,
    unit: &'static str,
}

/// Prints all lines; with `readme`, writes the table there too.
pub fn run(workspace: &Workspace, readme: bool) -> anyhow::Result<()> {
    let lines = collect(workspace)?;
    for line in &lines {
        println!("{} {} {}", line.name, line.value, line.unit);
    }
    if readme {
        write_readme(workspace, &lines)?;
    }
    Ok(())
}

/// Only the instruction counts.
pub fn bench(workspace: &Workspace) -> anyhow::Result<()> {
    let mut lines = Vec::new();
    add_instructions(workspace, &mut lines)?;
    for line in &lines {
        println!("{} {} {}", line.name, line.value, line.unit);
    }
    Ok(())
}

/// Fails when a budget is exceeded or names something that is not measured.
pub fn check(workspace: &Workspace) -> anyhow::Result<()> {
    let lines = collect(workspace)?;
    let budgets = parse_budgets(&workspace.shell.read_file(BUDGETS)?)?;
    let exceeded = exceeded(&lines, &budgets)?;
    ensure!(
        exceeded.is_empty(),
        "over budget ({BUDGETS}):\n{}",
        exceeded.join("\n")
    );
    println!("{} budgets are kept", budgets.len());
    Ok(())
}

fn collect(workspace: &Workspace) -> anyhow::Result<Vec<Line>> {
    let mut lines = Vec::new();
    let archives = archive::build_all(workspace, TARGETS, Options::default())?;
    for (target, archive) in TARGETS.iter().zip(&archives) {
        if target.is_bare_metal() {
            add_flash(workspace, target, archive, &mut lines)?;
        }
        add_ram(target, archive, &mut lines)?;
        add_stack(workspace, target, archive, &mut lines)?;
        add_sizes(workspace, target, &mut lines)?;
    }
    add_instructions(workspace, &mut lines)?;
    Ok(lines)
}

fn add_flash(
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

/// Bytes of code and constants of the whole firmware.
fn flash(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    defines: &[&str],
) -> anyhow::Result<u64> {
    let elf = cost_firmware(workspace, target, archive, defines)?;
    let bytes = fs::read(elf)?;
    let file = object::File::parse(bytes.as_slice())?;
    let loaded = file.sections().filter(|section| {
        flags(section.flags()) & u64::from(elf::SHF_ALLOC) != 0
            && section.kind() != object::SectionKind::UninitializedData
    });
    Ok(loaded.map(|section| section.size()).sum())
}

/// A firmware with the features that the macros ask for, linked as users do it.
pub fn cost_firmware(
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

/// Memory that the archive itself occupies, whatever is called.
fn add_ram(target: &Target, archive: &Path, lines: &mut Vec<Line>) -> anyhow::Result<()> {
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

fn add_stack(
    workspace: &Workspace,
    target: &Target,
    archive: &Path,
    lines: &mut Vec<Line>,
) -> anyhow::Result<()> {
    let objects = archive::members(workspace, archive)?;
    let Some(stack) = stack::of_objects(&objects)? else {
        return Ok(());
    };
    let (_, worst) = stack
        .calls
        .iter()
        .max_by_key(|(_, depth)| **depth)
        .context("an exported function")?;
    lines.push(Line {
        name: format!("stack.worst.{}", target.name),
        value: *worst,
        unit: "bytes",
    });
    let frame = stack.largest_frame.0;
    lines.push(Line {
        name: format!("stack.frame.{}", target.name),
        value: frame,
        unit: "bytes",
    });
    if target.name == "thumbv6m" {
        for (function, depth) in stack.calls {
            lines.push(Line {
                name: format!("stack.{function}.thumbv6m"),
                value: depth,
                unit: "bytes",
            });
        }
    }
    Ok(())
}

/// Lengths of arrays that are as long as the structs.
fn add_sizes(workspace: &Workspace, target: &Target, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let (gcc, gcc_flags) = (target.gcc(), target.gcc_flags);
    let object = workspace
        .scratch("cost")?
        .join(format!("sizes-{}.o", target.name));
    cmd!(shell, "{gcc} {gcc_flags...} -std=c99 -ffreestanding -I include -c tests/firmware/sizes.c -o {object}")
        .quiet()
        .run()?;
    let bytes = fs::read(object)?;
    for symbol in object::File::parse(bytes.as_slice())?.symbols() {
        if let Some(name) = symbol.name()?.strip_prefix("sizeof_") {
            let name = format!("sizeof.kpn_{name}.{}", target.name);
            lines.push(Line {
                name,
                value: symbol.size(),
                unit: "bytes",
            });
        }
    }
    Ok(())
}

fn add_instructions(workspace: &Workspace, lines: &mut Vec<Line>) -> anyhow::Result<()> {
    let unit_of = |name: &str| {
        if name.starts_with("insn.") {
            "instructions"
        } else {
            "bytes"
        }
    };
    for (name, value) in firmware::measure(workspace, Options::default())? {
        let unit = unit_of(&name);
        let name = match name.as_str() {
            "insn.message" | "insn.message-decimal" => format!("{name}.small-sha"),
            painted if painted.starts_with("stack.") => format!("{painted}.painted"),
            _ => name,
        };
        lines.push(Line { name, value, unit });
    }
    for (name, value) in firmware::measure(
        workspace,
        Options {
            fast_sha: true,
            ..Options::default()
        },
    )? {
        if name == "insn.message" || name == "insn.message-decimal" || name == "insn.token" {
            lines.push(Line {
                name: format!("{name}.fast-sha"),
                value,
                unit: "instructions",
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

/// Lines `name limit`, comments behind `#`. A name that ends in `.*` holds for all targets.
fn parse_budgets(text: &str) -> anyhow::Result<Vec<(String, u64)>> {
    let mut budgets = Vec::new();
    for line in text.lines() {
        let line = line.split('#').next().unwrap_or_default().trim();
        if let Some((name, limit)) = line.split_once(' ') {
            budgets.push((
                name.to_owned(),
                limit.trim().parse().with_context(|| line.to_owned())?,
            ));
        }
    }
    Ok(budgets)
}

fn exceeded(lines: &[Line], budgets: &[(String, u64)]) -> anyhow::Result<Vec<String>> {
    let mut exceeded = Vec::new();
    for (name, limit) in budgets {
        let mut measured = 0;
        for line in lines.iter().filter(|line| is_meant(name, &line.name)) {
            measured += 1;
            if line.value > *limit {
                exceeded.push(format!(
                    "{} is {}, {} over {limit}",
                    line.name,
                    line.value,
                    line.value - limit
                ));
            }
        }
        ensure!(
            measured > 0,
            "the budget {name} is for nothing that is measured"
        );
    }
    Ok(exceeded)
}

fn is_meant(budget: &str, name: &str) -> bool {
    match budget.strip_suffix('*') {
        Some(prefix) => name.starts_with(prefix),
        None => budget == name,
    }
}

fn write_readme(workspace: &Workspace, lines: &[Line]) -> anyhow::Result<()> {
    let text = workspace.shell.read_file(README)?;
    let (before, rest) = text
        .split_once(BEGIN)
        .with_context(|| format!("{README} has the mark {BEGIN}"))?;
    let (_, after) = rest
        .split_once(END)
        .with_context(|| format!("{README} has the mark {END}"))?;
    let table = table(lines)?;
    workspace
        .shell
        .write_file(README, format!("{before}{BEGIN}\n{table}{END}{after}"))?;
    Ok(())
}

/// Flash per target, then what does not depend on it.
fn table(lines: &[Line]) -> anyhow::Result<String> {
    let value = |name: &str| {
        lines
            .iter()
            .find(|line| line.name == name)
            .map_or(0, |line| line.value)
    };
    let mut text = String::from(
        "\n| bytes | token | uplink | with floats | downlink | all | stack |\n|---|---|---|---|---|---|---|\n",
    );
    for target in TARGETS.iter().filter(|target| target.is_bare_metal()) {
        write!(text, "| {} ({})", target.name, target.cores)?;
        for (feature, _) in FEATURES {
            write!(
                text,
                " | {}",
                value(&format!("flash.{feature}.{}", target.name))
            )?;
        }
        writeln!(
            text,
            " | {} |",
            value(&format!("stack.worst.{}", target.name))
        )?;
    }
    text.push_str("\n| Cortex-M3, exact | instructions |\n|---|---|\n");
    let counted: BTreeSet<_> = lines
        .iter()
        .filter(|line| line.unit == "instructions")
        .map(|line| &line.name)
        .collect();
    for name in counted {
        writeln!(
            text,
            "| {} | {} |",
            name.trim_start_matches("insn."),
            value(name)
        )?;
    }
    Ok(text)
}

/// Decimals pull in nothing that calculates with floating point; the test of it is that floats do.
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

/// Functions whose names say that they deal with floating point: libgcc's, and the core's number code.
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

#[cfg(test)]
mod tests {
    use super::{Line, exceeded, parse_budgets};

    #[test]
    fn budgets_are_kept_per_name_and_for_all_targets() {
        let line = |name: &str, value| Line {
            name: name.to_owned(),
            value,
            unit: "bytes",
        };
        let lines = [
            line("flash.token.a", 5),
            line("flash.token.b", 9),
            line("insn.token", 3),
        ];
        let budgets = parse_budgets("# why\nflash.token.* 8 # one\ninsn.token 3\n").unwrap();
        assert_eq!(
            exceeded(&lines, &budgets).unwrap(),
            ["flash.token.b is 9, 1 over 8"]
        );
        assert!(exceeded(&lines, &[("flash.uplink.*".to_owned(), 1)]).is_err());
    }
}
