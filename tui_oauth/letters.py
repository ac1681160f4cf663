"""Which characters this terminal can show, and ASCII in the place of those that it cannot.

Frames, signs and dots of the window are Unicode. A terminal that does not speak UTF-8 would show
two or three wrong characters for each, and tear every line.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from functools import cache

_LOCALE = (
    "LC_ALL",
    "LC_CTYPE",
    "LANG",
)  # POSIX, Base Definitions 8.2: the first that is set counts
# Where the locale is C, or is not installed, Python sets LC_CTYPE to one of these (PEP 538), which
# says nothing of the terminal.
_PYTHONS_OWN = {"C.UTF-8", "C.utf8", "UTF-8"}

# Same width for same width, so that nothing moves.
_LIKE = {
    "-": "─━┄┅┈┉╌╍═╴╶╸╺╼╾‐‑‒–—−",
    "|": "│┃┆┇┊┋╎╏║╵╷╹╻╽╿▌▐▎▏▍▊▋▉",
    "#": "█▓▒▣",
    " ": "▁▂▃▅▆▇▔░\u00a0",
    '"': "“”„▀",
    "_": "▄",
    "'": "‘’‚",
    "*": "●•∙◉★✦¤",
    "o": "◐◑◒◓○◌◎◇◈◦",
    "!": "▲△⚠",
    "x": "✕✗✘×",
    "+": "✓✔",
    ">": "▸▶→›»",
    "<": "◂◀←‹«",
    "^": "↑▴",
    "v": "↓▾▼",
    ".": "·…",
    "/": "╱",
    "\\": "╲",
}
_ASCII = {ord(sign): letter for letter, signs in _LIKE.items() for sign in signs}
_CORNERS = range(0x2500, 0x2580)


def ascii_only(environ: Mapping[str, str], wanted: bool | None = None) -> bool:
    """Whether only ASCII may be drawn: `wanted` where the person has said so in the settings.

    Else the locale of `environ` decides, and the console of Linux, whose font has no such signs. An
    environment without any locale says nothing about the terminal: most speak UTF-8.
    """
    if wanted is not None:
        return wanted
    if environ.get("TERM") == "linux":
        return True
    named = [environ[name] for name in _LOCALE if environ.get(name)]
    if len(named) > 1 and named[0] == environ.get("LC_CTYPE") in _PYTHONS_OWN:
        named.pop(0)
    locale = named[0] if named else ""
    if not locale:
        return False
    charset = locale.partition("@")[0].rpartition(".")[2]
    return charset.lower().replace("-", "") != "utf8"


@cache
def _in_ascii(char: str) -> str:
    """The ASCII for one character, as wide as it is; nothing for what has no width."""
    if char.isascii():
        return char
    known = _ASCII.get(ord(char))
    if known is not None:
        return known
    if ord(char) in _CORNERS:
        return "+"
    category = unicodedata.category(char)
    if category in {"Mn", "Me", "Cf"}:
        return ""
    width = 2 if unicodedata.east_asian_width(char) in "WF" else 1
    base = unicodedata.normalize("NFKD", char)[:1]
    if width == 1 and base.isascii() and base.isprintable():
        return base
    return ("*" if category == "So" else "?") * width


def in_ascii(text: str) -> str:
    """`text` in ASCII, as wide as it was: letters without their accents, signs by like ones, else `?`."""
    return text if text.isascii() else "".join(map(_in_ascii, text))
