"""A small real server on loopback that has granted one access token and one refresh token, and takes
them back in one of the ways in which services do.
"""

from __future__ import annotations

import base64
import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.providers.misbehaving import Conversation, Server, answering, serving

ACCESS, REFRESH = "access-0f3a", "refresh-9c1b"
CLIENT_ID, CLIENT_SECRET = "the client", "s3cret/+value"


@dataclass
class Asked:
    """One request, taken apart."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes

    @classmethod
    def of(cls, head: bytes, body: bytes) -> Asked:
        first, *lines = head.decode("latin-1").split("\r\n")
        method, target, _ = first.split(" ")
        pairs = (line.partition(":") for line in lines if line)
        headers = {name.lower(): value.strip() for name, _, value in pairs}
        return cls(method, unquote(urlsplit(target).path), headers, body)

    @property
    def form(self) -> dict[str, str]:
        assert self.headers["content-type"] == "application/x-www-form-urlencoded"
        pairs = parse_qsl(self.body.decode(), strict_parsing=True)
        assert len(dict(pairs)) == len(pairs), "a parameter is sent twice"
        return dict(pairs)

    @property
    def json(self) -> dict[str, str]:
        assert self.headers["content-type"] == "application/json"
        found: dict[str, str] = json.loads(self.body)
        return found

    @property
    def basic(self) -> tuple[str, str]:
        """User and password, form-decoded as RFC 6749 section 2.3.1 has it."""
        scheme, _, value = self.headers["authorization"].partition(" ")
        assert scheme == "Basic"
        user, _, password = base64.b64decode(value).decode().partition(":")
        decoded = dict(parse_qsl(f"u={user}&p={password}"))
        return decoded["u"], decoded["p"]


Reading = Callable[[Asked], str]
"""The token that a request asks to revoke; AssertionError when the request is not as it has to be."""


@dataclass
class Grant:
    """What is still good at the server, and what it made of each request."""

    server: Server
    good: set[str] = field(default_factory=lambda: {ACCESS, REFRESH})
    asked: list[Asked] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return self.server.url


@contextlib.contextmanager
def granting(reading: Reading, success: bytes = b"", status: str = "200 OK") -> Iterator[Grant]:
    """Serve revocations read by `reading`; one that is wrong gets a 400 and revokes nothing."""
    grant: Grant | None = None

    def behave(conversation: Conversation) -> None:
        assert grant is not None
        asked = Asked.of(conversation.head, conversation.body)
        grant.asked.append(asked)
        try:
            token = reading(asked)
        except (AssertionError, KeyError, ValueError) as error:
            grant.wrong.append(repr(error))
            answering(b'{"error":"invalid_request"}', "400 Bad Request")(conversation)
            return
        grant.good.discard(token)
        if token == REFRESH:  # RFC 7009 section 2.1: the access token goes with it
            grant.good.clear()
        answering(success, status)(conversation)

    with serving(behave) as server:
        grant = Grant(server)
        yield grant
