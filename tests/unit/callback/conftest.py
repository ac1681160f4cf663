"""A callback server on a free port, and somebody to talk to it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

import pytest
from callback_client import Client, SignIn

from tui_oauth.callback.server import CallbackServer


@pytest.fixture
def client(free_port: int) -> Client:
    return Client(free_port)


@pytest.fixture
async def make_server(free_port: int) -> AsyncIterator[Callable[..., CallbackServer]]:
    """Makes callback servers on the free port, and closes them."""
    made: list[CallbackServer] = []

    def make(**options: object) -> CallbackServer:
        server = CallbackServer(free_port, **options)  # type: ignore[arg-type]
        made.append(server)
        return server

    yield make
    for server in made:
        await server.close()
        assert not server.listening


@pytest.fixture
async def server(make_server: Callable[..., CallbackServer]) -> CallbackServer:
    return make_server()


@pytest.fixture
async def sign_in(server: CallbackServer) -> SignIn:
    """A sign-in that waits at `server`."""
    waiting = SignIn()
    await server.expect(
        waiting.state, waiting.finish, link="https://provider.example/authorize?a=b"
    )
    return waiting


@pytest.fixture
def until() -> Callable[[Callable[[], bool]], Awaitable[None]]:
    """Waits for a condition, for ten seconds at most."""

    async def wait(condition: Callable[[], bool]) -> None:
        async with asyncio.timeout(10):
            while not condition():
                await asyncio.sleep(0.005)

    return wait
