"""The Authorization link: real vault, real provider, real callback server."""

from __future__ import annotations

import os
import socket
import time
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from stage import Stage, at, in_browser, paste, shown, until, words
from textual.pilot import Pilot
from textual.widgets import Button

from tests.stage import consent, visit
from tui_oauth import entries
from tui_oauth.model import Entry
from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.secret import Secret
from tui_oauth.signin import SignIn, SignInState
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.widgets.paste_input import PasteInput
from tui_oauth.tui.widgets.qr_view import QrView
from tui_oauth.tui.widgets.url_panel import UrlPanel


@pytest.fixture
def stage(home: Path) -> Iterator[Stage]:
    with Stage(home) as made:
        yield made


async def opened(app: ManageOAuth, entry: Entry, pilot: Pilot[int]) -> SignIn:
    """The Authorization link of `entry`, with the callback server ready or known not to be."""
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the screen")
    signin = app.signins.get(entry.id)
    assert signin is not None
    await until(pilot, lambda: signin.listening or signin.problem, "the callback server")
    return signin


async def test_the_whole_walk_ends_in_authorization_successful(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        text = shown(app)
        joined = "".join(line.strip(" │") for line in text.splitlines())
        assert "Authorization link" in text
        assert signin.authorization_url in joined
        assert f"Open 127.0.0.1:{stage.provider.port}" in text
        assert f"Listening on 127.0.0.1:{stage.port}" in text
        assert signin.short_link in text
        assert "the link names no scopes" in text
        address = await in_browser(consent, signin.authorization_url)
        page = await in_browser(visit, address)
        assert "html" in page
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
        assert "Authorization Successful" in shown(app)
        assert "Aurora Books" in shown(app)
        assert stage.workspace.vault.get(entry.id).authorized
        assert [screen.__class__.__name__ for screen in app.screen_stack] == [
            "ManageScreen",
            "SuccessScreen",
        ]


async def test_the_answer_can_be_pasted_whatever_has_the_focus(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        assert isinstance(app.focused, UrlPanel)
        address = await in_browser(consent, signin.authorization_url)
        wrapped = "\n".join(address[at_ : at_ + 40] for at_ in range(0, len(address), 40))
        await paste(pilot, f"\n{wrapped}\n")
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
        assert stage.workspace.vault.get(entry.id).authorized


async def test_a_code_typed_by_hand_is_not_drawn_and_enter_takes_it(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        address = await in_browser(consent, signin.authorization_url)
        code = urlsplit(address).query.split("&")[0].removeprefix("code=")
        await pilot.press("tab")
        while not isinstance(app.focused, PasteInput):
            await pilot.press("tab")
        await paste(pilot, code)
        assert code not in shown(app)
        assert signin.look_at(code) in words(app)
        await pilot.press("enter")
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")


async def test_rule_47_a_wrong_paste_is_explained_and_the_sign_in_goes_on(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await paste(pilot, f"http://127.0.0.1:{stage.port}/callback?code=abc&state=of-another")
        assert app.screen.query_one("#paste-words").has_class("-wrong")
        assert "✕" in shown(app)
        assert "of-another" not in shown(app)
        assert signin.state is SignInState.WAITING
        address = await in_browser(consent, signin.authorization_url)
        await paste(pilot, address)
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")


async def test_denied_is_said_here_with_a_new_link_one_key_away(home: Path) -> None:
    with Stage(home, Behaviour(deny=True)) as stage:
        entry = stage.configured()
        app = stage.app()
        async with app.run_test(size=(80, 24)) as pilot:
            signin = await opened(app, entry, pilot)
            first = signin.authorization_url
            address = await in_browser(consent, first)
            await in_browser(visit, address)
            await until(pilot, lambda: "Access was denied" in shown(app), "the words")
            assert "access_denied" in shown(app)
            assert "New link" in shown(app)
            assert not stage.workspace.vault.get(entry.id).authorized
            stage.provider.application.behaviour = Behaviour()
            await pilot.press("ctrl+n")
            again = app.signins.get(entry.id)
            assert again is not None
            assert again.authorization_url != first
            await until(pilot, lambda: again.listening, "the callback server")
            address = await in_browser(consent, again.authorization_url)
            await in_browser(visit, address)
            await until(pilot, lambda: at(app, "success"), "Authorization Successful")


async def test_a_wrong_secret_is_said_and_leads_to_configure(stage: Stage) -> None:
    entry = stage.configured()
    entries.configure_entry(stage.workspace, entry, client_secret=Secret("not-the-secret"))
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await paste(pilot, await in_browser(consent, signin.authorization_url))
        await until(pilot, lambda: "Not authorized" in shown(app), "the words")
        assert "not-the-secret" not in app.export_screenshot()
        assert "^e Configure" in shown(app)
        assert "^x Cancel" not in shown(app)
        await pilot.press("e")
        await until(pilot, lambda: at(app, "configure"), "Configure OAuth")


async def test_an_expired_sign_in_says_so(home: Path) -> None:
    with Stage(home) as stage:
        entry = stage.configured()
        ahead = [0.0]
        stage.workspace._clock = lambda: time.time() + ahead[0]
        app = stage.app()
        async with app.run_test(size=(80, 24)) as pilot:
            await until(pilot, lambda: at(app, "manage"), "the list")
            app.signins.begin(entry)
            ahead[0] = 600.5
            app.open_authorize(entry.id)
            await until(pilot, lambda: "Time is up" in shown(app), "the words")
            assert "New link" in shown(app)
            ahead[0] = 0.0
            await pilot.press("enter")
            await until(pilot, lambda: "Listening on" in shown(app), "a new link")
            assert "Time is up" not in shown(app)


async def test_a_taken_port_is_named_and_pasting_still_works(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    with socket.socket() as other:
        other.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        other.bind(("127.0.0.1", stage.port))
        other.listen()
        async with app.run_test(size=(80, 24)) as pilot:
            signin = await opened(app, entry, pilot)
            assert f"▲ Port {stage.port}" in shown(app)
            assert "paste" in words(app)
            assert signin.short_link == ""
            await paste(pilot, await in_browser(consent, signin.authorization_url))
            await until(pilot, lambda: at(app, "success"), "Authorization Successful")


async def test_leaving_goes_on_waiting_and_cancel_ends(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("escape")
        assert at(app, "manage")
        assert signin.state is SignInState.WAITING
        assert await opened(app, entry, pilot) is signin
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "Cancelled" in shown(app), "the words")
        assert signin.state is SignInState.CANCELLED
        await pilot.press("escape")
        assert at(app, "manage")
        with pytest.raises(ConnectionRefusedError), socket.socket() as probe:
            probe.connect(("127.0.0.1", stage.port))


async def test_an_answer_after_the_screen_was_left_is_stored_and_said(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24), notifications=True) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("escape")
        address = await in_browser(consent, signin.authorization_url)
        await in_browser(visit, address)
        await until(
            pilot, lambda: stage.workspace.vault.get(entry.id).authorized, "the stored tokens"
        )
        await until(pilot, lambda: "Authorization Successful" in words(app), "the toast")
        assert at(app, "manage")


async def test_several_sign_ins_wait_at_once(stage: Stage) -> None:
    first, second = stage.configured("first"), stage.configured("second")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        one = await opened(app, first, pilot)
        await pilot.press("escape")
        two = await opened(app, second, pilot)
        assert len(app.signins.waiting) == 2
        address = await in_browser(consent, one.authorization_url)
        await in_browser(visit, address)
        await until(pilot, lambda: one.ended, "the first one's end")
        assert at(app, "authorize")
        assert two.state is SignInState.WAITING
        address = await in_browser(consent, two.authorization_url)
        await in_browser(visit, address)
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")
        assert "second" in shown(app)
        assert stage.workspace.vault.get(first.id).authorized


async def test_what_ends_below_the_help_screen_is_shown_afterwards(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("f1")
        await until(pilot, lambda: not at(app, "authorize"), "the help")
        address = await in_browser(consent, signin.authorization_url)
        await in_browser(visit, address)
        await until(pilot, lambda: signin.ended, "the end")
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "success"), "Authorization Successful")


async def test_a_browser_that_reached_the_terminal_is_told(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await in_browser(visit, f"http://127.0.0.1:{stage.port}/")
        await until(pilot, lambda: "Your browser reaches this terminal" in shown(app), "the words")
        assert app.screen.query_one("#status").has_class("-reached")


async def test_keys_copy_the_link_with_and_without_ctrl(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        for keys in (("c",), ("ctrl+y",), ("tab", "tab", "tab", "tab", "tab", "ctrl+y")):
            app._clipboard = ""
            await pilot.press(*keys)
            await until(pilot, lambda: app.clipboard == signin.authorization_url, str(keys))
        assert "sent to" in shown(app)


async def test_letters_type_in_the_paste_field_and_ctrl_keys_still_work(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        field = app.screen.query_one(PasteInput)
        field.focus()
        await pilot.press("q", "c", "o")
        assert field.value == "qco"
        assert not app.screen.has_class("-qr")
        await pilot.press("ctrl+x")
        await until(pilot, lambda: signin.ended, "the end")


async def test_the_qr_code_names_the_size_it_needs_or_is_shown(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await pilot.press("q")
        await until(pilot, lambda: "needs a terminal of" in words(app), "the words")
        await pilot.press("escape")
        assert at(app, "authorize")
        assert not app.screen.query_one(QrView).display
        await pilot.resize_terminal(200, 60)
        await pilot.press("ctrl+r")
        await until(pilot, lambda: "█▀▀▀▀▀█" in shown(app), "the code")
        await pilot.press("ctrl+x")
        await until(pilot, lambda: "was cancelled" in words(app), "the end")
        assert "For a phone" not in words(app)


async def test_the_ssh_line_is_shown_over_ssh_and_on_request_elsewhere(home: Path) -> None:
    with Stage(home, SSH_CONNECTION="10.0.0.9 50000 192.0.2.7 2222") as stage:
        entry = stage.configured()
        app = stage.app()
        line = f"ssh -N -L {stage.port}:127.0.0.1:{stage.port} -p 2222 ada@192.0.2.7"
        async with app.run_test(size=(80, 24)) as pilot:
            await opened(app, entry, pilot)
            assert line in words(app)
            await pilot.press("s")
            await until(pilot, lambda: app.clipboard == line, "the copy")


async def test_the_ssh_line_comes_by_key_without_ssh(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        assert "ssh -N" not in shown(app)
        await pilot.press("ctrl+t")
        await until(pilot, lambda: "ssh -N -L" in shown(app), "the line")


async def test_an_https_callback_comes_with_the_certificate_s_fingerprint(stage: Stage) -> None:
    entry = stage.configured(service="practice-https")
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        assert len(signin.fingerprint) == 95
        assert "so the browser warns" in words(app)
        assert signin.fingerprint in "".join(words(app).replace(" ", ":").split())
        assert app.screen.query_one("#authorize-body").max_scroll_y == 0


def _program(folder: Path, name: str, record: Path) -> None:
    path = folder / name
    path.write_text(f'#!/bin/sh\nfor word in "$@"; do echo "$word" >> "{record}"; done\n')
    path.chmod(0o700)


async def test_trap_3_on_a_server_no_browser_is_ever_opened(tmp_path: Path, home: Path) -> None:
    bin_, record = tmp_path / "bin", tmp_path / "record"
    bin_.mkdir()
    for name in ("lynx", "w3m", "www-browser", "xdg-open"):
        _program(bin_, name, record)
    with Stage(home, PATH=f"{bin_}:{os.environ['PATH']}", BROWSER="lynx") as stage:
        entry = stage.configured()
        app = stage.app()
        async with app.run_test(size=(80, 24)) as pilot:
            await opened(app, entry, pilot)
            assert not app.screen.query_one("#open").display
            assert "^o Open" not in shown(app)
            await pilot.press("o", "ctrl+o")
            await pilot.pause(0.2)
            assert not record.exists()


async def test_trap_3_with_a_desktop_the_browser_gets_the_link_alone(
    tmp_path: Path, home: Path
) -> None:
    bin_, record = tmp_path / "bin", tmp_path / "record"
    bin_.mkdir()
    _program(bin_, "xdg-open", record)
    with Stage(home, PATH=f"{bin_}:{os.environ['PATH']}", DISPLAY=":0") as stage:
        entry = stage.configured()
        app = stage.app()
        async with app.run_test(size=(100, 30)) as pilot:
            signin = await opened(app, entry, pilot)
            assert "^o Open" in shown(app)
            await pilot.click("#open")
            await until(pilot, lambda: record.exists() and record.read_text(), "the browser")
            assert record.read_text() == signin.authorization_url + "\n"


async def test_rule_10_and_119_scopes_are_shown_before_the_link_is_opened_and_brackets_are_text(
    stage: Stage,
) -> None:
    entry = entries.create_entry(stage.workspace, "hub", "github")
    nasty = ("[/users]", "[@click=app.quit]x[/]", "[bold")
    entries.configure_entry(
        stage.workspace, entry, client_id="[/]", client_secret=Secret("x"), scopes=nasty
    )
    app = stage.app()
    async with app.run_test(size=(100, 30)) as pilot:
        signin = await opened(app, entry, pilot)
        assert ", ".join(nasty) in words(app)
        state = signin.attempt.state
        await paste(
            pilot,
            f"http://127.0.0.1:{stage.port}/callback?error=access_denied&state={state}"
            "&error_description=%5B%2Fusers%5D%20%1B%5D0%3Bowned%07",
        )
        await until(pilot, lambda: "Access was denied" in shown(app), "the words")
        assert app.is_running
        assert "\x1b" not in shown(app)


async def test_trap_9_the_link_stands_whole_on_every_size(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(60, 20)) as pilot:
        signin = await opened(app, entry, pilot)
        for size in ((60, 20), (80, 24), (120, 40), (200, 60)):
            await pilot.resize_terminal(*size)
            await pilot.pause()
            joined = "".join(
                line.strip("│▁▂▃▄▅▆▇█ ") for line in shown(app).splitlines() if "│" in line
            )
            assert signin.authorization_url in joined, size


async def test_an_entry_without_credentials_leads_to_the_words_for_it(stage: Stage) -> None:
    entry = stage.created()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        app.open_authorize(entry.id)
        await until(pilot, lambda: at(app, "problem"), "the message")
        assert "not configured" in words(app)
        await pilot.press("c")
        await until(pilot, lambda: "not configured" in app.clipboard, "the copy")
        await pilot.press("escape")
        assert at(app, "manage")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40), (200, 60)])
async def test_every_button_can_be_reached_at_every_size(
    stage: Stage, size: tuple[int, int]
) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=size) as pilot:
        await opened(app, entry, pilot)
        for button in app.screen.query(Button).results(Button):
            if button.display and button.region:
                button.scroll_visible(animate=False)
                await pilot.pause()
                assert button.region in app.screen.region, button.id


async def test_what_a_wrong_paste_lacks_is_seen_although_the_qr_code_was_open(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        await pilot.press("q")
        await paste(pilot, f"http://127.0.0.1:{stage.port}/callback?code=abc&state=of-another")
        await until(pilot, lambda: "belongs to another sign-in" in words(app), "the words")
        assert not app.screen.has_class("-qr")


async def test_the_list_does_not_say_waiting_of_what_has_ended(stage: Stage) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        signin = await opened(app, entry, pilot)
        await pilot.press("escape")
        await until(pilot, lambda: "goes on waiting" in shown(app), "the quiet line")
        signin.cancel()
        await until(pilot, lambda: "goes on waiting" not in shown(app), "its end")


async def test_with_the_ssh_line_the_browser_is_not_said_to_come_back_by_itself(
    stage: Stage,
) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(80, 24)) as pilot:
        await opened(app, entry, pilot)
        assert "a browser here comes back by itself" in words(app)
        await pilot.press("s")
        await until(pilot, lambda: "from another machine by a tunnel" in words(app), "other words")
        text = words(app)
        assert f"~C, -L {stage.port}:127.0.0.1:{stage.port} (with EnableEscapeCommandline)" in text
        assert f"http://127.0.0.1:{stage.port}/ in the browser; this window tells" in text


@pytest.mark.parametrize("keys", ["ctrl+s", "w"])
async def test_the_link_in_a_file_of_the_persons_own_goes_with_the_sign_in(
    stage: Stage, keys: str
) -> None:
    entry = stage.configured()
    app = stage.app()
    async with app.run_test(size=(240, 40)) as pilot:  # the path in one line
        signin = await opened(app, entry, pilot)
        await pilot.press(keys)
        await until(pilot, lambda: "the link is in" in shown(app), "the words")
        [file] = stage.workspace.places.state.glob("tui-oauth-link-*")
        assert str(file) in words(app)
        assert file.read_text() == f"{signin.authorization_url}\n"
        assert file.stat().st_mode & 0o777 == 0o600
        signin.cancel()
        await until(pilot, lambda: not file.exists(), "the file to go")
