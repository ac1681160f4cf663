"""Manage OAuth, Create OAuth Entry, the first start and the dialogs, as text."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot

from tests.screens.golden import same_as_file
from tests.screens.people import entry, workspace
from tests.tui.stage import shown, until
from tui_oauth.tui.app import ManageOAuth

SIZES = [(80, 24), (120, 40), (60, 20)]
Step = Callable[[Pilot[Any]], Awaitable[None]]


async def _manage(pilot: Pilot[Any]) -> None:
    await until(pilot, lambda: "tickets" in shown(pilot.app), "the list")


async def _create(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("n")
    await until(pilot, lambda: " services ·" in shown(pilot.app), "the services")
    await pilot.press(*"zendesk")
    await until(pilot, lambda: "Subdomain" in shown(pilot.app), "the variable")
    await pilot.press("enter")


async def _search(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("slash", *"author")
    await until(pilot, lambda: "esc Show all" in shown(pilot.app), "the search")


async def _details(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("down")
    if not pilot.app.screen.has_class("-wide"):  # there the pane has them
        await pilot.press("i")
    await until(pilot, lambda: "Refresh token" in shown(pilot.app), "the details")


async def _callbacks(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("u")
    await until(pilot, lambda: "· sent" in shown(pilot.app), "the Callback URLs")


async def _rename(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("m")
    await until(pilot, lambda: "by the old name" in shown(pilot.app), "the field")


async def _delete(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("d")
    await until(pilot, lambda: "Keep" in shown(pilot.app), "the question")


async def _settled(pilot: Pilot[Any]) -> None:
    """A dialog with the screen below it, whose first line is a title.

    Looking at a dialog before the app has painted it leaves nothing of what is below in its cache.
    """

    def painted() -> bool:
        if shown(pilot.app).splitlines()[0].strip():
            return True
        pilot.app.screen.refresh()
        return False

    await pilot.pause()
    await until(pilot, painted, "the screen below")


async def _revoke(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("x")
    await until(pilot, lambda: "Keep" in shown(pilot.app), "the question")


async def _help(pilot: Pilot[Any]) -> None:
    await _manage(pilot)
    await pilot.press("question_mark")
    await until(pilot, lambda: "Create OAuth Entry:" in shown(pilot.app), "the help")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("manage", _manage),
        ("search", _search),
        ("details", _details),
        ("create", _create),
        ("rename", _rename),
        ("callbacks", _callbacks),
        ("delete", _delete),
        ("revoke", _revoke),
        ("help", _help),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
async def test_the_screen_is_as_it_was_reviewed(
    home: Path, name: str, step: Step, size: tuple[int, int]
) -> None:
    app = ManageOAuth(workspace(home))
    async with app.run_test(size=size) as pilot:
        await step(pilot)
        await _settled(pilot)
        same_as_file(app, f"{name}-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_an_empty_list_says_which_keys_matter(home: Path, size: tuple[int, int]) -> None:
    app = ManageOAuth(workspace(home, filled=False))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        same_as_file(app, f"empty-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_the_first_start_says_what_protects(size: tuple[int, int]) -> None:
    # The vault's place stands on this screen, so it has to be the same everywhere.
    made = workspace(Path("/nowhere/tui-oauth"), filled=False, vault=False)
    app = ManageOAuth(made)
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "Key file" in shown(app), "the choice")
        await pilot.press("down")
        await until(pilot, lambda: "● Passphrase" in shown(app), "the other choice")
        same_as_file(app, f"first-run-{size[0]}x{size[1]}")


@pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")
async def test_a_token_that_no_program_can_revoke(home: Path, size: tuple[int, int]) -> None:
    mail = entry(11, "mail", "microsoft", "Microsoft (generic)", configured=True, authorized=True)
    app = ManageOAuth(workspace(home, entries=(mail,)))
    async with app.run_test(size=size) as pilot:
        await until(pilot, lambda: "mail" in shown(app), "the list")
        if size[0] >= 120:
            await until(pilot, lambda: "Created" in shown(app), "the details beside it")
        await pilot.press("x")
        await until(pilot, lambda: "Keep" in shown(pilot.app), "the question")
        await _settled(pilot)
        same_as_file(app, f"revoke-no-way-{size[0]}x{size[1]}")
