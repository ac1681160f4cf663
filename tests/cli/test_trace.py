"""`--trace`: every exchange on standard error as it happens, no secret, and nothing else changes."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable

import pytest
from cli_tools import Browser, Shell

from tests.canary import Canaries
from tests.providers.misbehaving import answering
from tests.providers.publishing import publishing
from tui_oauth.cli import options
from tui_oauth.cli.commands import COMMANDS
from tui_oauth.entries import configure_entry
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.secret import MASK, Secret
from tui_oauth.workspace import Workspace

ASKS_A_PROVIDER = {
    "create", "discover", "authorize", "token", "header", "check", "refresh", "revoke", "delete",
    "exec", "curl", "git-credential", "kubectl-credential", "write", "xoauth2", "extract",
}  # fmt: skip


def _signed_in(shell: Shell, browser: Browser, provider: PracticeProvider) -> str:
    """Authorize `practice` with --trace; all of standard error."""
    provider.application.behaviour = Behaviour(rotating_refresh=True, expires_in=5)
    with shell.start("authorize", "practice", "--trace", "--json") as running:
        link = running.event()["authorization_url"]
        browser.get(browser.consent(link))
        running.event()
        return running.end().err


def _secrets(workspace: Workspace, entry: Entry) -> Canaries:
    held = workspace.vault.secrets(workspace.vault.get(entry.id))
    assert held.client_secret is not None
    canaries = Canaries(client_secret=held.client_secret.reveal())
    if held.tokens is not None and held.tokens.refresh_token is not None:
        canaries.add(access=held.tokens.access_token.reveal())
        canaries.add(refresh=held.tokens.refresh_token.reveal())
    return canaries


def test_a_whole_sign_in_is_traced_without_secrets(
    shell: Shell, browser: Browser, provider: PracticeProvider, workspace: Workspace, configured: Entry
) -> None:  # fmt: skip
    err = _signed_in(shell, browser, provider)
    place = f"http://127.0.0.1:{provider.port}"
    heads = [line for line in err.splitlines() if line[:2] in {"> ", "< "} and line[2] != " "]
    steps = [line.partition("  (")[2].rstrip(")") for line in heads]
    assert [line.partition("  (")[0] for line in heads if "8976" not in line] == [
        f"> GET {place}/oauth",
        f"< {heads[1].split()[1]}",
        f"> POST {place}/auth/eagle/token",
        "< 200 OK",
        f"> GET {place}/me",
        "< 200 OK",
    ]
    assert steps[0] == "authorization request, by the browser"
    assert steps[2] == "token request"
    canaries = _secrets(workspace, configured)
    assert canaries.within(err) == set()
    assert "grant_type = authorization_code" in err
    traced = shell.run("token", "practice", "--trace")
    assert ">   grant_type = refresh_token" in traced.err.splitlines()
    assert traced.out.count("\n") == 1
    fresh = _secrets(workspace, configured)
    assert fresh.within(traced.err) == set()
    assert canaries.within(traced.err) == set()


@pytest.mark.parametrize("command", ["check", "header", "refresh", "revoke"])
def test_the_other_commands_trace_as_well(
    command: str,
    shell: Shell,
    browser: Browser,
    provider: PracticeProvider,
    workspace: Workspace,
    configured: Entry,
) -> None:
    _signed_in(shell, browser, provider)
    held_before = _secrets(workspace, configured)
    if command != "revoke":
        plain = shell.run(command, "practice")
        assert "> " not in plain.err
    traced = shell.run(command, "practice", "--trace")
    assert f"http://127.0.0.1:{provider.port}/" in traced.err
    assert "< 200 OK" in traced.err
    assert held_before.within(traced.err) == set()
    assert _secrets(workspace, configured).within(traced.err) == set()
    if command == "header":
        assert traced.out.startswith("Authorization: Bearer ")
        assert traced.out.count("\n") == 1


def test_discovery_and_registration_are_traced_without_the_secrets_that_they_give(
    shell: Shell, workspace: Workspace
) -> None:
    given = {"client_id": "client-1", "client_secret": "canary-client-secret-77"}
    given |= {"client_secret_expires_at": 0, "token_endpoint_auth_method": "client_secret_basic"}
    given["registration_access_token"] = "canary-registration-token-77"
    with publishing() as site:
        given["registration_client_uri"] = f"{site.url}/register/canary-management-path-77"
        created = answering(
            json.dumps(given).encode(), "201 Created", "Content-Type: application/json"
        )
        site.answer("POST /register", created)
        issuer = site.issuer(registration_endpoint=f"{site.url}/register")
        done = shell.run("create", "api", "--discover", issuer, "--trace")
    assert workspace.vault.find("api").configured
    lines = done.err.splitlines()
    assert any(line.startswith(f"> POST {site.url}/register  (") for line in lines)
    for line in (
        f"<   issuer: {site.url}",
        f"<   token_endpoint: {site.url}/token",
        "<   client_id: client-1",
        f"<   client_secret: {MASK}",
        f"<   registration_access_token: {MASK}",
        f"<   registration_client_uri: {site.url}/{MASK}",
        "<   token_endpoint_auth_method: client_secret_basic",
    ):
        assert line in lines, line
    assert "canary" not in done.err


def test_what_the_provider_objects_to_stands_there(
    shell: Shell, browser: Browser, workspace: Workspace, configured: Entry
) -> None:
    configure_entry(workspace, configured, client_secret=Secret("copied-from-elsewhere"))
    with shell.start("authorize", "practice", "--trace", "--json") as running:
        link = running.event()["authorization_url"]
        browser.get(browser.consent(link))
        assert running.event()["event"] == "failed"
        err = running.end(code=10).err
    assert "< 401 Unauthorized" in err
    assert "<     code: unauthorized" in err
    assert "copied-from-elsewhere" not in err


def test_a_provider_that_cannot_be_reached_is_told(
    shell: Shell, provider: PracticeProvider, authorized: Callable[..., Entry]
) -> None:
    authorized(ends_in=-5, refresh_token="a-refresh-token")
    where = f"127.0.0.1:{provider.port}"
    provider.stop()
    done = shell.run("token", "practice", "--trace", code=11)
    assert f"< {where} could not be reached" in done.err
    assert "a-refresh-token" not in done.err


def test_every_command_that_asks_a_provider_can_be_traced() -> None:
    found: set[str] = set()
    for command in COMMANDS:
        parser = argparse.ArgumentParser()
        options.everywhere(parser, None)
        command.fill(parser)
        if any("--trace" in action.option_strings for action in parser._actions):
            found.add(command.name)
    assert found == ASKS_A_PROVIDER
