"""The last net: whatever a widget draws, nothing that a terminal would obey gets through.

Texts from outside are neutralised where they are shown, so that they can be read. Should one place
have forgotten it, the terminal still gets letters only. What is dropped has no width.
"""

from __future__ import annotations

import unicodedata

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

_OBEYED = frozenset({"Cc", "Cf", "Zl", "Zp"})
_NO_ENCODING = "Cs"


class Harmless(LineFilter):
    """Takes control and format characters out of each line before it is sent."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        if all(segment.text.isprintable() for segment in segments):
            return segments  # nearly always
        return [
            segment
            if segment.text.isprintable()
            else Segment(_letters_of(segment.text), segment.style)
            for segment in segments
        ]


def _letters_of(text: str) -> str:
    out: list[str] = []
    for char in text:
        category = unicodedata.category(char)
        if category == _NO_ENCODING:
            out.append("?")
        elif category not in _OBEYED:
            out.append(char)
    return "".join(out)
