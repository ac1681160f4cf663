"""How a list, a search or what belongs to one row is answered, for any resource."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tui_oauth.practice.data import listing
from tui_oauth.practice.data.calls import Call, Rows
from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.data.searching import after


def listed_by_cursor(
    call: Call, resource: str, per_page: int, kind: str = "list", rows: str = "data"
) -> Rows:
    """Rows in the order of their numbers; the cursor holds the last number and the page."""
    per_page = listing.whole(call.query, "per_page", per_page, listing.MOST)
    last, page = 0, 1
    if "starting_after" in call.query:
        last, page = listing.place_of(call.query["starting_after"], 2)
    total = call.dataset.count(resource)
    numbers = range(last + 1, min(last + per_page, total) + 1)
    after = listing.cursor_of((numbers[-1], page + 1)) if numbers and numbers[-1] < total else ""
    text = listing.by_cursor(
        texts(call, resource, numbers),
        total=total,
        page=page,
        per_page=per_page,
        after=after,
        kind=kind,
        rows=rows,
    )
    return Rows(text, len(numbers))


def searched(
    call: Call,
    resource: str,
    per_page: int,
    kind: str = "list",
    rows: str = "data",
    *,
    whole_days: bool = False,
) -> Rows:
    """Rows that a query describes; the cursor holds the last one's change and number, and the page."""
    body = call.body
    if not isinstance(body, dict) or "query" not in body:
        raise NotUnderstood("Send a query", "parameter_not_found")
    pagination, sort = body.get("pagination", {}), body.get("sort", {})
    if not isinstance(pagination, dict) or not isinstance(sort, dict):
        raise NotUnderstood("pagination and sort must be objects")
    per_page = listing.whole(pagination, "per_page", per_page, listing.MOST)
    if sort.get("field", "updated_at") not in {"updated_at", "created_at"}:
        raise NotUnderstood("This cannot be sorted by")
    stamps = call.dataset.stamps[resource]
    descending = sort.get("order", "descending") != "ascending"
    found = call.searches.found(stamps, body["query"], whole_days=whole_days, descending=descending)
    begin, page = 0, 1
    if pagination.get("starting_after") is not None:
        stamp, number, page = listing.place_of(pagination["starting_after"], 3)
        begin = after(stamps, found, stamp, number, descending=descending)
    numbers = found[begin : begin + per_page]
    more = begin + len(numbers) < len(found)
    last = (stamps.updated(numbers[-1]), numbers[-1], page + 1) if more else ()
    text = listing.by_cursor(
        texts(call, resource, numbers),
        total=len(found),
        page=page,
        per_page=per_page,
        after=listing.cursor_of(last) if more else "",
        kind=kind,
        rows=rows,
    )
    return Rows(text, len(numbers))


def numbered(
    call: Call,
    resource: str,
    per_page: int,
    kind: str = "list",
    rows: str = "data",
    *,
    newest_first: bool = False,
    deepest: int | None = None,
) -> Rows:
    """A page by its number."""
    values = {**call.query, **(call.body if isinstance(call.body, dict) else {})}
    per_page = listing.whole(values, "per_page", per_page, listing.MOST)
    page = listing.whole(values, "page", 1)
    total = call.dataset.count(resource)
    if deepest is not None and (page - 1) * per_page >= deepest:
        raise NotUnderstood(f"page numbers reach {deepest} rows; use the scroll", "page_limit")
    numbers: Any = range((page - 1) * per_page + 1, min(page * per_page, total) + 1)
    if newest_first:
        numbers = [total + 1 - number for number in numbers]
    text = listing.by_number(
        texts(call, resource, numbers),
        total=total,
        page=page,
        per_page=per_page,
        kind=kind,
        rows=rows,
    )
    return Rows(text, len(numbers))


def at_once(call: Call, resource: str, kind: str = "list", rows: str = "data") -> Rows:
    """All rows in one list."""
    total = call.dataset.count(resource)
    text = listing.whole_list(texts(call, resource, range(1, total + 1)), kind=kind, rows=rows)
    return Rows(text, total)


def belonging(call: Call, resource: str, parent: int) -> Rows:
    """All of what belongs to one row, in one list."""
    found = [*call.dataset.texts_of(resource, parent)]
    return Rows(listing.whole_list(found), len(found))


def paged(call: Call, resource: str, parent: int) -> Rows:
    """What belongs to one row, by page number."""
    page = listing.whole(call.query, "page", 1)
    per_page = listing.whole(call.query, "per_page", 50, listing.MOST)
    numbers = call.dataset.numbers_of(resource, parent)
    shown = numbers[(page - 1) * per_page : page * per_page]
    found = [call.dataset.text_of(resource, parent, number) for number in shown]
    text = listing.by_number(found, total=len(numbers), page=page, per_page=per_page)
    return Rows(text, len(shown))


def texts(call: Call, resource: str, numbers: Iterable[int]) -> list[str]:
    text = call.dataset.text
    return [text(resource, number) for number in numbers]
