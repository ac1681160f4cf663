"""Sign in on another machine: the line for it, and the field for the sealed answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.widgets import Button

from tui_oauth.errors import TuiOauthError
from tui_oauth.oauth.elsewhere import ask_line
from tui_oauth.tui.bare_link import show_bare_link
from tui_oauth.tui.base import AppScreen
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.paste_row import PasteRow
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.widgets.url_panel import UrlPanel

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

_LOOK_EVERY = 0.25


class ElsewhereScreen(AppScreen[None]):
    """Leads back to the Authorization link by itself once that sign-in goes on or has ended."""

    KEY_GROUP: ClassVar[str] = "elsewhere"
    AUTO_FOCUS = ""
    BINDINGS = bindings("elsewhere")

    def __init__(self, signin: SignIn) -> None:
        super().__init__()
        self._signin = signin
        self._command = ""

    def compose(self) -> ComposeResult:
        yield TitleBar("Sign in on another machine")
        with VerticalScroll(id="authorize-body", can_focus=False):
            yield UrlPanel("Run where the browser is; no vault is needed there", id="link")
            with Horizontal(classes="buttons"):
                yield Button("Copy command", id="copy-command")
                yield Button("Plain text", id="bare")
            yield Facts(id="elsewhere-facts")
            hint = "Only this sign-in can open it, and it counts once."
            yield PasteRow("Paste the line that comes back", hint, id="paste-row")
        yield QuietLine()
        yield KeyBar("elsewhere")

    def on_mount(self) -> None:
        signin = self._signin
        self.query_one(TitleBar).detail = f"{signin.entry.name} · {signin.service.name}"
        self.query_one(PasteRow).follow(signin)
        self.set_interval(_LOOK_EVERY, self._look)
        self.job("", signin.ask_elsewhere, lambda _: self._look(), self._refused)

    def _refused(self, error: TuiOauthError) -> None:
        self.app.pop_screen()
        self.home.show_problem(error, "Nothing has to be done elsewhere")

    def _look(self) -> None:
        """Show the line as it is now: where links end soon, another takes its place."""
        signin = self._signin
        if signin.state != "waiting":
            if self.is_current:
                self.app.pop_screen()
            return
        ask = signin.ask
        command = f"tui-oauth authorize --for {ask_line(ask)}" if ask is not None else ""
        if ask is not None and command != self._command:
            self._command = command
            self.query_one(UrlPanel).show(command)
            check = f"{ask.check_code} (the other machine shows the same)"
            stays = "client secret, code verifier and tokens"
            self.query_one(Facts).show((("Check code", check), ("Stays here", stays)))

    @on(Button.Pressed, "#copy-command")
    def action_copy_command(self) -> None:
        """Copy the command for the other machine."""
        if self._command:
            self.home.copy(self._command, "Command")

    @on(Button.Pressed, "#bare")
    def action_bare(self) -> None:
        """Leave the full screen and print the command in one piece."""
        if self._command:
            self.job("", self._bare)

    async def _bare(self) -> None:
        if not await show_bare_link(self.app, self._command, "Command"):
            self.complain("This terminal cannot leave the full screen. Copy the command instead.")

    def on_paste(self, event: events.Paste) -> None:
        """A paste anywhere on the screen is meant for the one field that takes it."""
        event.stop()
        self.query_one(PasteRow).take(event.text)

    def action_back(self) -> None:
        """Back to the Authorization link."""
        self.app.pop_screen()
