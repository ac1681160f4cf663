"""The Callback URLs of an entry, and one locked for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, shown, until, words
from textual.widgets import OptionList

from tui_oauth.tui.screens.callbacks import CallbacksScreen


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def test_another_one_is_locked_and_let_go_by_keyboard_alone(stage: Stage) -> None:
    entry = stage.created("gh", "github")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "gh" in shown(app), "the entry")
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, CallbacksScreen), "the Callback URLs")
        await until(pilot, lambda: "· sent" in shown(app), "which one is sent")
        usual = stage.workspace.settings.callback.port
        assert f"http://127.0.0.1:{usual}/callback  · sent" in shown(app)
        await pilot.press("down", "enter")
        await until(pilot, lambda: "Sent for gh: http://localhost:" in words(app), "the new one")
        locked = stage.workspace.vault.get(entry.id).callback_url
        assert locked == f"http://localhost:{usual}/callback"
        await pilot.press("u")
        await until(pilot, lambda: "· locked, sent" in shown(app), "the mark")
        await pilot.press("r")
        await until(pilot, lambda: "Sent for gh: http://127.0.0.1:" in words(app), "the rule again")
        assert stage.workspace.vault.get(entry.id).callback_url is None


async def test_leaving_changes_nothing(stage: Stage) -> None:
    entry = stage.created("ic", "intercom")
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: "ic" in shown(app), "the entry")
        await pilot.press("u")
        await until(pilot, lambda: isinstance(app.screen, CallbacksScreen), "the Callback URLs")
        assert app.screen.query_one(OptionList).option_count == 4
        await pilot.press("escape")
        await until(pilot, lambda: not isinstance(app.screen, CallbacksScreen), "the list")
    assert stage.workspace.vault.get(entry.id).callback_url is None
