"""How an entry does, in words: where it stands, why, and the one thing that mends it.

Commands and screens say the same; a key or a command for the remedy is theirs to name.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple

from tui_oauth.endings import (
    ACCESS_TOKEN,
    CLIENT_SECRET,
    CONSENT,
    REFRESH_TOKEN,
    Ending,
    endings,
    first_ending,
)
from tui_oauth.errors import Fix
from tui_oauth.model import Entry, Grant, Status, normalised_name, renews, status_of
from tui_oauth.text import duration, relative, rfc3339

_NEVER = 1 << 62
_RANK = {
    Status.NEEDS_AUTHORIZATION: 0,
    Status.EXPIRED: 1,
    # 2: what ends soon
    Status.CONFIGURED: 3,
    Status.NOT_CONFIGURED: 4,
    Status.AUTHORIZED: 5,
}


class Health(NamedTuple):
    """`sign` and `words` are readable without colour, `tone` is good, warn, bad or quiet.

    `why` is a sentence, empty where there is nothing to explain; `fix` is what mends it.
    """

    sign: str
    words: str
    tone: str
    why: str = ""
    fix: Fix = Fix.NONE


def health_of(entry: Entry, now: int) -> Health:
    """How `entry` does at `now`."""
    state = status_of(entry, now)
    if state is Status.NOT_CONFIGURED:
        return Health("◐", "Not Configured", "quiet", "It has no client ID yet.", Fix.CONFIGURE)
    if state is Status.NEEDS_AUTHORIZATION:
        why = entry.last_error or "The service takes its tokens no longer."
        return Health("✕", "Authorize again", "bad", why, Fix.AUTHORIZE)
    if state is Status.EXPIRED:
        why = f"Its access token ended {relative(entry.expires_at, now)}, and none renews it."
        return Health("✕", "Expired", "bad", why, Fix.AUTHORIZE)
    ending = _soon(entry, now)
    if ending is not None:
        return _ends_soon(ending, now)
    if state is Status.AUTHORIZED:
        return Health("●", "Authorized", "good")
    if entry.grant == Grant.CLIENT:
        return Health("◐", "No token yet", "quiet", "Nobody has asked for one.", Fix.AUTHORIZE)
    return Health("◐", "Not Authorized", "quiet", "Nobody has signed in yet.", Fix.AUTHORIZE)


def status_words(entry: Entry, now: int) -> tuple[str, str]:
    """A sign and the words for where `entry` stands: readable without colour."""
    found = health_of(entry, now)
    return found.sign, found.words


def urgency(entry: Entry, now: int) -> tuple[int, int, str]:
    """What sorts entries: what needs a person first, then what will first, then by name."""
    rank = 2 if health_of(entry, now).tone == "warn" else _RANK[status_of(entry, now)]
    ending = first_ending(entry)
    return rank, _NEVER if ending is None else ending.at, normalised_name(entry.name)


def by_urgency(entries: Iterable[Entry], now: int) -> list[Entry]:
    """The entries, the most urgent first."""
    return sorted(entries, key=lambda entry: urgency(entry, now))


def ending_facts(entry: Entry, now: int) -> list[tuple[str, str]]:
    """Labels and words for what ends without renewing, but for the access token itself."""
    label = {REFRESH_TOKEN: "Grant ends", CONSENT: "Sign-in ends", CLIENT_SECRET: "Secret ends"}
    facts = []
    for ending in endings(entry):
        if ending.what in label:
            words = f"{rfc3339(ending.at)} ({relative(ending.at, now)}): {ending.remedy}"
            facts.append((label[ending.what], words))
    return facts


def expiry_words(entry: Entry, now: int) -> str:
    """When the access token of `entry` ends, in a few words; empty where there is none."""
    if not entry.authorized:
        return ""
    if entry.expires_at is None:
        return "does not expire"
    if entry.expires_at <= now:
        return "renewed on use" if renews(entry) else "expired"
    return f"in {duration(entry.expires_at - now)}"


def _soon(entry: Entry, now: int) -> Ending | None:
    """The first end that it is time to warn of."""
    return next((ending for ending in endings(entry) if ending.soon(now)), None)


def _ends_soon(ending: Ending, now: int) -> Health:
    when, over = relative(ending.at, now), ending.at <= now
    if ending.what == ACCESS_TOKEN:
        why = f"Its access token ends {when}, and none renews it."
        words = f"Expires in {duration(ending.at - now)}"
        return Health("▲", words, "warn", why, Fix.AUTHORIZE)
    if ending.what == CLIENT_SECRET:
        words = "Secret has ended" if over else "Secret ends soon"
        why = f"Its client secret {'ended' if over else 'ends'} {when}."
        return Health("▲", words, "warn", why, Fix.CONFIGURE)
    if ending.what == CONSENT:
        words = "Sign-in has ended" if over else "Sign-in ends soon"
        why = f"The service {'wanted' if over else 'wants'} a new sign-in {when}, by what you said."
        return Health("▲", words, "warn", why, Fix.AUTHORIZE)
    words = "May have ended" if over else "Grant ends soon"
    why = f"Its refresh token {'may have ended' if over else 'ends'} {when} unless it is used."
    return Health("▲", words, "warn", why, Fix.AUTHORIZE)
