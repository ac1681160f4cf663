"""Revocation (RFC 7009) at servers that we did not write."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest

from tests.providers.independent import http, metadata
from tests.providers.machine import Machine, machine
from tui_oauth.entries import configure_entry, create_entry, status
from tui_oauth.errors import ProviderRefused
from tui_oauth.model import Status, TokenSet
from tui_oauth.revocation import AtService, Revocation, can_revoke, revoke_entry
from tui_oauth.secret import Secret
from tui_oauth.tokens import refresh_entry
from tui_oauth.workspace import Workspace

BOTH = pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)


async def revoke(here: Machine, **more: Any) -> Revocation:
    return await asyncio.to_thread(revoke_entry, here.workspace, here.now, **more)


def refreshed(here: Machine, tokens: TokenSet) -> int:
    """What somebody gets who kept the refresh token, as HTTP status."""
    assert tokens.refresh_token is not None
    form = {"grant_type": "refresh_token", "refresh_token": tokens.refresh_token.reveal()}
    at = metadata(here.server.issuer)["token_endpoint"]
    return http.post(at, **here.client.authenticate(form)).status_code


@pytest.mark.parametrize(
    ("server", "method"),
    [
        ("authlib", "client_secret_basic"),
        ("authlib", "client_secret_post"),
        ("authlib", "none"),
        ("panva", "client_secret_basic"),
        ("panva", "client_secret_post"),
        ("panva", "none"),
    ],
    indirect=["server"],
)
async def test_rule_95_both_tokens_end_at_the_server_and_go_here(server: Any, method: str) -> None:
    here = machine(server, method)
    await here.sign_in()
    before = here.held
    assert can_revoke(here.workspace, here.now)
    outcome = await revoke(here)
    assert (outcome.at_service, outcome.removed) == (AtService.REVOKED, True)
    assert here.person_of(before.access_token.reveal()) == 401
    assert refreshed(here, before) == 400
    assert here.workspace.vault.secrets(here.now).tokens is None
    assert status(here.workspace, here.now) is Status.CONFIGURED
    await here.sign_in()
    assert here.person_of(here.held.access_token.reveal()) == 200


@BOTH
async def test_rule_96_a_server_that_refuses_keeps_the_tokens_here(server: Any) -> None:
    here = machine(server)
    await here.sign_in()
    before = here.held
    wrong = Secret("not-the-one")
    here.entry = configure_entry(here.workspace, here.entry, client_secret=wrong)
    outcome = await revoke(here)
    assert (outcome.at_service, outcome.removed) == (AtService.NOT_REVOKED, False)
    assert isinstance(outcome.problem, ProviderRefused)
    assert outcome.problem.code == "invalid_client"
    assert here.held == before
    assert here.person_of(before.access_token.reveal()) == 200


@BOTH
async def test_tokens_that_have_ended_there_already(server: Any) -> None:
    here = machine(server)
    await here.sign_in()
    before = here.held
    at = metadata(server.issuer)["revocation_endpoint"]
    assert before.refresh_token is not None
    for token in (before.refresh_token, before.access_token):
        form = {"token": token.reveal()}
        assert http.post(at, **here.client.authenticate(form)).status_code == 200
    outcome = await revoke(here)
    assert outcome.done
    assert outcome.removed


@BOTH
async def test_rule_95_what_a_new_sign_in_replaces_ends_at_the_server(server: Any) -> None:
    here = machine(server)
    await here.sign_in()
    before = here.held
    await here.sign_in()
    assert here.person_of(before.access_token.reveal()) == 401
    assert refreshed(here, before) == 400
    assert here.person_of(here.held.access_token.reveal()) == 200
    await asyncio.to_thread(refresh_entry, here.workspace, here.now)
    assert here.person_of(here.held.access_token.reveal()) == 200


async def test_two_entries_of_one_client_end_apart(authlib_server: Any) -> None:
    here = machine(authlib_server)
    await here.sign_in()
    entry = create_entry(here.workspace, "another", "independent")
    secret = Secret(here.client.secret)
    configure_entry(here.workspace, entry, client_id=here.client.id, client_secret=secret)
    other = replace(here, entry=entry)
    await other.sign_in()
    kept, ended = other.held, here.held
    await revoke(here)
    assert here.person_of(ended.access_token.reveal()) == 401
    assert here.person_of(kept.access_token.reveal()) == 200
    assert other.held == kept


async def test_rule_95_tokens_bound_to_a_key(panva_server: Any) -> None:
    here = machine(panva_server, metadata={"dpop_bound_access_tokens": True}, dpop=True)
    await here.sign_in()
    before = here.held
    outcome = await revoke(here)
    assert outcome.done
    at = metadata(panva_server.issuer)["introspection_endpoint"]
    form = {"token": before.access_token.reveal()}
    assert http.post(at, **here.client.authenticate(form)).json() == {"active": False}


async def test_a_server_without_revocation(mock_server: Any) -> None:
    here = machine(mock_server)
    await here.sign_in()
    before = here.held
    assert not can_revoke(here.workspace, here.now)
    outcome = await revoke(here)
    assert outcome.at_service is AtService.NOT_REVOKED
    assert here.held == before
    forgotten = await revoke(here, forget=True)
    assert forgotten.removed
    assert here.person_of(before.access_token.reveal()) == 200, "it is good there all the same"


@BOTH
async def test_the_same_from_the_command_line(server: Any, shell: Any) -> None:
    here = machine(server, workspace=Workspace.from_environment(shell.environ))
    await here.sign_in()
    token = shell.run("token", "independent").out.strip()
    shell.run("revoke", "independent")
    assert here.person_of(token) == 401
    assert shell.run("token", "independent", code=None).code != 0
    shell.run("delete", "independent", "--yes")
