"""Configure OAuth, the guide, the Authorization link in all its states, and what follows, as text."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest
from textual.pilot import Pilot
from textual.widgets import Static

from tests.providers.device_server import DENIED, EXPIRED, device_server
from tests.providers.misbehaving import silence
from tests.providers.pushed_server import DOWN, pushed, pushed_server
from tests.screens.golden import same_as_file
from tests.screens.people import NOW, SIGN_INS, workspace
from tests.tui.stage import at, paste, shown, until
from tui_oauth import signin_push
from tui_oauth.errors import ProviderRefused
from tui_oauth.model import Entry
from tui_oauth.oauth.elsewhere import Ask, ask_line
from tui_oauth.signin import SignIn
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.choice import Remedy

HTTP, HTTPS, FRESH, DONE = SIGN_INS
SIZES = [(80, 24), (120, 40), (60, 20)]
ASK = Ask(
    public_key=bytes(range(32)),
    url="https://app.intercom.com/oauth?response_type=code&client_id=an-id&state=" + "s" * 43,
    redirect_uri="https://localhost:8976/callback",
    state="s" * 43,
    expires_at=NOW + 600,
    service_name="Intercom",
    scopes=(),
)
ASK_LINE = ask_line(ASK)
Step = Callable[[ManageOAuth, Pilot[Any]], Awaitable[None]]

sizes = pytest.mark.parametrize("size", SIZES, ids=lambda size: f"{size[0]}x{size[1]}")


async def picture(home: Path, name: str, size: tuple[int, int], step: Step, **environ: str) -> None:
    """Take `step` in a window of `size` over a list of entries, and compare what is shown then."""
    app = ManageOAuth(workspace(home, entries=SIGN_INS, **environ))
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "signed-in" in shown(app), "the list")
        await step(app, pilot)
        await pilot.pause()
        same_as_file(app, f"{name}-{size[0]}x{size[1]}")


async def _waiting(app: ManageOAuth, pilot: Pilot[Any], entry: Entry = HTTP) -> SignIn:
    app.open_authorize(entry.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(entry.id), "the screen")
    signin = app.signins.get(entry.id)
    assert signin is not None
    await until(pilot, lambda: signin.listening or signin.problem, "the callback server")
    await until(pilot, lambda: "Opening port" not in shown(app), "its words")
    return signin


async def _waiting_http(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _waiting(app, pilot)


async def _waiting_https(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _waiting(app, pilot, HTTPS)


async def _scrolled(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _waiting(app, pilot, HTTPS)
    app.screen.query_one("#paste").focus()
    app.screen.query_one("#authorize-body").scroll_end(animate=False)


async def _qr(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _waiting(app, pilot)
    await pilot.press("q")
    await until(pilot, lambda: "█▀▀▀▀▀█" in shown(app) or "needs a" in shown(app), "the code")


async def _reached(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    """A browser comes through the tunnel; its port is another one here, its words are not."""
    signin = await _waiting(app, pilot)
    assert signin.link is not None
    server = signin.link._server
    assert server is not None
    port = server._listeners[0].getsockname()[1]

    def probe() -> bytes:
        with socket.create_connection(("127.0.0.1", port)) as browser:
            browser.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1:8976\r\n\r\n")
            return browser.recv(65_536)

    assert b"This Browser Reaches" in await asyncio.to_thread(probe)
    await until(pilot, lambda: signin.seen_browser, "the browser")
    app.screen.query_one("#status").scroll_visible(animate=False, immediate=True)
    await until(pilot, lambda: "Your browser reaches this terminal" in shown(app), "the words")


async def _denied(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    signin = await _waiting(app, pilot)
    signin.paste(f"{signin.callback_url}?error=access_denied&state={signin.attempt.state}")
    await until(pilot, lambda: "Access was denied" in shown(app), "the words")


async def _redirect(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    signin = await _waiting(app, pilot)
    signin.paste(f"{signin.callback_url}?error=redirect_uri_mismatch&state={signin.attempt.state}")
    await until(pilot, lambda: "Not authorized" in shown(app), "the words")


async def _expired(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    app.signins.begin(HTTP)
    app.workspace._clock = lambda: NOW + 601
    app.open_authorize(HTTP.id)
    await until(pilot, lambda: "Time is up" in shown(app), "the words")


async def _configure(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    app.open_configure(FRESH.id)
    await until(pilot, lambda: "Copy it from" in shown(app), "the form")


async def _missing(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _configure(app, pilot)
    await pilot.press("ctrl+s")
    await until(pilot, lambda: "Client ID is empty" in shown(app), "the words")


async def _guide(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    app.open_guide("practice", FRESH.id)
    await until(pilot, lambda: "Portal" in shown(app), "the guide")


async def _container(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    app.workspace.machine_files = lambda: {"/.dockerenv": ""}
    await _waiting(app, pilot)


async def _elsewhere(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _waiting(app, pilot)
    await pilot.press("b")
    await until(pilot, lambda: "Check code" in shown(app), "the line")


async def _visit(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await pilot.press("b")
    await until(pilot, lambda: "Paste its line here" in shown(app), "the field")


async def _visit_asked(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _visit(app, pilot)
    await paste(pilot, ASK_LINE)
    await until(pilot, lambda: "Check code" in shown(app), "what it asks for")


async def _visit_answered(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    await _visit_asked(app, pilot)
    await paste(pilot, f"{ASK.redirect_uri}?code=a-code&state={ASK.state}")
    await until(pilot, lambda: "Sealed" in shown(app), "the answer")


async def _success(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    app.open_success(DONE.id)
    await until(pilot, lambda: "Use it" in shown(app), "the facts")


async def _problem(app: ManageOAuth, pilot: Pilot[Any]) -> None:
    refused = ProviderRefused(
        "Practice provider says: the client is unknown. [/users] is what it asks about.",
        "Compare the client ID with the one at the provider.",
        code="invalid_client",
        status=401,
    )
    remedy = Remedy("Configure OAuth", app.action_help)
    app.show_problem(refused, "The token cannot be refreshed", remedy)
    await until(pilot, lambda: "HTTP status" in shown(app), "the message")


@sizes
@pytest.mark.parametrize(
    ("name", "step"),
    [
        ("configure", _configure),
        ("configure-missing", _missing),
        ("guide", _guide),
        ("authorize", _waiting_http),
        ("authorize-https", _waiting_https),
        ("authorize-https-end", _scrolled),
        ("authorize-qr", _qr),
        ("authorize-reached", _reached),
        ("authorize-denied", _denied),
        ("authorize-redirect", _redirect),
        ("authorize-expired", _expired),
        ("authorize-container", _container),
        ("elsewhere", _elsewhere),
        ("visit", _visit),
        ("visit-asked", _visit_asked),
        ("visit-answered", _visit_answered),
        ("success", _success),
        ("problem", _problem),
    ],
    ids=lambda part: part if isinstance(part, str) else "",
)
@pytest.mark.usefixtures("no_chance")
async def test_the_screen_is_as_it_was_reviewed(
    home: Path, name: str, step: Step, size: tuple[int, int]
) -> None:
    await picture(home, name, size, step)


async def device_picture(
    home: Path, name: str, size: tuple[int, int], words: str, *, link: bool = True, **script: Any
) -> None:
    """The window of an entry whose provider gives device codes, once `words` stand there."""
    pages = {
        "verification_uri": "https://living-room.example/activate",
        "verification_uri_complete": "https://living-room.example/activate?user_code=WDJB-MJHT",
        "user_code": "WDJB-MJHT",
    }
    with device_server(code=lambda server: server.good_code(**pages), **script) as server:
        made = workspace(home, entries=SIGN_INS)
        entry = server.entry(made, "tv", link=link)
        app = ManageOAuth(made)
        async with app.run_test(size=size, notifications=True) as pilot:
            app.open_authorize(entry.id)
            if link and name == "authorize-device":
                await until(
                    pilot,
                    lambda: (
                        at(app, "authorize")
                        and "waits; ^g" in str(app.screen.query_one("#code-words", Static).visual)
                    ),
                    "the words beside the link",
                )
                same_as_file(app, f"{name}-beside-{size[0]}x{size[1]}", server.port)
                await pilot.press("g")
            await until(pilot, lambda: at(app, "authorize") and words in shown(app), words)
            await pilot.pause()
            same_as_file(app, f"{name}-{size[0]}x{size[1]}", server.port)
            if name == "authorize-device":
                await pilot.press("q")
                await until(
                    pilot, lambda: "█▀▀▀▀▀█" in shown(app) or "needs a" in shown(app), "the picture"
                )
                await until(pilot, lambda: "For a phone" in shown(app), "its words")
                same_as_file(app, f"{name}-qr-{size[0]}x{size[1]}")


@sizes
@pytest.mark.usefixtures("no_chance")
async def test_rule_101_the_device_code_while_it_waits(home: Path, size: tuple[int, int]) -> None:
    await device_picture(home, "authorize-device", size, "Waiting until")


@sizes
@pytest.mark.usefixtures("no_chance")
@pytest.mark.parametrize(("name", "answer"), [("denied", DENIED), ("expired", EXPIRED)])
async def test_how_a_device_code_ends(
    home: Path, size: tuple[int, int], name: str, answer: Any
) -> None:
    title = "Access was denied" if name == "denied" else "Time is up"
    await device_picture(home, f"authorize-device-{name}", size, title, link=False, polls=[answer])


@sizes
@pytest.mark.usefixtures("no_chance")
async def test_a_code_that_ended_beside_a_link(home: Path, size: tuple[int, int]) -> None:
    words = "one key away"
    await device_picture(home, "authorize-device-ended", size, words, polls=[EXPIRED])


@sizes
@pytest.mark.usefixtures("no_chance")
@pytest.mark.parametrize(
    ("name", "script", "words"),
    [
        ("asking", [silence], "Asking Signpost"),
        ("no-newer", [pushed(1, lifetime=1), DOWN], "no newer link"),
    ],
    ids=["asking", "no-newer"],
)
async def test_rule_11_a_link_that_the_provider_is_asked_for(
    home: Path,
    size: tuple[int, int],
    name: str,
    script: list[Any],
    words: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(signin_push, "SHORTEST_PAUSE", 0.05)
    with pushed_server(*script) as server:
        made = workspace(home, entries=SIGN_INS)
        entry = server.entry(made)
        app = ManageOAuth(made)
        async with app.run_test(size=size, notifications=True) as pilot:
            app.open_authorize(entry.id)
            await until(pilot, lambda: at(app, "authorize") and words in shown(app), words)
            await pilot.pause()
            same_as_file(app, f"authorize-{name}-{size[0]}x{size[1]}", server.port)


@sizes
@pytest.mark.usefixtures("no_chance")
async def test_over_ssh_the_line_for_the_laptop_is_there(home: Path, size: tuple[int, int]) -> None:
    remote = {"SSH_CONNECTION": "198.51.100.9 50000 192.0.2.7 22", "USER": "ada"}
    await picture(home, "authorize-ssh", size, _waiting_http, **remote)


@sizes
@pytest.mark.usefixtures("no_chance")
async def test_without_colour_it_says_the_same(home: Path, size: tuple[int, int]) -> None:
    """The picture of the window in colour: nothing in it is said by a colour alone."""
    await picture(home, "authorize", size, _waiting_http, NO_COLOR="1")


@sizes
@pytest.mark.usefixtures("no_chance")
async def test_a_very_long_link(home: Path, size: tuple[int, int]) -> None:
    scopes = tuple(f"https://scopes.example/area/{number}.read.write" for number in range(60))
    long = HTTPS._replace(service="hubspot", service_name="HubSpot", scopes=scopes)
    app = ManageOAuth(workspace(home, entries=(long,)))
    async with app.run_test(size=size, notifications=True) as pilot:
        await _waiting(app, pilot, long)
        await pilot.pause()
        same_as_file(app, f"authorize-long-{size[0]}x{size[1]}")


@sizes
@pytest.mark.usefixtures("taken")
async def test_a_taken_port_leaves_the_paste_field(home: Path, size: tuple[int, int]) -> None:
    await picture(home, "authorize-taken", size, _waiting_http)
