"""Open scrolls: one for each app, which give what comes next and never the same again."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Callable

from tui_oauth.practice.data.listing import NotUnderstood


class Scrolls:
    """Where each scroll has got to. One that is not used for `idle` seconds has ended."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.idle = 60
        self._now = now
        self._open: dict[str, tuple[str, int, float]] = {}
        self._lock = threading.Lock()

    def next(self, caller: str, given: str, rows: int, total: int) -> tuple[str, range]:
        """The scroll's name and the numbers of its next rows; none of them ends it."""
        now = self._now()
        with self._lock:
            name, reached, used = self._open.get(caller, ("", 0, 0.0))
            if name and now - used > self.idle:
                del self._open[caller]
                name = ""
            if not given:
                if name:
                    raise NotUnderstood("scroll already exists for this workspace", "scroll_exists")
                name, reached = secrets.token_hex(16), 0
            elif given != name:
                raise NotUnderstood("scroll parameter not found", "not_found", 404)
            found = range(reached + 1, min(reached + rows, total) + 1)
            if found:
                self._open[caller] = (name, reached + len(found), now)
            else:
                self._open.pop(caller, None)
        return name, found

    def end(self, caller: str) -> None:
        """Ends the scroll of `caller`: an error of ours, after which it has to begin anew."""
        with self._lock:
            self._open.pop(caller, None)
