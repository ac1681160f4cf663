"""From Python: a token by name, and an entry as httpx authentication."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys

import httpx
import pytest

import tui_oauth
from tests.stage import Stage
from tui_oauth.errors import NeedsPerson, NotFound, UsageProblem, VaultMissing
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.signin import SignIns

ROTATING = Behaviour(rotating_refresh=True, expires_in=3600)


def authorized(stage: Stage, name: str = "work") -> Entry:
    async def sign_in() -> Entry:
        signins = SignIns(stage.workspace)
        signin = signins.begin(stage.configured(name))
        running = asyncio.create_task(signin.run())
        signin.paste(await asyncio.to_thread(stage.consent, signin.authorization_url))
        done = await running
        await signins.close()
        return done

    stage.provider.application.behaviour = ROTATING
    return asyncio.run(sign_in())


def test_a_token_by_name(stage: Stage) -> None:
    authorized(stage)
    with tui_oauth.Vault.open() as vault:
        token = vault.token("work")
        assert stage.provider.application.store.grant_of(token) is not None
        assert [entry["name"] for entry in vault.entries()] == ["work"]
        with pytest.raises(NotFound):
            vault.token("nobody")
    stage.created("bare")
    with pytest.raises(NeedsPerson):
        tui_oauth.Vault.open().token("bare")


def test_without_a_vault_nothing_is_made(tmp_path) -> None:
    with pytest.raises(VaultMissing):
        tui_oauth.Vault.open(tmp_path / "none" / "vault.json")
    assert not (tmp_path / "none").exists()


def test_a_token_from_within_a_running_loop(stage: Stage) -> None:
    authorized(stage)

    async def inside() -> str:
        return tui_oauth.Vault.open().token("work", min_ttl=4000)  # so it refreshes, over HTTP

    before = stage.provider.application.count["refresh"]
    assert asyncio.run(inside())
    assert stage.provider.application.count["refresh"] == before + 1


def test_an_entry_as_authentication(stage: Stage) -> None:
    authorized(stage)
    answer = httpx.get(f"{stage.provider.url}/me", auth=tui_oauth.EntryAuth("work"))
    assert answer.status_code == 200
    assert answer.json()["app"]["name"] == "Aurora Books"


async def test_an_entry_as_authentication_in_a_coroutine(stage: Stage) -> None:
    await asyncio.to_thread(authorized, stage)
    async with httpx.AsyncClient(auth=tui_oauth.EntryAuth("work")) as client:
        answer = await client.get(f"{stage.provider.url}/me")
    assert answer.status_code == 200


def test_rule_94_a_refused_token_is_refreshed_once(stage: Stage) -> None:
    authorized(stage)
    vault = tui_oauth.Vault.open()
    store = stage.provider.application.store
    auth = tui_oauth.EntryAuth("work", vault)
    before = stage.provider.application.count["token"]
    grant = store.grant_of(vault.token("work"))
    assert grant is not None
    store.end_grant(grant)  # at the provider, where we cannot see it
    with pytest.raises(NeedsPerson, match="authorized again"):
        httpx.get(f"{stage.provider.url}/me", auth=auth)
    assert stage.provider.application.count["me"] == 2  # the account check, then this call
    assert stage.provider.application.count["token"] == before + 1


def test_rule_93_the_token_goes_to_its_own_service_only(stage: Stage) -> None:
    authorized(stage)
    auth = tui_oauth.EntryAuth("work")
    sent = stage.provider.application.count["me"]
    for host in ("localhost", "127.0.0.1.evil.example", "evil.example"):
        with pytest.raises(UsageProblem, match="must not go"):
            httpx.get(f"http://{host}:{stage.provider.port}/me", auth=auth)
    assert stage.provider.application.count["me"] == sent


def test_importing_the_package_loads_nothing(home) -> None:
    code = "import sys, tui_oauth; print(sorted(n for n in sys.modules if n.startswith(('tui_oauth', 'httpx', 'asyncio', 'tinydb'))))"
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=dict(os.environ)
    )
    assert done.stdout.strip() == "['tui_oauth']"
