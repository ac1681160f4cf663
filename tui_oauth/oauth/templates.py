"""Filling the placeholders `{name}` of a service's data (see `tui_oauth.services.format`)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from tui_oauth.errors import UsageProblem
from tui_oauth.oauth.urls import check_endpoint
from tui_oauth.text import neutralise

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")
_IN_AUTHORITY = re.compile(r"https?://[^/?#]*")
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?(?::[0-9]{1,5})?")


def fill(template: str, values: Mapping[str, str], *, for_url: bool = False) -> str:
    """`template` with each `{name}` replaced by `values[name]`, once: a value is not filled again.

    `for_url`: what a value may be depends on where it stands. At the very beginning it is a
    whole address, which is checked like an endpoint; in the host it must be (part of) a host
    name; anywhere else it is percent-encoded. Raises UsageProblem for a name without a value and
    for a value that does not fit its place.
    """
    pieces: list[str] = []
    end = 0
    for match in PLACEHOLDER.finditer(template):
        pieces.append(template[end : match.start()])
        name = match[1]
        value = values.get(name, "")
        if not value:
            raise UsageProblem(
                f"The service's data needs {{{name}}}, and there is no value for it.",
                "Authorize the entry again: the value comes with the sign-in.",
            )
        pieces.append(_fitted(name, value, "".join(pieces)) if for_url else value)
        end = match.end()
    pieces.append(template[end:])
    return "".join(pieces)


def _fitted(name: str, value: str, before: str) -> str:
    if not before:
        return check_endpoint(value, f"address in {{{name}}}").rstrip("/")
    if _IN_AUTHORITY.fullmatch(before):
        if not _HOST.fullmatch(value):
            raise UsageProblem(
                f"The value of {{{name}}}, {neutralise(value, 60)!r}, is no host name.",
                "Correct it in the entry's settings.",
            )
        return value
    if set(value) == {"."}:
        # "." and ".." would climb up the path.
        raise UsageProblem(f"The value of {{{name}}} cannot be {value!r}.")
    return quote(value, safe="")
