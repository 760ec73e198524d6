# SPDX-License-Identifier: MIT OR Apache-2.0
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
    "harness_config": {"type": str, "regex": [str], "ordered": bool, "pytest_root": [str]},
    "integration_platforms": [str],
    "min_flash": int,
    "min_ram": int,
    "platform_allow": [str],
    "timeout": int,
}
TESTCASE_KEYS = {"common": TEST_KEYS, "tests": {"*": TEST_KEYS}}
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
        for folder in module["tests"]:
            self.assertEqual(problems(read(f"{folder}/testcase.yaml"), TESTCASE_KEYS), [])
            for name in ("CMakeLists.txt", "prj.conf", "src/main.c"):
                self.assertTrue((MODULE / folder / name).is_file(), name)


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
                self.assertTrue(name in ("EXTRA_CONF_FILE", "CONF_FILE") and (folder / value).is_file(), argument)
            for path in test.get("harness_config", {}).get("pytest_root", []):
                self.assertTrue((folder / path).is_file(), path)

    def test_runs_what_it_does_not_only_build(self):
        running = [name for name, test in self.sample["tests"].items() if not test.get("build_only")]
        self.assertEqual(running, ["sample.kpn_things.simulator"])


class Page(unittest.TestCase):
    def test_its_west_manifests_import_zephyr_and_name_the_module(self):
        text = (MODULE / "zephyr/README.md").read_text()
        manifests = [yaml.safe_load(block) for block in re.findall(r"```yaml\n(.*?)```", text, re.DOTALL)]
        self.assertEqual([manifest["manifest"]["projects"][0]["name"] for manifest in manifests], ["zephyr", "sdk-nrf"])
        for manifest in manifests:
            first, ours = manifest["manifest"]["projects"]
            self.assertIs(first["import"], True)
            self.assertEqual(ours["name"], "kpn-things")
            self.assertTrue(all({"url", "revision"} <= set(project) for project in (first, ours)))

    def test_it_leads_from_nothing_to_an_update(self):
        text = (MODULE / "zephyr/README.md").read_text()
        headings = re.findall(r"^## (.*)$", text, re.MULTILINE)
        steps = ["In your own application", "From nothing to the first accepted message", "Attach", "Send", "Downlink", "SMS", "Update"]
        self.assertEqual([heading for heading in headings if heading in steps], steps)

    def test_it_names_files_and_options_that_are_there(self):
        text = (MODULE / "zephyr/README.md").read_text()
        for name in re.findall(r"(?:boards/[a-z0-9_]+|overlay-[a-z]+)\.conf", text):
            self.assertTrue((MODULE / "c-examples/zephyr" / name).is_file(), name)
        kconfig = (MODULE / "zephyr/Kconfig").read_text()
        for name in re.findall(r"CONFIG_(KPN_THINGS\w*)", text):
            self.assertIn(f"config {name}\n", kconfig, name)


class Facts(unittest.TestCase):
    """Every option of Zephyr and of the nRF Connect SDK that a configuration names was seen there: a name that is not known ends a build."""

    def setUp(self):
        text = (pathlib.Path(__file__).resolve().parent / "kconfig_facts.tsv").read_text()
        rows = [line.split("\t") for line in text.splitlines()[1:]]
        self.rows = {row[0]: row[1:] for row in rows}
        self.assertEqual([row[0] for row in rows], sorted(self.rows), "sorted, and each once")

    def named(self):
        folder = MODULE / "c-examples/zephyr"
        files = [*folder.glob("*.conf"), *folder.glob("boards/*.conf"), *(MODULE / path / "prj.conf" for path in read("zephyr/module.yml")["tests"])]
        self.assertGreaterEqual(len(files), 11)
        found = {}
        for file in files:
            for line in file.read_text().splitlines():
                if line and not line.startswith("#"):
                    self.assertRegex(line, "^CONFIG_[A-Z0-9_]+=.+$", file)
                    name = line.split("=")[0].removeprefix("CONFIG_")
                    if not name.startswith(("KPN_THINGS", "SAMPLE_")):
                        found.setdefault(name, file.name)
        return found

    def test_every_option_was_seen(self):
        self.assertEqual(set(self.named()) - set(self.rows), set())

    def test_no_fact_is_left_over(self):
        self.assertEqual(set(self.rows) - set(self.named()), set())

    def test_each_says_where(self):
        for name, (repository, path, version) in self.rows.items():
            self.assertIn(repository, ("zephyrproject-rtos/zephyr", "nrfconnect/sdk-nrf"), name)
            self.assertRegex(path, "Kconfig|\\.conf$|^built$", name)
            self.assertRegex(version, r"^([0-9a-f]{40}|\d+\.\d+\.\d+)$", name)

    def test_plain_zephyr_is_told_nothing_of_nordics(self):
        of_nordic = {name for name, row in self.rows.items() if row[0] == "nrfconnect/sdk-nrf"} - {
            "HEAP_MEM_POOL_SIZE", "NET_SOCKETS_OFFLOAD", "SYSTEM_WORKQUEUE_STACK_SIZE"}
        for name in ("prj.conf", "overlay-nsos.conf", "overlay-ppp.conf", "overlay-update.conf", "boards/qemu_cortex_m3.conf"):
            text = (MODULE / "c-examples/zephyr" / name).read_text()
            named = {line.split("=")[0].removeprefix("CONFIG_") for line in text.splitlines()}
            self.assertEqual(named & of_nordic, set(), name)


if __name__ == "__main__":
    unittest.main()
