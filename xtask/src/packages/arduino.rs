// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Arduino library as its users get it: the class and each sketch run on this machine over a stand-in for Arduino; the package is
//! unpacked, checked against Arduino's specification and linked for each kind of board.

pub mod sketches;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail, ensure};
use xshell::{Shell, cmd};

use super::properties;
use crate::{
    archive::{self, Options},
    dist::{self, Archives},
    simulator::{self, Simulator},
    target,
    workspace::Workspace,
};

const URN: &str = "urn:dev:IMEI:490154203237518";
const SECRET: &str = "0123456789abcdefghijklmnopqrstuvwxyzABCD";

/// The flags of Arduino's SAMD cores, with every warning an error.
const CXX: [&str; 6] = [
    "-std=gnu++11",
    "-fno-exceptions",
    "-fno-rtti",
    "-Wall",
    "-Wextra",
    "-Werror",
];
const SANITIZERS: [&str; 3] = ["-g", "-O1", "-fsanitize=address,undefined"];

/// A scenario of `tests/arduino/class_test.cpp`, and the simulator's arguments besides the device; `None` if nobody listens.
const SCENARIOS: &[(&str, Option<&[&str]>)] = &[
    ("accepted", Some(&[])),
    ("own-request", Some(&[])),
    (
        "downlinks",
        Some(&[
            "--downlink",
            r#"urn:dev:IMEI:490154203237518=[{"bn":"urn:dev:IMEI:490154203237518:","n":"valve","vb":true},{"n":"x","v":1}]"#,
            "--downlink",
            r#"urn:dev:IMEI:490154203237518=[{"bn":"urn:dev:IMEI:490154203237518:","n":"valve","vb":false},{"n":"x","v":1}]"#,
            "--downlink",
            r#"urn:dev:IMEI:490154203237518=[{"bn":"urn:dev:IMEI:490154203237518:","n":"valve","vb":true}]"#,
            "--downlink",
            r#"urn:dev:IMEI:490154203237518=[{"bn":"urn:dev:IMEI:490154203237518:","n":"valve","vb":true},{"n":"x"}]"#,
        ]),
    ),
    (
        "large-downlink",
        Some(&[
            "--downlink",
            "urn:dev:IMEI:490154203237518=[{\"n\":\"text\",\"vs\":\"0123456789012345678901234567890123456789012345678901234567890123456789\
             01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
             01234567890123456789012345678901234567890123456789012345678901234567890123456789012345678901234567890123456789\
             01234567890123456789012345678901234567890123456789012345678901234567890123456789\"}]",
        ]),
    ),
    ("no-server", None),
    ("other-servers", Some(&[])),
    ("closed-early", Some(&["--fault", "drop"])),
    ("closed-early", Some(&["--fault", "cut=30"])),
    ("closed-between", Some(&["--requests-per-connection", "1"])),
    ("garbage", Some(&["--fault", "garbage"])),
    ("too-late", Some(&["--fault", "delay=1500,times=1"])),
    ("token-rejected", Some(&[])),
    (
        "busy",
        Some(&["--fault", "status=503,retry-after=7,times=1"]),
    ),
    ("kept", Some(&[])),
    (
        "connection-close",
        Some(&["--requests-per-connection", "10"]),
    ),
    ("misuse", None),
];

/// The class on this machine, in every situation it can meet.
pub fn check_class(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let folder = workspace.scratch("arduino")?;
    let archive = archive::build(workspace, target::find("x86_64-linux")?, Options::default())?;
    let program = folder.join("class_test");
    cmd!(
        shell,
        "c++ {CXX...} {SANITIZERS...} -Itests/arduino/shim -Ipackaging/arduino/src -Iinclude tests/arduino/class_test.cpp
         tests/arduino/shim/shim.cpp packaging/arduino/src/KpnThings.cpp {archive} -o {program}"
    )
    .quiet()
    .run()?;
    for standard in ["-std=gnu++11", "-std=gnu++17"] {
        let program = folder.join("constants_test");
        cmd!(
            shell,
            "c++ {CXX...} {standard} -O0 -Itests/arduino/shim -Ipackaging/arduino/src -Iinclude tests/arduino/constants_test.cpp
             tests/arduino/shim/shim.cpp packaging/arduino/src/KpnThings.cpp {archive} -o {program}"
        )
        .quiet()
        .run()?;
        cmd!(shell, "{program}").quiet().run()?;
    }
    let simulator = simulator::build(workspace)?;
    let device = format!("{URN}={SECRET}");
    let mut failed = Vec::new();
    for (name, arguments) in SCENARIOS {
        let running = arguments
            .map(|more| {
                let device = ["--quiet", "--device", &device];
                Simulator::start(&simulator, &[&device[..], more].concat())
            })
            .transpose()?;
        if !run(shell, &program, name, running.as_ref()) {
            failed.push(*name);
        }
    }
    let open = Simulator::start(&simulator, &["--quiet", "--device", URN])?;
    if !run(shell, &program, "without-a-token", Some(&open)) {
        failed.push("without-a-token");
    }
    ensure!(failed.is_empty(), "these scenarios failed: {failed:?}");
    println!("{} scenarios", SCENARIOS.len() + 1);
    Ok(())
}

