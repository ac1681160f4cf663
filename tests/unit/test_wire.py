"""Connections below `net`: one for each request, through proxies, to whichever address answers, broken off."""

from __future__ import annotations

import asyncio
import contextlib
import select
import socket
import ssl
import threading
import time
from collections.abc import Callable
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


def until(reached: Callable[[], bool]) -> None:
    end = time.monotonic() + 5
    while not reached():
        assert time.monotonic() < end
        time.sleep(0.01)


def test_each_request_has_a_connection_of_its_own_and_none_stays_open() -> None:
    """Nothing that lies in a connection behind one answer can be taken for the next one's."""
    ended: list[bytes] = []

    def behave(conversation: Conversation) -> None:
        conversation.write(ANSWER + ANSWER.replace(b"{}", b"[]"))
        conversation.head = b""
        with contextlib.suppress(OSError):
            conversation.read()
        ended.append(conversation.head)

    with serving(behave) as server:
        assert [fetch(server.url) for _ in range(3)] == [b"{}"] * 3
        assert server.connections == 3
        until(lambda: ended == [b""] * 3)


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
    """A proxy, whatever host is asked for. In one thread: two would tear its TLS apart."""

    def behave(conversation: Conversation) -> None:
        conversation.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        inner = conversation.connection
        with socket.create_connection(("127.0.0.1", port)) as onwards:
            other = {inner: onwards, onwards: inner}
            while ready := select.select(list(other), [], [], 5)[0]:
                for one in ready:
                    data = one.recv(65_536)
                    while isinstance(one, ssl.SSLSocket) and one.pending():
                        data += one.recv(65_536)
                    if not data:
                        return
                    other[one].sendall(data)

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
        usual = socket.getaddrinfo
        monkeypatch.setattr(
            socket,
            "getaddrinfo",
            lambda host, *args, **more: (
                found if host == "localhost" else usual(host, *args, **more)
            ),
        )
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
