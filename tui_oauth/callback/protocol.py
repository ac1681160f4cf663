"""What reaches the callback port, read strictly: bytes in, a decision out. No sockets, no clock.

h11 parses; the checks before it are ours, because h11 forgives what a browser never sends (lone
line feeds, folded headers) and because a callback server has no reason to forgive anything. What
is decided here never depends on a sign-in: `state` is looked up by the server, before anything
else of the query is looked at.

Sources: RFC 9112 (message syntax), RFC 6749 sections 3.1 and 4.1.2 (the parameters), RFC 8252
sections 7.3 and 8.3 (loopback redirection), OAuth 2.0 Form Post Response Mode 1.0 section 2.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Container, Iterable, Sequence
from dataclasses import dataclass, field

import h11

from tui_oauth.callback.page import Page
from tui_oauth.oauth.urls import parse_query

MAX_HEAD = 16_384
MAX_FORM = 16_384
MAX_PARAMETERS = 100

# RFC 6749 sections 4.1.2 and 4.1.2.1, RFC 9207. Others may repeat: they are not ours to judge.
_ONCE = frozenset({"state", "code", "error", "error_description", "error_uri", "iss"})
_FOREIGN_BYTE = re.compile(rb"[^\t\r\n\x20-\x7e]")
_LONE_BREAK = re.compile(rb"(?<!\r)\n|\r(?!\n|\Z)")
_REQUEST_LINE = re.compile(rb"[!-~]+ [!-~]+ HTTP/1\.[01]")
_FORM_TEXT = re.compile(rb"[!-~]*")
_LENGTH_DIGITS = 9
_FORM_TYPE = "application/x-www-form-urlencoded"
_END = b"\r\n\r\n"
_GO = "/go/"


@dataclass(frozen=True, slots=True)
class Received:
    """One well-formed request. `query` is None when the target has no question mark.

    `form_length` is the length of a body that is a form and says how long it is; None for any
    other body, and for none.
    """

    method: str
    path: str = field(repr=False)
    query: str | None = field(repr=False)
    host: str = field(repr=False)
    has_body: bool = False
    form_length: int | None = None
    prefetch: bool = False
    navigation: bool = True


@dataclass(frozen=True, slots=True)
class Refused:
    """Bytes that are no request we read any further."""

    page: Page


class RequestReader:
    """Reads one request head of at most `MAX_HEAD` bytes, and looks at nothing behind it.

    `rest` is what came with it already.
    """

    def __init__(self) -> None:
        self._head = bytearray()
        self.rest = b""

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
        if end < 0:
            return None
        self.rest = bytes(self._head[stop:])
        return _parse(bytes(self._head[:stop]))


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
        form_length=_form_length(headers),
        prefetch=any(
            value.lower().startswith("prefetch")
            for name in ("sec-purpose", "purpose", "x-purpose", "x-moz")
            for value in headers.get(name, [])
        ),
        navigation=headers.get("sec-fetch-dest", ["document"]) == ["document"],
    )


def _form_length(headers: dict[str, list[str]]) -> int | None:
    """What Content-Length says of a form; None where the body is something else or in pieces."""
    types, lengths = headers.get("content-type", []), headers.get("content-length", [])
    if len(types) != 1 or len(lengths) != 1 or len(lengths[0]) > _LENGTH_DIGITS:
        return None
    if "transfer-encoding" in headers or "content-encoding" in headers:
        return None
    is_form = types[0].partition(";")[0].strip().lower() == _FORM_TYPE
    return int(lengths[0]) if is_form else None


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
    """A request on a callback path; `query` is as it arrived."""

    path: str = field(repr=False)
    query: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Collect:
    """An answer by POST on a callback path: the form of `length` bytes is still to be read."""

    path: str = field(repr=False)
    length: int


def allowed_hosts(port: int, extra: Iterable[str] = ()) -> frozenset[str]:
    """The exact values of `Host` that are answered, against DNS rebinding.

    `extra` are those that a reverse proxy in front passes on: the authority of its public URL,
    without the port where that is the scheme's own (RFC 9110 section 4.2.3).
    """
    names = ("127.0.0.1", "[::1]", "localhost")
    bare = names if port in (80, 443) else ()
    return frozenset((*(f"{name}:{port}" for name in names), *bare, *extra))


def decide(
    request: Received,
    *,
    hosts: Container[str],
    callback_paths: Container[str],
    form_paths: Container[str] = (),
) -> Show | Follow | Deliver | Collect:
    """What to do with `request`. A path is compared byte for byte, neither decoded nor tidied.

    `form_paths` are the callback paths on which a sign-in waits whose service is declared to
    answer by POST; anywhere else, and for anybody else, a POST is turned away.
    """
    if request.host not in hosts:
        return Show(Page.MISDIRECTED)
    posted = request.method == "POST" and request.path in form_paths
    if request.method != "GET" and not posted:
        return Show(Page.METHOD)
    if not request.path.startswith("/") or "#" in f"{request.path}{request.query}":
        return Show(Page.BAD_REQUEST)
    if posted:
        length = request.form_length
        if request.query is not None or length is None or length > MAX_FORM:
            return Show(Page.FORM)
        return Collect(request.path, length)
    if request.has_body:
        return Show(Page.BAD_REQUEST)
    callback = request.path in callback_paths
    home = request.path == "/" and (request.query is None or not callback)
    short = request.path.startswith(_GO) and request.query is None
    if not (home or short or callback):
        return Show(Page.NOT_FOUND)
    if request.prefetch:
        return Show(Page.PREFETCH)
    if home:
        return Show(Page.HOME)
    if callback:
        return Deliver(request.path, request.query or "")
    return Follow(request.path.removeprefix(_GO))


def read_form(body: bytes) -> str | None:
    """A form as the query it would be in an address; None when it is not in printable ASCII.

    The form post response mode encodes the parameters as an address does (section 2 there), so
    that everything said of a query holds for it too.
    """
    return body.decode("ascii") if _FORM_TEXT.fullmatch(body) else None


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
