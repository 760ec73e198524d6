# SPDX-License-Identifier: MIT OR Apache-2.0
"""Compiles and links for this machine."""

from SCons.Script import Default, DefaultEnvironment

env = DefaultEnvironment()
env.Replace(PROGNAME="program")
Default(env.BuildProgram())
