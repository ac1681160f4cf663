"""The field for the address that the browser ended on, and what is said about what was pasted."""

from __future__ import annotations

from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui_oauth.errors import TuiOauthError
from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.paste_input import PasteInput

if TYPE_CHECKING:
    from tui_oauth.signin import SignIn

_MAX_WORDS = 2_000
PASTE_HINT = "A page that cannot load is fine: its address counts."


class PasteRow(Vertical):
    """Hands what is pasted or typed to the sign-in that it follows."""

    def __init__(self, id: str | None = None) -> None:  # noqa: A002
        super().__init__(id=id, classes="field")
        self.border_title = Content("Or paste the address that the browser ended on")
        self._signin: SignIn | None = None

    def compose(self) -> ComposeResult:
        yield PasteInput(PASTE_HINT, id="paste")
        yield Static(markup=False, id="paste-words")

    def follow(self, signin: SignIn) -> None:
        """Take answers for `signin` from now on."""
        self._signin = signin
        self._say("")

    def take(self, text: str) -> None:
        """Take `text` as if it had been pasted into the field."""
        field = self.query_one(PasteInput)
        field.focus()
        field.take(text)

    def clear(self) -> None:
        """Forget what stands in the field."""
        self.query_one(PasteInput).take_text()

    @on(PasteInput.Changed)
    def _watch(self, event: Input.Changed) -> None:
        if self._signin is None or self._signin.ended:
            return
        if event.value:
            self._say(self._signin.look_at(event.value))
        elif not self.query_one("#paste-words").has_class("-wrong"):
            self._say("")

    @on(PasteInput.Pasted)
    @on(PasteInput.Submitted)
    def _take_answer(self) -> None:
        text = self.query_one(PasteInput).value
        if self._signin is None or self._signin.ended or not text:
            return
        try:
            self._signin.paste(text)
        except TuiOauthError as error:
            self._say(str(error), wrong=True)
        self.clear()

    def _say(self, words: str, *, wrong: bool = False) -> None:
        line = self.query_one("#paste-words", Static)
        line.set_class(wrong, "-wrong")
        line.display = bool(words)
        line.update(Content(neutralise(f"✕ {words}" if wrong else words, _MAX_WORDS)))
