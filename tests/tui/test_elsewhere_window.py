"""Sign in on another machine, and for another machine, in the window."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from stage import Stage, at, in_browser, paste, shown, until, words
from textual.pilot import Pilot

from tests.stage import consent, visit
from tui_oauth.model import Entry
from tui_oauth.oauth.elsewhere import NEVER_FOR_OTHERS, ask_line, is_answer, read_ask
from tui_oauth.signin import SignIn
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.url_panel import UrlPanel
from tui_oauth.visiting import Visit


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


@pytest.fixture
def laptop(tmp_path: Path) -> Iterator[Stage]:
    folder = tmp_path / "laptop"
    folder.mkdir(mode=0o700)
    with Stage(folder) as made:
        yield made


async def asked(app: ManageOAuth, entry: Entry, pilot: Pilot[int]) -> SignIn:
    """The window with the line for another machine."""
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the screen")
    signin = app.signins.get(entry.id)
    assert signin is not None
    await until(pilot, lambda: signin.listening, "the callback server")
    await pilot.press("b")
    await until(pilot, lambda: at(app, "elsewhere") and signin.ask, "the line")
    await until(pilot, lambda: "tui-oauth authorize --for" in shown(app), "the command")
    return signin


async def answer_to(stage: Stage, line: str) -> str:
    """What another machine gives back for `line`."""
    import asyncio

    there = Visit(stage.workspace, read_ask(line, stage.workspace.now()))
    running = asyncio.create_task(there.run())
    back = await in_browser(consent, there.ask.url)
    there.paste(back)
    return await running


@pytest.mark.parametrize("where", ["here", "in the window of the link"])
async def test_the_answer_from_elsewhere_is_pasted(stage: Stage, where: str) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await asked(app, entry, pilot)
        assert signin.ask is not None
        assert signin.ask.check_code in words(app)
        line = app.screen.query_one(UrlPanel).url.split()[-1]
        assert line == ask_line(signin.ask)
        answer = await answer_to(stage, line)
        if where != "here":
            await pilot.press("escape")
            await until(pilot, lambda: at(app, "authorize"), "the link")
        await paste(pilot, answer[:60] + "\n" + answer[60:])
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
    assert stage.workspace.vault.get(entry.id).authorized


async def test_a_wrong_answer_is_explained(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await asked(app, entry, pilot)
        assert signin.ask is not None
        await paste(pilot, ask_line(signin.ask))
        await until(pilot, lambda: "the line that asks" in words(app), "the words")
        answer = await answer_to(stage, ask_line(signin.ask))
        await paste(pilot, answer[:-5])
        await until(pilot, lambda: "its checksum does not fit" in words(app), "the words")
        assert at(app, "elsewhere")
        await paste(pilot, answer)
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")


async def test_an_answer_that_comes_by_another_way_closes_the_window(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await asked(app, entry, pilot)
        await in_browser(visit, await in_browser(consent, signin.authorization_url))
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")


@pytest.mark.parametrize("way", ["callback", "paste"])
async def test_a_sign_in_for_another_machine(stage: Stage, laptop: Stage, way: str) -> None:
    entry = stage.configured()
    signin = stage.app().signins.begin(entry)
    await signin.ask_elsewhere()
    assert signin.ask is not None
    line = ask_line(signin.ask)
    app = laptop.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
        await pilot.press("b")
        await until(pilot, lambda: at(app, "visit"), "the screen")
        await paste(pilot, "tui-oauth-ask1_AAAA")
        await until(pilot, lambda: "its checksum does not fit" in words(app), "the words")
        await paste(pilot, line[:70] + "\r\n" + line[70:])
        await until(pilot, lambda: "Check code" in shown(app), "what it asks for")
        assert f"127.0.0.1:{stage.provider.port}" in words(app)
        assert signin.ask.check_code in words(app)
        assert NEVER_FOR_OTHERS in words(app)
        address = await in_browser(consent, signin.ask.url)
        if way == "paste":
            await paste(pilot, address)
        else:
            assert "Authorization Received" in await in_browser(visit, address)
        panel = app.screen.query_one(UrlPanel)
        await until(pilot, lambda: is_answer(panel.url), "the answer")
        assert "Paste this line where the other machine waits" in words(app)
        answer = panel.url
    signin.paste(answer)
    assert (await signin.run()).authorized
    assert not laptop.workspace.vault.entries()


async def test_leaving_ends_it_and_frees_the_port(stage: Stage, laptop: Stage) -> None:
    signin = stage.app().signins.begin(stage.configured())
    await signin.ask_elsewhere()
    assert signin.ask is not None
    app = laptop.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await until(pilot, lambda: "No OAuth entries yet" in shown(app), "the list")
        for _ in range(2):  # the port is free again the second time
            await pilot.press("b")
            await until(pilot, lambda: at(app, "visit"), "the screen")
            await paste(pilot, ask_line(signin.ask))
            await until(pilot, lambda: "Check code" in shown(app), "what it asks for")
            await pilot.pause()
            assert "is in use" not in words(app)
            await pilot.press("escape")
            await until(pilot, lambda: at(app, "manage"), "the list")
