"""Manage OAuth: the list, its keys, the mouse, and what other processes do meanwhile."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, place_of, shown, until, words
from textual import events
from textual.color import Color
from textual.command import CommandList
from textual.widgets import Button

from tests.refreshing import sign_in
from tui_oauth import audit, entries
from tui_oauth.clipboard import osc52
from tui_oauth.errors import ProviderUnreachable
from tui_oauth.model import Account, Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.settings import CallbackSettings, Settings
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.callback_field import CallbackField
from tui_oauth.tui.widgets.details import Details
from tui_oauth.tui.widgets.entry_table import EntryTable
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.toolbar import Toolbar
from tui_oauth.vault import open_vault
from tui_oauth.workspace import Workspace

CANARY = "canary-access-token-77c1"


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


def authorized(stage: Stage, name: str, **kept: int | None) -> Entry:
    """An entry with a token that nobody had to fetch."""
    entry = stage.configured(name)
    now = stage.workspace.now()
    tokens = TokenSet(Secret(CANARY), "Bearer", now, kept.get("expires_at"))

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        changed = with_tokens(current, tokens, now, Account("Acme [/users]", "workspace 1"))
        return changed, EntrySecrets(held.client_id, held.client_secret, tokens)

    return stage.workspace.vault.change(entry.id, edit)


def names(app: object) -> list[str]:
    return [row.name for row in app.screen.query_one(EntryTable).rows]  # type: ignore[attr-defined]


async def test_the_list_shows_every_entry_and_its_status(stage: Stage) -> None:
    stage.created("fresh")
    stage.configured("ready")
    authorized(stage, "going")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: len(names(app)) == 3, "the entries")
        screen = words(app)
        assert "◐ Not Configured" in screen
        assert "◐ Not Authorized" in screen
        assert "● Authorized" in screen
        assert "3 entries · vault: key file" in screen


async def test_rule_119_trap_7_brackets_in_foreign_text_are_shown_as_they_are(stage: Stage) -> None:
    entry = stage.created("[/b] [red]odd")
    authorized(stage, "going")
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "Acme [/user" in shown(app), "the account")
        assert "[/b] [red]odd" in shown(app)
        app.screen.query_one(EntryTable).select(entry.id)
        await pilot.press("d")
        await until(pilot, lambda: "Delete the entry [/b] [red]odd?" in shown(app), "the question")
        await pilot.press("escape", "m")
        await until(pilot, lambda: "Rename [/b] [red]odd" in shown(app), "the prompt")
        await pilot.press("escape")
        app.say("A note with [/x] in it")
        await until(pilot, lambda: "A note with [/x] in it" in shown(app), "the line")
        await pilot.press("slash", *"[/zz]")
        await until(pilot, lambda: "Nothing matches [/zz]" in shown(app), "the search")


async def test_the_callback_url_follows_the_highlighted_entry(stage: Stage) -> None:
    stage.created("a-plain", "practice")
    stage.created("b-strict", "practice-https")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        field = app.screen.query_one(CallbackField)
        await until(pilot, lambda: field.url.startswith("http://"), "the first URL")
        await pilot.press("down")
        await until(pilot, lambda: field.url.startswith("https://"), "the second URL")
        assert "https only" in shown(app)


async def test_c_and_a_click_send_the_callback_url(stage: Stage) -> None:
    stage.created("one")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        field = app.screen.query_one(CallbackField)
        await until(pilot, lambda: field.url, "the URL")
        await pilot.press("c")
        await until(pilot, lambda: "Callback URL sent to" in shown(app), "the line")
        assert app.clipboard == field.url
        assert "copied" not in shown(app).lower()
        app.copy("something else", "Something")
        await until(pilot, lambda: "Something sent to" in shown(app), "the other line")
        await pilot.click(CallbackField)
        await until(pilot, lambda: app.clipboard == field.url, "the click")


async def test_t_sends_the_access_token_and_keeps_it_nowhere(stage: Stage) -> None:
    authorized(stage, "going")
    app = stage.app()
    sent: list[str] = []
    async with app.run_test(size=(100, 30)) as pilot:
        app.write_escape = sent.append  # type: ignore[method-assign]
        await until(pilot, lambda: names(app), "the entries")
        await pilot.press("t")
        await until(pilot, lambda: "Access token of going sent to" in shown(app), "the line")
        assert sent == [osc52(CANARY)]
        assert app.clipboard == ""
        assert CANARY not in shown(app)
    assert [(one.way, one.pid) for one in audit.taken(stage.workspace)] == [
        ("window", os.getppid())
    ], "the program that the window was started from"


async def test_what_needs_a_person_is_said_kindly(stage: Stage) -> None:
    stage.created("fresh")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: names(app), "the entries")
        await pilot.press("a")
        await until(pilot, lambda: "fresh has no client ID yet" in words(app), "the hint")
        await pilot.press("t")
        await until(pilot, lambda: "✕" in shown(app), "the error")
        assert "fresh" in words(app)


async def test_k_asks_the_provider_and_says_what_went_wrong(stage: Stage) -> None:
    authorized(stage, "going")  # with a token that the provider never gave
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: names(app), "the entries")
        await pilot.press("k")
        await until(pilot, lambda: "✕" in shown(app), "the provider's no")
        assert app.is_running


async def test_rule_97_k_says_whether_the_token_is_active_and_which_key_helps(stage: Stage) -> None:
    stage.provider.application.behaviour = Behaviour(refresh_tokens=True, expires_in=3_600)
    entry = await sign_in(stage, stage.configured("going", "practice-standard"))
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: names(app), "the entries")
        await pilot.press("k")
        await until(pilot, lambda: "active; ends in" in words(app), "what the provider says")
        assert f"says the token belongs to {entry.account}" in words(app)
        held = stage.workspace.vault.secrets(entry)
        store = stage.provider.application.store
        store.revoke(store.app_of_client(held.client_id), held.tokens.access_token.reveal())
        await pilot.press("k")
        await until(pilot, lambda: "is not active" in words(app), "the provider's no")
        assert "Press r to refresh it." in words(app)
        await pilot.press("r")
        await until(pilot, lambda: "going refreshed" in words(app), "the new token")


async def test_escape_cancels_what_runs(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    authorized(stage, "going")
    go_on = threading.Event()

    def slow(*_: object, **__: object) -> None:
        go_on.wait(20)
        raise ProviderUnreachable("too late")

    monkeypatch.setattr("tui_oauth.tokens.refresh_entry", slow)
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: names(app), "the entries")
        await pilot.press("r")
        await until(pilot, lambda: "Refreshing going" in shown(app), "what runs")
        assert "esc cancels" in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "Cancelled." in shown(app), "the end of it")
        go_on.set()
        assert "Refreshing" not in shown(app)


async def test_a_defect_in_a_job_is_said_and_the_app_goes_on(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    authorized(stage, "going")

    def broken(*_: object, **__: object) -> None:
        raise ZeroDivisionError(CANARY)

    monkeypatch.setattr("tui_oauth.tokens.refresh_entry", broken)
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: names(app), "the entries")
        await pilot.press("r")
        await until(pilot, lambda: "a defect of its own" in words(app), "the line")
        assert CANARY not in shown(app)
        await pilot.press("escape")
        await until(pilot, lambda: "a defect of its own" not in words(app), "the line to go")
    log = stage.workspace.places.log.read_text()
    assert "ZeroDivisionError" in log
    assert CANARY not in log


async def test_search_narrows_while_typing_and_escape_shows_all(stage: Stage) -> None:
    for name in ("alpha", "beta", "gamma"):
        stage.created(name)
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: len(names(app)) == 3, "the entries")
        await pilot.press("slash", "b", "e")
        await until(pilot, lambda: names(app) == ["beta"], "the match")
        await pilot.press("enter")
        assert app.focused is app.screen.query_one(EntryTable)
        await pilot.press("escape")
        await until(pilot, lambda: len(names(app)) == 3, "all of them")
        assert app.screen.query_one(EntryTable).highlighted is not None


async def test_sort_goes_round_and_keeps_the_selection(stage: Stage) -> None:
    stage.created("zulu")
    authorized(stage, "alpha")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: names(app) == ["alpha", "zulu"], "the entries")
        await pilot.press("s")
        await until(pilot, lambda: names(app) == ["zulu", "alpha"], "what needs a person first")
        table = app.screen.query_one(EntryTable)
        assert table.rows[table.cursor].name == "alpha"
        await pilot.press("s", "s", "s")
        await until(pilot, lambda: names(app) == ["alpha", "zulu"], "by name again")


async def test_another_process_changes_the_vault_and_the_selection_stays(stage: Stage) -> None:
    for name in ("bravo", "delta"):
        stage.created(name)
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: len(names(app)) == 2, "the entries")
        await pilot.press("down")
        other = open_vault(stage.workspace.places, stage.workspace.environ)
        mine = stage.workspace.vault
        stage.workspace.use_vault(other)
        stage.created("alpha")
        stage.workspace.use_vault(mine)
        await until(pilot, lambda: names(app) == ["alpha", "bravo", "delta"], "the new entry")
        table = app.screen.query_one(EntryTable)
        assert table.rows[table.cursor].name == "delta"


async def test_the_list_follows_also_when_the_change_was_read_by_something_else(
    stage: Stage,
) -> None:
    stage.created("bravo")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: names(app) == ["bravo"], "the entry")
        other = open_vault(stage.workspace.places, stage.workspace.environ)
        other.add(Entry("", "alpha", "practice", "Practice", 1, 1))
        assert len(stage.workspace.vault.entries()) == 2, "as a job beside the list reads it"
        await until(pilot, lambda: names(app) == ["alpha", "bravo"], "the new entry")


async def test_a_vault_that_is_gone_is_said_in_full_until_it_is_there_again(stage: Stage) -> None:
    stage.created("first")
    vault = stage.workspace.places.vault
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: names(app) == ["first"], "the list")
        away = vault.rename(vault.with_name("away"))
        await until(pilot, lambda: "is gone" in words(app), "what happened")
        command = f"cp -p {vault}.bak {vault}"
        said = "".join(words(app).split())  # long paths are broken over lines
        assert "".join(command.split()) in said, "half a command would be worse than none"
        away.rename(vault)
        await until(pilot, lambda: "is gone" not in words(app), "the words to go")
        assert names(app) == ["first"]


async def test_rename_refuses_a_name_that_is_taken(stage: Stage) -> None:
    stage.created("first")
    stage.created("second")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: len(names(app)) == 2, "the entries")
        await pilot.press("f2")
        await until(pilot, lambda: "Rename first" in shown(app), "the prompt")
        await pilot.press(*"Second", "enter")
        await until(pilot, lambda: "second" in words(app).split("Programs")[0], "the reason")
        await pilot.press("ctrl+u", *"third", "enter")
        await until(pilot, lambda: names(app) == ["second", "third"], "the new name")
        table = app.screen.query_one(EntryTable)
        assert table.rows[table.cursor].name == "third"


async def test_details_are_a_pane_where_there_is_room_and_a_dialog_elsewhere(stage: Stage) -> None:
    authorized(stage, "going")
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "workspace 1" in shown(app), "the pane")
        assert CANARY not in shown(app)
        await pilot.press("i")
        await until(pilot, lambda: not app.screen.query_one(Details).display, "the pane to go")
        await pilot.resize_terminal(80, 24)
        await pilot.press("i")
        await until(pilot, lambda: "workspace 1" in shown(app), "the dialog")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")


async def test_a_waiting_sign_in_shows_its_countdown(stage: Stage) -> None:
    entry = stage.configured("going")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: names(app), "the entries")
        signin = app.signins.begin(entry)
        await until(pilot, lambda: "▸ Waiting 9:5" in shown(app), "the countdown")
        signin.cancel()
        await pilot.press("s")
        await until(pilot, lambda: "Waiting" not in shown(app), "the end of it")


async def test_a_double_click_configures_and_one_click_selects(stage: Stage) -> None:
    stage.created("first")
    stage.created("second")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        await until(pilot, lambda: len(names(app)) == 2, "the entries")
        await pilot.click(EntryTable, offset=(4, 2))
        assert app.screen.query_one(EntryTable).cursor == 1
        assert at(app, "manage")
        await pilot.click(EntryTable, offset=(4, 1), times=2)
        await until(pilot, lambda: at(app, "configure"), "Configure OAuth")


async def test_enter_a_and_g_open_their_screens(stage: Stage) -> None:
    stage.configured("going")
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        for key, group in (("enter", "configure"), ("g", "guide"), ("a", "authorize")):
            await until(pilot, lambda: at(app, "manage") and names(app), "the list")
            await pilot.press(key)
            await until(pilot, lambda group=group: at(app, group), group)
            await pilot.press("escape")


async def test_a_missing_service_file_is_no_end_of_the_list(stage: Stage) -> None:
    entry = stage.created("orphan")
    stage.workspace.vault.change(
        entry.id,
        lambda current, held: (
            current._replace(service="gone-service"),
            held,
        ),
    )
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await until(pilot, lambda: "not known" in shown(app), "the field")
        assert names(app) == ["orphan"]
        assert entries.callback_url_or_empty(stage.workspace, app.screen.current()) == ""  # type: ignore[attr-defined]


async def test_trap_4_in_tmux_the_text_goes_through_tmux(home: Path, tmp_path: Path) -> None:
    programs, taken = tmp_path / "bin", tmp_path / "taken"
    programs.mkdir()
    tmux = programs / "tmux"
    tmux.write_text(f'#!/bin/sh\n[ "$*" = "load-buffer -w -" ] && /bin/cat > {taken}\n')
    tmux.chmod(0o755)
    with Stage(home, TMUX="/tmp/tmux-0/default,1,0", PATH=str(programs)) as stage:
        app = stage.app()
        async with app.run_test(size=(100, 30)) as pilot:
            await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
            await pilot.press("c")
            await until(pilot, lambda: "Callback URL sent to tmux" in shown(app), "the line")
    assert taken.read_text() == f"http://127.0.0.1:{stage.port}/callback"


async def test_trap_9_a_long_url_is_wrapped_not_clipped(stage: Stage) -> None:
    path = "/" + "long-part-" * 12 + "end"
    settings = Settings(callback=CallbackSettings(path=path))
    workspace = Workspace(stage.workspace.environ, stage.workspace.places, settings)
    app = ManageOAuth(workspace)
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: "long-part" in shown(app), "the URL")
        inside = "".join(line.strip("│ ") for line in shown(app).splitlines() if "│" in line)
        assert f"http://127.0.0.1:8976{path}" in inside


async def test_an_empty_list_offers_only_what_works_there(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the empty list")
        assert "n New  c Copy URL  ? Help  q Quit" in shown(app)
        assert "Delete" not in shown(app)
        await pilot.press("a", "d", "t", "slash")
        assert at(app, "manage")
        stage.created("first")
        app.refresh_entries()
        await until(pilot, lambda: "enter Configure  a Authorize" in shown(app), "all keys")
        assert "Delete" in shown(app)


async def test_the_row_under_the_cursor_is_readable_while_one_searches(stage: Stage) -> None:
    stage.created("first")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.theme = "textual-light"  # its cursor without focus lets the background through
        await until(pilot, lambda: "first" in shown(app), "the list")
        await pilot.press("slash")
        await pilot.pause()
        cells = [part for strip in app.screen._compositor.render_strips() for part in strip]
        style = next(part.style for part in cells if part.text.startswith("first"))
        assert style is not None
        assert style.color is not None
        assert style.bgcolor is not None
        letters, behind = Color.from_rich_color(style.color), Color.from_rich_color(style.bgcolor)
        assert abs(letters.brightness - behind.brightness) > 0.4


async def test_while_searching_only_the_keys_that_work_are_shown(stage: Stage) -> None:
    stage.created("first")
    stage.created("second")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "second" in shown(app), "the list")
        await pilot.press("slash", *"sec")
        await until(pilot, lambda: names(app) == ["second"], "the search")
        assert "enter Into the list  esc Show all  F1 Help" in shown(app)
        assert "n New" not in shown(app)
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Show all"))
        await until(pilot, lambda: names(app) == ["first", "second"], "all entries")
        assert "n New" in shown(app)


async def test_with_little_room_the_mouse_still_reaches_everything(stage: Stage) -> None:
    stage.created("first")
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: "first" in shown(app), "the list")
        await pilot.click(Toolbar, offset=place_of(app, Toolbar, "More"))
        await until(pilot, lambda: "Search for commands" in shown(app), "the palette")
        commands = app.screen.query_one(CommandList)
        wheel = events.MouseScrollDown(commands, 5, 5, 0, 1, 0, False, False, False)

        def found() -> bool:
            commands.post_message(wheel)
            return "Delete  (d)" in shown(app)

        await until(pilot, found, "the command, by the wheel")


async def test_the_details_close_by_mouse(stage: Stage) -> None:
    stage.created("first")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "first" in shown(app), "the list")
        await pilot.press("i")
        await until(pilot, lambda: "─ Details ─" in shown(app), "the details")
        await pilot.click(Button)
        await until(pilot, lambda: "─ Details ─" not in shown(app), "the list")


async def test_the_palette_offers_nothing_that_a_dialog_cannot_do(stage: Stage) -> None:
    stage.created("first")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "first" in shown(app), "the list")
        await pilot.press("i")
        await until(pilot, lambda: "─ Details ─" in shown(app), "the details")
        offered = [command.title for command in app.get_system_commands(app.screen)]
        # Traffic is the app's own and opens over everything.
        assert offered == ["Traffic  (F3)", "Help  (?)", "Theme", "Quit  (^q)"]


async def test_what_a_person_has_to_do_is_named_by_its_key(stage: Stage) -> None:
    stage.created("a-fresh")
    stage.configured("b-ready")
    app = stage.app()
    async with app.run_test(size=(100, 24)) as pilot:
        await until(pilot, lambda: "b-ready" in shown(app), "the list")
        await pilot.press("t")
        await until(pilot, lambda: "Press enter to configure it." in shown(app), "the first words")
        await pilot.press("down", "k")
        await until(pilot, lambda: "Press a to authorize it." in shown(app), "the other words")


async def test_a_long_name_is_seen_while_it_is_edited(stage: Stage) -> None:
    name = "a long name of an entry that somebody typed in one go without an end"
    stage.created(name)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "a long" in shown(app), "the list")
        await pilot.press("m")
        await until(pilot, lambda: "in one go without an end" in shown(app), "the name's end")
