"""Entries without a person (client credentials, RFC 6749 section 4.4) at servers that we did not write."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from tests.providers.independent import http, metadata
from tests.providers.machine import Machine, machine
from tui_oauth.entries import configure_entry, status
from tui_oauth.errors import ProviderRefused, UsageProblem
from tui_oauth.model import Status
from tui_oauth.revocation import AtService, revoke_entry
from tui_oauth.secret import Secret
from tui_oauth.tokens import access_token, refresh_entry
from tui_oauth.workspace import Workspace

BOTH = pytest.mark.parametrize("server", ["authlib", "panva"], indirect=True)


def robot(server: Any, method: str = "client_secret_basic", **more: Any) -> Machine:
    """An entry of the client itself, with a token for the server's API."""
    resource = [f"{server.issuer}/api"]  # oidc-provider gives no token without one
    return machine(
        server, method, scopes=("openid", "read"), resource=resource, without_person=True, **more
    )


def token_of(here: Machine, min_ttl: int = 60) -> str:
    return access_token(here.workspace, here.now, min_ttl).access_token.reveal()


def about(here: Machine, token: str) -> dict[str, Any]:
    """What the server says of `token` (RFC 7662)."""
    at = metadata(here.server.issuer)["introspection_endpoint"]
    found: dict[str, Any] = http.post(at, **here.client.authenticate({"token": token})).json()
    return found


@pytest.mark.parametrize("method", ["client_secret_basic", "client_secret_post"])
@BOTH
def test_rule_4_a_token_of_no_person(server: Any, method: str) -> None:
    here = robot(server, method)
    token = token_of(here)
    said = about(here, token)
    assert (said["active"], said["client_id"]) == (True, here.client.id)
    assert "sub" not in said
    assert here.held.scopes == ("read",), "openid is of a person"
    assert here.held.refresh_token is None
    assert here.held.expires_at is not None
    assert status(here.workspace, here.now) is Status.AUTHORIZED
    assert token_of(here) == token, "it lasts"


@BOTH
def test_rule_4_a_token_that_ends_is_fetched_anew(server: Any) -> None:
    here = robot(server)
    first = token_of(here)
    second = token_of(here, 4000)
    assert second != first
    assert about(here, second)["active"] is True
    refresh_entry(here.workspace, here.now)
    assert here.held.access_token.reveal() not in {first, second}


def test_rule_84_many_at_once_fetch_once(authlib_server: Any) -> None:
    here = robot(authlib_server)
    with ThreadPoolExecutor(10) as pool:
        tokens = set(pool.map(lambda _: token_of(here), range(10)))
    assert len(tokens) == 1
    assert authlib_server.count["/token"] == 1


def test_rule_4_a_server_without_the_grant(mock_server: Any) -> None:
    with pytest.raises(UsageProblem, match="client credentials"):
        robot(mock_server)


def test_rule_4_a_client_without_a_secret_has_no_such_tokens(authlib_server: Any) -> None:
    with pytest.raises(UsageProblem):
        robot(authlib_server, "none")


@BOTH
def test_rule_4_a_wrong_secret(server: Any) -> None:
    here = robot(server)
    configure_entry(here.workspace, here.entry, client_secret=Secret("not-the-one"))
    with pytest.raises(ProviderRefused) as refused:
        token_of(here)
    assert refused.value.code == "invalid_client"
    assert here.now.last_error


def test_rule_4_tokens_bound_to_a_key(panva_server: Any) -> None:
    here = robot(panva_server, metadata={"dpop_bound_access_tokens": True}, dpop=True)
    token = token_of(here)
    assert here.held.bound
    assert about(here, token)["cnf"]["jkt"]


@BOTH
def test_rule_95_it_can_be_revoked_and_fetched_anew(server: Any) -> None:
    here = robot(server)
    token = token_of(here)
    outcome = revoke_entry(here.workspace, here.now)
    assert (outcome.at_service, outcome.removed) == (AtService.REVOKED, True)
    assert about(here, token) == {"active": False}
    assert about(here, token_of(here))["active"] is True


@BOTH
def test_the_same_from_the_command_line(server: Any, shell: Any) -> None:
    here = robot(server, workspace=Workspace.from_environment(shell.environ))
    token = shell.run("token", "independent").out.strip()
    assert about(here, token)["active"] is True
    assert shell.run("token", "independent").out.strip() == token
    shell.run("refresh", "independent")
    assert shell.run("token", "independent").out.strip() != token
    said = shell.run("check", "independent", "--json").json
    assert (said["active"], said["client_id"]) == (True, here.client.id)
    assert here.now.last_error == "", "that userinfo is for people's tokens alone is no failure"
