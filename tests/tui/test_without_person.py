"""Entries without a person in the window: `a` gets the token, and no Callback URL is asked for."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, shown, until, words

from tui_oauth.entries import configure_entry
from tui_oauth.secret import Secret


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def test_rule_4_authorize_gets_the_token_and_asks_nobody(stage: Stage) -> None:
    entry = stage.without_person()
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "No token yet" in shown(app), "the list")
        assert "none needed: no browser comes back here" in shown(app)
        assert "a to get a token" in words(app)
        await pilot.press("c")
        assert "There is no Callback URL to copy" in words(app)
        await pilot.press("a")
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
        text = words(app)
        assert "robot is authorized" in text
        assert "the app's own, nobody was asked" in text
        assert "renewed on use" in text
        await pilot.press("enter")
        await until(pilot, lambda: "● Authorized" in shown(app), "the list")
        assert "a new token is fetched on use" in words(app)
        assert stage.provider.application.count["client_credentials"] == 1
        assert stage.workspace.vault.get(entry.id).authorized


@pytest.mark.parametrize("size", [(80, 24), (60, 20)])
async def test_the_choice_is_there_where_the_service_leaves_one(
    stage: Stage, size: tuple[int, int]
) -> None:
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        await pilot.press("n")
        await until(pilot, lambda: at(app, "create"), "the form")
        await pilot.press(*"Intercom")
        await until(pilot, lambda: "Callback URL for Intercom" in shown(app), "the service")
        assert "Authorized by" not in shown(app)
        await pilot.press("ctrl+u", *"practice-standard")
        await until(pilot, lambda: "Authorized by a person" in shown(app), "the choice")
        assert "/callback" in shown(app)
        await pilot.press("enter")
        name = app.screen.query_one("#name")
        await until(pilot, lambda: name.has_focus, "the name")
        await pilot.press("tab", "right")
        await until(pilot, lambda: "none needed" in shown(app), "no Callback URL")
        assert "Authorized by nobody: client credentials" in shown(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert stage.workspace.vault.find("practice-standard").grant == "client_credentials"


async def test_the_choice_is_forgotten_with_the_service(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        await pilot.press("n")
        await until(pilot, lambda: at(app, "create"), "the form")
        await pilot.press(*"practice-standard")
        await until(pilot, lambda: "Authorized by a person" in shown(app), "the choice")
        await pilot.press("enter", "tab", "right")
        await until(pilot, lambda: "none needed" in shown(app), "no Callback URL")
        await pilot.press("shift+tab", "shift+tab", "ctrl+u", *"Intercom")
        await until(pilot, lambda: "Callback URL for Intercom" in shown(app), "the service")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert stage.workspace.vault.find("intercom").grant == "person"


async def test_the_guide_names_no_callback_url(stage: Stage) -> None:
    entry = stage.created("robot", "practice-standard", without_person=True)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_guide("practice-standard", entry.id)
        await until(pilot, lambda: at(app, "guide"), "the guide")
        await until(pilot, lambda: "none needed" in shown(app), "the words")


async def test_a_refusal_is_said_in_the_list(stage: Stage) -> None:
    entry = stage.without_person()
    configure_entry(stage.workspace, entry, client_secret=Secret("not-the-secret"))
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No token yet" in shown(app), "the list")
        await pilot.press("a")
        await until(pilot, lambda: "does not accept" in words(app), "the words")
        assert at(app, "manage")
        assert "not-the-secret" not in app.export_screenshot()


async def test_saving_goes_on_to_the_token(stage: Stage) -> None:
    entry = stage.created("robot", "practice-standard", without_person=True)
    client_id, secret = stage.credentials(entry)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_configure(entry.id)
        await until(pilot, lambda: at(app, "configure"), "the form")
        await until(pilot, lambda: "none needed" in shown(app), "the words")
        await until(pilot, lambda: app.focused is not None, "a field")
        await pilot.press(*client_id, "tab", *secret)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
        assert stage.workspace.vault.get(entry.id).authorized
