"""When which entry is refreshed: pure functions over times, and a table of what comes when.

Times are Unix seconds. Nothing here asks a clock or a source of randomness: the spread of an entry
is a hash of its id and of the token's time, so a thousand entries that were authorized in one
minute are not refreshed in one minute, and a test gets the same times again.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, replace
from sys import intern
from zlib import crc32

from tui_oauth.model import Entry

LEAD_SHARE = 0.2
LEAD_SECONDS = (90.0, 900.0)
"""The least and the most that a token is refreshed before its end, where it lives long enough."""
SPREAD_SHARE = 0.2
SPREAD_SECONDS = 1800.0
ASSUMED_LIFE = 3600
OVERDUE_SPACING = 0.05
"""Seconds between entries that are all overdue, as at a start in the morning."""
LEAST_PAUSE = 10.0
"""Between two attempts for one entry, however short its tokens live."""
FIRST_BACK_OFF = 15.0
LONGEST_BACK_OFF = 1800.0
LANES = 16
SICK_LANES = 4
"""How many of the lanes entries may hold whose last attempt failed: a provider that hangs takes
each of them for the whole deadline, and the others' tokens have to keep arriving."""
SERVICE_LANES = 6


def spread(entry_id: str, salt: int | str) -> float:
    """A number from 0 up to 1 that is the entry's own."""
    return crc32(f"{entry_id}:{salt}".encode()) / 2**32


def refresh_at(entry: Entry, *, renewable: bool) -> float | None:
    """When the token of `entry` is to be refreshed; None where nobody can, or nothing ends.

    A fifth of its life before its end, and up to another fifth earlier, but not in its first half. A
    token that is overdue gives a time that has passed.
    """
    ends = entry.expires_at
    if not (renewable and entry.configured and entry.authorized) or entry.needs_authorization:
        return None
    if ends is None:
        return None
    life = max(1.0, float(ends - (entry.issued_at or ends - ASSUMED_LIFE)))
    least, most = LEAD_SECONDS
    lead = min(max(life * LEAD_SHARE, least), most, life / 2)
    earlier = min(life * SPREAD_SHARE, SPREAD_SECONDS, life / 2 - lead)
    return ends - lead - earlier * spread(entry.id, entry.issued_at or 0)


def back_off(entry_id: str, failures: int) -> float:
    """Seconds to wait after so many failures in a row: doubled each time, give or take a quarter."""
    doubled = FIRST_BACK_OFF * 2.0 ** min(failures - 1, 20)
    return min(doubled, LONGEST_BACK_OFF) * (0.75 + spread(entry_id, failures) / 2)


def provider_of(entry: Entry) -> str:
    """What tells whether two entries are refreshed at the same place.

    A service may stand for many: each entry made from a URL has a server of its own, and a variable
    may be part of the address.
    """
    place = f"{entry.pinned}{sorted(entry.variables.items())}"
    return intern(f"{entry.service}:{crc32(place.encode('utf-8', 'surrogatepass')):08x}")


Facts = tuple[object, ...]


def facts_of(entry: Entry) -> Facts:
    """What a schedule depends on; other changes of an entry do not move it."""
    return (
        entry.configured,
        entry.authorized,
        entry.needs_authorization,
        entry.issued_at,
        entry.expires_at,
        entry.has_refresh_token,
    )


@dataclass(frozen=True, slots=True)
class Course:
    """How it goes with one entry. `due` is None where it is not refreshed by itself."""

    entry_id: str
    service: str
    facts: Facts
    revision: int
    due: float | None
    failures: int = 0
    error: str = ""
    tried_at: float | None = None
    refreshed_at: float | None = None


