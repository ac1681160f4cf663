"""Refresh against servers that we did not write: rotation, reuse detection, many programs at once."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.providers.independent import http, metadata
from tests.providers.machine import Machine, machine
from tui_oauth.entries import status
from tui_oauth.errors import NeedsPerson, ProviderRefused
from tui_oauth.model import Status
from tui_oauth.tokens import access_token, refresh_entry

SOON = 4000  # seconds; every token of these servers ends before


def refresh_elsewhere(here: Machine, token: str) -> int:
    """What a thief's refresh gets, as HTTP status."""
    form = {"grant_type": "refresh_token", "refresh_token": token}
    at = metadata(here.server.issuer)["token_endpoint"]
    return http.post(at, **here.client.authenticate(form)).status_code


def refresh_token(here: Machine) -> str:
    token = here.held.refresh_token
    assert token is not None
    return token.reveal()


@pytest.mark.parametrize(
    ("server", "method"),
    [
        ("authlib", "client_secret_basic"),
        ("authlib", "client_secret_post"),
        ("authlib", "none"),
        ("panva", "client_secret_basic"),
        ("panva", "none"),
    ],
    indirect=["server"],
)
async def test_rule_82_a_rotated_token_is_stored_and_the_old_one_never_sent_again(
    server: Any, method: str
) -> None:
    here = machine(server, method)
    entry = await here.sign_in()
    seen = {refresh_token(here)}
    for _ in range(3):
        tokens = access_token(here.workspace, entry, SOON)
        assert here.person_of(tokens.access_token.reveal()) == 200
        assert tokens == here.held
        assert refresh_token(here) not in seen
        seen.add(refresh_token(here))
    assert here.now.granted_scopes == ("openid",)
    assert here.now.account


async def test_a_refresh_token_that_does_not_rotate_stays(mock_server: Any) -> None:
    here = machine(mock_server)
    entry = await here.sign_in()
    kept = refresh_token(here)
    first = here.held.access_token
    tokens = access_token(here.workspace, entry, SOON)
    assert tokens.access_token != first
    assert refresh_token(here) == kept
    assert here.person_of(tokens.access_token.reveal()) == 200


async def test_without_rotation_the_authlib_server_keeps_the_refresh_token_too(
    authlib_server: Any,
) -> None:
    authlib_server.rotates = False
    here = machine(authlib_server)
    entry = await here.sign_in()
    kept = refresh_token(here)
    refresh_entry(here.workspace, entry)
    refresh_entry(here.workspace, entry)
    assert refresh_token(here) == kept
    assert authlib_server.count["/token"] == 3


@pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)
async def test_rule_86_reuse_by_a_thief_ends_the_grant_and_the_person_is_told(server: Any) -> None:
    here = machine(server)
    entry = await here.sign_in()
    stolen = refresh_token(here)
    access_token(here.workspace, entry, SOON)
    assert refresh_elsewhere(here, stolen) == 400
    held = here.held
    assert here.person_of(held.access_token.reveal()) == 401
    with pytest.raises(NeedsPerson) as told:
        access_token(here.workspace, entry, SOON)
    assert "tui-oauth authorize independent" in told.value.advice
    assert here.held == held, "tokens are never deleted for it"
    assert status(here.workspace, here.now) is Status.NEEDS_AUTHORIZATION
    await here.sign_in()
    assert status(here.workspace, here.now) is Status.AUTHORIZED
    assert here.person_of(access_token(here.workspace, entry).access_token.reveal()) == 200


async def test_rule_84_many_at_once_refresh_once(authlib_server: Any) -> None:
    here = machine(authlib_server)
    entry = await here.sign_in()
    before = authlib_server.count["/token"]
    authlib_server.access_lifetime = 8000

    def ask(_: int) -> str:
        return access_token(here.workspace, entry, SOON).access_token.reveal()

    with ThreadPoolExecutor(12) as pool:
        tokens = set(pool.map(ask, range(12)))
    assert len(tokens) == 1
    assert authlib_server.count["/token"] == before + 1
    assert here.person_of(tokens.pop()) == 200


async def test_many_programs_at_once_refresh_once(authlib_server: Any, shell: Any) -> None:
    from tui_oauth.workspace import Workspace

    workspace = Workspace.from_environment(shell.environ)
    here = machine(authlib_server, workspace=workspace)
    await here.sign_in()
    before = authlib_server.count["/token"]
    authlib_server.access_lifetime = 8000
    commands = [shell.start("token", "independent", "--min-ttl", str(SOON)) for _ in range(6)]
    done = [command.end() for command in commands]
    assert len({one.out for one in done}) == 1
    assert authlib_server.count["/token"] == before + 1
    assert here.person_of(done[0].out.strip()) == 200


async def test_a_refresh_with_a_wrong_secret_keeps_the_grant(authlib_server: Any) -> None:
    here = machine(authlib_server)
    entry = await here.sign_in()
    known = authlib_server.store.clients[here.client.id]
    known.client_secret, secret = "another one since yesterday", known.client_secret
    with pytest.raises(ProviderRefused) as refused:
        access_token(here.workspace, entry, SOON)
    assert refused.value.code == "invalid_client"
    assert not here.now.needs_authorization
    known.client_secret = secret
    assert access_token(here.workspace, entry, SOON)


async def test_an_end_on_the_providers_side_is_told_like_any_other(mock_server: Any) -> None:
    here = machine(mock_server)
    entry = await here.sign_in()
    mock_server.end_everything()
    with pytest.raises((NeedsPerson, ProviderRefused)):
        access_token(here.workspace, entry, SOON)
    assert here.held.refresh_token is not None
