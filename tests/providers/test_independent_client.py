"""The client credentials grant (RFC 6749 section 4.4) at servers that we did not write."""

from __future__ import annotations

from typing import Any

import pytest

from tests.providers.independent import http, metadata
from tests.providers.machine import Machine, machine
from tui_oauth.applicant import applicant_of
from tui_oauth.entries import configure_entry
from tui_oauth.errors import NeedsPerson, ProviderRefused, UsageProblem
from tui_oauth.model import TokenSet
from tui_oauth.oauth.client_credentials import client_request, client_scopes, read_client_tokens
from tui_oauth.secret import Secret


async def token_of(here: Machine) -> TokenSet:
    """The tokens that the entry's client gets for itself."""
    applicant = applicant_of(here.workspace, here.now)
    scopes = client_scopes(applicant.service, here.now.scopes)
    request = client_request(applicant.service, applicant.client, scopes)
    sent_at = here.workspace.now()
    response = await applicant.ask(request, deadline=10)
    return read_client_tokens(applicant.service, response, requested=scopes, sent_at=sent_at)


def about(here: Machine, token: str) -> dict[str, Any]:
    """What the server says of `token` (RFC 7662)."""
    at = metadata(here.server.issuer)["introspection_endpoint"]
    found: dict[str, Any] = http.post(at, **here.client.authenticate({"token": token})).json()
    return found


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)
async def test_rule_4_a_token_of_no_person(server: Any, method: str) -> None:
    resource = {"resource": [f"{server.issuer}/api"]}
    here = machine(server, method, scopes=("openid", "read"), **resource)
    tokens = await token_of(here)
    said = about(here, tokens.access_token.reveal())
    assert (said["active"], said["client_id"]) == (True, here.client.id)
    assert "sub" not in said
    assert tokens.scopes == ("read",), "openid is of a person"
    assert tokens.refresh_token is None
    assert tokens.expires_at is not None


async def test_rule_4_a_server_without_the_grant(mock_server: Any) -> None:
    with pytest.raises(UsageProblem):
        await token_of(machine(mock_server))


async def test_rule_4_a_public_client_has_no_such_tokens(authlib_server: Any) -> None:
    with pytest.raises(NeedsPerson):
        await token_of(machine(authlib_server, "none"))


@pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)
async def test_rule_4_a_wrong_secret(server: Any) -> None:
    here = machine(server, scopes=("read",))
    configure_entry(here.workspace, here.entry, client_secret=Secret("not-the-one"))
    with pytest.raises(ProviderRefused) as refused:
        await token_of(here)
    assert refused.value.code == "invalid_client"


async def test_rule_4_tokens_bound_to_a_key(panva_server: Any) -> None:
    here = machine(
        panva_server,
        scopes=("read",),
        metadata={"dpop_bound_access_tokens": True},
        dpop=True,
        resource=[f"{panva_server.issuer}/api"],
    )
    tokens = await token_of(here)
    assert tokens.bound
    assert about(here, tokens.access_token.reveal())["cnf"]["jkt"]
