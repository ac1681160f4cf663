"""Authorization Successful: the account, the scopes, the end of the token, what comes next."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, at, in_browser, shown, until, words

from tests.stage import consent, visit
from tui_oauth import net
from tui_oauth.errors import ProviderRefused
from tui_oauth.model import Account, Entry, EntrySecrets, TokenSet, with_tokens
from tui_oauth.oauth.http import Request, Response
from tui_oauth.secret import Secret
from tui_oauth.tui.screens.problem import problem_text
from tui_oauth.tui.screens.success import expiry_sentence, scope_words

NOW = 1_800_000_000
ENTRY = Entry("0" * 32, "my-entry", "practice", "Practice provider", NOW, NOW, configured=True)


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


def authorized(stage: Stage, account: Account, **changes: object) -> Entry:
    """An entry with tokens, as a sign-in leaves it."""
    entry = stage.configured()
    tokens = TokenSet(Secret("canary-access-token"), "Bearer", stage.workspace.now())

    def edit(current: Entry, held: EntrySecrets) -> tuple[Entry, EntrySecrets]:
        after = with_tokens(current, tokens, stage.workspace.now(), account)
        return after._replace(**changes), held._replace(tokens=tokens)  # type: ignore[arg-type]

    return stage.workspace.vault.change(entry.id, edit)


def test_the_end_of_a_token_in_words() -> None:
    assert "does not expire" in expiry_sentence(ENTRY, NOW)
    assert "revoked at Practice provider" in expiry_sentence(ENTRY, NOW)
    ending = ENTRY._replace(expires_at=NOW + 3600)
    assert expiry_sentence(ending, NOW).startswith("in 1 h (2027-01-15T09:00:00Z)")
    assert "authorized again" in expiry_sentence(ending, NOW)
    assert "renewed on use" in expiry_sentence(ending._replace(has_refresh_token=True), NOW)


def test_the_difference_between_asked_and_granted_scopes_is_told() -> None:
    assert scope_words(ENTRY, ()) == "as chosen at the provider"
    granted = ENTRY._replace(granted_scopes=("read", "profile"))
    assert scope_words(granted, ("read", "profile")) == "read, profile"
    assert scope_words(granted, ("read", "write")).splitlines() == [
        "read, profile",
        "▲ asked for, not granted: write",
        "granted in addition: profile",
    ]


async def test_it_names_the_account_and_the_command_without_the_token(stage: Stage) -> None:
    entry = authorized(stage, Account("Aurora Books", "robin@practice.example"))
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_success(entry.id)
        await until(pilot, lambda: at(app, "success"), "the screen")
        text = shown(app)
        for part in (
            "Authorization Successful",
            "Aurora Books (robin@practice.example)",
            "does not expire",
            "tui-oauth token practice",
            "enter Done",
        ):
            assert part in text
        assert "canary-access-token" not in app.export_screenshot()
        await pilot.press("c")
        await until(pilot, lambda: app.clipboard == "tui-oauth token practice", "the copy")
        await pilot.press("enter")
        assert at(app, "manage")


async def test_the_words_come_before_it_is_known_whose_account_it_is(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    answered, real = threading.Event(), net.send

    async def send(request: Request, **more: Any) -> Response:
        if request.step == "account check":
            await asyncio.to_thread(answered.wait)
        return await real(request, **more)

    monkeypatch.setattr(net, "send", send)
    entry = stage.configured("work")
    app = stage.app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        try:
            app.open_authorize(entry.id)
            await until(pilot, lambda: app.signins.get(entry.id), "the screen")
            signin = app.signins.get(entry.id)
            assert signin is not None
            await until(pilot, lambda: signin.listening, "the callback server")
            page = await in_browser(visit, await in_browser(consent, signin.authorization_url))
            assert "Authorization Successful" in page
            await until(pilot, lambda: "asking Practice provider" in shown(app), "the words")
            assert "● work is authorized" in shown(app)
            await until(pilot, lambda: app.focused is not None, "the buttons")
            await pilot.press("enter")
            await until(pilot, lambda: at(app, "manage"), "the list")
        finally:
            answered.set()
        await until(pilot, lambda: not signin.learning, "the account")
        await until(pilot, lambda: "Aurora Books" in shown(app), "the account in the list")
        assert "Authorization Successful" not in shown(app), "it was said before"


async def test_an_account_that_is_known_later_is_filled_in(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    entry = authorized(stage, Account(""))
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = app.signins.begin(entry)
        signin.learning = True
        app.open_success(entry.id)
        await until(pilot, lambda: "asking Practice provider" in shown(app), "the words")
        vault = stage.workspace.vault
        vault.change(entry.id, lambda now, held: (now._replace(account="Aurora Books"), held))
        signin.learning = False
        assert signin.on_change is not None
        signin.on_change()
        await until(pilot, lambda: "● Aurora Books is authorized" in shown(app), "the account")
        assert "asking" not in shown(app)


async def test_escape_goes_back_and_so_does_the_button(stage: Stage) -> None:
    entry = authorized(stage, Account("Aurora Books"))
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        app.open_success(entry.id)
        await until(pilot, lambda: at(app, "success"), "the screen")
        await pilot.press("escape")
        assert at(app, "manage")
        app.open_success(entry.id)
        await until(pilot, lambda: at(app, "success"), "the screen")
        await pilot.click("#done")
        assert at(app, "manage")


async def test_a_check_that_fails_is_said_on_the_quiet_line(stage: Stage) -> None:
    entry = authorized(stage, Account("Aurora Books"))
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_success(entry.id)
        await until(pilot, lambda: at(app, "success"), "the screen")
        await pilot.press("k")
        await until(pilot, lambda: "✕" in shown(app), "the words")
        assert "canary-access-token" not in shown(app)


async def test_rule_119_trap_7_an_account_s_name_is_text(stage: Stage) -> None:
    nasty = "[@click=app.quit]Acme[/] [/users]"
    entry = authorized(stage, Account(nasty, "\x1b]0;owned\x07"), granted_scopes=("[bold", "[/]"))
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        app.open_success(entry.id)
        await until(pilot, lambda: at(app, "success"), "the screen")
        assert nasty in words(app)
        assert "[bold, [/]" in words(app)
        assert "\x1b" not in shown(app)


async def test_a_problem_can_be_read_scrolled_and_copied(stage: Stage) -> None:
    error = ProviderRefused(
        "The token endpoint refused [/users]. " * 30, "Ask [bold]them.", code="invalid", status=400
    )
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        await until(pilot, lambda: at(app, "manage"), "the list")
        app.show_problem(error, "Not [/authorized]")
        await until(pilot, lambda: at(app, "problem"), "the message")
        assert "Not [/authorized]" in shown(app)
        assert "[/users]" in shown(app)
        assert app.screen.query_one("#problem-scroll").max_scroll_y > 0
        await pilot.press("end")
        await until(pilot, lambda: "HTTP status: 400" in shown(app), "the end of the text")
        await pilot.press("c")
        await until(pilot, lambda: app.clipboard == problem_text(error), "the copy")
        await pilot.click("#close")
        assert at(app, "manage")
