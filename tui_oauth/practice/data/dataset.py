"""All rows of a practice workspace, by resource and number: computed when asked for, always the same."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from tui_oauth.practice.data import people
from tui_oauth.practice.data.stamps import Stamps

USUAL_ROWS: dict[str, int] = {
    "contacts": 1000,
    "tags": 10,
    "companies": 100,
    "segments": 6,
    "admins": 5,
}
"""Rows of each resource that has numbers of its own, unless others are asked for."""


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
        return people.TEXTS[resource](self, number)

    def row(self, resource: str, number: int) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(self.text(resource, number))
        return found

    def rows(self, resource: str) -> Iterator[dict[str, Any]]:
        for number in range(1, self.count(resource) + 1):
            yield self.row(resource, number)
