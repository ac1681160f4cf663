"""Sign in for another machine: its line, what it asks for, and the sealed answer to give it."""

from __future__ import annotations

from functools import partial
from typing import ClassVar

from textual import events, on
from textual.app import ComposeResult
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui_oauth import browser
from tui_oauth.errors import TuiOauthError
from tui_oauth.oauth.elsewhere import NEVER_FOR_OTHERS, read_ask
from tui_oauth.text import neutralise
from tui_oauth.tui.bare_link import show_bare_link
from tui_oauth.tui.base import AppScreen, in_thread, sentence
from tui_oauth.tui.keys import bindings
from tui_oauth.tui.widgets.facts import Facts
from tui_oauth.tui.widgets.key_bar import KeyBar
from tui_oauth.tui.widgets.paste_input import PasteInput
from tui_oauth.tui.widgets.paste_row import PasteRow
from tui_oauth.tui.widgets.quiet_line import QuietLine
from tui_oauth.tui.widgets.title_bar import TitleBar
from tui_oauth.tui.widgets.url_panel import UrlPanel
from tui_oauth.visiting import Visit

_NOT_ALWAYS = {"open_link", "copy_text", "bare"}
_WHERE_FROM = "On the other machine: ^b at the link, or tui-oauth authorize NAME --remote"
_WAITING = "#visit-facts, #visit-warning, #visit-buttons, #paste-row"


class VisitScreen(AppScreen[None]):
    """First the line, then the link, then the answer. Leaving ends it; nothing is kept here."""

    KEY_GROUP: ClassVar[str] = "visit"
    AUTO_FOCUS = "#line"
    BINDINGS = bindings("visit")

    def __init__(self) -> None:
        super().__init__()
        self._visit: Visit | None = None

    def compose(self) -> ComposeResult:
        yield TitleBar("Sign in for another machine")
        with VerticalScroll(id="authorize-body", can_focus=False):
            line = PasteInput("The line that the other machine printed", id="line", classes="field")
            line.border_title = "Paste its line here"
            yield line
            yield Facts(id="visit-facts")
            yield Static(NEVER_FOR_OTHERS, markup=False, id="visit-warning")
            yield UrlPanel("Authorization link", id="link")
            with Horizontal(classes="buttons", id="visit-buttons"):
                yield Button("Open in browser", id="open")
                yield Button("Copy link", id="copy")
            yield PasteRow(id="paste-row")
            with Horizontal(classes="buttons", id="answer-buttons"):
                yield Button("Copy answer", id="copy-answer")
                yield Button("Plain text", id="bare")
        yield QuietLine(_WHERE_FROM)
        yield KeyBar("visit")

    def on_mount(self) -> None:
        self.query_one("#open").display = self._can_open
        self._show()

    @property
    def _can_open(self) -> bool:
        return browser.can_open(self.home.workspace.environ)

    @property
    def _text(self) -> str:
        """What there is to copy now: the link, or the answer."""
        visit = self._visit
        return "" if visit is None else visit.line or visit.ask.url

    def _show(self) -> None:
        """The part of the screen that counts now."""
        visit = self._visit
        answered = visit is not None and bool(visit.line)
        self.query_one("#line").display = visit is None
        self.query_one("#link").display = visit is not None
        for part in self.query(_WAITING):
            part.display = visit is not None and not answered
        self.query_one("#answer-buttons").display = answered
        self.query_one(KeyBar).refresh()

    @on(PasteInput.Pasted, "#line")
    @on(PasteInput.Submitted, "#line")
    def _take_line(self) -> None:
        field = self.query_one("#line", PasteInput)
        text = field.take_text()
        workspace = self.home.workspace
        if not text or self._visit is not None:
            return
        try:
            visit = Visit(workspace, read_ask(text, workspace.now()))
        except TuiOauthError as error:
            self.complain(sentence(error))
            return
        self.complain("")
        self.query_one(QuietLine).rest("")
        self._visit = visit
        visit.on_change = self._listening
        self.query_one("#visit-facts", Facts).show(visit.facts)
        self.query_one(UrlPanel).show(visit.ask.url)
        self.query_one(PasteRow).follow(visit)
        self._show()
        self.query_one("#open" if self._can_open else "#link").focus(scroll_visible=False)
        self.job("", visit.run, lambda _: self._answered(), self._ended, group="visit")

    def _listening(self) -> None:
        if self._visit is not None and self._visit.problem:
            self.complain(self._visit.problem)

    def _answered(self) -> None:
        visit = self._visit
        if visit is None:
            return
        panel = self.query_one(UrlPanel)
        panel.border_title = Content("Paste this line where the other machine waits")
        panel.show(visit.line)
        self._show()
        panel.focus(scroll_visible=False)
        self.complain("")
        if visit.denied:
            denied = neutralise(visit.denied, 60)
            self.say(f"The provider said no ({denied}); the line tells the other machine.")
        else:
            self.say("Sealed: only the machine that asked can open it, once.")

    def _ended(self, error: TuiOauthError) -> None:
        self._visit = None
        self._show()
        self.complain(sentence(error))

    @on(Button.Pressed, "#open")
    def action_open_link(self) -> None:
        """Open the link here."""
        visit = self._visit
        if visit is None:
            return
        opening = partial(
            browser.open_link,
            visit.ask.url,
            self.home.workspace.environ,
            fragment=visit.ask.fragment,
        )
        self.job("Opening the browser", lambda: in_thread(opening), lambda _: self._opened())

    def _opened(self) -> None:
        self.say("Opened in the browser.")

    @on(Button.Pressed, "#copy")
    @on(Button.Pressed, "#copy-answer")
    def action_copy_text(self) -> None:
        """Copy the link, or the answer."""
        answered = self._visit is not None and bool(self._visit.line)
        self.home.copy(self._text, "Answer" if answered else "Authorization link")

    @on(Button.Pressed, "#bare")
    def action_bare(self) -> None:
        """Leave the full screen and print it in one piece."""
        self.job("", self._bare)

    async def _bare(self) -> None:
        answered = self._visit is not None and bool(self._visit.line)
        what = "Answer" if answered else "Authorization link"
        if not await show_bare_link(self.app, self._text, what):
            self.complain("This terminal cannot leave the full screen. Copy it instead.")

    def on_paste(self, event: events.Paste) -> None:
        """A paste anywhere on the screen is meant for the one field that takes it."""
        event.stop()
        if self._visit is None:
            self.query_one("#line", PasteInput).take(event.text)
        elif not self._visit.line:
            self.query_one(PasteRow).take(event.text)

    def action_back(self) -> None:
        """Leave."""
        self.app.pop_screen()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action not in _NOT_ALWAYS:
            return True
        if self._visit is None:
            return False
        return action != "open_link" or (self._can_open and not self._visit.line)
