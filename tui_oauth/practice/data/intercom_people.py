"""Intercom's addresses for contacts and companies, and for what belongs to one of them."""

from __future__ import annotations

from collections.abc import Callable

from tui_oauth.practice.data import answers, listing, people
from tui_oauth.practice.data.calls import Call, Route, Rows
from tui_oauth.practice.data.listing import NotUnderstood

PEOPLE = "Read and list users and companies"


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
    found = ",".join(answers.texts(call, "companies", numbers))
    text = (
        f'{{"type":"list","data":[{found}],"pages":null,"total_count":null,'
        f'"scroll_param":"{name}"}}'
    )
    return Rows(text, len(numbers))


def _of_contact(resource: str) -> Callable[[Call], Rows]:
    return lambda call: answers.belonging(call, resource, contact_number(call))


def _of_company(resource: str) -> Callable[[Call], Rows]:
    return lambda call: answers.belonging(call, resource, company_number(call))


ROUTES = (
    Route(
        "GET",
        "/contacts",
        "contacts",
        PEOPLE,
        lambda c: answers.listed_by_cursor(c, "contacts", 50),
    ),
    Route(
        "POST",
        "/contacts/search",
        "contacts",
        PEOPLE,
        # As documented: dates in this search are whole days.
        lambda call: answers.searched(call, "contacts", 50, whole_days=True),
    ),
    Route(
        "GET", "/contacts/{contact}/tags", "contact_tags", "Read tags", _of_contact("contact_tags")
    ),
    Route(
        "GET",
        "/contacts/{contact}/segments",
        "contact_segments",
        PEOPLE,
        _of_contact("contact_segments"),
    ),
    Route(
        "GET",
        "/contacts/{contact}/subscriptions",
        "contact_subscriptions",
        PEOPLE,
        _of_contact("contact_subscriptions"),
    ),
    Route(
        "GET",
        "/contacts/{contact}/companies",
        "contact_companies",
        PEOPLE,
        lambda call: answers.paged(call, "contact_companies", contact_number(call)),
    ),
    Route(
        "GET",
        "/contacts/{contact}/notes",
        "contact_notes",
        PEOPLE,
        lambda call: answers.paged(call, "contact_notes", contact_number(call)),
    ),
    Route("GET", "/companies/scroll", "companies", PEOPLE, _scrolled),
    Route(
        "POST",
        "/companies/list",
        "companies",
        PEOPLE,
        lambda call: answers.numbered(call, "companies", 15, deepest=listing.DEEPEST),
    ),
    Route(
        "GET",
        "/companies/{company}/contacts",
        "company_contacts",
        PEOPLE,
        lambda call: answers.paged(call, "company_contacts", company_number(call)),
    ),
    Route(
        "GET",
        "/companies/{company}/segments",
        "company_segments",
        PEOPLE,
        _of_company("company_segments"),
    ),
    Route(
        "GET",
        "/companies/{company}/notes",
        "company_notes",
        PEOPLE,
        lambda call: answers.paged(call, "company_notes", company_number(call)),
    ),
    Route(
        "GET",
        "/segments",
        "segments",
        PEOPLE,
        lambda call: answers.at_once(call, "segments", "segment.list", "segments"),
    ),
    Route("GET", "/tags", "tags", "Read tags", lambda call: answers.at_once(call, "tags")),
)
