"""TLS within TLS: to a provider through a proxy that is itself reached encrypted.

The system's sockets cannot be wrapped twice, so the inner TLS runs in memory and its records go
through the outer connection.
"""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable
from typing import TypeVar

Result = TypeVar("Result")
_PIECE = 65_536


class Tunnel:
    """The inner connection, with as much of a socket's interface as an exchange uses."""

    def __init__(self, outer: socket.socket | Tunnel, context: ssl.SSLContext, host: str) -> None:
        self._outer = outer
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._inner = context.wrap_bio(self._incoming, self._outgoing, server_hostname=host)

    def settimeout(self, seconds: float | None) -> None:
        self._outer.settimeout(seconds)

    def do_handshake(self) -> None:
        self._pumped(self._inner.do_handshake)

    def send(self, data: bytes | memoryview) -> int:
        return self._pumped(lambda: self._inner.write(data))

    def recv(self, size: int) -> bytes:
        try:
            return self._pumped(lambda: self._inner.read(size))
        except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
            return b""

    def fileno(self) -> int:
        return self._outer.fileno()

    def shutdown(self, how: int) -> None:
        self._outer.shutdown(how)

    def close(self) -> None:
        self._outer.close()

    def _pumped(self, step: Callable[[], Result]) -> Result:
        while True:
            try:
                result = step()
            except ssl.SSLWantReadError:
                self._flush()
                data = self._outer.recv(_PIECE)
                if data:
                    self._incoming.write(data)
                else:
                    self._incoming.write_eof()
                continue
            except ssl.SSLError:
                self._flush()  # the alert that says why
                raise
            self._flush()
            return result

    def _flush(self) -> None:
        view = memoryview(self._outgoing.read())
        while view:
            view = view[self._outer.send(view) :]
