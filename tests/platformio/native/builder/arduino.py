# SPDX-License-Identifier: MIT OR Apache-2.0
"""The stand-in for Arduino and its modems' libraries, from the folder that ARDUINO_SHIM names."""

import os

from SCons.Script import DefaultEnvironment

env = DefaultEnvironment()
shim = os.environ["ARDUINO_SHIM"]
env.Append(CPPPATH=[shim], CXXFLAGS=["-std=gnu++17"])
env.BuildSources(os.path.join("$BUILD_DIR", "shim"), shim)
