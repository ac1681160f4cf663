"""Request headers from a service's data: filled, checked, joined without regard to case."""

from __future__ import annotations

import re
from collections.abc import Mapping

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.templates import fill
from tui_oauth.text import neutralise

_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+")
_VALUE = re.compile(r"[\x20-\x7e]*")


def filled_headers(headers: Mapping[str, str], values: Mapping[str, str]) -> dict[str, str]:
    """`headers` with their templates filled from `values`, each one checked."""
    return {name: checked_value(name, fill(text, values)) for name, text in headers.items()}


def checked_value(name: str, value: str) -> str:
    """`value` when a header `name` may have it (RFC 9110 section 5.5), else UsageProblem.

    A line break in a value would end the header and begin another one.
    """
    if not _NAME.fullmatch(name) or not _VALUE.fullmatch(value):
        raise UsageProblem(
            f"The header {neutralise(name, 60)} would get a value that no header may have: "
            "control characters or letters beyond ASCII.",
            "Correct the entry's values or the service's file.",
        )
    return value


def joined_headers(*groups: Mapping[str, str]) -> dict[str, str]:
    """All headers together; of the same name, in whatever case, the last one counts."""
    joined: dict[str, tuple[str, str]] = {}
    for group in groups:
        for name, value in group.items():
            joined[name.lower()] = (name, value)
    return dict(joined.values())
