# SPDX-License-Identifier: MIT OR Apache-2.0
"""The module's Kconfig and the sample's, without a Zephyr tree: what resolves to what.

MODULE is the folder of the module, PACKAGED says whether it is an unpacked package.
"""

import os
import pathlib
import re
import unittest

import kconfiglib

HERE = pathlib.Path(__file__).resolve().parent
MODULE = pathlib.Path(os.environ["MODULE"])
PACKAGED = os.environ["PACKAGED"] == "yes"


def load(*assigned, root="Kconfig"):
    """Kconfig with these lines of a configuration file, and what it had to say about them."""
    os.environ["srctree"] = str(HERE / "tree")
    kconfig = kconfiglib.Kconfig(str(root), warn_to_stderr=False)
    assert not kconfig.warnings, kconfig.warnings
    for line in assigned:
        name, value = line.split("=", 1)
        kconfig.syms[name].set_value(value.strip('"'))
    return kconfig


def values(kconfig, *names):
    """The values of symbols without their common prefix; None for one that is not visible and has none."""
    return [kconfig.syms["KPN_THINGS" + name].str_value for name in names]


ON = "KPN_THINGS=y"
SOCKETS = ("NETWORKING=y", "NET_SOCKETS=y")


class Library(unittest.TestCase):
    def test_nothing_is_set_unless_asked_for(self):
        kconfig = load(*SOCKETS, "LOG=y", "KPN_THINGS_EXCHANGE=y", "KPN_THINGS_CARGO=y")
        of_ours = [s for s in kconfig.unique_defined_syms if s.name.startswith("KPN_THINGS")]
        self.assertGreater(len(of_ours), 10)
        self.assertEqual([s.name for s in of_ours if s.config_string and s.str_value not in ("n", "")], [])

    def test_every_option_of_the_user_has_a_help_text(self):
        kconfig = load()
        for node in kconfig.node_iter():
            name = getattr(node.item, "name", None)
            if node.prompt and name and name.startswith("KPN_THINGS") and "LOG_LEVEL" not in name:
                self.assertTrue(node.help, name)

    @unittest.skipIf(PACKAGED, "the repository")
    def test_in_the_repository_cargo_is_the_default(self):
        kconfig = load(ON)
        self.assertEqual(values(kconfig, "_CARGO", "_PREBUILT", "_HAS_ARCHIVES"), ["y", "n", "n"])
        self.assertEqual(values(kconfig, "_CARGO_COMMAND", "_RUST_TARGET", "_FAST_SHA"),
                         ["cargo", "", "n"])
        self.assertEqual(kconfig.syms["KPN_THINGS_ARCHIVE_PATH"].visibility, 0)

    @unittest.skipIf(PACKAGED, "the repository")
    def test_an_archive_can_be_named_instead(self):
        kconfig = load(ON, "KPN_THINGS_PREBUILT=y", 'KPN_THINGS_ARCHIVE_PATH="lib/libkpn_things.a"')
        self.assertEqual(values(kconfig, "_CARGO", "_PREBUILT", "_ARCHIVE_PATH"), ["n", "y", "lib/libkpn_things.a"])
        for name in ("CARGO_COMMAND", "CARGO_ARGUMENTS", "RUST_TARGET", "FAST_SHA"):
            self.assertEqual(kconfig.syms["KPN_THINGS_" + name].visibility, 0, name)

    @unittest.skipIf(PACKAGED, "the repository")
    def test_a_firmware_with_rust_of_its_own_takes_an_archive_that_hides_its_panic_handler(self):
        self.assertEqual(values(load(ON, "RUST=y"), "_CARGO", "_PREBUILT"), ["n", "y"])

    def test_one_file_of_c_is_offered_where_it_compiles(self):
        wanted = "KPN_THINGS_SOURCE=y"
        kconfig = load(ON, wanted, 'KPN_THINGS_SOURCE_PATH="lib/kpn_things.c"')
        self.assertEqual(values(kconfig, "_SOURCE", "_CARGO", "_PREBUILT", "_SOURCE_PATH"), ["y", "n", "n", "lib/kpn_things.c"])
        for name in ("ARCHIVE_PATH", "CARGO_COMMAND"):
            self.assertEqual(kconfig.syms["KPN_THINGS_" + name].visibility, 0, name)
        self.assertEqual(values(load(ON), "_SOURCE"), ["n"])
        self.assertEqual(load(ON).syms["KPN_THINGS_SOURCE_PATH"].visibility, 0)
        for machine in ("64BIT=y", "BIG_ENDIAN=y"):
            self.assertEqual(values(load(ON, machine, wanted), "_SOURCE"), ["n"], machine)

    @unittest.skipIf(PACKAGED, "the repository")
    def test_fast_sha_goes_with_cargo_only(self):
        self.assertEqual(values(load(ON, "KPN_THINGS_FAST_SHA=y"), "_FAST_SHA"), ["y"])
        self.assertEqual(values(load(ON, "KPN_THINGS_PREBUILT=y", "KPN_THINGS_FAST_SHA=y"), "_FAST_SHA"), ["n"])

    @unittest.skipUnless(PACKAGED, "the package")
    def test_in_the_package_the_archive_is_the_default_and_cargo_is_not_offered(self):
        for kconfig in (load(ON), load(ON, "KPN_THINGS_CARGO=y")):
            self.assertEqual(values(kconfig, "_CARGO", "_PREBUILT", "_HAS_ARCHIVES"), ["n", "y", "y"])
            self.assertEqual(kconfig.syms["KPN_THINGS_CARGO"].visibility, 0)


