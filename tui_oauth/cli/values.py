"""How the values of options are written: numbers, ports, spans of time, variables."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from tui_oauth.errors import UsageProblem
from tui_oauth.text import span_seconds


def variables(words: list[str] | None) -> dict[str, str]:
    """`--set VAR=VALUE` as a mapping. Raises UsageProblem for a word without `=`."""
    out: dict[str, str] = {}
    for word in words or ():
        name, equals, value = word.partition("=")
        if not equals or not name.strip():
            raise UsageProblem(
                "--set takes a variable and its value.", "For instance: --set region=eu"
            )
        out[name.strip()] = value
    return out


def count(text: str) -> int:
    """A whole number that is not negative."""
    if not text.isascii() or not text.isdigit() or len(text) > 9:
        raise argparse.ArgumentTypeError("a whole number is wanted, such as 60")
    return int(text)


def seconds(text: str) -> int:
    """A number of seconds, at least one."""
    number = count(text)
    if not 1 <= number <= 86_400:
        raise argparse.ArgumentTypeError("from 1 to 86400 seconds can be waited")
    return number


def port(text: str) -> int:
    """A port, 0 for any free one."""
    number = count(text)
    if number > 65_535:
        raise argparse.ArgumentTypeError("a port is a number up to 65535")
    return number


def span(text: str) -> int:
    """A span of time in seconds; `text.span_seconds` says how it is written."""
    return _given(span_seconds, text)


def moment(text: str) -> int:
    """A day, or a time by RFC 3339, as Unix milliseconds; without a zone it is UTC."""
    from tui_oauth.extract.words import given_moment  # of use to one option alone

    return _given(given_moment, text)


def unlock_span(text: str) -> int:
    """How long a vault may stay unlocked, in seconds."""
    from tui_oauth.vault_care import unlock_seconds  # of use to this command alone

    return _given(unlock_seconds, text)


def _given(read: Callable[[str], int], text: str) -> int:
    """What `read` makes of an option's value; its words are those of argparse's error."""
    try:
        return read(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