class Schedule:
    """The courses of all entries. Not for several threads at once."""

    def __init__(self) -> None:
        self.courses: dict[str, Course] = {}
        self._running: dict[str, tuple[str, bool]] = {}

    def reconcile(
        self, entries: Iterable[Entry], renewable: Callable[[Entry], bool], now: float
    ) -> None:
        """Take note of the entries as they are now: new ones, changed ones, and those that went."""
        courses: dict[str, Course] = {}
        overdue = 0
        for entry in entries:
            known = self.courses.get(entry.id)
            facts = facts_of(entry)
            if known is not None and known.facts == facts:
                due = known.due
                changed = known.revision != entry.revision
                tried = known.tried_at
                if changed and known.failures and (tried is None or now - tried >= FIRST_BACK_OFF):
                    # Somebody did something about it, other credentials perhaps: worth a try.
                    due = refresh_at(entry, renewable=renewable(entry))
                courses[entry.id] = replace(known, revision=entry.revision, due=due)
                continue
            due = refresh_at(entry, renewable=renewable(entry))
            if due is not None and due <= now:
                overdue += 1
                due = now + overdue * OVERDUE_SPACING
            fresh = Course(entry.id, provider_of(entry), facts, entry.revision, due)
            if known is not None:
                pause = None if known.tried_at is None else known.tried_at + LEAST_PAUSE
                if due is not None and pause is not None:
                    due = max(due, pause)
                fresh = replace(
                    fresh, due=due, tried_at=known.tried_at, refreshed_at=known.refreshed_at
                )
            courses[entry.id] = fresh
        self.courses = courses

    def take_due(self, now: float) -> list[Course]:
        """The courses whose time has come and for which there is a lane; they count as running."""
        taken: list[Course] = []
        due = [
            course
            for course in self.courses.values()
            if course.due is not None and course.due <= now and course.entry_id not in self._running
        ]
        for course in sorted(due, key=lambda one: one.due or 0.0):
            if len(self._running) >= LANES:
                break
            sick = course.failures > 0
            if sick and sum(ill for _, ill in self._running.values()) >= SICK_LANES:
                continue
            same = sum(service == course.service for service, _ in self._running.values())
            if same >= SERVICE_LANES:
                continue
            self._running[course.entry_id] = (course.service, sick)
            taken.append(course)
        return taken

    def done(self, entry: Entry, renewable: bool, now: float) -> None:
        """A refresh came back with a token; `entry` is as it stands now."""
        self._running.pop(entry.id, None)
        known = self.courses.get(entry.id)
        if known is None:
            return  # it was deleted meanwhile
        due = refresh_at(entry, renewable=renewable)
        self.courses[entry.id] = replace(
            known,
            facts=facts_of(entry),
            revision=entry.revision,
            due=None if due is None else max(due, now + LEAST_PAUSE),
            failures=0,
            error="",
            tried_at=now,
            refreshed_at=now,
        )

    def failed(
        self, entry_id: str, words: str, now: float, *, entry: Entry | None, again: bool
    ) -> None:
        """A refresh failed with `words`; `entry` is as it stands now, where it could be read.

        Without `again` only a change of the entry brings another attempt: a person has to act.
        """
        self._running.pop(entry_id, None)
        known = self.courses.get(entry_id)
        if known is None:
            return
        failures = known.failures + 1
        self.courses[entry_id] = replace(
            known,
            facts=known.facts if entry is None else facts_of(entry),
            revision=known.revision if entry is None else entry.revision,
            due=now + back_off(entry_id, failures) if again else None,
            failures=failures,
            error=words,
            tried_at=now,
        )

    def put_off(self, entry_id: str, until: float) -> None:
        """An attempt that could not be made counts as none: again at `until`."""
        self._running.pop(entry_id, None)
        if entry_id in self.courses:
            self.courses[entry_id] = replace(self.courses[entry_id], due=until)

    def next_due(self) -> float | None:
        """When the next entry is due that is not being refreshed already; None if there is none."""
        waiting = (
            course.due
            for course in self.courses.values()
            if course.due is not None and course.entry_id not in self._running
        )
        return min(waiting, default=None)

    @property
    def running(self) -> Collection[str]:
        """The ids of the entries that are being refreshed now."""
        return self._running.keys()
