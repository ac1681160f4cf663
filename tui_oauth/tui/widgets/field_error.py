"""The line below a field that says what is wrong with it; takes no room while nothing is."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from tui_oauth.text import neutralise

_MAX_WORDS = 1_000


class FieldError(Static):
    """Hidden until `show` is given a text."""

    def __init__(self, *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="field-error", markup=False)
        self._said = ""

    def show(self, text: str) -> None:
        """What is wrong and what to do; an empty text hides the line."""
        if text == self._said:
            return  # or the whole screen would be laid out anew
        self._said = text
        self.update(Content(neutralise(text, _MAX_WORDS)))
        self.set_class(bool(text), "-shown")
