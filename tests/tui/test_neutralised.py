"""Hostile texts in every place where a text from outside is shown, on every screen (rules 118, 119).

Each screen is opened with them in whatever it shows; then nothing on it acts on a terminal, none of
it is markup, the app still runs, and the text can be read.
"""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from stage import at, paste, shown, until
from textual.app import App
from textual.content import Content
from textual.pilot import Pilot
from textual.screen import Screen
from textual.widgets import Static

from tests.hostile.foreign_vault import ENTRIES, HELD, NOW, fill
from tests.hostile.texts import (
    MARKUP,
    PLAIN,
    check_screen,
    hostile,
    hostile_path,
    screen_words,
)
from tests.providers.device_server import device_server
from tests.stage import free_port
from tui_oauth import audit
from tui_oauth.conflicts import Difference, Version
from tui_oauth.entries import configure_entry, create_entry
from tui_oauth.errors import ProviderRefused, VaultDamaged
from tui_oauth.model import Entry
from tui_oauth.oauth.elsewhere import Ask, ask_line
from tui_oauth.oauth.http import Request, Response
from tui_oauth.paths import Places
from tui_oauth.programs import Program
from tui_oauth.secret import Secret
from tui_oauth.settings import CallbackSettings, Settings
from tui_oauth.tui import screens
from tui_oauth.tui.app import ManageOAuth
from tui_oauth.tui.extracting import Wanted
from tui_oauth.tui.forms import Form
from tui_oauth.vault import create_vault
from tui_oauth.vault.health.findings import Report
from tui_oauth.vault.health.salvage import Lost, Salvage, Saved
from tui_oauth.workspace import Workspace


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Workspace:
    """A home whose own path is hostile, with a vault that a foreign program has filled."""
    home = tmp_path / hostile_path("home")
    home.mkdir()
    places = Places(
        vault=home / "vault.json",
        key_file=home / "vault.key",
        settings=home / "config.toml",
        own_services=home / "services",
        state=home / "state",
    )
    environ = {
        "HOME": str(home.parent),
        "TERM": "xterm-256color",
        "USER": hostile("user"),
        "SSH_CONNECTION": "198.51.100.9 50000 192.0.2.7 22",
    }
    settings = Settings(callback=CallbackSettings(port=free_port()))
    made = Workspace(environ, places, settings, clock=lambda: NOW)
    made.use_vault(create_vault(places))
    fill(made, monkeypatch)
    return made


