"""Text from outside, made safe to show; times in words.

A provider's error, a scope, a file's name or a pasted address may hold terminal escape
sequences, bidirectional controls or line breaks. Everything of that kind passes through
`neutralise` before it reaches a terminal, in every widget, message and exported line.
"""

from __future__ import annotations

import time
import unicodedata

_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
# Format characters are dropped by category (Cf: bidi controls, zero-width, tags, soft hyphen).
# The zero-width joiner goes with them: a broken emoji is a small price.
_ESCAPED_CATEGORIES = {"Cc", "Cs", "Co", "Cn"}
_DROPPED_CATEGORIES = {"Cf"}
_SPACE_CATEGORIES = {"Zs", "Zl", "Zp"}
_MARKS = {"Mn", "Me"}
_MAX_MARKS_IN_A_ROW = 4
_SPAN_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MAX_SPAN_SECONDS = 10 * 365 * 86_400


def neutralise(text: object, limit: int = 200) -> str:
    """`text` with nothing left that a terminal would obey, in at most `limit` characters.

    Control characters become visible escapes (`\\x1b`), format characters (bidirectional
    controls, zero-width and tag characters) are dropped, line separators and odd blanks become
    blanks.
    """
    out: list[str] = []
    length = 0
    marks = 0
    for char in str(text):
        category = unicodedata.category(char)
        marks = marks + 1 if category in _MARKS else 0
        if category in _DROPPED_CATEGORIES or marks > _MAX_MARKS_IN_A_ROW:
            continue
        if category in _SPACE_CATEGORIES:
            piece = " "
        elif category in _ESCAPED_CATEGORIES:
            piece = _NAMED.get(char) or _escape(char)
        else:
            piece = char
        if length + len(piece) > limit - 1:
            out.append("…")
            break
        out.append(piece)
        length += len(piece)
    return "".join(out)


def _escape(char: str) -> str:
    code = ord(char)
    if code <= 0xFF:
        return f"\\x{code:02x}"
    return f"\\u{code:04x}" if code <= 0xFFFF else f"\\U{code:08x}"


def is_plain(text: str) -> bool:
    """Whether `text` can be shown as it is: `neutralise` would change nothing but its length."""
    if text.isascii() and text.isprintable():
        return True  # nearly everything is, and service files are long
    return neutralise(text, limit=len(text) + 2) == text


def rfc3339(seconds: int | None) -> str | None:
    """Unix seconds as an RFC 3339 time in UTC (`2026-11-23T15:22:50Z`); None stays None."""
    if seconds is None:
        return None
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(seconds))


def unix_time(text: str | None) -> int | None:
    """What `rfc3339` has made of Unix seconds, turned back."""
    if text is None:
        return None
    from calendar import timegm

    return timegm(time.strptime(text, "%Y-%m-%dT%H:%M:%SZ"))


def duration(seconds: float) -> str:
    """A span of time in one word pair, rounded down: `45 s`, `9 min`, `3 h`, `12 days`."""
    span = int(max(0, seconds))
    if span < 60:
        return f"{span} s"
    if span < 3600:
        return f"{span // 60} min"
    if span < 2 * 86400:
        return f"{span // 3600} h"
    return f"{span // 86400} days"


def span_seconds(text: str) -> int:
    """A span of time that a person wrote, in seconds: `90`, `45s`, `30m`, `12h`, `7d`, `2w`.

    More than ten years is taken for ten. ValueError with a sentence for anything else.
    """
    number, unit = (text[:-1], text[-1:]) if text[-1:] in _SPAN_UNITS else (text, "s")
    if not (number.isascii() and number.isdigit()) or len(number) > 9:
        raise ValueError("a span of time is wanted, such as 30m, 12h or 7d")
    return min(int(number) * _SPAN_UNITS[unit], _MAX_SPAN_SECONDS)


def relative(seconds: int | None, now: int) -> str:
    """When that is, seen from `now` (both Unix seconds): `in 4 min`, `3 h ago`, `just now`, `never`."""
    if seconds is None:
        return "never"
    if seconds == now:
        return "just now"
    if seconds > now:
        return f"in {duration(seconds - now)}"
    return f"{duration(now - seconds)} ago"
