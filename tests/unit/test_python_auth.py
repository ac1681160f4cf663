"""An entry as authentication for httpx and for requests: one refresh, and no token to another host."""

from __future__ import annotations

import asyncio
import io
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from importlib.resources import files
from typing import Any

import httpx
import pytest
import requests

import tui_oauth
from tests.providers.misbehaving import Conversation, Server, answering, serving
from tests.refreshing import authorized
from tests.stage import Stage
from tui_oauth.errors import NeedsPerson, UsageProblem
from tui_oauth.practice.behaviour import Behaviour

ROTATING = Behaviour(rotating_refresh=True, expires_in=3600)
CLOSE = "Connection: close"
Get = Callable[[str], tuple[int, list[int]]]
"""Fetches an address; the last status, and those of the answers before it."""


def by_httpx(url: str) -> tuple[int, list[int]]:
    answer = httpx.get(url, auth=tui_oauth.EntryAuth("work"), follow_redirects=True)
    return answer.status_code, [one.status_code for one in answer.history]


def by_httpx_in_a_coroutine(url: str) -> tuple[int, list[int]]:
    async def fetch() -> httpx.Response:
        async with httpx.AsyncClient(
            auth=tui_oauth.EntryAuth("work"), follow_redirects=True
        ) as client:
            return await client.get(url)

    answer = asyncio.run(fetch())
    return answer.status_code, [one.status_code for one in answer.history]


def by_requests(url: str) -> tuple[int, list[int]]:
    answer = requests.get(url, auth=tui_oauth.RequestsAuth("work"), timeout=20)
    return answer.status_code, [one.status_code for one in answer.history]


# requests leaves connections of answers that it did not read to the end to the collector.
pytestmark = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
EVERY = pytest.mark.parametrize("get", [by_httpx, by_httpx_in_a_coroutine, by_requests])
HEADERS = pytest.mark.parametrize("header", ["Authorization", "X-Own-Token"])


@dataclass
class Api:
    """The service's own API, and a place that is somebody else's."""

    own: Server
    other: Server
    header: str = "Authorization"
    refuses: list[str] = field(default_factory=list)

    def carried(self, server: Server) -> list[str]:
        """The token header of each request that reached `server`, empty where there was none."""
        found = []
        for head, _ in server.requests:
            lines = [line.partition(": ") for line in head.decode().split("\r\n")]
            found.append("".join(v for k, _, v in lines if k.lower() == self.header.lower()))
        return found


@pytest.fixture
def api(stage: Stage, header: str) -> Iterator[Api]:
    """The entry `work`, whose API takes the token in `header`: /stay and /leave redirect."""
    authorized(stage, ROTATING)

    def behave(conversation: Conversation) -> None:
        path = conversation.head.split(b" ")[1]
        target = {b"/stay": "/b", b"/leave": f"{api.other.url}/b"}.get(path)
        if target:
            answering(b"", "307 Temporary Redirect", f"Location: {target}", CLOSE)(conversation)
        elif any(token in conversation.head.decode() for token in api.refuses):
            answering(b"", "401 Unauthorized", CLOSE)(conversation)
        else:
            answering(b"{}", "200 OK", CLOSE)(conversation)

    with ExitStack() as stack:
        other = stack.enter_context(serving(answering()))
        api = Api(stack.enter_context(serving(behave)), other, header)
        folder = stage.workspace.places.own_services
        folder.mkdir(mode=0o700)
        built_in = (files("tui_oauth.services") / "data" / "practice.toml").read_text()
        lines = f'[quirks.api]\nheader = "{header}"\norigins = ["{api.own.url}"]\n'
        start, _, rest = built_in.partition("[quirks.api]")
        (folder / "practice.toml").write_text(start + lines + rest.partition("\n\n")[2])
        yield api


@EVERY
@HEADERS
def test_the_api_gets_the_token(api: Api, get: Get) -> None:
    token = tui_oauth.Vault.open().token("work")
    assert get(f"{api.own.url}/a") == (200, [])
    assert api.carried(api.own) == [f"Bearer {token}"]


@EVERY
@HEADERS
def test_rule_93_a_redirect_takes_the_token_to_no_other_host(api: Api, get: Get) -> None:
    token = tui_oauth.Vault.open().token("work")
    assert get(f"{api.own.url}/leave") == (200, [307])
    assert api.carried(api.own) == [f"Bearer {token}"]
    assert api.carried(api.other) == [""]
    assert token not in str(api.other.requests)


