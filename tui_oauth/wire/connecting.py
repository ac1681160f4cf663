"""A connection to a host: its name looked up, its addresses tried, a proxy asked, encrypted.

Raises TimeoutError when a wait reaches its end (`time.monotonic()`), ProxyRefused, and OSError, of which
ssl.SSLError is one.
"""

from __future__ import annotations

import contextlib
import errno
import ipaddress
import os
import selectors
import socket
import ssl
import threading
import time
from collections import deque
from typing import Any, NamedTuple

from tui_oauth.wire.tunnel import Tunnel

NEXT_ADDRESS_SECONDS = 0.25
"""How long one address may be silent before the next is tried beside it (RFC 8305 section 5)."""

Stream = socket.socket | Tunnel


class Place(NamedTuple):
    """A host and port; `context` where TLS is spoken there."""

    host: str
    port: int
    context: ssl.SSLContext | None = None


class Broken(Exception):
    """The exchange was broken off by whoever wanted it."""


class Line:
    """What one exchange waits on, so that another thread can break it off."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stream: Stream | None = None
        self._broken = False

    def take(self, stream: Stream) -> None:
        """From now on `stream` is waited on. Broken where nobody waits any more."""
        with self._lock:
            self._stream = stream
            if self._broken:
                raise Broken

    def release(self) -> None:
        """The exchange is over; what it waited on may serve another one."""
        with self._lock:
            self._stream = None

    def break_off(self) -> None:
        """Wake whoever waits: nothing more comes, and nothing more can be sent."""
        with self._lock:
            self._broken = True
            if self._stream is not None:
                with contextlib.suppress(OSError):
                    self._stream.shutdown(socket.SHUT_RDWR)


def left(end: float) -> float:
    """Seconds until `end`; TimeoutError when there are none."""
    seconds = end - time.monotonic()
    if seconds <= 0:
        raise TimeoutError
    return seconds


def reached(place: Place, patience: float, end: float, line: Line) -> Stream:
    """A connection to `place` itself, which may take `patience` seconds before it is encrypted."""
    soon = min(end, time.monotonic() + patience)
    stream = _connected(_looked_up(place.host, place.port, soon), soon)
    stream.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return encrypted(stream, place, end, line)


def encrypted(stream: Stream, place: Place, end: float, line: Line) -> Stream:
    """`stream` as it is, or under TLS where that is spoken at `place`."""
    try:
        line.take(stream)
        if place.context is None:
            return stream
        inner: Any
        if isinstance(stream, socket.socket) and not isinstance(stream, ssl.SSLSocket):
            inner = place.context.wrap_socket(
                stream, server_hostname=place.host, do_handshake_on_connect=False
            )
            stream = inner
            line.take(inner)
        else:
            inner = Tunnel(stream, place.context, place.host)
        inner.settimeout(left(end))
        inner.do_handshake()
    except BaseException:
        stream.close()
        raise
    return inner  # type: ignore[no-any-return]


def _looked_up(host: str, port: int, end: float) -> list[Any]:
    """The addresses of `host`, the kinds of them by turns (RFC 8305 section 4)."""
    bare = host.strip("[]")
    try:
        kind = socket.AF_INET6 if ipaddress.ip_address(bare).version == 6 else socket.AF_INET
    except ValueError:
        found = _asked(bare, port, end)
    else:
        return [(kind, (bare, port))]
    first = [one for one in found if one[0] == found[0][0]]
    others = deque(one for one in found if one[0] != found[0][0])
    mixed = []
    for one in first:
        mixed.append(one)
        if others:
            mixed.append(others.popleft())
    return [(one[0], one[4]) for one in (*mixed, *others)]


def _asked(host: str, port: int, end: float) -> list[Any]:
    """The look-up in a thread of its own: it cannot be ended, and must not outlast the deadline."""
    outcome: list[Any] = []

    def look() -> None:
        try:
            outcome.append(socket.getaddrinfo(host, port, type=socket.SOCK_STREAM))
        except (OSError, UnicodeError) as error:
            outcome.append(error)

    thread = threading.Thread(target=look, name="tui-oauth-name", daemon=True)
    thread.start()
    thread.join(left(end))
    if not outcome:
        raise TimeoutError
    if isinstance(outcome[0], OSError):
        raise outcome[0]
    if isinstance(outcome[0], UnicodeError) or not outcome[0]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")
    return outcome[0]  # type: ignore[no-any-return]


def _connected(addresses: list[Any], end: float) -> socket.socket:
    """The first connection that one of `addresses` takes; the others get a start meanwhile."""
    failure: OSError | None = None
    waiting = deque(addresses)
    next_at = 0.0
    with selectors.DefaultSelector() as trying:
        try:
            while True:
                now = time.monotonic()
                if waiting and (now >= next_at or not trying.get_map()):
                    failure = _begin(trying, *waiting.popleft()) or failure
                    next_at = now + NEXT_ADDRESS_SECONDS
                if not trying.get_map():
                    if not waiting:
                        raise failure or OSError(errno.ENETUNREACH, os.strerror(errno.ENETUNREACH))
                    continue
                pause = min(left(end), max(0.0, next_at - now)) if waiting else left(end)
                for key, _ in trying.select(pause):
                    begun: socket.socket = key.data
                    trying.unregister(begun)
                    number = begun.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
                    if not number:
                        return begun
                    begun.close()
                    failure = OSError(number, os.strerror(number))
        finally:
            for key in list(trying.get_map().values()):
                key.data.close()


def _begin(trying: selectors.BaseSelector, kind: int, address: Any) -> OSError | None:
    try:
        begun = socket.socket(kind, socket.SOCK_STREAM)
    except OSError as error:  # a system without IPv6, say
        return error
    begun.setblocking(False)
    number = begun.connect_ex(address)
    if number in {0, errno.EINPROGRESS}:
        trying.register(begun, selectors.EVENT_WRITE, begun)
        return None
    begun.close()
    return OSError(number, os.strerror(number))
