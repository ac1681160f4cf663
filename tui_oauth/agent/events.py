"""What happens to entries, as events for hooks: pure functions over two states of the vault."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

from tui_oauth.endings import CONSENT, SOON, endings
from tui_oauth.model import Entry

REFRESHED = "refreshed"
FAILING = "failing"
NEEDS_AUTHORIZATION = "needs_authorization"
EXPIRING_SOON = "expiring_soon"


class Event(NamedTuple):
    """Something that happened to `entry`, which is as it stands after it."""

    kind: str
    entry: Entry
    error: str = ""


def between(before: Mapping[str, Entry], after: Mapping[str, Entry]) -> list[Event]:
    """What happened to the entries between two states, by whatever process. Both are by id.

    An entry that is new has no past: nothing has happened to it.
    """
    found = []
    for entry_id, entry in after.items():
        old = before.get(entry_id)
        if old is None or old.revision == entry.revision:
            continue
        if entry.needs_authorization and not old.needs_authorization:
            found.append(Event(NEEDS_AUTHORIZATION, entry, entry.last_error))
        elif entry.authorized and old.authorized and (entry.issued_at or 0) > (old.issued_at or 0):
            found.append(Event(REFRESHED, entry))
    return found


def ends_soon(entry: Entry, now: float, seconds: float) -> bool:
    """Whether something of `entry` that nothing renews ends within `seconds`, or has ended (`endings`).

    A sign-in may last a week only: of its end one hears two days before, as in the list.
    """
    return any(
        ending.at - now <= (min(seconds, SOON[CONSENT]) if ending.what == CONSENT else seconds)
        for ending in endings(entry)
    )
