"""Connections that stand open while other requests to the same place are under way.

Of two hundred entries at one provider each would else shake hands anew. When the last of those requests
has its answer, they are closed: nothing stands open that nobody is about to use. One that has been idle
for a moment is not used either, since the other side may be closing it, and a request that spends a
refresh token must not get lost on the way.
"""

from __future__ import annotations

import contextlib
import select
import threading
import time
from collections import defaultdict
from collections.abc import Hashable, Iterator

from tui_oauth.wire.exchange import Connection

IDLE_SECONDS = 1.0


class Kept:
    """The open connections of this process that wait for a request, by where they lead."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._under_way: dict[Hashable, int] = defaultdict(int)
        self._idle: dict[Hashable, list[tuple[float, Connection]]] = defaultdict(list)

    @contextlib.contextmanager
    def under_way(self, key: Hashable) -> Iterator[None]:
        """The block in which a request to `key` is under way."""
        with self._lock:
            self._under_way[key] += 1
        try:
            yield
        finally:
            closing: list[tuple[float, Connection]] = []
            with self._lock:
                self._under_way[key] -= 1
                if not self._under_way[key]:
                    del self._under_way[key]
                    closing = self._idle.pop(key, [])
            for _, connection in closing:
                connection.close()

    def take(self, key: Hashable) -> Connection | None:
        """A connection for a request to `key`, which is under way; None if a new one is needed."""
        while True:
            with self._lock:
                if not self._idle[key]:
                    return None
                since, connection = self._idle[key].pop()
            if time.monotonic() - since < IDLE_SECONDS and _is_quiet(connection):
                return connection
            connection.close()

    def give(self, key: Hashable, connection: Connection) -> None:
        """Keep `connection` for the others that are under way to `key`, if it serves another one."""
        if connection.serves_another:
            with self._lock:
                if self._under_way.get(key, 0) > 1:
                    self._idle[key].append((time.monotonic(), connection))
                    return
        connection.close()


def _is_quiet(connection: Connection) -> bool:
    """Whether nothing has come that nobody asked for, be it only the end."""
    waiting = select.poll()
    waiting.register(connection.stream.fileno(), select.POLLIN)
    return not waiting.poll(0)
