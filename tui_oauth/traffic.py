"""The HTTP exchanges of this process, redacted as they happen, so that a person can see what a
provider objects to. Kept in memory only, the newest ones, for a window or a command to show.

The window has a recorder from its start, so what it records with (`redacting`) is loaded by the first
exchange: that is 5 ms which the first paint need not wait for.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from tui_oauth import __version__
from tui_oauth.errors import TuiOauthError
from tui_oauth.secret import MASK
from tui_oauth.text import neutralise, rfc3339

if TYPE_CHECKING:
    from tui_oauth import redacting
    from tui_oauth.oauth.http import Request, Response
    from tui_oauth.redacting import Hidden

LIMIT = 100
STEP_LINK = "authorization request"
STEP_ANSWER = "authorization response"
_MAX_STEP = 60
_CUT_OFF = "cut off before an answer came"


class Side(NamedTuple):
    """One direction of an exchange: its first line, its headers, and what it carries."""

    head: str
    headers: tuple[str, ...] = ()
    body: tuple[str, ...] = ()


class Record(NamedTuple):
    """One exchange, or one step of a sign-in that goes through the browser. Nothing in it is secret.

    `at` in Unix seconds. `outcome` says how it ended in a word or a sentence and is empty while it
    goes on; `milliseconds` is None then, and for what the browser does. `bad`: the answer is a no,
    or there was none.
    """

    number: int
    at: int
    step: str
    host: str
    sent: Side | None = None
    received: Side | None = None
    outcome: str = ""
    milliseconds: int | None = None
    bad: bool = False


class _Open(NamedTuple):
    """An exchange that goes on: its record, what it hides, and when it began (monotonic seconds)."""

    record: Record
    hidden: Hidden
    began: float


class Recorder:
    """Watches the traffic of a workspace (see `sending.Traffic`); any thread may call it.

    `clock` gives Unix seconds, `timer` seconds that only count up. `tell` is given the lines of
    each side as soon as it is known; `on_change` is called after each change, in the thread that
    made it.
    """

    def __init__(
        self,
        clock: Callable[[], int],
        tell: Callable[[Sequence[str]], None] | None = None,
        limit: int = LIMIT,
        timer: Callable[[], float] = time.monotonic,
    ) -> None:
        self.on_change: Callable[[], None] | None = None
        self._clock = clock
        self._timer = timer
        self._tell = tell
        self._records: deque[Record] = deque(maxlen=limit)
        self._count = 0
        self._lock = threading.Lock()

    @property
    def records(self) -> list[Record]:
        """Those that are kept, oldest first."""
        with self._lock:
            return list(self._records)

    def forget(self) -> None:
        """Keep none of those so far."""
        with self._lock:
            self._records.clear()
        self._changed()

    def began(self, request: Request) -> object:
        """As in `sending.Traffic`."""
        from tui_oauth import redacting

        hidden = redacting.Hidden()
        headers = redacting.of_headers(request.headers)
        query = redacting.of_query(request.url)
        kind = _header(request.headers.items(), "content-type")
        values, joint, words = redacting.of_body(request.body, kind)
        hidden.learn((*headers, *query, *values))
        sent = Side(
            f"{hidden.name(request.method)} {hidden.address(request.url)}",
            hidden.lines(headers, ": "),
            (*hidden.lines(query, " = "), *_body_lines(hidden, values, joint, words)),
        )
        record = self._add(request.step, redacting.host_of(request.url), sent=sent)
        self._told(_side_lines(">", sent, record.step))
        return _Open(record, hidden, self._timer())

    def ended(self, exchange: object, outcome: Response | TuiOauthError | None) -> None:
        """As in `sending.Traffic`."""
        if not isinstance(exchange, _Open):
            return
        from tui_oauth import redacting

        took = round((self._timer() - exchange.began) * 1000)
        if outcome is None or isinstance(outcome, TuiOauthError):
            words = _CUT_OFF if outcome is None else outcome.message
            shown = neutralise(exchange.hidden.clean(words), redacting.MAX_VALUE)
            ended = exchange.record._replace(outcome=shown, milliseconds=took, bad=True)
            lines = [f"< {shown}"]
        else:
            received, said = _received(exchange.hidden, outcome)
            code = f"{outcome.status} {said}".rstrip()
            # Some providers say no with HTTP 200.
            bad = outcome.status >= 300 or bool(said)
            ended = exchange.record._replace(
                received=received, outcome=code, milliseconds=took, bad=bad
            )
            lines = _side_lines("<", received, f"{took} ms")
        self._replace(ended)
        self._told(lines)

    def link(self, url: str) -> None:
        """The browser is to open `url`, the Authorization link (RFC 6749 section 4.1.1)."""
        from tui_oauth import redacting

        hidden = redacting.Hidden()
        query = redacting.of_query(url)
        hidden.learn(query)
        sent = Side(f"GET {hidden.address(url)}", (), hidden.lines(query, " = "))
        self._add(STEP_LINK, redacting.host_of(url), sent=sent, outcome="by the browser")
        self._told(_side_lines(">", sent, f"{STEP_LINK}, by the browser"))

    def answer(self, redirect_uri: str, parameters: Iterable[tuple[str, str]]) -> None:
        """The browser came back to `redirect_uri` with `parameters` (RFC 6749 section 4.1.2)."""
        from tui_oauth import redacting

        hidden = redacting.Hidden()
        given = list(parameters)
        error = next((value for name, value in given if name == "error"), "")
        items = redacting.of_pairs(given)
        hidden.learn(items)
        received = Side(hidden.address(redirect_uri), (), hidden.lines(items, " = "))
        outcome = hidden.name(error) or "came back"
        host = redacting.host_of(redirect_uri)
        self._add(STEP_ANSWER, host, received=received, outcome=outcome, bad=bool(error))
        self._told(_side_lines("<", received, f"{STEP_ANSWER}, through the browser"))

    def _add(
        self,
        step: str,
        host: str,
        *,
        sent: Side | None = None,
        received: Side | None = None,
        outcome: str = "",
        bad: bool = False,
    ) -> Record:
        step = neutralise(step, _MAX_STEP)
        with self._lock:
            self._count += 1
            record = Record(
                self._count, self._clock(), step, host, sent, received, outcome, bad=bad
            )
            self._records.append(record)
        self._changed()
        return record

    def _replace(self, record: Record) -> None:
        with self._lock:
            for place, other in enumerate(self._records):
                if other.number == record.number:
                    self._records[place] = record
                    break
        self._changed()

    def _changed(self) -> None:
        if self.on_change is not None:
            self.on_change()

    def _told(self, lines: Sequence[str]) -> None:
        if self._tell is not None:
            self._tell(lines)


def ticket(records: Iterable[Record]) -> str:
    """`records` as text for a support ticket."""
    lines = [f"tui-oauth {__version__}: what was sent (>) and received (<)."]
    lines.append(f"{MASK} stands for whatever might be secret, whatever its length.")
    for record in records:
        lines += ["", *record_lines(record)]
    return "\n".join(lines) + "\n"


def record_lines(record: Record) -> list[str]:
    """All of `record`, for a window or a support ticket: `>` went out, `<` came in."""
    took = f", {record.milliseconds} ms" if record.milliseconds is not None else ""
    lines = [f"{record.number}. {record.step}, {rfc3339(record.at)}{took}"]
    if record.sent is not None:
        lines += _side_lines(">", record.sent)
    if record.received is not None:
        lines += _side_lines("<", record.received)
    elif record.outcome:
        lines.append(f"< {record.outcome}")
    else:
        lines.append("< no answer yet")
    return lines


def _side_lines(mark: str, side: Side, words: str = "") -> list[str]:
    lines = [f"{mark} {side.head}" + (f"  ({words})" if words else "")]
    lines += [f"{mark}   {line}" for line in side.headers]
    if side.headers and side.body:
        lines.append(mark)
    return lines + [f"{mark}   {line}" for line in side.body]


def _received(hidden: Hidden, response: Response) -> tuple[Side, str]:
    """The answer as it may be shown, and the error that it names."""
    from http import HTTPStatus

    from tui_oauth import redacting

    failed = response.status >= 400
    headers = redacting.of_headers(response.headers)
    kind = _header(response.headers.items(), "content-type")
    values, joint, words = redacting.of_body(response.body, kind, failed=failed)
    hidden.learn((*headers, *values))
    try:
        phrase = HTTPStatus(response.status).phrase
    except ValueError:
        phrase = ""
    side = Side(
        f"{response.status} {phrase}".rstrip(),
        hidden.lines(headers, ": "),
        _body_lines(hidden, values, joint, words),
    )
    return side, hidden.name(redacting.error_in(values))


def _body_lines(
    hidden: Hidden, values: Sequence[redacting.Item], joint: str, words: str
) -> tuple[str, ...]:
    return (words,) if words else hidden.lines(values, joint)


def _header(headers: Iterable[tuple[str, str]], wanted: str) -> str:
    return next((value for name, value in headers if name.lower() == wanted), "")
