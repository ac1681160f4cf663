"""Texts that try to act on a terminal or to be markup, and how to see that they did neither."""

from __future__ import annotations

from typing import Any

from textual.app import App

from tests.hostile.hostile_machine import FORBIDDEN

MARKUP = "[/][0][bold[@click=app.owned]x[/][link=file:///etc/passwd]y[/]"
# What a service file or a person can bring in: no control characters get so far.
PLAIN = f"zz{MARKUP}"
# Title, clipboard, hyperlink, clear, alternate screen, DCS, 8-bit CSI, backspaces, NUL, DEL, line
# breaks, line separators, bidi, zero width, tag characters, a lone surrogate.
ESCAPES = (
    "\x1b]0;owned\x07\x1b]52;c;b3duZWQ=\x07\x1b]8;;http://evil/\x07\x1b[2J\x1b[?1049h\x1bP+q\x1b\\"
    "\x9b31m\x08\x00\x7f\r\n\t\u2028\u2029\u202e\u2066\u200e\u061c\u200b\u200d\ufeff\U000e0041\ud800"
)


def hostile(label: str) -> str:
    """A text that begins with `label`, so that it is known where it came from."""
    return f"{label}{MARKUP}{ESCAPES}"


def hostile_path(label: str) -> str:
    """A name of a file or folder, as hostile as the system lets one be."""
    return hostile(label).replace("/", ":").replace("\x00", "").replace("\ud800", "")


def screen_words(app: App[Any]) -> str:
    """All that stands on the screen, without blanks and frames, so that wrapped text is found."""
    strips = app.screen._compositor.render_strips()
    text = "".join(segment.text for strip in strips for segment in strip)
    return "".join(char for char in text if char not in " \u2500\u2502\u256d\u256e\u256f\u2570")


def check_screen(app: App[Any]) -> None:
    """Nothing on the screen acts on a terminal, and none of the hostile markup is markup."""
    for number, strip in enumerate(app.screen._compositor.render_strips()):
        for segment in strip:
            found = FORBIDDEN & set(segment.text)
            assert not found, f"line {number}: {segment.text!r} has {found}"
            style = segment.style
            if style is not None:
                assert "owned" not in repr(style.meta), f"line {number}: {segment.text!r}"
                assert "passwd" not in str(style.link), f"line {number}: {segment.text!r}"
    for widget in app.screen.walk_children():
        tooltip = getattr(widget, "tooltip", None)
        assert not tooltip or MARKUP[:3] not in str(tooltip)
