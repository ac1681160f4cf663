"""Connections below `net`: kept for those who wait beside each other, through proxies, broken off."""

from __future__ import annotations

import asyncio
import contextlib
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.providers.misbehaving import Conversation, answering, certificate, serving
from tui_oauth import net
from tui_oauth.errors import ProviderUnreachable
from tui_oauth.oauth.http import Request

NOTHING: dict[str, str] = {}
ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


def fetch(url: str, environ: dict[str, str] = NOTHING, **more: Any) -> bytes:
    return net.fetch(
        Request("POST", url, "token request", body=b"a=b"), environ=environ, **more
    ).body


class Patient:
    """Answers one request after the other over a connection; `/slow` only when `go` is set."""

    def __init__(self, answer: bytes = ANSWER, last: bool = False) -> None:
        self.answer = answer
        self.last = last
        self.go = threading.Event()
        self.slow = threading.Event()
        self.ended = 0

    def __call__(self, conversation: Conversation) -> None:
        while conversation.head:
            if b" /slow " in conversation.head:
                self.slow.set()
                self.go.wait(10)
            conversation.write(self.answer)
            if self.last:
                return
            conversation.head = b""
            conversation.read()
        self.ended += 1


@contextlib.contextmanager
def somebody_waits(behaviour: Patient, url: str) -> Iterator[None]:
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fetch, f"{url}/slow")
        try:
            assert behaviour.slow.wait(5)
            yield
        finally:
            behaviour.go.set()
        assert waiting.result() == b"{}"


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_one_connection_serves_the_next_while_others_wait_and_none_stays_open() -> None:
    behaviour = Patient()
    with serving(behaviour) as server:
        with somebody_waits(behaviour, server.url):
            assert [fetch(server.url) for _ in range(4)] == [b"{}"] * 4
            assert server.connections == 2
        until(lambda: behaviour.ended == 2)
        fetch(server.url)
        assert server.connections == 3


