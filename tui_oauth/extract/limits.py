"""How long to wait before the next call, as pure functions of what the service says."""

from __future__ import annotations

from collections.abc import Mapping
from email.utils import parsedate_to_datetime

from tui_oauth.extract.declared import Limits

LONGEST = 900.0
"""Nobody is waited for longer than this at a time."""
MANY = 429
TRIES = 6
"""How often a call is made that fails for reasons that may pass, before it counts as failed."""
_FIRST_PAUSE, _LONGEST_PAUSE = 0.25, 8.0


def before_next(limits: Limits, headers: Mapping[str, str], now: float) -> float:
    """Seconds to wait although the call was answered: none are left until the window ends."""
    left = headers.get(limits.remaining.lower(), "") if limits.remaining else ""
    return _reset(limits, headers, now) or 0.0 if left.strip() == "0" else 0.0


def before_again(
    limits: Limits, status: int, headers: Mapping[str, str], now: float, attempt: int
) -> float:
    """Seconds to wait before a refused or failed call is made again; `attempt` counts from 1.

    `status` is 0 where there was no answer.
    """
    said = _retry_after(headers.get("retry-after", ""), now)
    if said is None and status == MANY:
        said = _reset(limits, headers, now)
    if said is not None:
        return said
    return min(_FIRST_PAUSE * 2.0 ** (attempt - 1), _LONGEST_PAUSE)


def _reset(limits: Limits, headers: Mapping[str, str], now: float) -> float | None:
    text = headers.get(limits.reset.lower(), "") if limits.reset else ""
    try:
        moment = float(text)
    except ValueError:
        return None
    seconds = moment - now
    if limits.reset_in != "moment":
        seconds = moment / (1000 if limits.reset_in == "milliseconds" else 1)
    # At once, and the window might not be over yet by the service's clock.
    return min(max(seconds, 0.05), LONGEST)


def _retry_after(text: str, now: float) -> float | None:
    """Retry-After in seconds or as a date (RFC 9110 section 10.2.3)."""
    if not text.strip():
        return None
    try:
        return min(max(float(text), 0.05), LONGEST)
    except ValueError:
        pass
    try:
        return min(max(parsedate_to_datetime(text).timestamp() - now, 0.05), LONGEST)
    except (ValueError, OverflowError):
        return None
