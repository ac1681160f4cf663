"""Manage OAuth as a Textual app: screens by name, signals, clipboard, a crash report without secrets."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
import threading
from collections.abc import Iterable, Sequence
from concurrent.futures import Future
from typing import TYPE_CHECKING, Any

from rich.text import Text
from textual import events
from textual.app import SystemCommand
from textual.screen import Screen

from tui_oauth.hardening import harden
from tui_oauth.letters import ascii_only
from tui_oauth.text import neutralise
from tui_oauth.traffic import Recorder
from tui_oauth.tui import crash, theme
from tui_oauth.tui.ascii_only import AsciiOnly
from tui_oauth.tui.garbage import Garbage
from tui_oauth.tui.harmless import Harmless
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.palette import commands
from tui_oauth.tui.screens.manage import ManageScreen
from tui_oauth.tui.styles import style_sheets
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.windows import Windows

if TYPE_CHECKING:
    from textual.filter import LineFilter
    from textual.notifications import SeverityLevel

    from tui_oauth.signin import SignIns
    from tui_oauth.vault.repository import Listing
    from tui_oauth.workspace import Workspace

POLL_SECONDS = 1.0
CATCH_UP_SECONDS = 0.5  # a widget that waits for the app must not make the app wait for ever
MAX_TOAST = 2_000
_HARMLESS = Harmless()
_ASCII_ONLY = AsciiOnly()


class ManageOAuth(Windows):
    """The window. Its result is an exit code; see `run`."""

    TITLE = "tui-oauth"
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [(0, "-narrow"), (80, "-normal"), (120, "-wide")]  # noqa: RUF012 - Textual's declaration
    VERTICAL_BREAKPOINTS = [(0, "-short"), (24, "-tall")]  # noqa: RUF012 - Textual's declaration
    BINDINGS = bindings("anywhere")

    def __init__(self, workspace: Workspace) -> None:
        super().__init__(css_path=style_sheets())
        self.workspace = workspace
        self.traffic = Recorder(workspace.now)
        """What is sent to providers while the window is open; in memory only."""
        workspace.traffic = self.traffic
        self.early: Future[Listing] | None = None
        """The entries, read while the app starts; taken by the list."""
        if workspace.vault_exists:
            self.early = _read_early(workspace)
        self.level = ""
        """How the open vault is protected, for every title bar; empty until it is open."""
        self._signins: SignIns | None = None
        self._garbage = Garbage()
        self._asked = False
        """Whether the person is asked right now if to leave; asking to leave once more is an answer."""
        self.animation_level = "none"
        self.ascii_only = ascii_only(workspace.environ, workspace.settings.ascii)
        """Whether this terminal is drawn in ASCII."""
        self.register_theme(theme.DARK)
        self.register_theme(theme.LIGHT)
        chosen, self._theme_problem = theme.choose_theme(
            workspace.settings.theme, workspace.environ, self.available_themes
        )
        # The default may already name our theme (TEXTUAL_THEME is read when Textual is imported),
        # from before it was registered: so the variables are set whether or not this is a change.
        self.set_reactive(ManageOAuth.theme, chosen)
        self.stylesheet.set_variables(self.get_css_variables())

    # ---- life

    def get_default_screen(self) -> Screen[Any]:
        return ManageScreen()

    def get_line_filters(self) -> Sequence[LineFilter]:
        last = [_HARMLESS, _ASCII_ONLY] if self.ascii_only else [_HARMLESS]
        return [*super().get_line_filters(), *last]

    def get_theme_variable_defaults(self) -> dict[str, str]:
        return theme.variable_defaults(self.current_theme.dark)

    def on_mount(self) -> None:
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
            loop.add_signal_handler(number, self._end_by_signal, number)
        self.set_interval(POLL_SECONDS, self._poll)
        if not self.is_headless:  # without a terminal the process is another program's
            self.call_after_refresh(harden)
            self.call_after_refresh(self._garbage.begin)
        if self._theme_problem:
            self.call_after_refresh(self.say, self._theme_problem)

    async def on_unmount(self) -> None:
        if self._signins is not None:
            await self._signins.close()

    def on_descendant_focus(self, event: events.DescendantFocus) -> None:
        """No cursor blinks: over SSH that is 2 kB a second for nothing."""
        if hasattr(event.widget, "cursor_blink"):  # Input, and TextArea without importing it
            event.widget.cursor_blink = False

    async def on_event(self, event: events.Event) -> None:
        if isinstance(event, events.InputEvent):
            self._garbage.pressed()
        if isinstance(event, events.Key) and not event.is_forwarded:
            await self._take_in_what_was_typed()
        await super().on_event(event)

    async def _take_in_what_was_typed(self) -> None:
        """Let the focused widget catch up before another key is looked at.

        A key such as ^s belongs to the screen and comes before the widget. Over a slow line it
        arrives in one piece with what was typed or pasted before, and would save a part of it.
        """
        focused = self.focused
        if focused is None or not focused.message_queue_size:
            return
        caught_up = asyncio.Event()
        focused.call_later(caught_up.set)
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(CATCH_UP_SECONDS):
                await caught_up.wait()

    def _end_by_signal(self, number: int) -> None:
        self.exit(128 + number, return_code=128 + number)

    def _poll(self) -> None:
        """Once a second: did another process change the vault? And the countdowns."""
        self._garbage.tick()
        screen = self._lowest()
        if screen is not None:
            screen.tick()

    def _lowest(self) -> ManageScreen | None:
        """The list below all other screens; None while the program ends and has taken it away."""
        stack = self.screen_stack
        return stack[0] if stack and isinstance(stack[0], ManageScreen) else None

    # ---- defects

    def _fatal_error(self) -> None:
        """Textual's own prints the local variables of every frame, secrets included."""
        error = self._exception or RuntimeError()
        line = crash.report(error, self.workspace.places.log)
        self._exit_renderables.append(Text(line))
        self._close_messages_no_wait()

    def defect(self, error: BaseException) -> str:
        """Keep where a defect of ours happened that need not end the app; the line to show."""
        return crash.report(error, self.workspace.places.log)

    # ---- what screens use

    @property
    def signins(self) -> SignIns:
        """The sign-ins of this process, made on first use."""
        if self._signins is None:
            from tui_oauth.signin import SignIns  # not before the first paint

            self._signins = SignIns(self.workspace)
        return self._signins

    @property
    def signins_or_none(self) -> SignIns | None:
        """The sign-ins, if there ever was one."""
        return self._signins

    def show_level(self, words: str) -> None:
        """Have every title bar, also of screens that open later, say how the vault is protected."""
        if words != self.level:
            self.level = words
            for screen in self.screen_stack:
                for bar in screen.query(TitleBar):
                    bar.level = words

    def refresh_entries(self) -> None:
        """Read the vault again and bring the list up to date, whatever screen is shown."""
        screen = self._lowest()
        if screen is not None:
            screen.query_one(QuietLine).forget()  # it may say that something still waits
            screen.reload()

    def notify(
        self,
        message: str,
        *,
        title: str = "",
        severity: SeverityLevel = "information",
        timeout: float | None = None,
        markup: bool = False,
    ) -> None:
        """A toast; its texts are never markup, and harmless to the terminal."""
        super().notify(
            neutralise(message, MAX_TOAST),
            title=neutralise(title),
            severity=severity,
            timeout=timeout,
            markup=False,
        )

    def say(self, text: str) -> None:
        """One quiet line; a toast where the screen has no such line."""
        line = self.screen.query_one_optional(QuietLine)
        if line is None:
            self.notify(text, timeout=5, markup=False)
        else:
            line.say(text)

    def copy(self, text: str, what: str, secret: bool = False, hint: str = "") -> None:
        """Send `text` to a clipboard and say where it was sent; whether it arrived cannot be known.

        A `secret` is not kept by the app; otherwise it is what a paste within the app inserts. `hint` is
        the next best way, said unless the copy is confirmed.
        """
        self.run_worker(
            self._copy(text, what, secret, hint), group="copy", exclusive=True, exit_on_error=False
        )

    def copy_to_clipboard(self, text: str) -> None:
        """What Textual's own fields and the selection by mouse copy: as everything else."""
        self.copy(text, "What was selected")

    def write_escape(self, sequence: str) -> None:
        """Write a control sequence of ours to the terminal, between two updates of the screen."""
        if self._driver is not None:
            self._driver.write(sequence)

    async def _copy(self, text: str, what: str, secret: bool, hint: str) -> None:
        from tui_oauth.clipboard import send

        try:
            sent = await asyncio.to_thread(send, text, self.workspace.environ)
        except Exception as error:
            self.say(self.defect(error))
            return
        if sent.escape:
            self.write_escape(sent.escape)
        self._clipboard = "" if secret else text
        words = sent.words(what)
        if hint and not sent.confirmed:
            words = f"{words.removesuffix('.')}. {hint}"
        self.say(words)

    # ---- commands

    def get_system_commands(self, screen: Screen[Any]) -> Iterable[SystemCommand]:
        return commands(self, screen)

    def action_traffic(self) -> None:
        self.open_traffic()

    def action_help(self) -> None:
        self.open_help()

    async def action_quit(self) -> None:
        """Leave; after a question where a screen has something under way, unless it was asked already."""
        for screen in reversed(self.screen_stack):
            leaving = getattr(screen, "leaving", None)
            asked = leaving() if leaving is not None else None
            if asked is not None and not self._asked:
                self._asked = True
                question, explanation = asked
                self.ask(question, explanation, yes="Leave", no="Stay", done=self._leave)
                return
        self.exit(0)

    def _leave(self, sure: bool) -> None:
        self._asked = False
        if sure:
            self.exit(0)


def _read_early(workspace: Workspace) -> Future[Listing]:
    """Open the vault and read the entries in a thread of its own, beside the start of the app.

    A thread that does not keep the program from ending: what gives the passphrase may hang.
    """
    future: Future[Listing] = Future()

    def read() -> None:
        try:
            future.set_result(workspace.vault.listing())
        except BaseException as error:
            future.set_exception(error)

    threading.Thread(target=read, daemon=True, name="open the vault").start()
    return future


def run(workspace: Workspace) -> int:
    """Open Manage OAuth and stay until the person leaves; the exit code.

    The caller has made sure that there is a terminal. Raises StorageFailed when the installation
    lacks its style sheets.
    """
    app = ManageOAuth(workspace)
    result = app.run()
    _let_go_of_lost_terminal()
    return result if result is not None else (app.return_code or 0)


def _let_go_of_lost_terminal() -> None:
    """After a hang-up what is still buffered cannot be written; Python would end with 120 for it."""
    for stream in (sys.__stdout__, sys.__stderr__):
        try:
            if stream is not None:
                stream.flush()
        except OSError:
            with open(os.devnull, "w") as nowhere:
                os.dup2(nowhere.fileno(), stream.fileno())  # type: ignore[union-attr]
