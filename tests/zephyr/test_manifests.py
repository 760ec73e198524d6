"""module.yml and sample.yaml against the keys that Zephyr's own checkers take, and against the files that they name.

MODULE is the folder of the module.
"""

import os
import pathlib
import re
import unittest

import yaml

MODULE = pathlib.Path(os.environ["MODULE"])

# Zephyr's scripts refuse any other key. A type stands for a value, a dict for a map, a list for a list of such.
MODULE_KEYS = {
    "name": str,
    "build": {"cmake": str, "kconfig": str, "cmake-ext": bool, "kconfig-ext": bool, "depends": [str]},
    "samples": [str],
    "tests": [str],
    "boards": [str],
}
TEST_KEYS = {
    "tags": [str],
    "build_only": bool,
    "depends_on": str,
    "extra_args": [str],
    "extra_configs": [str],
    "filter": str,
    "harness": str,
    "harness_config": {"type": str, "regex": [str], "ordered": bool},
    "integration_platforms": [str],
    "min_flash": int,
    "min_ram": int,
    "platform_allow": [str],
    "timeout": int,
}
SAMPLE_KEYS = {"sample": {"name": str, "description": str}, "common": TEST_KEYS, "tests": {"*": TEST_KEYS}}
# Boards with the names of Zephyr 3.7 and later: board[/soc[/cpu or variant…]].
BOARD = re.compile(r"^[a-z0-9_]+(/[a-z0-9_]+)*$")


def problems(value, schema, where=""):
    """What of a value does not fit."""
    if isinstance(schema, type):
        return [] if type(value) is schema else [f"{where}: {value!r} is no {schema.__name__}"]
    if isinstance(schema, list):
        if not isinstance(value, list):
            return [f"{where}: no list"]
        return [text for item in value for text in problems(item, schema[0], where)]
    if not isinstance(value, dict):
        return [f"{where}: no map"]
    found = []
    for key, item in value.items():
        known = schema.get(key, schema.get("*"))
        found += [f"{where}.{key}: not known"] if known is None else problems(item, known, f"{where}.{key}")
    return found


def read(path):
    return yaml.safe_load((MODULE / path).read_text())


class Checker(unittest.TestCase):
    def test_finds_what_does_not_fit(self):
        for wrong in ({"build": {"cmakes": "zephyr"}}, {"name": 5}, {"samples": "here"}, {"build": []}, {"x": 1}):
            self.assertEqual(len(problems(wrong, MODULE_KEYS)), 1, wrong)
        self.assertEqual(problems({"name": "x", "build": {"depends": ["y"]}}, MODULE_KEYS), [])


class Module(unittest.TestCase):
    def test_has_known_keys_only(self):
        self.assertEqual(problems(read("zephyr/module.yml"), MODULE_KEYS), [])

    def test_names_files_that_are_there(self):
        module = read("zephyr/module.yml")
        self.assertEqual(module["name"], "kpn_things")
        self.assertTrue((MODULE / module["build"]["cmake"] / "CMakeLists.txt").is_file())
        self.assertTrue((MODULE / module["build"]["kconfig"]).is_file())
        for sample in module["samples"]:
            self.assertTrue((MODULE / sample / "sample.yaml").is_file())


class Sample(unittest.TestCase):
    def setUp(self):
        self.sample = read("c-examples/zephyr/sample.yaml")

    def test_has_known_keys_only(self):
        self.assertEqual(problems(self.sample, SAMPLE_KEYS), [])

    def test_is_built_for_the_boards_that_the_module_promises(self):
        allowed = {board for test in self.sample["tests"].values() for board in test["platform_allow"]}
        self.assertLessEqual({"native_sim", "native_sim/native/64", "qemu_cortex_m3", "nrf9160dk/nrf9160/ns"}, allowed)
        for board in allowed:
            self.assertRegex(board, BOARD)

    def test_names_files_that_are_there(self):
        folder = MODULE / "c-examples/zephyr"
        for test in self.sample["tests"].values():
            for argument in test.get("extra_args", []):
                name, value = argument.split("=", 1)
                self.assertTrue(name == "EXTRA_CONF_FILE" and (folder / value).is_file(), argument)


if __name__ == "__main__":
    unittest.main()