/// Whether a program with one argument succeeds; nobody listens on port 1.
fn run(shell: &Shell, program: &Path, argument: &str, simulator: Option<&Simulator>) -> bool {
    let port = simulator.map_or(1, |simulator| simulator.port);
    cmd!(shell, "timeout 60 {program} {argument}")
        .env("KPN_PORT", port.to_string())
        .quiet()
        .run()
        .is_ok()
}

/// A board as described by Arduino's cores, and how their platform.txt compiles for it.
struct Board {
    name: &'static str,
    mcu: &'static str,
    /// FPU and float ABI, as compiler flags.
    float: Option<&'static str>,
    folder: &'static str,
    flags: &'static [&'static str],
    link: &'static [&'static str],
    riscv: bool,
}

const NEWLIB: &[&str] = &[
    "--specs=nano.specs",
    "--specs=nosys.specs",
    "-Wl,--check-sections",
    "-Wl,--unresolved-symbols=report-all",
    "-Wl,--warn-common",
];

const BOARDS: [Board; 4] = [
    Board {
        name: "MKR NB 1500, MKR GSM 1400, SODAQ SARA",
        mcu: "cortex-m0plus",
        float: None,
        folder: "cortex-m0plus",
        flags: &["-mcpu=cortex-m0plus", "-mthumb", "-std=gnu++11"],
        link: NEWLIB,
        riscv: false,
    },
    Board {
        name: "Nano 33 BLE",
        mcu: "cortex-m4",
        float: Some("fpv4-sp-d16-softfp"),
        folder: "cortex-m4",
        flags: &[
            "-mcpu=cortex-m4",
            "-mthumb",
            "-mfloat-abi=softfp",
            "-mfpu=fpv4-sp-d16",
            "-std=gnu++14",
        ],
        link: NEWLIB,
        riscv: false,
    },
    Board {
        name: "UNO R4",
        mcu: "cortex-m4",
        float: Some("fpv4-sp-d16-hard"),
        folder: "cortex-m4/fpv4-sp-d16-hard",
        flags: &[
            "-mcpu=cortex-m4",
            "-mthumb",
            "-mfloat-abi=hard",
            "-mfpu=fpv4-sp-d16",
            "-std=gnu++17",
            "-fsigned-char",
            "-fno-builtin",
            "-fno-use-cxa-atexit",
        ],
        link: NEWLIB,
        riscv: false,
    },
    Board {
        name: "ESP32-C3",
        mcu: "esp32c3",
        float: None,
        folder: "esp32c3",
        flags: &[
            "-march=rv32imc",
            "-mabi=ilp32",
            "-std=gnu++2a",
            "-fno-use-cxa-atexit",
            "--specs=picolibc.specs",
        ],
        link: &["-nostartfiles", "-Wl,--entry=main"],
        riscv: true,
    },
];

/// The package, unpacked in an empty folder outside the repository.
pub fn check_package(workspace: &Workspace) -> anyhow::Result<()> {
    let shell = &workspace.shell;
    let names: Vec<_> = dist::arduino::FOLDERS
        .iter()
        .map(|(_, name)| *name)
        .collect();
    let archives = Archives::build_some(workspace, &names)?;
    let outside = shell.create_temp_dir()?;
    let package = dist::arduino::pack(workspace, &archives, outside.path())?;
    let tests = outside.path().join("sketch");
    shell.create_dir(&tests)?;
    for file in ["minimal.ino", "NoClient.h", "board.cpp"] {
        shell.copy_file(workspace.path("tests/arduino").join(file), &tests)?;
    }
    cmd!(shell, "cp -r tests/arduino/shim {tests}")
        .quiet()
        .run()?;

    let within = shell.push_dir(outside.path());
    let file = &package.file;
    cmd!(shell, "unzip -q {file}").quiet().run()?;
    let library = outside.path().join(dist::arduino::FOLDER);
    check_layout(shell, &library)?;
    for board in &BOARDS {
        let found = archive_folder(&library, board.mcu, board.float)?;
        ensure!(
            found == library.join("src").join(board.folder),
            "{}: Arduino takes {}",
            board.name,
            found.display()
        );
        let objects = compile(shell, board, &library, &tests)?;
        link(shell, board, &objects, &found).with_context(|| board.name.to_owned())?;
        if board.float == Some("fpv4-sp-d16-hard") {
            let soft = library.join("src").join(board.mcu);
            ensure!(
                cmd_fails(shell, board, &objects, &soft),
                "{}: the archive for soft float links",
                board.name
            );
        }
    }
    drop(within);
    println!("{} kinds of board", BOARDS.len());
    Ok(())
}

