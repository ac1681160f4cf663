"""A client that sends exactly the bytes it is told to, and a sign-in that remembers what it got."""

from __future__ import annotations

import asyncio
import contextlib
import secrets
import ssl
from dataclasses import dataclass, field

from tui_oauth.callback.page import Page

Parameters = list[tuple[str, str]]


@dataclass
class Answer:
    """One HTTP answer, taken apart."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def header(self, name: str) -> str:
        found = [value for key, value in self.headers if key.lower() == name.lower()]
        assert len(found) <= 1, f"{name} came {len(found)} times"
        return found[0] if found else ""

    @property
    def title(self) -> str:
        return self.body.decode().partition("<title>")[2].partition("</title>")[0]


@dataclass
class SignIn:
    """What a sign-in would do: remembers what it got and says which page to show."""

    page: Page = Page.SUCCESS
    state: str = field(default_factory=lambda: secrets.token_urlsafe(32))
    got: list[Parameters] = field(default_factory=list)
    may_end: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_end.set()

    async def finish(self, parameters: Parameters) -> Page:
        self.got.append(parameters)
        await self.may_end.wait()
        return self.page

    @property
    def query(self) -> str:
        return f"code=C0de&state={self.state}"

    @property
    def target(self) -> str:
        return f"/callback?{self.query}"


def take_apart(raw: bytes) -> Answer:
    head, _, body = raw.partition(b"\r\n\r\n")
    first, *lines = head.decode("ascii").split("\r\n")
    headers = [(name, value.strip()) for name, _, value in (line.partition(":") for line in lines)]
    return Answer(int(first.split(" ")[1]), headers, body)


async def exchange(
    port: int, data: bytes, *, host: str = "127.0.0.1", tls: ssl.SSLContext | None = None
) -> bytes:
    """Everything that comes back for `data`; empty when the connection is just closed."""
    answer = b""
    async with asyncio.timeout(10):
        reader, writer = await asyncio.open_connection(
            host, port, ssl=tls, server_hostname="localhost" if tls else None
        )
        with contextlib.suppress(ConnectionError):
            writer.write(data)
            await writer.drain()
            while piece := await reader.read(65536):
                answer += piece
        writer.close()
        with contextlib.suppress(ConnectionError, ssl.SSLError):
            await writer.wait_closed()
    return answer


class Client:
    """Talks to one port."""

    def __init__(self, port: int) -> None:
        self.port = port

    async def raw(self, data: bytes, **options: object) -> Answer:
        return take_apart(await exchange(self.port, data, **options))  # type: ignore[arg-type]

    async def get(
        self,
        target: str,
        *,
        host_header: str = "",
        extra: str = "",
        method: str = "GET",
        **options: object,
    ) -> Answer:
        host = host_header or f"127.0.0.1:{self.port}"
        request = f"{method} {target} HTTP/1.1\r\nHost: {host}\r\n{extra}\r\n"
        return await self.raw(request.encode("latin-1"), **options)

    async def post(self, body: str, *, target: str = "/callback", **options: object) -> Answer:
        """A form, as a browser sends it."""
        head = (
            f"POST {target} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\n"
            "Origin: https://provider.example\r\nSec-Fetch-Site: cross-site\r\n"
            "Content-Type: application/x-www-form-urlencoded\r\n"
            f"Content-Length: {len(body.encode())}\r\n\r\n"
        )
        return await self.raw((head + body).encode(), **options)

    async def refused(self, host: str = "127.0.0.1") -> bool:
        try:
            _reader, writer = await asyncio.open_connection(host, self.port)
        except ConnectionRefusedError:
            return True
        writer.close()
        return False
