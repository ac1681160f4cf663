"""The provider as a listening server."""

from __future__ import annotations

import socket
import time

import pytest
from practice_calls import CALLBACK, send

from tui_oauth.errors import StorageFailed
from tui_oauth.oauth.http import Request
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider


def raw(provider: PracticeProvider, request: bytes) -> bytes:
    """What comes back for `request` until the server closes."""
    with socket.create_connection(("127.0.0.1", provider.port), timeout=10) as connection:
        connection.sendall(request)
        connection.shutdown(socket.SHUT_WR)
        pieces = []
        while piece := connection.recv(65_536):
            pieces.append(piece)
        return b"".join(pieces)


def test_it_listens_on_loopback_only(provider):
    assert provider.url == f"http://127.0.0.1:{provider.port}"
    with socket.socket() as other:
        # Fails when something listens on all addresses at this port.
        other.bind(("127.0.0.2", provider.port))
        assert other.getsockname() == ("127.0.0.2", provider.port)


def test_a_taken_port_is_a_clear_error(provider):
    with pytest.raises(StorageFailed) as failed:
        PracticeProvider(provider.port).start()
    assert str(provider.port) in failed.value.message
    assert "--port" in failed.value.advice
    assert failed.value.exit_code == 8


def test_an_impossible_port_is_a_clear_error():
    with pytest.raises(StorageFailed):
        PracticeProvider(70_000).start()


def test_it_can_stop_and_start_again_with_what_it_knew():
    provider = PracticeProvider()
    with provider:
        app = provider.register("Kept", CALLBACK)
        port = provider.port
    with socket.socket() as probe:
        assert probe.connect_ex(("127.0.0.1", port)) != 0
    with provider:
        assert provider.port == port
        assert (
            send(Request("GET", f"{provider.url}/oauth?client_id={app.client_id}", "page")).status
            == 200
        )


def test_stopping_does_not_wait_for_idle_browsers():
    provider = PracticeProvider()
    provider.start()
    with socket.create_connection(("127.0.0.1", provider.port)) as idle:
        idle.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert idle.recv(10).startswith(b"HTTP/1.1")
        started = time.monotonic()
        provider.stop()
        assert time.monotonic() - started < 3
    provider.stop()


def test_stopping_ends_a_delayed_answer():
    provider = PracticeProvider(behaviour=Behaviour(delay=60))
    provider.start()
    with socket.create_connection(("127.0.0.1", provider.port)) as waiting:
        waiting.sendall(
            b"POST /auth/eagle/token HTTP/1.1\r\nHost: localhost\r\nContent-Length: 0\r\n\r\n"
        )
        deadline = time.monotonic() + 5
        while provider.application.count["token"] < 1 and time.monotonic() < deadline:
            time.sleep(0.005)
        started = time.monotonic()
        provider.stop()
        assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"200"),
        (b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET http://localhost/ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"200"),
        (b"GET / HTTP/1.1\r\nConnection: close\r\n\r\n", b"400"),
        (
            b"GET / HTTP/1.1\r\nHost: localhost\r\nHost: evil.example\r\nConnection: close\r\n\r\n",
            b"400",
        ),
        (b"GET / HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n", b"421"),
        (b"GET http://[ HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"400"),
        (b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: -1\r\n\r\n", b"400"),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n",
            b"400",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: " + b"9" * 5000 + b"\r\n\r\n",
            b"413",
        ),
        (
            b"POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            b"411",
        ),
        (b"DELETE / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"405"),
        (b"PUT / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", b"501"),
        (b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"400"),
    ],
)
def test_requests_on_the_wire(provider, request_, status):
    first = raw(provider, request_).split(b"\r\n")[0]
    assert status in first


def test_a_head_request_has_no_body(provider):
    answer = raw(provider, b"HEAD / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    assert answer.endswith(b"\r\n\r\n")


def test_nothing_is_written_to_the_terminal(provider, capfd):
    raw(provider, b"GET /oauth?code=secret HTTP/1.1\r\nHost: localhost\r\n\r\n")
    raw(provider, b"nonsense\r\n\r\n")
    with socket.create_connection(("127.0.0.1", provider.port)) as gone:
        gone.sendall(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100\r\n\r\nx")
    assert send(Request("GET", f"{provider.url}/", "page")).status == 200
    provider.stop()
    assert capfd.readouterr() == ("", "")
