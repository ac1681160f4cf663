"""What belongs to every exchange: proofs of possession, and the word to whoever watches."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

import pytest

from tests.providers.misbehaving import Conversation, answering, serving, silence
from tui_oauth.errors import ProviderUnreachable, TuiOauthError
from tui_oauth.oauth.http import Request, Response
from tui_oauth.sending import Prover, fetch, send
from tui_oauth.workspace import Workspace


@dataclass
class Watching:
    """A watcher that keeps what it is told."""

    seen: list[tuple[Request, Response | TuiOauthError | None]] = field(default_factory=list)

    def began(self, request: Request) -> object:
        return request

    def ended(self, exchange: object, outcome: Response | TuiOauthError | None) -> None:
        assert isinstance(exchange, Request)
        self.seen.append((exchange, outcome))

    def link(self, url: str) -> None:
        raise AssertionError("no browser is in these exchanges")

    def answer(self, redirect_uri: str, parameters: Iterable[tuple[str, str]]) -> None:
        raise AssertionError("no browser is in these exchanges")


@dataclass
class Counting:
    """Numbers its proofs, and wants again whatever is answered with `use_dpop_nonce`."""

    proofs: int = 0
    nonce: str = ""

    def signed(self, request: Request) -> Request:
        self.proofs += 1
        return replace(request, headers={"DPoP": f"proof-{self.proofs}-{self.nonce}"})

    def wants_again(self, request: Request, response: Response) -> bool:
        self.nonce = response.headers.get("dpop-nonce", self.nonce)
        return b"use_dpop_nonce" in response.body


def exchange(blocking: bool, url: str, watcher: Watching, prover: Prover | None = None) -> Response:
    workspace = Workspace.from_environment()
    workspace.traffic = watcher
    request = Request("POST", url, "token request")
    if blocking:
        return fetch(workspace, request, deadline=5, prover=prover)
    return asyncio.run(send(workspace, request, deadline=5, prover=prover))


@pytest.mark.parametrize("blocking", [False, True])
def test_each_exchange_is_told_to_whoever_watches(blocking: bool) -> None:
    watcher = Watching()
    with serving(answering(b'{"a": 1}')) as server:
        response = exchange(blocking, server.url, watcher)
    assert response.status == 200
    assert watcher.seen == [(Request("POST", server.url, "token request"), response)]


@pytest.mark.parametrize("blocking", [False, True])
def test_one_that_fails_is_told_too(blocking: bool) -> None:
    watcher = Watching()
    with pytest.raises(ProviderUnreachable) as caught:
        exchange(blocking, "http://127.0.0.1:1", watcher)
    assert [outcome for _, outcome in watcher.seen] == [caught.value]


@pytest.mark.parametrize("blocking", [False, True])
def test_a_server_that_wants_its_nonce_gets_one_more_proof_and_no_third(blocking: bool) -> None:
    watcher, prover = Watching(), Counting()
    refused = answering(b'{"error": "use_dpop_nonce"}', "400 Bad Request", "DPoP-Nonce: n1")
    with serving(refused) as server:
        response = exchange(blocking, server.url, watcher, prover)
    assert response.status == 400
    assert [
        line for head, _ in server.requests for line in head.split(b"\r\n") if b"roof" in line
    ] == [
        b"DPoP: proof-1-",
        b"DPoP: proof-2-n1",
    ]
    assert len(watcher.seen) == 2


@pytest.mark.parametrize("blocking", [False, True])
def test_the_second_proof_may_be_the_good_one(blocking: bool) -> None:
    def behave(conversation: Conversation) -> None:
        good = b"proof-2-n1" in conversation.head
        body = b'{"good": true}' if good else b'{"error": "use_dpop_nonce"}'
        status = "200 OK" if good else "401 Unauthorized"
        answering(body, status, "DPoP-Nonce: n1")(conversation)

    with serving(behave) as server:
        response = exchange(blocking, server.url, Watching(), Counting())
    assert response.body == b'{"good": true}'


async def test_one_that_is_cancelled_is_told_as_cut_off() -> None:
    watcher = Watching()
    workspace = Workspace.from_environment()
    workspace.traffic = watcher
    with serving(silence) as server:
        request = Request("POST", server.url, "token request")
        sending = asyncio.create_task(send(workspace, request, deadline=30))
        await asyncio.to_thread(server.arrived.wait, 10)
        sending.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sending
    assert watcher.seen == [(request, None)]


class Failing(Watching):
    """A watcher with a defect at one of its two duties."""

    def __init__(self, at: str) -> None:
        super().__init__()
        self._at = at

    def began(self, request: Request) -> object:
        if self._at == "began":
            raise RecursionError
        return request

    def ended(self, exchange: object, outcome: Response | TuiOauthError | None) -> None:
        if self._at == "ended":
            raise BrokenPipeError
        super().ended(exchange, outcome)


@pytest.mark.parametrize("at", ["began", "ended"])
@pytest.mark.parametrize("blocking", [False, True])
def test_a_watcher_that_fails_does_not_cost_the_answer(blocking: bool, at: str) -> None:
    """It may hold the only copy of a refresh token."""
    watcher = Failing(at)
    with serving(answering(b'{"a": 1}')) as server:
        assert exchange(blocking, server.url, watcher).body == b'{"a": 1}'
        assert server.connections == 1
    assert watcher.seen == []
