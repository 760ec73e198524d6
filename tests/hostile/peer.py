# SPDX-License-Identifier: MIT OR Apache-2.0
"""Servers that no platform is, on loopback: what each of them does with one connection.

The first connections of a `Peer` meet its behaviour, the later ones a platform that accepts every message. Everything ends with the
peer, at the latest after `LIFE` seconds, and a behaviour that goes on for ever goes on until then.
"""

import contextlib
import itertools
import socket
import ssl
import struct
import threading
import time
import zlib

LIFE = 60
# As long as a byte takes that comes "every second".
PAUSE = 0.05

ACCEPTED = b"HTTP/1.1 202 \r\nContent-Length: 0\r\nConnection: keep-alive\r\n\r\n"
LAST = ACCEPTED.replace(b"keep-alive", b"close")
REJECTED = b"HTTP/1.1 401 \r\nContent-Length: 2\r\n\r\nno"
# Where the connection then closes: without the field, a client may send its next request before it sees the end.
LAST_REJECTED = REJECTED.replace(b"401 \r\n", b"401 \r\nConnection: close\r\n")
# A head, a chunked body, a trailer section; the last on its connection.
CHUNKED = b"HTTP/1.1 202 Accepted\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n[]\r\n0\r\nX: y\r\n\r\n"


class Gone(Exception):
    """The peer is to end."""


