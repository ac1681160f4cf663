"""What went wrong is said with the one key that mends it, which is a button as well (rules 121, 122)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, at, shown, until, words
from textual.pilot import Pilot
from textual.widgets import Button

from tests.providers.misbehaving import answering, serving
from tests.refreshing import sign_in
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.services.catalogue import Catalogue
from tui_oauth.services.toml_text import service_text
from tui_oauth.signin import SignIn
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.entry_table import EntryTable


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def refreshable(stage: Stage) -> Entry:
    stage.provider.application.behaviour = Behaviour(refresh_tokens=True, expires_in=3_600)
    return await sign_in(stage, stage.configured("going"))


def asks_instead(stage: Stage, url: str) -> None:
    """An own service file leads the practice service's token requests to `url`."""
    service = replace(Catalogue().get("practice"), token_url=f"{url}/token")
    folder = stage.workspace.places.own_services
    folder.mkdir(parents=True, mode=0o700, exist_ok=True)
    (folder / "practice.toml").write_text(service_text(service))


async def listed(pilot: Pilot[Any]) -> ManageOAuth:
    app: ManageOAuth = pilot.app  # type: ignore[assignment]
    await until(pilot, lambda: app.screen.query_one(EntryTable).rows, "the entries")
    return app


async def test_rule_121_a_long_message_is_a_window_with_the_button_that_mends_it(
    stage: Stage,
) -> None:
    await refreshable(stage)
    body = (
        b'{"error":"invalid_client","error_description":"AADSTS7000222: The provided client secret '
        b"keys for app '0f0f0f' are expired. Visit the portal to create new keys for your app, or "
        b'consider using certificate credentials for added security."}'
    )
    with serving(answering(body, "401 Unauthorized")) as server:
        asks_instead(stage, server.url)
        async with stage.app().run_test(size=(80, 24)) as pilot:
            app = await listed(pilot)
            await pilot.press("r")
            await until(pilot, lambda: at(app, "problem"), "the message")
            await pilot.press("c")
            said = app.clipboard
            for part in (
                "says that the Client secret has expired",
                f"127.0.0.1:{server.port}",
                "HTTP 401",
                "AADSTS7000222",
                "Make a new one",
                "Error code: invalid_client",
            ):
                assert part in said, part
            await pilot.press("f")
            await until(pilot, lambda: at(app, "configure"), "Configure OAuth")
            await pilot.press("escape")
            await until(pilot, lambda: at(app, "manage"), "the list")
            await pilot.press("r")
            await until(pilot, lambda: at(app, "problem"), "the message again")
            await pilot.click("#mend")
            await until(pilot, lambda: at(app, "configure"), "Configure OAuth, by mouse")


async def test_rule_121_a_short_message_names_the_key(stage: Stage) -> None:
    entry = await refreshable(stage)
    stage.workspace.vault.change(
        entry.id, lambda current, held: (current, held._replace(client_secret=Secret("wrong")))
    )
    async with stage.app().run_test(size=(120, 40)) as pilot:
        app = await listed(pilot)
        await pilot.press("r")
        await until(pilot, lambda: "Press enter to configure it." in words(app), "the key")
        assert "invalid_client" in words(app)


async def ended(pilot: Pilot[Any], entry: Entry, answer: str) -> ManageOAuth:
    """The window of a sign-in that the provider has ended with `answer`."""
    app: ManageOAuth = pilot.app  # type: ignore[assignment]
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the screen")
    signin: SignIn | None = app.signins.get(entry.id)
    assert signin is not None
    await until(pilot, lambda: signin.listening or signin.problem, "the callback server")
    signin.paste(f"{signin.callback_url}?{answer}&state={signin.attempt.state}")
    await until(pilot, lambda: "✕" in shown(app), "the end")
    return app


async def test_rule_122_an_unknown_callback_url_is_copied_from_where_it_is_said(
    stage: Stage,
) -> None:
    entry = stage.configured("going")
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await ended(pilot, entry, "error=redirect_uri_mismatch")
        signin = app.signins.get(entry.id)
        assert signin is not None
        assert "does not know the Callback URL" in words(app)
        assert signin.callback_url in words(app)
        assert app.focused is app.screen.query_one("#copy-callback", Button)
        assert "^u Copy Callback URL" in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: app.clipboard == signin.callback_url, "the copy")
        app.copy("something else", "Something")
        await pilot.press("ctrl+u")
        await until(pilot, lambda: app.clipboard == signin.callback_url, "the copy, by its key")


async def test_rule_122_scopes_that_are_not_granted_lead_to_configure(stage: Stage) -> None:
    entry = stage.configured("going")
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await ended(pilot, entry, "error=invalid_scope")
        assert app.focused is app.screen.query_one("#configure", Button)
        assert not app.screen.query_one("#copy-callback").display
        assert "Copy Callback URL" not in shown(app)
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "configure"), "Configure OAuth")


async def test_rule_122_while_it_waits_the_window_says_what_to_register(stage: Stage) -> None:
    entry = stage.configured("going")
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app: ManageOAuth = pilot.app  # type: ignore[assignment]
        app.open_authorize(entry.id)
        expected = "/callback (refused? register this)"
        await until(pilot, lambda: expected in shown(app), "one line about the redirect URI")
