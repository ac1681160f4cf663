"""A request out and its answer in, over a connection: HTTP/1.1 as h11 reads it.

Raises h11.RemoteProtocolError for what is no whole answer, TimeoutError and OSError as they come.
"""

from __future__ import annotations

import base64
from collections.abc import Iterator
from typing import NamedTuple

import h11

from tui_oauth.wire.connecting import Line, Place, Stream, encrypted, left, reached

MAX_HEAD_BYTES = 100 * 1024
NO_ANSWER = "the connection was closed without an answer"
_PIECE = 65_536

Headers = list[tuple[bytes, bytes]]


class ProxyRefused(Exception):
    """The proxy did not open the way; the message is its answer's first line."""


class Head(NamedTuple):
    """How an answer begins."""

    status: int
    headers: Headers
    reason: str = ""


class Connection:
    """One connection, ready for a request."""

    def __init__(self, stream: Stream) -> None:
        self.stream = stream
        self._http = h11.Connection(h11.CLIENT, max_incomplete_event_size=MAX_HEAD_BYTES)

    def send(self, method: str, target: str, headers: Headers, body: bytes, end: float) -> None:
        """Send one request."""
        request = h11.Request(method=method, target=target, headers=headers)
        data = self._http.send(request) or b""
        if body:
            data += self._http.send(h11.Data(data=body)) or b""
        data += self._http.send(h11.EndOfMessage()) or b""
        view = memoryview(data)
        while view:
            self.stream.settimeout(left(end))
            view = view[self.stream.send(view) :]

    def head(self, end: float) -> Head:
        """The beginning of the final answer; those that only promise one are passed over."""
        while True:
            event = self._event(end)
            if isinstance(event, h11.Response):
                reason = bytes(event.reason).decode("latin-1")
                return Head(event.status_code, list(event.headers.raw_items()), reason)

    def body(self, end: float) -> Iterator[bytes]:
        """The pieces of the answer's body as they stand on the wire, without chunks around them."""
        while isinstance(event := self._event(end), h11.Data):
            yield bytes(event.data)

    @property
    def has_more(self) -> bool:
        """Whether something has come that was not read yet."""
        return bool(self._http.trailing_data[0])

    @property
    def serves_another(self) -> bool:
        """Whether the next request may go over it: the answer was read to its end, and no further.

        What lies there beyond it would be taken for the next answer.
        """
        http = self._http
        if (http.our_state, http.their_state) != (h11.DONE, h11.DONE) or self.has_more:
            return False
        http.start_next_cycle()
        return True

    def close(self) -> None:
        """Let go of it."""
        self.stream.close()

    def _event(self, end: float) -> object:
        while (event := self._http.next_event()) is h11.NEED_DATA:
            self.stream.settimeout(left(end))
            data = self.stream.recv(_PIECE)
            if not data and self._http.their_state is h11.SEND_RESPONSE:
                raise h11.RemoteProtocolError(NO_ANSWER)
            self._http.receive_data(data)
        return event


class Proxy(NamedTuple):
    """Where a proxy is, and what proves to it who we are: `user:password`, or empty."""

    place: Place
    credentials: str = ""


def connect(
    place: Place, proxy: Proxy | None, patience: float, end: float, line: Line
) -> Connection:
    """A connection to `place`, through `proxy` if there is one.

    `patience` are the seconds that the first connection may take; all of it ends at `end`.
    """
    if proxy is None:
        return Connection(reached(place, patience, end, line))
    outer = reached(proxy.place, patience, end, line)
    try:
        _ask_to_connect(Connection(outer), place, proxy, end)
    except BaseException:
        outer.close()
        raise
    return Connection(encrypted(outer, place, end, line))


def _ask_to_connect(connection: Connection, place: Place, proxy: Proxy, end: float) -> None:
    host = f"[{place.host}]" if ":" in place.host else place.host
    authority = f"{host}:{place.port}"
    headers = [(b"Host", authority.encode("ascii")), (b"Accept", b"*/*")]
    if proxy.credentials:
        known = base64.b64encode(proxy.credentials.encode("utf-8"))
        headers.append((b"Proxy-Authorization", b"Basic " + known))
    connection.send("CONNECT", authority, headers, b"", end)
    head = connection.head(end)
    if not 200 <= head.status < 300:
        raise ProxyRefused(f"{head.status} {head.reason}".strip())
    if connection.has_more:
        raise h11.RemoteProtocolError("the proxy said more than was asked")
