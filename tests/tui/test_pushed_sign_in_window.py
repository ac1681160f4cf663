"""The Authorization link window where the provider is asked for the link first (RFC 9126)."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from stage import Stage, at, in_browser, shown, until, words
from textual.pilot import Pilot
from textual.widgets import Button

from tests.providers.misbehaving import silence
from tests.providers.pushed_server import DOWN, REFUSED, pushed, pushed_server
from tests.stage import consent, redirect_of
from tests.standards import service_like
from tui_oauth import signin_push
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.qr import BORDER, qr_code
from tui_oauth.signin import SignIn, SignInState
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.link_panel import LinkPanel
from tui_oauth.tui.widgets.qr_view import QrView


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def opened(app: ManageOAuth, entry: Entry, pilot: Pilot[Any]) -> SignIn:
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the screen")
    signin = app.signins.get(entry.id)
    assert signin is not None
    return signin


def link(app: ManageOAuth) -> str:
    """The link that the window shows."""
    return app.screen.query_one(LinkPanel).url if at(app, "authorize") else ""


@pytest.mark.parametrize("size", [(80, 24), (60, 20), (120, 40)])
async def test_rule_11_the_window_says_that_the_link_is_asked_for(
    stage: Stage, size: tuple[int, int]
) -> None:
    with pushed_server(silence) as server:
        entry = server.entry(stage.workspace)
        app = stage.app()
        async with app.run_test(size=size) as pilot:
            signin = await opened(app, entry, pilot)
            await until(pilot, lambda: server.pushes, "the push")
            assert "Asking Signpost for the link" in words(app)
            assert "Asks for read, write" in words(app)
            assert f"Opens port {stage.port} on 127.0.0.1 once there is a link" in words(app)
            assert app.screen.query_one("#copy-link", Button).disabled
            for key in ("ctrl+y", "ctrl+r", "ctrl+l"):
                await pilot.press(key)
            assert not app.screen.has_class("-qr")
            await pilot.press("escape")
            await until(pilot, lambda: not at(app, "authorize"), "the list")
            signin.cancel()
            await until(pilot, lambda: signin.state is SignInState.CANCELLED, "its end")


async def test_rule_11_the_link_comes_and_the_walk_goes_on(stage: Stage) -> None:
    stage.provider.application.behaviour = Behaviour(par_required=True)
    device = 'device_authorization_url = "http://127.0.0.1:{port}/oauth/device"\n'
    by_link_only = (('"device_code", ', ""), (device, ""))
    made = service_like(stage, "pushed", *by_link_only, extensions="par_required = true")
    entry = stage.configured("work", made)
    app = stage.app()
    async with app.run_test(size=(120, 40)) as pilot:
        signin = await opened(app, entry, pilot)
        await until(pilot, lambda: signin.listening, "the callback server")
        await until(pilot, lambda: "request_uri=" in shown(app), "the link")
        assert not app.screen.query_one("#copy-link", Button).disabled
        assert "Asking" not in shown(app)
        await in_browser(redirect_of, await in_browser(consent, signin.authorization_url))
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")


async def test_rule_11_a_new_link_takes_the_place_of_the_one_that_ends(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin_push, "SHORTEST_PAUSE", 0.05)
    with pushed_server(pushed(1, lifetime=2), pushed(2)) as server:
        entry = server.entry(stage.workspace)
        app = stage.app()
        async with app.run_test(size=(120, 50)) as pilot:
            await opened(app, entry, pilot)
            await until(pilot, lambda: "kept-request-1" in link(app), "the first link")
            await pilot.press("ctrl+r")
            await until(pilot, lambda: app.screen.has_class("-qr"), "its picture")
            await until(pilot, lambda: len(server.pushes) == 2, "the second push")
            await until(
                pilot,
                lambda: "kept-request-2" in link(app),
                "the second link",
            )
            # Which picture was there before depends on how fast the machine is: this one it has to be.
            codes = tuple(qr_code(link(app), border) for border in (BORDER, 1))
            await until(pilot, lambda: app.screen.query_one(QrView)._codes == codes, "its picture")
            assert "This is a new one" in words(app)
            await pilot.press("escape")
            await until(pilot, lambda: "kept-request-2" in link(app), "the link itself")


async def test_rule_11_trouble_with_a_later_link_is_told_and_goes_away(
    stage: Stage, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(signin_push, "SHORTEST_PAUSE", 0.05)
    with pushed_server(pushed(1, lifetime=1), DOWN, DOWN, DOWN, pushed(2)) as server:
        entry = server.entry(stage.workspace)
        app = stage.app()
        async with app.run_test(size=(120, 40)) as pilot:
            signin = await opened(app, entry, pilot)
            await until(pilot, lambda: "There is no newer link" in words(app), "the trouble")
            assert "HTTP 503" in words(app)
            assert signin.state is SignInState.WAITING
            await until(pilot, lambda: "kept-request-2" in link(app), "the second link")
            await until(pilot, lambda: "no newer link" not in words(app), "the end of it")


async def test_rule_121_a_provider_that_gives_no_link_is_told_with_a_way_on(stage: Stage) -> None:
    with pushed_server(REFUSED, pushed(1)) as server:
        entry = server.entry(stage.workspace)
        app = stage.app()
        async with app.run_test(size=(80, 24)) as pilot:
            signin = await opened(app, entry, pilot)
            await until(pilot, lambda: signin.ended, "the end")
            await until(pilot, lambda: "Not authorized" in shown(app), "the words")
            assert "pushed authorization request" in words(app)
            assert "Configure OAuth" in shown(app)
            app.screen.query_one("#again", Button).press()
            await until(pilot, lambda: "kept-request-1" in link(app), "a link")
            assert "This is a new one" not in words(app)
