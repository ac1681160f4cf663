"""Intercom's addresses for contacts and companies, and for what belongs to one of them."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from tui_oauth.practice.data import listing, people
from tui_oauth.practice.data.calls import Call, Route, Rows
from tui_oauth.practice.data.listing import NotUnderstood
from tui_oauth.practice.data.searching import after

PEOPLE = "Read and list users and companies"


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


def belonging(call: Call, resource: str, numbers: list[int], per_page: int = 50) -> Rows:
    """The pages of what belongs to one contact or company."""
    page = listing.whole(call.query, "page", 1)
    per_page = listing.whole(call.query, "per_page", per_page, listing.MOST)
    shown = numbers[(page - 1) * per_page : page * per_page]
    found = texts(call, resource, shown)
    text = listing.by_number(found, total=len(numbers), page=page, per_page=per_page)
    return Rows(text, len(shown))


def texts(call: Call, resource: str, numbers: Iterable[int]) -> list[str]:
    text = call.dataset.text
    return [text(resource, number) for number in numbers]


def contact_number(call: Call) -> int:
    """The contact in the path, or 404 as Intercom says it."""
    number = people.number_of(people.contact_id, call.named["contact"])
    if not 0 < number <= call.dataset.count("contacts"):
        raise NotUnderstood("User Not Found", "not_found", 404)
    return number


def company_number(call: Call) -> int:
    number = people.number_of(people.company_id, call.named["company"])
    if not 0 < number <= call.dataset.count("companies"):
        raise NotUnderstood("Company Not Found", "company_not_found", 404)
    return number


def _scrolled(call: Call) -> Rows:
    name, numbers = call.scrolls.next(
        call.caller, call.query.get("scroll_param", ""), 100, call.dataset.count("companies")
    )
    found = ",".join(texts(call, "companies", numbers))
    text = (
        f'{{"type":"list","data":[{found}],"pages":null,"total_count":null,'
        f'"scroll_param":"{name}"}}'
    )
    return Rows(text, len(numbers))


def _contact_tags(call: Call) -> Rows:
    numbers = people.tags_of(call.dataset, contact_number(call))
    return Rows(listing.whole_list(texts(call, "tags", numbers)), len(numbers))


def _contact_segments(call: Call) -> Rows:
    numbers = people.segments_of(call.dataset, contact_number(call))
    return Rows(listing.whole_list(texts(call, "segments", numbers)), len(numbers))


def _contact_companies(call: Call) -> Rows:
    company = people.company_of(call.dataset, contact_number(call))
    return belonging(call, "companies", [company] if company else [])


def _company_contacts(call: Call) -> Rows:
    return belonging(call, "contacts", people.contacts_of(call.dataset, company_number(call)))


def _company_segments(call: Call) -> Rows:
    numbers = people.company_segments_of(call.dataset, company_number(call))
    return Rows(listing.whole_list(texts(call, "segments", numbers)), len(numbers))


ROUTES = (
    Route("GET", "/contacts", "contacts", PEOPLE, lambda c: listed_by_cursor(c, "contacts", 50)),
    Route(
        "POST",
        "/contacts/search",
        "contacts",
        PEOPLE,
        # As documented: dates in this search are whole days.
        lambda call: searched(call, "contacts", 50, whole_days=True),
    ),
    Route("GET", "/contacts/{contact}/tags", "contact_tags", "Read tags", _contact_tags),
    Route("GET", "/contacts/{contact}/segments", "contact_segments", PEOPLE, _contact_segments),
    Route("GET", "/contacts/{contact}/companies", "contact_companies", PEOPLE, _contact_companies),
    Route("GET", "/companies/scroll", "companies", PEOPLE, _scrolled),
    Route(
        "POST",
        "/companies/list",
        "companies",
        PEOPLE,
        lambda call: numbered(call, "companies", 15, deepest=listing.DEEPEST),
    ),
    Route("GET", "/companies/{company}/contacts", "company_contacts", PEOPLE, _company_contacts),
    Route("GET", "/companies/{company}/segments", "company_segments", PEOPLE, _company_segments),
    Route(
        "GET",
        "/segments",
        "segments",
        PEOPLE,
        lambda call: at_once(call, "segments", "segment.list", "segments"),
    ),
    Route("GET", "/tags", "tags", "Read tags", lambda call: at_once(call, "tags")),
)
