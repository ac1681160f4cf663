"""One exchange: no wait of it outlasts its end, and another thread can break it off."""

from __future__ import annotations

import contextlib
import socket
import threading
import time


def left(end: float) -> float:
    """Seconds until `end` (`time.monotonic()`); TimeoutError when there are none."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


class Broken(Exception):
    """The exchange was broken off by whoever wanted it."""


class Line:
    """What one exchange waits on. All of it ends at `end` (`time.monotonic()`)."""

    def __init__(self, end: float) -> None:
        self.end = end
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._broken = False

    def take(self, connection: socket.socket) -> None:
        """From now on the exchange waits on `connection`. Raises Broken where nobody wants it any more.

        A second handle of it is kept: TLS takes the first one over, and shaking hands is a wait too.
        """
        with self._lock:
            if self._broken:
                raise Broken
            self._socket = connection.dup()

    def release(self) -> None:
        """The exchange is over."""
        with self._lock:
            if self._socket is not None:
                self._socket.close()
                self._socket = None

    def break_off(self) -> None:
        """Wake whoever waits: nothing more comes, and nothing more can be sent."""
        with self._lock:
            self._broken = True
            if self._socket is not None:
                with contextlib.suppress(OSError):
                    self._socket.shutdown(socket.SHUT_RDWR)
