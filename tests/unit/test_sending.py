"""What belongs to every exchange: proofs of possession, and the word to whoever watches."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field, replace

import pytest

from tests.providers.misbehaving import Conversation, answering, serving
from tui_oauth.errors import ProviderUnreachable, TuiOauthError
from tui_oauth.oauth.http import Request, Response
from tui_oauth.sending import Prover, fetch, send
from tui_oauth.workspace import Workspace


@dataclass
class Watching:
    """A watcher that keeps what it is told."""

    seen: list[tuple[Request, Response | TuiOauthError]] = field(default_factory=list)

    def began(self, request: Request) -> object:
        return request

    def ended(self, exchange: object, outcome: Response | TuiOauthError) -> None:
        assert isinstance(exchange, Request)
        self.seen.append((exchange, outcome))


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
