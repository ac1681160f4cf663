"""`authorize` where the provider is asked for the link first (RFC 9126)."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from cli_tools import Browser, Shell

from tests.stage import Stage
from tests.standards import service_like
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.provider import PracticeProvider
from tui_oauth.workspace import Workspace


@pytest.fixture
def pushed(workspace: Workspace, provider: PracticeProvider) -> Stage:
    """A machine with the entry `work`, whose requests have to be pushed and end after 6 s."""
    stage = Stage(workspace, provider)
    provider.application.behaviour = Behaviour(par_required=True, par_lifetime=6)
    device = 'device_authorization_url = "http://127.0.0.1:{port}/oauth/device"\n'
    by_link_only = (('"device_code", ', ""), (device, ""))
    made = service_like(stage, "pushed", *by_link_only, extensions="par_required = true")
    stage.configured("work", made)
    return stage


def test_rule_11_the_link_that_ends_is_told_and_the_new_one_works(
    shell: Shell, pushed: Stage, browser: Browser
) -> None:
    with shell.start("authorize", "work", "--json") as running:
        said = running.said("^C cancels")
        assert said.startswith("Asking Practice provider (every standard grant) for the link.\n")
        waiting = running.event()
        assert set(parse_qs(urlsplit(waiting["authorization_url"]).query)) == {
            "client_id",
            "request_uri",
        }
        again = running.event()
        assert again["event"] == "link"
        assert again["authorization_url"] != waiting["authorization_url"]
        told = running.said("/oauth/authorize?")
        assert "The link before ends now" in told
        assert again["authorization_url"] in told
        browser.get(browser.consent(again["authorization_url"]))
        assert running.event()["event"] == "authorized"
        running.end()


def test_rule_121_a_provider_that_gives_no_link_is_named(shell: Shell, pushed: Stage) -> None:
    pushed.provider.application.behaviour = Behaviour(down=True)
    done = shell.run("authorize", "work", code=11)
    assert "pushed authorization request" in done.err
    assert "HTTP 503" in done.err
    assert "Callback URL" not in done.err
    assert done.out == ""


def test_rule_10_the_scopes_are_told_with_the_link(shell: Shell, pushed: Stage) -> None:
    with shell.start("authorize", "work", "--no-open") as running:
        said = running.said("^C cancels")
        running.interrupt()
        running.end(130)
    assert "\nAsks for: openid, profile, email, read\n" in said