class Exchange(unittest.TestCase):
    def test_needs_sockets(self):
        self.assertEqual(values(load(ON, "KPN_THINGS_EXCHANGE=y"), "_EXCHANGE"), ["n"])
        self.assertEqual(values(load(ON, *SOCKETS, "KPN_THINGS_EXCHANGE=y"), "_EXCHANGE"), ["y"])

    def test_is_not_there_unless_asked_for(self):
        self.assertEqual(values(load(ON, *SOCKETS), "_EXCHANGE"), ["n"])

    def test_its_limits_are_within_their_ranges(self):
        for name in ("_CONNECT_TIMEOUT", "_SEND_TIMEOUT", "_RECEIVE_TIMEOUT"):
            symbol = "KPN_THINGS_EXCHANGE" + name
            for given, taken in (("1", "1"), ("3600000", "3600000"), ("0", "30000"), ("3600001", "30000")):
                kconfig = load(ON, *SOCKETS, "KPN_THINGS_EXCHANGE=y", f"{symbol}={given}")
                self.assertEqual(kconfig.syms[symbol].str_value, taken, symbol)
            self.assertEqual(load(ON, *SOCKETS).syms[symbol].visibility, 0)


class Firmware(unittest.TestCase):
    NEEDS = (*SOCKETS, "KPN_THINGS_EXCHANGE=y", "SETTINGS=y", "MCUBOOT_IMG_MANAGER=y", "STREAM_FLASH_PROGRESS=y",
             "IMG_ERASE_PROGRESSIVELY=y")

    def test_needs_all_that_it_stands_on(self):
        wanted = "KPN_THINGS_FIRMWARE=y"
        self.assertEqual(values(load(ON, *self.NEEDS, wanted), "_FIRMWARE", "_STORE"), ["y", "y"])
        self.assertEqual(values(load(ON, *self.NEEDS), "_FIRMWARE", "_STORE"), ["n", "n"])
        for need in self.NEEDS:
            others = [line for line in self.NEEDS if line != need]
            self.assertEqual(values(load(ON, *others, wanted), "_FIRMWARE"), ["n"], need)
        overwrites = "MCUBOOT_BOOTLOADER_MODE_OVERWRITE_ONLY=y"
        self.assertEqual(values(load(ON, *self.NEEDS, wanted, overwrites), "_FIRMWARE"), ["n"])

    def test_its_buffer_holds_the_longest_state(self):
        kconfig = load(ON, *self.NEEDS, "KPN_THINGS_FIRMWARE=y")
        text = (MODULE / "include/kpn_things.h").read_text()
        longest = int(re.search(r"#define KPN_FIRMWARE_IMAGE_MAX (\d+)", text)[1])
        self.assertGreaterEqual(int(kconfig.syms["KPN_THINGS_FIRMWARE_BUFFER"].str_value), longest + 2)


class Stored(unittest.TestCase):
    def test_needs_the_settings_and_the_shell(self):
        wanted = ("KPN_THINGS_CREDENTIALS=y", "KPN_THINGS_QUEUE=y", "KPN_THINGS_SHELL=y")
        names = ("_CREDENTIALS", "_QUEUE", "_SHELL", "_STORE")
        self.assertEqual(values(load(ON, *wanted), *names), ["n", "n", "n", "n"])
        self.assertEqual(values(load(ON, "SETTINGS=y", *wanted), *names), ["y", "y", "n", "y"])
        self.assertEqual(values(load(ON, "SETTINGS=y", "SHELL=y", *wanted), *names), ["y", "y", "y", "y"])
        self.assertEqual(values(load(ON, "SETTINGS=y", "SHELL=y"), *names), ["n", "n", "n", "n"])


class Log(unittest.TestCase):
    def test_follows_the_system_unless_chosen(self):
        self.assertEqual(values(load(ON, "LOG=y"), "_LOG_LEVEL"), ["3"])
        self.assertEqual(values(load(ON, "LOG=y", "KPN_THINGS_LOG_LEVEL_DBG=y"), "_LOG_LEVEL"), ["4"])
        self.assertEqual(load(ON).syms["KPN_THINGS_LOG_LEVEL"].str_value, "")


class Sample(unittest.TestCase):
    def sample(self, file):
        folder = MODULE / "c-examples/zephyr"
        lines = (folder / file).read_text().splitlines()
        return [line.removeprefix("CONFIG_") for line in lines if line.startswith("CONFIG_")], folder / "Kconfig"

    def test_its_configuration_turns_on_the_exchange(self):
        lines, root = self.sample("prj.conf")
        known = load(root=root).syms
        kconfig = load(*(line for line in lines if line.split("=")[0] in known), root=root)
        self.assertEqual(values(kconfig, "", "_EXCHANGE"), ["y", "y"])
        self.assertEqual(kconfig.syms["SAMPLE_PORT"].str_value, "80")
        self.assertRegex(kconfig.syms["SAMPLE_SECRET"].str_value, "^[0-9a-zA-Z]{30,100}$")
        self.assertRegex(kconfig.syms["SAMPLE_DEVICE"].str_value, ":$")

    def test_its_overlays_name_options_that_it_has(self):
        folder = MODULE / "c-examples/zephyr"
        files = [*folder.glob("*.conf"), *folder.glob("boards/*.conf")]
        self.assertGreaterEqual(len(files), 3)
        for file in files:
            lines, root = self.sample(file.relative_to(folder))
            known = load(root=root).syms
            ours = [line.split("=")[0] for line in lines if line.startswith(("SAMPLE_", "KPN_THINGS"))]
            self.assertEqual([name for name in ours if name not in known], [], file)


if __name__ == "__main__":
    unittest.main()
