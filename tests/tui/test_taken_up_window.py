"""The Authorization link of a sign-in that an earlier run of the program has begun."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, fresh_copy, in_browser, paste, until, words
from textual.pilot import Pilot

from tests.stage import consent
from tui_oauth.model import Entry
from tui_oauth.pending import kept_sign_ins
from tui_oauth.signin import SignIn
from tui_oauth.tui.app import ManageOAuth


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def opened(app: ManageOAuth, entry: Entry, pilot: Pilot[int]) -> SignIn:
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the screen")
    signin = app.signins.get(entry.id)
    assert signin is not None
    await until(pilot, lambda: signin.listening or signin.problem, "the callback server")
    return signin


async def quitted(stage: Stage, entry: Entry) -> SignIn:
    """A sign-in that waited in a window which was left with q."""
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        app.exit()
    assert len(kept_sign_ins(stage.workspace, entry)) == 1
    return signin


@pytest.mark.parametrize("way", ["callback", "paste"])
async def test_the_window_takes_it_up_and_says_so(stage: Stage, way: str) -> None:
    entry = stage.configured()
    first = await quitted(stage, entry)
    app = ManageOAuth(fresh_copy(stage.workspace))
    async with app.run_test(size=(80, 24)) as pilot:
        second = await opened(app, entry, pilot)
        assert second.authorization_url == first.authorization_url
        assert "and taken up again: its link and its answer still count" in words(app)
        address = await in_browser(consent, first.authorization_url)
        if way == "paste":
            await paste(pilot, address)
        else:
            from tests.stage import visit

            assert "Authorization Successful" in await in_browser(visit, address)
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
    assert kept_sign_ins(stage.workspace, entry) == []


async def test_cancelled_it_makes_room_for_a_new_one(stage: Stage) -> None:
    entry = stage.configured()
    first = await quitted(stage, entry)
    app = ManageOAuth(fresh_copy(stage.workspace))
    async with app.run_test(size=(80, 24)) as pilot:
        second = await opened(app, entry, pilot)
        await pilot.press("ctrl+x")
        await until(pilot, lambda: second.ended and app.screen.has_class("-ended"), "the end")
        await pilot.press("n")
        await until(pilot, lambda: app.signins.get(entry.id) is not second, "a new one")
        third = app.signins.get(entry.id)
        assert third is not None
        assert not third.taken_up
        assert third.authorization_url != first.authorization_url
        await until(pilot, lambda: third.listening, "the callback server")
        assert "taken up" not in words(app)
        third.cancel()
        await until(pilot, lambda: app.screen.has_class("-ended"), "the end")
    assert kept_sign_ins(stage.workspace, entry) == []
