# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compiles and links for a board with the compiler and the options that its description names; nothing is run."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
board = env.BoardConfig()
compiler = board.get("build.compiler")
options = board.get("build.options").split()
env.Replace(
    AR=compiler + "ar", AS=compiler + "as", CC=compiler + "gcc", CXX=compiler + "g++", LINK=compiler + "gcc",
    OBJCOPY=compiler + "objcopy", RANLIB=compiler + "ranlib", PROGNAME="firmware", PROGSUFFIX=".elf",
)
env.Append(
    CCFLAGS=options + ["-Os", "-ffunction-sections", "-fdata-sections", "-Wall", "-Wextra", "-Werror"],
    LINKFLAGS=options + ["-Wl,--gc-sections"] + board.get("build.link").split(),
)
Default(env.BuildProgram())
