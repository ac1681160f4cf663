"""Configure OAuth: with a real vault and the services' own fields."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, paste, shown, until, words
from textual.widgets import Button, Input

from tui_oauth import entries
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.field_form import FieldForm, ListArea
from tui_oauth.tui.widgets.secret_input import SecretInput

SECRET = "canary-client-secret-0123456789"


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def opened(app: ManageOAuth, entry_id: str, pilot: object) -> None:
    app.open_configure(entry_id)
    await until(pilot, lambda: at(app, "configure") and isinstance(app.focused, Input), "the form")  # type: ignore[arg-type]


def held(stage: Stage, name: str) -> tuple[str, str]:
    entry = stage.workspace.vault.find(name)
    secrets = stage.workspace.vault.secrets(entry)
    return secrets.client_id, secrets.client_secret.reveal() if secrets.client_secret else ""


async def test_the_whole_form_of_intercom_stands_on_80_by_24(stage: Stage) -> None:
    entry = entries.create_entry(stage.workspace, "my-intercom", "intercom")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry.id, pilot)
        text = shown(app)
        for part in (
            "Configure OAuth",
            f"https://localhost:{stage.port}/callback",
            "Client ID",
            "Client secret",
            "Region",
            "United States",
            "Save and authorize",
            "^s Save",
            "Copy it from Intercom",
        ):
            assert part in text
        assert "Scopes" not in text
        assert app.screen.query_one("#configure-body").max_scroll_y == 0


async def test_ctrl_s_saves_and_goes_on_to_the_authorization_link(stage: Stage) -> None:
    entry = stage.created()
    client_id, client_secret = stage.credentials(entry)
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await paste(pilot, f"  {client_id}\r\n")
        assert "Blanks and line breaks were removed" in shown(app)
        await pilot.press("enter")
        await paste(pilot, client_secret)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "authorize"), "the Authorization link")
        assert held(stage, "practice") == (client_id, client_secret)
        assert client_secret not in app.export_screenshot()
        await pilot.press("escape")
        assert at(app, "manage")


async def test_save_alone_goes_back_to_the_list(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await paste(pilot, "id-1")
        await pilot.press("tab")
        await paste(pilot, SECRET)
        await pilot.click("#save-only")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert held(stage, "practice") == ("id-1", SECRET)


async def test_the_secret_is_masked_in_the_screen_and_in_exported_text(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await pilot.press("tab")
        await paste(pilot, SECRET)
        assert "••••••••" in shown(app)
        assert SECRET not in shown(app)
        assert SECRET not in app.export_screenshot()
        await pilot.press("shift+tab", "ctrl+t")
        assert SECRET in shown(app)
        await pilot.press("ctrl+t")
        assert SECRET not in shown(app)
        await pilot.click("#reveal")
        assert SECRET in shown(app)


async def test_a_stored_secret_is_never_filled_in_and_stays_when_left_empty(stage: Stage) -> None:
    entry = stage.created()
    entries.configure_entry(stage.workspace, entry, client_id="id-1", client_secret=Secret(SECRET))
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        assert "stored, type to replace" in shown(app)
        assert app.screen.query_one(SecretInput).value == ""
        await pilot.press("2")
        await pilot.click("#save-only")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert held(stage, "practice") == ("id-12", SECRET)


async def test_an_empty_required_field_is_named_and_gets_the_focus(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await pilot.press("ctrl+s")
        assert "Client ID is empty." in words(app)
        await pilot.press("x", "tab", "tab", "ctrl+s")
        assert "Client secret is empty." in words(app)
        assert app.focused is app.screen.query_one(SecretInput)
        assert not stage.workspace.vault.get(entry.id).configured


async def test_escape_asks_only_when_something_was_typed(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await pilot.press("escape")
        assert at(app, "manage")
        await opened(app, entry.id, pilot)
        await pilot.press("x", "escape")
        await until(pilot, lambda: "Leave without saving?" in shown(app), "the question")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "configure"), "the form again")
        assert app.screen.query_one(FieldForm).text("client_id") == "x"
        await pilot.press("escape")
        await until(pilot, lambda: "Leave without saving?" in shown(app), "the question")
        await pilot.press("y")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert not stage.workspace.vault.get(entry.id).configured


async def test_a_change_by_another_window_is_said_kindly_and_nothing_typed_is_lost(
    stage: Stage,
) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await paste(pilot, "mine")
        await pilot.press("tab")
        await paste(pilot, SECRET)
        entries.configure_entry(
            stage.workspace, entry, client_id="theirs", client_secret=Secret("other")
        )
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "conflict"), "both versions")
        await pilot.press("escape")
        await until(pilot, lambda: "Another window changed this entry" in words(app), "the words")
        assert held(stage, "practice")[0] == "theirs"
        assert app.screen.query_one(FieldForm).text("client_id") == "mine"
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "conflict"), "both versions again")
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "authorize"), "the Authorization link")
        assert held(stage, "practice") == ("mine", SECRET)


async def test_regions_are_chosen_with_the_arrows_or_a_click(stage: Stage) -> None:
    entry = entries.create_entry(stage.workspace, "my-intercom", "intercom")
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await pilot.press("i", "d", "tab", "s", "tab", "right")
        assert "2 of 3" in shown(app)
        await pilot.press("left", "left")
        assert "3 of 3" in shown(app)
        await pilot.click("ChoiceField", offset=(8, 1))
        assert "1 of 3" in shown(app)
        await pilot.press("right")
        chosen = app.screen.query_one(FieldForm).texts()["region"]
        await pilot.click("#save-only")
        await until(pilot, lambda: at(app, "manage"), "the list")
        assert stage.workspace.vault.get(entry.id).variables["region"] == chosen


async def test_scopes_begin_with_the_service_s_own_and_are_free(stage: Stage) -> None:
    entry = entries.create_entry(stage.workspace, "hub", "github")
    service = stage.workspace.catalogue.get("github")
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        form = app.screen.query_one(FieldForm)
        assert form.words() is None
        await pilot.press("i", "tab", "s", "tab")
        await paste(pilot, "\nalpha:read, [/users]\nalpha:read")
        assert form.words() == (*service.default_scopes, "alpha:read", "[/users]")
        assert "[/users]" in shown(app)
        await pilot.press("ctrl+s")
        await until(pilot, lambda: at(app, "authorize"), "the Authorization link")
        kept = stage.workspace.vault.get(entry.id).scopes
        assert kept == (*service.default_scopes, "alpha:read", "[/users]")
        assert "alpha:read, [/users]" in words(app)


async def test_the_callback_url_is_copied_by_key_and_by_click(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    url = entries.callback_url(stage.workspace, entry)
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await pilot.press("ctrl+y")
        await until(pilot, lambda: app.clipboard == url, "the copy")
        app._clipboard = ""
        await pilot.click("CallbackField")
        await until(pilot, lambda: app.clipboard == url, "the copy by click")


async def test_the_guide_is_one_key_away_and_leads_back(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test() as pilot:
        await opened(app, entry.id, pilot)
        await pilot.press("x", "ctrl+g")
        await until(pilot, lambda: at(app, "guide"), "the guide")
        await pilot.press("e")
        await until(pilot, lambda: at(app, "configure"), "the form")
        assert app.screen.query_one(FieldForm).text("client_id") == "x"


async def test_the_help_of_the_focused_field_stands_above_the_key_bar(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry.id, pilot)
        await pilot.press("tab", "tab")
        help_words = app.screen.query_one(FieldForm).fields[2].help
        assert help_words in shown(app).splitlines()[-2]


async def test_an_entry_that_has_gone_leads_to_a_message_not_to_a_form(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test() as pilot:
        app.open_configure("0" * 32)
        await until(pilot, lambda: at(app, "problem"), "the message")
        await pilot.press("escape")
        assert at(app, "manage")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_every_button_can_be_reached_at_every_size(
    stage: Stage, size: tuple[int, int]
) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await opened(app, entry.id, pilot)
        for button in app.screen.query(Button).results(Button):
            if button.display:
                button.scroll_visible(animate=False)
                await pilot.pause()
                assert button.region in app.screen.region, button.id


async def test_the_service_s_own_scopes_are_one_key_away(stage: Stage) -> None:
    entry = entries.create_entry(stage.workspace, "code", "github")
    service = stage.workspace.catalogue.get("github")
    app = stage.app()
    async with app.run_test(size=(100, 40)) as pilot:
        app.open_configure(entry.id)
        await until(pilot, lambda: at(app, "configure"), "the form")
        form = app.screen.query_one(FieldForm)
        assert "Defaults" not in shown(app), "they are there already"
        area = app.screen.query_one(ListArea)
        area.focus()
        await pilot.press("f7", "delete", *"gist")
        await until(pilot, lambda: "^r Defaults" in shown(app), "the way back")
        assert form.words() == ("gist",)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: area.words == service.default_scopes, "the service's own")
        await until(pilot, lambda: "Defaults" not in shown(app), "no more to restore")
        await pilot.press("enter", *"gist")
        await until(pilot, lambda: "Defaults" in shown(app), "the button")
        await pilot.click("#restore")
        await until(pilot, lambda: area.words == service.default_scopes, "the same by mouse")
