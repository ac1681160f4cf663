"""What strangers can send, withhold or leave hanging, and that a sign-in gets through all the same."""

from __future__ import annotations

import asyncio
import random
import socket
import struct
import time
from collections.abc import AsyncIterator

import pytest
from callback_client import Client, SignIn, exchange

from tui_oauth.callback import connection
from tui_oauth.callback.server import MAX_CONNECTIONS, CallbackServer


@pytest.fixture
async def hangers() -> AsyncIterator[list[asyncio.StreamWriter]]:
    """Connections that a test leaves hanging."""
    writers: list[asyncio.StreamWriter] = []
    yield writers
    for writer in writers:
        writer.transport.abort()
    await asyncio.sleep(0)


async def hang(client: Client, count: int, data: bytes) -> list[asyncio.StreamWriter]:
    writers = []
    for _ in range(count):
        _reader, writer = await asyncio.open_connection("127.0.0.1", client.port)
        writer.write(data)
        writers.append(writer)
    return writers


async def assert_prompt(client: Client, sign_in: SignIn) -> None:
    started = time.monotonic()
    answer = await client.get(sign_in.target)
    assert answer.title == "Authorization Successful"
    assert time.monotonic() - started < 2
    assert len(sign_in.got) == 1


@pytest.mark.parametrize(
    "data",
    [b"", b"GET /callback?state=", b"\x16\x03\x01", b"G"],
    ids=["idle", "half a head", "half a TLS hello", "one byte"],
)
async def test_rule_30_two_hundred_hanging_connections_do_not_hold_up_a_callback(
    data: bytes,
    server: CallbackServer,
    sign_in: SignIn,
    client: Client,
    hangers: list[asyncio.StreamWriter],
) -> None:
    hangers += await hang(client, 200, data)
    await assert_prompt(client, sign_in)
    assert len(server._connections) <= MAX_CONNECTIONS


async def test_rule_30_a_slow_reader_does_not_hold_up_a_callback(
    sign_in: SignIn, client: Client
) -> None:
    slow = []
    for _ in range(100):
        sock = socket.socket()
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1)
        sock.connect(("127.0.0.1", client.port))
        sock.sendall(f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\n\r\n".encode())
        slow.append(sock)
        await asyncio.sleep(0)
    await assert_prompt(client, sign_in)
    for sock in slow:
        sock.close()


async def test_rule_30_a_sign_in_being_finished_is_never_given_up(
    sign_in: SignIn, client: Client, hangers: list[asyncio.StreamWriter]
) -> None:
    sign_in.may_end.clear()
    asking = asyncio.create_task(client.get(sign_in.target))
    hangers += await hang(client, 200, b"GET /")
    assert not asking.done()
    sign_in.may_end.set()
    assert (await asking).title == "Authorization Successful"


async def test_rule_30_a_head_that_drips_is_cut_off(
    sign_in: SignIn, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_SECONDS", 0.1)
    answer = await client.raw(b"GET /callback?state=")
    assert answer.status == 408
    assert await exchange(client.port, b"") == b""
    assert sign_in.got == []


async def test_rule_30_random_bytes_do_no_harm(sign_in: SignIn, client: Client) -> None:
    chance = random.Random(30)
    for _ in range(100):
        # A TLS hello that never ends is another test's.
        data = bytes([chance.choice(b"\x00\x15\x17GPx\xff")]) + chance.randbytes(200)
        answer = await exchange(client.port, data + b"\r\n\r\n")
        assert answer.startswith(b"HTTP/1.1 400 ")
    await assert_prompt(client, sign_in)


async def test_rule_30_resets_do_no_harm(sign_in: SignIn, client: Client) -> None:
    for data in (
        b"",
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x00",
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
    ):
        for _ in range(10):
            sock = socket.create_connection(("127.0.0.1", client.port))
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            sock.sendall(data)
            sock.close()
            await asyncio.sleep(0)
    await assert_prompt(client, sign_in)


@pytest.mark.parametrize(
    ("data", "status"),
    [
        (b"GET /callback?x=" + b"a" * 5_000_000, 431),
        (b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 3000 + b"\r\n", 431),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (
            b"POST /callback HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: 9\r\n\r\n123456789",
            405,
        ),
        (
            b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nTransfer-Encoding: chunked\r\n\r\nffffffff\r\n",
            400,
        ),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nContent-Length: -5\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nHost: 127.0.0.1:%d\r\nExpect: 100-continue\r\n\r\n", 200),
    ],
    ids=["5 MB address", "3000 headers", "HTTP/2", "body", "chunked", "negative", "expect"],
)
async def test_rule_30_oversized_and_odd_requests(
    data: bytes, status: int, sign_in: SignIn, client: Client
) -> None:
    data = data.replace(b"%d", str(client.port).encode())
    started = time.monotonic()
    assert (await client.raw(data)).status == status
    assert time.monotonic() - started < 5
    await assert_prompt(client, sign_in)


async def test_rule_30_a_second_request_on_the_connection_is_not_answered(
    sign_in: SignIn, client: Client
) -> None:
    one = f"GET / HTTP/1.1\r\nHost: 127.0.0.1:{client.port}\r\nConnection: keep-alive\r\n\r\n"
    two = one.replace("GET /", f"GET {sign_in.target}")
    answer = await exchange(client.port, (one + two).encode())
    assert answer.count(b"HTTP/1.1 200") == 1
    assert sign_in.got == []


async def test_rule_30_when_descriptors_run_out_the_server_goes_on_later(
    server: CallbackServer, sign_in: SignIn, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    accept = socket.socket.accept
    failures = [0]

    def out_of_descriptors(sock: socket.socket) -> tuple[socket.socket, object]:
        if failures[0] < 2:
            failures[0] += 1
            raise OSError(24, "Too many open files")
        return accept(sock)

    monkeypatch.setattr(socket.socket, "accept", out_of_descriptors)
    await assert_prompt(client, sign_in)
    assert failures == [2]
    assert server.listening
