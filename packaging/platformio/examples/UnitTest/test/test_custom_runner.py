# SPDX-License-Identifier: MIT OR Apache-2.0
"""Reads lines such as `pass the message is signed` and `fail …`. Any other way to write tests for PlatformIO will do as well."""

from platformio.public import TestCase, TestRunnerBase, TestStatus


class CustomTestRunner(TestRunnerBase):
    STATUS = {"pass": TestStatus.PASSED, "fail": TestStatus.FAILED}

    def on_testing_line_output(self, line):
        word, _, name = line.strip().partition(" ")
        if word in self.STATUS:
            self.test_suite.add_case(TestCase(name=name, status=self.STATUS[word], stdout=line))
        super().on_testing_line_output(line)
