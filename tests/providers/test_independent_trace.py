"""What `--trace` shows of servers that we did not write: every step of theirs, and none of their secrets."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.canary import Canaries
from tests.providers.independent import http
from tests.providers.machine import Machine, machine
from tui_oauth.workspace import Workspace


def held(here: Machine, canaries: Canaries) -> None:
    """Adds what the vault holds now to what it held before."""
    tokens = here.held
    for name in ("access_token", "refresh_token", "id_token"):
        value = getattr(tokens, name)
        if value is not None:
            canaries.add(**{name: value.reveal()})


@pytest.mark.parametrize(
    ("server", "method"),
    [
        ("authlib", "client_secret_basic"),
        ("authlib", "client_secret_post"),
        ("mock", "client_secret_basic"),
        ("panva", "client_secret_basic"),
        ("panva", "client_secret_post"),
    ],
    indirect=["server"],
)
async def test_rule_114_a_sign_in_a_refresh_a_check_and_a_revocation(
    server: Any, method: str, shell: Any
) -> None:
    here = machine(server, method, workspace=Workspace.from_environment(shell.environ))
    canaries = Canaries(secret=here.client.secret)
    with shell.start("authorize", "independent", "--trace", "--json") as running:
        back = server.consent(running.event()["authorization_url"])
        answer = parse_qs(urlsplit(back).query)
        canaries.add(code=answer["code"][0])
        assert http.get(back).status_code == 200
        event = running.event()
        while event["event"] != "authorized":
            event = running.event()
        said = running.end().err
    held(here, canaries)
    assert f"> POST {server.issuer}" in said
    assert "grant_type = authorization_code" in said
    assert canaries.within(said) == set()
    for command, step in (("refresh", "grant_type = refresh_token"), ("check", "GET")):
        done = shell.run(command, "independent", "--trace")
        held(here, canaries)
        assert f"{server.issuer}/" in done.err
        assert step in done.err
        assert canaries.within(done.out + done.err) == set(), command
    done = shell.run("revoke", "independent", "--trace", code=None)
    assert canaries.within(done.out + done.err) == set()
