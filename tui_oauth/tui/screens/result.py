"""What came of something, where that is more than a line: to be read, scrolled and copied."""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from textual import on
from textual.app import ComposeResult
from textual.containers import Horizontal, Vertical, VerticalScroll
from textual.content import Content
from textual.widgets import Button, Static

from tui_oauth.text import neutralise
from tui_oauth.tui.base import AppDialog
from tui_oauth.tui.keys import bindings

_MAX_LINE = 4_000


class ResultScreen(AppDialog[None]):
    """Paragraphs under a title; it stays until it is closed."""

    KEY_GROUP: ClassVar[str] = "result"
    BINDINGS = bindings("result")

    def __init__(self, title: str, paragraphs: Sequence[str]) -> None:
        super().__init__()
        self._title = neutralise(title)
        self._text = "\n\n".join(neutralise(words, _MAX_LINE) for words in paragraphs)

    def compose(self) -> ComposeResult:
        with Vertical(id="result", classes="dialog") as box:
            box.border_title = Content(self._title)
            box.border_subtitle = "esc closes, c copies"
            with VerticalScroll(id="result-scroll"):
                yield Static(Content(self._text), markup=False, id="result-text")
            with Horizontal(classes="buttons"):
                yield Button("Close", id="close")
                yield Button("Copy", id="copy")

    def on_mount(self) -> None:
        self.query_one("#result-scroll").focus()

    @on(Button.Pressed, "#close")
    def action_back(self) -> None:
        """Close the text."""
        self.dismiss(None)

    @on(Button.Pressed, "#copy")
    def action_copy_words(self) -> None:
        """Copy the whole text; there are no secrets in it."""
        self.home.copy(self._text, "The text")
