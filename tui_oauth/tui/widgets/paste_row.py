"""The field for the address that the browser ended on, and what is said about what was pasted."""

from __future__ import annotations

from typing import Protocol

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, Static

from tui_oauth.errors import TuiOauthError
from tui_oauth.oauth.paste import USABLE
from tui_oauth.text import neutralise
from tui_oauth.tui.widgets.paste_input import PasteInput

_MAX_WORDS = 2_000
PASTE_HINT = "A page that cannot load is expected: copy its address."


class TakesAnswers(Protocol):
    """What a pasted answer is for: a sign-in, here or for another machine."""

    @property
    def ended(self) -> bool:
        """Whether nothing more is wanted."""

    def look_at(self, text: str) -> str:
        """What `text` seems to be, in words."""

    def paste(self, text: str) -> None:
        """Take it; raises PasteProblem when it is not the answer."""


class PasteRow(Vertical):
    """Hands what is pasted or typed to the sign-in that it follows."""

    def __init__(
        self,
        title: str = "Or paste the address that the browser ended on",
        hint: str = PASTE_HINT,
        id: str | None = None,  # noqa: A002
    ) -> None:
        super().__init__(id=id, classes="field")
        self.border_title = Content(title)
        self._hint = hint
        self._signin: TakesAnswers | None = None

    def compose(self) -> ComposeResult:
        yield PasteInput(self._hint, id="paste")
        yield Static(markup=False, id="paste-words")

    def follow(self, signin: TakesAnswers) -> None:
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
            words = self._signin.look_at(event.value)
            self._say(f"{words}; enter takes it" if words in USABLE else words)
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
