"""Conversations with their parts, and notes, in Intercom's shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.practice.data import groups, people, words
from tui_oauth.practice.data.templates import Template, spread

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset

_STATES = ("open", "closed", "snoozed")
_PART_TYPES = ("comment", "assignment", "close", "note")
MOST_PARTS = 500


def some_contact(dataset: Dataset, chance: int) -> str:
    """The id of some contact, empty where there is none."""
    contacts = dataset.count("contacts")
    return people.contact_id(1 + chance % contacts) if contacts else ""


def _admin(dataset: Dataset, chance: int) -> str:
    """Some admin, as the author of something."""
    values = groups.admin_values(1 + chance % max(1, dataset.count("admins")))
    return _AUTHOR.filled(values)


_AUTHOR = Template(
    {"type": "admin", "id": "{id}", "name": "{name}", "email": "admin{number}@practice.example"}
)
_CONVERSATION = Template(
    {
        "type": "conversation",
        "id": "{number}",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "waiting_since": None,
        "snoozed_until": None,
        "title": None,
        "state": "{state}",
        "open": "#open",
        "read": "#read",
        "priority": "{priority}",
        "admin_assignee_id": "#admin_id",
        "team_assignee_id": "#team_id",
        "source": {
            "type": "conversation",
            "id": "4{number}",
            "delivered_as": "customer_initiated",
            "subject": "",
            "body": "<p>{subject}</p>",
            "author": {"type": "user", "id": "{contact}", "name": None},
            "attachments": [],
            "url": None,
            "redacted": False,
        },
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "{contact}"}]},
        "first_contact_reply": {"created_at": "#created_at", "type": "conversation", "url": None},
        "tags": {"type": "tag.list", "tags": []},
        "sla_applied": None,
        "statistics": {
            "type": "conversation_statistics",
            "time_to_assignment": "#assigned",
            "time_to_admin_reply": "#replied",
            "count_reopens": "#reopens",
            "count_assignments": 1,
            "count_conversation_parts": "#parts",
        },
        "conversation_rating": "#rating",
        "teammates": {"type": "admin.list", "admins": []},
        "custom_attributes": {"channel": "web"},
        "topics": {"type": "topic.list", "topics": [], "total_count": 0},
        "ticket": None,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
        "ai_agent": None,
        "ai_agent_participated": False,
    }
)  # fmt: skip


def conversation(dataset: Dataset, number: int) -> str:
    chance = spread(number, 31 + dataset.seed)
    stamps = dataset.stamps["conversations"]
    state = _STATES[chance % 3]
    contact = some_contact(dataset, chance >> 3)
    rating = f'{{"rating":{1 + chance % 5},"remark":"","created_at":{stamps.created(number)}}}'
    return _CONVERSATION.filled(
        {
            "number": number,
            "created_at": stamps.created(number),
            "updated_at": stamps.updated(number),
            "state": state,
            "open": "true" if state == "open" else "false",
            "read": "true" if chance & 8 else "false",
            "priority": "priority" if chance % 11 == 0 else "not_priority",
            "admin_id": people.admin_id(1 + chance % max(1, dataset.count("admins"))),
            "team_id": 1 + chance % max(1, dataset.count("teams")),
            "subject": words.SUBJECTS[(chance >> 6) % len(words.SUBJECTS)],
            "contact": contact,
            "assigned": chance % 3600,
            "replied": chance % 86_400,
            "reopens": (chance >> 9) % 3,
            "parts": len(parts_of(dataset, number)),
            "rating": rating if chance & 32 else "null",
        }
    )


def parts_of(dataset: Dataset, number: int) -> range:
    """The numbers of a conversation's parts, from 1. The first conversation has the most."""
    if number == 1:
        return range(1, MOST_PARTS + 1)
    return range(1, 2 + spread(number, 32 + dataset.seed) % 5)


_PART = Template(
    {
        "type": "conversation_part",
        "id": "{id}",
        "part_type": "{part_type}",
        "body": "#body",
        "created_at": "#created_at",
        "updated_at": "#created_at",
        "notified_at": "#created_at",
        "assigned_to": None,
        "author": "#author",
        "attachments": [],
        "external_id": None,
        "redacted": False,
        "email_message_metadata": None,
        "state": "open",
        "tags": [],
        "event_details": None,
        "app_package_code": None,
    }
)


def part(dataset: Dataset, parent: int, number: int) -> str:
    chance = spread(parent * 1000 + number, 33 + dataset.seed)
    part_type = _PART_TYPES[chance % 4] if number > 1 else "comment"
    body = f'"<p>{words.SUBJECTS[(chance >> 4) % len(words.SUBJECTS)]}</p>"'
    return _PART.filled(
        {
            "id": parent * 1000 + number,
            "part_type": part_type,
            "body": body if part_type in {"comment", "note"} else "null",
            "created_at": dataset.stamps["conversations"].created(parent) + number * 60,
            "author": _admin(dataset, chance >> 2),
        }
    )


def whole_conversation(dataset: Dataset, number: int) -> str:
    """A conversation with its parts, as it is read alone."""
    parts = [*dataset.texts_of("conversation_parts", number)]
    return (
        f'{conversation(dataset, number)[:-1]},"conversation_parts":'
        f'{{"type":"conversation_part.list","conversation_parts":[{",".join(parts)}],'
        f'"total_count":{len(parts)}}}}}'
    )


_NOTE = Template(
    {
        "type": "note",
        "id": "{id}",
        "created_at": "#created_at",
        "{parent}": {"type": "{parent}", "id": "{parent_id}"},
        "author": "#author",
        "body": "<p>{subject}</p>",
    }
)


def contact_note(dataset: Dataset, parent: int, number: int) -> str:
    return _note(dataset, "contact", parent, number, people.contact_id(parent))


def company_note(dataset: Dataset, parent: int, number: int) -> str:
    return _note(dataset, "company", parent, number, people.company_id(parent))


def _note(dataset: Dataset, kind: str, parent: int, number: int, parent_id: str) -> str:
    stamps = dataset.stamps["contacts" if kind == "contact" else "companies"]
    chance = spread(parent * 8 + number, 34 + dataset.seed)
    return _NOTE.filled(
        {
            # A contact lists its notes by these ids; those of companies are further up.
            "id": f"{parent}{number}" if kind == "contact" else f"9000000{parent}{number}",
            "created_at": stamps.created(parent) + number * 3600,
            "parent": kind,
            "parent_id": parent_id,
            "author": _admin(dataset, chance),
            "subject": words.SUBJECTS[chance % len(words.SUBJECTS)],
        }
    )


TEXTS: dict[str, Callable[[Dataset, int], str]] = {
    "conversations": conversation,
}
