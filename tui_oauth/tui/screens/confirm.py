"""A question before something is lost. The harmless answer has the focus."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.content import Content
from textual.widgets import Button, Static

from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog


class ConfirmScreen(AppDialog[bool]):
    """Dismissed with True for the consequential answer; leaving it any other way is False."""

    BINDINGS = [  # noqa: RUF012 - Textual's declaration
        Binding("y", "answer(True)", "Yes", show=False),
        Binding("n,escape,q", "answer(False)", "No", show=False),
        Binding("left,right", "app.focus_next", show=False),
    ]

    def __init__(self, question: str, explanation: str, *, yes: str, no: str) -> None:
        super().__init__()
        self._question = neutralise(question)
        self._explanation = neutralise(explanation, 600)
        self._yes = yes
        self._no = no

    def compose(self) -> ComposeResult:
        with Vertical(classes="dialog") as dialog:
            dialog.border_title = Content(self._question).truncate(54, ellipsis=True)
            dialog.border_subtitle = f"esc: {self._no} · y: {self._yes}"
            if len(self._question) > 54:
                yield Static(Content(self._question), markup=False, classes="question")
            yield Static(Content(self._explanation), markup=False)
            with Horizontal(classes="buttons"):
                yield Button(Content(self._no), id="no", compact=True)
                yield Button(Content(self._yes), id="yes", compact=True, classes="danger")

    def on_mount(self) -> None:
        self.query_one("#no").focus()

    @on(Button.Pressed)
    def _pressed(self, event: Button.Pressed) -> None:
        self.dismiss(event.button.id == "yes")

    def action_answer(self, sure: bool) -> None:
        self.dismiss(sure)
