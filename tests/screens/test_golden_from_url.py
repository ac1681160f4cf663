"""Create OAuth Entry from a URL, as text: asked, found, refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.providers.publishing import metadata
from tests.screens.golden import same_as_file
from tests.screens.people import workspace
from tests.tui.stage import shown, until
from tui_oauth.discover import Asked, Found
from tui_oauth.errors import TuiOauthError
from tui_oauth.oauth.discovery import read_resource, read_server
from tui_oauth.oauth.found import found_of
from tui_oauth.tui.app import ManageOAuth

SIZES = [(80, 24), (120, 40), (60, 20)]
AS, API = "https://login.example.com", "https://mcp.example.com/mcp"
API_SOURCE = "https://mcp.example.com/.well-known/oauth-protected-resource/mcp"
SOURCE = f"{AS}/.well-known/oauth-authorization-server"


def found() -> Found:
    """An MCP server, and an authorization server with its token endpoint on another host."""
    server = read_server(
        metadata(
            AS,
            token_endpoint="https://tokens.example.net/token",
            revocation_endpoint=f"{AS}/revoke",
            registration_endpoint=f"{AS}/register",
        ),
        AS,
        SOURCE,
        API,
    )
    document = {"resource": API, "authorization_servers": [AS], "scopes_supported": ["files:read"]}
    return found_of(API, server, read_resource(document, API, API_SOURCE))


def mismatch() -> TuiOauthError:
    """Why a document for another issuer is not used."""
    with pytest.raises(TuiOauthError) as caught:
        read_server(metadata(AS, issuer="https://other.example.net/[b]"), AS, SOURCE, AS)
    return caught.value


def answers(monkeypatch: pytest.MonkeyPatch, outcome: Found | TuiOauthError) -> None:
    """The look-up ends so: real ones would have another port on each picture."""

    async def look_up(_: object, given: str, tell: Callable[[Asked], object]) -> Found:
        tell(Asked(API_SOURCE, "found"))
        if isinstance(outcome, TuiOauthError):
            raise outcome
        return outcome

    monkeypatch.setattr("tui_oauth.discover.look_up", look_up)


async def ask(pilot: Any) -> None:
    await until(pilot, lambda: "tickets" in shown(pilot.app), "the list")
    await pilot.press("n")
    await until(pilot, lambda: " services ·" in shown(pilot.app), "the services")
    await pilot.press("ctrl+l")
    await until(pilot, lambda: "For instance" in shown(pilot.app), "the field")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_asking(home: Path, size: tuple[int, int]) -> None:
    app = ManageOAuth(workspace(home))
    async with app.run_test(size=size) as pilot:
        await ask(pilot)
        await pilot.pause()
        same_as_file(app, f"from-url-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("name", "outcome", "title"),
    [("found", found, "─ Found"), ("refused", mismatch, "─ Refused")],
    ids=["found", "refused"],
)
async def test_found_and_refused(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    outcome: Callable[[], Found | TuiOauthError],
    title: str,
    size: tuple[int, int],
) -> None:
    answers(monkeypatch, outcome())
    app = ManageOAuth(workspace(home))
    async with app.run_test(size=size) as pilot:
        await ask(pilot)
        await pilot.press(*(API if name == "found" else AS), "enter")
        await until(pilot, lambda: title in shown(app), title)
        await pilot.pause()
        same_as_file(app, f"from-url-{name}-{size[0]}x{size[1]}")
