"""Configure OAuth, while another process changes the same entry."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, paste, shown, until, words
from textual.widgets import Button, Input

from tui_oauth import entries
from tui_oauth.model import Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.screens.conflict import SideField
from tui_oauth.tui.widgets.field_form import FieldForm
from tui_oauth.vault import KeyOptions, open_vault

MINE = "canary-mine-0123456789"
THEIRS = "canary-theirs-0123456789"


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


def elsewhere(stage: Stage, entry: Entry, client_id: str, secret: str | None = None) -> None:
    """What another process saves: through a vault that it opened by itself."""
    workspace = stage.workspace
    other = open_vault(workspace.places, workspace.environ, KeyOptions())

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        kept = held.client_secret if secret is None else Secret(secret)
        return current, EntrySecrets(client_id, kept, held.tokens)

    other.change(entry.id, edit)


def held(stage: Stage) -> tuple[str, str]:
    secrets = stage.workspace.vault.secrets(stage.workspace.vault.find("practice"))
    return secrets.client_id, secrets.client_secret.reveal() if secrets.client_secret else ""


def fields(app: ManageOAuth) -> list[str]:
    """What the fields of the question say."""
    shown_fields = app.screen.query(SideField)
    return [" ".join(field.render().plain.split()) for field in shown_fields]


async def typed(stage: Stage, app: ManageOAuth, pilot: object, entry: Entry) -> None:
    """The form of `entry`, with a new client ID and secret; then both changed elsewhere; then ^s."""
    app.open_configure(entry.id)
    await until(pilot, lambda: at(app, "configure") and isinstance(app.focused, Input), "the form")  # type: ignore[arg-type]
    field = app.screen.query_one("#field-client-id", Input)
    field.value = ""
    field.focus()
    await paste(pilot, "id-mine")  # type: ignore[arg-type]
    await pilot.press("tab")  # type: ignore[attr-defined]
    await paste(pilot, MINE)  # type: ignore[arg-type]
    elsewhere(stage, entry, "id-theirs", THEIRS)
    await pilot.press("ctrl+s")  # type: ignore[attr-defined]
    await until(pilot, lambda: at(app, "conflict"), "both versions")  # type: ignore[arg-type]


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_both_versions_are_shown_field_by_field_without_secrets(
    stage: Stage, size: tuple[int, int]
) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await typed(stage, app, pilot, entry)
        text = words(app)
        assert fields(app) == [
            "● Mine id-mine ○ Theirs id-theirs",
            "● Mine changed ○ Theirs changed",
        ]
        for part in (
            "practice was changed elsewhere",
            "● Mine id-mine",
            "○ Theirs changed",
            "both changed it",
            "Save these",
            "Reload",
            "Back",
        ):
            assert part in text
        for secret in (MINE, THEIRS):
            assert secret not in app.export_screenshot()
        for button in app.screen.query(Button).results(Button):
            button.scroll_visible(animate=False)
            await pilot.pause()
            assert button.region in app.screen.region, button.id


async def test_mine_and_theirs_are_chosen_by_keys_and_saved_at_the_new_revision(
    stage: Stage,
) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(stage, app, pilot, entry)
        assert isinstance(app.focused, SideField)
        await pilot.press("t")
        assert fields(app)[0] == "○ Mine id-mine ● Theirs id-theirs"
        await pilot.press("right", "down", "left", "space", "space", "up", "t")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "authorize"), "the Authorization link")
        # The secret went to theirs (left), to mine and to theirs again.
        assert held(stage) == ("id-theirs", THEIRS)
        assert stage.workspace.vault.get(entry.id).revision > entry.revision + 1


async def test_a_click_chooses_and_a_button_saves(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(stage, app, pilot, entry)
        await pilot.click("#side-client-id", offset=(6, 2))
        await pilot.click("#side-client-secret", offset=(6, 2))
        await pilot.click("#side-client-secret", offset=(6, 1))
        await pilot.click("#save")
        await until(pilot, lambda: at(app, "authorize"), "the Authorization link")
        assert held(stage) == ("id-theirs", MINE)


async def test_back_keeps_what_was_typed_and_nothing_is_saved(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(stage, app, pilot, entry)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "configure"), "the form")
        assert app.screen.query_one(FieldForm).text("client_id") == "id-mine"
        assert "What you typed is still here" in words(app)
        assert held(stage) == ("id-theirs", THEIRS)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "conflict"), "both versions again")


async def test_reload_shows_what_is_stored_now(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(stage, app, pilot, entry)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: at(app, "configure") and "id-theirs" in shown(app), "the form")
        assert app.screen.query_one(FieldForm).text("client_id") == "id-theirs"
        assert not app.screen.query_one(FieldForm).changed
        assert held(stage) == ("id-theirs", THEIRS)


async def test_a_refresh_elsewhere_asks_nothing_and_loses_nothing(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    tokens = TokenSet(Secret("a-token"), "Bearer", stage.workspace.now(), None)
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_configure(entry.id)
        await until(
            pilot, lambda: at(app, "configure") and isinstance(app.focused, Input), "the form"
        )
        other = open_vault(stage.workspace.places, stage.workspace.environ, KeyOptions())
        other.change(
            entry.id,
            lambda now, kept: (
                with_tokens(now, tokens, 1),
                EntrySecrets(kept.client_id, kept.client_secret, tokens),
            ),
        )
        app.screen.query_one("#field-client-secret", Input).focus()
        await pilot.pause()
        await paste(pilot, MINE)
        await pilot.click("#save-only")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert held(stage)[1] == MINE
        assert stage.workspace.vault.secrets(entry).tokens == tokens


async def test_it_says_when_a_choice_ends_what_is_authorized(stage: Stage) -> None:
    entry = stage.configured()
    tokens = TokenSet(Secret("a-token"), "Bearer", stage.workspace.now(), None)
    stage.workspace.vault.change(
        entry.id,
        lambda now, kept: (
            with_tokens(now, tokens, 1),
            EntrySecrets(kept.client_id, kept.client_secret, tokens),
        ),
    )
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await typed(stage, app, pilot, entry)
        assert "has to be authorized anew" in words(app)
        await pilot.press("t")
        await until(pilot, lambda: "authorized anew" not in words(app), "the note to go")


async def test_an_entry_that_was_deleted_meanwhile_is_said_to_be_gone(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_configure(entry.id)
        await until(pilot, lambda: at(app, "configure"), "the form")
        entries.delete_entry(stage.workspace, entry)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: "There is no such entry any more" in words(app), "the words")
