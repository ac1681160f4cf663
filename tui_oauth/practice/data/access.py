"""Who calls, what they may, and how the provider goes wrong on purpose when rows are asked for."""

from __future__ import annotations

import hashlib
import threading
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass

from tui_oauth.practice.behaviour import Behaviour
from tui_oauth.practice.web import Reply, WebRequest, plain

ERRORS = {"error", "unavailable"}  # the faults that the provider knows of
CUT_SHORT = 64  # bytes that are promised and do not come


@dataclass(frozen=True, slots=True)
class Caller:
    """Whose token it is. `permissions` is None where every one is given."""

    key: str
    permissions: frozenset[str] | None
    revoke: Callable[[], None]

    def may(self, permission: str, behaviour: Behaviour) -> bool:
        if permission in behaviour.missing_permission:
            return False
        return not permission or self.permissions is None or permission in self.permissions


class Limits:
    """Calls of each app in a window of time."""

    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._window = (0, 0)
        self._calls: Counter[str] = Counter()
        self._lock = threading.Lock()

    def take(self, key: str, behaviour: Behaviour) -> tuple[int, int]:
        """The number of the window that we are in, and the calls of `key` in it, with this one."""
        length = behaviour.rate_window
        window = int(self._now()) // length
        with self._lock:
            if (length, window) != self._window:
                self._window = (length, window)
                self._calls.clear()
            self._calls[key] += 1
            return window, self._calls[key]


class Faults:
    """Which calls for rows go wrong: a token that ends in the middle, a page that fails once."""

    def __init__(self) -> None:
        self._calls = 0
        self._ends_after: int | None = None
        self._pages = 0
        self._failed: set[bytes] = set()
        self._lock = threading.Lock()

    def ends_token(self, behaviour: Behaviour) -> bool:
        """Whether the token ends with this call. It happens once to a behaviour."""
        with self._lock:
            if behaviour.revoke_after != self._ends_after:
                self._ends_after, self._calls = behaviour.revoke_after, 0
            self._calls += 1
            return self._ends_after is not None and self._calls == self._ends_after + 1

    def of_page(self, request: WebRequest, behaviour: Behaviour) -> str:
        """The fault that this call meets, empty for none. Asked again, it gets its page."""
        if not behaviour.page_fault:
            return ""
        asked = f"{request.method} {request.path}?{request.query}\0".encode() + request.body
        mark = hashlib.sha256(asked).digest()
        with self._lock:
            if mark in self._failed:
                return ""
            self._pages += 1
            if self._pages % behaviour.page_fault_every:
                return ""
            self._failed.add(mark)
        return behaviour.page_fault


def spoiled(reply: Reply, fault: str) -> Reply:
    """What a call gets instead of `reply`."""
    match fault:
        case "error":
            return plain(500, "Internal Server Error")
        case "unavailable":
            return plain(503, "Service Unavailable", {"Retry-After": "1"})
        case "cut-off":
            half = len(reply.body) // 2
            return Reply(reply.status, reply.headers, reply.body[:half], half + CUT_SHORT)
        case "broken-json":
            return Reply(reply.status, reply.headers, reply.body[: len(reply.body) // 2])
    return reply