@pytest.mark.parametrize(
    ("answer", "last"),
    [
        (ANSWER, True),
        (ANSWER + b"\r\n", False),
        (ANSWER + ANSWER.replace(b"{}", b"[]"), False),
        (ANSWER.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n"), False),
    ],
    ids=["closed", "a line more", "an answer more", "said to be the last"],
)
def test_a_connection_with_a_doubt_about_it_serves_nobody_else(answer: bytes, last: bool) -> None:
    behaviour = Patient(answer, last)
    with serving(behaviour) as server, somebody_waits(behaviour, server.url):
        for _ in range(3):
            assert fetch(server.url) == b"{}"
            time.sleep(0.05)
        assert server.connections == 4


def test_who_trusts_other_certificates_does_not_share_a_connection(tmp_path: Path) -> None:
    made = certificate(tmp_path)
    behaviour = Patient()
    trusting = {"SSL_CERT_FILE": str(made.path)}
    with serving(behaviour, made.context) as server, ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(fetch, f"{server.url}/slow", trusting)
        assert behaviour.slow.wait(5)
        assert fetch(server.url, trusting) == b"{}"
        with pytest.raises(ProviderUnreachable, match="self-signed"):
            fetch(server.url)
        behaviour.go.set()
        waiting.result()


@pytest.mark.parametrize("encrypted", [False, True], ids=["http", "https"])
def test_rule_71_a_proxy_passes_on_what_it_cannot_read(tmp_path: Path, encrypted: bool) -> None:
    folders = [tmp_path / "provider", tmp_path / "proxy"]
    for folder in folders:
        folder.mkdir()
    provider, own = certificate(folders[0], "as.example"), certificate(folders[1])
    trusted = tmp_path / "trusted.pem"
    trusted.write_bytes(provider.path.read_bytes() + own.path.read_bytes())
    with (
        serving(answering(b'{"a":1}'), provider.context) as server,
        serving(passing_to(server.port), own.context if encrypted else None) as proxy,
    ):
        address = proxy.url.replace("://", "://me:p%40ss@")
        environ = {"https_proxy": address, "SSL_CERT_FILE": str(trusted)}
        assert fetch("https://as.example/token", environ, deadline=10) == b'{"a":1}'
    head = proxy.requests[0][0]
    assert head.startswith(b"CONNECT as.example:443 HTTP/1.1")
    assert b"Proxy-Authorization: Basic bWU6cEBzcw==" in head
    assert b"a=b" not in head + proxy.requests[0][1]
    assert server.requests[0][1] == b"a=b"


def passing_to(port: int) -> Callable[[Conversation], None]:
    """A proxy, whatever host is asked for."""

    def behave(conversation: Conversation) -> None:
        conversation.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        with socket.create_connection(("127.0.0.1", port)) as onwards:
            onwards.settimeout(5)

            def back() -> None:
                with contextlib.suppress(OSError):
                    while data := onwards.recv(65_536):
                        conversation.write(data)

            returning = threading.Thread(target=back, daemon=True)
            returning.start()
            with contextlib.suppress(OSError):
                while data := conversation.connection.recv(65_536):
                    onwards.sendall(data)
                onwards.shutdown(socket.SHUT_RDWR)
            returning.join(5)

    return behave


@pytest.mark.parametrize("hangs", [False, True], ids=["refuses", "is silent"])
def test_an_address_that_does_not_answer_is_not_the_last_word(
    monkeypatch: pytest.MonkeyPatch, hangs: bool
) -> None:
    with serving(answering(b"ok")) as server, socket.socket() as other:
        other.bind(("127.0.0.2", server.port))
        if hangs:
            other.listen(0)
            fillers = [socket.socket() for _ in range(3)]
            for filler in fillers:  # a full backlog: the next connection hangs
                filler.setblocking(False)
                filler.connect_ex(("127.0.0.2", server.port))
        found = [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, server.port))
            for host in ("127.0.0.2", "127.0.0.1")
        ]
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **more: found)
        began = time.monotonic()
        assert fetch(f"http://localhost:{server.port}", deadline=8) == b"ok"
        assert time.monotonic() - began < 4
        for filler in fillers if hangs else []:
            filler.close()


async def test_rule_68_a_cancelled_request_leaves_no_thread_and_sends_nothing(
    tmp_path: Path,
) -> None:
    """Cancelled while the other side has not even greeted: nothing goes out afterwards."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(5)
        url = f"https://127.0.0.1:{listener.getsockname()[1]}/"
        sending = asyncio.create_task(net.send(Request("POST", url, "token request", body=b"code")))
        connection, _ = await asyncio.to_thread(listener.accept)
        with connection:
            connection.settimeout(5)
            received = await asyncio.to_thread(connection.recv, 65_536)
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            while piece := connection.recv(65_536):
                received += piece
    assert received.startswith(b"\x16"), "the greeting of TLS, and no more"
    assert b"code" not in received
    until(lambda: not [one for one in threading.enumerate() if one.name == "tui-oauth-net"])


def test_certificates_are_read_again_when_their_file_has_changed(tmp_path: Path) -> None:
    made, other = certificate(tmp_path), tmp_path / "other"
    other.mkdir()
    pem = tmp_path / "trusted.pem"
    pem.write_bytes(certificate(other).path.read_bytes())
    with serving(answering(b"ok"), made.context) as server:
        with pytest.raises(ProviderUnreachable, match="not trusted"):
            fetch(server.url, {"SSL_CERT_FILE": str(pem)})
        pem.write_bytes(made.path.read_bytes() + b"\n")
        assert fetch(server.url, {"SSL_CERT_FILE": str(pem)}) == b"ok"
        first = _context(pem)
        assert _context(pem) is first


def _context(pem: Path) -> ssl.SSLContext:
    from tui_oauth.trust import tls_context

    return tls_context({"SSL_CERT_FILE": str(pem)})
