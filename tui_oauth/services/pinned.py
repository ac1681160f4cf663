"""A service that one entry carries itself, because it was discovered rather than chosen from the list.

Kept as the JSON of a service file's keys, and read back as strictly as a file: endpoints stay the
ones that the person has seen and agreed to, whatever the server says later (checklist rule 105).
"""

from __future__ import annotations

import json
from functools import lru_cache

from tui_oauth.errors import InvalidService
from tui_oauth.services.format import Service
from tui_oauth.services.loading import parse_facts
from tui_oauth.services.public import as_facts

DISCOVERED = "from-url"
"""The service id of every entry that carries its service itself."""

_EMPTY: tuple[object, ...] = (None, {}, [])


def pin(service: Service) -> str:
    """`service` as the text that an entry keeps."""
    facts = {key: value for key, value in as_facts(service).items() if value not in _EMPTY}
    return json.dumps(facts, separators=(",", ":"))


@lru_cache(maxsize=64)
def unpin(text: str) -> Service:
    """The service behind `pin`. InvalidService when this version does not take it."""
    try:
        facts = json.loads(text)
    except (ValueError, RecursionError):
        raise InvalidService("The service kept with the entry cannot be read.") from None
    if not isinstance(facts, dict):
        raise InvalidService("The service kept with the entry cannot be read.")
    return parse_facts(facts, "the service kept with the entry")
