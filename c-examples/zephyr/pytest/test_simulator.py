# SPDX-License-Identifier: MIT OR Apache-2.0
"""The sample on native_sim against the simulator, run by twister's pytest harness.

KPN_THINGS_SIMULATOR names the program kpn-things-simulator; it takes port 8080, which overlay-nsos.conf connects to.
"""

import os
import subprocess

import pytest
from twister_harness import DeviceAdapter

DEVICE = "urn:dev:IMEI:490154203237518:"
SECRET = "0123456789abcdefghijklmnopqrstuvwxyzABCD"
DOWNLINK = f'{DEVICE}=[{{"bn":"{DEVICE}","n":"valve","vb":true}}]'


@pytest.fixture(scope="session")
def simulator(tmp_path_factory):
    port_file = tmp_path_factory.mktemp("simulator") / "port"
    arguments = ["--device", f"{DEVICE}={SECRET}", "--downlink", DOWNLINK, "--port-file", port_file, "--max-seconds", "120"]
    with subprocess.Popen([os.environ["KPN_THINGS_SIMULATOR"], *arguments]) as process:
        yield process
        process.terminate()


def test_a_message_is_accepted_and_its_downlink_acted_on(simulator, dut: DeviceAdapter):
    # The first attempt may come before the simulator listens; the sample tries again.
    dut.readlines_until(regex="status 202", timeout=60)
    dut.readlines_until(regex="the valve is now open", timeout=10)
    dut.readlines_until(regex="done", timeout=10)
