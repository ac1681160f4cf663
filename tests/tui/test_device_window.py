"""The device code in the Authorization link window: real provider on loopback, real sign-in."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, at, paste, shown, until, words
from textual.pilot import Pilot

from tests.providers.device_server import (
    DENIED,
    EXPIRED,
    PENDING,
    TOKENS,
    DeviceServer,
    device_server,
)
from tui_oauth.large_letters import large
from tui_oauth.model import Entry
from tui_oauth.oauth.device import NEVER_PASS_ON
from tui_oauth.signin import SignIn, SignInState
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.device_panel import DevicePanel
from tui_oauth.tui.widgets.paste_input import PasteInput
from tui_oauth.tui.widgets.url_panel import UrlPanel


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


@pytest.fixture
def server() -> Iterator[DeviceServer]:
    with device_server() as made:
        yield made


@pytest.fixture
def with_browser(stage: Stage) -> Path:
    """A graphical session; what its browser is given ends in a file."""
    program = Path(stage.workspace.environ["HOME"]) / "bin" / "xdg-open"
    program.parent.mkdir()
    opened = program.parent / "opened"
    program.write_text(f'#!/bin/sh\necho "$1" >> {opened}\n')
    program.chmod(0o755)
    path = f"{program.parent}:{stage.workspace.environ['PATH']}"
    stage.workspace.environ = {**stage.workspace.environ, "DISPLAY": ":0", "PATH": path}
    return opened


async def opened(app: ManageOAuth, entry: Entry, pilot: Pilot[Any]) -> SignIn:
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the screen")
    signin = app.signins.get(entry.id)
    assert signin is not None
    if signin.link is not None:
        await until(pilot, lambda: signin.listening, "the callback server")
    return signin


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)])
async def test_rule_101_and_102_who_asks_where_for_what_until_when_and_the_code_in_large(
    stage: Stage, server: DeviceServer, size: tuple[int, int]
) -> None:
    entry = server.entry(stage.workspace, link=False)
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await opened(app, entry, pilot)
        await until(pilot, lambda: "Waiting until" in shown(app), "the code")
        text, joined = shown(app), words(app)
        for row in large("WDJB MJHT"):
            assert row.rstrip() in text
        assert "Code WDJB MJHT" in joined
        assert "tv · Living Room" in text
        assert "Asks for read, write" in joined
        assert f"Open 127.0.0.1:{server.port}" in text
        assert f"{server.url}/activate" in text
        assert NEVER_PASS_ON in joined
        assert "The code ends in 9:5" in joined or "The code ends in 10:00" in joined
        assert "Callback server" not in text
        assert "Or paste" not in text
        assert "Link" not in text.splitlines()[-1]


@pytest.mark.usefixtures("with_browser")
async def test_rule_3_with_a_browser_here_the_code_is_one_key_away_and_so_is_the_link(
    stage: Stage, server: DeviceServer
) -> None:
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        assert signin.device is None
        assert "Code for another device" not in shown(app)
        assert "^g Code" in shown(app)
        assert isinstance(app.focused, UrlPanel)
        await pilot.press("g")
        await until(pilot, lambda: "Waiting until" in shown(app), "the code")
        assert isinstance(app.focused, DevicePanel)
        assert "Callback server" not in shown(app)
        await pilot.press("ctrl+g")
        assert "Callback server" in shown(app)
        assert signin.device_waits
        await pilot.press("ctrl+g")
        assert "WDJB MJHT" in shown(app)
        assert server.devices == 1


async def test_without_a_browser_it_is_there_at_once_and_ends_in_success(
    stage: Stage, server: DeviceServer
) -> None:
    server.polls = [PENDING, TOKENS]
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await pilot.press("g")
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
        assert stage.workspace.vault.get(entry.id).authorized


async def test_the_link_is_first_and_says_that_a_code_waits(
    stage: Stage, server: DeviceServer
) -> None:
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 30)) as pilot:
        await opened(app, entry, pilot)
        waits = f"A code for 127.0.0.1:{server.port} waits; ^g shows it"
        await until(pilot, lambda: waits in shown(app), "the words")
        assert "WDJB" not in shown(app)  # rule 101: not without whose it is
        assert isinstance(app.focused, UrlPanel)
        await pilot.click("#code-words")
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")


async def test_the_way_shown_first_is_kept_with_the_entry(
    stage: Stage, server: DeviceServer
) -> None:
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 34)) as pilot:
        await opened(app, entry, pilot)
        await until(pilot, lambda: "waits; ^g" in shown(app), "the code")
        for keys, way, first in (
            ("p", "callback", "Callback server"),
            ("f4", "paste", "Or paste"),
            ("#first", "device", "Or confirm"),
            ("p", "", "Or paste"),
        ):
            await (pilot.click(keys) if keys == "#first" else pilot.press(keys))
            await until(
                pilot, lambda w=way: stage.workspace.vault.get(entry.id).first_way == w, way
            )
            await until(pilot, lambda w=way: f"First: {w or 'automatic'}" in shown(app), way)
            titles = ("Callback server", "Or paste", "Or confirm")
            assert min(titles, key=shown(app).index) == first
        await pilot.press("p", "p", "p")
        await until(pilot, lambda: "First: device" in shown(app), "the code first")
        await pilot.press("escape")
        await opened(app, entry, pilot)
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code at once")


async def test_a_service_without_it_shows_nothing_of_it(stage: Stage) -> None:
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        await opened(app, stage.configured(), pilot)
        assert "^g" not in shown(app)
        assert "Code" not in shown(app)
        await pilot.press("ctrl+g", "g")
        assert "Code for another device" not in shown(app)


async def test_a_paste_meant_for_the_link_finds_its_field(
    stage: Stage, server: DeviceServer
) -> None:
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("g")
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")
        await paste(pilot, "http://127.0.0.1/callback?code=x&state=of-another")
        assert isinstance(app.focused, PasteInput)
        assert app.screen.query_one("#paste-words").has_class("-wrong")
        assert signin.attempt is not None
        await paste(pilot, f"{signin.callback_url}?code=c&state={signin.attempt.state}")
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
        assert server.exchanged == 1


async def test_copying_gives_the_code_itself(
    stage: Stage, server: DeviceServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    copied: list[tuple[str, str]] = []
    monkeypatch.setattr(
        ManageOAuth, "copy", lambda app, text, what, hint="": copied.append((text, what))
    )
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("g")
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")
        await pilot.press("ctrl+y", "c")
        await pilot.click("#copy-code")
        assert copied == [("WDJBMJHT", "Code")] * 3
        await pilot.press("ctrl+g", "c")
        assert copied[3] == (signin.authorization_url, "Authorization link")


async def test_rule_102_the_page_with_the_code_in_it_as_picture_and_in_the_browser(
    stage: Stage, server: DeviceServer, with_browser: Path
) -> None:
    complete = f"{server.url}/activate?user_code=WDJBMJHT"
    entry = server.entry(stage.workspace, link=False)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")
        await pilot.press("q")
        await until(pilot, lambda: "█▀▀▀▀▀█" in shown(app), "the picture")
        assert "Confirm the code WDJB MJHT" in words(app)
        await pilot.press("escape")
        assert "Confirm the code" not in words(app)
        assert at(app, "authorize")
        await pilot.press("o")
        await until(pilot, with_browser.exists, "the browser")
        await until(pilot, lambda: complete in with_browser.read_text(), "the address")


async def test_rule_102_another_origin_is_not_offered(stage: Stage, server: DeviceServer) -> None:
    server.code = server.good_code(verification_uri_complete="https://evil.example/x")
    entry = server.entry(stage.workspace, link=False)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")
        assert "Code included" not in shown(app)
        assert "evil" not in app.export_screenshot()
        assert app.screen.query_one(DevicePanel).address == f"{server.url}/activate"


@pytest.mark.parametrize(
    ("answer", "title"), [(DENIED, "✕ Access was denied"), (EXPIRED, "✕ Time is up")]
)
async def test_how_a_code_ends_is_said_here_with_a_new_one_a_key_away(
    stage: Stage, server: DeviceServer, answer: Any, title: str
) -> None:
    server.polls = [answer, PENDING]
    entry = server.entry(stage.workspace, link=False)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        first = await opened(app, entry, pilot)
        await until(pilot, lambda: title in shown(app), "the words")
        assert "new" in words(app)
        assert "WDJB MJHT" not in shown(app)
        await pilot.press("ctrl+n")
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "a new code")
        assert app.signins.get(entry.id) is not first
        assert server.devices == 2


async def test_beside_a_link_a_code_that_ended_leaves_both_ways(
    stage: Stage, server: DeviceServer
) -> None:
    server.polls = [EXPIRED, PENDING]
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("g")
        await until(pilot, lambda: "A new code is one key away" in words(app), "the words")
        assert signin.state is SignInState.WAITING
        assert "WDJB MJHT" not in shown(app)
        assert "Copy code" not in shown(app)
        assert "^n New code" in shown(app)
        assert "^g Link" in shown(app)
        await pilot.press("n")
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "a new code")
        assert server.devices == 2


async def test_a_provider_that_gives_no_code_leads_back_to_the_link(
    stage: Stage, server: DeviceServer
) -> None:
    server.code = {"error": "unauthorized_client", "error_description": "[@click=app.quit]no[/]"}
    entry = server.entry(stage.workspace)
    app = stage.app()
    async with app.run_test(size=(80, 40)) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("g")
        await until(pilot, lambda: "No code for another device" in words(app), "the words")
        assert "Callback server" in shown(app)
        assert isinstance(app.focused, UrlPanel)
        assert signin.state is SignInState.WAITING


async def test_rule_100_cancelling_and_leaving_the_program_stop_the_polling(
    stage: Stage, server: DeviceServer
) -> None:
    both = [server.entry(stage.workspace, name, link=False) for name in ("one", "two")]
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, both[0], pilot)
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Cancelled" in shown(app), "the end")
        assert signin.state is SignInState.CANCELLED
        await pilot.press("escape")
        other = await opened(app, both[1], pilot)
        await until(pilot, lambda: "WDJB MJHT" in shown(app), "the code")
    assert other.state is SignInState.CANCELLED
    for one in (signin, other):
        assert one._polling is None


async def test_a_provider_that_does_not_answer_is_said_while_it_is_asked_again(
    stage: Stage, server: DeviceServer
) -> None:
    server.polls = ["reset"]
    entry = server.entry(stage.workspace, link=False)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await until(pilot, lambda: "Asking again, less often" in words(app), "the trouble")
        assert "WDJB MJHT" in shown(app)


async def test_a_code_that_cannot_be_drawn_large_is_shown_plain(
    stage: Stage, server: DeviceServer
) -> None:
    server.code = server.good_code(user_code="ab[/]cd")
    entry = server.entry(stage.workspace, link=False)
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await until(pilot, lambda: "Waiting until" in shown(app), "the code")
        assert "Code ab[/]cd" in words(app)
        assert not app.screen.query_one("#device-large").display
