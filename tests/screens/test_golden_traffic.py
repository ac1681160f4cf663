"""What was sent to providers and what came back, as text: the story of a sign-in that was refused."""

from __future__ import annotations

import itertools
import json
from pathlib import Path
from urllib.parse import urlencode

import pytest

from tests.screens.golden import same_as_file
from tests.screens.people import NOW, workspace
from tests.tui.stage import at, shown, until
from tui_oauth.errors import ProviderRefused, ProviderUnreachable
from tui_oauth.oauth.http import Request, Response
from tui_oauth.traffic import Recorder
from tui_oauth.tui.app import ManageOAuth

FORM = {"Accept": "application/json", "Content-Type": "application/x-www-form-urlencoded"}
sizes = pytest.mark.parametrize(
    "size", [(80, 24), (120, 40), (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}"
)


def fill(app: ManageOAuth) -> None:
    """A sign-in that the provider refuses, a refresh, and what did not get through."""
    seconds = itertools.count(0, 0.123)
    watch = Recorder(lambda: NOW, timer=lambda: next(seconds))
    app.traffic = app.workspace.traffic = watch
    callback = "https://localhost:8976/callback"
    asked = {"response_type": "code", "client_id": "8f1c2d", "redirect_uri": callback, "state": "s"}
    watch.link("https://app.intercom.com/oauth?" + urlencode({**asked, "code_challenge": "c"}))
    watch.answer(callback, [("code", "a-code"), ("state", "s")])
    sent = {
        "grant_type": "authorization_code", "code": "a-code", "redirect_uri": callback,
        "client_id": "8f1c2d", "client_secret": "a-secret", "code_verifier": "a-verifier",
    }  # fmt: skip
    url = "https://api.intercom.io/auth/eagle/token"
    exchange = watch.began(Request("POST", url, "token request", FORM, urlencode(sent).encode()))
    said = {
        "type": "error.list",
        "request_id": "req-000e8f",
        "errors": [{"code": "unauthorized", "message": "Unauthorized Code"}],
    }
    headers = {"content-type": "application/json", "x-request-id": "req-000e8f"}
    watch.ended(exchange, Response(401, headers, json.dumps(said).encode()))
    url = "https://login.example.org/realms/[/users]/token"
    exchange = watch.began(Request("POST", url, "refresh", FORM, b"grant_type=refresh_token"))
    tokens = {"access_token": "a-token", "token_type": "Bearer", "expires_in": 3600}
    watch.ended(exchange, Response(200, headers, json.dumps(tokens).encode()))
    exchange = watch.began(Request("GET", "https://login.example.org/me", "account check"))
    watch.ended(exchange, ProviderUnreachable("login.example.org did not answer in time."))
    watch.began(Request("POST", "https://login.example.org/revoke", "revocation"))


@sizes
@pytest.mark.parametrize("chosen", ["refused", "newest", "empty"])
async def test_the_screen_is_as_it_was_reviewed(
    home: Path, chosen: str, size: tuple[int, int]
) -> None:
    app = ManageOAuth(workspace(home))
    if chosen != "empty":
        fill(app)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "my-intercom" in shown(app), "the list")
        await pilot.press("f3")
        await until(pilot, lambda: at(app, "traffic"), "the screen")
        if chosen == "refused":
            await pilot.press("up", "up", "up")
            await until(pilot, lambda: "3 · token request" in shown(app), "the third")
        await pilot.pause()
        same_as_file(app, f"traffic-{chosen}-{size[0]}x{size[1]}")


@sizes
async def test_a_problem_leads_to_the_traffic(home: Path, size: tuple[int, int]) -> None:
    app = ManageOAuth(workspace(home))
    fill(app)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "my-intercom" in shown(app), "the list")
        app.show_problem(ProviderRefused("The provider says no.", "Ask it."), "It does not work")
        await until(pilot, lambda: "Show the traffic" in shown(app), "the message")
        await pilot.pause()
        same_as_file(app, f"problem-traffic-{size[0]}x{size[1]}")
