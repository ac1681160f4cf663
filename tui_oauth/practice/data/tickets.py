"""Tickets with their types and states, and calls, in Intercom's shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.practice.data import people, words
from tui_oauth.practice.data.support import some_contact
from tui_oauth.practice.data.templates import Template, spread

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset

_TICKET_TYPES = ("Bug Report", "Return", "Question of an invoice")
_TICKET_STATES = (
    ("submitted", "Submitted"),
    ("in_progress", "In progress"),
    ("waiting_on_customer", "Waiting on customer"),
    ("resolved", "Resolved"),
    ("resolved", "Refunded"),
)

_TICKET_TYPE = Template(
    {
        "type": "ticket_type",
        "id": "{number}",
        "name": "{name}",
        "description": "For a {name}",
        "icon": "🎟️",
        "workspace_id": people.WORKSPACE,
        "archived": False,
        "is_internal": False,
        "category": "Customer",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "ticket_type_attributes": {
            "type": "list",
            "data": [
                {
                    "type": "ticket_type_attribute",
                    "id": "{number}1",
                    "name": "_default_title_",
                    "data_type": "string",
                    "order": 0,
                    "default": True,
                    "ticket_type_id": "#number",
                    "archived": False,
                }
            ],
        },
    }
)


def ticket_type(dataset: Dataset, number: int) -> str:
    stamps = dataset.stamps["ticket_types"]
    return _TICKET_TYPE.filled(
        {
            "number": number,
            "name": _TICKET_TYPES[(number - 1) % 3],
            "created_at": stamps.created(number),
            "updated_at": stamps.updated(number),
        }
    )


_TICKET_STATE = Template(
    {
        "type": "ticket_state",
        "id": "{number}",
        "category": "{category}",
        "internal_label": "{label}",
        "external_label": "{label}",
    }
)


def _ticket_state(number: int) -> str:
    category, label = _TICKET_STATES[(number - 1) % len(_TICKET_STATES)]
    return _TICKET_STATE.filled({"number": number, "category": category, "label": label})


def ticket_state(dataset: Dataset, number: int) -> str:
    types = [ticket_type(dataset, each) for each in range(1, dataset.count("ticket_types") + 1)]
    return (
        f'{_ticket_state(number)[:-1]},"archived":false,'
        f'"ticket_types":{{"type":"list","data":[{",".join(types)}]}}}}'
    )


_TICKET = Template(
    {
        "type": "ticket",
        "id": "{number}",
        "ticket_id": "{number}",
        "category": "Customer",
        "ticket_attributes": {
            "_default_title_": "{subject}",
            "_default_description_": None,
            "order_value": "#value",
        },
        "ticket_state": "#state",
        "ticket_type": {"type": "ticket_type", "id": "{type_id}", "name": "{type_name}"},
        "contacts": {"type": "contact.list", "contacts": [{"type": "contact", "id": "{contact}"}]},
        "admin_assignee_id": "{admin_id}",
        "team_assignee_id": "0",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "open": "#open",
        "is_shared": True,
        "linked_objects": {"type": "list", "data": [], "total_count": 0, "has_more": False},
    }
)


def ticket(dataset: Dataset, number: int) -> str:
    chance = spread(number, 35 + dataset.seed)
    stamps = dataset.stamps["tickets"]
    state = 1 + chance % max(1, dataset.count("ticket_states"))
    of_type = 1 + (chance >> 4) % max(1, dataset.count("ticket_types"))
    return _TICKET.filled(
        {
            "number": number,
            "subject": words.SUBJECTS[(chance >> 6) % len(words.SUBJECTS)],
            "value": f"{(chance >> 3) % 100_000 / 100:.2f}",
            "state": _ticket_state(state),
            "type_id": of_type,
            "type_name": _TICKET_TYPES[(of_type - 1) % 3],
            "contact": some_contact(dataset, chance >> 5),
            "admin_id": people.admin_id(1 + chance % max(1, dataset.count("admins"))),
            "created_at": stamps.created(number),
            "updated_at": stamps.updated(number),
            "open": "false" if state > 3 else "true",
        }
    )


_CALL = Template(
    {
        "type": "call",
        "id": "{number}",
        "conversation_id": "{conversation}",
        "admin_id": "{admin_id}",
        "contact_id": "{contact}",
        "state": "completed",
        "initiated_at": "#created_at",
        "answered_at": "#answered_at",
        "ended_at": "#ended_at",
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "recording_url": None,
        "transcription_url": None,
        "call_type": "phone",
        "direction": "{direction}",
        "ended_reason": "completed",
        "phone": "+1555{phone}",
    }
)


def call(dataset: Dataset, number: int) -> str:
    chance = spread(number, 36 + dataset.seed)
    stamps = dataset.stamps["calls"]
    created = stamps.created(number)
    return _CALL.filled(
        {
            "number": number,
            "conversation": 1 + chance % max(1, dataset.count("conversations")),
            "admin_id": people.admin_id(1 + chance % max(1, dataset.count("admins"))),
            "contact": some_contact(dataset, chance >> 5),
            "created_at": created,
            "answered_at": created + chance % 60,
            "ended_at": created + chance % 60 + chance % 1800,
            "updated_at": stamps.updated(number),
            "direction": "inbound" if chance & 1 else "outbound",
            "phone": f"{number:07d}",
        }
    )


TEXTS: dict[str, Callable[[Dataset, int], str]] = {
    "tickets": ticket,
    "ticket_types": ticket_type,
    "ticket_states": ticket_state,
    "calls": call,
}