class Connection:
    """One connection, with its place among those of the peer."""

    def __init__(self, peer, stream, number):
        self.peer, self.stream, self.number = peer, stream, number
        self.head = b""

    def send(self, data):
        if self.peer.stopped.is_set():
            raise Gone
        self.stream.sendall(data)

    def receive(self, size=65536):
        data = self.stream.recv(size)
        self.peer.received += len(data)
        return data

    def request(self):
        """Reads a whole request; false at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            more = self.receive()
            if not more:
                return False
            data += more
        self.head, _, body = data.partition(b"\r\n\r\n")
        left = int(self.field("Content-Length", "0")) - len(body)
        while left > 0:
            more = self.receive()
            if not more:
                return False
            left -= len(more)
        return True

    def field(self, name, otherwise):
        """A field of the last request."""
        lines = self.head.decode("latin-1").split("\r\n")
        return next((line.partition(":")[2].strip() for line in lines if line.lower().startswith(name.lower() + ":")), otherwise)

    def wait(self):
        """Neither reads nor writes any more."""
        self.peer.stopped.wait()

    def drip(self, data):
        """A byte now and then, again and again."""
        for byte in itertools.cycle(data):
            time.sleep(PAUSE)
            self.send(bytes([byte]))

    def flood(self, data):
        """Always more than the client has read, without the processor to itself."""
        data *= max(1, 16384 // len(data))
        while True:
            self.send(data)
            time.sleep(0.002)

    def close(self, reset=False):
        raw = self.stream
        if reset:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raw.close()

    def half_close(self):
        self.stream.shutdown(socket.SHUT_WR)


def well(it):
    while it.request():
        it.send(ACCEPTED)
    it.close()


def after_request(do):
    """What is done once the whole request has come."""

    def behaviour(it):
        if it.request():
            do(it)

    return behaviour


def silent(it):
    it.wait()


def answers_and(answer, then):
    def behaviour(it):
        it.send(answer)
        then(it)

    return behaviour


def ends_after(count, reset):
    def behaviour(it):
        if it.request():
            it.send(CHUNKED[:count])
            it.close(reset)

    return behaviour


def reads_for_ever(it):
    while it.receive():
        pass


def reads_slowly(it):
    while it.receive(1000):
        time.sleep(PAUSE)


def closes(it):
    it.close()


def resets(it):
    it.close(reset=True)


def half_closes(it):
    it.half_close()
    it.wait()


def first_byte_then(do):
    def behaviour(it):
        if it.receive(1):
            do(it)

    return behaviour


def interim_then_well(it):
    if it.receive(1):
        it.send(b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n")
        # One byte is missing at its front, which nobody looks at.
        if it.request():
            it.send(ACCEPTED)
            well(it)


STATUS_LINE = b"HTTP/1.1 202 Accepted\r\n"
UNTIL_CLOSE = STATUS_LINE + b"\r\n"

# After the whole of a small request.
SMALL = {
    "says nothing": after_request(silent),
    "a byte now and then of the status line": after_request(lambda it: (it.send(b"HTTP/1.1 202 "), it.drip(b"Accepted"))),
    "a byte now and then of a field": after_request(lambda it: (it.send(STATUS_LINE), it.drip(b"X"))),
    "a byte now and then of a body": after_request(lambda it: (it.send(STATUS_LINE + b"Content-Length: 9999\r\n\r\n"), it.drip(b"x"))),
    "a body without end": after_request(lambda it: (it.send(UNTIL_CLOSE), it.flood(b"x"))),
    "chunks without end": after_request(lambda it: (it.send(STATUS_LINE + b"Transfer-Encoding: chunked\r\n\r\n"), it.flood(b"1\r\nx\r\n"))),
    "interim responses without end": after_request(lambda it: it.flood(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "interim responses now and then": after_request(lambda it: it.drip(b"HTTP/1.1 100 \r\n\r\n")),
    "fields without end": after_request(lambda it: (it.send(STATUS_LINE), it.flood(b"X: y\r\n"))),
    "a field without end": after_request(lambda it: (it.send(STATUS_LINE + b"X: "), it.flood(b"y"))),
    "a trailer section without end": after_request(lambda it: (it.send(CHUNKED[:-8]), it.flood(b"X: y\r\n"))),
    "half closed without an answer": after_request(half_closes),
    "half closed in an answer": after_request(answers_and(STATUS_LINE + b"Content-Length: 2\r\n\r\n[", half_closes)),
    "half closed after an answer": after_request(answers_and(UNTIL_CLOSE + b"[]", half_closes)),
    "closed without an answer": after_request(closes),
    "reset without an answer": after_request(resets),
    "reset after an answer": after_request(answers_and(LAST, resets)),
    "another protocol": answers_and(b"220 mail.example ESMTP\r\n", silent),
    "answered before it is asked": answers_and(LAST_REJECTED, closes),
}

# While a large request is being sent.
LARGE = {
    "accepts and reads nothing": silent,
    "reads slowly": reads_slowly,
    "answered at once and closed": answers_and(REJECTED, closes),
    "answered at once and held": answers_and(REJECTED, silent),
    "answered and closed": first_byte_then(answers_and(REJECTED, closes)),
    "answered and reset": first_byte_then(answers_and(REJECTED, lambda it: (time.sleep(0.3), resets(it)))),
    "answered and half closed": first_byte_then(answers_and(b"HTTP/1.1 403 \r\n\r\nno", half_closes)),
    "answered and read on": first_byte_then(answers_and(REJECTED, reads_for_ever)),
    "interim responses, then answered": interim_then_well,
    "interim responses without end while sending": first_byte_then(lambda it: it.flood(b"HTTP/1.1 100 Continue\r\n\r\n")),
    "another protocol while sending": first_byte_then(answers_and(b"SSH-2.0-OpenSSH_9.2\r\n", silent)),
    "fields without end while sending": first_byte_then(lambda it: (it.send(STATUS_LINE), it.flood(b"X: y\r\n"))),
    "reset while sending": first_byte_then(resets),
    "half closed while sending": first_byte_then(half_closes),
}

# Before anything of TLS is understood.
RECORD = b"\x16\x03\x03\x40\x00"
RAW = {
    "no handshake": silent,
    "a byte now and then of a handshake": answers_and(RECORD, lambda it: it.drip(b"\0")),
    "a record that is none": lambda it: it.flood(b"x"),
    "closed in the handshake": answers_and(RECORD, closes),
    "reset in the handshake": first_byte_then(resets),
    "half closed in the handshake": first_byte_then(half_closes),
}


def announces(urn, token, text):
    """The platform, which has firmware for a device on this peer."""

    def behaviour(it):
        if it.request():
            url = f"http://127.0.0.1:{it.peer.port}/{text}"
            body = f'[{{"bn":"{urn}","n":"url","vs":"{url}"}},{{"n":"token","vs":"{token}"}}]'.encode()
            it.send(b"HTTP/1.1 202 \r\nContent-Length: %d\r\n\r\n" % len(body) + body)
            it.wait()

    return behaviour


def serves(image):
    """A server of firmware."""

    def behaviour(it):
        while it.request():
            first, last = (int(word) for word in it.field("Range", "").removeprefix("bytes=").split("-"))
            part = image[first : last + 1]
            head = (
                f"HTTP/1.1 206 \r\nContent-Length: {len(part)}\r\nDigest: crc32={zlib.crc32(part):x}\r\n"
                f"Content-Range: bytes {first}-{first + len(part) - 1}/{len(image)}\r\n\r\n"
            )
            it.send(head.encode() + part)

    return behaviour


class Peer:
    """A server. `behaviours` has one for each of the first connections; the later ones are served well."""

    def __init__(self, behaviours, tls=None, later=well):
        self.behaviours, self.tls, self.later = behaviours, tls, later
        self.stopped = threading.Event()
        self.received = 0
        self.accepted = 0
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.port = self.listener.getsockname()[1]
        self.open = []
        threading.Thread(target=self.run, daemon=True).start()

    def run(self):
        timer = threading.Timer(LIFE, self.stop)
        timer.daemon = True
        timer.start()
        for number in itertools.count():
            try:
                stream, _ = self.listener.accept()
            except OSError:
                break
            # A small answer must have left before the connection is closed.
            stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            self.accepted += 1
            threading.Thread(target=self.serve, args=(stream, number), daemon=True).start()
        timer.cancel()

    def serve(self, stream, number):
        self.open.append(stream)
        behaviour = self.behaviours[number] if number < len(self.behaviours) else self.later
        # The client goes away whenever it likes; a behaviour that fails otherwise shows in what the client met.
        with contextlib.suppress(OSError, Gone, ValueError):
            if self.tls is not None and behaviour not in RAW.values():
                stream = self.tls.wrap_socket(stream, server_side=True)
                self.open.append(stream)
            behaviour(Connection(self, stream, number))
        with contextlib.suppress(OSError):
            stream.close()

    def stop(self):
        self.stopped.set()
        for stream in [self.listener, *self.open]:
            with contextlib.suppress(OSError):
                stream.shutdown(socket.SHUT_RDWR)
            with contextlib.suppress(OSError):
                stream.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.stop()


def tls_context(certificate, key):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    return context
