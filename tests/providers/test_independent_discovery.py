"""Entries from the URL of a server that we did not write, whose clients register themselves."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.providers.independent import Registered, http, metadata
from tests.providers.machine import Machine, discovered
from tests.stage import make_workspace
from tui_oauth.discover import look_up
from tui_oauth.discovered import rediscover
from tui_oauth.entries import declared_service
from tui_oauth.errors import TuiOauthError, UsageProblem
from tui_oauth.oauth.discovery import NamesAnother
from tui_oauth.registering import register, unregister
from tui_oauth.tokens import access_token
from tui_oauth.workspace import Workspace

EVERY = pytest.mark.parametrize("server", ["authlib", "mock", "panva"], indirect=True)
STRICT = pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)


async def found(server: Any) -> Machine:
    workspace = make_workspace(0)
    return discovered(server, await look_up(workspace, server.issuer), workspace)


@EVERY
async def test_from_nothing_but_a_url_to_a_token(server: Any) -> None:
    here = await found(server)
    here.entry = await register(here.workspace, here.entry)
    assert here.entry.configured
    await here.sign_in()
    token = access_token(here.workspace, here.now).access_token.reveal()
    assert here.person_of(token) == 200


@EVERY
async def test_the_entry_carries_what_the_server_says_of_itself(server: Any) -> None:
    here = await found(server)
    said = metadata(server.issuer)
    service = declared_service(here.workspace, here.entry)
    assert service.issuer == server.issuer
    assert service.authorize_url == said["authorization_endpoint"]
    assert service.token_url == said["token_endpoint"]
    assert service.revoke_url == said.get("revocation_endpoint", "")
    assert service.introspect_url == said.get("introspection_endpoint", "")
    assert service.device_authorization_url == said.get("device_authorization_endpoint", "")
    extensions = service.extensions
    assert extensions.registration_url == said["registration_endpoint"]
    assert extensions.jwks_url == said["jwks_uri"]
    assert extensions.par_url == said.get("pushed_authorization_request_endpoint", "")
    assert extensions.iss_parameter == said.get(
        "authorization_response_iss_parameter_supported", False
    )


@STRICT
async def test_rule_104_a_server_that_is_asked_by_another_name_is_refused(server: Any) -> None:
    with pytest.raises(NamesAnother):
        await look_up(make_workspace(0), server.issuer.replace("127.0.0.1", "localhost"))


async def test_rule_104_a_server_that_answers_to_two_names_is_taken_by_either(
    mock_server: Any,
) -> None:
    by_name = mock_server.issuer.replace("127.0.0.1", "localhost")
    assert (await look_up(make_workspace(0), by_name)).service.issuer == by_name


@EVERY
async def test_an_api_address_below_the_server_leads_to_it_or_is_refused_in_words(
    server: Any,
) -> None:
    """None of the three describes its userinfo endpoint as a resource (RFC 9728)."""
    with pytest.raises(TuiOauthError) as refused:
        await look_up(make_workspace(0), metadata(server.issuer)["userinfo_endpoint"])
    assert isinstance(refused.value, UsageProblem | NamesAnother)
    assert refused.value.advice


@STRICT
async def test_rule_108_the_registration_is_removed_at_the_server(server: Any) -> None:
    here = await found(server)
    here.entry = await register(here.workspace, here.entry)
    held = here.workspace.vault.secrets(here.now)
    assert held.registration_token is not None
    headers = {"Authorization": f"Bearer {held.registration_token.reveal()}"}
    seen = http.get(held.registration_url, headers=headers)
    assert seen.json()["client_id"] == held.client_id
    assert await unregister(here.workspace, here.now)
    assert http.get(held.registration_url, headers=headers).status_code >= 400


@STRICT
async def test_rule_108_registering_again_keeps_the_client_or_replaces_it(server: Any) -> None:
    here = await found(server)
    here.entry = await register(here.workspace, here.entry)
    await here.sign_in()
    first = here.workspace.vault.secrets(here.now).client_id
    again = await register(here.workspace, here.now)
    assert again.configured
    here = replace(here, entry=again)
    assert here.workspace.vault.secrets(here.now).client_id == first
    await here.sign_in()
    assert here.person_of(here.held.access_token.reveal()) == 200


async def test_a_client_that_the_server_has_forgotten_registers_anew(authlib_server: Any) -> None:
    here = await found(authlib_server)
    here.entry = await register(here.workspace, here.entry)
    first = here.workspace.vault.secrets(here.now).client_id
    authlib_server.store.clients.clear()
    here.entry = await register(here.workspace, here.now)
    assert here.workspace.vault.secrets(here.now).client_id != first
    await here.sign_in()
    assert here.now.authorized


@EVERY
async def test_rule_105_a_second_look_finds_nothing_new(server: Any) -> None:
    here = await found(server)
    here.entry = await register(here.workspace, here.entry)
    again = await rediscover(here.workspace, here.now)
    assert again.changes == ()
    assert not again.ends_credentials


async def test_rule_105_what_the_server_says_differently_is_shown_and_not_taken(
    authlib_server: Any,
) -> None:
    here = await found(authlib_server)
    here.entry = await register(here.workspace, here.entry)
    await here.sign_in()
    authlib_server.names_issuer = False
    again = await rediscover(here.workspace, here.now)
    assert again.changes
    service = declared_service(here.workspace, here.now)
    assert service.extensions.iss_parameter


@EVERY
async def test_the_same_from_the_command_line(server: Any, shell: Any) -> None:
    done = shell.run("create", "mine", "--discover", server.issuer, "--register")
    assert done.out.startswith("Created mine ")
    with shell.start("authorize", "mine", "--json") as running:
        link = running.event()["authorization_url"]
        assert http.get(server.consent(link)).status_code == 200
        event = running.event()
        while event["event"] != "authorized":
            event = running.event()
        running.end()
    workspace = Workspace.from_environment(shell.environ)
    token = shell.run("token", "mine").out.strip()
    here = Machine(workspace, server, Registered(""), workspace.vault.find("mine"))
    assert here.person_of(token) == 200
