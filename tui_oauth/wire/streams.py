"""The streams that httpcore reads and writes, each wait bounded by the line of their exchange.

httpcore bounds each read and each write; an answer that drips would go on for ever.
"""

from __future__ import annotations

import ssl
import time
from collections.abc import Iterable
from typing import Any

import httpcore

from tui_oauth.wire.connecting import reached
from tui_oauth.wire.line import Line, left


class Backend(httpcore.SyncBackend):
    """Connections for one exchange, over `line`; reaching a host may take `patience` seconds."""

    def __init__(self, line: Line, patience: float) -> None:
        self._line = line
        self._patience = patience

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:
        soon = min(self._line.end, time.monotonic() + self._patience)
        stream = reached(host, port, soon)
        try:
            self._line.take(stream.get_extra_info("socket"))
        except BaseException:
            stream.close()
            raise
        return _Stream(stream, self._line)


class _Stream(httpcore.NetworkStream):
    """A stream of httpcore's that waits no longer than its line."""

    def __init__(self, inner: httpcore.NetworkStream, line: Line) -> None:
        self._inner = inner
        self._line = line

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._inner.read(max_bytes, left(self._line.end))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._inner.write(buffer, left(self._line.end))

    def close(self) -> None:
        self._inner.close()

    def start_tls(
        self,
        ssl_context: ssl.SSLContext,
        server_hostname: str | None = None,
        timeout: float | None = None,
    ) -> httpcore.NetworkStream:
        inner = self._inner.start_tls(ssl_context, server_hostname, left(self._line.end))
        return _Stream(inner, self._line)

    def get_extra_info(self, info: str) -> Any:
        return self._inner.get_extra_info(info)
