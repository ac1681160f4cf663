"""The time that one request for a token may take, however it is spent: on locks or on the provider."""

from __future__ import annotations

import time

PROVIDER_SHARE, LOCK_SHARE, LEAST_SHARE = 0.7, 0.85, 0.05
"""Parts of the time that may go by on the provider, and until a lock is had.

Whoever waits for the lock outlasts the one who holds it and whose provider hangs, and then still has
time to learn what became of that request.
"""


class Deadline:
    """`seconds` from now on. Storing what a provider has answered is never cut short for it."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Seconds that are left, never less than 0, in tenths: messages name them."""
        return max(0.0, round(self._end - time.monotonic(), 1))

    def for_the_provider(self) -> float:
        """Seconds that the provider is given from now on."""
        return min(self.left(), round(self._seconds * PROVIDER_SHARE, 1))

    @property
    def is_too_short_to_ask(self) -> bool:
        """Whether so little is left that a provider's answer would most likely be missed.

        A refresh token that works once is spent with the request: what is not sent can be sent later.
        """
        return self._end - time.monotonic() < self._seconds * LEAST_SHARE

    def for_the_lock(self) -> float:
        """Seconds that may go by before a lock is had; then there is still time to ask."""
        return max(0.0, round(self.left() - self._seconds * (1 - LOCK_SHARE), 2))
