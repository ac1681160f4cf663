"""The WWW-Authenticate header: what a server asks for when it says no (RFC 9110 section 11.6.1).

Read strictly and within bounds: the header comes from whoever answers, and what it holds decides
where the next request goes.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from tui_oauth.oauth.reading import Unreadable

MAX_LENGTH = 8_192
MAX_CHALLENGES = 16
MAX_PARAMETERS = 32

_TOKEN = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_QUOTED = r'"((?:[\t \x21\x23-\x5b\x5d-\x7e\x80-\xff]|\\[\t \x21-\x7e\x80-\xff])*)"'
_END = r"(?=[ \t]*(?:,|$))"
_SCHEME = re.compile(rf"({_TOKEN})(?=[ \t,]|$)")
_PARAMETER = re.compile(rf"({_TOKEN})[ \t]*=[ \t]*(?:{_QUOTED}|({_TOKEN})){_END}")
_TOKEN68 = re.compile(rf"[A-Za-z0-9._~+/-]+=*{_END}")
_BLANKS = re.compile(r"[ \t]*")
_BETWEEN = re.compile(r"[ \t,]*")


@dataclass(frozen=True, slots=True)
class Challenge:
    """One challenge: its scheme and the names of its parameters in lower case."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=dict)


def challenges(header: str) -> tuple[Challenge, ...]:
    """The challenges in `header`, in order; several header lines may be joined by commas.

    Raises Unreadable when it does not follow the grammar, names a parameter of one challenge
    twice, or is larger than any real one.
    """
    if len(header) > MAX_LENGTH:
        raise Unreadable(f"WWW-Authenticate has more than {MAX_LENGTH:,} characters")
    found: list[Challenge] = []
    place = _after(_BETWEEN, header, 0)
    while place < len(header):
        scheme = _SCHEME.match(header, place)
        if scheme is None or len(found) == MAX_CHALLENGES:
            raise Unreadable("WWW-Authenticate is malformed")
        parameters, place = _parameters(header, _after(_BLANKS, header, scheme.end()))
        found.append(Challenge(scheme[1].lower(), parameters))
        place = _after(_BETWEEN, header, place)
    return tuple(found)


def resource_metadata(header: str) -> tuple[str, tuple[str, ...]]:
    """The metadata address that `header` names (RFC 9728 section 5.1), and the scopes it wants.

    The address is empty where none is named; it may stand in a challenge of any scheme. Scopes are
    those of the same challenge (RFC 6750 section 3). Raises Unreadable as `challenges` does, and
    when two different addresses are named.
    """
    named = [one for one in challenges(header) if "resource_metadata" in one.parameters]
    if not named:
        return "", ()
    if len({one.parameters["resource_metadata"] for one in named}) > 1:
        raise Unreadable("WWW-Authenticate names two different resource_metadata addresses")
    scopes = next((one.parameters["scope"] for one in named if "scope" in one.parameters), "")
    return named[0].parameters["resource_metadata"], tuple(scopes.split(" ")) if scopes else ()


def _parameters(header: str, place: int) -> tuple[dict[str, str], int]:
    """The parameters that begin at `place`, and where they end; a token68 is passed over."""
    lone = _TOKEN68.match(header, place)
    found: dict[str, str] = {}
    while parameter := _PARAMETER.match(header, place):
        name, quoted, bare = parameter[1].lower(), parameter[2], parameter[3]
        if name in found or len(found) == MAX_PARAMETERS:
            raise Unreadable(f"WWW-Authenticate has {name[:40]} twice, or too many parameters")
        found[name] = bare if quoted is None else re.sub(r"\\(.)", r"\1", quoted)
        place = _after(_BETWEEN, header, parameter.end())
    return (found, place) if found or lone is None else ({}, lone.end())


def _after(pattern: re.Pattern[str], header: str, place: int) -> int:
    match = pattern.match(header, place)
    return match.end() if match else place
