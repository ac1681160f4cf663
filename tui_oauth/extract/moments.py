"""Moments at which rows changed, in the forms of the services; here they are Unix milliseconds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from tui_oauth.extract.declared import Search

DAY = 86_400_000
_SECONDS_BELOW = 100_000_000_000
"""A smaller number is in seconds: as milliseconds it would lie in 1973."""


def moment(value: object) -> int | None:
    """`value` of a row as Unix milliseconds: a number, or a text by RFC 3339. None for neither."""
    if isinstance(value, int | float):
        return int(value) if abs(value) >= _SECONDS_BELOW else int(value * 1000)
    if not isinstance(value, str):
        return None
    if value.isascii() and value.isdigit():
        return moment(int(value))
    try:
        found = datetime.fromisoformat(value)
    except ValueError:
        return None
    return int((found if found.tzinfo else found.replace(tzinfo=UTC)).timestamp() * 1000)


def newest(rows: Sequence[Mapping[str, Any]], cursor: str) -> int | None:
    """When the row changed that changed last."""
    values = [row.get(cursor) for row in rows]
    numbers = [value for value in values if isinstance(value, int | float)]
    if len(numbers) == len(values):
        return moment(max(numbers)) if numbers else None
    known = [found for found in map(moment, values) if found is not None]
    return max(known) if known else None


def since_words(search: Search, since: int) -> str | int:
    """`since` as the search wants it: everything from that moment on has to be found."""
    if search.grain == "day":
        # "Later than" looks at days: what changed later on the same day would be left out.
        since = since // DAY * DAY
    if search.moment == "milliseconds":
        return since - 1
    if search.moment == "iso":
        return datetime.fromtimestamp(since / 1000, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return since // 1000 - 1


def filled(value: Any, moments: Mapping[str, str | int]) -> Any:
    """`value`, a piece of JSON, with the `moments` in place of their names (`{since}`)."""
    if isinstance(value, Mapping):
        return {key: filled(item, moments) for key, item in value.items()}
    if isinstance(value, list):
        return [filled(item, moments) for item in value]
    return moments.get(value, value) if isinstance(value, str) else value
