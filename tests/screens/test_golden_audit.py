"""Who took which token, and programs and dates of an entry, as text."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.screens.golden import same_as_file
from tests.screens.people import audited, workspace
from tests.tui.stage import at, shown, until
from tui_oauth.tui.app import ManageOAuth

STATES = {
    "all": (("w",), "all entries · 5 taken"),
    "refused": (("w", "f"), "Entry is for"),
    "of-one": (("down", "i", "w", "down"), "crm · 2 taken"),
}


@pytest.fixture(params=[(80, 24), (120, 40), (60, 20)], ids=lambda size: f"{size[0]}x{size[1]}")
def size(request: pytest.FixtureRequest) -> tuple[int, int]:
    found: tuple[int, int] = request.param
    return found


@pytest.mark.parametrize("state", STATES)
async def test_the_record_is_as_it_was_reviewed(
    home: Path, state: str, size: tuple[int, int]
) -> None:
    keys, words = STATES[state]
    if size[0] >= 120 and "i" in keys:
        keys = ("w", "down", "down", "e")  # the pane is there already: no dialog has the key
    app = ManageOAuth(audited(home))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "my-intercom" in shown(app), "the list")
        for key in keys:
            await pilot.press(key)
            if key == "w":
                await until(pilot, lambda: "Outcome" in shown(app), "the record")
        await until(pilot, lambda: words in shown(app), "the lines")
        await pilot.pause()
        same_as_file(app, f"audit-{state}-{size[0]}x{size[1]}")


async def test_an_empty_record_says_what_will_stand_there(
    home: Path, size: tuple[int, int]
) -> None:
    app = ManageOAuth(workspace(home))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "my-intercom" in shown(app), "the list")
        await pilot.press("w")
        await until(pilot, lambda: "No token was taken" in shown(app), "the words")
        same_as_file(app, f"audit-empty-{size[0]}x{size[1]}")


async def test_programs_and_dates(home: Path, size: tuple[int, int]) -> None:
    app = ManageOAuth(audited(home))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "my-intercom" in shown(app), "the list")
        await pilot.press("down", "p")
        await until(pilot, lambda: at(app, "marks") and "Full paths" in shown(app), "the form")
        await pilot.pause()
        same_as_file(app, f"marks-{size[0]}x{size[1]}")
