"""Introspection (RFC 7662) at servers that we did not write: does the server still take the token?"""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.independent import http, metadata
from tests.providers.machine import Machine, machine
from tui_oauth.accounts import NOT_ACTIVE, check_entry
from tui_oauth.entries import callback_url, status
from tui_oauth.errors import NeedsPerson, ProviderRefused
from tui_oauth.model import Status
from tui_oauth.tokens import refresh_entry
from tui_oauth.workspace import Workspace

BOTH = pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)


def end(here: Machine) -> None:
    """Ends the access token at the server, behind the entry's back."""
    at = metadata(here.server.issuer)["revocation_endpoint"]
    form = {"token": here.held.access_token.reveal()}
    assert http.post(at, **here.client.authenticate(form)).status_code == 200


@pytest.mark.parametrize(
    ("server", "method"),
    [
        ("authlib", "client_secret_basic"),
        ("authlib", "client_secret_post"),
        ("panva", "client_secret_basic"),
        ("panva", "client_secret_post"),
        ("panva", "none"),
    ],
    indirect=["server"],
)
@pytest.mark.parametrize("probe", [True, False])
async def test_an_active_token(server: Any, method: str, probe: bool) -> None:
    here = machine(server, method, probe=probe)
    await here.sign_in()
    checked = await check_entry(here.workspace, here.now)
    assert checked.problem is None
    assert checked.note == ""
    said = checked.token
    assert said is not None
    assert (said.active, said.client_id, said.subject) == (True, here.client.id, "robin")
    assert said.scopes == ("openid",)
    ends = here.held.expires_at
    assert ends is not None
    assert said.expires_at is not None
    assert abs(said.expires_at - ends) <= 5
    assert checked.whose == ("Robin Vale" if probe else "robin")


async def test_the_authlib_server_does_not_tell_a_client_without_a_secret(
    authlib_server: Any,
) -> None:
    here = machine(authlib_server, "none")
    await here.sign_in()
    checked = await check_entry(here.workspace, here.now)
    assert checked.token is None
    assert "could not be learned" in checked.note
    assert checked.whose == "Robin Vale"


@BOTH
async def test_a_token_that_was_ended_there(server: Any) -> None:
    here = machine(server)
    await here.sign_in()
    end(here)
    checked = await check_entry(here.workspace, here.now)
    assert checked.token is not None
    assert not checked.token.active
    assert isinstance(checked.problem, ProviderRefused)
    assert checked.problem.code == NOT_ACTIVE
    assert status(here.workspace, here.now) is not Status.NEEDS_AUTHORIZATION, "it can be refreshed"
    refresh_entry(here.workspace, here.now)
    again = await check_entry(here.workspace, here.now)
    assert again.token is not None
    assert again.token.active


async def test_a_token_that_was_ended_and_cannot_be_refreshed(authlib_server: Any) -> None:
    client = authlib_server.client(
        redirect_uri="http://127.0.0.1:1/", grant_types=("authorization_code",)
    )
    here = machine(authlib_server, client=client)
    known = authlib_server.store.clients[client.id]
    known.metadata["redirect_uris"] = [callback_url(here.workspace, here.entry)]
    await here.sign_in()
    assert here.held.refresh_token is None
    end(here)
    checked = await check_entry(here.workspace, here.now)
    assert isinstance(checked.problem, NeedsPerson)
    assert status(here.workspace, here.now) is Status.NEEDS_AUTHORIZATION


async def test_a_server_without_introspection_is_asked_only_whose_token_it_is(
    mock_server: Any,
) -> None:
    here = machine(mock_server)
    await here.sign_in()
    checked = await check_entry(here.workspace, here.now)
    assert checked.token is None
    assert checked.account is not None
    assert checked.account.name == "robin"


async def test_a_token_bound_to_a_key(panva_server: Any) -> None:
    here = machine(panva_server, metadata={"dpop_bound_access_tokens": True}, dpop=True)
    await here.sign_in()
    checked = await check_entry(here.workspace, here.now)
    assert checked.token is not None
    assert checked.token.active
    assert checked.token.token_type == "DPoP"


@BOTH
async def test_the_same_from_the_command_line(server: Any, shell: Any) -> None:
    here = machine(server, workspace=Workspace.from_environment(shell.environ))
    await here.sign_in()
    said = shell.run("check", "independent", "--json").json
    assert (said["active"], said["account"]) == (True, "Robin Vale")
    assert said["client_id"] == here.client.id
    assert said["scopes"] == ["openid"]
    end(here)
    told = shell.run("check", "independent", code=None)
    assert told.code != 0
    assert "not active" in told.err
