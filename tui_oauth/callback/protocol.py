"""What reaches the callback port, read strictly: bytes in, a decision out. No sockets, no clock.

h11 parses; the checks before it are ours, because h11 forgives what a browser never sends (lone
line feeds, folded headers) and because a callback server has no reason to forgive anything. What
is decided here never depends on a sign-in: `state` is looked up by the server, before anything
else of the query is looked at.

Sources: RFC 9112 (message syntax), RFC 6749 sections 3.1 and 4.1.2 (the parameters), RFC 8252
sections 7.3 and 8.3 (loopback redirection).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import h11

from tui_oauth.callback.page import Page
from tui_oauth.oauth.urls import parse_query

MAX_HEAD = 16_384
MAX_PARAMETERS = 100

# RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207. Others may repeat: they are not ours to judge.
_ONCE = frozenset({"state", "code", "error", "error_description", "error_uri", "iss"})
_FOREIGN_BYTE = re.compile(rb"[^\t\r\n\x20-\x7e]")
_LONE_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)")
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/1\.[01]")
_END = b"\r\n\r\n"
_GO = "/go/"


@dataclass(frozen=True, slots=True)
class Received:
    """One well-formed request. `query` is None when the target has no question mark."""

    method: str
    path: str = field(repr=False)
    query: str | None = field(repr=False)
    host: str = field(repr=False)
    has_body: bool = False
    prefetch: bool = False
    navigation: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that are no request we read any further."""

    page: Page


class RequestReader:
    """Reads one request head of at most `MAX_HEAD` bytes. Whatever follows it is ignored."""

    def __init__(self) -> None:
        self._head = bytearray()

    @property
    def started(self) -> bool:
        """Whether anything has arrived."""
        return bool(self._head)

    def feed(self, data: bytes) -> Received | Refused | None:
        """The request or its refusal as soon as it can be told, None while more is needed."""
        seen = len(self._head)
        self._head += data
        # The end may straddle two pieces, so the search begins a little before the new one.
        end = self._head.find(_END, max(0, seen - 3))
        stop = len(self._head) if end < 0 else end + len(_END)
        if _FOREIGN_BYTE.search(self._head, seen, stop) or _LONE_BREAK.search(
            self._head, max(0, seen - 1), stop
        ):
            return Refused(Page.BAD_REQUEST)
        if stop > MAX_HEAD:
            return Refused(Page.TOO_LARGE)
        return None if end < 0 else _parse(bytes(self._head[:stop]))


def _parse(head: bytes) -> Received | Refused:
    lines = head.split(b"\r\n")
    if not _REQUEST_LINE.fullmatch(lines[0]) or any(line[:1] in (b" ", b"\t") for line in lines):
        return Refused(Page.BAD_REQUEST)
    connection = h11.Connection(h11.SERVER, max_incomplete_event_size=MAX_HEAD)
    try:
        connection.receive_data(head)
        event = connection.next_event()
    except h11.RemoteProtocolError:
        return Refused(Page.BAD_REQUEST)
    if not isinstance(event, h11.Request):
        return Refused(Page.BAD_REQUEST)
    headers: dict[str, list[str]] = {}
    for name, value in event.headers:
        headers.setdefault(name.decode("ascii"), []).append(value.decode("ascii"))
    hosts = headers.get("host", [])
    # h11 asks for one Host header in HTTP/1.1 only; we ask for it always.
    if len(hosts) != 1 or not hosts[0]:
        return Refused(Page.BAD_REQUEST)
    path, question, query = event.target.decode("ascii").partition("?")
    return Received(
        method=event.method.decode("ascii"),
        path=path,
        query=query if question else None,
        host=hosts[0],
        has_body="transfer-encoding" in headers or headers.get("content-length", ["0"]) != ["0"],
        prefetch=any(
            value.lower().startswith("prefetch")
            for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")
            for value in headers.get(name, [])
        ),
        navigation=headers.get("sec-fetch-dest", ["document"]) == ["document"],
    )


@dataclass(frozen=True, slots=True)
class Show:
    """Answer with this page; no sign-in is concerned."""

    page: Page


@dataclass(frozen=True, slots=True)
class Follow:
    """A short link; `slug` is its random part."""

    slug: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Deliver:
    """A request on the callback path; `query` is as it arrived."""

    query: str = field(repr=False)


def allowed_hosts(port: int, extra: Iterable[str] = ()) -> frozenset[str]:
    """The exact values of `Host` that are answered, against DNS rebinding.

    `extra` are those that a reverse proxy in front passes on: the authority of its public URL,
    without the port where that is the scheme's own (RFC 9110 section 4.2.3).
    """
    names = ("127.0.0.1", "[::1]", "localhost")
    bare = names if port in (80, 443) else ()
    return frozenset((*(f"{name}:{port}" for name in names), *bare, *extra))


def decide(
    request: Received, *, hosts: frozenset[str], callback_path: str
) -> Show | Follow | Deliver:
    """What to do with `request`. The path is compared byte for byte, neither decoded nor tidied."""
    if request.host not in hosts:
        return Show(Page.MISDIRECTED)
    if request.method != "GET":
        return Show(Page.METHOD)
    if not request.path.startswith("/") or "#" in f"{request.path}{request.query}":
        return Show(Page.BAD_REQUEST)
    if request.has_body:
        return Show(Page.BAD_REQUEST)
    home = request.path == "/" and (request.query is None or callback_path != "/")
    short = request.path.startswith(_GO) and request.query is None
    if not (home or short or request.path == callback_path):
        return Show(Page.NOT_FOUND)
    if request.prefetch:
        return Show(Page.PREFETCH)
    if home:
        return Show(Page.HOME)
    if request.path == callback_path:
        return Deliver(request.query or "")
    return Follow(request.path.removeprefix(_GO))


def read_parameters(query: str, *, plus_is_literal: bool = False) -> list[tuple[str, str]] | None:
    """The parameters of a callback, percent-decoded once; None for more than `MAX_PARAMETERS`.

    A raw `+` stands for a blank (RFC 6749 appendix B) unless the service is known to send it for
    itself. Bytes that are not UTF-8 become replacement characters rather than a refusal: they
    turn up in error descriptions, which nobody compares.
    """
    if query.count("&") >= MAX_PARAMETERS:
        return None
    return parse_query(query, plus_is_literal)


def state_of(parameters: Sequence[tuple[str, str]]) -> str:
    """The one `state` among `parameters`; empty when it is missing or there are several."""
    states = [value for name, value in parameters if name == "state"]
    return states[0] if len(states) == 1 else ""


def has_repeats(parameters: Sequence[tuple[str, str]]) -> bool:
    """Whether a parameter that OAuth defines comes twice (forbidden by RFC 6749 section 3.1)."""
    counted = Counter(name for name, _ in parameters)
    return any(counted[name] > 1 for name in _ONCE)