@EVERY
@HEADERS
def test_a_redirect_within_the_api_keeps_it(api: Api, get: Get) -> None:
    token = tui_oauth.Vault.open().token("work")
    assert get(f"{api.own.url}/stay") == (200, [307])
    assert api.carried(api.own) == [f"Bearer {token}"] * 2


@EVERY
@HEADERS
def test_rule_93_another_host_is_refused(api: Api, get: Get) -> None:
    with pytest.raises(UsageProblem, match="must not go"):
        get(f"{api.other.url}/a")
    assert api.other.requests == []


@EVERY
@HEADERS
def test_rule_94_a_refused_token_is_refreshed_once(api: Api, get: Get, stage: Stage) -> None:
    first = tui_oauth.Vault.open().token("work")
    api.refuses = [first]
    before = stage.provider.application.count["refresh"]
    assert get(f"{api.own.url}/a")[0] == 200
    second = tui_oauth.Vault.open().token("work")
    assert api.carried(api.own) == [f"Bearer {first}", f"Bearer {second}"]
    api.refuses = ["Bearer"]
    assert get(f"{api.own.url}/a")[0] == 401
    assert stage.provider.application.count["refresh"] == before + 2
    assert len(api.own.requests) == 4


@EVERY
@HEADERS
def test_rule_94_also_behind_a_redirect(api: Api, get: Get) -> None:
    api.refuses = [tui_oauth.Vault.open().token("work")]
    assert get(f"{api.own.url}/stay")[0] == 200
    assert api.carried(api.own)[-1] == f"Bearer {tui_oauth.Vault.open().token('work')}"
    assert api.carried(api.other) == []


@EVERY
def test_a_grant_that_is_over_needs_a_person(stage: Stage, get: Get) -> None:
    authorized(stage, ROTATING)
    store = stage.provider.application.store
    grant = store.grant_of(tui_oauth.Vault.open().token("work"))
    assert grant is not None
    store.end_grant(grant)
    with pytest.raises(NeedsPerson, match="authorized again"):
        get(f"{stage.provider.url}/me")


@pytest.mark.parametrize("header", ["Authorization"])
def test_requests_sends_a_body_twice_only_if_it_can_be_read_twice(api: Api) -> None:
    auth = tui_oauth.RequestsAuth("work")
    bodies: list[tuple[Any, list[int]]] = [
        (b"body", [401]),
        (io.BytesIO(b"body"), [401]),
        (iter([b"body"]), []),
    ]
    for body, history in bodies:
        api.refuses = [tui_oauth.Vault.open().token("work")]
        answer = requests.post(f"{api.own.url}/a", data=body, auth=auth, timeout=20)
        assert [one.status_code for one in answer.history] == history
        assert answer.status_code == (200 if history else 401)
    sent = [body for _, body in api.own.requests]
    assert sent[:4] == [b"body"] * 4


@pytest.mark.parametrize("header", ["X-Own-Token"])
def test_one_object_serves_threads_and_coroutines(api: Api, stage: Stage) -> None:
    vault = tui_oauth.Vault.open()
    first = vault.token("work")
    api.refuses = [first]
    before = stage.provider.application.count["refresh"]
    auths = tui_oauth.RequestsAuth("work", vault), tui_oauth.EntryAuth("work", vault)
    url = f"{api.own.url}/a"
    start = threading.Barrier(8)

    def fetch(number: int) -> int:
        start.wait(20)
        if number % 2:
            return requests.get(url, auth=auths[0], timeout=20).status_code
        return httpx.get(url, auth=auths[1]).status_code

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(fetch, range(8))) == [200] * 8

    async def together() -> list[int]:
        async with httpx.AsyncClient(auth=auths[1]) as client:
            mine = [client.get(url) for _ in range(4)]
            theirs = [
                asyncio.to_thread(requests.get, url, auth=auths[0], timeout=20) for _ in range(4)
            ]
            return [one.status_code for one in await asyncio.gather(*mine, *theirs)]

    assert asyncio.run(together()) == [200] * 8
    assert stage.provider.application.count["refresh"] == before + 1
    assert first not in api.carried(api.own)[-8:]


@pytest.mark.parametrize("header", ["X-Own-Token"])
def test_a_trace_of_ones_own_goes_on(api: Api) -> None:
    seen: list[str] = []
    with httpx.Client(auth=tui_oauth.EntryAuth("work")) as client:
        client.get(f"{api.own.url}/a", extensions={"trace": lambda event, info: seen.append(event)})
    assert "http11.send_request_headers.started" in seen


def test_it_loads_neither_requests_nor_httpx(home: object) -> None:
    code = "import sys; from tui_oauth import RequestsAuth; print({'requests', 'httpx', 'asyncio'} & set(sys.modules))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "set()\n"
