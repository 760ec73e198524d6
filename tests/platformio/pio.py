# SPDX-License-Identifier: MIT OR Apache-2.0
"""PlatformIO without its registry: `pio.py pack FOLDER OUT` and `pio.py core FOLDER`.

pack: PlatformIO's own packer, with one thing replaced: it asks the network for SPDX's list of licences to check the manifest against.
Here the list has the two licences of this project, so that any other in the manifest is refused.

core: a folder for PLATFORMIO_CORE_DIR with SCons from Python's package index in the place of PlatformIO's package of it, which its registry
alone has.
"""

import json
import os
import sys

import SCons
from platformio.dependencies import get_core_dependencies
from platformio.package.manifest.parser import ManifestParserFactory
from platformio.package.manifest.schema import ManifestSchema
from platformio.package.pack import PackagePacker


def pack(folder, out):
    licences = {"licenses": [{"licenseId": "MIT"}, {"licenseId": "Apache-2.0"}]}
    ManifestSchema.load_spdx_licenses = staticmethod(lambda: licences)
    archive = PackagePacker(folder).pack(out)
    ManifestSchema().load_manifest(ManifestParserFactory.new_from_archive(archive).as_dict())
    print(archive)


def core(folder):
    tool = os.path.join(folder, "packages", "tool-scons")
    os.makedirs(tool)
    version = get_core_dependencies()["tool-scons"].lstrip("~^=")
    with open(os.path.join(tool, "package.json"), "w", encoding="utf-8") as file:
        json.dump({"name": "tool-scons", "version": version, "system": "*"}, file)
    with open(os.path.join(tool, ".piopm"), "w", encoding="utf-8") as file:
        spec = {"owner": "platformio", "id": None, "name": "tool-scons", "requirements": None, "uri": None}
        json.dump({"type": "tool", "name": "tool-scons", "version": version, "spec": spec}, file)
    with open(os.path.join(tool, "scons.py"), "w", encoding="utf-8") as file:
        here = os.path.dirname(os.path.dirname(os.path.abspath(SCons.__file__)))
        file.write("import sys\nsys.path.insert(0, {!r})\nfrom SCons.Script.Main import main\nmain()\n".format(here))


if sys.argv[1:2] == ["pack"] and len(sys.argv) == 4:
    pack(sys.argv[2], sys.argv[3])
elif sys.argv[1:2] == ["core"] and len(sys.argv) == 3:
    core(sys.argv[2])
else:
    sys.exit(__doc__)
