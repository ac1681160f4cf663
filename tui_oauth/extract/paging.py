"""From one page to the next, as pure functions: what to ask for, and where an answer leads.

A place is a small JSON value, so that it can be kept: None is the end, `{}` the first page.
"""

from __future__ import annotations

import copy
from collections.abc import Mapping
from typing import Any, NamedTuple
from urllib.parse import urljoin

from tui_oauth.extract.declared import Paging

Place = dict[str, Any]


class Ask(NamedTuple):
    """One request for a page: its method, address, query and JSON body."""

    method: str
    url: str
    parameters: dict[str, str]
    payload: dict[str, Any] | None


def at(document: object, path: str) -> Any:
    """What stands at `path` (`pages.next`) in a JSON value; the value itself for an empty path."""
    found = document
    for name in path.split(".") if path else ():
        if not isinstance(found, Mapping):
            return None
        found = found.get(name)
    return found


def put(document: dict[str, Any], path: str, value: object) -> None:
    """Set what stands at `path`, making the tables on the way."""
    *above, last = path.split(".")
    for name in above:
        document = document.setdefault(name, {})
    document[last] = value


def asking(ask: Ask, paging: Paging, place: Place) -> Ask:
    """`ask` for the page at `place`."""
    if place.get("link"):
        return Ask(ask.method, place["link"], {}, ask.payload)
    sent: dict[str, object] = {}
    if paging.size_parameter and paging.size:
        sent[paging.size_parameter] = paging.size
    if paging.kind == "number":
        sent[paging.parameter] = place.get("page", 1)
    elif "cursor" in place:
        sent[paging.parameter] = place["cursor"]
    if not paging.body:
        return ask._replace(parameters={**ask.parameters, **{k: str(v) for k, v in sent.items()}})
    payload = copy.deepcopy(ask.payload or {})
    for path, value in sent.items():
        put(payload, path, value)
    return ask._replace(payload=payload)


def following(
    paging: Paging,
    place: Place,
    url: str,
    document: object,
    headers: Mapping[str, str],
    rows: int,
) -> Place | None:
    """Where the page at `place`, with so many `rows`, leads. None at the end."""
    if paging.kind == "scroll":  # it has one name from beginning to end
        cursor = at(document, paging.next)
        return {"cursor": cursor} if cursor and rows else None
    if paging.kind == "cursor":
        cursor = at(document, paging.next)
        # The same value again would go round in circles for ever.
        return None if not cursor or cursor == place.get("cursor") else {"cursor": cursor}
    if paging.kind == "number":
        page = int(place.get("page", 1))
        last = at(document, paging.pages) if paging.pages else None
        over = page >= last if isinstance(last, int) else not rows
        return None if over or not rows else {"page": page + 1}
    link = at(document, paging.next) if paging.kind == "link" else None
    if paging.kind == "header":
        link = next_link(headers.get("link", ""))
    if not isinstance(link, str) or not link:
        return None
    link = urljoin(url, link)
    return None if link == place.get("link", "") else {"link": link}


def next_link(header: str) -> str:
    """The address with the relation `next` in a Link header (RFC 8288)."""
    for part in header.split(","):
        address, *facts = part.split(";")
        if any(fact.strip().replace('"', "") == "rel=next" for fact in facts):
            return address.strip().strip("<>")
    return ""


def rows_in(document: object, path: str) -> list[dict[str, Any]]:
    """The rows at `path` of an answer."""
    found = at(document, path)
    if isinstance(found, Mapping) and path:
        return [dict(found)]
    return [row for row in found if isinstance(row, dict)] if isinstance(found, list) else []
