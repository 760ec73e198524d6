# SPDX-License-Identifier: MIT OR Apache-2.0
"""Every client that this project has, against every peer of `peer.py`: it ends within its own time limit, says what came, and its
next exchange works.

run.py NAME=PATH...: the programs `transport`, `zephyr`, `arduino`, `exchange`, `gateway`, `stream`, `firmware`, `tls`, `at-modem`, the
emulated `modem`, and the configurations `device` and `device-tls`. Most of the time is waiting, so all cases run side by side.
"""

import concurrent.futures
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import time

import peer
from peer import CHUNKED, LARGE, RAW, SMALL, Peer, announces, ends_after, serves

# What a client may take beyond its limit on a machine that is busy; the peers go on for far longer.
SLACK = 12

TIMEOUT, IO, SYNTAX, TOO_LARGE, TRUNCATED = -91, -92, -40, -43, -44

# What each peer makes of an exchange: the status and the HTTP status, where the client can tell.
EXPECTED = {
    "says nothing": (TIMEOUT, 0),
    "a byte now and then of the status line": (TIMEOUT, 202),
    "a byte now and then of a field": (TIMEOUT, 202),
    "a byte now and then of a body": (TIMEOUT, 202),
    "a body without end": (TIMEOUT, 202),
    "chunks without end": (TIMEOUT, 202),
    "interim responses without end": (TOO_LARGE, 0),
    "interim responses now and then": (TIMEOUT, 0),
    "fields without end": (TOO_LARGE, 202),
    "a field without end": (TOO_LARGE, 202),
    "a trailer section without end": (TOO_LARGE, 202),
    "half closed without an answer": (TRUNCATED, 0),
    "half closed in an answer": (TRUNCATED, 202),
    "half closed after an answer": (0, 202),
    "closed without an answer": (TRUNCATED, 0),
    "reset without an answer": (IO, 0),
    "reset after an answer": (0, 202),
    "another protocol": (SYNTAX, 0),
    "answered before it is asked": (0, 401),
    "accepts and reads nothing": (TIMEOUT, 0),
    "reads slowly": (TIMEOUT, 0),
    "answered at once and closed": (0, 401),
    "answered at once and held": (0, 401),
    "answered and closed": (0, 401),
    "answered and reset": (0, 401),
    "answered and half closed": (0, 403),
    "answered and read on": (0, 401),
    "interim responses, then answered": (0, 202),
    "interim responses without end while sending": (TOO_LARGE, 0),
    "another protocol while sending": (SYNTAX, 0),
    "fields without end while sending": (TOO_LARGE, 202),
    "reset while sending": (IO, 0),
    "half closed while sending": (TRUNCATED, 0),
}
assert EXPECTED.keys() == SMALL.keys() | LARGE.keys()

# In the words of kpn_status_text.
TEXT = {
    TIMEOUT: "time limit is over",
    IO: "connection broke",
    SYNTAX: "not HTTP/1",
    TOO_LARGE: "too large",
    TRUNCATED: "ended before the response",
}
# A megabyte is more than the buffers of two sockets, and 16 more than those that grow.
BYTES = 16 << 20


class Wrong(Exception):
    """A client that did something else."""


def run(*arguments, limit, stdin=None, **environment):
    """What a program says; Wrong when it does not end within its limit. (Its status, what it said, the seconds that it took.)"""
    begin = time.monotonic()
    try:
        done = subprocess.run(
            [str(argument) for argument in arguments],
            input=stdin,
            stdin=subprocess.DEVNULL if stdin is None else None,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=limit + SLACK,
            env={**os.environ, **environment},
        )
    except subprocess.TimeoutExpired as late:
        raise Wrong(f"did not end within {limit} s: {(late.output or b'')[-500:]}") from None
    return done.returncode, done.stdout, time.monotonic() - begin


def lines_of(said):
    return [tuple(int(word) for word in line.split()) for line in said.splitlines()]


def expect(actual, expected, said=""):
    if actual != expected:
        raise Wrong(f"{actual} instead of {expected}: {said[-800:]}")


def expect_text(said, *texts):
    for text in texts:
        if text not in said:
            raise Wrong(f"lacks `{text}`: {said[-800:]}")


WELL = (0, 202)


