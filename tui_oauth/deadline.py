"""The time that one request for a token may take, however it is spent: on locks or on the provider."""

from __future__ import annotations

import time

ASKING_SECONDS = 5.0
"""So much of the time is kept for the provider: a request sent in the last moment would be cut off
in the middle, and may have spent a refresh token of which nothing came back."""


class Deadline:
    """`seconds` from now on. Storing what a provider has answered is never cut short for it."""

    def __init__(self, seconds: float) -> None:
        self._end = time.monotonic() + seconds
        self._asking = min(ASKING_SECONDS, seconds / 2)

    def left(self) -> float:
        """Seconds that are left, never less than 0, in tenths: messages name them."""
        return max(0.0, round(self._end - time.monotonic(), 1))

    def for_the_lock(self) -> float:
        """Seconds that may go by before a lock is had; then there is still time to ask."""
        return max(0.0, self.left() - self._asking)
