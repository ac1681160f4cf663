"""How much strangers delay a genuine callback: measured with and without them, in the same run.

The server runs in a thread with a loop of its own, as it does in a program; those who attack it and the
browser are plain sockets here, so that what they cost themselves is not counted as its delay.
"""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import pytest
from abuses import hello
from callback_client import SignIn, take_apart

from tui_oauth.callback.certificate import CertificatePaths, ensure_certificate, tls_context
from tui_oauth.callback.server import CallbackServer

pytestmark = pytest.mark.alone
ROUNDS = 7
HALF_OPEN = 200
MOST_SECONDS = 0.25

Hang = Callable[[int], list[socket.socket]]


class Running:
    """A callback server in its own thread."""

    def __init__(self, port: int, paths: CertificatePaths | None = None) -> None:
        self.port = port
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever)
        self.thread.start()
        certificate = partial(tls_context, *paths) if paths else None
        self.server = CallbackServer(port, certificate=certificate)
        self.trusting = ssl.create_default_context(cafile=str(paths.certificate)) if paths else None

    def __enter__(self) -> Running:
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.run_coroutine_threadsafe(self.server.close(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join(10)
        self.loop.close()

    def waiting(self) -> SignIn:
        """A sign-in more that waits."""
        sign_in = SignIn()
        expecting = self.server.expect(sign_in.state, sign_in.finish)
        asyncio.run_coroutine_threadsafe(expecting, self.loop).result(10)
        return sign_in

    def seconds(self, sign_in: SignIn) -> float:
        """How long its callback takes, from the connection to the last byte of the page."""
        request = f"GET {sign_in.target} HTTP/1.1\r\nHost: localhost:{self.port}\r\n\r\n"
        answer = b""
        started = time.monotonic()
        sock = socket.create_connection(("127.0.0.1", self.port), timeout=10)
        if self.trusting is not None:
            sock = self.trusting.wrap_socket(sock, server_hostname="localhost")
        with sock:
            sock.sendall(request.encode())
            while piece := sock.recv(65536):
                answer += piece
            took = time.monotonic() - started
        assert take_apart(answer).title == "Authorization Successful"
        assert len(sign_in.got) == 1
        return took


def hanging(port: int, count: int, data: bytes) -> list[socket.socket]:
    """Connections that send `data` and nothing more; none of them waits for the server to take it."""
    socks = []
    for _ in range(count):
        sock = socket.socket()
        sock.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            sock.connect(("127.0.0.1", port))
        with contextlib.suppress(BlockingIOError, ConnectionError):
            sock.send(data)
        socks.append(sock)
    return socks


def slow_reader(port: int) -> socket.socket:
    """Somebody who asks for a page and does not take it."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
    sock.settimeout(10)
    sock.connect(("127.0.0.1", port))
    sock.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode())
    return sock


def delays(running: Running, hang: Hang) -> list[float]:
    """By how much `hang` delays a callback, in seconds, shortest first; each round has its own floor."""
    found = []
    for _ in range(ROUNDS):
        undisturbed, disturbed = running.waiting(), running.waiting()
        floor = running.seconds(undisturbed)
        socks = hang(running.port)
        found.append(running.seconds(disturbed) - floor)
        for sock in socks:
            sock.close()
    return sorted(found)


@pytest.fixture
def running(free_port: int) -> Iterator[Running]:
    with Running(free_port) as made:
        made.waiting()
        yield made


@pytest.mark.parametrize(
    "data", [b"", b"GET /callback?state="], ids=["that say nothing", "with half a head"]
)
def test_rule_30_200_half_open_connections_and_a_slow_reader_delay_nothing(
    data: bytes, running: Running
) -> None:
    def hang(port: int) -> list[socket.socket]:
        return [slow_reader(port), *hanging(port, HALF_OPEN, data)]

    found = delays(running, hang)
    # The longest of seven may be this machine's own: it runs other things at the same time.
    assert found[-2] < MOST_SECONDS, found


def test_rule_42_200_handshakes_that_never_finish_delay_little(
    free_port: int, tmp_path: Path
) -> None:
    folder = tmp_path / "callback"
    paths = ensure_certificate(folder / "certificate.pem", int(time.time()))
    with Running(free_port, paths) as running:
        running.waiting()
        running.seconds(running.waiting())  # the context is made when TLS first comes
        for data in (hello(), hello()[:20]):
            found = delays(running, lambda port, data=data: hanging(port, HALF_OPEN, data))  # type: ignore[misc]
    assert found[-2] < MOST_SECONDS, found
