"""A host reached: its name looked up, its addresses tried, whichever of them answers first.

httpcore alone would wait for a look-up as long as the system does, and for an address that is silent
before it tries the next. Raises TimeoutError at `end` (`time.monotonic()`), OSError and what
httpcore raises.
"""

from __future__ import annotations

import ipaddress
import queue
import socket
import threading
from collections import deque
from typing import TypeVar

import httpcore

from tui_oauth.wire.line import left

Result = TypeVar("Result")

NEXT_ADDRESS_SECONDS = 0.25
"""How long one address may be silent before the next is tried beside it (RFC 8305 section 5)."""


def reached(host: str, port: int, end: float) -> httpcore.NetworkStream:
    """A connection to `host`."""
    addresses = _addresses(host, port, end)
    if len(addresses) == 1:
        return _opened(addresses[0], port, end)
    return _Race(addresses, port, end).first()


def _opened(address: str, port: int, end: float) -> httpcore.NetworkStream:
    return httpcore.SyncBackend().connect_tcp(address, port, left(end))


def _addresses(host: str, port: int, end: float) -> list[str]:
    """The addresses of `host`, the kinds of them by turns (RFC 8305 section 4)."""
    bare = host.strip("[]")
    try:
        ipaddress.ip_address(bare)
    except ValueError:
        found = _looked_up(bare, port, end)
    else:
        return [bare]
    first = [address for kind, address in found if kind == found[0][0]]
    others = deque(address for kind, address in found if kind != found[0][0])
    mixed = []
    for address in first:
        mixed.append(address)
        if others:
            mixed.append(others.popleft())
    return [*mixed, *others]


def _looked_up(host: str, port: int, end: float) -> list[tuple[int, str]]:
    """The look-up in a thread of its own: it cannot be ended, and must not outlast the deadline."""
    outcome: queue.SimpleQueue[list[tuple[int, str]] | OSError] = queue.SimpleQueue()

    def look() -> None:
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except UnicodeError:
            outcome.put(socket.gaierror(socket.EAI_NONAME, "Name or service not known"))
        except OSError as error:
            outcome.put(error)
        else:
            outcome.put([(one[0], str(one[4][0])) for one in found])

    threading.Thread(target=look, name="tui-oauth-name", daemon=True).start()
    found = _waited(outcome, left(end))
    if isinstance(found, OSError):
        raise found
    return found


class _Race:
    """Several addresses of one host: each gets a start, and the first connection counts."""

    def __init__(self, addresses: list[str], port: int, end: float) -> None:
        self._waiting = deque(addresses)
        self._port = port
        self._end = end
        self._lock = threading.Lock()
        self._over = False
        self._outcomes: queue.SimpleQueue[httpcore.NetworkStream | Exception] = queue.SimpleQueue()

    def first(self) -> httpcore.NetworkStream:
        """The first connection; when there is none, the last failure is raised."""
        under_way = 0
        try:
            while True:
                if self._waiting:
                    threading.Thread(
                        target=self._try,
                        args=(self._waiting.popleft(),),
                        name="tui-oauth-address",
                        daemon=True,
                    ).start()
                    under_way += 1
                seconds = left(self._end)
                if self._waiting:
                    seconds = min(seconds, NEXT_ADDRESS_SECONDS)
                try:
                    outcome = _waited(self._outcomes, seconds)
                except TimeoutError:
                    continue
                if not isinstance(outcome, Exception):
                    return outcome
                under_way -= 1
                if not self._waiting and not under_way:
                    raise outcome
        finally:
            self._end_all()

    def _try(self, address: str) -> None:
        outcome: httpcore.NetworkStream | Exception
        try:
            outcome = _opened(address, self._port, self._end)
        except Exception as error:
            outcome = error
        with self._lock:
            if not self._over:
                self._outcomes.put(outcome)
                return
        _let_go(outcome)

    def _end_all(self) -> None:
        with self._lock:
            self._over = True
        while not self._outcomes.empty():
            _let_go(self._outcomes.get())


def _let_go(outcome: httpcore.NetworkStream | Exception) -> None:
    if not isinstance(outcome, Exception):
        outcome.close()


def _waited(outcomes: queue.SimpleQueue[Result], seconds: float) -> Result:
    try:
        return outcomes.get(timeout=seconds)
    except queue.Empty:
        raise TimeoutError from None
