"""Entries without a person on the command line: no link, no Callback URL, a token when it is wanted."""

from __future__ import annotations

import json

import pytest
from cli_tools import Shell

from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.workspace import Workspace


@pytest.fixture
def robot(shell: Shell, workspace: Workspace, provider: PracticeProvider) -> PracticeProvider:
    """The entry `robot`, configured, at the provider that is given."""
    made = shell.run(
        "create", "robot", "--service", "practice-standard", "--without-person",
        "--set", f"port={provider.port}",
    )  # fmt: skip
    assert made.out == "Created robot (Practice provider (every standard grant)): Not Configured\n"
    assert "without a person" in made.err
    assert "Callback URL to register" not in made.err
    app = provider.register("Robot", "http://127.0.0.1:8976/callback")
    done = shell.run(
        "configure", "robot", "--client-id", app.client_id, "--client-secret-stdin",
        stdin=app.client_secret,
    )  # fmt: skip
    assert "Next: tui-oauth token robot" in done.err
    return provider


def test_rule_4_token_gets_it_by_itself(shell: Shell, robot: PracticeProvider) -> None:
    assert shell.run("list", "--json").json[0]["status"] == "configured"
    assert "No token yet" in shell.run("list").out
    first = shell.run("token", "robot")
    assert first.out.count("\n") == 1
    assert first.err == ""
    assert shell.run("token", "robot").out == first.out
    assert robot.application.count["client_credentials"] == 1
    (shown,) = shell.run("list", "--json").json
    assert (shown["status"], shown["callback_url"]) == ("authorized", None)
    assert shown["has_refresh_token"] is False
    assert shell.run("list", "--expiring", "7d", "--exit-code").out == ""
    assert "nobody has to authorize it" in shell.run("show", "robot").out


def test_authorize_asks_nobody(shell: Shell, robot: PracticeProvider) -> None:
    done = shell.run("authorize", "robot")
    assert done.out == "Authorization Successful\n"
    assert "http://" not in done.err
    events = shell.run("authorize", "robot", "--json").out.splitlines()
    (event,) = (json.loads(line) for line in events)
    assert set(event) == {"event", "account", "scopes", "expires_at"}
    assert (event["event"], event["account"], event["scopes"]) == ("authorized", None, ["read"])
    assert robot.application.count["client_credentials"] == 2
    assert "no code to confirm" in shell.run("authorize", "robot", "--device", code=2).err


def test_refresh_takes_it_among_the_others(shell: Shell, robot: PracticeProvider) -> None:
    assert "refreshed" in shell.run("refresh", "robot").out
    assert shell.run("refresh", "--all").out == "1 refreshed, 0 failed, 0 without a refresh token\n"
    assert robot.application.count["client_credentials"] == 2


@pytest.mark.usefixtures("robot")
def test_a_wrong_secret_is_the_providers_no(shell: Shell) -> None:
    shell.run("configure", "robot", "--client-secret-stdin", stdin="not-the-secret")
    done = shell.run("token", "robot", code=10)
    assert done.out == ""
    assert "invalid_client" in done.err
    failed = json.loads(shell.run("authorize", "robot", "--json", code=10).out)
    assert (failed["event"], failed["error"]) == ("failed", "invalid_client")
    assert shell.run("show", "robot", "--json").json["last_error"]


@pytest.mark.usefixtures("robot")
def test_the_callback_url_is_said_not_to_be_needed(shell: Shell) -> None:
    assert "needs no Callback URL" in shell.run("callback-url", "robot").err


def test_the_guide_of_a_service_that_asks_nobody(shell: Shell) -> None:
    assert "Callback URL: none needed" in shell.run("guide", "marketo").out
    assert shell.run("guide", "marketo", "--json").json["callback_url"] is None
    assert shell.run("guide", "practice-standard", "--json").json["callback_url"]


def test_where_the_service_has_no_such_tokens(shell: Shell, workspace: Workspace) -> None:
    done = shell.run("create", "e", "--service", "practice", "--without-person", code=2)
    assert "without a person" in done.err
    assert workspace.vault.entries() == []


def test_from_a_url(shell: Shell, workspace: Workspace, provider: PracticeProvider) -> None:
    url = f"http://127.0.0.1:{provider.port}"
    made = shell.run("create", "e", "--discover", url, "--without-person", "--no-register")
    assert "Not Configured" in made.out
    assert "Callback URL" not in made.err
    assert workspace.vault.find("e").grant == "client_credentials"
    assert provider.application.count["registration"] == 0
