"""Who took which token, and programs and dates of an entry, by keyboard alone and by mouse alone."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, place_of, shown, until, words
from textual.widgets import Button, OptionList

from tui_oauth import audit
from tui_oauth.endings import day_of
from tui_oauth.marks import allow_programs
from tui_oauth.model import Entry
from tui_oauth.programs import Program
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.toolbar import Toolbar

SH, ENV = os.path.realpath("/bin/sh"), os.path.realpath("/usr/bin/env")
DATES = "Client secret ends"


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home, XDG_RUNTIME_DIR=str(home)) as made:
        yield made


def take(stage: Stage, entry: Entry, path: str, *, refused: bool = False) -> None:
    """Another process takes a token."""
    audit.note(stage.workspace, entry.id, "token", Program(1, 2, path, "it"), refused=refused)


def entry_of(stage: Stage, entry: Entry) -> Entry:
    return stage.workspace.vault.get(entry.id)


async def test_what_is_taken_meanwhile_is_seen_and_who_reads_keeps_the_place(stage: Stage) -> None:
    one, two = stage.created("one"), stage.created("two")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "two" in shown(app), "the list")
        await pilot.press("w")
        await until(pilot, lambda: "No token was taken here yet" in shown(app), "the words")
        take(stage, one, "/bin/first")
        await until(pilot, lambda: "/bin/first" in shown(app), "the first line")
        take(stage, two, "/bin/second")
        await until(pilot, lambda: "Program        /bin/second" in shown(app), "the newest")
        await pilot.press("down")
        await until(pilot, lambda: "Program        /bin/first" in shown(app), "the older one")
        take(stage, two, "/bin/third")
        await until(pilot, lambda: "/bin/third" in shown(app), "the third line")
        assert "Program        /bin/first" in shown(app)
        await pilot.press("e")
        await until(pilot, lambda: "one · 1 taken" in shown(app), "the filter")
        await pilot.press("f")
        await until(pilot, lambda: "Nothing to show" in shown(app), "no refusals")
        await pilot.press("f", "e")
        await until(pilot, lambda: "all entries · 3 taken" in shown(app), "everything again")
        await pilot.press("c")
        await until(pilot, lambda: "The line sent to" in shown(app), "the copy")
        assert "Program: /bin/third" in app.clipboard
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")


async def test_what_was_refused_can_be_allowed_by_mouse_alone(stage: Stage) -> None:
    entry = allow_programs(stage.workspace, stage.created("work"), [SH])
    take(stage, entry, ENV, refused=True)
    take(stage, entry, SH)
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "work" in shown(app), "the list")
        await pilot.click(Toolbar, offset=place_of(app, Toolbar, "Who took it"))
        await until(pilot, lambda: "1 taken · 1 refused" in shown(app), "the record")
        assert "Allow" not in shown(app), "the newest was not refused"
        await pilot.click("#takings", offset=(4, 2))
        await until(pilot, lambda: "o Allow" in shown(app), "the key")
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Allow"))
        await until(pilot, lambda: "Let it take tokens" in shown(app), "the question")
        await pilot.click("#key-y")
        await until(pilot, lambda: "from now on" in shown(app), "the word")
        assert entry_of(stage, entry).programs == (SH, ENV)
        assert "o Allow" not in shown(app)
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Back"))
        await until(pilot, lambda: at(app, "manage"), "the list")


async def test_details_lead_to_both(stage: Stage) -> None:
    entry = stage.created("work")
    take(stage, entry, SH)
    take(stage, stage.created("other"), ENV)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "work" in shown(app), "the list")
        await pilot.press("down", "i", "w")
        await until(pilot, lambda: "work · 1 taken" in shown(app), "its record")
        await pilot.press("p")
        await until(pilot, lambda: at(app, "marks"), "its programs")
        await pilot.press("ctrl+o")
        await until(pilot, lambda: at(app, "audit") and len(app.screen_stack) == 3, "the record")
        await pilot.press("escape", "escape", "i")
        await until(pilot, lambda: "Programs and dates" in shown(app), "the details")
        await pilot.click("#marks")
        await until(pilot, lambda: "Programs and dates of work" in shown(app), "the form")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")


async def test_programs_and_dates_are_stored_in_one_write(stage: Stage) -> None:
    entry = stage.configured("work")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "work" in shown(app), "the list")
        await pilot.press("p")
        await until(pilot, lambda: at(app, "marks") and "Full paths" in shown(app), "the form")
        await pilot.press(
            *"/bin/sh,/usr/bin/env", "tab", "tab", *"2099-12-31", "tab", *"30", "ctrl+s"
        )
        await until(pilot, lambda: at(app, "manage"), "the list")
        await until(pilot, lambda: f"work: for {SH}, {ENV}" in words(app), "the word")
        now = entry_of(stage, entry)
        assert (now.programs, now.token_file) == ((SH, ENV), False)
        assert (now.client_secret_expires_at, now.consent_days) == (day_of("2099-12-31"), 30)
        assert now.revision == entry.revision + 1
        await pilot.press("i")
        await until(pilot, lambda: "Only for" in shown(app), "the details")
        assert "Secret ends    2099-12-31" in shown(app)
        await pilot.press("escape", "p")
        await until(pilot, lambda: at(app, "marks") and DATES in shown(app), "the form")
        await pilot.press("end", "ctrl+u", "tab", "right", "tab", "end", "ctrl+u", "ctrl+s")
        await until(pilot, lambda: "keeps its token in a file" in shown(app), "the word")
        now = entry_of(stage, entry)
        assert (now.programs, now.token_file, now.client_secret_expires_at) == ((), True, None)
        assert now.consent_days == 30, "what was not touched stays"


@pytest.mark.parametrize(
    ("keys", "complaint"),
    [
        (("s", "h"), "no full path"),
        ((*"/bin/sh", "tab", "right"), "Choose one of them"),
        (tuple("'/bin/sh"), "quotation mark"),
        (("tab", "tab", *"31.12."), "is a date"),
        (("tab", "tab", "tab", *"soon"), "number of days"),
    ],
    ids=["path", "both", "quote", "date", "days"],
)
async def test_what_means_nothing_is_said_and_stays_in_the_form(
    stage: Stage, keys: tuple[str, ...], complaint: str
) -> None:
    stage.configured("work")
    before = stage.vault_bytes()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "work" in shown(app), "the list")
        await pilot.press("p")
        await until(pilot, lambda: at(app, "marks") and DATES in shown(app), "the form")
        await pilot.press(*keys, "ctrl+s")
        await until(pilot, lambda: complaint in words(app), "the complaint")
        app.screen.query_one("#cancel", Button).press()
        await until(pilot, lambda: at(app, "manage"), "the list")
    assert stage.vault_bytes() == before


async def test_a_record_that_cannot_be_read_is_said(stage: Stage) -> None:
    stage.created("work")
    (stage.workspace.places.state / audit.FILE).mkdir(parents=True)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "work" in shown(app), "the list")
        await pilot.press("w")
        await until(pilot, lambda: "cannot be read" in words(app), "why")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")


async def test_of_a_long_record_the_newest_lines_are_shown(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    from tui_oauth.tui.screens import audit as screen

    monkeypatch.setattr(screen, "SHOWN", 3)
    entry = stage.created("work")
    for number in range(5):
        take(stage, entry, f"/bin/p{number}")
    app: ManageOAuth = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "work" in shown(app), "the list")
        await pilot.press("w")
        await until(pilot, lambda: "all: tui-oauth audit" in shown(app), "the hint")
        assert app.screen.query_one(OptionList).option_count == 3
        assert "5 taken" in shown(app)
        assert "/bin/p1" not in shown(app)