@pytest.fixture(autouse=True)
def _sources_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the last net (`harmless`): the places themselves have to be right."""
    monkeypatch.setattr(ManageOAuth, "get_line_filters", App.get_line_filters)


Step = Callable[[Pilot[Any], ManageOAuth], Awaitable[None]]


def pressing(*keys: str) -> Step:
    async def step(pilot: Pilot[Any], app: ManageOAuth) -> None:
        await pilot.press(*keys)

    return step


def calling(method: str, *arguments: Any, **named: Any) -> Step:
    async def step(pilot: Pilot[Any], app: ManageOAuth) -> None:
        getattr(app, method)(*arguments, **named)

    return step


def _report() -> Report:
    report = Report()
    report.damage("x", hostile("damage"), hostile("advice"))
    report.warn("y", hostile("warning"), hostile("advice"))
    report.note("z", hostile("note"))
    report.done(hostile("done"))
    report.skip(hostile("skipped"), hostile("why"))
    return report


def _failing(answers: Any) -> None:
    raise ProviderRefused(PLAIN, PLAIN)


DIFFERENCES = [
    Difference("client_id", "Client ID", hostile("mine"), hostile("theirs"), True, True),
    Difference("variable", hostile("label"), hostile("a"), hostile("b"), True, False),
]
SALVAGED = Salvage(
    Path(hostile("out").replace("\x00", "")),
    [Saved(hostile("saved"), "0" * 32, 2, mended=True)],
    [Lost(hostile("lost"), "1" * 32, hostile("why"), (Path("copy[/]\x1b[2J"),))],
    proven=False,
    header_from=None,
)
REFUSED = ProviderRefused(
    f"{hostile('message')}\n{PLAIN}", hostile("advice"), code=hostile("code"), status=400
)
FORM = Form(PLAIN, PLAIN, PLAIN, PLAIN, _failing)
INCOMING = [(one._replace(id=f"{number + 90:032x}"), HELD) for number, one in enumerate(ENTRIES)]


async def _elsewhere(pilot: Pilot[Any], app: ManageOAuth) -> None:
    made = await _signing_in(app, pilot, 9)
    signin = app.signins.get(made.id)
    assert signin is not None
    app.open_elsewhere(signin)


async def _visit(pilot: Pilot[Any], app: ManageOAuth) -> None:
    """A line that somebody else made: what can be shown of it at all may still be markup."""
    app.open_visit()
    await until(pilot, lambda: at(app, "visit"), "the screen")
    ask = Ask(
        public_key=b"k" * 32,
        url="https://as.example/[@click=app.owned]?state=ssssssss",
        redirect_uri="http://127.0.0.1:1/callback",
        state="s" * 8,
        expires_at=app.workspace.now() + 600,
        service_name="visited[/][0] [@click=app.owned]x[/]",
        scopes=("[/users]", hostile("scope").replace("\ud800", "")),
    )
    await paste(pilot, ask_line(ask))


# The name of the screen, how it is opened, and a text that has to stand on it; empty where the
# screen shows nothing from outside.
SCREENS: dict[str, tuple[Step, str]] = {
    "ManageScreen": (pressing("down", "up"), "name1[/][0]"),
    "DetailsScreen": (calling("open_details", hostile("name"), []), "name[/][0]"),
    "ConfirmScreen": (
        calling(
            "ask", hostile("question"), hostile("explanation"), yes=PLAIN, no=PLAIN, done=print
        ),
        "question[/][0]",
    ),
    "RenameScreen": (calling("open_rename", ENTRIES[0], print), "name1[/][0]"),
    "ConfigureScreen": (calling("open_configure", ENTRIES[2].id), "zz[/][0]"),
    "AuthorizeScreen": (calling("open_authorize", ENTRIES[2].id), "name3[/][0]"),
    "ElsewhereScreen": (_elsewhere, ""),
    "VisitScreen": (_visit, "visited[/][0]"),
    "SuccessScreen": (calling("open_success", ENTRIES[0].id), "account[/][0]"),
    "GuideScreen": (calling("open_guide", "evil", ENTRIES[2].id), "zz[/][0]"),
    "CallbacksScreen": (calling("open_callbacks", ENTRIES[0], print), "name1[/][0]"),
    "CreateScreen": (pressing("n"), ""),
    "FromUrlScreen": (calling("open_from_url", print, hostile("typed")), "typed[/][0]"),
    "ProblemScreen": (calling("show_problem", REFUSED, hostile("title")), "message[/][0]"),
    "ResultScreen": (
        calling("show_result", hostile("title"), [hostile("one"), hostile("two")]),
        "one[/][0]",
    ),
    "UnopenedScreen": (
        calling("open_unopened", VaultDamaged(hostile("damage"), hostile("advice")), print),
        "damage[/][0]",
    ),
    "FirstRunScreen": (calling("open_first_run", print), ""),
    "UnlockScreen": (calling("open_unlock", ["passphrase"], print), ""),
    "VaultScreen": (pressing("v"), "home[:][0]"),
    "FindingsScreen": (calling("open_findings", _report()), "damage[/][0]"),
    "SalvagedScreen": (calling("open_salvaged", SALVAGED), "lost[/][0]"),
    "NewKeyScreen": (pressing("v", "a"), ""),
    "RecoveryCodeScreen": (calling("open_code", Secret("0000-1111"), print), ""),
    "VaultFormScreen": (calling("open_form", FORM, print), "zz[/][0]"),
    "ImportScreen": (calling("open_import", INCOMING, print), "name1[/][0]"),
    "ConflictScreen": (
        calling("open_conflict", DIFFERENCES, Version(ENTRIES[0], HELD), print),
        "theirs[/][0]",
    ),
    "TrafficScreen": (pressing("f3"), "refresh[/][0]"),
    "AuditScreen": (calling("open_audit"), "program[/][0]"),
    "MarksScreen": (calling("open_marks", ENTRIES[2]), "name3[/][0]"),
    "ExtractScreen": (calling("open_extract", ENTRIES[0]), "name1[/][0]"),
    "ExtractingScreen": (
        calling(
            "open_extracting", ENTRIES[0], Wanted((hostile("tags"),), "duckdb", None, False, 1)
        ),
        "name1[/][0]",
    ),
    "RowsScreen": (
        calling("open_rows", ENTRIES[0], hostile("tags"), [{hostile("column"): hostile("cell")}]),
        "cell[/][0]",
    ),
    "HelpScreen": (pressing("question_mark"), ""),
}


def _screen_classes() -> set[str]:
    found: set[str] = set()
    for module in pkgutil.iter_modules(screens.__path__):
        loaded = importlib.import_module(f"{screens.__name__}.{module.name}")
        found |= {
            name
            for name, value in inspect.getmembers(loaded, inspect.isclass)
            if issubclass(value, Screen) and value.__module__ == loaded.__name__
        }
    return found


def test_every_screen_has_its_turn() -> None:
    assert set(SCREENS) == _screen_classes()


def _with_record(workspace: Workspace) -> None:
    """Who took which token, by programs of bad names, and a line that somebody else has written."""
    for entry in ENTRIES:
        who = Program(1, 2, hostile("program"), hostile("name"))
        audit.note(workspace, entry.id, "token", who, refused=True)
    with (workspace.places.state / audit.FILE).open("a", errors="replace") as record:
        record.write(f"1\t{hostile('id')}\t{hostile('way')}\t1\t1\tgiven\tx\t{hostile('path')}\n")


def _with_traffic(app: ManageOAuth) -> None:
    request = Request("GET", "https://as.example/", hostile("refresh"))
    body = b'{"error": "[/users]", "error_description": "\\u001b[2J[@click=app.owned]x[/]"}'
    answer = Response(400, {"content-type": "application/json"}, body)
    app.traffic.ended(app.traffic.began(request), answer)


# Those that look otherwise where there is little room.
NARROW = (
    "ManageScreen",
    "AuthorizeScreen",
    "ConfigureScreen",
    "GuideScreen",
    "TrafficScreen",
    "AuditScreen",
)
WINDOWS = [(name, (120, 50)) for name in SCREENS] + [(name, (60, 20)) for name in NARROW]


@pytest.mark.parametrize(("name", "size"), WINDOWS, ids=str)
async def test_rule_118_and_119_on_every_screen(
    workspace: Workspace, name: str, size: tuple[int, int]
) -> None:
    step, expected = SCREENS[name]
    app = ManageOAuth(workspace)
    async with app.run_test(size=size, notifications=True) as pilot:
        await until(pilot, lambda: "6 entries" in shown(app), "the list")
        _with_traffic(app)
        _with_record(workspace)
        await step(pilot, app)
        await until(pilot, lambda: type(app.screen).__name__ == name, name)
        # Whatever it reads beside: the look-over of the vault, the callback server.
        waited = [one for one in app.workers if one.group in {"job", "read", "health"}]
        if waited:
            await app.workers.wait_for_complete(waited)
        await pilot.pause()
        check_screen(app)
        if expected and size[0] > 100:
            await until(pilot, lambda: expected in screen_words(app), expected)
        for _ in range(6):  # what is below the fold, and what a field says once it has the focus
            await pilot.press("tab")
            await pilot.pause()
            check_screen(app)
        assert app.is_running


async def test_rule_118_and_119_whatever_is_done_with_such_entries(workspace: Workspace) -> None:
    """Every key of the list, on every entry: questions, failures, toasts, the quiet line."""
    app = ManageOAuth(workspace)
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await until(pilot, lambda: "6 entries" in shown(app), "the list")
        for _ in ENTRIES:
            for key in (
                "enter",
                "a",
                "t",
                "r",
                "k",
                "g",
                "u",
                "x",
                "d",
                "f2",
                "i",
                "w",
                "p",
                "c",
                "s",
            ):
                await pilot.press(key)
                await app.workers.wait_for_complete(
                    [worker for worker in app.workers if worker.group == "job"]
                )
                await pilot.pause()
                check_screen(app)
                while not at(app, "manage") or len(app.screen_stack) > 1:
                    await pilot.press("escape")
                    await pilot.pause()
                    check_screen(app)
            await pilot.press("down")
        await pilot.press("slash", *"zz[/]")
        await pilot.pause()
        check_screen(app)
        await pilot.press("escape", "ctrl+p")
        await pilot.pause()
        check_screen(app)
        assert app.is_running


async def _signing_in(app: ManageOAuth, pilot: Pilot[Any], port: int) -> Entry:
    """The Authorization link of a fresh entry of the hostile service at `port`."""
    made = create_entry(app.workspace, "fresh", "evil", {"port": str(port)})
    made = configure_entry(
        app.workspace, made, client_id="client", client_secret=Secret("a-secret")
    )
    app.open_authorize(made.id)
    await until(pilot, lambda: at(app, "authorize") and app.signins.get(made.id), "the link")
    signin = app.signins.get(made.id)
    assert signin is not None
    await until(pilot, lambda: signin.listening or signin.problem, "the callback server")
    return made


@pytest.mark.parametrize("size", [(120, 50), (80, 24), (60, 20)], ids=str)
async def test_rule_118_and_119_and_101_a_device_code_and_its_refusal(
    workspace: Workspace, size: tuple[int, int]
) -> None:
    with device_server() as server:
        server.code = server.good_code(
            user_code="[/][@click=app.owned]x",
            verification_uri="https://as.example/[@click=app.owned]",
        )
        declined = {"error": "access_denied", "error_description": hostile("declined")}
        server.polls = ["reset", declined]
        app = ManageOAuth(workspace)
        async with app.run_test(size=size, notifications=True) as pilot:
            entry = await _signing_in(app, pilot, server.port)
            signin = app.signins.get(entry.id)
            assert signin is not None
            if signin.device is None:
                signin.start_device()
            await until(pilot, lambda: server.polled, "a poll")
            check_screen(app)
            await until(pilot, lambda: signin.ended, "the refusal")
            await until(pilot, lambda: "declined[/][0]" in screen_words(app), "its words")
            check_screen(app)
            await pilot.press("escape")
            await until(pilot, lambda: at(app, "manage"), "the list")
            check_screen(app)


async def test_rule_118_and_119_answers_of_the_browser_and_pastes(workspace: Workspace) -> None:
    app = ManageOAuth(workspace)
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        entry = await _signing_in(app, pilot, 9)
        signin = app.signins.get(entry.id)
        assert signin is not None
        assert signin.attempt is not None
        for text in (
            f"ftp://x/{hostile('pasted')}", f"https://{MARKUP}.example/?code=x", f"http://127.0.0.1:1/{MARKUP}?state={MARKUP}",
            f"{signin.callback_url}?state=no&error={MARKUP}", "\x1b[2J" * 50, "[/]",
        ):  # fmt: skip
            await paste(pilot, text)
            await pilot.pause()
            check_screen(app)
            assert not signin.ended
        error = quote(hostile("browser").replace("\ud800", ""))
        answer = f"{signin.callback_url}?state={signin.attempt.state}&error={error}"
        await paste(pilot, f"{answer}&error_description={error}&error_uri={error}")
        await until(pilot, lambda: signin.ended, "the refusal")
        await until(pilot, lambda: "browser[/][0]" in screen_words(app), "its words")
        check_screen(app)
        await pilot.press("f3")
        await until(pilot, lambda: at(app, "traffic"), "the traffic")
        check_screen(app)
        await pilot.press("escape", "escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
        # An answer that comes while the list is shown is told in a toast.
        app.open_authorize(entry.id)
        await until(pilot, lambda: at(app, "authorize"), "the link")
        await pilot.press("ctrl+n")
        again = app.signins.get(entry.id)
        assert again is not None
        await until(pilot, lambda: app.signins.get(entry.id) is not signin, "a new link")
        again = app.signins.get(entry.id)
        assert again is not None
        assert again.attempt is not None
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
        again.paste(f"{again.callback_url}?state={again.attempt.state}&error={error}")
        await until(pilot, lambda: "browser[/][0]" in screen_words(app), "the toast")
        check_screen(app)


async def test_rule_118_and_119_forms_that_are_filled_in_with_them(workspace: Workspace) -> None:
    """What a person types or pastes is outside text as well."""
    app = ManageOAuth(workspace)
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await until(pilot, lambda: "6 entries" in shown(app), "the list")
        await pilot.press("n", *"zz")
        await until(pilot, lambda: "zz[/][0]" in screen_words(app), "the service")
        check_screen(app)
        for _ in range(4):
            await pilot.press("tab")
            await paste(pilot, hostile("typed"))
            await pilot.pause()
            check_screen(app)
        await pilot.press("ctrl+s")
        await pilot.pause()
        check_screen(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
        app.open_configure(ENTRIES[2].id)
        await until(pilot, lambda: at(app, "configure"), "the form")
        for _ in range(4):
            await paste(pilot, hostile("typed"))
            await pilot.press("tab")
            await pilot.pause()
            check_screen(app)
        await pilot.press("ctrl+s")
        await pilot.pause()
        check_screen(app)
        await pilot.press("escape")
        await until(pilot, lambda: at(app, "manage"), "the list")
        await pilot.press("v", "x")  # export: a path and a passphrase
        await pilot.pause()
        await paste(pilot, f"/nowhere/{hostile('path')}")
        await pilot.press("ctrl+s")
        await pilot.pause()
        check_screen(app)
        await pilot.press("escape", "i")
        await pilot.pause()
        await paste(pilot, f"/nowhere/{hostile('path')}")
        await pilot.press("tab")
        await paste(pilot, "some words of a passphrase")
        await pilot.press("ctrl+s")
        await app.workers.wait_for_complete(
            [worker for worker in app.workers if worker.group == "job"]
        )
        await pilot.pause()
        check_screen(app)


async def test_rule_119_what_is_said_is_never_markup(workspace: Workspace) -> None:
    """Each of the ways to say something, with a text as a foreign vault may bring it in."""
    app = ManageOAuth(workspace)
    async with app.run_test(size=(120, 50), notifications=True) as pilot:
        await until(pilot, lambda: "6 entries" in shown(app), "the list")
        app.notify(hostile("toast"), title=hostile("title"))
        app.screen.notify(hostile("other"), severity="error")
        app.say(hostile("said"))
        await until(pilot, lambda: "toast[/][0]" in screen_words(app), "the toast")
        assert "said[/][0]" in screen_words(app)
        check_screen(app)
        app.copy("text", hostile("copied"))
        await until(pilot, lambda: "copied[/][0]" in screen_words(app), "the words")
        check_screen(app)


class TestTheLastNet:
    """Should one place have forgotten to neutralise, the terminal still gets letters only."""

    @pytest.fixture(autouse=True)
    def _sources_alone(self) -> None:
        """Here the net is not taken away."""

    async def test_rule_118_what_is_not_neutralised_is_taken_out_when_it_is_drawn(
        self, workspace: Workspace
    ) -> None:
        app = ManageOAuth(workspace)
        async with app.run_test(size=(120, 50)) as pilot:
            await until(pilot, lambda: "6 entries" in shown(app), "the list")
            raw = Static(Content(hostile("raw")), markup=False)
            raw.border_title = Content(hostile("title"))
            raw.styles.border = ("round", "white")
            await app.screen.mount(raw, before=0)
            await until(pilot, lambda: "raw[/][0]" in screen_words(app), "the text")
            check_screen(app)
            lines = app.screen._compositor.render_strips()
            assert {strip.cell_length for strip in lines} == {120}
