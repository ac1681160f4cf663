"""Entries as rows of the list: words, order and search. No widgets."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tui_oauth.endings import first_ending
from tui_oauth.health import by_urgency, expiry_words, health_of, status_words
from tui_oauth.model import Entry, Status, normalised_name, status_of
from tui_oauth.text import neutralise

SORTS: Mapping[str, str] = {
    "name": "name",
    "status": "urgency",
    "service": "service",
    "expires": "expiry",
}
_NEVER = 1 << 62


class Row(NamedTuple):
    """One line of the list. `tone` names a component style: good, warn, bad, quiet or busy."""

    id: str
    name: str
    service: str
    status: str
    account: str
    expires: str
    tone: str

    def cell(self, column: str) -> str:
        return str(getattr(self, column))


def row_of(entry: Entry, now: int, waits_until: int | None = None) -> Row:
    """`entry` as a line; `waits_until` is when the sign-in that waits for it ends (Unix seconds)."""
    status, tone = status_and_tone(entry, now, waits_until)
    return Row(
        id=entry.id,
        name=neutralise(entry.name),
        service=neutralise(entry.service_name),
        status=status,
        account=neutralise(entry.account),
        expires=_expires(entry, now),
        tone=tone,
    )


def _expires(entry: Entry, now: int) -> str:
    """The end of the access token in at most two words or so."""
    if status_of(entry, now) is not Status.AUTHORIZED:
        return ""
    return "never" if entry.expires_at is None else expiry_words(entry, now)


def status_and_tone(entry: Entry, now: int, waits_until: int | None = None) -> tuple[str, str]:
    """Sign and words of where `entry` stands, and the tone they are shown in."""
    if waits_until is not None:
        return f"▸ Waiting {clock(waits_until - now)}", "busy"
    found = health_of(entry, now)
    return f"{found.sign} {found.words}", found.tone


def clock(seconds: int) -> str:
    """A countdown: `9:31`."""
    left = max(0, seconds)
    return f"{left // 60}:{left % 60:02d}"


def arranged(entries: Iterable[Entry], sort: str, query: str, now: int) -> list[Entry]:
    """The entries that `query` leaves, in the order of `sort` (a key of SORTS), then by name."""
    words = query.casefold().split()
    left = [entry for entry in entries if _matches(entry, words, now)]
    left.sort(key=lambda entry: normalised_name(entry.name))
    if sort == "status":
        left = by_urgency(left, now)
    elif sort == "service":
        left.sort(key=lambda entry: normalised_name(entry.service_name))
    elif sort == "expires":
        left.sort(key=_ends)
    return left


def _ends(entry: Entry) -> tuple[int, int]:
    """What needs a person first, then what ends first and renews by itself."""
    ending = first_ending(entry)
    renewed = entry.expires_at if entry.authorized else None
    return (_NEVER if ending is None else ending.at, _NEVER if renewed is None else renewed)


def _matches(entry: Entry, words: list[str], now: int) -> bool:
    """Whether every word is somewhere in what the list shows of `entry`."""
    if not words:
        return True
    shown = " ".join(
        (entry.name, entry.service_name, entry.service, entry.account, status_words(entry, now)[1])
    ).casefold()
    return all(word in shown for word in words)


def suggested_name(service_id: str, taken: set[str]) -> str:
    """A name for a new entry of this service that no other entry has."""
    name, number = service_id, 1
    while normalised_name(name) in taken:
        number += 1
        name = f"{service_id}-{number}"
    return name
