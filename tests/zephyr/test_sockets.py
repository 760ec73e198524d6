# SPDX-License-Identifier: MIT OR Apache-2.0
"""The glue over sockets of every kind, against a peer that answers as it is told.

EXCHANGE and KEPT are the programs exchange.c and kept.c. Time limits: 700 ms each for connecting and sending, 1,500 ms for the response.
"""

import concurrent.futures
import itertools
import os
import socket
import struct
import subprocess
import threading
import time
import unittest

OK = b"HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n"
CLOSE = b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"
REFUSALS = ("no-flags", "pollin-only", "deaf-pollin", "no-limits", "no-option", "signed", "no-end")
# Each alone, every two together, and what a real driver has.
KINDS = ["", "modem", *REFUSALS, *("+".join(pair) for pair in itertools.combinations(REFUSALS, 2)), "no-poll", "no-poll+no-flags"]
# Where a lost or silent peer ends within the limits of the glue, and not of a driver.
LIMIT = 6
AT_ONCE = 8


def hides_end(kind):
    """Whether a poll does not see that the other side has closed the connection."""
    return kind == "modem" or "no-end" in kind


BLIND = [kind for kind in KINDS if hides_end(kind)]
SEEING = [kind for kind in KINDS if not hides_end(kind)]


class Peer:
    """Takes connections one after the other and lets `serve(connection, number)` answer, until the test is over."""

    def __init__(self, serve):
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = str(self.listener.getsockname()[1])
        self.serve, self.count, self.requests = serve, 0, 0
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            self.count += 1
            with connection:
                try:
                    self.serve(self, connection)
                except OSError:
                    pass

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        self.thread.join(timeout=LIMIT)


def read_request(connection):
    """One request with Content-Length; empty at the end."""
    text = b""
    while b"\r\n\r\n" not in text:
        more = connection.recv(4096)
        if not more:
            return b""
        text += more
    head, body = text.split(b"\r\n\r\n", 1)
    length = next(int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length"))
    while len(body) < length:
        body += connection.recv(4096)
    return head


def answering(*answers):
    """Serves requests with these answers, then hangs on until the other side closes."""

    def serve(peer, connection):
        for answer in answers:
            if not read_request(connection):
                return
            peer.requests += 1
            connection.sendall(answer)
        connection.recv(1)

    return serve


def run(program, kind, *arguments):
    begin = time.monotonic()
    done = subprocess.run(
        [os.environ[program], *arguments], env=os.environ | {"SHIM": kind}, capture_output=True, text=True, timeout=20, check=False
    )
    assert done.returncode == 0, (kind, arguments, done.returncode, done.stderr)
    return done.stdout.split("\n")[:-1], time.monotonic() - begin, done.stderr


class Exchange(unittest.TestCase):
    def each(self, serve, wanted, *more, kinds=KINDS):
        """`wanted`: the line of the program, or several of which one has to come."""
        wanted = (wanted,) if isinstance(wanted, str) else wanted

        def one(kind):
            with Peer(serve) as peer:
                return kind, run("EXCHANGE", kind, "127.0.0.1", peer.port, *more)

        with concurrent.futures.ThreadPoolExecutor(AT_ONCE) as pool:  # they wait more than they work
            for kind, (lines, seconds, log) in pool.map(one, kinds):
                with self.subTest(kind):
                    self.assertIn(lines[0], wanted, log)
                    self.assertLess(seconds, LIMIT, log)

    def test_takes_a_response(self):
        self.each(answering(OK), "0 0 202")

    def test_takes_a_response_that_the_end_of_the_connection_ends(self):
        def serve(_, connection):
            read_request(connection)
            connection.sendall(b"HTTP/1.1 202 Accepted\r\n\r\n[]")

        self.each(serve, "0 0 202", kinds=SEEING)
        self.each(serve, "-91 110 202", kinds=BLIND)

    def test_an_end_without_an_answer(self):
        def serve(_, connection):
            read_request(connection)

        self.each(serve, "-44 0 0", kinds=SEEING)
        self.each(serve, "-91 110 0", kinds=BLIND)

    def test_takes_a_response_while_the_server_has_shut_down_its_side(self):
        def serve(_, connection):
            read_request(connection)
            connection.sendall(OK)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)

        self.each(serve, "0 0 202")

    def test_hears_an_answer_before_the_request_is_sent(self):
        def serve(_, connection):
            connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
            time.sleep(2)

        # So much that no system takes it without a reader.
        self.each(serve, "0 0 413", "33554432", kinds=[kind for kind in KINDS if "no-poll" not in kind])

    def test_ends_a_send_that_nobody_reads(self):
        def serve(_, connection):
            time.sleep(3)

        self.each(serve, "-91 110 0", "33554432")

    def test_ends_a_wait_for_an_answer(self):
        def serve(_, connection):
            read_request(connection)
            time.sleep(3)

        self.each(serve, "-91 110 0", kinds=[kind for kind in KINDS if "no-poll" not in kind])
        # There the socket itself keeps the limit, and says so as it says that nothing is there yet.
        self.each(serve, "-91 110 0", kinds=["no-poll+no-flags", "no-poll"])

    def test_tells_a_connection_that_breaks(self):
        def serve(_, connection):
            connection.recv(10)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))

        self.each(serve, ("-92 104 0", "-92 32 0"), kinds=SEEING)
        self.each(serve, ("-91 110 0", "-92 104 0", "-92 1 0"), kinds=BLIND)

    def test_tells_that_nobody_listens(self):
        with socket.create_server(("127.0.0.1", 0)) as closed:
            port = str(closed.getsockname()[1])
        for kind in KINDS:
            lines, _, log = run("EXCHANGE", kind, "127.0.0.1", port)
            # A socket without SO_ERROR tells when the request is sent, one that waits while it connects at once.
            waits = kind == "modem" or "no-flags" in kind or "pollin-only" in kind
            late = not waits and ("no-option" in kind or "no-end" in kind)
            self.assertEqual(lines[0], f"-92 {1 if hides_end(kind) else 111} 0" if late else "-90 111 0", (kind, log))

    def test_a_socket_that_keeps_no_limit_at_all_is_refused(self):
        with Peer(answering(OK)) as peer:
            self.assertEqual(run("EXCHANGE", "no-poll+no-limits", "127.0.0.1", peer.port)[0][0].split()[0], "-92")


