"""A progress bar on standard error, for a terminal; a pipe gets the lines alone."""

from __future__ import annotations

import os
import sys
from types import TracebackType

from tui_oauth.cli import output

_CELLS = 30
_TO_LINE_START = "\r\x1b[K"


class Progress:
    """`total` pieces of work: each is told in a line of its own, and the bar below says how far it is.

    The bar is plain ASCII and is gone at the end, however that comes about.
    """

    def __init__(self, title: str, total: int) -> None:
        self._title, self._total, self._count = title, total, 0
        terminal = sys.stderr is not None and sys.stderr.isatty()
        self._drawn = terminal and total > 1 and os.environ.get("TERM", "dumb") != "dumb"

    def __enter__(self) -> Progress:
        self._draw()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        value: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._write(_TO_LINE_START)

    def done(self, line: str) -> None:
        """One more piece is done; `line` says which, and how it went."""
        self._count += 1
        self._write(_TO_LINE_START)
        output.note(line)
        self._draw()

    def _draw(self) -> None:
        full = _CELLS * self._count // self._total if self._total else _CELLS
        bar = "#" * full + "-" * (_CELLS - full)
        self._write(f"{self._title} [{bar}] {self._count} of {self._total}")

    def _write(self, text: str) -> None:
        if self._drawn:
            sys.stderr.write(text)
            sys.stderr.flush()
