"""Logs, attributes, events and what else a workspace has, in Intercom's shapes."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from tui_oauth.practice.data import groups, people, words
from tui_oauth.practice.data.articles import stamped
from tui_oauth.practice.data.templates import Template, spread

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset

ORDER = "Order"  # the one type of custom objects that the workspace has
_EVENTS = ("placed-order", "signed-in", "invited-friend", "asked-for-refund")
_LOGS = ("app_name_change", "admin_login_success", "message_state_change", "tag_created")
_SUBSCRIPTIONS = (
    ("Newsletter", "opt_out", "email"),
    ("Offers", "opt_in", "email"),
    ("Order updates", "opt_out", "sms_message"),
    ("Events nearby", "opt_in", "sms_message"),
)
_ATTRIBUTES = (
    ("plan", "string"),
    ("seats", "integer"),
    ("score", "float"),
    ("signed_up_at", "date"),
    ("is_partner", "boolean"),
    ("contract", "string"),
)

_SUBSCRIPTION = Template(
    {
        "type": "subscription",
        "id": "{number}",
        "state": "live",
        "consent_type": "{consent}",
        "default_translation": {"name": "{name}", "description": "{name}", "locale": "en"},
        "translations": [{"name": "{name}", "description": "{name}", "locale": "en"}],
        "content_types": ["{content}"],
    }
)


def subscription_type(dataset: Dataset, number: int) -> str:
    name, consent, content = _SUBSCRIPTIONS[(number - 1) % len(_SUBSCRIPTIONS)]
    return _SUBSCRIPTION.filled(
        {"number": number, "name": name, "consent": consent, "content": content}
    )


_ATTRIBUTE = Template(
    {
        "type": "data_attribute",
        "id": "#number",
        "name": "{name}",
        "full_name": "custom_attributes.{name}",
        "label": "{name}",
        "description": "",
        "data_type": "{data_type}",
        "api_writable": True,
        "ui_writable": True,
        "messenger_writable": False,
        "custom": True,
        "archived": False,
        "model": "{model}",
    }
)


def data_attribute(dataset: Dataset, number: int) -> str:
    return _attribute(number, attribute_model(number))


def attribute_model(number: int) -> str:
    """Odd ones are of contacts, even ones of companies."""
    return "contact" if number % 2 else "company"


def conversation_attribute(dataset: Dataset, number: int) -> str:
    return _attribute(1000 + number, "conversation")


def _attribute(number: int, model: str) -> str:
    name, data_type = _ATTRIBUTES[number % len(_ATTRIBUTES)]
    name = f"{name}_{number}"
    return _ATTRIBUTE.filled(
        {"number": number, "name": name, "data_type": data_type, "model": model}
    )


_LOG = Template(
    {
        "id": "log-{number}",
        "activity_type": "{kind}",
        "activity_description": "{name}: {kind}",
        "created_at": "#created_at",
        "performed_by": {"type": "admin", "id": "{id}", "email": "admin{admin}@practice.example",
                         "ip": "192.0.2.{ip}"},
        "metadata": {"before": "before {number}", "after": "after {number}"},
    }
)  # fmt: skip


def activity_log(dataset: Dataset, number: int) -> str:
    chance = spread(number, 41 + dataset.seed)
    admin = 1 + chance % max(1, dataset.count("admins"))
    return _LOG.filled(
        {
            "number": number,
            "kind": _LOGS[(chance >> 4) % 4],
            "created_at": dataset.stamps["activity_logs"].created(number),
            "name": groups.admin_values(admin)["name"],
            "id": people.admin_id(admin),
            "admin": admin,
            "ip": 1 + chance % 250,
        }
    )


_OBJECT = Template(
    {
        "type": ORDER,
        "id": "{number}",
        "external_id": "order-{number}",
        "external_created_at": "#created_at",
        "external_updated_at": None,
        "created_at": "#created_at",
        "updated_at": "#updated_at",
        "custom_attributes": {"order_number": "ORDER-{number}", "total_amount": "#total"},
    }
)


def custom_object(dataset: Dataset, number: int) -> str:
    total = spread(number, 44 + dataset.seed) % 100_000
    values = stamped(dataset, "custom_objects", number)
    return _OBJECT.filled({**values, "total": f"{total / 100:.2f}"})


def events_of(dataset: Dataset, contact: int) -> range:
    """The numbers of a contact's events, from 1: mostly few, sometimes more than a page."""
    if contact % 50 == 1:
        return range(1, 61)
    return range(1, 1 + spread(contact, 45 + dataset.seed) % 4)


_EVENT = Template(
    {
        "type": "event",
        "id": "event-{contact}-{number}",
        "event_name": "{name}",
        "created_at": "#created_at",
        "user_id": "user-{contact}",
        "intercom_user_id": "{contact_id}",
        "email": "person{contact}@mail.example",
        "metadata": {"amount": "#amount"},
    }
)


def event(dataset: Dataset, contact: int, number: int) -> str:
    chance = spread(contact * 64 + number, 46 + dataset.seed)
    return _EVENT.filled(
        {
            "contact": contact,
            "number": number,
            "name": _EVENTS[chance % 4],
            "created_at": dataset.stamps["contacts"].created(contact) + number * 60,
            "contact_id": people.contact_id(contact),
            "amount": chance % 10_000,
        }
    )


_SENT = Template(
    {
        "receipt_id": "{number}",
        "content_id": "{content}",
        "content_type": "email",
        "content_title": "{title}",
        "user_id": "{contact_id}",
        "email": "person{contact}@mail.example",
        "received_at": "{created_at}",
        "first_open": "{opened}",
    }
)
SENT_COLUMNS = (
    "receipt_id",
    "content_id",
    "content_type",
    "content_title",
    "user_id",
    "email",
    "received_at",
    "first_open",
)


def sent(dataset: Dataset, number: int) -> str:
    """One delivery of a message: a line of the content export."""
    chance = spread(number, 47 + dataset.seed)
    created = dataset.stamps["content_export"].created(number)
    contact = 1 + chance % max(1, dataset.count("contacts"))
    return _SENT.filled(
        {
            "number": number,
            "content": 1 + chance % 7,
            "title": words.SUBJECTS[chance % len(words.SUBJECTS)],
            "contact": contact,
            "contact_id": people.contact_id(contact),
            "created_at": created,
            "opened": created + chance % 7200 if chance & 8 else "",
        }
    )


TEXTS: dict[str, Callable[[Dataset, int], str]] = {
    "subscription_types": subscription_type,
    "data_attributes": data_attribute,
    "conversation_attributes": conversation_attribute,
    "activity_logs": activity_log,
    "custom_objects": custom_object,
    "content_export": sent,
}
