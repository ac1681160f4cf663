"""The line above the key bar: small confirmations, what is running, what went wrong.

Nothing moves in it, and it says nothing that is not known.
"""

from __future__ import annotations

from textual.content import Content
from textual.timer import Timer
from textual.widgets import Static

from tui_oauth.text import neutralise

_SHOWN_FOR = 8.0
_MAX_WORDS = 2_000


class QuietLine(Static):
    """Shows, in this order: an error, something running, a confirmation, the resting text.

    A confirmation goes after some seconds, an error stays until something else is said.
    """

    def __init__(self, resting: str = "", *, id: str | None = None) -> None:  # noqa: A002 - Textual's name
        super().__init__(id=id, classes="quiet-line", markup=False)
        self._resting = resting
        self._said = ""
        self._busy = ""
        self._error = ""
        self._timer: Timer | None = None
        self._shown: str | None = None

    def on_mount(self) -> None:
        self._show()

    def rest(self, text: str) -> None:
        """The text to show when there is nothing to say, such as the help of the focused field.

        A new one ends a confirmation: the person has gone on to something else.
        """
        if text != self._resting:
            self._resting, self._said = text, ""
            self._show()

    def say(self, text: str) -> None:
        """A small confirmation; takes the place of an error."""
        self._said, self._error = text, ""
        if self._timer is not None:
            self._timer.stop()
        self._timer = self.set_timer(_SHOWN_FOR, self.forget)
        self._show()

    def running(self, text: str) -> None:
        """What is running now; an empty text when it ended."""
        self._busy = text
        if text:
            self._error = ""
        self._show()

    def error(self, text: str) -> None:
        """What went wrong and what to do next; an empty text takes it away."""
        self._error = text
        if text:
            self._said = ""
        self._show()

    def forget(self) -> None:
        """A confirmation that is true no longer."""
        self._said = ""
        self._show()

    def _show(self) -> None:
        if not self.is_attached:
            return
        self.set_class(bool(self._error), "-error")
        words = f"✕ {self._error}" if self._error else self._busy or self._said or self._resting
        if words != self._shown:
            self._shown = words
            content = Content(neutralise(words, _MAX_WORDS))
            # Only where it must be is the whole screen laid out anew: that costs more than all the rest.
            self.update(content, layout=not self._fits(content))

    def _fits(self, content: Content) -> bool:
        """Whether `content` takes exactly the lines that this widget has."""
        width, height = self.size
        least, most = self.styles.min_height, self.styles.max_height
        wanted = content.get_height({}, width) if width else 0
        if least is not None:
            wanted = max(wanted, least.cells or 0)
        if most is not None:
            wanted = min(wanted, most.cells or wanted)
        return 0 < wanted == height
