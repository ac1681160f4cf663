"""Everything that is drawn in ASCII, for terminals that have nothing else."""

from __future__ import annotations

from rich.segment import Segment
from textual.color import Color
from textual.filter import LineFilter

from tui_oauth.letters import in_ascii


class AsciiOnly(LineFilter):
    """Draws each line in ASCII. What is copied, stored and sent stays as it is."""

    def apply(self, segments: list[Segment], background: Color) -> list[Segment]:
        return [
            segment if segment.text.isascii() else Segment(in_ascii(segment.text), segment.style)
            for segment in segments
        ]
