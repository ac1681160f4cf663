"""An input that takes what people really paste: with blanks, line breaks, control characters.

The stock input keeps only the first line of a paste, which turns a wrapped value into a piece of
it and a leading line break into nothing at all.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from textual import events
from textual.message import Message
from textual.widgets import Input

_UNSHOWABLE = {"Cc", "Cf", "Cs", "Co", "Cn"}


def cleaned(text: str) -> str:
    """`text` as one line: without breaks, without blanks around it, without control characters."""
    joined = "".join(text.strip().splitlines())
    return "".join(char for char in joined if unicodedata.category(char) not in _UNSHOWABLE).strip()


class Notice(Message):
    """One quiet line for the person, from a widget to its screen."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text


class CleanInput(Input):
    """A one-line input. A paste is joined to one line and freed of what browsers add, with a notice.

    Its cursor stands still: over SSH a blinking one sends bytes for nothing.
    """

    def __init__(self, value: str = "", placeholder: str = "", **more: Any) -> None:
        # Nothing here is judged while it is typed; the stock input would all the same take on a class
        # for that at the first letter, and be styled anew.
        more.setdefault("validate_on", ())
        super().__init__(value=cleaned(value), placeholder=placeholder, compact=True, **more)
        self.cursor_blink = False
        self.select_on_focus = False

    def clean_paste(self, text: str) -> tuple[str, str]:
        """What of a pasted `text` is kept, and the notice about the rest (may be empty)."""
        kept = cleaned(text)
        notice = "Blanks and line breaks were removed from what you pasted." if kept != text else ""
        return kept, notice

    def take(self, text: str) -> None:
        """Put a pasted `text` where the cursor is, in place of what is selected."""
        kept, notice = self.clean_paste(text)
        if kept:
            self.replace(kept, *self.selection)
        if notice:
            self.post_message(Notice(notice))

    def _on_paste(self, event: events.Paste) -> None:
        event.prevent_default()
        event.stop()
        self.take(event.text)

    def action_paste(self) -> None:
        """Ctrl+V: what this program copied last."""
        self.take(self.app.clipboard)
