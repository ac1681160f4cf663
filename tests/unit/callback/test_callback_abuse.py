"""What strangers can send, withhold or leave hanging, and that a sign-in gets through all the same."""

from __future__ import annotations

import asyncio
import socket
import time
from collections.abc import AsyncIterator

import pytest
from callback_client import Client, SignIn, exchange

from tui_oauth.callback import connection
from tui_oauth.callback.server import CallbackServer


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
