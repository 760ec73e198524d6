// SPDX-License-Identifier: MIT OR Apache-2.0
//! Boards that QEMU emulates, and firmware for them. Start-up code, linker script and output are picolibc's.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use anyhow::{Context as _, bail, ensure};
use xshell::cmd;

use crate::{
    target::{self, Target},
    workspace::Workspace,
};

/// More than the slowest test needs on a busy machine; anything longer is a hang.
pub const PATIENCE: Duration = Duration::from_secs(300);

/// A board.
#[derive(Debug)]
pub struct Machine {
    /// QEMU's name.
    pub name: &'static str,
    /// The archive that it uses.
    pub target: &'static str,
    qemu: &'static str,
    flash: (u32, u32),
    ram: (u32, u32),
    stack: u32,
}

const CORTEX_M3: Machine = Machine {
    name: "mps2-an385",
    target: "thumbv7m",
    qemu: "qemu-system-arm",
    flash: (0, 0x40_0000),
    ram: (0x2000_0000, 0x10_0000),
    stack: 0x4000,
};

const VIRT: Machine = Machine {
    name: "virt",
    target: "riscv32imac",
    qemu: "qemu-system-riscv32",
    flash: (0x8000_0000, 0x40_0000),
    ram: (0x8040_0000, 0x10_0000),
    stack: 0x4000,
};

/// One board per kind of core.
pub const MACHINES: &[Machine] = &[
    Machine {
        name: "microbit",
        target: "thumbv6m",
        qemu: "qemu-system-arm",
        flash: (0, 0x4_0000),
        ram: (0x2000_0000, 0x4000),
        stack: 0x1000,
    },
    CORTEX_M3,
    Machine {
        name: "mps2-an386",
        target: "thumbv7em-hf",
        qemu: "qemu-system-arm",
        flash: (0, 0x40_0000),
        ram: (0x2000_0000, 0x10_0000),
        stack: 0x4000,
    },
    Machine {
        name: "mps2-an505",
        target: "thumbv8m.main-hf",
        qemu: "qemu-system-arm",
        flash: (0x1000_0000, 0x40_0000),
        ram: (0x3800_0000, 0x10_0000),
        stack: 0x4000,
    },
    VIRT,
];

/// Where instructions are counted, and how the lines of each core begin. With `-icount` QEMU counts one per instruction
/// that the guest executes, whatever the core. Armv6-M's instructions are a subset of Armv7-M's, so a program compiled
/// and linked for a Cortex-M0+ executes the same ones on the Cortex-M3, whose board has an exact timer.
pub const COUNTERS: &[(&str, Machine)] = &[
    ("insn", CORTEX_M3),
    (
        "insn-m0",
        Machine {
            target: "thumbv6m",
            ..CORTEX_M3
        },
    ),
];

/// Where stack is painted.
pub const PAINTERS: &[Machine] = &[
    CORTEX_M3,
    Machine {
        target: "thumbv6m",
        ..CORTEX_M3
    },
    VIRT,
];

/// The board with this QEMU name.
pub fn find(name: &str) -> anyhow::Result<&'static Machine> {
    MACHINES
        .iter()
        .find(|machine| machine.name == name)
        .with_context(|| format!("no machine `{name}`"))
}

impl Machine {
    /// The target of the archive that it uses.
    pub fn target(&self) -> anyhow::Result<&'static Target> {
        target::find(self.target)
    }

    /// Tells picolibc's linker script where the memory is.
    pub fn memory(&self) -> String {
        let ((flash, flash_size), (ram, ram_size)) = (self.flash, self.ram);
        format!(
            "-Wl,--defsym=__flash={flash:#x},--defsym=__flash_size={flash_size:#x},--defsym=__ram={ram:#x},\
             --defsym=__ram_size={ram_size:#x},--defsym=__stack_size={:#x}",
            self.stack
        )
    }

    /// Compiles C sources and links them with archives to an image for this board.
    pub fn build(
        &self,
        workspace: &Workspace,
        name: &str,
        arguments: &[&str],
        inputs: &[PathBuf],
    ) -> anyhow::Result<PathBuf> {
        let shell = &workspace.shell;
        let target = self.target()?;
        let (gcc, flags) = (target.gcc(), target.gcc_flags);
        let elf = workspace
            .scratch("firmware")?
            .join(format!("{name}-{}-{}.elf", self.name, self.target));
        let memory = self.memory();
        cmd!(
            shell,
            "{gcc} {flags...} -std=c99 -Os -Wall -Wextra -Werror -I include -I tests/firmware {arguments...}
             -ffunction-sections -fdata-sections --specs=picolibc.specs --crt0=semihost --oslib=semihost
             -Wl,--gc-sections -Wl,-z,noexecstack {memory} {inputs...} -o {elf}"
        )
        .quiet()
        .run()
        .with_context(|| format!("{name} for {}", self.name))?;
        Ok(elf)
    }

    /// Runs an image to its end and returns its output. A failing status, a crash and a hang are errors.
    ///
    /// With `icount`, each instruction takes two to the power of that in nanoseconds of virtual time.
    pub fn run(
        &self,
        workspace: &Workspace,
        elf: &Path,
        icount: Option<u32>,
        patience: Duration,
    ) -> anyhow::Result<String> {
        let shell = &workspace.shell;
        let (qemu, name) = (self.qemu, self.name);
        let seconds = patience.as_secs().to_string();
        let bios: &[&str] = if qemu.ends_with("riscv32") {
            &["-bios", "none"]
        } else {
            &[]
        };
        let icount = icount.map(|shift| format!("shift={shift},sleep=off"));
        let icount = icount
            .iter()
            .flat_map(|setting| ["-icount", setting.as_str()]);
        let output = cmd!(
            shell,
            "timeout --signal=KILL {seconds} {qemu} -M {name} {bios...} -nographic -monitor none -serial null
             -chardev stdio,id=s -semihosting-config enable=on,target=native,chardev=s {icount...} -kernel {elf}"
        )
        .quiet()
        .ignore_status()
        .stdin("")
        .output()?;
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let said = String::from_utf8_lossy(&output.stderr);
        match output.status.code() {
            Some(0) => Ok(printed),
            Some(137) | None => bail!("hangs on {name}; printed:\n{printed}{said}"),
            Some(code) => {
                ensure!(
                    !said.contains("Lockup"),
                    "crashes on {name}; printed:\n{printed}{said}"
                );
                bail!("ends on {name} with status {code}; printed:\n{printed}{said}")
            }
        }
    }
}
