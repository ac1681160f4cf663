"""When an entry will need a person again: what is known of the ends of its token, grant and client.

An access token that renews by itself needs nobody. What its refresh token or its client secret does
one day is known from the provider's answer, from what is known of the service, or from the person.
"""

from __future__ import annotations

from typing import NamedTuple

from tui_oauth.errors import UsageProblem
from tui_oauth.model import Entry, renews

ACCESS_TOKEN, REFRESH_TOKEN, CLIENT_SECRET = "access token", "refresh token", "client secret"
CONSENT = "sign-in"
"""What the person has given at the provider; it ends after some days where the provider says so."""

NEVER, TESTING = "never", "testing"

DAY = 86_400
SOON = {
    ACCESS_TOKEN: 600,
    REFRESH_TOKEN: 7 * DAY,
    CONSENT: 2 * DAY,
    CLIENT_SECRET: 14 * DAY,
}
"""How many seconds before its end each is warned of: a new secret takes longer than a sign-in."""


class Ending(NamedTuple):
    """`what` (one of the four above) ends at `at` (Unix seconds), and `remedy` says what helps."""

    what: str
    at: int
    remedy: str

    def soon(self, now: int) -> bool:
        """Whether it is time to say so."""
        return self.at - now < SOON[self.what]


def endings(entry: Entry) -> list[Ending]:
    """What is known to end and does not renew by itself, the first to end first."""
    found: list[Ending] = []
    if entry.authorized and entry.expires_at is not None and not renews(entry):
        found.append(Ending(ACCESS_TOKEN, entry.expires_at, "authorize again"))
    if entry.authorized and entry.has_refresh_token and entry.refresh_expires_at is not None:
        found.append(
            Ending(REFRESH_TOKEN, entry.refresh_expires_at, "as far as known; use may prolong it")
        )
    began = entry.authorized_at or entry.issued_at
    if entry.authorized and entry.consent_days and began is not None and renews(entry):
        ends = began + entry.consent_days * DAY
        found.append(Ending(CONSENT, ends, "then a person has to authorize again"))
    if entry.configured and entry.client_secret_expires_at is not None:
        found.append(
            Ending(CLIENT_SECRET, entry.client_secret_expires_at, "get a new one, and configure it")
        )
    return sorted(found, key=lambda ending: ending.at)


def first_ending(entry: Entry) -> Ending | None:
    """The next end that needs a person; None where none is known."""
    return next(iter(endings(entry)), None)


def days_of(text: str, testing: int | None) -> int | None:
    """How many days a sign-in lasts: `7` or `7d`; None for "never".

    "testing" stands for `testing`, what the service gives applications that are in testing there. Raises
    UsageProblem for anything else.
    """
    word = text.strip().casefold()
    if word == NEVER:
        return None
    if word == TESTING and testing is not None:
        return testing
    number = word.removesuffix("d")
    if not (number.isascii() and number.isdigit() and 0 < int(number[:5]) <= 3650):
        also = f", {TESTING} where the application is in testing there" if testing else ""
        raise UsageProblem(
            "How long a sign-in lasts is a number of days.", f"For instance 7d, or never{also}."
        )
    return int(number)


def day_of(text: str) -> int | None:
    """A date such as 2027-03-31 as the end of that day in UTC (Unix seconds); None for "never".

    Raises UsageProblem for anything else.
    """
    from datetime import UTC, datetime  # 2 ms, and every command loads this module

    word = text.strip()
    if word.casefold() == NEVER:
        return None
    try:
        day = datetime.strptime(word, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise UsageProblem(
            "The end of a client secret is a date.", "For instance 2027-03-31, or never."
        ) from None
    return int(day.timestamp()) + 86_399
