"""Traffic: a real sign-in's exchanges, picked, read, copied and forgotten, by keyboard and mouse."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, in_browser, paste, place_of, shown, until, words
from textual.containers import VerticalScroll
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.canary import Canaries
from tests.stage import consent
from tui_oauth.entries import configure_entry
from tui_oauth.errors import ProviderRefused
from tui_oauth.model import Entry
from tui_oauth.oauth.http import Request, Response
from tui_oauth.secret import Secret
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.screens.traffic import row
from tui_oauth.tui.widgets.key_bar import KeyBar

HOSTILE = "\x1b]0;x\x07\x1b[2J\x9b31m[/][@click=app.quit]x[/][link=file:///etc/passwd]y[/]\u202e"


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def _refused_sign_in(stage: Stage, app: ManageOAuth, pilot: Pilot[int]) -> tuple[Entry, str]:
    """A sign-in with a wrong client secret, up to the words on it; the entry and the state."""
    entry = configure_entry(
        stage.workspace, stage.configured(), client_secret=Secret("copied-from-elsewhere-1")
    )
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the link")
    signin = app.signins.get(entry.id)
    assert signin is not None
    await until(pilot, lambda: signin.listening, "the callback server")
    await paste(pilot, await in_browser(consent, signin.authorization_url))
    await until(pilot, lambda: "Not authorized" in shown(app), "the refusal")
    return entry, signin.attempt.state


async def test_from_a_refusal_to_what_the_provider_objects_to(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        _, state = await _refused_sign_in(stage, app, pilot)
        assert "F3 Traffic" in shown(app)
        await pilot.press("f3")
        await until(pilot, lambda: at(app, "traffic"), "the screen")
        await until(pilot, lambda: "3 exchanges" in shown(app), "the exchanges")
        text = shown(app)
        for line in ("authorization request", "authorization response", "token request"):
            assert line in text
        assert "401 unauthorized" in text
        pane = app.screen.query_one("#exchange", VerticalScroll)
        await pilot.press("tab", "end")
        await until(pilot, lambda: "message: Unauthorized Client" in shown(app), "the end")
        assert pane.has_focus
        assert app.screen.query_one("#exchanges", OptionList).highlighted == 2
        await pilot.press("tab", "home")
        await until(pilot, lambda: "> GET" in shown(app), "the first exchange")
        assert pane.scroll_offset.y == 0
        held = stage.workspace.vault.secrets(stage.workspace.vault.find("practice"))
        assert held.client_secret is not None
        canaries = Canaries(state=state, client_secret=held.client_secret.reveal())
        assert canaries.within(app.export_screenshot()) == set()
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "authorize"), "the way back")


async def test_what_is_copied_is_a_ticket_without_secrets(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    app = stage.app()
    monkeypatch.setattr(app, "copy", lambda text, what, secret=False: sent.append(text))
    async with app.run_test(size=(80, 24)) as pilot:
        _, state = await _refused_sign_in(stage, app, pilot)
        await pilot.press("f3")
        await until(pilot, lambda: "3 exchanges" in shown(app), "the exchanges")
        await pilot.press("c", "a")
        await pilot.click(KeyBar, offset=place_of(app, KeyBar, "Copy all"))
        await pilot.pause()
    one, every, clicked = sent
    assert "3. token request" in one
    assert "1. authorization request" not in one
    assert "errors[0]:" in one
    assert "1. authorization request" in every
    assert "> GET http://127.0.0.1:" in every
    assert every == clicked
    assert every.startswith("tui-oauth ")
    held = stage.workspace.vault.secrets(stage.workspace.vault.find("practice"))
    assert held.client_secret is not None
    canaries = Canaries(state=state, client_secret=held.client_secret.reveal())
    assert canaries.within(every) == set()


async def test_it_grows_while_one_looks_and_the_cursor_stays_where_it_was_put(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await pilot.press("f3")
        await until(pilot, lambda: "Nothing was sent" in shown(app), "the empty state")
        assert "Copy" not in shown(app)

        def exchange(step: str) -> None:
            request = Request("GET", "https://as.example/", step)
            app.traffic.ended(app.traffic.began(request), Response(200))

        await asyncio.to_thread(exchange, "first one")  # as from a worker's thread
        await until(pilot, lambda: "1 · first one" in shown(app), "the first exchange")
        await asyncio.to_thread(exchange, "second one")
        await until(pilot, lambda: "2 · second one" in shown(app), "the newest one")
        await pilot.press("up")
        await until(pilot, lambda: "1 · first one" in shown(app), "the first again")
        await asyncio.to_thread(exchange, "third one")
        await until(pilot, lambda: "3 exchanges" in shown(app), "the third")
        assert "1 · first one" in shown(app)
        await pilot.resize_terminal(60, 20)
        await until(pilot, lambda: "third one" in shown(app), "the smaller window")
        assert "1 · first one" in shown(app)
        await pilot.press("d")
        await until(pilot, lambda: "Nothing was sent" in shown(app), "nothing")
        await pilot.press("c", "a", "d", "tab", "enter", "f3")
        await until(pilot, lambda: at(app, "manage") or at(app, "first-run"), "the way back")
        await asyncio.to_thread(exchange, "fourth one")
        await pilot.press("f3")
        await until(pilot, lambda: "4 · fourth one" in shown(app), "what came meanwhile")


async def test_from_a_form_and_from_a_problem(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_configure(entry.id)
        await until(pilot, lambda: isinstance(app.focused, Input), "the form")
        await pilot.press("f3")
        await until(pilot, lambda: at(app, "traffic"), "the screen")
        await pilot.press("f3")
        await until(pilot, lambda: at(app, "configure"), "the form again")
        app.pop_screen()
        app.show_problem(ProviderRefused("No."), "It does not work")
        await until(pilot, lambda: at(app, "problem"), "the message")
        assert "Show the traffic" not in shown(app)
        await pilot.press("t", "f3", "escape")
        request = Request("GET", "https://as.example/", "discovery")
        app.traffic.ended(app.traffic.began(request), Response(500))
        app.show_problem(ProviderRefused("No."), "It does not work")
        await until(pilot, lambda: "Show the traffic" in shown(app), "the message")
        await pilot.click("#traffic")
        await until(pilot, lambda: "500" in words(app) and at(app, "traffic"), "the traffic")
        await pilot.press("question_mark")
        await until(pilot, lambda: at(app, "help"), "the help")
        await pilot.press("f3")
        assert at(app, "help"), "the traffic is open already"
        await pilot.press("escape", "escape")
        await until(pilot, lambda: at(app, "problem"), "the message again")
        await pilot.press("t")
        await until(pilot, lambda: at(app, "traffic"), "the traffic by its key")


async def test_the_palette_knows_it(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No OAuth entries" in shown(app), "the list")
        await pilot.press("ctrl+p")
        await pilot.press(*"traffic")
        await until(pilot, lambda: "without secrets" in words(app), "the command")
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "traffic"), "the screen")


async def test_rule_119_markup_and_escapes_are_shown_as_text(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        request = Request(HOSTILE, f"https://as.example/{HOSTILE}?{HOSTILE}={HOSTILE}", "refresh")
        body = b'{"error": "[/users]", "error_description": "[@click=app.quit]x[/] \\u001b[2J"}'
        headers = {"content-type": "application/json", HOSTILE: HOSTILE}
        app.traffic.ended(app.traffic.began(request), Response(400, headers, body))
        app.traffic.answer(f"https://{HOSTILE}", [("error", HOSTILE)])
        await pilot.press("f3")
        await until(pilot, lambda: "2 exchanges" in shown(app), "the screen")
        for title, key in (("2 · authorization response", "up"), ("1 · refresh", "up")):
            await until(pilot, lambda title=title: title in shown(app), title)  # type: ignore[misc]
            text = shown(app)
            assert "[@click=app.quit]" in text
            assert not {"\x1b", "\x9b", "\x07", "\u202e"} & set(text)
            await pilot.press(key)
        await pilot.click(offset=(20, 3))
        assert app.is_running


@pytest.mark.parametrize("width", [20, 54, 63, 64, 74, 114, 200])
def test_a_row_fills_its_width_and_never_more(width: int) -> None:
    from tui_oauth.traffic import Record

    for outcome, took in (
        ("", None),
        ("by the browser", None),
        ("401 x" * 20, 12_345),
        ("名" * 9, 1),
    ):
        record = Record(1, 0, "authorization response", "host." * 30, None, None, outcome, took)
        assert row(record, width).cell_length <= max(width, 40)
        assert "\n" not in row(record, width).plain
