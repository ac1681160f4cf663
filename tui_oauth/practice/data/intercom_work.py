"""Intercom's addresses for conversations, tickets, calls, and the workspace's own things."""

from __future__ import annotations

import json
from bisect import bisect_left, bisect_right
from urllib.parse import urlencode

from tui_oauth.practice.data import answers, listing, people, support, workspace_rows
from tui_oauth.practice.data.calls import Call, Route, Rows
from tui_oauth.practice.data.intercom_people import PEOPLE
from tui_oauth.practice.data.listing import NotUnderstood

CONVERSATIONS = "Read conversations"
TICKETS = "Read tickets"
ARTICLES = "Read and list articles"
NEWS = "Read and list news items and newsfeeds"


def _conversation(call: Call) -> Rows:
    text = call.named["conversation"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else 0
    if not 0 < number <= call.dataset.count("conversations"):
        raise NotUnderstood("Resource Not Found", "not_found", 404)
    return Rows(support.whole_conversation(call.dataset, number), 1)


def _activity_logs(call: Call) -> Rows:
    """The newest first, between two moments; the next page as a whole address."""
    if "created_at_after" not in call.query:
        raise NotUnderstood("created_at_after is missing", "parameter_not_found")
    count = call.dataset.count("activity_logs")
    created = call.dataset.stamps["activity_logs"].created
    numbers = range(1, count + 1)
    first = bisect_left(numbers, listing.moment(call.query, "created_at_after", 0), key=created)
    last = bisect_right(
        numbers, listing.moment(call.query, "created_at_before", 10**10), key=created
    )
    found = numbers[first:last][::-1]
    return _by_link(call, "activity_logs", found, 20, "activity_log.list", "activity_logs")


def _events(call: Call) -> Rows:
    """The events of one contact, named in one of three ways; the next page as a whole address."""
    if call.query.get("type") != "user":
        raise NotUnderstood("type must be user", "parameter_invalid")
    contact = people.number_of(people.contact_id, call.query.get("intercom_user_id", ""))
    for name, before, after in (("user_id", "user-", ""), ("email", "person", "@mail.example")):
        given = call.query.get(name, "").removeprefix(before).removesuffix(after)
        if given.isascii() and given.isdigit() and len(given) < 10:
            contact = contact or int(given)
    if not 0 < contact <= call.dataset.count("contacts"):
        raise NotUnderstood("User Not Found", "not_found", 404)
    numbers = call.dataset.numbers_of("data_events", contact)
    page = listing.whole(call.query, "page", 1)
    per_page = listing.whole(call.query, "per_page", 50, listing.MOST)
    shown = numbers[(page - 1) * per_page : page * per_page]
    found = ",".join(call.dataset.text_of("data_events", contact, number) for number in shown)
    pages: dict[str, str] = {}
    if page * per_page < len(numbers):
        pages["next"] = _address(call, page + 1)
    text = (
        f'{{"type":"event.list","events":[{found}],"pages":{json.dumps(pages)},'
        f'"intercom_user_id":"{people.contact_id(contact)}"}}'
    )
    return Rows(text, len(shown))


def _by_link(
    call: Call, resource: str, numbers: range, per_page: int, kind: str, rows: str
) -> Rows:
    page = listing.whole(call.query, "page", 1)
    per_page = listing.whole(call.query, "per_page", per_page, listing.MOST)
    shown = numbers[(page - 1) * per_page : page * per_page]
    text = listing.by_number(
        answers.texts(call, resource, shown),
        total=len(numbers),
        page=page,
        per_page=per_page,
        address=_address(call, page + 1),
        kind=kind,
        rows=rows,
    )
    return Rows(text, len(shown))


def _address(call: Call, page: int) -> str:
    """This call's own address with another page in it."""
    return f"{call.here}?{urlencode({**call.query, 'page': page})}"


def _data_attributes(call: Call) -> Rows:
    model = call.query.get("model", "")
    if model not in {"", "contact", "company"}:
        raise NotUnderstood("model must be contact or company")
    numbers = [
        number
        for number in range(1, call.dataset.count("data_attributes") + 1)
        if model in {"", workspace_rows.attribute_model(number)}
    ]
    return Rows(listing.whole_list(answers.texts(call, "data_attributes", numbers)), len(numbers))


def _custom_objects(call: Call) -> Rows:
    if call.named["type"] != workspace_rows.ORDER:
        raise NotUnderstood("Custom object type not found", "not_found", 404)
    return answers.numbered(call, "custom_objects", 50)


ROUTES = (
    Route(
        "GET",
        "/conversations",
        "conversations",
        CONVERSATIONS,
        lambda call: answers.listed_by_cursor(
            call, "conversations", 20, "conversation.list", "conversations"
        ),
    ),
    Route(
        "POST",
        "/conversations/search",
        "conversations",
        CONVERSATIONS,
        lambda call: answers.searched(
            call, "conversations", 20, "conversation.list", "conversations"
        ),
    ),
    Route(
        "GET",
        "/conversations/attributes",
        "conversation_attributes",
        CONVERSATIONS,
        lambda call: answers.at_once(call, "conversation_attributes"),
    ),
    Route(
        "GET", "/conversations/{conversation}", "conversation_parts", CONVERSATIONS, _conversation
    ),
    Route(
        "POST",
        "/tickets/search",
        "tickets",
        TICKETS,
        lambda call: answers.searched(call, "tickets", 20, "ticket.list", "tickets"),
    ),
    Route(
        "GET",
        "/ticket_types",
        "ticket_types",
        TICKETS,
        lambda c: answers.at_once(c, "ticket_types"),
    ),
    Route(
        "GET",
        "/ticket_states",
        "ticket_states",
        TICKETS,
        lambda c: answers.at_once(c, "ticket_states"),
    ),
    Route(
        "GET", "/calls", "calls", CONVERSATIONS, lambda call: answers.numbered(call, "calls", 25)
    ),
    Route(
        "GET",
        "/admins",
        "admins",
        "Read admins",
        lambda call: answers.at_once(call, "admins", "admin.list", "admins"),
    ),
    Route(
        "GET", "/admins/activity_logs", "activity_logs", "Read admin activity logs", _activity_logs
    ),
    Route(
        "GET",
        "/teams",
        "teams",
        PEOPLE,
        lambda call: answers.at_once(call, "teams", "team.list", "teams"),
    ),
    Route(
        "GET",
        "/articles",
        "articles",
        ARTICLES,
        lambda call: answers.numbered(call, "articles", 25, newest_first=True),
    ),
    Route(
        "GET",
        "/help_center/collections",
        "collections",
        ARTICLES,
        lambda call: answers.numbered(call, "collections", 20),
    ),
    Route(
        "GET",
        "/news/news_items",
        "news_items",
        NEWS,
        lambda c: answers.numbered(c, "news_items", 10),
    ),
    Route(
        "GET", "/news/newsfeeds", "newsfeeds", NEWS, lambda c: answers.numbered(c, "newsfeeds", 10)
    ),
    Route(
        "GET",
        "/subscription_types",
        "subscription_types",
        PEOPLE,
        lambda call: answers.at_once(call, "subscription_types"),
    ),
    Route("GET", "/data_attributes", "data_attributes", PEOPLE, _data_attributes),
    Route("GET", "/events", "data_events", "Read events", _events),
    Route(
        "GET",
        "/custom_object_instances/{type}",
        "custom_objects",
        "Read and write custom object instances",
        _custom_objects,
    ),
)
