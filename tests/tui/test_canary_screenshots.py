"""Pictures that Textual exports of the screens hold no secret, also while one is shown as dots."""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, in_browser, paste, shown, until
from textual.widgets import Input

from tests.canary import Canaries
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.secret_input import SecretInput

TYPED = "canary-typed-secret-3c77e0a1"


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home, Behaviour(rotating_refresh=True, expires_in=3600)) as made:
        yield made


def _words(picture: str) -> str:
    """The text of an SVG, without tags and with its blanks, as one would read it."""
    text = html.unescape(re.sub(r"<[^>]*>", "", picture)).replace("\xa0", " ")
    return picture + "\n" + text + "\n" + "".join(text.split())


async def test_no_picture_shows_a_secret(stage: Stage) -> None:
    entry = stage.configured("practice")
    app: ManageOAuth = stage.app()
    secrets = stage.workspace.vault.secrets(entry)
    assert secrets.client_secret is not None
    canaries = Canaries(client_secret=secrets.client_secret.reveal(), typed=TYPED)
    pictures: dict[str, str] = {}

    def take(name: str) -> None:
        pictures[name] = app.export_screenshot()

    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "practice" in shown(app), "the list")
        take("list")
        app.open_configure(entry.id)
        await until(pilot, lambda: at(app, "configure") and isinstance(app.focused, Input), "form")
        app.screen.query_one(SecretInput).focus()
        await pilot.pause()
        await paste(pilot, TYPED)
        await until(pilot, lambda: "••••" in shown(app), "the dots")
        take("a secret typed")
        app.pop_screen()
        app.open_authorize(entry.id)
        await until(pilot, lambda: at(app, "authorize"), "the link")
        signin = app.signins.get(entry.id)
        assert signin is not None
        take("the link")
        await paste(pilot, await in_browser(stage.consent, signin.authorization_url))
        await until(pilot, lambda: at(app, "success"), "the success")
        held = stage.workspace.vault.secrets(entry).tokens
        assert held is not None
        assert held.refresh_token is not None
        canaries.add(access=held.access_token.reveal(), refresh=held.refresh_token.reveal())
        take("success")
        await pilot.press("enter")
        await until(pilot, lambda: "Aurora Books" in shown(app), "the account")
        take("authorized")
    shown_in_clear = Canaries(client_id=secrets.client_id)
    assert shown_in_clear.within(_words(pictures["a secret typed"])), (
        "the search finds what is there"
    )
    for name, picture in pictures.items():
        assert "<svg" in picture
        assert canaries.within(_words(picture)) == set(), name
