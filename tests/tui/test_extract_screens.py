"""Extract in the window: what there is, the first rows, a run that ends, is stopped, is left, is refused."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import duckdb
import pytest
from stage import Stage, at, place_of, shown, until, words
from textual.app import App, ComposeResult
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.refreshing import sign_in
from tests.tui.stage import fresh_copy
from tui_oauth.entries import callback_url, configure_entry
from tui_oauth.extract import apart
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.data.dataset import Dataset
from tui_oauth.practice.records import PERMISSIONS
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.rows_table import RowsTable

CONTACTS = 1_210
HOSTILE = "\x1b]0;x\x07\x1b[2J\x9b31m[/][@click=app.quit]x[/][link=file:///etc/passwd]y[/]\u202e"


@pytest.fixture
def stage(home: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stage]:
    monkeypatch.chdir(home)  # where the DuckDB file goes unless another one is named
    with Stage(home) as made:
        made.provider.application.dataset = Dataset({"contacts": CONTACTS})
        yield made


async def authorized(stage: Stage, permissions: tuple[str, ...] = PERMISSIONS) -> Entry:
    entry = stage.created()
    link = callback_url(stage.workspace, entry)
    app = stage.provider.register(entry.name, link, permissions=permissions)
    secret = Secret(app.client_secret)
    entry = configure_entry(stage.workspace, entry, client_id=app.client_id, client_secret=secret)
    return await sign_in(stage, entry)


async def opened(app: ManageOAuth, pilot: Pilot[int]) -> None:
    await until(pilot, lambda: "Authorized" in shown(app), "the list")
    await pilot.press("e")
    await until(pilot, lambda: at(app, "extract"), "the resources")


def loaded(home: Path) -> tuple[int, int]:
    with duckdb.connect(str(home / "extracted.duckdb"), read_only=True) as base:
        found = base.execute(
            "select count(*), count(distinct id) from practice.contacts"
        ).fetchone()
    assert found is not None
    return found[0], found[1]


async def test_from_the_list_to_the_first_rows(stage: Stage, home: Path) -> None:
    await authorized(stage, tuple(one for one in PERMISSIONS if one != "Read tags"))
    app = stage.app()
    copied: list[str] = []
    app.copy = lambda text, what, secret=False, hint="": copied.append(text)  # type: ignore[method-assign]
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "✕ missing: Read tags" in shown(app), "the missing permission")
        assert "● Read and list users and companies" in shown(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Nothing is picked yet. space picks" in words(app), "the words")
        await pilot.press("p")
        await until(pilot, lambda: "20 rows" in shown(app), "the first rows")
        first = stage.provider.application.dataset.row("contacts", 1)
        assert first["id"] in shown(app)
        assert "email_domain" in words(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "extract"), "the resources again")
        await pilot.press("space")
        assert "[x] contacts" in shown(app)
        await pilot.press("a")
        await until(pilot, lambda: "[x] companies" in shown(app), "all of them")
        assert "[ ] tags" in shown(app), "what cannot be read is not picked"
        await pilot.press("a", "space")
        assert "1 of " in shown(app)
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Extract"))
        await until(pilot, lambda: at(app, "extracting"), "the run")
        await until(pilot, lambda: "● Extracted: 1,210 rows" in shown(app), "its end")
        assert "DuckDB in ~/extracted.duckdb, schema practice" in words(app)
        assert "First rows of contacts" in shown(app)
        assert first["id"] in shown(app)
        await pilot.press("c", "enter")
        await until(pilot, lambda: at(app, "rows"), "the rows with room")
        assert copied == [str(home / "extracted.duckdb")]
        await pilot.press("escape", "escape", "escape")
        await until(pilot, lambda: at(app, "manage"), "the way back")
    assert loaded(home) == (CONTACTS, CONTACTS)


async def test_a_resource_that_takes_a_word_has_a_field_for_it(stage: Stage, home: Path) -> None:
    await authorized(stage)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        listed = app.screen.query_one("#resources", OptionList)
        at_it = listed.get_option_index("custom_objects")
        field = app.screen.query_one("#argument-custom_objects", Input)
        assert not field.display
        listed.highlighted = at_it
        await until(pilot, lambda: "it has a field for the type" in words(app), "the words")
        await pilot.press("p")
        await until(pilot, lambda: "Which type of custom_objects?" in words(app), "the question")
        assert app.focused is field, "the first rows need it as well"
        assert "Type of custom_objects" in shown(app)
        await pilot.click(listed, offset=(8, 1 + at_it - listed.scroll_offset.y))
        assert not field.display, "the mouse leaves it out again"
        await pilot.click(listed, offset=(8, 1 + at_it - listed.scroll_offset.y))
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Which type of custom_objects?" in words(app), "the question")
        assert app.focused is field
        assert field.has_class("-missing")
        await pilot.press(*"Order, Order", "ctrl+s")
        await until(pilot, lambda: "● Extracted" in shown(app), "the end")
        assert "custom_objects:Order" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "extract"), "the choice, as it was")
        listed.focus()
        await pilot.press("p")
        await until(
            pilot, lambda: "custom_objects:Order" in shown(app) and " rows" in shown(app), ""
        )
    held = sum(1 for _ in stage.provider.application.dataset.rows("custom_objects"))
    with duckdb.connect(str(home / "extracted.duckdb"), read_only=True) as base:
        found = base.execute("select count(*) from practice.custom_objects_order").fetchone()
    assert found == (held,)
    assert held


async def test_a_run_that_is_stopped_goes_on_where_it_was(stage: Stage, home: Path) -> None:
    await authorized(stage)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await until(pilot, lambda: "asking" not in shown(app), "the permissions")
        asked = stage.provider.application.count["contacts"]
        stage.provider.application.behaviour = Behaviour(api_delay=0.5)
        await pilot.press("space", "ctrl+s")
        await until(pilot, lambda: " rows" in shown(app), "the first page")
        await pilot.press("escape")
        await until(pilot, lambda: "Stop extracting?" in shown(app), "the question")
        await pilot.press("y")
        await until(pilot, lambda: "◐ Stopped" in shown(app), "the end")
        assert "the next run goes on" in words(app)
        stage.provider.application.behaviour = Behaviour()
        await pilot.press("escape", "ctrl+s")
        await until(pilot, lambda: "● Extracted" in shown(app), "the rest")
    assert loaded(home) == (CONTACTS, CONTACTS)
    assert stage.provider.application.count["contacts"] - asked <= 9, "no page is fetched twice"


async def test_who_leaves_is_asked_and_loses_nothing(stage: Stage, home: Path) -> None:
    await authorized(stage)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        stage.provider.application.behaviour = Behaviour(api_delay=0.5)
        await pilot.press("space", "ctrl+s")
        await until(pilot, lambda: " rows" in shown(app), "the first page")
        await pilot.press("ctrl+q")
        await until(pilot, lambda: "Leave while it extracts?" in shown(app), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "extracting"), "the run goes on")
        await pilot.press("ctrl+q", "y")
    *_, process = apart._ALONE
    await asyncio.to_thread(process.wait, 30)
    assert 150 <= loaded(home)[0] < CONTACTS, "what was fetched is loaded without the window"


async def test_a_token_that_ends_in_the_middle_leads_to_the_link(stage: Stage, home: Path) -> None:
    await authorized(stage)
    again = ManageOAuth(fresh_copy(stage.workspace))
    async with again.run_test(size=(80, 24)) as pilot:
        await opened(again, pilot)
        await until(pilot, lambda: "asking" not in shown(again), "the permissions")
        spent = sum(stage.provider.application.count.values())
        assert spent
        stage.provider.application.behaviour = Behaviour(revoke_after=2)
        await pilot.press("space", "ctrl+s")
        await until(pilot, lambda: "✕ Ended early" in shown(again), "the end")
        assert "a Authorize" in shown(again)
        assert "no longer takes the token" in words(again)
        await pilot.press("a")
        await until(pilot, lambda: at(again, "authorize"), "the Authorization link")
    assert 0 < loaded(home)[0] < CONTACTS, "the rows so far are kept"


async def test_only_what_can_be_extracted_is_offered(stage: Stage) -> None:
    stage.created("fresh")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "fresh" in shown(app), "the list")
        await pilot.press("e")
        await until(pilot, lambda: "is not authorized yet" in words(app), "the words")
        assert at(app, "manage")


async def test_wrong_words_are_refused_at_their_field(stage: Stage) -> None:
    await authorized(stage)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, pilot)
        await pilot.press("space")
        field = app.screen.query_one("#to", Input)
        field.value = "nowhere at all"
        await until(pilot, lambda: "is no destination" in shown(app), "the words in the border")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "Use duckdb:PATH" in words(app), "the words")
        field.value = "jsonl:rows"
        app.screen.query_one("#what").focus()
        await pilot.press("right", "tab", *"soon", "ctrl+s")
        await until(pilot, lambda: "Since when?" in words(app), "the words on the date")
        assert app.focused is app.screen.query_one("#since")
        app.screen.query_one("#limit", Input).value = "0"
        app.screen.query_one("#since", Input).value = "2025-01-31"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "from 1 on" in words(app), "the words on the limit")
        app.screen.query_one("#resources", OptionList).focus()
        await until(pilot, lambda: "a All" in shown(app), "the keys of the list")
        assert at(app, "extract")


class Rows(App[None]):
    """The table alone."""

    def compose(self) -> ComposeResult:
        yield RowsTable()


@pytest.mark.parametrize(
    "value", [HOSTILE, [HOSTILE], {"a": HOSTILE}], ids=["text", "list", "dict"]
)
async def test_what_a_service_sends_is_shown_as_letters(value: Any) -> None:
    app = Rows()
    async with app.run_test(size=(80, 10)) as pilot:
        app.query_one(RowsTable).show([{"id": 1, f"name[/x]{HOSTILE}": value}, {"other": None}])
        await pilot.pause()
        text = shown(app)
    assert "name[/x]" in text
    assert all(char.isprintable() or char == "\n" for char in text)
