"""What Python programs take is in the record: once for each token, whatever it is used for."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest
import requests

import tui_oauth
from tests.refreshing import authorized
from tests.stage import Stage
from tui_oauth import audit
from tui_oauth.audit import Taken
from tui_oauth.errors import NotAllowed, UsageProblem
from tui_oauth.marks import allow_programs
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.tokens import refresh_entry

Call = Callable[[str], object]


def with_httpx(vault: tui_oauth.Vault) -> Call:
    auth = tui_oauth.EntryAuth("work", vault)
    return lambda url: httpx.get(url, auth=auth)


def with_httpx_in_a_coroutine(vault: tui_oauth.Vault) -> Call:
    auth = tui_oauth.EntryAuth("work", vault)

    async def get(url: str) -> httpx.Response:
        async with httpx.AsyncClient(auth=auth) as client:
            return await client.get(url)

    return lambda url: asyncio.run(get(url))


def with_requests(vault: tui_oauth.Vault) -> Call:
    auth = tui_oauth.RequestsAuth("work", vault)
    return lambda url: requests.get(url, auth=auth, timeout=20)


def by_name(vault: tui_oauth.Vault) -> Call:
    own = tui_oauth.Vault(vault.workspace)
    return lambda url: own.token("work")


WAYS = [with_httpx, with_httpx_in_a_coroutine, with_requests, by_name]


@pytest.fixture
def entry(stage: Stage) -> Entry:
    return authorized(stage, Behaviour(rotating_refresh=True, expires_in=3600))


def noted(stage: Stage) -> list[Taken]:
    return list(audit.taken(stage.workspace))


@pytest.mark.parametrize("way", WAYS)
def test_each_token_is_noted_once_for_each_object(
    stage: Stage, entry: Entry, way: Callable[[tui_oauth.Vault], Call]
) -> None:
    vault = tui_oauth.Vault.open()
    call, url = way(vault), f"{stage.provider.url}/me"
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(call, [url] * 8))
    (first,) = noted(stage)
    assert (first.way, first.pid, first.entry_id) == ("python", os.getpid(), entry.id)
    assert not first.refused
    refresh_entry(stage.workspace, entry)
    call(url)
    call(url)
    assert len(noted(stage)) == 2, "it is another token"
    way(vault)(url)
    assert len(noted(stage)) == 3, "it is another object"


@pytest.mark.parametrize("way", WAYS)
def test_an_entry_for_other_programs_is_not_for_python(
    stage: Stage, entry: Entry, way: Callable[[tui_oauth.Vault], Call]
) -> None:
    allow_programs(stage.workspace, entry, ["/bin/sh"])
    before = stage.provider.application.count["me"]
    with pytest.raises(NotAllowed, match="not for"):
        way(tui_oauth.Vault.open())(f"{stage.provider.url}/me")
    assert stage.provider.application.count["me"] == before
    assert [one.refused for one in noted(stage)] == [True]


@pytest.mark.parametrize("way", WAYS[:3])
def test_what_goes_nowhere_was_not_taken(
    stage: Stage, entry: Entry, way: Callable[[tui_oauth.Vault], Call]
) -> None:
    with pytest.raises(UsageProblem, match="must not go"):
        way(tui_oauth.Vault.open())("http://evil.example/me")
    assert noted(stage) == []


def test_a_child_process_is_noted_as_itself(stage: Stage, entry: Entry) -> None:
    vault = tui_oauth.Vault.open()
    vault.token("work")
    child = os.fork()
    if child == 0:
        try:
            vault.token("work")
        finally:
            os._exit(0)
    os.waitpid(child, 0)
    assert [one.pid for one in noted(stage)] == [os.getpid(), child]


def test_a_record_that_cannot_be_written_is_in_nobodys_way(stage: Stage, entry: Entry) -> None:
    (stage.workspace.places.state / audit.FILE).mkdir(parents=True)
    assert httpx.get(f"{stage.provider.url}/me", auth=tui_oauth.EntryAuth("work")).is_success
