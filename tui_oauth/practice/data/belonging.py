"""Which rows belong to a contact, a company or a conversation."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth.practice.data import people, support, workspace_rows
from tui_oauth.practice.data.templates import spread

if TYPE_CHECKING:
    from tui_oauth.practice.data.dataset import Dataset


class Belonging(NamedTuple):
    """Rows that exist below a parent: their numbers there, and the text of one."""

    parent: str
    numbers: Callable[[Dataset, int], Sequence[int]]
    text: Callable[[Dataset, int, int], str]


def _of(resource: str) -> Callable[[Dataset, int, int], str]:
    """The rows are those of a resource of its own."""
    return lambda dataset, _, number: dataset.text(resource, number)


def _companies(dataset: Dataset, number: int) -> list[int]:
    company = people.company_of(dataset, number)
    return [company] if company else []


def _company_notes(dataset: Dataset, number: int) -> range:
    return range(1, 1 + spread(number, 14 + dataset.seed) % 3)


BELONGING: dict[str, Belonging] = {
    "contact_tags": Belonging("contacts", people.tags_of, _of("tags")),
    "contact_segments": Belonging("contacts", people.segments_of, _of("segments")),
    "contact_companies": Belonging("contacts", _companies, _of("companies")),
    "contact_notes": Belonging("contacts", people.notes_of, support.contact_note),
    "contact_subscriptions": Belonging(
        "contacts", people.subscriptions_of, _of("subscription_types")
    ),
    "data_events": Belonging("contacts", workspace_rows.events_of, workspace_rows.event),
    "company_contacts": Belonging("companies", people.contacts_of, _of("contacts")),
    "company_segments": Belonging("companies", people.company_segments_of, _of("segments")),
    "company_notes": Belonging("companies", _company_notes, support.company_note),
    "conversation_parts": Belonging("conversations", support.parts_of, support.part),
}
