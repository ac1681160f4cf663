"""Revoke and delete in Manage OAuth: a question first, both outcomes said, by keyboard and by mouse."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, at, place_of, shown, until, words
from textual.pilot import Pilot
from textual.widgets import Button

from tests.refreshing import sign_in
from tui_oauth.errors import NotFound
from tui_oauth.model import Entry, EntrySecrets, Status, TokenSet, status_of, with_tokens
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.entry_table import EntryTable
from tui_oauth.tui.widgets.toolbar import Toolbar


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


def grants(stage: Stage) -> int:
    store = stage.provider.application.store
    return sum(len(store.grants(app)) for app in store.apps())


def entry_now(stage: Stage, entry: Entry) -> Entry:
    return stage.workspace.vault.get(entry.id)


async def going(stage: Stage) -> Entry:
    return await sign_in(stage, stage.configured("going"))


async def opened(pilot: Pilot[Any], *keys: str, question: str) -> ManageOAuth:
    app: ManageOAuth = pilot.app  # type: ignore[assignment]
    await until(pilot, lambda: app.screen.query_one(EntryTable).rows, "the entries")
    await pilot.press(*keys)
    await until(pilot, lambda: question in words(app), "the question")
    assert app.focused is not None
    assert app.focused.id == "no", "the harmless button has the focus"
    return app


async def test_x_revokes_after_a_question(stage: Stage) -> None:
    entry = await going(stage)
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "x", question="Revoke the access of going?")
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert entry_now(stage, entry).authorized
        await opened(pilot, "x", question="Revoke the access of going?")
        await pilot.press("right", "enter")
        said = "going: revoked at Practice provider; tokens removed here."
        await until(pilot, lambda: said in words(app), "both outcomes")
        assert "◐ Not Authorized" in shown(app)
    assert grants(stage) == 0
    assert status_of(entry_now(stage, entry), 0) is Status.CONFIGURED


async def test_revoke_by_mouse(stage: Stage) -> None:
    entry = await going(stage)
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = pilot.app
        await until(pilot, lambda: app.screen.query_one(EntryTable).rows, "the entries")
        await pilot.click(Toolbar, offset=place_of(app, Toolbar, "Revoke"))
        await until(pilot, lambda: "Revoke the access of going?" in words(app), "the question")
        await pilot.click("#key-y")
        await until(pilot, lambda: "tokens removed here" in words(app), "the end")
    assert not entry_now(stage, entry).authorized


async def test_rule_96_a_revocation_that_fails_keeps_the_tokens_unless_the_person_says_so(
    stage: Stage,
) -> None:
    entry = await going(stage)
    stage.provider.application.behaviour = Behaviour(down=True)
    async with stage.app().run_test(size=(100, 30)) as pilot:
        app = await opened(pilot, "x", question="Revoke the access of going?")
        await pilot.press("y")
        await until(pilot, lambda: "going is not revoked" in words(app), "what went wrong")
        for part in ("HTTP 503", f"127.0.0.1:{stage.provider.port}", "Its tokens are still here"):
            assert part in words(app)
        assert app.focused is app.screen.query_one("#no", Button)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert entry_now(stage, entry).authorized
        await opened(pilot, "x", question="Revoke the access of going?")
        await pilot.press("y")
        await until(pilot, lambda: "going is not revoked" in words(app), "what went wrong")
        await pilot.press("y")
        said = "tokens removed here; not revoked at Practice provider"
        await until(pilot, lambda: said in words(app), "both outcomes")
    assert not entry_now(stage, entry).authorized
    assert grants(stage) == 1


def without_a_way(stage: Stage) -> Entry:
    """An authorized entry of a service that has no revocation endpoint."""
    tokens = TokenSet(Secret("tok"), "Bearer", 0)
    plain = Entry("", "tickets", "zendesk", "Zendesk", 0, 0, variables={"subdomain": "acme"})
    entry = with_tokens(plain._replace(configured=True), tokens, 0)
    return stage.workspace.vault.add(entry, EntrySecrets("id", Secret("secret"), tokens))


async def test_rule_96_where_there_is_no_way_nothing_is_claimed(stage: Stage) -> None:
    entry = without_a_way(stage)
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "x", question="tickets cannot be revoked from here")
        assert "no way for a program" in words(app)
        assert "Admin Center" in words(app)
        await pilot.press("y")
        await until(
            pilot, lambda: "tokens removed here; not revoked at Zendesk" in words(app), "it"
        )
        await pilot.press("x")
        await until(pilot, lambda: "nothing to revoke" in words(app), "that there is nothing")
        assert at(app, "manage")
    assert not entry_now(stage, entry).authorized


async def test_delete_asks_first_and_the_harmless_button_has_the_focus(stage: Stage) -> None:
    entry = await going(stage)
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "d", question="Delete the entry going?")
        assert "stay valid at Practice provider" in words(app)
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert entry_now(stage, entry).name == "going"
        await opened(pilot, "d", question="Delete the entry going?")
        await pilot.press("right", "right", "enter")
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        await until(pilot, lambda: "going deleted." in words(app), "the line")
    with pytest.raises(NotFound):
        entry_now(stage, entry)
    assert grants(stage) == 1


async def test_delete_offers_to_revoke_first(stage: Stage) -> None:
    entry = await going(stage)
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "d", question="Delete the entry going?")
        await pilot.click("#key-r")
        said = "going deleted; revoked at Practice provider."
        await until(pilot, lambda: said in words(app), "both outcomes")
    with pytest.raises(NotFound):
        entry_now(stage, entry)
    assert grants(stage) == 0


async def test_delete_that_cannot_revoke_asks_once_more(stage: Stage) -> None:
    entry = await going(stage)
    stage.provider.application.behaviour = Behaviour(down=True)
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "d", question="Delete the entry going?")
        await pilot.press("r")
        await until(pilot, lambda: "The entry is still here" in words(app), "what went wrong")
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert entry_now(stage, entry).authorized
        await opened(pilot, "d", question="Delete the entry going?")
        await pilot.press("r")
        await until(pilot, lambda: "The entry is still here" in words(app), "what went wrong")
        await pilot.press("y")
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
    with pytest.raises(NotFound):
        entry_now(stage, entry)


async def test_delete_says_where_tokens_are_ended_that_no_program_can_revoke(stage: Stage) -> None:
    without_a_way(stage)
    async with stage.app().run_test(size=(80, 24)) as pilot:
        app = await opened(pilot, "d", question="Delete the entry tickets?")
        assert "Admin Center" in words(app)
        assert "Revoke and delete" not in words(app)
        await pilot.press("r")
        assert "Delete the entry tickets?" in words(app), "r means nothing here"
