// SPDX-License-Identifier: MIT OR Apache-2.0
//! The chips that archives are made for.

use std::path::{Path, PathBuf};

use anyhow::Context as _;

/// The kind of target, which decides the tools and flags of an archive.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// Bare metal with arm-none-eabi-gcc.
    Arm,
    /// Bare metal with riscv64-unknown-elf-gcc.
    Riscv,
    /// Linux: on x86 with the host's gcc, on Arm with clang, which needs no gcc of its own for each.
    Linux,
}

/// One kind of core and its calling convention.
#[derive(Debug)]
pub struct Target {
    /// Name in reports and package names.
    pub name: &'static str,
    /// Rust's name.
    pub triple: &'static str,
    /// Which tools.
    pub family: Family,
    /// The gcc options for the core.
    pub gcc_flags: &'static [&'static str],
    /// The linker options for `ld -r`.
    pub ld_emulation: &'static str,
    /// For readers: the cores that this is for.
    pub cores: &'static str,
    /// On Linux, the prefix of its binutils.
    pub binutils: &'static str,
    /// What runs a program for Linux on another processor, including the folder of its C library.
    pub emulator: Option<[&'static str; 3]>,
}

impl Target {
    /// The compiler that firmware for this target is built with.
    pub const fn gcc(&self) -> &'static str {
        match self.family {
            Family::Arm => "arm-none-eabi-gcc",
            Family::Riscv => "riscv64-unknown-elf-gcc",
            Family::Linux if self.emulator.is_some() => "clang",
            Family::Linux => "gcc",
        }
    }

    /// A tool of the same binutils: `ld`, `objcopy`, `ar`, `size`.
    pub fn tool(&self, name: &str) -> String {
        match self.family {
            Family::Arm => format!("arm-none-eabi-{name}"),
            Family::Riscv => format!("riscv64-unknown-elf-{name}"),
            Family::Linux => format!("{}{name}", self.binutils),
        }
    }

    /// A command that runs a program for Linux here.
    pub fn command(&self, program: &Path) -> Vec<PathBuf> {
        let emulator = self.emulator.into_iter().flatten().map(PathBuf::from);
        emulator.chain([program.to_owned()]).collect()
    }

    /// Whether there is no operating system.
    pub const fn is_bare_metal(&self) -> bool {
        !matches!(self.family, Family::Linux)
    }
}

/// By short name or by Rust's name.
pub fn find(name: &str) -> anyhow::Result<&'static Target> {
    TARGETS
        .iter()
        .find(|target| target.name == name || target.triple == name)
        .with_context(|| {
            let known: Vec<_> = TARGETS.iter().map(|target| target.name).collect();
            format!("no target `{name}`: there are {}", known.join(", "))
        })
}

/// All of them.
pub const TARGETS: &[Target] = &[
    Target {
        name: "thumbv6m",
        triple: "thumbv6m-none-eabi",
        family: Family::Arm,
        gcc_flags: &["-mcpu=cortex-m0", "-mthumb"],
        ld_emulation: "armelf",
        cores: "Cortex-M0, M0+, M1",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "thumbv7m",
        triple: "thumbv7m-none-eabi",
        family: Family::Arm,
        gcc_flags: &["-mcpu=cortex-m3", "-mthumb"],
        ld_emulation: "armelf",
        cores: "Cortex-M3",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "thumbv7em",
        triple: "thumbv7em-none-eabi",
        family: Family::Arm,
        gcc_flags: &["-mcpu=cortex-m4", "-mthumb", "-mfloat-abi=soft"],
        ld_emulation: "armelf",
        cores: "Cortex-M4, M7, soft float or softfp",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "thumbv7em-hf",
        triple: "thumbv7em-none-eabihf",
        family: Family::Arm,
        gcc_flags: &[
            "-mcpu=cortex-m4",
            "-mthumb",
            "-mfloat-abi=hard",
            "-mfpu=fpv4-sp-d16",
        ],
        ld_emulation: "armelf",
        cores: "Cortex-M4F, M7F, hard float",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "thumbv8m.base",
        triple: "thumbv8m.base-none-eabi",
        family: Family::Arm,
        gcc_flags: &["-mcpu=cortex-m23", "-mthumb"],
        ld_emulation: "armelf",
        cores: "Cortex-M23",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "thumbv8m.main",
        triple: "thumbv8m.main-none-eabi",
        family: Family::Arm,
        gcc_flags: &["-mcpu=cortex-m33", "-mthumb", "-mfloat-abi=soft"],
        ld_emulation: "armelf",
        cores: "Cortex-M33, M35P, M55, soft float or softfp",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "thumbv8m.main-hf",
        triple: "thumbv8m.main-none-eabihf",
        family: Family::Arm,
        gcc_flags: &[
            "-mcpu=cortex-m33",
            "-mthumb",
            "-mfloat-abi=hard",
            "-mfpu=fpv5-sp-d16",
        ],
        ld_emulation: "armelf",
        cores: "Cortex-M33F, M55, hard float",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "riscv32imc",
        triple: "riscv32imc-unknown-none-elf",
        family: Family::Riscv,
        gcc_flags: &["-march=rv32imc", "-mabi=ilp32"],
        ld_emulation: "elf32lriscv",
        cores: "RV32IMC, such as ESP32-C3",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "riscv32imac",
        triple: "riscv32imac-unknown-none-elf",
        family: Family::Riscv,
        gcc_flags: &["-march=rv32imac", "-mabi=ilp32"],
        ld_emulation: "elf32lriscv",
        cores: "RV32IMAC, such as ESP32-C6 and GD32V",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "armv7-linux",
        triple: "armv7-unknown-linux-gnueabihf",
        family: Family::Linux,
        gcc_flags: &[
            "--target=arm-linux-gnueabihf",
            "-march=armv7-a",
            "-mfpu=vfpv3-d16",
        ],
        ld_emulation: "armelf_linux_eabi",
        cores: "Linux on Arm, 32 bits, hard float",
        binutils: "arm-linux-gnueabihf-",
        emulator: Some(["qemu-arm", "-L", "/usr/arm-linux-gnueabihf"]),
    },
    Target {
        name: "aarch64-linux",
        triple: "aarch64-unknown-linux-gnu",
        family: Family::Linux,
        gcc_flags: &["--target=aarch64-linux-gnu"],
        ld_emulation: "aarch64linux",
        cores: "Linux on Arm, 64 bits",
        binutils: "aarch64-linux-gnu-",
        emulator: Some(["qemu-aarch64", "-L", "/usr/aarch64-linux-gnu"]),
    },
    Target {
        name: "i686-linux",
        triple: "i686-unknown-linux-gnu",
        family: Family::Linux,
        gcc_flags: &["-m32"],
        ld_emulation: "elf_i386",
        cores: "Linux on x86, 32 bits",
        binutils: "",
        emulator: None,
    },
    Target {
        name: "x86_64-linux",
        triple: "x86_64-unknown-linux-gnu",
        family: Family::Linux,
        gcc_flags: &["-m64"],
        ld_emulation: "elf_x86_64",
        cores: "Linux on x86, 64 bits",
        binutils: "",
        emulator: None,
    },
];