class Clients:
    """The programs, and what each of them is run with."""

    def __init__(self, paths, folder):
        self.paths, self.folder = paths, folder
        self.tls = None

    def __getitem__(self, name):
        return self.paths[name]

    def transport(self, name, behaviour, length):
        """Over one `kpn_posix`: the exchange, and one more."""
        with Peer([behaviour]) as it:
            milliseconds = 1000 if EXPECTED[name][0] == TIMEOUT else 10_000
            _, said, took = run(self["transport"], it.port, milliseconds, length, 1, limit=milliseconds / 1000)
            expect(lines_of(said), [EXPECTED[name], WELL], said)
            if EXPECTED[name][0] == TIMEOUT and took < 0.9:
                raise Wrong(f"gave up after {took} s")
            if name == "answered and read on" and it.received > BYTES // 2:
                raise Wrong(f"went on sending, {it.received} bytes")

    def each_byte(self, reset):
        """Ends at each byte of a response, on one object."""
        count = len(CHUNKED) + 1
        whole = CHUNKED.index(b"0\r\n") + 3
        with Peer([ends_after(at, reset) for at in range(count)]) as it:
            _, said, _ = run(self["transport"], it.port, 5000, 2, count, limit=60)
            line = len(b"HTTP/1.1 202 ")
            expected = []
            for at in range(count):
                known = 202 if at >= line else 0
                if at == count - 1 or (at >= whole and not reset):
                    expected.append(WELL)
                else:
                    expected.append((IO if reset else TRUNCATED, known))
            for at, pair in enumerate(zip(lines_of(said), [*expected, WELL], strict=True)):
                expect(*pair, f"after {at} bytes")

    def zephyr(self, name, behaviour, large):
        """`kpn_zephyr_exchange`, a new connection each time."""
        with Peer([behaviour]) as it:
            more = [BYTES if EXPECTED[name] != WELL else BYTES // 4] if large else []
            _, said, _ = run(self["zephyr"], "127.0.0.1", it.port, *more, limit=4)
            status, _, http = lines_of(said.splitlines()[-1])[0]
            expect((status, http), EXPECTED[name], said)
            _, said, _ = run(self["zephyr"], "127.0.0.1", it.port, limit=4)
            expect(lines_of(said.splitlines()[-1])[0], (0, 0, 202), said)

    def arduino(self, name, behaviour, large):
        """The class; a Client does not tell a reset from an end."""
        environment = {"LARGE": str(BYTES)} if large else {}
        milliseconds = 1000 if EXPECTED[name][0] == TIMEOUT else 10_000
        with Peer([behaviour]) as it:
            _, said, _ = run(self["arduino"], "hostile", limit=2 + 2 * milliseconds / 1000, LIMIT=str(milliseconds), KPN_PORT=str(it.port), **environment)
            expected = EXPECTED[name]
            allowed = [expected]
            if expected[0] in (IO, TRUNCATED, TIMEOUT):
                allowed += [(status, expected[1]) for status in (IO, TRUNCATED, TIMEOUT)]
            first, second = lines_of(said)
            if first not in allowed or second != WELL:
                raise Wrong(f"{first} and {second} instead of {allowed}: {said}")

    def example(self, name, behaviour):
        """`exchange`: a message per run."""
        status, http = EXPECTED[name]
        with Peer([behaviour]) as it:
            ended, said, _ = run(self["exchange"], self["device"], "127.0.0.1", it.port, limit=10)
            if status == 0:
                expect(ended, {202: 0, 401: 2}[http], said)
                expect_text(said, f"response: status {http}")
            else:
                expect(ended, 1, said)
                expect_text(said, TEXT[status])
            ended, said, _ = run(self["exchange"], self["device"], "127.0.0.1", it.port, limit=10)
            expect(ended, 0, said)

    def gateway(self, name, behaviour):
        """`gateway` sends again by itself what may be sent again, and then the next message."""
        status, http = EXPECTED[name]
        with Peer([behaviour]) as it:
            ended, said, _ = run(self["gateway"], self["device"], "127.0.0.1", it.port, limit=12, stdin="a - 1\n\nb - 2\n")
            if http == 401:
                expect_text(said, "1 accepted, 1 refused, 0 given up")
            else:
                expect_text(said, "2 accepted, 0 refused, 0 given up", f"{int(status != 0)} perhaps")
            expect(ended, int(http == 401), said)

    def stream(self, name, behaviour):
        """`stream` with 200,000 measurements."""
        status, http = EXPECTED[name]
        with Peer([behaviour]) as it:
            ended, said, _ = run(self["stream"], "127.0.0.1", it.port, 200_000, limit=30)
            expect_text(said, f"response: status {http}" if status == 0 else TEXT[status])
            expect(ended, int((status, http) != WELL), said)
            ended, said, _ = run(self["stream"], "127.0.0.1", it.port, 10, limit=10)
            expect(ended, 0, said)

    def over_tls(self, name, behaviour):
        """`tls`: the same peers behind a handshake, and some that have none."""
        with Peer([behaviour], tls=self.tls) as it:
            ended, said, _ = run(self["tls"], self["device-tls"], "127.0.0.1", it.port, self.folder / "certificate", limit=10)
            status, http = EXPECTED.get(name, (None, 0))
            if status == 0 and name not in ("half closed after an answer", "reset after an answer"):
                expect_text(said, f"response: status {http}")
            elif ended == 0 and name != "reset after an answer":
                raise Wrong(f"a success: {said}")
            elif status == TIMEOUT or name in ("no handshake", "a byte now and then of a handshake"):
                expect_text(said, TEXT[TIMEOUT])
            ended, said, _ = run(self["tls"], self["device-tls"], "127.0.0.1", it.port, self.folder / "certificate", limit=10)
            expect(ended, 0, said)

    def firmware(self, name, behaviour):
        """`firmware`: the platform announces an image on the hostile peer; each part ends within its limit, and is asked for again."""
        place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        image = b"\x3d\xb8\xf3\x96" + bytes(range(256)) * 64
        first = announces(json.loads(pathlib.Path(self["device"]).read_text())["urn"], "token", "image")
        status, http = EXPECTED[name]
        passes = status in (TIMEOUT, IO, TRUNCATED) and http == 0
        with Peer([first, behaviour], later=serves(image)) as it:
            arguments = [self["firmware"], self["device"], place / "state", place / "image", "127.0.0.1", it.port]
            ended, said, _ = run(*arguments, limit=25)
            if passes:
                expect(ended, 0, said)
            if ended == 0:
                expect((place / "image").read_bytes() == image, True, said)
            elif it.accepted < 2:
                raise Wrong(f"did not ask for the image: {said}")

    def at_modem(self, kind, name, behaviour):
        """`at-modem` through the emulated modem."""
        place = pathlib.Path(tempfile.mkdtemp(dir=self.folder))
        with Peer([behaviour]) as it:
            modem = subprocess.Popen(
                [self["modem"], "--kind", kind, "--pty", place / "tty", "--max-seconds", "60"],
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
            try:
                for _ in range(200):
                    if (place / "tty").exists():
                        break
                    time.sleep(0.05)
                arguments = [self["at-modem"], kind, place / "tty", "127.0.0.1", it.port, "-a", "kpnthings.iot", "-t"]
                status, http = EXPECTED[name]
                ended, said, _ = run(*arguments, 2000 if status == TIMEOUT else 10_000, limit=20)
                if status == 0:
                    expect_text(said, f"response: status {http}")
                else:
                    text = {TIMEOUT: "nothing came in time", SYNTAX: "not HTTP", TOO_LARGE: "not HTTP"}
                    expect_text(said, text.get(status, "was closed"), "; the message may")
                    expect(ended, 3, said)
                ended, said, _ = run(*arguments, 10_000, limit=20)
                expect(ended, 0, said)
            finally:
                modem.kill()
                modem.wait()


def cases(clients):
    """(Name, what is to be called.)"""
    for name, behaviour in SMALL.items():
        yield f"transport: {name}", lambda n=name, b=behaviour: clients.transport(n, b, 2)
        yield f"zephyr: {name}", lambda n=name, b=behaviour: clients.zephyr(n, b, False)
        yield f"arduino: {name}", lambda n=name, b=behaviour: clients.arduino(n, b, False)
        yield f"exchange: {name}", lambda n=name, b=behaviour: clients.example(n, b)
        yield f"gateway: {name}", lambda n=name, b=behaviour: clients.gateway(n, b)
        yield f"firmware: {name}", lambda n=name, b=behaviour: clients.firmware(n, b)
        yield f"tls: {name}", lambda n=name, b=behaviour: clients.over_tls(n, b)
        for kind in ("sara-r4", "bg96"):
            yield f"{kind}: {name}", lambda k=kind, n=name, b=behaviour: clients.at_modem(k, n, b)
    for name, behaviour in LARGE.items():
        yield f"transport: {name}", lambda n=name, b=behaviour: clients.transport(n, b, BYTES)
        yield f"zephyr: {name}", lambda n=name, b=behaviour: clients.zephyr(n, b, True)
        yield f"arduino: {name}", lambda n=name, b=behaviour: clients.arduino(n, b, True)
        if EXPECTED[name][0] != TIMEOUT:
            yield f"stream: {name}", lambda n=name, b=behaviour: clients.stream(n, b)
    for name, behaviour in RAW.items():
        yield f"tls: {name}", lambda n=name, b=behaviour: clients.over_tls(n, b)
    for reset in (False, True):
        yield f"transport: {'reset' if reset else 'closed'} at each byte", lambda r=reset: clients.each_byte(r)


def main(words):
    paths = dict(word.split("=", 1) for word in words if "=" in word)
    only = [word for word in words if "=" not in word]
    with tempfile.TemporaryDirectory() as folder:
        clients = Clients(paths, pathlib.Path(folder))
        certificate, key = clients.folder / "certificate", clients.folder / "key"
        name = "prod.dm.kpnthings.com"
        subprocess.run(
            ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj",
             f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", certificate],
            check=True, capture_output=True,
        )
        clients.tls = peer.tls_context(certificate, key)
        wanted = [(name, call) for name, call in cases(clients)
                  if name.split(":")[0] in paths or (name.startswith(("sara", "bg96")) and "at-modem" in paths)]
        wanted = [(name, call) for name, call in wanted if all(word in name for word in only)]
        failed = 0
        begin = time.monotonic()
        with concurrent.futures.ThreadPoolExecutor(max_workers=32) as pool:
            for name, future in [(name, pool.submit(call)) for name, call in wanted]:
                error = future.exception()
                if error is not None:
                    failed += 1
                    print(f"{name}: {error!r}")
        print(f"{len(wanted)} cases, {failed} failed, {time.monotonic() - begin:.0f} s")
        return failed == 0 and len(wanted) > 0


if __name__ == "__main__":
    sys.exit(0 if main(sys.argv[1:]) else 1)
