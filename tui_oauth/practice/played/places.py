"""Which of a service's addresses a request is for, and what stands in their variables."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from tui_oauth.practice.web import WebRequest, pairs
from tui_oauth.services.addresses import PLACEHOLDER
from tui_oauth.services.format import Service


@dataclass(frozen=True, slots=True)
class Place:
    """One address: what it is for, and how its path and fixed query look."""

    role: str
    pattern: re.Pattern[str]
    fixed: tuple[tuple[str, str], ...]

    def values(self, request: WebRequest) -> dict[str, str] | None:
        """The variables of `request` when it is for this address, else None."""
        match = self.pattern.fullmatch(request.path)
        if match is None:
            return None
        asked = pairs(request.query)
        if any(pair not in asked for pair in self.fixed if not PLACEHOLDER.search(pair[1])):
            return None
        return {name: unquote(value) for name, value in match.groupdict().items()}


def places_of(service: Service) -> tuple[Place, ...]:
    """Every address of `service` (moved here), those with a fixed query first."""
    probe, long_lived = service.identity_probe, service.quirks.answer.long_lived
    named = (
        ("authorize", service.authorize_url),
        ("refresh", service.quirks.refresh.url),
        ("long_lived", long_lived.url if long_lived else ""),
        ("token", service.token_url),
        ("device", service.device_authorization_url),
        ("revoke", service.revoke_url),
        ("introspect", service.introspect_url),
        ("probe", probe.url if probe else ""),
    )
    found = [_place(role, url) for role, url in named if url]
    return tuple(sorted(found, key=lambda place: not place.fixed))


def _place(role: str, url: str) -> Place:
    parts = urlsplit(url)
    path, fixed = parts.path, parts.query
    if parts.fragment and role == "authorize":
        # A page's own script follows the fragment; here it leads to a path of the same words.
        path = path.rstrip("/") + parts.fragment
    pieces: list[str] = []
    end, seen = 0, set[str]()
    for match in PLACEHOLDER.finditer(path):
        pieces.append(re.escape(path[end : match.start()]))
        name = match[1]
        pieces.append(f"(?P={name})" if name in seen else f"(?P<{name}>[^/]+?)")
        seen.add(name)
        end = match.end()
    pieces.append(re.escape(path[end:]))
    return Place(role, re.compile("".join(pieces)), tuple(pairs(fixed)))
