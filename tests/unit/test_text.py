"""Rule 118: nothing from outside reaches a terminal as anything but text."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tui_oauth.text import duration, is_plain, neutralise, relative, rfc3339

HOSTILE = {
    "title change": "\x1b]0;owned\x07",
    "clipboard write": "\x1b]52;c;b3duZWQ=\x07",
    "hyperlink": "\x1b]8;;file:///etc/passwd\x1b\\click\x1b]8;;\x1b\\",
    "screen clear": "\x1b[2J\x1b[H",
    "alternate screen": "\x1b[?1049h",
    "device control": "\x1bPq\x1b\\",
    "8-bit CSI": "\x9b2J",
    "8-bit OSC": "\x9d0;owned\x9c",
    "backspaces": "safe\b\b\b\bevil",
    "bidi": "\u202egnp.exe\u2069\u200f\u061c",
    "zero width": "pay\u200bpal\ufeff\u2060",
    "line separators": "a\u2028b\u2029c",
    "tag characters": "a\U000e0041\U000e007f",
    "lone surrogate": "a\ud800b",
    "delete": "a\x7fb",
    "null": "a\x00b",
    "no-break space": "a\xa0b",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_rule_118_hostile_text_becomes_harmless(kind):
    shown = neutralise(HOSTILE[kind])
    assert shown.isprintable()
    shown.encode("utf-8")
    assert is_plain(shown)
    assert not is_plain(HOSTILE[kind])


@settings(deadline=None)
@given(st.text(max_size=300), st.integers(min_value=1, max_value=300))
def test_rule_118_any_text_is_printable_and_short(text, limit):
    shown = neutralise(text, limit)
    assert shown.isprintable()
    assert len(shown) <= limit
    shown.encode("utf-8")


def test_ordinary_text_of_any_language_stays():
    for text in ("Zürich", "名前", "مرحبا", "emoji 🔑", "naïve é", "a [b] {c} $(d)"):
        assert neutralise(text) == text


def test_a_pile_of_combining_marks_is_cut():
    assert len(neutralise("a" + "\u0301" * 100)) < 10


def test_long_text_says_that_it_goes_on():
    assert neutralise("x" * 500, 50) == "x" * 49 + "…"


def test_times():
    assert rfc3339(0) == "1970-01-01T00:00:00Z"
    assert rfc3339(None) is None
    assert [duration(s) for s in (0, 59, 61, 7300, 90000, 400000)] == [
        "0 s",
        "59 s",
        "1 min",
        "2 h",
        "25 h",
        "4 days",
    ]
    assert relative(100, 40) == "in 1 min"
    assert relative(40, 100) == "1 min ago"
    assert relative(None, 0) == "never"
    assert relative(7, 7) == "just now"