/// Where Arduino looks for the archive: with the FPU first, then without.
fn archive_folder(library: &Path, mcu: &str, float: Option<&str>) -> anyhow::Result<PathBuf> {
    let folder = library.join("src").join(mcu);
    float
        .map(|float| folder.join(float))
        .into_iter()
        .chain([folder])
        .find(|folder| folder.join(archive::FILE_NAME).is_file())
        .with_context(|| format!("no archive for {mcu}"))
}

/// The class, a sketch and the stand-in for a core, compiled as in platform.txt.
fn compile(
    shell: &Shell,
    board: &Board,
    library: &Path,
    tests: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let compiler = if board.riscv {
        "riscv64-unknown-elf-g++"
    } else {
        "arm-none-eabi-g++"
    };
    let flags = board.flags;
    let sources = [
        tests.join("minimal.ino"),
        library.join("src/KpnThings.cpp"),
        tests.join("board.cpp"),
    ];
    let mut objects = Vec::new();
    for source in sources {
        let object = source.with_added_extension("o");
        cmd!(
            shell,
            "{compiler} {flags...} -Os -ffunction-sections -fdata-sections -fno-threadsafe-statics -fno-rtti -fno-exceptions
             -Wall -Wextra -Werror -I{tests}/shim -I{library}/src -include Arduino.h -x c++ -c {source} -o {object}"
        )
        .quiet()
        .run()?;
        objects.push(object);
    }
    Ok(objects)
}

/// Objects first, then what the library adds, as in `recipe.c.combine.pattern`.
fn link(shell: &Shell, board: &Board, objects: &[PathBuf], archive: &Path) -> anyhow::Result<()> {
    Ok(link_command(shell, board, objects, archive).run()?)
}

fn cmd_fails(shell: &Shell, board: &Board, objects: &[PathBuf], archive: &Path) -> bool {
    link_command(shell, board, objects, archive)
        .ignore_stderr()
        .run()
        .is_err()
}

fn link_command<'a>(
    shell: &'a Shell,
    board: &Board,
    objects: &[PathBuf],
    archive: &Path,
) -> xshell::Cmd<'a> {
    let compiler = if board.riscv {
        "riscv64-unknown-elf-gcc"
    } else {
        "arm-none-eabi-gcc"
    };
    let (flags, link) = (
        board.flags.iter().filter(|flag| !flag.starts_with("-std")),
        board.link,
    );
    let flags: Vec<_> = flags.collect();
    cmd!(
        shell,
        "{compiler} {flags...} {link...} -Os -Wl,--gc-sections -o linked.elf {objects...} -L{archive} -lkpn_things
         -Wl,--start-group -lm -Wl,--end-group"
    )
    .quiet()
}

/// What Arduino's specification requires of a library's folder.
fn check_layout(shell: &Shell, library: &Path) -> anyhow::Result<()> {
    let text = shell.read_file(library.join("library.properties"))?;
    properties::check(&text, Workspace::version())?;
    for header in properties::value(&text, "includes")
        .unwrap_or_default()
        .split(',')
    {
        ensure!(
            library.join("src").join(header).is_file(),
            "there is no src/{header}"
        );
    }
    let class = shell.read_file(library.join("src/KpnThings.h"))?;
    let keywords = shell.read_file(library.join("keywords.txt"))?;
    properties::check_keywords(&keywords, &class)?;
    for sketch in shell.read_dir(library.join("examples"))? {
        let name = sketch
            .file_name()
            .context("a sketch has a name")?
            .to_string_lossy()
            .into_owned();
        ensure!(
            sketch.join(format!("{name}.ino")).is_file(),
            "examples/{name} has no {name}.ino"
        );
    }
    // By arduino-lint's rules the library must have a header of the same name (LS008), and a license file that matches its pattern (LD002).
    let name = properties::value(&text, "name").unwrap_or_default();
    ensure!(
        library.join("src").join(format!("{name}.h")).is_file(),
        "there is no src/{name}.h"
    );
    for file in [
        "LICENSE.txt",
        "README.md",
        "MIGRATION.md",
        "LICENSE-MIT",
        "LICENSE-APACHE",
        "CHANGELOG.md",
    ] {
        ensure!(library.join(file).is_file(), "there is no {file}");
    }
    let strange = cmd!(shell, "find {library} -type f -name *.o")
        .quiet()
        .read()?;
    if !strange.is_empty() {
        bail!("what is this? {strange}");
    }
    Ok(())
}
