# SPDX-License-Identifier: MIT OR Apache-2.0
"""Links the archive for the board's core, as the compiler's options and the board's description have it.

PlatformIO runs this in the library's own build environment. Where there is no archive, the library is compiled from one file of C on
machines that this can serve; else this stops the build and says why.
"""

import os
import sys

Import("env")  # noqa: F821, given by SCons

# Espressif's chips by `build.mcu`; their compilers' options differ between versions.
ESPRESSIF = {
    "esp32c2": "riscv32imc",
    "esp32c3": "riscv32imc",
    "esp32c5": "riscv32imac",
    "esp32c6": "riscv32imac",
    "esp32c61": "riscv32imac",
    "esp32h2": "riscv32imac",
}
# Arm cores: with soft float or softfp, and with hard float.
ARM = {
    "cortex-m0": ("thumbv6m", None),
    "cortex-m0plus": ("thumbv6m", None),
    "cortex-m1": ("thumbv6m", None),
    "cortex-m3": ("thumbv7m", None),
    "cortex-m4": ("thumbv7em", "thumbv7em-hf"),
    "cortex-m7": ("thumbv7em", "thumbv7em-hf"),
    "cortex-m23": ("thumbv8m.base", None),
    "cortex-m33": ("thumbv8m.main", "thumbv8m.main-hf"),
}


def options(environment):
    """All options of compiler and linker, as texts."""
    found = []
    for name in ("ASFLAGS", "CCFLAGS", "CFLAGS", "CXXFLAGS", "LINKFLAGS"):
        for option in environment.Flatten(environment.get(name, [])):
            found.extend(environment.subst(str(option)).split())
    return found


def value(found, name, default):
    """What the last of several `name=value` says."""
    values = [option[len(name) + 1 :] for option in found if option.startswith(name + "=")]
    return values[-1] if values else default


def archive(found, cpu, mcu, platform):
    """Name of the folder in lib/, or None."""
    if platform == "native":
        return "x86_64-linux" if sys.platform == "linux" and sys.maxsize > 2**32 and "-m32" not in found else None
    if mcu.startswith("esp"):
        return ESPRESSIF.get(mcu)
    march = value(found, "-march", "")
    if march.startswith("rv32"):
        base = march.split("_")[0].replace("rv32g", "rv32imafd")
        if value(found, "-mabi", "ilp32") != "ilp32" or not {"i", "m", "c"} <= set(base[4:]):
            return None
        return "riscv32imac" if "a" in base[4:] else "riscv32imc"
    core = value(found, "-mcpu", cpu).split("+")[0]
    soft, hard = ARM.get(core, (None, None))
    return hard if value(found, "-mfloat-abi", "soft") == "hard" else soft


def has_source(found, mcu):
    """Whether the file of C serves a core without an archive: Espressif's chips, RISC-V of any kind with 32 bits, and Arm's other cores."""
    return mcu.startswith("esp") or value(found, "-march", "").startswith("rv32") or value(found, "-mcpu", "").startswith("cortex-m")


board = env.BoardConfig() if "BOARD" in env else {}  # noqa: F821
platform = env.get("PIOPLATFORM", "")  # noqa: F821
options_found = options(env)  # noqa: F821
name = archive(options_found, board.get("build.cpu", ""), board.get("build.mcu", ""), platform)
is_arduino = "arduino" in env.get("PIOFRAMEWORK", [])  # noqa: F821
if name is None and has_source(options_found, board.get("build.mcu", "")):
    env.Replace(SRC_FILTER=["+<*>"] if is_arduino else ["-<*>", "+<kpn_things.c>"])  # noqa: F821, the class needs Arduino
elif name is None:
    sys.stderr.write(
        "KPN Things: this package has no archive for platform {}, board {}, mcu {}, options {}. "
        "Build one as the README says, and link it with build_flags.\n".format(
            platform,
            env.get("BOARD", "none"),  # noqa: F821
            board.get("build.mcu", "unknown"),
            " ".join(option for option in options_found if option.startswith("-m")) or "none",
        )
    )
    env.Exit(1)  # noqa: F821
else:
    here = os.path.join(os.getcwd(), "lib", name)
    env.Replace(SRC_FILTER=["+<*>", "-<kpn_things.c>"] if is_arduino else ["-<*>"])  # noqa: F821
    env.Append(LIBPATH=[here], LIBS=["kpn_things"])  # noqa: F821