# As Zephyr's driver quectel-bg9x.
DEAF = "no-flags+pollin-only+no-limits+no-option+deaf+no-end"


class Deaf(unittest.TestCase):
    """Sockets whose poll never reports input are asked for it now and then."""

    def ask(self, serve, wanted):
        with Peer(serve) as peer:
            lines, seconds, log = run("EXCHANGE", DEAF, "127.0.0.1", peer.port)
            self.assertEqual(lines[0], wanted, log)
            self.assertLess(seconds, LIMIT, log)

    def test_takes_a_response(self):
        self.ask(answering(OK), "0 0 202")

    def test_takes_a_response_that_is_late(self):
        def serve(_, connection):
            read_request(connection)
            time.sleep(0.8)
            connection.sendall(OK)
            connection.recv(1)

        self.ask(serve, "0 0 202")

    def test_ends_a_wait_for_an_answer(self):
        def serve(_, connection):
            read_request(connection)
            time.sleep(3)

        self.ask(serve, "-91 110 0")

    def test_carries_many_messages(self):
        with Peer(answering(OK, OK)) as peer:
            lines, _, log = run("KEPT", DEAF, "127.0.0.1", peer.port, "100", "-1", *"begin open send open send left close".split())
            self.assertEqual(" | ".join(lines), "0 | 0 | 0 0 202 | 0 | 0 0 202 | 98 | 0", log)
            self.assertEqual(peer.count, 1)


