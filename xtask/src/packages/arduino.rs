// SPDX-License-Identifier: MIT OR Apache-2.0
//! The Arduino library as its users get it: the class and each sketch run on this machine over a stand-in for Arduino; the package is
//! unpacked, checked against Arduino's specification and linked for each kind of board.

mod page;
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
const CXX: [&str; 7] = [
    "-std=gnu++11",
    "-fno-exceptions",
    "-fno-rtti",
    "-Wall",
    "-Wextra",
    "-Wshadow",
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
    /// Name of the core's architecture, as in `ARDUINO_ARCH_…`.
    architecture: &'static str,
    /// Whether Arduino links an archive; otherwise it compiles the file of C, wherever an archive may lie.
    has_archive: bool,
    compiler: &'static str,
    flags: &'static [&'static str],
    link: &'static [&'static str],
}

const NEWLIB: &[&str] = &[
    "--specs=nano.specs",
    "--specs=nosys.specs",
    "-Wl,--check-sections",
    "-Wl,--unresolved-symbols=report-all",
    "-Wl,--warn-common",
];
const ARM: &str = "arm-none-eabi";
const XTENSA: &str = "xtensa-lx106-elf";
/// What chips with this core have in ROM, and memory.
const XTENSA_LINK: &[&str] = &[
    "--specs=/usr/lib/xtensa-lx106-elf/picolibc.specs",
    "-nostartfiles",
    "-Wl,--entry=main",
    "-Wl,--no-warn-rwx-segments",
    "-Wl,-z,noexecstack",
    "-Tsketch/xtensa/sim.ld",
    "sketch/xtensa/arithmetic.c",
];

