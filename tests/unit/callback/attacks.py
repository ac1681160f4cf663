"""What is done to the callback port, as a table: bytes with the answer they get, and things that take doing.

`{port}` and `{state}` stand for the port and for the state that a sign-in waits for: most rows carry
it, so that a row which got further than it should would use the sign-in up.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

from callback_client import Client, SignIn, exchange, take_apart

from tui_oauth.callback.server import CallbackServer

CLOSED = 0
"""No answer: the connection is closed."""
GET = b"GET /callback?code=evil&state={state} HTTP/1.1\r\n"
HOST = b"Host: 127.0.0.1:{port}\r\n"
FORM = b"Content-Type: application/x-www-form-urlencoded\r\n"


@dataclass
class Scene:
    """The port that is attacked, and the sign-in that waits at it."""

    client: Client
    server: CallbackServer
    sign_in: SignIn
    hanging: list[socket.socket] = field(default_factory=list)
    """Connections that stay as they are until the test ends."""

    @property
    def port(self) -> int:
        return self.client.port

    def filled(self, data: bytes) -> bytes:
        state = self.sign_in.state.encode()
        return data.replace(b"{port}", str(self.port).encode()).replace(b"{state}", state)

    async def status(self, data: bytes) -> int:
        answer = await exchange(self.port, self.filled(data))
        return take_apart(answer).status if answer else CLOSED

    def hang(self, count: int, data: bytes = b"", host: str = "127.0.0.1") -> None:
        for _ in range(count):
            sock = socket.create_connection((host, self.port))
            sock.sendall(self.filled(data))
            self.hanging.append(sock)


@dataclass(frozen=True)
class Sent:
    """Bytes for one connection, and the status that answers them."""

    name: str
    data: bytes
    status: int
    times: int = 1

    async def happen(self, scene: Scene) -> None:
        for _ in range(self.times):
            assert await scene.status(self.data) == self.status


@dataclass(frozen=True)
class Done:
    """Something that takes more than one piece of bytes."""

    name: str
    what: Callable[[Scene], Awaitable[None]]

    async def happen(self, scene: Scene) -> None:
        await self.what(scene)


Attack = Sent | Done


def host(name: str, value: bytes, status: int) -> Sent:
    """The right path and state under another name."""
    return Sent(name, GET + value + b"\r\n", status)


HOSTS = [
    host("another host", b"Host: evil.example\r\n", 421),
    host("DNS rebinding, our port", b"Host: evil.example:{port}\r\n", 421),
    host("our address as a subdomain", b"Host: 127.0.0.1.evil.example:{port}\r\n", 421),
    host("user name before it", b"Host: x@127.0.0.1:{port}\r\n", 421),
    host("another port", b"Host: 127.0.0.1:1\r\n", 421),
    host("no port", b"Host: 127.0.0.1\r\n", 421),
    host("leading zero", b"Host: 127.0.0.1:0{port}\r\n", 421),
    host("capitals", b"Host: LOCALHOST:{port}\r\n", 421),
    host("trailing dot", b"Host: localhost.:{port}\r\n", 421),
    host("as a number", b"Host: 2130706433:{port}\r\n", 421),
    host("all addresses", b"Host: 0.0.0.0:{port}\r\n", 421),
    host("mapped address", b"Host: [::ffff:127.0.0.1]:{port}\r\n", 421),
    host("two in one", b"Host: 127.0.0.1:{port}, evil.example\r\n", 421),
    host("none", b"", 400),
    host("empty", b"Host:\r\n", 400),
    host("twice", HOST + HOST, 400),
    host("ours and theirs", HOST + b"Host: evil.example\r\n", 400),
    host("only forwarded", b"X-Forwarded-Host: 127.0.0.1:{port}\r\n", 400),
    Sent(
        "whole address of another",
        b"GET http://evil.example/callback?code=x&state={state} HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
    ),
    Sent(
        "whole address",
        b"GET http://127.0.0.1:{port}/callback?state={state} HTTP/1.1\r\n" + HOST + b"\r\n",
        400,
    ),
]


def method(name: str, more: bytes = b"") -> Sent:
    line = name.encode() + b" /callback?code=evil&state={state} HTTP/1.1\r\n"
    return Sent(f"method {name}", line + HOST + more + b"\r\n", 405)


def path(text: str, status: int = 404) -> Sent:
    line = f"GET {text}?code=evil&state={{state}} HTTP/1.1\r\n".encode()
    return Sent(f"path {text}", line + HOST + b"\r\n", status)


async def guess_short_links(scene: Scene) -> None:
    for number in range(100):
        assert (await scene.client.get(f"/go/{number:08}")).status == 404


ADDRESSES = [
    *(method(name) for name in ("HEAD", "OPTIONS", "TRACE", "PUT", "DELETE", "PATCH", "get")),
    method("POST", FORM + b"Content-Length: 0\r\n"),
    Sent("method CONNECT", b"CONNECT 127.0.0.1:{port} HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    Sent("no method known", b"PROPFIND * HTTP/1.1\r\n" + HOST + b"\r\n", 405),
    path("/callback/"),
    path("/callbackx"),
    path("//callback"),
    path("/./callback"),
    path("/x/../callback"),
    path("/%63allback"),
    path("/callback%00"),
    path("/callback%3Fstate=x"),
    path("/CALLBACK"),
    path("/callback;x=1"),
    path("/\\callback"),
    path("/favicon.ico"),
    path("/.well-known/oauth-protected-resource"),
    path("callback", 400),
    path("*", 400),
    path("/callback#", 400),
    Done("guessed short links", guess_short_links),
]


def query(name: str, text: str, status: int = 400, more: bytes = b"") -> Sent:
    line = f"GET /callback?{text} HTTP/1.1\r\n".encode()
    return Sent(name, line + HOST + more + b"\r\n", status)


async def wrong_states(scene: Scene) -> None:
    for start in range(0, 300, 30):
        queries = [f"/callback?code=x&state=wrong{start + number}" for number in range(30)]
        answers = await asyncio.gather(*(scene.client.get(each) for each in queries))
        assert {answer.status for answer in answers} == {400}


async def nearly_right_states(scene: Scene) -> None:
    state = scene.sign_in.state
    near = [state[:-1], state + "A", state[::-1], state.swapcase(), f"%00{state}", f"{state}%00"]
    near += [
        f"{state}%20",
        f" {state}".replace(" ", "+"),
        "".join(f"%25{ord(c):02x}" for c in state),
    ]
    for each in near:
        assert (await scene.client.get(f"/callback?code=x&state={each}")).status == 400


STATES = [
    query("an error without a state", "error=access_denied"),
    query("an error with a wrong one", "error=access_denied&state=wrong"),
    query("no query", ""),
    query("a code without one", "code=evil"),
    query("an empty one", "code=evil&state="),
    query("in capitals", "code=evil&STATE={state}"),
    query("as a list", "code=evil&state[]={state}"),
    query("with a semicolon", "code=evil;state={state}"),
    query("behind a fragment", "code=evil#&state={state}"),
    query("in a header", "code=evil", more=b"State: {state}\r\n"),
    query("in a cookie", "code=evil", more=b"Cookie: state={state}\r\n"),
    query("in the body", "code=evil", more=FORM + b"Content-Length: 49\r\n\r\nstate={state}"),
    Done("300 wrong ones", wrong_states),
    Done("nearly right ones", nearly_right_states),
]
REPEATS = [
    query("the state twice", "code=evil&state={state}&state={state}"),
    query("a wrong one before it", "code=evil&state=wrong&state={state}"),
    query("a wrong one after it", "code=evil&state={state}&state=wrong"),
    query("the code twice", "code=evil&code=evil&state={state}"),
    query("the code twice, once encoded", "code=evil&c%6Fde=evil&state={state}"),
    query("the error twice", "error=x&error=y&state={state}"),
    query("the issuer twice", "code=evil&iss=a&iss=a&state={state}"),
    query("a hundred more", "x=1&" * 100 + "code=evil&state={state}"),
    query("nothing but separators", "&" * 5000 + "state={state}"),
]


async def replayed(scene: Scene) -> None:
    earlier = SignIn()
    waiting = await scene.server.expect(earlier.state, earlier.finish)
    assert (await scene.client.get(earlier.target)).title == "Authorization Successful"
    await scene.server.forget(waiting)
    again = await asyncio.gather(*(scene.client.get(earlier.target) for _ in range(50)))
    assert {answer.title for answer in again} == {"Already Received"}
    assert len(earlier.got) == 1


async def replayed_meanwhile(scene: Scene) -> None:
    other = SignIn()
    other.may_end.clear()
    await scene.server.expect(other.state, other.finish)
    first = asyncio.create_task(scene.client.get(other.target))
    while not other.got:
        await asyncio.sleep(0.005)
    for text in (other.query, f"error=access_denied&state={other.state}"):
        answer = await scene.client.get(f"/callback?{text}")
        assert answer.title == "Already Received"
    other.may_end.set()
    assert (await first).title == "Authorization Successful"
    assert len(other.got) == 1


REPLAYS = [
    Done("an answer of before, 50 times", replayed),
    Done("an answer under way, and an error with its state", replayed_meanwhile),
]


def head(name: str, more: bytes, status: int, target: bytes = b"/callback?state={state}") -> Sent:
    return Sent(name, b"GET " + target + b" HTTP/1.1\r\n" + HOST + more + b"\r\n", status)


def line(name: str, first: bytes, more: bytes = HOST) -> Sent:
    return Sent(name, first.replace(b"TARGET", b"/callback?state={state}") + more + b"\r\n", 400)


SYNTAX = [
    line("line feeds alone", b"GET TARGET HTTP/1.1\n"),
    line("carriage returns alone", b"GET TARGET HTTP/1.1\r"),
    line("two blanks", b"GET  TARGET HTTP/1.1\r\n"),
    line("a tab", b"GET\tTARGET HTTP/1.1\r\n"),
    line("a blank at the end", b"GET TARGET HTTP/1.1 \r\n"),
    line("a blank in the target", b"GET TARGET x HTTP/1.1\r\n"),
    line("no version", b"GET TARGET\r\n"),
    line("version 0.9", b"GET TARGET HTTP/0.9\r\n"),
    line("version 3.0", b"GET TARGET HTTP/3.0\r\n"),
    line("an empty line before", b"\r\nGET TARGET HTTP/1.1\r\n"),
    line("NUL in the target", b"GET /\0TARGET HTTP/1.1\r\n"),
    line("letters beyond ASCII", "GET TARGETä HTTP/1.1\r\n".encode()),
    line("an escape sequence", b"GET TARGET\x1b[2J HTTP/1.1\r\n"),
    line("a folded header", b"GET TARGET HTTP/1.1\r\n", HOST + b" folded\r\n"),
    line("a header without name", b"GET TARGET HTTP/1.1\r\n", HOST + b": x\r\n"),
    line("a header without colon", b"GET TARGET HTTP/1.1\r\n", HOST + b"x\r\n"),
    line("a blank before the colon", b"GET TARGET HTTP/1.1\r\n", b"Host : 127.0.0.1:{port}\r\n"),
    line("NUL in a header", b"GET TARGET HTTP/1.1\r\n", HOST + b"X: \0\r\n"),
    line("a reset of the terminal in a header", b"GET TARGET HTTP/1.1\r\n", HOST + b"X: \x1bc\r\n"),
]


async def preflight(scene: Scene) -> None:
    answer = await scene.client.get(
        scene.sign_in.target,
        method="OPTIONS",
        extra="Origin: https://evil.example\r\nAccess-Control-Request-Method: GET\r\n"
        "Access-Control-Request-Private-Network: true\r\n",
    )
    assert answer.status == 405
    assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]


async def fetch_by_a_page(scene: Scene) -> None:
    for mode in ("cors", "no-cors", "websocket"):
        answer = await scene.client.get(
            "/callback?error=access_denied",
            extra=f"Origin: https://evil.example\r\nSec-Fetch-Site: cross-site\r\n"
            f"Sec-Fetch-Mode: {mode}\r\nSec-Fetch-Dest: empty\r\n",
        )
        assert answer.status == 400
        assert not [name for name, _ in answer.headers if name.lower().startswith("access-control")]
        assert answer.header("Cross-Origin-Resource-Policy") == "same-origin"


ORIGINS = [
    Done("a preflight for the private network", preflight),
    Done("requests made by a page", fetch_by_a_page),
]
PREFETCHES = [
    head("Sec-Purpose", b"Sec-Purpose: prefetch\r\n", 503),
    head("a prerender", b"Sec-Purpose: prefetch;prerender\r\n", 503),
    head("Purpose", b"Purpose: prefetch\r\n", 503),
    head("X-Moz", b"X-moz: prefetch\r\n", 503),
    head("the icon", b"Sec-Fetch-Dest: image\r\n", 404, b"/favicon.ico?state={state}"),
]
