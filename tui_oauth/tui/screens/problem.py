"""An error that is too long for one line: to be read, scrolled and copied for a support ticket."""

from __future__ import annotations

from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui_oauth.errors import ProviderRefused, TuiOauthError
from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog
from tui_oauth.tui.choice import Remedy
from tui_oauth.tui.keys import bindings

_MAX_TEXT = 10_000


def problem_text(error: TuiOauthError) -> str:
    """Everything known about `error`, as lines: what happened, what to do, the provider's codes."""
    lines = [error.message]
    if error.advice:
        lines += ["", error.advice]
    if isinstance(error, ProviderRefused) and (error.code or error.status):
        lines.append("")
        if error.code:
            lines.append(f"Error code: {error.code}")
        if error.status:
            lines.append(f"HTTP status: {error.status}")
    return "\n".join(neutralise(line, _MAX_TEXT) for line in "\n".join(lines).split("\n"))


class ProblemScreen(AppDialog[None]):
    """What happened and what to do next; `c` copies it, `f` does what mends it, where that is known."""

    KEY_GROUP: ClassVar[str] = "problem"
    BINDINGS = bindings("problem")

    def __init__(self, error: TuiOauthError, title: str, remedy: Remedy | None = None) -> None:
        super().__init__()
        self._text = problem_text(error)
        self._title = neutralise(title)
        self._remedy = remedy

    def compose(self) -> ComposeResult:
        remedy = self._remedy
        with Vertical(id="problem", classes="dialog") as box:
            box.border_title = Content(self._title).truncate(54, ellipsis=True)
            keys = "esc closes, c copies"
            mends = f"f: {remedy.words}, " if remedy is not None else ""
            box.border_subtitle = Content(f"{mends}{keys}")
            with VerticalScroll(id="problem-scroll"):
                yield Static(Content(self._text), markup=False, id="problem-text")
            with Horizontal(classes="buttons"):
                if remedy is not None:
                    yield Button(Content(remedy.words), id="mend")
                yield Button("Close", id="close")
                yield Button("Copy", id="copy")
                if self.home.traffic.records:
                    words = "Show the traffic" if remedy is None else "Traffic"
                    yield Button(words, id="traffic")

    def on_mount(self) -> None:
        self.query_one("#problem-scroll").focus()

    @on(Button.Pressed, "#close")
    def action_back(self) -> None:
        """Close the message."""
        self.dismiss(None)

    @on(Button.Pressed, "#copy")
    def action_copy_problem(self) -> None:
        """Copy the whole text."""
        self.home.copy(self._text, "The message")

    @on(Button.Pressed, "#mend")
    def action_mend(self) -> None:
        """Close the message and do what mends the failure."""
        if self._remedy is not None:
            self.dismiss(None)
            self.app.call_later(self._remedy.act)

    @on(Button.Pressed, "#traffic")
    def action_traffic(self) -> None:
        """What was sent and what came back."""
        self.home.open_traffic()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        if action == "traffic":
            return bool(self.home.traffic.records)
        return action != "mend" or self._remedy is not None
