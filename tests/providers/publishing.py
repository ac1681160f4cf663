"""A small real server on loopback that publishes what a test gives it, and remembers what it was asked."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.providers.misbehaving import Conversation, answering, serving

Answering = Callable[[Conversation], None]


@dataclass
class Site:
    """What lies where: method and path to the answer. Everything else is 404."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)
    heads: list[bytes] = field(default_factory=list)
    routes: dict[str, Answering] = field(default_factory=dict)

    def answer(self, where: str, how: Answering) -> None:
        """`where` is `GET /path`."""
        self.routes[where] = how

    def publish(self, path: str, document: Any, *headers: str, status: str = "200 OK") -> None:
        """A JSON document for whoever gets `path`."""
        body = json.dumps(document).encode()
        self.answer(f"GET {path}", answering(body, status, *headers))

    def issuer(self, path: str = "", /, **members: Any) -> str:
        """Publish an ordinary authorization server at `path`; the issuer. None leaves a member out."""
        issuer = self.url + path
        document = metadata(issuer, **members)
        self.publish(f"/.well-known/oauth-authorization-server{path}", document)
        return issuer

    def resource(self, path: str, servers: list[str], /, **members: Any) -> str:
        """Publish an API at `path` whose tokens `servers` give; the resource."""
        resource = self.url + path
        document = {"resource": resource, "authorization_servers": servers, **members}
        self.publish(f"/.well-known/oauth-protected-resource{path}", document)
        return resource


def metadata(issuer: str, /, **members: Any) -> dict[str, Any]:
    """An ordinary server's metadata; `members` replace its own, None leaves one out."""
    document = {
        "issuer": issuer,
        "authorization_endpoint": f"{issuer}/authorize",
        "token_endpoint": f"{issuer}/token",
        "response_types_supported": ["code"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "code_challenge_methods_supported": ["S256"],
        "token_endpoint_auth_methods_supported": ["client_secret_basic", "none"],
        "scopes_supported": ["read", "write"],
        **members,
    }
    return {name: value for name, value in document.items() if value is not None}


@contextlib.contextmanager
def publishing() -> Iterator[Site]:
    """The site, until the block ends."""
    site = Site()

    def behave(conversation: Conversation) -> None:
        method, path = conversation.head.split(b" ")[:2]
        where = f"{method.decode()} {path.decode()}"
        site.asked.append(where)
        site.heads.append(conversation.head)
        site.bodies.append(conversation.body)
        known = site.routes.get(where)
        (known or answering(b"<html>not here</html>", "404 Not Found"))(conversation)

    with serving(behave) as server:
        site.url = server.url
        yield site
