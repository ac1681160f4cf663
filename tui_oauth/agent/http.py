"""HTTP on the agent's socket, for whatever speaks that rather than lines.

    curl --unix-socket "$XDG_RUNTIME_DIR/tui-oauth/agent.sock" http://agent/token/my-intercom

`GET /token/NAME`, `/header/NAME`, `/json/NAME` and `/id-token/NAME`, each with `?min_ttl=SECONDS`, and
`GET /status`.
One request a connection. Names are percent-encoded (RFC 3986 section 2.1).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING
from urllib.parse import parse_qs, unquote, urlsplit

import h11

from tui_oauth.agent import protocol
from tui_oauth.agent.protocol import Request
from tui_oauth.errors import TuiOauthError, UsageProblem

if TYPE_CHECKING:
    from tui_oauth.agent.server import Answer, Connection

# By the exit code that a command would have had.
_STATUS = {2: 400, 3: 404, 4: 423, 5: 503, 7: 409, 9: 403, 10: 502, 11: 504}
_JSON = {"json", "id-token", "about", "status"}


class _Quiet:
    """The peer of a request by HTTP: it gets one answer and nothing before it."""

    def __init__(self, peer: Connection) -> None:
        self.uid, self.pid = peer.uid, peer.pid

    def send(self, line: bytes) -> None:
        """Words before the answer have no place in HTTP."""


def talk(first: bytes, peer: Connection, answer: Answer) -> None:
    """Answer the request that begins with the line `first`."""
    http = h11.Connection(h11.SERVER, max_incomplete_event_size=16_384)
    http.receive_data(first + b"\n" + peer.rest())
    try:
        while (event := http.next_event()) is h11.NEED_DATA:
            http.receive_data(peer.receive())
        if not isinstance(event, h11.Request):
            return
        request = _request(event.method.decode("ascii"), event.target.decode("ascii"))
        body, status = answer(request, _Quiet(peer)), 200
        kind = "application/json" if request.verb in _JSON else "text/plain; charset=utf-8"
    except h11.RemoteProtocolError as error:
        body, status, kind = f"{error}", 400, "text/plain; charset=utf-8"
    except TuiOauthError as error:
        status, kind = _STATUS.get(error.exit_code, 500), "application/json"
        words = {"error": type(error).__name__, "message": error.message, "advice": error.advice}
        body = json.dumps(words, ensure_ascii=True)
    data = body.encode("utf-8", "replace") + b"\n"
    headers = [
        ("Content-Type", kind),
        ("Content-Length", str(len(data))),
        ("Cache-Control", "no-store"),
        ("Connection", "close"),
    ]
    if http.our_state is not h11.SEND_RESPONSE and http.our_state is not h11.IDLE:
        return
    response = http.send(h11.Response(status_code=status, headers=headers, reason=b""))
    peer.send((response or b"") + (http.send(h11.Data(data=data)) or b""))


def _request(method: str, target: str) -> Request:
    if method != "GET":
        raise UsageProblem("The agent takes GET requests only.")
    parts = urlsplit(target)
    verb, _, name = parts.path.removeprefix("/").partition("/")
    if verb == "status" and not name:
        return Request("status")
    if verb not in protocol.NAMED or not name:
        raise UsageProblem(
            "There is nothing at that path.",
            "Known: /token/NAME, /header/NAME, /json/NAME, /id-token/NAME, /status.",
        )
    wanted = parse_qs(parts.query).get("min_ttl", [str(protocol.DEFAULT_MIN_TTL)])[-1]
    return Request(verb, unquote(name), protocol.min_ttl(wanted))