class Kept(unittest.TestCase):
    def expect(self, serve, commands, wanted, kind="", limit=100, tag=-1, connections=None):
        with Peer(serve) as peer:
            lines, seconds, log = run("KEPT", kind, "127.0.0.1", peer.port, str(limit), str(tag), *commands.split())
            self.assertEqual(" | ".join(lines), wanted, (kind, log))
            self.assertLess(seconds, LIMIT)
            if connections is not None:
                self.assertEqual(peer.count, connections, (kind, log))

    def test_refuses_arguments(self):
        self.assertEqual(run("KEPT", "", "arguments")[0], ["0 wrong"])

    def test_carries_many_messages(self):
        for kind in KINDS:
            with self.subTest(kind):
                self.expect(
                    answering(OK, OK, OK), "begin open send open send send left close left",
                    "0 | 0 | 0 0 202 | 0 | 0 0 202 | 0 0 202 | 97 | 0 | 0", kind, connections=1,
                )

    def test_keeps_to_the_limit_of_requests(self):
        self.expect(
            answering(OK, OK), "begin open send left send left send open send",
            "0 | 0 | 0 0 202 | 1 | 0 0 202 | 0 | -2 0 0 | 0 | 0 0 202", limit=2, connections=2,
        )

    def test_is_not_used_again_after_connection_close(self):
        for kind in ("", "modem"):
            self.expect(
                answering(CLOSE), "begin open send left send open send",
                "0 | 0 | 0 0 202 | 0 | -2 0 0 | 0 | 0 0 202", kind, connections=2,
            )

    def test_wrong_orders_of_calls(self):
        for commands, wanted in (
            ("send", "-2 0 0"),
            ("open", "-2"),
            ("close", "-2"),
            ("left", "0"),
            ("begin send", "0 | -2 0 0"),
            ("begin close close", "0 | 0 | 0"),
            ("begin left", "0 | 0"),
            ("begin open close send", "0 | 0 | 0 | -2 0 0"),
            ("begin open close open send", "0 | 0 | 0 | 0 | 0 0 202"),
            ("begin open open send", "0 | 0 | 0 | 0 0 202"),
        ):
            self.expect(answering(OK), commands, wanted)

    def test_sends_nothing_on_a_connection_that_the_server_closed(self):
        def serve(peer, connection):
            read_request(connection)
            peer.requests += 1
            connection.sendall(OK)

        for kind in ("", "signed"):
            self.expect(
                serve, "begin open send sleep send open send sleep open send",
                "0 | 0 | 0 0 202 | -2 0 0 | 0 | 0 0 202 | 0 | 0 0 202", kind, connections=3,
            )
        # If a poll does not tell, the send does, and then nothing has been sent.
        for kind in ("modem", "no-end"):
            self.expect(
                serve, "begin open send sleep send left open send sleep open send open send",
                "0 | 0 | 0 0 202 | -2 1 0 | 0 | 0 | 0 0 202 | 0 | -2 1 0 | 0 | 0 0 202", kind, connections=3,
            )

    def test_a_request_that_was_begun_may_have_arrived(self):
        def serve(_, connection):
            connection.recv(10)

        for kind in ("", "modem", "no-end"):
            with Peer(serve) as peer:
                lines, _, log = run("KEPT", kind, "127.0.0.1", peer.port, "100", "-1", *"begin open send=33554432 left".split())
                self.assertIn(lines[2].split()[0], ("-91", "-92"), (kind, log))
                self.assertEqual(lines[3], "0")

    def test_is_closed_when_more_came_than_was_asked_for(self):
        self.expect(answering(OK + b"X"), "begin open send left", "0 | 0 | 0 0 202 | 0")
        self.expect(answering(OK[:20], OK), "begin open send left", "0 | 0 | -91 110 202 | 0")

    def test_is_closed_when_an_answer_came_before_the_request_was_sent(self):
        def serve(_, connection):
            connection.recv(10)
            connection.sendall(b"HTTP/1.1 413 Content Too Large\r\nContent-Length: 0\r\n\r\n")
            time.sleep(1)

        self.expect(serve, "begin open send=33554432 left", "0 | 0 | 0 0 413 | 0")

    def test_tls_trusts_the_tag_and_the_name_or_does_not_connect(self):
        commands = "begin open send"
        for kind in ("", "modem"):
            self.expect(answering(OK), commands, "0 | 0 | 0 0 202", kind, tag=42)
            self.expect(answering(OK), commands, "0 | -90 | -2 0 0", kind, tag=43, connections=0)
            self.expect(answering(OK), commands, "0 | -90 | -2 0 0", kind + "+no-hostname", tag=42, connections=0)


if __name__ == "__main__":
    unittest.main()