const BOARDS: [Board; 7] = [
    Board {
        name: "MKR NB 1500, MKR GSM 1400, SODAQ SARA",
        mcu: "cortex-m0plus",
        architecture: "SAMD",
        has_archive: true,
        compiler: ARM,
        flags: &["-mcpu=cortex-m0plus", "-mthumb", "-std=gnu++11"],
        link: NEWLIB,
    },
    Board {
        name: "Nano 33 BLE",
        mcu: "cortex-m4",
        architecture: "MBED_NANO",
        has_archive: true,
        compiler: ARM,
        flags: &[
            "-mcpu=cortex-m4",
            "-mthumb",
            "-mfloat-abi=softfp",
            "-mfpu=fpv4-sp-d16",
            "-std=gnu++14",
        ],
        link: NEWLIB,
    },
    Board {
        // Arduino finds the archive for soft float, which nothing of may be taken.
        name: "UNO R4",
        mcu: "cortex-m4",
        architecture: "RENESAS_UNO",
        has_archive: false,
        compiler: ARM,
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
    },
    Board {
        name: "Raspberry Pi Pico",
        mcu: "cortex-m0plus",
        architecture: "MBED_RP2040",
        has_archive: false,
        compiler: ARM,
        flags: &["-mcpu=cortex-m0plus", "-mthumb", "-std=gnu++14"],
        link: NEWLIB,
    },
    Board {
        name: "ESP32-C3",
        mcu: "esp32c3",
        architecture: "ESP32",
        has_archive: false,
        compiler: "riscv64-unknown-elf",
        flags: &[
            "-march=rv32imc",
            "-mabi=ilp32",
            "-std=gnu++2a",
            "-fno-use-cxa-atexit",
            "--specs=picolibc.specs",
        ],
        link: &["-nostartfiles", "-Wl,--entry=main"],
    },
    Board {
        // Its own compiler is in no distribution: one for another Xtensa core stands in.
        name: "ESP32",
        mcu: "esp32",
        architecture: "ESP32",
        has_archive: false,
        compiler: XTENSA,
        flags: &["-mlongcalls", "-std=gnu++2a", "-fno-use-cxa-atexit"],
        link: XTENSA_LINK,
    },
    Board {
        name: "ESP8266",
        mcu: "esp8266",
        architecture: "ESP8266",
        has_archive: false,
        compiler: XTENSA,
        flags: &[
            "-mlongcalls",
            "-mtext-section-literals",
            "-falign-functions=4",
            "-std=gnu++17",
        ],
        link: XTENSA_LINK,
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
    cmd!(
        shell,
        "cp -r tests/arduino/shim tests/firmware/xtensa {tests}"
    )
    .quiet()
    .run()?;

    let within = shell.push_dir(outside.path());
    let file = &package.file;
    cmd!(shell, "unzip -q {file}").quiet().run()?;
    let library = outside.path().join(dist::arduino::FOLDER);
    check_layout(shell, &library)?;
    for board in &BOARDS {
        let found = archive_folder(&library, board.mcu);
        let objects = compile(shell, board, &library, &tests)?;
        let source = objects.last().context("an object")?;
        let nm = format!("{}-nm", board.compiler);
        let defined = cmd!(shell, "{nm} --defined-only {source}").quiet().read()?;
        ensure!(
            defined.contains("kpn_uplink_begin") != board.has_archive,
            "{}: from an archive and from the file of C, or from neither",
            board.name
        );
        link(shell, board, &objects, found.as_deref()).with_context(|| board.name.to_owned())?;
        ensure!(
            !board.has_archive || link(shell, board, &objects, None).is_err(),
            "{}: links without its archive",
            board.name
        );
    }
    drop(within);
    println!("{} kinds of board", BOARDS.len());
    Ok(())
}

/// Where Arduino looks for an archive.
fn archive_folder(library: &Path, mcu: &str) -> Option<PathBuf> {
    let folder = library.join("src").join(mcu);
    folder.join(archive::FILE_NAME).is_file().then_some(folder)
}

/// The class, a sketch and the stand-in for a core, as platform.txt has it; the file of C at the end.
fn compile(
    shell: &Shell,
    board: &Board,
    library: &Path,
    tests: &Path,
) -> anyhow::Result<Vec<PathBuf>> {
    let (gcc, architecture) = (board.compiler, board.architecture);
    let usual = [
        "-Os",
        "-ffunction-sections",
        "-fdata-sections",
        "-Wall",
        "-Wextra",
        "-Werror",
    ];
    let flags = board.flags;
    let sources = [
        tests.join("minimal.ino"),
        library.join("src/KpnThings.cpp"),
        tests.join("board.cpp"),
    ];
    let mut objects = Vec::new();
    for source in sources {
        let object = tests
            .join(source.file_name().context("a source has a name")?)
            .with_added_extension("o");
        cmd!(
            shell,
            "{gcc}-g++ {flags...} {usual...} -DARDUINO_ARCH_{architecture} -fno-threadsafe-statics -fno-rtti -fno-exceptions
             -I{tests}/shim -I{library}/src -include Arduino.h -x c++ -c {source} -o {object}"
        )
        .quiet()
        .run()?;
        objects.push(object);
    }
    let flags = of_core(board);
    let object = tests.join("kpn_things.c.o");
    cmd!(
        shell,
        "{gcc}-gcc {flags...} {usual...} -std=gnu11 -DARDUINO_ARCH_{architecture} -I{library}/src
         -c {library}/src/kpn_things.c -o {object}"
    )
    .quiet()
    .run()?;
    objects.push(object);
    Ok(objects)
}

/// Flags that are not of the language.
fn of_core(board: &Board) -> Vec<&'static str> {
    let of_language = ["-std", "-fno-use-cxa-atexit"];
    let flags = board.flags.iter().copied();
    flags
        .filter(|flag| !of_language.iter().any(|other| flag.starts_with(other)))
        .collect()
}

/// Objects first, then what the library adds, as `recipe.c.combine.pattern` has it.
fn link(
    shell: &Shell,
    board: &Board,
    objects: &[PathBuf],
    archive: Option<&Path>,
) -> anyhow::Result<()> {
    let (gcc, flags, link) = (board.compiler, of_core(board), board.link);
    let library: Vec<_> = archive
        .iter()
        .flat_map(|folder| [format!("-L{}", folder.display()), "-lkpn_things".to_owned()])
        .collect();
    let command = cmd!(
        shell,
        "{gcc}-gcc {flags...} -Os -Wl,--gc-sections -o linked.elf {objects...} {link...} {library...}
         -Wl,--start-group -lm -lc -lgcc -Wl,--end-group"
    );
    let output = command.quiet().ignore_status().output()?;
    ensure!(
        output.status.success(),
        "{}",
        String::from_utf8_lossy(&output.stderr)
    );
    Ok(())
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
