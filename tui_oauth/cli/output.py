"""What commands write: results to standard output, narration and advice to standard error."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Mapping, Sequence

from tui_oauth.errors import StorageFailed
from tui_oauth.text import neutralise


def plain(text: object) -> str:
    """`text` neutralised and in full length: for links and for our own sentences."""
    words = str(text)
    return neutralise(words, limit=len(words) * 10 + 2)


def result(text: str) -> None:
    """One line of the result."""
    raw(plain(text) + "\n")


def result_lines(text: str) -> None:
    """A result of several lines; each is neutralised, the breaks between them stay."""
    for line in text.splitlines():
        result(line)


def raw(text: str) -> None:
    """Exactly `text` to standard output. For values whose every character counts (a token)."""
    if sys.stdout is None:
        raise StorageFailed("Standard output is closed.", "Run the command with it open.")
    sys.stdout.write(text)


def event(value: Mapping[str, object]) -> None:
    """One JSON object on its own line, sent at once: a program may wait for it at a pipe."""
    as_json(value, indent=None)
    sys.stdout.flush()


def as_json(value: object, indent: int | None = 2) -> None:
    """`value` as JSON. Only ASCII is written, so nothing in it can act on a terminal."""
    import json

    raw(json.dumps(value, indent=indent, ensure_ascii=True, allow_nan=False) + "\n")


def note(text: str = "") -> None:
    """One line of narration. Standard error may be closed; that is no reason to fail."""
    if sys.stderr is not None:
        sys.stderr.write(plain(text) + "\n")
        sys.stderr.flush()


def notes(lines: Iterable[str]) -> None:
    """Several lines of narration that belong together."""
    if sys.stderr is not None:
        sys.stderr.write("".join(plain(line) + "\n" for line in lines))
        sys.stderr.flush()


def table(heads: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Rows under their heads, aligned by the columns that characters take on a terminal."""
    lines = [list(heads), *([plain(cell) for cell in row] for row in rows)]
    widths = [max(_width(line[column]) for line in lines) for column in range(len(heads))]
    for line in lines:
        padded = (
            cell + " " * (width - _width(cell)) for cell, width in zip(line, widths, strict=True)
        )
        result("  ".join(padded).rstrip())


def facts(pairs: Sequence[tuple[str, str]]) -> None:
    """Labels and values, one pair a line; pairs without a value are left out."""
    width = max((len(label) for label, value in pairs if value), default=0)
    for label, value in pairs:
        if value:
            result(f"{label.ljust(width)}  {value}")


def _width(text: str) -> int:
    """Columns of a terminal: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    import unicodedata

    return sum(
        0
        if unicodedata.category(char) in {"Mn", "Me"}
        else 2
        if unicodedata.east_asian_width(char) in "WF"
        else 1
        for char in text
    )


def be_lenient() -> None:
    """A character that the terminal's encoding lacks is escaped instead of ending the command."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(errors="backslashreplace")


def finish() -> None:
    """Send what is still buffered; a full disk or a closed pipe shows here, not after the end."""
    if sys.stdout is not None:
        sys.stdout.flush()


def abandon() -> None:
    """Let nothing more be written to a broken standard output, not even when Python ends."""
    if sys.stdout is None:
        return
    sink = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(sink, sys.stdout.fileno())
    finally:
        os.close(sink)
