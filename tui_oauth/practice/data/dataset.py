"""All rows of a practice workspace, by resource and number: computed when asked for, always the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from tui_oauth.practice.data import articles, groups, people, support, tickets, workspace_rows
from tui_oauth.practice.data.belonging import BELONGING
from tui_oauth.practice.data.stamps import Stamps

USUAL_ROWS: dict[str, int] = {
    "contacts": 1000,
    "companies": 100,
    "conversations": 300,
    "tickets": 120,
    "calls": 80,
    "activity_logs": 150,
    "articles": 60,
    "collections": 12,
    "news_items": 25,
    "newsfeeds": 2,
    "tags": 10,
    "segments": 6,
    "admins": 5,
    "teams": 4,
    "subscription_types": 4,
    "ticket_types": 3,
    "ticket_states": 5,
    "data_attributes": 12,
    "conversation_attributes": 4,
    "custom_objects": 60,
    "content_export": 90,
}
"""Rows of each resource that has numbers of its own, unless others are asked for."""

_TEXTS = {
    **people.TEXTS,
    **groups.TEXTS,
    **support.TEXTS,
    **tickets.TEXTS,
    **articles.TEXTS,
    **workspace_rows.TEXTS,
}


class Dataset:
    """The rows of a workspace: `rows` says how many of which resource, `seed` which ones.

    `row` and `rows` give them as values, as a reader of the API would see them, so that a test
    can count and add up without it; `text` gives a row as JSON.
    """

    def __init__(self, rows: Mapping[str, int] | None = None, seed: int = 1) -> None:
        unknown = sorted({*(rows or {})} - {*USUAL_ROWS})
        if unknown:
            raise ValueError(f"there are no rows of: {', '.join(unknown)}")
        self.seed = seed
        self.contact_kinds: dict[int, str] = {}
        self.stamps = {
            name: Stamps((rows or {}).get(name, usual)) for name, usual in USUAL_ROWS.items()
        }

    def count(self, resource: str) -> int:
        return self.stamps[resource].count

    def change(self, resource: str, rows: int) -> list[int]:
        """Changes this many rows: they are updated later than all before. Their numbers."""
        return self.stamps[resource].change(rows)

    def add(self, resource: str, rows: int) -> list[int]:
        """Adds this many rows, made later than all before. Their numbers."""
        return self.stamps[resource].add(rows)

    def text(self, resource: str, number: int) -> str:
        """One row as JSON."""
        return _TEXTS[resource](self, number)

    def row(self, resource: str, number: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text(resource, number))
        return found

    def rows(self, resource: str) -> Iterator[dict[str, Any]]:
        for number in range(1, self.count(resource) + 1):
            yield self.row(resource, number)

    def numbers_of(self, resource: str, parent: int) -> Sequence[int]:
        """The numbers of the rows of `resource` that belong to the row `parent`."""
        return BELONGING[resource].numbers(self, parent)

    def text_of(self, resource: str, parent: int, number: int) -> str:
        return BELONGING[resource].text(self, parent, number)

    def texts_of(self, resource: str, parent: int) -> Iterator[str]:
        for number in self.numbers_of(resource, parent):
            yield self.text_of(resource, parent, number)

    def rows_of(self, resource: str) -> Iterator[tuple[int, dict[str, Any]]]:
        """All rows that belong to some row, each with the number of that one."""
        for parent in range(1, self.count(BELONGING[resource].parent) + 1):
            for text in self.texts_of(resource, parent):
                yield parent, json.loads(text)
